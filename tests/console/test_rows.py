"""Every state and every combination of a wearer, and what the board says of it."""

import math
from dataclasses import replace
from itertools import product
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.views import TREND_LENGTH, AlertView, Blind, RiskState, Sight, WearerView
from console.clock import clock_time
from console.losses import STALE_S, Cover
from console.rows import Row, initials, row_of, tally_of
from console.trend import trend_of

LONDON = ZoneInfo("Europe/London")
NOW_S = 1_763_562_728.0  # 14:32:08 in London
EVERY = list(product(RiskState, [None, *Blind]))


def alert(*, by: str | None = None) -> AlertView:
    taken_s = NOW_S - 480 if by else None
    reasons = ("Sweat rising for 6 min.", "Pulse 18 above usual.")
    return AlertView("w1-1", "w1", NOW_S - 68, 0.8, reasons, "policy-1", by, taken_s)


def view(
    risk: RiskState = RiskState.WATCHING,
    blind: Blind | None = None,
    *,
    since_s: float = NOW_S - 660,
    age_s: float = 1.0,
) -> WearerView:
    by = "Jo" if risk in (RiskState.ACKNOWLEDGED, RiskState.RESOLVED) else None
    return WearerView(
        wearer="w1",
        at_s=NOW_S - age_s,
        risk=risk,
        risk_since_s=NOW_S - 250,
        sight=Sight(since_s, blind),
        probability=None if blind else 0.3,
        trend=(0.1,) * TREND_LENGTH,
        why=("First sentence.", "Second sentence.", "Third."),
        learnt=0.4,
        battery_pct=80,
        alert=None if risk in (RiskState.WATCHING, RiskState.RISING) else alert(by=by),
    )


def shown(view: WearerView, *, name: str = "Bea") -> Row:
    return row_of(view, name=name, zone=LONDON, now_s=NOW_S)


@pytest.mark.parametrize(
    ("risk", "blind", "row"),
    [
        (RiskState.WATCHING, None, ("calm", "ok", "protected", "calm", "Calm")),
        (RiskState.RISING, None, ("rising", "ok", "protected", "rising", "Rising for 4 min")),
        (RiskState.ALERTING, None, ("alert", "ok", "protected", "alert", "Sweat rising for 6 min.")),
        (RiskState.ACKNOWLEDGED, None, ("held", "ok", "protected", "held", "Jo has it since 14:24")),
        (RiskState.RESOLVED, None, ("calm", "partly", "partly", "calm", "Signs over since 14:27")),
        (RiskState.WATCHING, Blind.NOT_HEARD, ("unknown", "none", "not", "cannot", "Not heard yet")),
        (RiskState.WATCHING, Blind.SILENT, ("unknown", "none", "not", "unprotected", "Not protected since 14:21")),
        (RiskState.WATCHING, Blind.NOT_WORN, ("unknown", "none", "not", "bandoff", "Band off since 14:21")),
        (
            RiskState.WATCHING,
            Blind.POOR_SIGNAL,
            ("unknown", "partly", "cannot tell", "cannot", "Cannot tell since 14:21"),
        ),
        (RiskState.WATCHING, Blind.LEARNING, ("unknown", "partly", "cannot tell", "cannot", "Getting to know Bea")),
        (
            RiskState.WATCHING,
            Blind.OUT_OF_RANGE,
            ("unknown", "partly", "cannot tell", "cannot", "Cannot tell since 14:21"),
        ),
        (RiskState.WATCHING, Blind.NOT_RECORDING, ("unknown", "none", "not", "notrecording", "Not recording")),
        (RiskState.RISING, Blind.NOT_RECORDING, ("rising", "none", "not", "rising", "Was rising. Not recording.")),
        (RiskState.ALERTING, Blind.NOT_RECORDING, ("alert", "none", "not", "alert", "Not recording. The alert stays.")),
        (RiskState.ACKNOWLEDGED, Blind.NOT_RECORDING, ("held", "none", "not", "held", "Jo has it since 14:24")),
        (RiskState.RESOLVED, Blind.SILENT, ("unknown", "none", "not", "unprotected", "Not protected since 14:21")),
        (RiskState.RISING, Blind.SILENT, ("rising", "none", "not", "rising", "Was rising. Signal lost 14:21.")),
        (
            RiskState.RISING,
            Blind.POOR_SIGNAL,
            ("rising", "partly", "cannot tell", "rising", "Was rising. Signal poor since 14:21."),
        ),
        (RiskState.ALERTING, Blind.SILENT, ("alert", "none", "not", "alert", "Signal lost 14:21. The alert stays.")),
        (
            RiskState.ALERTING,
            Blind.NOT_WORN,
            ("alert", "none", "not", "alert", "Band came off at 14:21. The alert stays."),
        ),
        (RiskState.ACKNOWLEDGED, Blind.SILENT, ("held", "none", "not", "held", "Jo has it since 14:24")),
    ],
)
def test_a_state_has_its_fill_its_line_its_shape_and_its_word(
    risk: RiskState, blind: Blind | None, row: tuple[str, ...]
) -> None:
    it = shown(view(risk, blind))
    assert (it.risk, it.watch, it.cover, it.glyph, it.word) == row


