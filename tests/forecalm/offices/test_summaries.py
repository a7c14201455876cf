"""What a summary is folded from: consents as they stand, minutes as they are kept, everybody else's names; and the same
on the command line, refused where nobody agreed, entered where somebody made one."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from alerts.journal import Journal
from alerts.situation_events import AlertRaised
from forecalm.cli import main
from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.offices.summaries import SummaryFacts
from forecalm.rescoring.rescoring import Alert, Rescored, Said
from forecalm.watching.foretold import FOLDER, Minute, Readings, Share
from ingest.labels import NOTE, Label
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry

DAY_S = 86_400.0
NOW_S = time.time() // 60 * 60  # commands ask the machine's own clock
SINCE_S = NOW_S - 5 * DAY_S


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(Config(data=str(tmp_path / "house")))


@pytest.fixture
def registry(here: Installation) -> Iterator[Registry]:
    with closing(here.open_registry()) as registry:
        for wearer, name in (("w-1", "Bea"), ("w-2", "Callum Roe")):
            registry.add_wearer(wearer, name, by="test")
        registry.add_carer("Jo Marsh", by="test")
        registry.give_consent("w-1", Consent(frozenset({Scope.CARE}), "Ida Berg, mother", SINCE_S), by="test")
        registry.set_plan("w-1", helps=("Ask Jo for headphones",), avoid=(), by="Jo Marsh")
        registry.add_labels([_note(SINCE_S + 7200, "Callum came by"), _note(SINCE_S - DAY_S, "before")], by="test")
        journal = Journal(here.journal)
        journal.append([_raised("a-1", SINCE_S + 3600), _raised("a-2", SINCE_S + 7200)])
        journal.close()
        folder = here.folder / FOLDER
        folder.mkdir()
        for at_s in range(int(SINCE_S // 60 * 60) + 60, int(SINCE_S) + 9000, 60):
            day = time.strftime("%Y-%m-%d", time.gmtime(at_s))
            with (folder / f"{day}.jsonl").open("ab") as file:
                file.write(msgspec.json.encode(_minute("w-1", at_s)) + b"\n")
        yield registry


def _note(at_s: float, text: str) -> Label:
    return Label(what=NOTE, start_s=at_s, end_s=at_s, rater="Jo Marsh", wearer="w-1", note=text)


def _raised(alert_id: str, at_s: float) -> AlertRaised:
    reasons = ("Sweat rising.", "Pulse 137, 43 above usual.")
    return AlertRaised(wearer="w-1", at_s=at_s, alert_id=alert_id, probability=0.7, reasons=reasons, policy="p")


def _minute(wearer: str, at_s: int) -> Minute:
    share = Share(model="arousal", known=60, mean=0.1, highest=0.4)
    return Minute(at_s=at_s, wearer=wearer, seconds=60, own=60, told=share, readings=Readings(pulse_bpm=71))


def agree(registry: Registry, *, from_s: float = SINCE_S, until_s: float | None = None) -> None:
    registry.give_consent("w-1", Consent(frozenset({Scope.SHARE}), "Ida Berg, mother", from_s, until_s), by="test")


def test_nobody_shares_by_a_consent_to_care_and_it_says_who_may_be_asked(
    here: Installation, registry: Registry
) -> None:
    found = SummaryFacts(here, registry).sharing("w-1", NOW_S)
    assert found is not None
    assert not found.now
    assert found.asked == ("Ida Berg, mother",)
    assert SummaryFacts(here, registry).sharing("w-9", NOW_S) is None


def test_a_consent_to_share_holds_from_when_to_when_it_says_and_no_more_once_it_is_withdrawn(
    here: Installation, registry: Registry
) -> None:
    kept = SummaryFacts(here, registry)
    agree(registry, until_s=NOW_S + DAY_S)
    found = kept.sharing("w-1", NOW_S)
    assert found is not None
    assert (found.now, found.until_s) == (True, NOW_S + DAY_S)
    assert kept.facts("w-1", SINCE_S, NOW_S).shared == ((SINCE_S, NOW_S + DAY_S),)
    assert not getattr(kept.sharing("w-1", NOW_S + 2 * DAY_S), "now", True)
    registry.withdraw_consent("w-1", scopes=[Scope.SHARE], at_s=NOW_S, by="test")
    assert not getattr(kept.sharing("w-1", NOW_S), "now", True)
    assert kept.facts("w-1", SINCE_S, NOW_S).shared == ()


def test_everything_of_one_person_is_found_and_of_others_only_their_names(
    here: Installation, registry: Registry
) -> None:
    agree(registry)
    found = SummaryFacts(here, registry).facts("w-1", SINCE_S, NOW_S)
    assert len(found.minutes) == 149
    assert {it.pulse_bpm for it in found.minutes} == {71}
    assert [it.alert_id for it in found.events if isinstance(it, AlertRaised)] == ["a-1", "a-2"]
    assert [it.text for it in found.notes] == ["Callum came by"]
    assert found.plan is not None
    assert {"Callum Roe", "w-2", "Jo Marsh"} <= set(found.names)
    assert not {"Bea", "w-1"} & set(found.names)
    assert found.missing == ()


def test_an_alert_of_a_band_that_somebody_else_wore_is_not_theirs(here: Installation, registry: Registry) -> None:
    wrong = Alert(at_s=SINCE_S, probability=0.7, reasons=(), alert_id="a-1")
    rescored = Rescored(
        wearer="w-1",
        made_at_s=NOW_S,
        by="Sam",
        parts=(),
        since_s=SINCE_S,
        until_s=NOW_S,
        cut_short=False,
        said=Said(seconds=0, known_seconds=0, highest=None, minutes={}),
        would_have_alerted=(),
        not_theirs=(wrong,),
        learnt_since_s=SINCE_S,
    )
    here.rescored.mkdir()
    (here.rescored / "1.json").write_bytes(msgspec.json.encode(rescored))
    found = SummaryFacts(here, registry).facts("w-1", SINCE_S, NOW_S)
    assert (found.not_theirs, found.missing) == ({"a-1"}, ())


def test_a_journal_that_cannot_be_read_is_said_to_be_missing(here: Installation, registry: Registry) -> None:
    here.journal.rename(here.journal.with_suffix(".away"))
    found = SummaryFacts(here, registry).facts("w-1", SINCE_S, NOW_S)
    assert found.events == ()
    assert found.missing == ("What happened cannot be looked up now: this summary is not whole.",)


Run = Callable[..., int]


@pytest.fixture
def run(here: Installation, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(here.folder))
    return lambda *arguments: main(["summary", *map(str, arguments)])


def entered(registry: Registry) -> list[dict[str, object]]:
    return [
        json.loads(each.detail) if isinstance(each.detail, str) else dict(each.detail)
        for each in registry.audit_entries(action="export summary")
    ]


def test_a_summary_is_refused_on_the_command_line_too_and_says_how_consent_is_entered(
    run: Run, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o.pdf"
    assert run("w-1", "--for", "school", "--out", out) == 2
    said = capsys.readouterr().err
    assert "nobody has agreed" in said
    assert "ask Ida Berg, mother" in said
    assert "forecalm consent give w-1 --scope share" in said
    assert not out.exists()
    assert entered(registry) == []


@pytest.mark.parametrize(("name", "begins"), [("o.pdf", b"%PDF-"), ("o.html", b"<!DOCTYPE html>")])
def test_a_summary_is_written_for_its_owner_alone_and_entered(
    run: Run, registry: Registry, tmp_path: Path, name: str, begins: bytes
) -> None:
    agree(registry)
    out = tmp_path / name
    assert run("w-1", "--for", "health", "--out", out) == 0
    assert out.read_bytes().startswith(begins)
    assert out.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []
    (entry,) = entered(registry)
    assert entry["audience"] == "health"
    assert "Bea" not in str(entry)
    assert run("w-1", "--for", "health", "--out", out) == 2  # it is there already
    assert run("w-1", "--for", "health", "--out", out, "--force") == 0


def test_notes_are_listed_and_go_by_their_number(
    run: Run, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agree(registry)
    out = tmp_path / "o.html"
    assert run("w-1", "--for", "family", "--notes") == 0
    listed = capsys.readouterr().out
    assert run("w-1", "--for", "family") == 2
    assert "--out: name the file" in capsys.readouterr().err
    assert "Callum came by" in listed
    assert not out.exists()
    assert run("w-1", "--for", "family", "--out", out, "--note", listed.split()[0], "--sign", "Jo Marsh") == 0
    page = out.read_text()
    assert "[a name] came by" in page
    assert "Jo Marsh" in page
    assert run("w-1", "--for", "family", "--out", out, "--force", "--note", "999") == 2


@pytest.mark.parametrize(
    "wrong",
    [("--since", "soon"), ("--until", "2999-01-01"), ("--since", "2000-01-01"), ("--out", "o.docx")],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    run: Run, registry: Registry, tmp_path: Path, wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    agree(registry)
    out = tmp_path / "o.pdf"
    assert run("w-1", "--for", "family", "--out", out, *wrong) == 2
    assert wrong[0].lstrip("-").split()[0] in capsys.readouterr().err or wrong[0] == "--out"
    assert not out.exists()


def test_nobody_unknown_has_a_summary(run: Run, tmp_path: Path) -> None:
    assert run("w-9", "--for", "family", "--out", tmp_path / "o.pdf") == 2
