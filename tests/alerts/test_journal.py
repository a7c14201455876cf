"""The journal: what was appended is there again, whatever a crash did to the last line."""

import errno
import os
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import Journal, read
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.views import Blind

TIME = st.floats(0, 4e9)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
EVENTS = st.lists(
    st.one_of(
        st.builds(
            AlertRaised,
            wearer=TEXT,
            at_s=TIME,
            alert_id=TEXT,
            probability=st.floats(0, 1),
            reasons=st.lists(TEXT, max_size=3).map(tuple),
            policy=TEXT,
        ),
        st.builds(AlertAcknowledged, wearer=TEXT, at_s=TIME, alert_id=TEXT, by=TEXT),
        st.builds(AlertResolved, wearer=TEXT, at_s=TIME, alert_id=TEXT),
        st.builds(SightLost, wearer=TEXT, at_s=TIME, reason=st.sampled_from(Blind), since_s=TIME),
        st.builds(SightRegained, wearer=TEXT, at_s=TIME),
    ),
    max_size=5,
)
SEEN = SightRegained(wearer="w", at_s=1.0)
LOST = SightLost(wearer="w", at_s=2.0, reason=Blind.SILENT, since_s=1.5)


def reread(path: Path) -> list[Event]:
    journal = Journal(path)
    journal.close()
    return list(journal.history)


@given(EVENTS, EVENTS)
def test_what_was_appended_is_there_again(
    tmp_path_factory: pytest.TempPathFactory, first: list[Event], second: list[Event]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "new folder" / "journal.jsonl"
    for events in (first, second):
        journal = Journal(path)
        journal.append(events)
        journal.close()
    assert reread(path) == first + second


@given(cut=st.integers(0, 400))
def test_a_journal_torn_at_any_byte_keeps_every_whole_event_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    journal.append([SEEN, LOST, SEEN, LOST])
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    ends = [i for i, byte in enumerate(whole) if byte == ord("\n")]
    kept = [SEEN, LOST, SEEN, LOST][: sum(cut >= end for end in ends)]
    journal = Journal(path)
    journal.append([SEEN])
    journal.close()
    assert reread(path) == [*kept, SEEN]


def test_zeros_that_a_power_cut_left_at_the_end_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append([SEEN])
    journal.close()
    path.write_bytes(path.read_bytes() + bytes(50))
    assert reread(path) == [SEEN]


@pytest.mark.parametrize("garbage", [b"nonsense\n", b"\n", b'{"event":"unheard of"}\n', b"\xff\xfe\n"])
def test_garbage_names_the_file_and_the_line_and_is_left_as_it_is(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append([SEEN])
    journal.close()
    spoilt = path.read_bytes() + garbage + path.read_bytes()
    path.write_bytes(spoilt)
    with pytest.raises(JournalError, match=r"journal\.jsonl, line 2 "):
        Journal(path)
    assert path.read_bytes() == spoilt


def test_two_desks_cannot_write_one_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(JournalError, match="another process"):
        Journal(tmp_path / "journal.jsonl")
    journal.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot open the journal"):
        Journal(tmp_path / "file" / "journal.jsonl")


def test_a_disk_that_fills_up_half_way_leaves_no_torn_line_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append([SEEN])
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, bytes(data)[:20])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JournalError, match="No space left"):
            journal.append([LOST, LOST])
    journal.append([SEEN])
    journal.close()
    assert reread(path) == [SEEN, SEEN]


def test_it_is_read_while_it_is_written_and_a_line_that_is_not_whole_yet_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert read(path) == ()
    journal = Journal(path)
    event = SightRegained(wearer="w-1", at_s=1.0)
    journal.append([event])
    assert read(path) == journal.read() == (event,)
    assert journal.history == ()
    with path.open("ab") as half:
        half.write(b'{"event":"sight re')
    assert read(path) == journal.read() == (event,)
    assert path.read_bytes().endswith(b"sight re"), "a reader writes nothing"
    journal.close()


def test_what_was_taken_in_is_forgotten_in_memory_and_stays_on_disk(tmp_path: Path) -> None:
    other = SightRegained(wearer="later", at_s=3.0)
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        journal.append([SEEN, LOST, other])
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        journal.forget({"w"})
        assert journal.history == (other,)
        assert journal.read() == (SEEN, LOST, other)
        journal.append([SEEN])
        assert journal.erase("later") == 1
        assert journal.read() == (SEEN, LOST, SEEN)