def test_what_somebody_said_is_over_is_not_said_of_signs_that_may_stand() -> None:
    over = view(RiskState.RESOLVED)
    assert over.alert is not None
    said = replace(over, alert=replace(over.alert, resolved_by="Jo"))
    assert shown(said).word == "Jo said at 14:27 that it is over"


@pytest.mark.parametrize(("risk", "blind"), EVERY)
def test_lost_sight_never_changes_how_an_alert_or_whoever_has_it_is_shown(risk: RiskState, blind: Blind | None) -> None:
    seen, it = shown(view(risk)), shown(view(risk, blind))
    if risk in (RiskState.ALERTING, RiskState.ACKNOWLEDGED, RiskState.RISING):
        assert (it.risk, it.badge, it.lead, it.hands, it.alert_id) == (
            seen.risk,
            seen.badge,
            seen.lead,
            seen.hands,
            seen.alert_id,
        )
    assert blind is None or (it.watch != "ok" and it.cover in ("cannot tell", "not") and it.risk != "calm")
    assert it.word
    assert it.why


@pytest.mark.parametrize(("risk", "blind"), EVERY)
def test_a_view_that_nobody_renews_is_no_sight_whatever_it_says(risk: RiskState, blind: Blind | None) -> None:
    stale = shown(view(risk, blind, age_s=STALE_S + 1))
    assert (stale.watch, stale.cover) == ("none", "not")
    assert stale.risk != "calm"
    assert stale.trend.now is None


@pytest.mark.parametrize(("risk", "blind"), EVERY)
def test_an_alert_sounds_until_it_is_taken_and_lost_protection_sounds_otherwise(
    risk: RiskState, blind: Blind | None
) -> None:
    lost = "lost" if blind in (Blind.SILENT, Blind.NOT_WORN) else "notice" if blind is Blind.NOT_RECORDING else ""
    assert shown(view(risk, blind)).sounds == ("alert" if risk is RiskState.ALERTING else lost)


def test_somebody_who_was_not_watched_before_either_is_not_recorded_in_silence() -> None:
    never = replace(view(blind=Blind.NOT_RECORDING), trend=(None,) * TREND_LENGTH)
    assert shown(never).sounds == ""
    assert shown(replace(never, trend=(*never.trend[1:], 0.1))).sounds == "notice"


def test_an_alert_says_when_and_why_and_can_be_taken() -> None:
    it = shown(view(RiskState.ALERTING))
    assert (it.lead, it.alert_id) == ("may need you now", "w1-1")
    assert it.why == "Alert 14:31, 1 min ago. Pulse 18 above usual."


def test_an_alert_whose_signal_is_lost_still_says_why_it_was_raised() -> None:
    assert shown(view(RiskState.ALERTING, Blind.SILENT)).why == "Alert 14:31, 1 min ago. Sweat rising for 6 min."


def test_an_alert_without_reasons_still_has_words() -> None:
    bare = replace(view(RiskState.ALERTING), why=(), alert=replace(alert(), reasons=()))
    assert shown(bare).word == "Signs as they come before a hard time."


def test_who_has_somebody_is_named_in_the_hands_and_on_the_line() -> None:
    it = shown(view(RiskState.ACKNOWLEDGED))
    assert (it.hands, it.badge, it.alert_id) == ("Jo has it", "Jo", "")


def test_somebody_whose_usual_is_being_learnt_is_said_to_be_without_alerts() -> None:
    assert shown(view(blind=Blind.LEARNING)).why == "No alert can come yet. First sentence. Second sentence."


def test_somebody_who_is_not_recorded_is_said_to_be_without_alerts_and_since_when_nobody_can_see() -> None:
    it = shown(replace(view(blind=Blind.NOT_RECORDING), why=()))
    assert it.why == "No consent: nothing is kept, and no alert can come. Nobody can see since 14:21."
    assert it.signal == "Not recording"


