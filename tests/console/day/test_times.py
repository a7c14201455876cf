"""Days have the hours that a clock shows, whatever is done to it; no time is lost, none is there twice."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.day.times import HOUR_S, SHORTEST_S, Span, date_of, day_of, marks, moment_of, shown

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from(["Europe/London", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"])
DATES = st.dates(date(1990, 1, 1), date(2037, 1, 1))


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-11-19", 24)])
def test_a_day_has_as_many_hours_as_its_clocks_show(day: str, hours: int) -> None:
    assert day_of(date.fromisoformat(day), LONDON).lasts_s == hours * HOUR_S


def test_an_hour_that_is_there_twice_is_marked_twice_and_one_that_is_left_out_never() -> None:
    def said(day: str, part: int) -> list[str]:
        whole = day_of(date.fromisoformat(day), LONDON)
        return [it.said for it in marks(Span(since_s=whole.since_s, until_s=whole.since_s + part * HOUR_S), LONDON)]

    assert said("2025-10-26", 4) == ["00", "01", "01", "02"]
    assert said("2025-03-30", 4) == ["00", "02", "03", "04"]


@given(DATES, ZONES)
def test_days_follow_each_other_without_a_gap(day: date, zone: str) -> None:
    one, next_one = day_of(day, ZoneInfo(zone)), day_of(day + timedelta(days=1), ZoneInfo(zone))
    assert one.until_s == next_one.since_s
    assert 22 * HOUR_S < one.lasts_s < 26 * HOUR_S
    assert date_of(one.since_s, ZoneInfo(zone)) == day


@given(DATES, ZONES, st.floats(0, 1), st.floats(0, 1), st.floats(0, 2))
def test_what_is_drawn_holds_all_that_is_known_and_lies_in_the_day(
    day: date, zone: str, first: float, last: float, now: float
) -> None:
    whole = day_of(day, ZoneInfo(zone))
    low, high = sorted(whole.since_s + part * (whole.lasts_s - 1) for part in (first, last))
    span = shown(whole, (low, high), now_s=whole.since_s + now * whole.lasts_s)
    assert whole.since_s <= span.since_s <= low
    assert high <= span.until_s <= whole.until_s
    assert span.lasts_s >= min(SHORTEST_S, whole.lasts_s) - 1


def test_a_time_that_no_clock_shows_is_no_moment_of_that_day() -> None:
    assert moment_of(date(2025, 3, 30), "01:30", LONDON) is None
    assert moment_of(date(2025, 3, 30), "25:00", LONDON) is None
    at_s = moment_of(date(2025, 10, 26), "01:30", LONDON)
    assert at_s == day_of(date(2025, 10, 26), LONDON).since_s + 1.5 * HOUR_S
