"""forecalm account, tablet and token: who is let in, said without a browser."""

import json
import re
import shlex
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from forecalm.cli import main
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.registry.accounts import Granted
from ingest.registry.registry import Registry
from tests.accounts import encoded

Run = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    return Installation(Config(data=str(tmp_path / "house")))


@pytest.fixture
def run(here: Installation, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Any:  # noqa: ANN401 - JSON
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def registry(here: Installation) -> Registry:
    return here.open_registry()


def test_somebody_is_entered_and_chooses_a_password_by_the_link(here: Installation, run: Run) -> None:
    made = run("account", "add", "Jo", "--role", "carer", "--role", "support@everywhere")
    assert made["roles"] == [{"role": "carer", "site": "home"}, {"role": "support", "site": "*"}]
    assert made["link"].startswith("http://127.0.0.1:8420/welcome/")
    with closing(registry(here)) as known:
        assert known.choose_password(made["link"].rpartition("/")[2], encoded(), by="Jo").name == "Jo"
    assert [(each["name"], each["has_password"]) for each in run("account", "list")] == [("Jo", True)]


def test_a_reset_can_sign_out_at_once_and_take_a_lost_phone_away(here: Installation, run: Run) -> None:
    made = run("account", "add", "Jo", "--role", "carer")
    with closing(registry(here)) as known:
        known.set_factor(made["id"], "sealed", by="Jo")
        known.begin_sign_in(made["id"], by="Jo")
        run("account", "reset", "jo")
        assert (len(known.sign_ins()), known.account(made["id"]).factor) == (1, "sealed")
        run("account", "reset", "jo", "--now", "--factor")
        assert (known.sign_ins(), known.account(made["id"]).factor) == ([], None)


def test_whoever_is_ended_can_be_let_in_again(here: Installation, run: Run) -> None:
    run("account", "add", "Jo", "--role", "carer")
    assert run("account", "end", "Jo")["ended_s"] is not None
    assert run("account", "reopen", "Jo", "--role", "support")["roles"] == [{"role": "support", "site": "home"}]
    assert run("account", "roles", "Jo", "--role", "carer")["roles"] == [{"role": "carer", "site": "home"}]


def test_whoever_is_entered_twice_is_led_to_what_would_be_right(
    here: Installation, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("account", "add", "Jo Berg", "--role", "carer")
    assert main(["account", "add", "jo berg", "--role", "support"]) == 2
    assert "forecalm account roles 'Jo Berg' --role support" in capsys.readouterr().err
    run("account", "end", "Jo Berg")
    assert main(["account", "add", "Jo Berg", "--role", "carer"]) == 2
    said = capsys.readouterr().err
    assert "was ended: forecalm account reopen 'Jo Berg' --role carer\n" in said
    advised = shlex.split(said.partition("forecalm account ")[2])
    assert run("account", *advised)["roles"] == [{"role": "carer", "site": "home"}]


def test_listings_say_who_is_signed_in_and_times_by_the_clock_of_the_house(
    here: Installation, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run("account", "add", "Jo", "--role", "carer")
    with closing(registry(here)) as known:
        known.begin_sign_in(made["id"], by="Jo")
        known.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")
    for zone, ends in (("UTC", r" UTC\n"), ("America/Sao_Paulo", r"-03:00\n")):
        monkeypatch.setenv("FORECALM_SITE_TIME_ZONE", zone)
        assert main(["tablet", "list"]) == 0
        assert re.search(rf"Kitchen at home, seen [-0-9]+ [0-9:]+{ends}", capsys.readouterr().out)
    assert main(["account", "list"]) == 0
    assert capsys.readouterr().out == "Jo: carer at home; no password yet; signed in on 1 device\n"


def test_tablets_and_tokens_are_made_listed_and_revoked(here: Installation, run: Run) -> None:
    link = run("tablet", "enrol", "Kitchen", "--names")["link"]
    with closing(registry(here)) as known:
        known.enrol_by_link(link.rpartition("/")[2], by="test")
    (kitchen,) = run("tablet", "list")
    assert (kitchen["name"], kitchen["site"], kitchen["shows_names"]) == ("Kitchen", "home", True)
    run("tablet", "revoke", kitchen["id"])
    made = run("token", "add", "Counts", "--role", "monitor", "--days", "30")
    assert len(made["token"]) == 43
    run("token", "revoke", made["id"])
    with closing(registry(here)) as known:
        ways = known.ways_in()
    assert (ways.tablets, ways.tokens) == ((), ())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("account", "add", "Jo", "--role", "boss"), "'boss' is none of"),
        (("account", "add", "Jo", "--role", "carer@nowhere"), "'nowhere' is not known"),
        (("account", "reset", "Nobody"), "nobody signs in as 'Nobody'"),
        (("tablet", "revoke", "x"), "no tablet that is enrolled"),
        (("token", "revoke", "x"), "no token that holds"),
        (("token", "add", "x", "--role", "monitor", "--days", "none"), "a token always ends"),
        (
            ("token", "add", "x", "--role", "monitor", "--days", "400"),
            "--days: a token holds for a year from now at most",
        ),
        (("token", "add", "x", "--role", "administrator", "--days", "9"), "--role: a token lies in a file"),
        (("token", "add", "x", "--role", "administrator@everywhere", "--days", "9"), "--role: a token lies in a file"),
        (("tablet", "enrol", "Hall", "--site", "elsewhere"), "site: 'elsewhere' is not known; there are: home"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(
    here: Installation, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    assert main(list(arguments)) != 0
    said = capsys.readouterr()
    assert why in said.err
    assert "Traceback" not in said.err
    with closing(registry(here)) as known:
        assert known.accounts() == []


def test_the_last_administrator_is_not_ended_by_a_slip(here: Installation, run: Run) -> None:
    made = run("account", "add", "Helen", "--role", "administrator@everywhere")
    with closing(registry(here)) as known:
        known.set_password(made["id"], encoded(), by="Helen")
    assert main(["account", "end", "Helen"]) != 0
    with closing(registry(here)) as known:
        assert known.account(made["id"]).grants == (Granted("administrator", "*"),)