def test_a_low_battery_makes_calm_partly_protected() -> None:
    it = shown(replace(view(), battery_pct=11))
    assert (it.word, it.watch, it.cover) == ("Calm, partly protected", "partly", "partly")
    assert it.why.startswith("Band battery 11 %")


def test_a_low_battery_takes_nothing_from_an_alert() -> None:
    it = shown(replace(view(RiskState.ALERTING), battery_pct=11))
    assert (it.risk, it.word, it.watch) == ("alert", "Sweat rising for 6 min.", "partly")
    assert it.why.endswith("Band battery 11 %: charge it soon.")


def test_an_unknown_battery_is_said_to_be_unknown() -> None:
    assert shown(replace(view(), battery_pct=None)).battery == "Battery unknown"


def test_what_began_on_another_day_says_which() -> None:
    assert shown(view(blind=Blind.SILENT, since_s=NOW_S - 86_400)).word == "Not protected since Tue 14:32"


@pytest.mark.parametrize("at_s", [1e308, -1e308, 1e12, math.inf, math.nan])
def test_a_time_that_no_calendar_has_is_a_question_and_no_error(at_s: float) -> None:
    assert clock_time(at_s, zone=ZoneInfo("Asia/Tokyo"), now_s=NOW_S) == "?"


def test_clock_times_are_the_sites() -> None:
    assert clock_time(NOW_S, zone=ZoneInfo("Asia/Tokyo"), now_s=NOW_S) == "23:32"


@pytest.mark.parametrize(("name", "letters"), [("Jo", "Jo"), ("Maryam", "Ma"), ("sam okafor", "SO"), ("", "")])
def test_initials_are_two_letters_at_most(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_tally_counts_nobody_as_protected_whom_no_alert_could_reach() -> None:
    low = replace(view(), battery_pct=5)
    views = [view(), view(RiskState.ALERTING), low, view(blind=Blind.LEARNING), view(blind=Blind.SILENT)]
    tally = tally_of([shown(it) for it in views])
    assert (tally.protected, tally.rest) == ("2 of 5 protected", "1 partly, 1 cannot tell, 1 not")


def test_a_house_at_peace_says_so_and_one_with_an_alert_does_not() -> None:
    calm, alerting, rising = (shown(view(risk)) for risk in (RiskState.WATCHING, RiskState.ALERTING, RiskState.RISING))
    assert tally_of([calm, calm]).rest == "nobody rising"
    assert tally_of([calm, alerting]).rest == "1 may need you"
    assert tally_of([calm, rising]).rest == "1 rising"
    assert (tally_of([]).protected, tally_of([]).rest) == ("Nobody is paired yet", "so nobody is watched")


def test_alerts_that_a_restart_would_forget_are_said_beside_the_tally() -> None:
    calm = shown(view(RiskState.WATCHING))
    tally = tally_of([calm], kept=False)
    assert tally.protected == "All 1 protected"
    assert "restart" in tally.rest


@given(st.lists(st.sampled_from(EVERY), max_size=8))
def test_everybody_is_counted_once(states: list[tuple[RiskState, Blind | None]]) -> None:
    rows = [shown(view(risk, blind)) for risk, blind in states]
    counted = sum(row.cover == cover for row in rows for cover in get_args(Cover))
    assert counted == len(rows)


TREND = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=TREND_LENGTH, max_size=TREND_LENGTH)


@settings(max_examples=50)
@given(TREND)
def test_the_trend_draws_what_is_known_and_hatches_the_rest(values: list[float | None]) -> None:
    it = trend_of(values, filled=False, blind=False, age_s=0)
    pieces = it.ink.split("M")[1:]
    drawn = sum(piece.count("L") + 1 for piece in pieces)
    assert drawn == sum(value is not None for value in values)
    share = sum(width for _, width in it.unseen)
    missing = sum(value is None for value in values) - sum(value is None for value in (values[0], values[-1])) / 2
    assert share == pytest.approx(missing / (TREND_LENGTH - 1) * 100, abs=0.06 * len(it.unseen))  # each is rounded
    assert (it.now is None) == (values[-1] is None)


@settings(max_examples=50)
@given(TREND, st.floats(0, 4000))
def test_what_nobody_could_see_is_hatched_even_before_the_trend_says_so(
    values: list[float | None], age_s: float
) -> None:
    it = trend_of(values, filled=True, blind=True, age_s=age_s)
    left, width = it.unseen[-1]
    assert left + width == pytest.approx(100, abs=0.2)
    assert width >= min(age_s / 20, TREND_LENGTH - 1) / (TREND_LENGTH - 1) * 100 - 0.7  # half a step
    assert it.now is None
