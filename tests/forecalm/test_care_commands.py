"""Outcomes, support plans and alerting rules on the command line: kept, told back, refused with the field and the mend,
and no address is shown to whoever did not ask for secrets."""

import argparse
import json
import os
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.delivery.rules import parse
from alerts.delivery.written import without_secrets
from alerts.errors import AlertError
from alerts.journal import Journal
from alerts.outcomes.events import OutcomeTold, What
from alerts.situation_events import AlertRaised, AlertResolved
from console.access.command_line import is_ours
from forecalm.arguments_care import WHATS, add_care
from forecalm.asking import Asking, NotGranted
from forecalm.cli import main
from forecalm.config import Config, ConfigError, ConsoleSection, load
from forecalm.installation import Installation
from ingest.errors import RegistryError
from ingest.registry.registry import Registry

Run = Callable[..., tuple[int, str]]
KEY = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
RULES = f"""
# the key of the night: {KEY}
[[contact]]
name = "Zoë 🌙"
reach = {{phone = "tgram://110201543:{KEY}/12315544"}}

[dead_man]
url = "https://ping.example/{KEY}"

[[alert]]
after_s = 0
who = "on shift"
channel = "board"

[[alert]]
after_s = 60
who = "Zoë 🌙"
channel = "phone"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    installation = Installation(Config(data=str(tmp_path / "house")))
    with closing(installation.open_registry()) as registry:
        for wearer in ("w-1", "w-2"):
            registry.add_wearer(wearer, "Name", by="test")
    return installation


@pytest.fixture
def run(here: Installation, capsys: pytest.CaptureFixture[str]) -> Run:
    parser = argparse.ArgumentParser()
    add_care(parser.add_subparsers())

    def run(*arguments: str) -> tuple[int, str]:
        chosen = parser.parse_args(arguments)
        code = getattr(import_module(chosen.module), chosen.command)(chosen)
        return code, capsys.readouterr().out

    return run


def books(here: Installation) -> closing[Registry]:
    return closing(Registry(here.registry_url))


# Outcomes


def test_the_command_line_knows_every_answer_that_carers_have() -> None:
    assert tuple(each.value for each in What) == WHATS


def test_an_outcome_is_entered_listed_corrected_and_a_label_at_once(here: Installation, run: Run) -> None:
    at_s = time.time() - 3000.0
    with closing(Journal(here.journal)) as journal:
        raised = AlertRaised(at_s=at_s, wearer="w-1", alert_id="a-1", probability=0.9, reasons=(), policy="p")
        journal.append([raised, AlertResolved(at_s=at_s + 600.0, wearer="w-1", alert_id="a-1")])
    code, out = run("outcome", "add", "w-1", "incident", "--alert", "a-1", "--by", "Jo", "--helped", "a walk", "--json")
    first = json.loads(out)
    assert (code, first["began_s"], first["helped"]) == (0, at_s, ["a walk"])
    code, out = run("outcome", "correct", first["outcome_id"], "anxious, settled", "--by", "Bo", "--helped", "a walk")
    assert "anxious, settled" in out
    _, listed = run("outcome", "list", "w-1")
    assert "corrected since" in listed.splitlines()[0]
    assert len(listed.splitlines()) == 2
    assert run("outcome", "helped", "w-1")[1] == "a walk: 1 of 1 time, calm after 10 min (the middle one)\n"
    with books(here) as registry:
        (label,) = registry.labels("w-1").values()
        assert (label.what, label.rater) == ("settled_build_up", "Bo")


def test_an_incident_without_an_alert_wants_a_beginning_and_a_wearer_who_is_known(here: Installation, run: Run) -> None:
    with pytest.raises(ConfigError, match="--began"):
        run("outcome", "add", "w-1", "incident", "--by", "Jo")
    with pytest.raises(ConfigError, match="w-9"):
        run("outcome", "add", "w-9", "incident", "--by", "Jo", "--began", "2026-05-06T14:02Z")
    with pytest.raises(AlertError, match="began_s: more than 7 days"):
        run("outcome", "add", "w-1", "incident", "--by", "Jo", "--began", "2020-05-06T14:02Z")
    assert run("outcome", "list", "w-1")[1] == "Nobody has told of w-1 yet.\n"
    assert run("outcome", "helped", "w-1")[1] == "Nobody has said what helped yet.\n"


class Service(BaseHTTPRequestHandler):
    """Answers as a board does; what it was asked is kept."""

    asked: list[tuple[str, str, str, Any]]
    answers: dict[str, tuple[int, Any]]

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.asked.append((self.command, self.path, self.headers.get("Authorization") or "", body))
        status, said = self.answers[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Service]]:
    kind = type("Kind", (Service,), {"asked": [], "answers": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("FORECALM_CONSOLE_PORT", str(server.server_address[1]))
    yield kind
    server.shutdown()
    server.server_close()


def test_a_service_that_runs_is_asked_for_the_journal_is_its_own(
    here: Installation, run: Run, service: type[Service]
) -> None:
    kept = {
        "outcome_id": "o-1",
        "wearer": "w-1",
        "alert_id": "",
        "by": "Jo",
        "at_s": 1.7e9,
        "what": "incident",
        "helped": ["a walk"],
        "began_s": 1.7e9 - 300.0,
        "uncertainty_s": 60.0,
        "ended_s": 1.7e9,
        "corrects": "",
    }
    service.answers["/api/v1/wearers/w-1/outcomes"] = 200, [kept]
    service.answers["/api/v1/outcomes/o-1/correct"] = 422, {"title": "No", "detail": "too long ago", "field": "began_s"}
    with closing(Journal(here.journal)):
        assert "incident" in run("outcome", "list", "w-1")[1]
        assert run("outcome", "helped", "w-1")[1] == "a walk: 1 of 1 time, calm after 5 min (the middle one)\n"
        with pytest.raises(ConfigError, match="the service refused it: began_s: too long ago"):
            run("outcome", "correct", "o-1", "exercise", "--by", "Jo")
    method, path, seal, body = service.asked[0]
    assert (method, path, body) == ("GET", "/api/v1/wearers/w-1/outcomes", None)
    assert is_ours(here.secret(), seal, time.time())
    assert service.asked[-1][3]["what"] == "exercise"


def test_a_service_that_does_not_answer_and_one_that_talks_nonsense_are_told_so(
    here: Installation, service: type[Service]
) -> None:
    with pytest.raises(ConfigError, match=r"no service answers at http://127\.0\.0\.1:1 "):
        Asking(Config(data=str(here.folder), console=ConsoleSection(port=1))).ask("GET", "/cover")
    for status, match in ((500, "HTTP 500"), (200, "no service of ours")):
        service.answers["/api/v1/cover"] = status, b"<html>"
        with pytest.raises(ConfigError, match=match):
            Asking(load(None)).ask("GET", "/cover")


def test_whoever_cannot_read_the_secret_is_told_as_whom_to_ask(tmp_path: Path) -> None:
    with pytest.raises(NotGranted, match="its secret cannot be read"):
        Asking(Config(data=str(tmp_path / "elsewhere"))).ask("GET", "/cover")


# Support plans


def test_a_plan_is_written_shown_and_kept_with_those_before(run: Run) -> None:
    assert run("plan", "show", "w-1")[1] == "There is no plan for w-1.\n"
    run("plan", "set", "w-1", "--helps", "Quiet 🎧", "--by", "Ada")
    run("plan", "set", "w-1", "--helps", "a walk", "--avoid", "touch", "--by", "Bo")
    shown = run("plan", "show", "w-1")[1]
    assert "helps: a walk" in shown
    assert "avoid: touch" in shown
    assert "Quiet" not in shown
    assert [each["helps"] for each in json.loads(run("plan", "show", "w-1", "--history", "--json")[1])] == [
        ["Quiet 🎧"],
        ["a walk"],
    ]
    run("plan", "set", "w-1", "--none")
    assert json.loads(run("plan", "show", "w-1", "--json")[1]) == {}
    with pytest.raises(ConfigError, match="--helps"):
        run("plan", "set", "w-1")
    with pytest.raises(ConfigError, match="--none"):
        run("plan", "set", "w-1", "--none", "--helps", "a walk")
    with pytest.raises(RegistryError, match="helps, line 1"):
        run("plan", "set", "w-1", "--helps", "x" * 501)
    with pytest.raises(ConfigError, match="w-9"):
        run("plan", "show", "w-9")


# Alerting rules


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


def test_rules_that_can_be_used_hold_and_are_shown_without_what_lets_anybody_in(
    here: Installation, run: Run, file: Path
) -> None:
    assert "No rules were set" in run("alerting", "show")[1]
    run("alerting", "set", str(file), "--by", "Ada", "--because", "nights")
    shown = run("alerting", "show")[1] + run("alerting", "show", "--json")[1] + run("alerting", "history")[1]
    assert KEY not in shown
    assert "tgram: hidden" in shown
    assert "nights" in shown
    assert run("alerting", "show", "--secrets")[1].count(KEY) == 3
    with books(here) as registry:
        assert KEY not in json.dumps([each.detail for each in registry.audit_entries()])


def test_what_is_shown_of_rules_says_the_same_but_for_addresses() -> None:
    rules = parse(RULES)
    said = tomllib.loads(without_secrets(rules))
    assert [step["after_s"] for step in said["alert"]] == [0.0, 60.0]
    assert said["contact"] == [{"name": "Zoë 🌙", "reach": {"phone": "tgram: hidden, --secrets shows it"}}]
    assert said["dead_man"]["url"] == "https: hidden, --secrets shows it"


def test_rules_that_contradict_themselves_change_nothing_and_name_the_field(
    here: Installation, run: Run, file: Path, tmp_path: Path
) -> None:
    run("alerting", "set", str(file), "--by", "Ada")
    bad = tmp_path / "bad.toml"
    bad.write_text(RULES.replace('channel = "phone"', 'channel = "fax"'), encoding="utf-8")
    for action in (["check", str(bad)], ["set", str(bad), "--by", "Bo"]):
        with pytest.raises(ConfigError, match=r"alert\[1\]\.channel.*what is in force stays") as refused:
            run("alerting", *action)
        assert KEY not in str(refused.value)
    with books(here) as registry:
        assert [each.by for each in registry.alerting_rules_history("home")] == ["Ada"]
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        run("alerting", "check", str(bad))
    assert "can be used" in run("alerting", "check", str(file))[1]


@pytest.mark.parametrize("action", [["show"], ["test", "Zoe", "web", "--by", "Ada"]])
def test_what_changes_nothing_does_not_say_so_of_rules_that_it_cannot_read(
    here: Installation, run: Run, action: list[str]
) -> None:
    with books(here) as registry:
        registry.set_alerting_rules("home", "again_s = 1", by="another version")
    with pytest.raises(ConfigError, match=r"again_s: 1 s cannot be") as refused:
        run("alerting", *action)
    assert "changed" not in str(refused.value)


def test_the_usual_rules_come_back_and_history_keeps_the_others(run: Run, file: Path) -> None:
    run("alerting", "set", str(file), "--by", "Ada")
    run("alerting", "default", "--by", "Bo", "--because", "moved")
    assert "No rules were set" in run("alerting", "show")[1]
    lines = run("alerting", "history")[1].splitlines()
    assert len(lines) == 2
    assert "the usual rules" in lines[1]
    assert "moved" in lines[1]


def test_a_test_goes_to_the_contact_and_says_what_became_of_it(
    here: Installation, run: Run, tmp_path: Path, service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = os.environ["FORECALM_CONSOLE_PORT"]
    path = tmp_path / "rules.toml"
    path.write_text(
        f'[[contact]]\nname = "Zoe"\nreach = {{web = "json://127.0.0.1:{port}/hook?cto=60&rto=60"}}\n'
        '[[alert]]\nafter_s = 0\nwho = "Zoe"\nchannel = "web"\n',
        encoding="utf-8",
    )
    run("alerting", "set", str(path), "--by", "Ada")
    service.answers["/hook"] = 200, {}
    monkeypatch.setenv("FORECALM_SITE_PLACE", "Alder House")
    code, out = run("alerting", "test", "Zoe", "web", "--by", "Ada", "--json")
    assert (code, json.loads(out)["went"]) == (0, True)
    asked = json.dumps(service.asked[-1][3])
    assert "A test from Alder House. Nobody needs help." in asked, "whoever has two houses knows which one tries"
    assert "not a medical device" in asked
    service.answers["/hook"] = 403, {}
    code, out = run("alerting", "test", "Zoe", "web", "--by", "Ada")
    assert (code, out.startswith("Not told: refused")) == (1, True)
    with pytest.raises(ConfigError, match="they reach Zoe by web"):
        run("alerting", "test", "Bo", "sms", "--by", "Ada")
    with books(here) as registry:
        assert [json.loads(each.detail)["went"] for each in registry.audit_entries(action="test of a channel")] == [
            True,
            False,
        ]


def test_what_the_service_says_of_an_outcome_is_read_as_one() -> None:
    told = OutcomeTold(
        at_s=1.0,
        wearer="w-1",
        outcome_id="o",
        alert_id="",
        by="Jo",
        what=What.BAND,
        helped=(),
        began_s=0.0,
        uncertainty_s=0.0,
        ended_s=1.0,
    )
    said = msgspec.to_builtins(told)
    said.pop("event")
    assert msgspec.convert(said, OutcomeTold) == told


def test_the_example_of_rules_can_be_used_and_tells_somebody_outside(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerting", "example"]) == 0
    rules = parse(capsys.readouterr().out)
    assert [doubt.partition(":")[0] for doubt in rules.doubts()] == [
        "Sam by phone has an example's address in it",
        "Sam by mail has an example's address in it",
    ]
    assert [step.channel for step in rules.alert] == ["board", "push", "phone"]
