"""What a band is asked for, and what is given up: never what is stored, never live, the oldest first."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.backfill import GONE_S, PATIENCE_S, RECORDS_MAX, VAIN_MAX, VAIN_S, Backfill, Request, Waits
from ingest.ble.dating import Dates
from ingest.ble.runs import Runs
from ingest.gatt.forecalm.control import TimeMark
from ingest.wire import Stored

ONE = frozenset({1})


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=30), st.integers(0, 70), st.integers(0, 70))
def test_runs_know_what_a_set_knows(added: list[tuple[int, int]], first: int, last: int) -> None:
    runs, known = Runs(), set()
    for low, length in added:
        runs.add(low, low + length)
        known |= set(range(low, low + length + 1))
    assert [n for a, b in runs.missing(first, last) for n in range(a, b + 1)] == [
        n for n in range(first, last + 1) if n not in known
    ]
    assert {n for n in range(80) if n in runs} == known
    assert runs.last == max(known, default=None)


def test_only_what_no_watermark_covers_and_nobody_here_has_is_asked_for() -> None:
    backfill = Backfill()
    backfill.keeps(1, 10, 100, 0.0)
    backfill.stored(Stored(v=1, boot=1, since=20, seq=50), 0.0)
    backfill.here(1, [(60, 69)])
    asked = []
    now_s = 0.0
    while (request := backfill.ask(now_s, live=(1, 100), timed=ONE)) is not None:
        asked.append((request.first, request.last))
        for seq in range(request.first, request.last + 1):
            assert backfill.hear(1, seq, now_s)
        now_s += 1.0
    assert asked == [(10, 19), (51, 59), (70, 99)]
    assert backfill.backlog(ONE) == (0, 0)


def test_what_is_live_comes_by_itself_and_a_hole_in_it_is_asked_for() -> None:
    backfill = Backfill()
    backfill.keeps(1, 0, 5, 0.0)
    assert backfill.ask(0.0, live=(1, 0), timed=ONE) is None
    for seq in (0, 1, 3):
        backfill.hear(1, seq, 1.0)
    assert backfill.ask(1.0, live=(1, 4), timed=ONE) == Request(1, 2, 2)


def test_a_record_that_comes_again_is_not_passed_on() -> None:
    backfill = Backfill()
    assert backfill.hear(1, 7, 0.0)
    assert not backfill.hear(1, 7, 0.0)
    assert backfill.hear(2, 7, 0.0)


def test_a_boot_that_cannot_be_dated_stays_in_the_band() -> None:
    backfill = Backfill()
    backfill.keeps(1, 0, 5, 0.0)
    assert backfill.ask(0.0, live=None, timed=frozenset()) is None


def test_requests_are_short_and_a_lost_answer_is_asked_for_again() -> None:
    backfill = Backfill()
    backfill.keeps(1, 0, 1000, 0.0)
    request = backfill.ask(0.0, live=None, timed=ONE)
    assert request == Request(1, 0, RECORDS_MAX - 1)
    backfill.hear(1, 0, 0.5)
    assert backfill.ask(1.0, live=None, timed=ONE) is None
    assert backfill.ask(1.0 + PATIENCE_S, live=None, timed=ONE) == Request(1, 1, RECORDS_MAX)


def test_a_band_that_never_gives_what_it_says_it_has_is_not_asked_for_ever() -> None:
    backfill, now_s, asked = Backfill(), 0.0, 0
    backfill.keeps(1, 0, 10, 0.0)
    while now_s < 10 * VAIN_S:
        asked += backfill.ask(now_s, live=None, timed=ONE) is not None
        now_s += PATIENCE_S
    assert asked <= 10 * (VAIN_MAX + 1)


def test_a_hole_in_a_bands_memory_keeps_nothing_back_that_lies_behind_it() -> None:
    backfill, fetched, now_s = Backfill(), set[int](), 0.0
    kept = {*range(10), *range(10 + 2 * RECORDS_MAX, 10 + 4 * RECORDS_MAX)}
    backfill.keeps(1, 0, max(kept) + 1, 0.0)
    while now_s < VAIN_S:
        if (request := backfill.ask(now_s, live=None, timed=ONE)) is not None:
            for seq in sorted(kept & set(range(request.first, request.last + 1))):
                backfill.hear(1, seq, now_s)
                fetched.add(seq)
            backfill.finished()
        now_s += 0.5
    assert fetched == kept


def test_a_finished_answer_is_followed_up_at_once() -> None:
    backfill = Backfill()
    backfill.keeps(1, 0, 3, 0.0)
    backfill.ask(0.0, live=None, timed=ONE)
    backfill.hear(1, 0, 0.0)
    backfill.finished()
    assert backfill.ask(0.1, live=None, timed=ONE) == Request(1, 1, 2)


def test_what_the_band_has_let_go_of_is_declared_lost_once_and_not_at_once() -> None:
    backfill = Backfill()
    backfill.stored(Stored(v=1, boot=1, since=0, seq=50), 0.0)
    backfill.keeps(1, 100, 120, 0.0)
    assert backfill.lost(1, 120, 1.0) is None, "another gateway may yet send it"
    backfill.keeps(1, 100, 180, GONE_S)
    assert backfill.lost(1, 99, GONE_S) is None, "only with what comes after it"
    assert backfill.lost(1, 180, GONE_S) == (51, 99)
    assert backfill.lost(1, 181, GONE_S) is None


def test_how_long_a_number_is_waited_for_goes_on_from_one_link_to_the_next() -> None:
    waits: Waits = {}
    for link, now_s in enumerate((0.0, 0.4 * GONE_S, 0.9 * GONE_S)):
        backfill = Backfill(waits)
        backfill.stored(Stored(v=1, boot=1, since=0, seq=50), now_s)
        backfill.keeps(1, 100 + link, 120 + link, now_s)
        assert backfill.lost(1, 120, now_s) is None
    assert backfill.lost(1, 121, GONE_S) == (51, 101)
    backfill.stored(Stored(v=1, boot=1, since=0, seq=70), GONE_S)
    assert backfill.lost(1, 121, GONE_S) is None, "another gateway came back, and sends what it kept"


def test_nothing_is_lost_that_was_stored_meanwhile_or_is_here() -> None:
    backfill = Backfill()
    backfill.stored(Stored(v=1, boot=1, since=0, seq=50), 0.0)
    backfill.here(1, [(51, 99)])
    backfill.keeps(1, 100, 120, 0.0)
    assert backfill.lost(1, 120, 10 * GONE_S) is None
    other = Backfill()
    other.stored(Stored(v=1, boot=1, since=0, seq=50), 0.0)
    other.keeps(1, 100, 120, 0.0)
    other.stored(Stored(v=1, boot=1, since=0, seq=110), 1.0)
    assert other.lost(1, 120, 10 * GONE_S) is None


@given(st.integers(0, 1000), st.floats(0.0, 0.5))
def test_everything_comes_in_the_end_however_much_the_radio_loses(seed: int, loss: float) -> None:
    luck = random.Random(seed)
    backfill, got, now_s = Backfill(), set(), 0.0
    for step in range(600):
        now_s += 1.0
        backfill.keeps(1, 0, min(step, 200), now_s)
        if step < 200 and luck.random() >= loss and backfill.hear(1, step, now_s):
            got.add(step)
        request = backfill.ask(now_s, live=(1, min(step + 1, 200)), timed=ONE)
        if request is not None:
            for seq in range(request.first, request.last + 1):
                if luck.random() >= loss / 2 and backfill.hear(1, seq, now_s):
                    got.add(seq)
            backfill.finished()
    assert got == set(range(200))


def _mark(boot: int, tick_s: float, utc_s: float, error_us: int = 0) -> TimeMark:
    return TimeMark(boot, round(tick_s * 1e6), round(utc_s * 1e6), error_us)


def test_a_record_of_an_earlier_boot_is_dated_by_the_mark_that_a_gateway_left() -> None:
    dates = Dates((_mark(3, 100, 5000), _mark(4, 10, 9000)))
    assert dates.boots == {3, 4}
    assert dates.heard_us(3, 160_000_000) == 5_060_000_000
    assert dates.heard_us(5, 0) is None


def test_two_marks_tell_a_bands_drift() -> None:
    dates = Dates((_mark(1, 0, 10_000),))
    dates.take(_mark(1, 36_000, 46_001.8))
    assert dates.heard_us(1, 18_000_000_000) == 28_000_900_000


def test_a_mark_that_contradicts_the_newest_is_not_believed() -> None:
    dates = Dates((_mark(1, 0, 1),))
    dates.take(_mark(1, 36_000, 50_000))
    assert dates.heard_us(1, 18_000_000_000) == 32_000_000_000
