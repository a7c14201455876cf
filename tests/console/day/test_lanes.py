"""What nobody could see is hatched and never looks calm."""

import re

from hypothesis import given
from hypothesis import strategies as st

from console.day.lanes import HIGH, WIDE, lanes, signs, unseen, watched_s
from console.day.times import Span
from tests.console.day.days import minutes

SPAN = Span(since_s=0.0, until_s=8 * 3600.0)
VALUES = st.lists(st.none() | st.floats(0, 1), max_size=480)


@given(VALUES)
def test_every_minute_is_either_drawn_or_hatched(values: list[float | None]) -> None:
    found = unseen(minutes(0.0, values), SPAN, now_s=SPAN.until_s)
    for minute in range(480):
        at_s = 60.0 * minute
        hatched = any(it.since_s <= at_s < it.until_s for it in found)
        assert hatched == (minute >= len(values) or values[minute] is None)


@given(VALUES)
def test_a_drawing_stays_in_its_box(values: list[float | None]) -> None:
    read = minutes(0.0, values)
    for lane in (signs(read, SPAN, now_s=SPAN.until_s), *lanes(read, SPAN, now_s=SPAN.until_s)):
        for x, y in re.findall(r"[ML](\d+) (-?\d+)", lane.ink):
            assert 0 <= int(x) <= WIDE
            assert 0 <= int(y) <= HIGH


def test_what_is_to_come_is_not_hatched() -> None:
    read = minutes(0.0, [0.1] * 60)
    assert unseen(read, SPAN, now_s=3600.0) == ()
    assert unseen(read, SPAN, now_s=3720.0) == ()  # a minute is written when it has ended
    (gap,) = unseen(read, SPAN, now_s=7200.0)
    assert (gap.since_s, gap.until_s) == (3600.0, 7200.0)


def test_what_was_measured_long_ago_is_not_how_it_is_now() -> None:
    read = minutes(0.0, [0.8] * 60)
    assert signs(read, SPAN, now_s=3600.0).value == "High"
    assert signs(read, SPAN, now_s=7200.0).value == ""
    assert [lane.name for lane in lanes(read, SPAN, now_s=0.0)] == ["Sweat", "Pulse"]
    assert watched_s(read) == 3600.0
