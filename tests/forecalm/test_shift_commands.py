"""forecalm shift: what is tapped on a tablet can be typed; acts go to the service that runs, and nobody else writes."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from alerts.duty.duty import Duty
from alerts.journal import Journal
from console.access.access import Credentials
from console.access.asker import NOBODY, Asker
from console.access.command_line import COMMAND_LINE, is_ours
from console.app import create_app
from console.care import Care
from forecalm.arguments_duty import add_duty
from forecalm.asking import NotGranted
from forecalm.cli import main
from forecalm.commands import shifts
from forecalm.config import Config, ConfigError
from forecalm.installation import Installation
from ingest.registry.accounts import Granted
from ingest.registry.consents import Consent, Scope
from tests.askers import open_to
from tests.console.house import House, Serve

Run = Callable[..., tuple[int, str]]


class Office(House):
    """A house whose board keeps shifts, and lets in the command line of its installation, and nobody else."""

    def __init__(self, duty: Duty, secret: bytes) -> None:
        super().__init__()
        self.now_s = time.time()
        self._duty = duty
        self._secret = secret

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        return COMMAND_LINE if is_ours(self._secret, credentials.authorization, now_s) else NOBODY

    def app(self) -> FastAPI:
        counts = SimpleNamespace(audit_lost=print, refused=print)
        care = cast(Care, SimpleNamespace(duty=self._duty, seals=None, refusals=None, counts=counts))
        return create_app(
            access=open_to(self),
            desk=self,
            hub=self.hub,
            place="Alder House",
            names={},
            carers=(),
            time_zone=Config().zone,
            clock=time.time,
            care=care,
        )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation that watches Aidan and Bea, where no service runs."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_CONSOLE_PORT", "1")
    installation = Installation(Config(data=str(tmp_path / "house")))
    with closing(installation.open_registry()) as registry:
        for band, wearer, name in (("a", "w-1", "Aidan"), ("b", "w-2", "Bea")):
            agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
            registry.pair(band=band, wearer=wearer, since_s=1.58e9, name=name, carers=[], consent=agreed, by="test")
    return installation


@pytest.fixture
def served(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duty]:
    """Its service, which alone writes the journal."""
    journal = Journal(here.journal)
    duty = Duty(journal, watched=lambda: ("w-1", "w-2"))
    serve = Serve()
    monkeypatch.setenv("FORECALM_CONSOLE_PORT", serve(Office(duty, here.secret())).rpartition(":")[2].strip("/"))
    yield duty
    serve.end_all()
    journal.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    parser = argparse.ArgumentParser()
    add_duty(parser.add_subparsers())

    def run(*arguments: str) -> tuple[int, str]:
        code = shifts.shift(parser.parse_args(["shift", *arguments]))
        return code, capsys.readouterr().out

    return run


def said(answer: tuple[int, str]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(answer[1])


def test_a_shift_goes_from_hand_to_hand(served: Duty, run: Run) -> None:
    assert run("show")[0] == 1
    begun = said(run("begin", "Jo", "--hours", "8", "--json"))
    assert run("show")[0] == 0
    code, offered = run("offer", "jo", "--to", "Priya", "--note", "Swap the band.")
    assert code == 0
    assert offered.endswith("offered to Priya. Until they take it, Jo has them.\n")
    assert served.on_shift("w-1", time.time()) == ("Jo",)
    assert said(run("take", begun["shift_id"], "--by", "Priya", "--json"))["carer"] == "Priya"
    assert served.on_shift("w-1", time.time()) == ("Priya",)
    told = run("summary", begun["shift_id"])[1]
    assert told.startswith("Research use only")
    assert "for everybody. Priya took over." in told
    assert "- Swap the band. (for Priya)" in told


def test_an_end_that_leaves_somebody_alone_is_refused_until_a_reason_is_given(served: Duty, run: Run) -> None:
    run("begin", "Jo", "--for", "w-1")
    with pytest.raises(NotGranted, match=r"1 person would have nobody: w-1\. Offer the shift"):
        run("end", "Jo")
    assert run("end", "Jo", "--anyway", "taken ill") == (0, "The shift of Jo is over.\n")
    code, shown = run("show")
    assert code == 1
    assert "NOBODY HAS Aidan, since 20" in shown
    assert "NOBODY HAS Bea, and nobody ever had" in shown


@pytest.mark.parametrize(
    "act",
    [
        ("begin", "Jo"),
        ("offer", "Jo", "--to", "Priya"),
        ("take", "Jo", "--by", "Priya"),
        ("end", "Jo"),
    ],
)
def test_where_no_service_runs_an_act_says_so_and_writes_nothing(
    here: Installation, run: Run, act: tuple[str, ...]
) -> None:
    with pytest.raises(NotGranted, match=r"no service answers at http://127\.0\.0\.1:1 .*forecalm serve.*nothing has"):
        run(*act)
    assert not here.journal.exists()


def test_what_is_shown_can_be_read_while_no_service_runs_and_says_that_nobody_is_watched(
    here: Installation, run: Run
) -> None:
    with closing(Journal(here.journal)) as journal:
        duty = Duty(journal, watched=lambda: ("w-1", "w-2"))
        shift = duty.begin("Jo", ["w-2"], until_s=time.time() + 3600, by="Jo", at_s=time.time())
    before = here.journal.read_bytes()
    code, shown = run("show")
    assert code == 1
    assert shown.startswith(f"{shift.shift_id}  Jo, until 20")
    assert "nobody is watched now" in shown
    found = said(run("summary", "Jo", "--json"))
    assert (found["notice"], [each["wearer"] for each in found["people"]]) == (
        "Research use only \N{EN DASH} not a medical device",
        ["w-2"],
    )
    assert here.journal.read_bytes() == before


def test_a_carer_on_two_shifts_is_asked_which(here: Installation, run: Run) -> None:
    with closing(Journal(here.journal)) as journal:
        duty = Duty(journal, watched=lambda: ("w-1", "w-2"))
        for wearer in ("w-1", "w-2"):
            duty.begin("Jo", [wearer], until_s=time.time() + 3600, by="Jo", at_s=time.time())
    with pytest.raises(ConfigError, match="Jo is on 2 shifts: say which, shift-"):
        run("summary", "Jo")


def test_a_refusal_is_one_line_and_exit_code_2(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shift", "begin", "Jo"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("forecalm: no service answers")
    assert said.err.count("\n") == 1


@pytest.fixture
def known(here: Installation) -> Installation:
    """The house knows Jo and Priya."""
    with closing(here.open_registry()) as registry:
        registry.add_carer("Jo", by="test")
        registry.add_carer("Priya", by="test")
    return here


@pytest.mark.parametrize(
    ("act", "meant"),
    [
        (("begin", "Joo"), "'Joo': nobody known here is called that; did you mean Jo?"),
        (("begin", "Wilhelmina"), "nobody known here is called that; there are: Jo, Priya. If they are new here"),
        (("offer", "Jo", "--to", "Priya, Pria"), "'Pria': nobody known here is called that; did you mean Priya?"),
    ],
)
def test_nobody_comes_on_shift_or_is_offered_one_by_a_slip_of_a_key(
    known: Installation, served: Duty, capsys: pytest.CaptureFixture[str], act: tuple[str, ...], meant: str
) -> None:
    before = served.shifts()
    assert main(["shift", *act]) == 2
    said = capsys.readouterr()
    assert meant in said.err
    assert (said.out, served.shifts()) == ("", before)


def test_a_carer_is_on_shift_by_the_name_that_the_house_has_for_them(known: Installation, served: Duty) -> None:
    assert main(["shift", "begin", "jo"]) == 0
    assert served.on_shift("w-1", time.time()) == ("Jo",)
    assert main(["shift", "offer", "Jo", "--to", "PRIYA"]) == 0
    assert [shift.offered_to for shift in served.shifts()] == ["Priya"]


def test_somebody_who_is_plainly_said_to_be_new_comes_on_shift_and_is_known_from_then_on(
    known: Installation, served: Duty
) -> None:
    assert main(["shift", "begin", "Sam", "--new"]) == 0
    assert served.on_shift("w-1", time.time()) == ("Sam",)
    with closing(known.open_registry()) as registry:
        assert registry.carers() == ["Jo", "Priya", "Sam"]
    assert main(["shift", "begin", "sam"]) == 0


@pytest.mark.parametrize("new", [(), ("--new",)])
def test_whoever_has_left_comes_on_shift_only_when_they_are_back(
    known: Installation, served: Duty, capsys: pytest.CaptureFixture[str], new: tuple[str, ...]
) -> None:
    with closing(known.open_registry()) as registry:
        maryam = registry.add_account("Maryam", [Granted("carer", "*")], by="test")
        assert registry.carers() == ["Jo", "Maryam", "Priya"]
        registry.end_account(maryam.id, by="test")
        assert registry.carers() == ["Jo", "Priya"]
        assert main(["shift", "begin", "maryam", *new]) == 2
        assert "Maryam was ended here: forecalm account reopen" in capsys.readouterr().err
        registry.reopen_account(maryam.id, [Granted("carer", "*")], by="test")
        assert registry.carers() == ["Jo", "Maryam", "Priya"]
    assert main(["shift", "begin", "maryam"]) == 0
    assert served.on_shift("w-1", time.time()) == ("Maryam",)


def test_where_no_service_runs_nobody_new_is_entered(known: Installation) -> None:
    assert main(["shift", "begin", "Sam", "--new"]) == 2
    with closing(known.open_registry()) as registry:
        assert registry.carers() == ["Jo", "Priya"]
