"""What is kept of a day comes from the registry, the journal and the minutes: nothing that no consent covers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts.journal import Journal
from alerts.situation_events import AlertRaised, SightLost, SightRegained
from alerts.views import Blind
from forecalm.offices.day import DayBook
from forecalm.watching.foretold import Minute, Readings, Share
from ingest.errors import RegistryError
from ingest.labels import NOTE, Label
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry

DAY_S = 86_400.0
SINCE_S = 20_000 * DAY_S
UNTIL_S = SINCE_S + DAY_S


def minute(wearer: str, at_s: float) -> Minute:
    share = Share(model="arousal", known=60, mean=0.1, highest=0.4)
    return Minute(at_s=int(at_s), wearer=wearer, seconds=60, own=60, told=share, readings=Readings(sweat_us=2.0))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}", clock=lambda: UNTIL_S)
    registry.upgrade()
    for wearer in ("w-1", "w-10"):
        registry.add_wearer(wearer, wearer.upper(), by="test")
        registry.give_consent(wearer, Consent(frozenset({Scope.CARE}), "Jane Doe, mother", SINCE_S + 600), by="test")
    yield registry
    registry.close()


@pytest.fixture
def book(registry: Registry, tmp_path: Path) -> DayBook:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(
        [
            SightLost(wearer="w-1", at_s=SINCE_S - 5 * DAY_S, since_s=SINCE_S - 5 * DAY_S, reason=Blind.SILENT),
            SightLost(wearer="w-10", at_s=SINCE_S + 5, since_s=SINCE_S + 5, reason=Blind.SILENT),
            SightRegained(wearer="w-1", at_s=SINCE_S + 900),
            AlertRaised(
                wearer="w-1", at_s=SINCE_S + 1000, alert_id="a", probability=0.8, reasons=("Pulse.",), policy="p"
            ),
        ]
    )
    journal.close()
    (tmp_path / "foretold").mkdir()
    lines = [minute(wearer, SINCE_S + 60 * i) for wearer in ("w-1", "w-10") for i in range(20)]
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines) + b"not a line\n"
    (tmp_path / "foretold" / "2024-10-04.jsonl").write_bytes(text)
    return DayBook(registry, journal=tmp_path / "journal.jsonl", minutes=tmp_path / "foretold")


def test_a_day_holds_what_is_theirs_and_what_held_when_it_began(book: DayBook) -> None:
    kept = book.kept("w-1", SINCE_S, UNTIL_S)
    assert kept is not None
    assert [type(it).__name__ for it in kept.events] == ["SightLost", "SightRegained", "AlertRaised"]
    assert {it.wearer for it in kept.events} == {"w-1"}


def test_minutes_that_no_consent_covers_are_not_shown_and_after_a_withdrawal_none(
    book: DayBook, registry: Registry
) -> None:
    kept = book.kept("w-1", SINCE_S, UNTIL_S)
    assert kept is not None
    assert [it.at_s for it in kept.readings] == [SINCE_S + 60 * i for i in range(10, 20)]
    assert (kept.readings[0].risk, kept.readings[0].sweat_us) == (0.4, 2.0)
    assert not kept.withdrawn
    registry.withdraw_consent("w-1", at_s=UNTIL_S, by="test")
    after = book.kept("w-1", SINCE_S, UNTIL_S)
    assert after is not None
    assert (after.readings, after.withdrawn, after.consented) == ((), True, True)


def test_nobody_of_an_unknown_name_has_a_day(book: DayBook) -> None:
    assert book.kept("w-2", SINCE_S, UNTIL_S) is None


def test_a_note_is_a_label_that_is_corrected_beside_itself_audited_and_comes_back(
    book: DayBook, registry: Registry
) -> None:
    number = book.write("w-1", "Lunch <b>", at_s=SINCE_S + 1200, by="Jo")
    registry.add_labels([Label(what="incident", start_s=SINCE_S, end_s=SINCE_S, rater="Jo", wearer="w-1")], by="Jo")
    assert book.write("w-1", "Lunch <b>", at_s=SINCE_S + 1200, by="Jo") == number
    newer = book.correct("w-1", number, "Late lunch", by="Maryam")
    kept = book.kept("w-1", SINCE_S, UNTIL_S)
    assert kept is not None
    assert [(it.number, it.by, it.text) for it in kept.notes] == [(newer, "Maryam", "Late lunch")]
    assert registry.day_notes("w-1")[newer].what == NOTE
    book.remove("w-1", newer, by="Jo")
    assert book.notes("w-1", newer) is None
    again = book.write("w-1", "Late lunch", at_s=SINCE_S + 1200, by="Maryam")
    assert book.notes("w-1", again) is not None
    acts = [entry.action for entry in registry.audit_entries(wearer="w-1")]
    assert {"add labels", "correct label", "remove label"} <= set(acts)


def test_whoever_judges_recordings_reads_no_carers_note(book: DayBook, registry: Registry) -> None:
    number = book.write("w-1", "Lunch with Sam", at_s=SINCE_S + 1200, by="Jo")
    incident = Label(what="incident", start_s=SINCE_S + 1200, end_s=SINCE_S + 1300, rater="Jo", wearer="w-1")
    (told,) = registry.add_labels([incident], by="Jo")
    span = ("w-1", SINCE_S, UNTIL_S)
    assert list(registry.labels(*span)) == list(registry.labels()) == [told]
    assert registry.count_labels([span]) == [1]
    assert list(registry.day_notes(*span)) == [number]


def test_a_note_of_somebody_else_is_nobodys_to_change(book: DayBook) -> None:
    number = book.write("w-1", "Lunch", at_s=SINCE_S + 1200, by="Jo")
    with pytest.raises(RegistryError, match="changed or removed"):
        book.correct("w-10", number, "x", by="Jo")
    with pytest.raises(RegistryError, match="changed or removed"):
        book.remove("w-10", number, by="Jo")


def test_a_journal_that_is_not_there_leaves_the_rest_and_is_said(registry: Registry, tmp_path: Path) -> None:
    kept = DayBook(registry, journal=tmp_path / "none", minutes=tmp_path / "none").kept("w-1", SINCE_S, UNTIL_S)
    assert kept is not None
    assert kept.events == ()
    assert "journal" in kept.missing[0]
