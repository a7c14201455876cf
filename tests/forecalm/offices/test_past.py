"""What an index of the journal finds is what reading all of it finds, and it reads little of it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.happened import HappenedTo
from alerts.journal import Journal
from alerts.protection.cover import Level, Link
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertRaised, SightLost, SightRegained
from alerts.views import Blind
from forecalm.offices import past
from forecalm.offices.past import ALERT_BACK_S, AROUND_S, BACK_S, Past

DAY_S = 86_400.0
START_S = 20_000 * DAY_S


Told = SightLost | SightRegained | CoverChanged | AlertRaised


def event(wearer: str, at_s: float, kind: int) -> Told:
    match kind:
        case 0:
            return SightLost(wearer=wearer, at_s=at_s, since_s=at_s, reason=Blind.SILENT)
        case 1:
            return SightRegained(wearer=wearer, at_s=at_s)
        case 2:
            return CoverChanged(wearer=wearer, at_s=at_s, since_s=at_s, level=Level.NOT, link=Link.GATEWAY)
    return AlertRaised(wearer=wearer, at_s=at_s, alert_id=f"a{at_s:.0f}", probability=0.8, reasons=(), policy="p")


def whole(events: Sequence[HappenedTo], wearer: str, since_s: float, until_s: float) -> set[HappenedTo]:
    """What is to be found, by reading everything."""
    mine = [it for it in events if it.wearer == wearer]
    from_s, to_s = since_s - AROUND_S, until_s + AROUND_S
    held: dict[str, HappenedTo] = {}
    for it in mine:
        if it.at_s < from_s:
            kind = "alert" if isinstance(it, AlertRaised) else "cover" if isinstance(it, CoverChanged) else "sight"
            held[kind] = it
    return {it for it in mine if from_s <= it.at_s < to_s} | set(held.values())


@given(
    told=st.lists(st.tuples(st.sampled_from(("w-1", "w-10")), st.floats(0, 6 * DAY_S), st.integers(0, 3)), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=3),
    day=st.integers(0, 6),
)
def test_what_is_found_is_what_reading_everything_finds_however_it_was_written(
    told: list[tuple[str, float, int]], cuts: list[int], day: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    events = [event(wearer, START_S + at_s, kind) for wearer, at_s, kind in told]
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    path.touch()
    since_s = START_S + day * DAY_S
    asked = Past(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "PIECE", 300)
        for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(events)], strict=True):
            with path.open("ab") as file:
                file.write(b"".join(msgspec.json.encode(it) + b"\n" for it in events[begin:end]))
            found = asked.about("w-1", since_s, since_s + DAY_S)
    assert set(found) == whole(events, "w-1", since_s, since_s + DAY_S)


def year(path: Path) -> list[Told]:
    lines = [
        event(f"w-{who}", START_S + day * DAY_S + 60 * who, kind)
        for day in range(365)
        for who in range(40)
        for kind in (0, 1, 2)
    ]
    path.write_bytes(b"".join(msgspec.json.encode(it) + b"\n" for it in lines))
    return lines


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(past, "PIECE", 4096)
    counted: list[int] = []
    reading = past.read

    def count(file: object, at: int, size: int) -> bytes:
        data = reading(file, at, size)  # type: ignore[arg-type]
        counted.append(len(data))
        return data

    monkeypatch.setattr(past, "read", count)
    return counted


def test_a_year_is_read_once_and_a_day_of_it_then_costs_days(tmp_path: Path, bytes_read: list[int]) -> None:
    path = tmp_path / "journal.jsonl"
    year(path)
    asked = Past(path)
    for day in (100, 200, 300):
        bytes_read.clear()
        since_s = START_S + day * DAY_S
        assert len(asked.about("w-7", since_s, since_s + DAY_S)) == 11  # three of each of three days, and two before
        if day != 100:
            assert sum(bytes_read) < path.stat().st_size / 25


def test_an_alert_is_looked_for_a_week_back_and_the_rest_two_months(tmp_path: Path, bytes_read: list[int]) -> None:
    path = tmp_path / "journal.jsonl"
    lines = year(path)
    size = path.stat().st_size
    since_s = START_S + 364 * DAY_S
    old = [
        event("w-99", since_s - AROUND_S - back_s, kind)
        for back_s, kind in ((BACK_S + DAY_S, 2), (ALERT_BACK_S / 2, 3))
    ]
    path.write_bytes(b"".join(msgspec.json.encode(it) + b"\n" for it in sorted([*lines, *old], key=lambda it: it.at_s)))
    asked = Past(path)
    assert [type(it) for it in asked.about("w-99", since_s, since_s + DAY_S)] == [AlertRaised]
    bytes_read.clear()
    asked.about("w-99", since_s, since_s + DAY_S)
    assert sum(bytes_read) < size / 4


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    line = msgspec.json.encode(event("w-1", START_S, 0)) + b"\n"
    path.write_bytes(line[:30])
    asked = Past(path)
    assert asked.about("w-1", START_S, START_S + 1) == ()
    path.write_bytes(line)
    assert len(asked.about("w-1", START_S, START_S + 1)) == 1


def test_whoever_is_erased_is_not_found_any_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append([event("w-1", START_S, 0), event("w-2", START_S, 0)])
    asked = Past(tmp_path / "journal.jsonl")
    assert len(asked.about("w-1", START_S, START_S + 1)) == 1
    journal.erase("w-1")
    journal.append([event("w-2", START_S + 1, 1)])
    journal.close()
    assert asked.about("w-1", START_S, START_S + 1) == ()
    assert len(asked.about("w-2", START_S, START_S + 1)) == 2
