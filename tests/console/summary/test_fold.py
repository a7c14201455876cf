"""What a summary counts: only what both consents cover, only hours that somebody watched; nobody's name, no figure that
is not for them; what holds, holds for every house (hypothesis)."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alerts import words as alert_words
from alerts.happened import HappenedTo
from alerts.outcomes.events import What
from alerts.situation_events import SightLost
from alerts.views import Blind
from console.summary.facts import Audience, Minute, Wish, Written
from console.summary.fold import OWN_WORDS, Summary, fold
from console.summary.masked import TAKEN, Mask
from console.summary.rates import FEW
from console.summary.signs import Sign, signs
from console.summary.spans import common, holds, joined, lasting_s, without
from console.summary.told import when
from signals.features import NAMES as FEATURES
from signals.features import column
from tests.console.summary.kept import LONDON, SINCE_S, alert, at, minutes, month, outcome

FAMILY = Wish(audience=Audience.FAMILY)
HOURS = st.integers(0, 28 * 24)


def summed(wish: Wish = FAMILY, **changed: object) -> Summary:
    return fold(month(**changed), wish, name="Bea", zone=LONDON)


def spans(of: list[tuple[int, int]]) -> tuple[tuple[float, float], ...]:
    return joined((SINCE_S + 3600.0 * a, SINCE_S + 3600.0 * b) for a, b in of)


@given(st.lists(st.tuples(HOURS, HOURS), max_size=5), st.lists(st.tuples(HOURS, HOURS), max_size=5))
def test_spans_say_of_every_hour_what_the_sets_of_hours_say(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    mine, theirs = ({hour for a, b in each for hour in range(a, b)} for each in (one, other))
    for found, wanted in (
        (common(spans(one), spans(other)), mine & theirs),
        (without(spans(one), spans(other)), mine - theirs),
        (joined((*spans(one), *spans(other))), mine | theirs),
    ):
        assert {hour for hour in range(28 * 24) if holds(found, SINCE_S + 3600.0 * hour + 1)} == wanted
        assert lasting_s(found) == 3600 * len(wanted)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(HOURS, HOURS), max_size=3), st.sampled_from(list(Audience)))
def test_what_no_consent_covers_changes_nothing(covered: list[tuple[int, int]], audience: Audience) -> None:
    """As if it had never been: neither alerts, notes, hours nor what helped in them."""
    shared, facts = spans(covered), month()
    wish = Wish(audience=audience, notes=frozenset({1, 2}), own_words=True)
    begins = {it.alert_id: it.at_s for it in facts.events if hasattr(it, "probability")}
    inside = tuple(it for it in facts.events if holds(shared, _of(it, begins)) or isinstance(it, SightLost))
    lean = replace(
        facts,
        shared=shared,
        minutes=tuple(it for it in facts.minutes if holds(shared, it.at_s)),
        events=inside + tuple(it for it in facts.events if it not in inside and type(it).__name__ == "SightRegained"),
        notes=tuple(it for it in facts.notes if holds(shared, it.at_s)),
    )
    lean = replace(lean, events=tuple(sorted(lean.events, key=lambda it: it.at_s)))
    whole = fold(replace(facts, shared=shared), wish, name="Bea", zone=LONDON)
    assert whole == fold(lean, wish, name="Bea", zone=LONDON)
    assert all(holds(shared, it.at_s) for it in (*whole.told, *whole.notes))


def _of(event: HappenedTo, begins: dict[str, float]) -> float:
    alert_id = getattr(event, "alert_id", "")
    return begins.get(alert_id, getattr(event, "began_s", event.at_s))


def test_a_consent_to_share_alone_or_to_care_alone_covers_nothing() -> None:
    for facts in (month(cared=()), month(shared=())):
        found = fold(facts, Wish(audience=Audience.HEALTH, notes=frozenset({1})), name="Bea", zone=LONDON)
        assert found.hours.covered_s == 0
        assert (found.told, found.helped, found.notes, found.readings) == ((), (), (), ())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 90)), max_size=60))
def test_watched_and_not_watched_are_all_hours_and_no_minute_counts_twice(seen: list[tuple[int, float]]) -> None:
    kept = tuple(Minute(at_s=SINCE_S + 60 * number, known_s=known_s) for number, known_s in seen)
    hours = summed(minutes=kept).hours
    assert hours.watched_s <= 60 * len({number for number, known_s in seen if known_s > 0})
    assert math.isclose(hours.watched_s + hours.unwatched_s, hours.covered_s)
    told_s = sum(lasting for _, lasting in hours.blind) + hours.rest_s
    assert told_s <= hours.unwatched_s + 1e-6


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 28 * 24 - 1), max_size=12))
def test_hours_that_nobody_watched_are_in_no_rate(hours: list[int]) -> None:
    events = tuple(outcome(f"o-{n}", SINCE_S + 3600.0 * h, What.INCIDENT) for n, h in enumerate(hours))
    found = summed(events=events)
    watched = {it.at_s for it in month().minutes}
    counted = [h for h in hours if SINCE_S + 3600.0 * h in watched]
    assert len(found.hard) == len(hours)
    assert (
        found.overall.times == len(counted) == sum(it.times for it in found.parts) == sum(it.times for it in found.days)
    )
    assert math.isclose(sum(it.watched_s for it in found.parts), found.hours.watched_s)
    for it in (*found.parts, *found.days, found.overall):
        assert it.of_hours is None or (it.low is not None and it.high is not None and it.low <= it.of_hours <= it.high)
        assert len(counted) >= FEW or not it.stands_out
    assert len(counted) >= FEW or "too few to say" in when(found)


def test_what_is_spread_evenly_stands_out_nowhere_and_what_crowds_one_time_does() -> None:
    evenly = tuple(outcome(f"o-{n}", at(n % 4, 7.5 + n), What.INCIDENT) for n in range(14))
    assert not [it for it in (*summed(events=evenly).parts, *summed(events=evenly).days) if it.stands_out]
    crowded = summed()
    assert [it.name for it in crowded.parts if it.stands_out] == ["Evening, 18 to 22"]
    assert not [it for it in crowded.days if it.stands_out]


def test_of_outcomes_that_stand_in_for_each_other_the_last_holds() -> None:
    events = (
        *alert(1, at(1, 10), What.INCIDENT),
        outcome("o-9", at(1, 10), What.EXERCISE, alert_id="a-1", corrects="o-1"),
    )
    found = summed(events=events)
    assert found.ended_as == ((What.EXERCISE, 1),)
    assert found.hard == ()


def test_an_alert_raised_on_somebody_elses_readings_is_not_theirs() -> None:
    found = summed(events=alert(1, at(1, 10), What.INCIDENT, ("a walk",)), not_theirs=frozenset({"a-1"}))
    assert (found.told, found.helped, found.others_left_out) == ((), (), 1)


def test_why_nobody_watched_is_told_as_far_as_it_was_written_down() -> None:
    hours = summed().hours
    assert dict(hours.blind) == {Blind.NOT_WORN: 31 * 3600}
    assert math.isclose(hours.rest_s + 31 * 3600, hours.unwatched_s)


def test_minutes_that_are_kept_no_more_are_said_to_be() -> None:
    assert summed(kept_s=at(14, 0)).hours.kept_s == at(14, 0)
    assert summed().hours.kept_s is None


def test_figures_are_for_health_teams_alone() -> None:
    for audience in (Audience.FAMILY, Audience.SCHOOL):
        found = summed(Wish(audience=audience))
        assert found.readings == ()
        assert not any(it.pulses for it in found.told)
    health = summed(Wish(audience=Audience.HEALTH))
    assert [it.name for it in health.readings] == ["Sweat", "Pulse", "Skin", "Movement"]
    assert max(pulse for it in health.told for pulse in it.pulses) == 131


def test_words_of_ones_own_go_only_where_that_is_wished() -> None:
    assert [it.what for it in summed().helped] == ["Sit beside, not in front", "headphones", OWN_WORDS]
    own = summed(Wish(audience=Audience.FAMILY, own_words=True)).helped
    assert [it.what for it in own] == ["Sit beside, not in front", "headphones", f"{TAKEN} sang the train song"]
    assert [it.planned for it in own] == [True, False, False]
    assert (own[0].times, own[0].of, own[0].calm_after_s) == (8, 9, 480)


def test_the_plan_goes_without_names_and_its_writer_is_named_only_by_their_own_signature() -> None:
    plan = summed().plan
    assert plan is not None
    assert plan.helps[1] == f"Ask {TAKEN} for the blue headphones"
    assert plan.by == ""
    for signed, by in (("Jo Marsh", "Jo Marsh"), ("Sam", "")):
        found = summed(Wish(audience=Audience.FAMILY, signed=signed)).plan
        assert found is not None
        assert found.by == by


NAME = st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=2, max_size=8).map(str.title)


@settings(max_examples=150)
@given(
    st.lists(NAME, min_size=1, max_size=4),
    st.sampled_from(["{} sat there.", "with {}", "({})", "{}\N{RIGHT SINGLE QUOTATION MARK}s"]),
)
def test_no_name_is_left_in_what_is_written(names: list[str], said: str) -> None:
    name = " ".join(names)
    for other in (name, name.casefold() if name.isascii() else name):
        mask = Mask((name,), "Bea")
        left = mask.out_of(said.format(other)).replace(TAKEN, "").casefold()
        assert not re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", left), "a word may hold its letters"
        assert mask.taken >= 1


def test_ones_own_name_stays_also_where_somebody_else_has_it_too() -> None:
    assert Mask(("Bea Marsh",), "Bea").out_of("Bea likes Marsh mallows") == f"Bea likes {TAKEN} mallows"


def test_marks_that_turn_text_round_are_taken_out() -> None:
    assert Mask((), "Bea").out_of("a\u202eb\u2066c\nd") == "abc d"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_reason_of_an_alert_is_a_sign_that_is_known(data: st.DataObject) -> None:
    """A sentence of ``alerts.words`` that is not known here would be told as other signs."""
    names = ("sweat_level", "pulse", "variability", "cooling", "restlessness", "exertion", "repetition", "base")
    number = st.floats(-3, 3)
    features = data.draw(arrays(np.float64, len(FEATURES), elements=number))
    features[column("heart_rate_bpm")] = data.draw(st.floats(30, 220) | st.just(np.nan))
    drivers = data.draw(st.lists(number, min_size=len(names), max_size=len(names)))
    lasted = data.draw(st.lists(st.floats(0, 900), min_size=4, max_size=4))
    reasons = alert_words.reasons(features, drivers, names, lasted_s=lasted)
    assert Sign.OTHER not in signs(reasons), reasons


def test_a_reason_that_nobody_knows_is_never_shown() -> None:
    found = summed(events=alert(1, at(1, 10), reasons=("Heart at 171 bpm, xyzzy.",)))
    assert found.told[0].signs == {Sign.OTHER}
    assert "xyzzy" not in repr(found)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_clocks_that_are_changed_lose_no_hour(day: str) -> None:
    from datetime import date

    from console.day.times import day_of

    span = day_of(date.fromisoformat(day), LONDON)
    kept = tuple(Minute(at_s=span.since_s + 60 * i, known_s=60) for i in range(round(span.lasts_s / 60)))
    always = ((0.0, 1e11),)
    found = summed(since_s=span.since_s, until_s=span.until_s, minutes=kept, shared=always, cared=always, events=())
    assert found.hours.watched_s == span.lasts_s == sum(it.watched_s for it in found.parts)


def test_notes_go_without_names_and_only_those_that_were_chosen() -> None:
    found = summed(Wish(audience=Audience.SCHOOL, notes=frozenset({1, 99})))
    text = f"Fire alarm test at three. {TAKEN} stayed with her. <b>Loud</b>."
    assert found.notes == (Written(number=1, at_s=at(3, 15), text=text),)


def test_an_outcome_of_an_alert_before_the_days_is_not_told_as_a_hard_time_of_them() -> None:
    events = alert(1, SINCE_S - 600, What.INCIDENT)
    assert summed(events=events).told == ()
    assert summed(events=events, minutes=minutes(0, 7, 8)).overall.times == 0
