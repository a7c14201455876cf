"""Somebody is erased from the journal: their lines go, every other byte stays, and a crash leaves one or the other."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.duty.events import HandOverOffered, ShiftBegun
from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import Journal
from alerts.situation_events import AlertAcknowledged, AlertRaised, SightRegained


def raised(wearer: str, at_s: float = 1.0) -> AlertRaised:
    return AlertRaised(
        wearer=wearer, at_s=at_s, alert_id=f"{wearer}-1", probability=0.9, reasons=("Sweat rising.",), policy="p"
    )


EVENTS: list[Event] = [
    raised("w-1"),
    raised("w-2", 2.0),
    AlertAcknowledged(wearer="w-1", at_s=3.0, alert_id="w-1-1", by="Jo"),
    SightRegained(wearer="w-2", at_s=4.0),
]


def test_their_lines_go_and_the_rest_is_as_it_was_to_the_byte(tmp_path: Path) -> None:
    path, others = tmp_path / "journal.jsonl", tmp_path / "others.jsonl"
    journal, expected = Journal(path), Journal(others)
    journal.append(EVENTS)
    expected.append([event for event in EVENTS if event.wearer != "w-1"])
    assert journal.erase("w-1") == 2
    assert journal.erase("w-1") == 0
    assert path.read_bytes() == others.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["journal.jsonl", "others.jsonl"]
    for each in (journal, expected):
        each.append([SightRegained(wearer="w-3", at_s=9.0)])
        each.close()
    assert path.read_bytes() == others.read_bytes()
    assert Journal(path).history == Journal(others).history


def test_the_file_that_held_them_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(EVENTS)
    with path.open("rb") as before:
        journal.erase("w-1")
        assert set(before.read()) == {0}
    journal.close()


def test_the_journal_stays_locked_while_it_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(EVENTS)
    journal.erase("w-1")
    with pytest.raises(JournalError, match="another process"):
        Journal(path)
    journal.close()
    Journal(path).close()


@pytest.mark.parametrize("breaks", ["fsync", "ftruncate"])
def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: str) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(EVENTS)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, breaks, full)
        with pytest.raises(JournalError, match="No space left"):
            journal.erase("w-1")
    assert path.read_bytes() == before
    assert journal.erase("w-1") == 2
    journal.close()


def test_what_a_crash_left_of_a_new_journal_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    part = path.with_name("journal.jsonl.part")
    part.write_bytes(b'{"event":"half')
    journal = Journal(path)
    journal.append(EVENTS)
    journal.close()
    assert not part.exists()


@settings(deadline=None, max_examples=30)  # every example waits for the disk
@given(st.lists(st.sampled_from(["a", "ä\n", ""]), max_size=8))
def test_any_wearer_goes_from_any_journal(tmp_path_factory: pytest.TempPathFactory, wearers: list[str]) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    journal.append([raised(wearer) for wearer in wearers])
    assert journal.erase("ä\n") == wearers.count("ä\n")
    journal.close()
    again = Journal(path)
    assert [event.wearer for event in again.history] == [wearer for wearer in wearers if wearer != "ä\n"]
    again.close()


def test_whoever_is_one_of_several_goes_from_the_line_and_whoever_is_alone_takes_it_along(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    both = ShiftBegun(at_s=1.0, shift_id="s-1", carer="Jo", wearers=("w-1", "w-2"), until_s=9.0, by="Jo")
    theirs = ShiftBegun(at_s=2.0, shift_id="s-2", carer="Jo", wearers=("w-1",), until_s=9.0, by="Jo")
    everybody = ShiftBegun(at_s=3.0, shift_id="s-3", carer="Jo", wearers=(), until_s=9.0, by="Jo")
    note = HandOverOffered(at_s=4.0, shift_id="s-1", to="Priya", note="w-1 slept badly")
    journal.append([both, theirs, everybody, note])
    assert journal.erase("w-1") == 3
    begun, whole, offered = journal.read()
    assert isinstance(begun, ShiftBegun)
    assert begun.wearers == ("w-2",)
    assert whole == everybody
    assert isinstance(offered, HandOverOffered)
    assert (offered.to, offered.note) == ("Priya", "")
    assert b"w-1" not in (tmp_path / "journal.jsonl").read_bytes()
    assert journal.erase("w-1") == 0
    journal.close()
