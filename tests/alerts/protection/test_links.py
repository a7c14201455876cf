"""Each link broken on purpose: what is said, how far somebody is protected, and which break explains the others."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from alerts.protection.breaks import ARRIVAL, RANK, TABLE, Break, Reach
from alerts.protection.cover import Level, Link
from alerts.protection.links import (
    BROKER_MAX_S,
    ENGINE_MAX_S,
    START_MAX_S,
    VIEW_MAX_S,
    Facts,
    Gateway,
    Late,
    broken,
    level_of,
)
from alerts.views import Blind, RiskState, Sight
from tests.alerts.protection.house import START_S, silent, tablet, whole, with_view

NOW_S = START_S


def blind(reason: Blind) -> Callable[[Facts], Facts]:
    return lambda facts: with_view(facts, sight=Sight(NOW_S - 20, reason))


def carers(facts: Facts, *names: str) -> Facts:
    return replace(facts, people=tuple(replace(each, carers=names) for each in facts.people))


def overdue(facts: Facts, *until_s: float) -> Facts:
    late = tuple(Late(carer=f"Jo{number or ''}", until_s=each) for number, each in enumerate(until_s))
    return replace(facts, people=tuple(replace(each, carers=(), late=late) for each in facts.people))


def no_tablet(facts: Facts, **changes: object) -> Facts:
    return replace(facts, tablets=(replace(tablet(facts.at_s, can_sound=False), **changes),))  # type: ignore[arg-type]


def away(facts: Facts) -> Facts:
    return silent(replace(facts, gateways={"garden": Gateway(online=False)}))


def deaf(facts: Facts) -> Facts:
    return silent(replace(facts, gateways={"garden": Gateway(online=True, deaf=True)}))


BREAKS: dict[Break, Callable[[Facts], Facts]] = {
    Break.NO_CONSENT: blind(Blind.NOT_RECORDING),
    Break.ENGINE_STOPPED: lambda facts: replace(facts, engine_s=NOW_S - ENGINE_MAX_S - 1),
    Break.DISK_HANGS: lambda facts: replace(facts, disk_hangs=True),
    Break.BROKER_AWAY: lambda facts: replace(facts, broker_lost_s=NOW_S - BROKER_MAX_S - 1),
    Break.GATEWAY_AWAY: away,
    Break.GATEWAY_DEAF: deaf,
    Break.BAND_NEVER: blind(Blind.NOT_HEARD),
    Break.BAND_SILENT: silent,
    Break.VIEW_OLD: lambda facts: with_view(facts, at_s=NOW_S - VIEW_MAX_S - 1),
    Break.NOT_WORN: blind(Blind.NOT_WORN),
    Break.POOR_SIGNAL: blind(Blind.POOR_SIGNAL),
    Break.OUT_OF_RANGE: blind(Blind.OUT_OF_RANGE),
    Break.LEARNING: blind(Blind.LEARNING),
    Break.NO_TABLET: lambda facts: replace(facts, tablets=()),
    Break.NOT_KEPT: lambda facts: replace(facts, not_kept="no space"),
    Break.NOT_STORED: lambda facts: replace(facts, not_stored="no space"),
    Break.SOME_MISSING: lambda facts: with_view(facts, missing=("sweat", "pulse")),
    Break.BATTERY_LOW: lambda facts: with_view(facts, battery_pct=15),
    Break.STANDBY: lambda facts: replace(facts, standby=True),
    Break.RESTING: lambda facts: with_view(facts, risk=RiskState.RESOLVED),
    Break.PUSH_ONLY: lambda facts: replace(no_tablet(facts), pushable={"Jo"}),
    Break.NOBODY_ON_SHIFT: carers,
    Break.STARTING: lambda facts: replace(facts, engine_s=None, started_s=NOW_S - START_MAX_S),
    Break.OVERDUE: lambda facts: overdue(facts, NOW_S - 3600),
}
OF_MANY = {Break.GATEWAY_QUIET, Break.BROKER_QUIET}


def test_where_nothing_is_broken_everybody_is_protected() -> None:
    found = broken(whole(people=3, gateway="garden"))
    assert set(found) == {"w-01", "w-02", "w-03"}
    assert all(theirs == () and level_of(theirs) is Level.PROTECTED for theirs in found.values())


@pytest.mark.parametrize("how", BREAKS, ids=lambda how: how.value)
def test_each_break_is_said_as_the_table_has_it(how: Break) -> None:
    theirs = broken(BREAKS[how](whole(gateway="garden")))["w-01"]
    said = theirs[0]
    assert said.how is how
    assert (said.link, level_of(theirs)) == (TABLE[how].link, TABLE[how].level)
    assert said.words
    assert "{" not in said.words
    assert said.since_s <= NOW_S


def test_every_break_of_the_table_is_broken_on_purpose_and_every_link_has_one() -> None:
    assert BREAKS.keys() | OF_MANY == TABLE.keys() == set(Break)
    assert {meaning.link for meaning in TABLE.values()} == set(Link)


def test_a_worse_break_is_always_said_before_a_lesser_one() -> None:
    levels = [TABLE[how].level for how in RANK]
    assert levels == sorted(levels, key=[Level.NOT, Level.PARTLY].index)
    assert all(TABLE[how].level is Level.NOT for how in ARRIVAL)


@pytest.mark.parametrize("worse", [how for how in BREAKS if TABLE[how].level is Level.NOT], ids=lambda how: how.value)
def test_a_lesser_break_never_hides_a_worse_one(worse: Break) -> None:
    facts = whole(gateway="garden")
    for how in BREAKS:
        if TABLE[how].level is Level.PARTLY and how is not Break.PUSH_ONLY:
            facts = BREAKS[how](facts)
    assert level_of(broken(BREAKS[worse](facts))["w-01"]) is Level.NOT


def test_a_dead_gateway_is_said_rather_than_ten_silent_bands() -> None:
    found = broken(away(whole(people=10, gateway="garden")))
    assert {theirs[0].words for theirs in found.values()} == {"Gateway garden is silent."}


def test_a_gateway_whose_bands_all_fall_silent_is_the_cause_before_it_is_known_to_be_away() -> None:
    facts = whole(people=3, gateway="garden")
    found = broken(silent(facts))
    assert {theirs[0].how for theirs in found.values()} == {Break.GATEWAY_QUIET}
    one = broken(silent(facts, "w-01"))
    assert one["w-01"][0].how is Break.BAND_SILENT
    assert one["w-02"] == ()


def test_a_band_that_was_put_away_does_not_make_a_gateway_or_the_broker_the_cause() -> None:
    for gateway in ("garden", None):
        facts = silent(whole(people=2, gateway=gateway), "w-01", since_s=NOW_S - 86_400)
        assert broken(silent(facts, "w-02"))["w-02"][0].how is Break.BAND_SILENT


def test_since_when_is_each_persons_own() -> None:
    facts = away(whole(people=2, gateway="garden"))
    facts = with_view(facts, "w-02", sight=Sight(NOW_S - 86_400, Blind.SILENT))
    found = broken(facts)
    assert [found[wearer][0].since_s for wearer in ("w-01", "w-02")] == [NOW_S - 10, NOW_S - 86_400]


def test_whoever_is_heard_by_another_gateway_is_not_lost_with_theirs() -> None:
    facts = replace(whole(gateway="garden"), gateways={"garden": Gateway(online=False)})
    assert broken(facts)["w-01"] == ()


def test_bands_that_publish_by_themselves_have_no_gateway_to_blame() -> None:
    facts = replace(whole(), gateways={"garden": Gateway(online=False)})
    assert broken(silent(facts))["w-01"][0].how is Break.BAND_SILENT


def test_where_nothing_arrives_by_any_way_the_broker_is_the_cause() -> None:
    facts = silent(whole(people=3))
    assert {theirs[0].how for theirs in broken(facts).values()} == {Break.BROKER_QUIET}


def test_a_broker_that_is_restarted_is_no_break_while_bands_are_heard() -> None:
    assert broken(replace(whole(), broker_lost_s=NOW_S - BROKER_MAX_S))["w-01"] == ()


def test_an_engine_that_never_said_that_it_runs_protects_nobody() -> None:
    assert broken(replace(whole(), engine_s=None))["w-01"][0].how is Break.ENGINE_STOPPED


def test_an_engine_that_has_not_said_yet_that_it_runs_is_starting_and_after_a_while_it_is_not() -> None:
    facts = replace(whole(), engine_s=None, started_s=NOW_S - START_MAX_S)
    assert [each.how for each in broken(facts)["w-01"]] == [Break.STARTING]
    for started_s in (NOW_S - START_MAX_S - 1, NOW_S + START_MAX_S + 1):
        assert broken(replace(facts, started_s=started_s))["w-01"][0].how is Break.ENGINE_STOPPED
    stopped = replace(facts, engine_s=NOW_S - ENGINE_MAX_S - 1)
    assert broken(stopped)["w-01"][0].how is Break.ENGINE_STOPPED


def test_a_carer_whose_shift_is_long_overdue_protects_only_partly_and_who_was_due_last_is_named() -> None:
    facts = overdue(whole(), NOW_S - 6.7 * 86_400, NOW_S - 3600)
    (found,) = broken(facts, clock=lambda at_s: f"+{at_s - NOW_S:.0f}")["w-01"]
    assert (found.how, found.level, found.since_s) == (Break.OVERDUE, Level.PARTLY, NOW_S - 3600)
    assert found.words == "Jo1's shift should have ended at +-3600, and nobody has taken over."
    facts = overdue(whole(), NOW_S - 6.7 * 86_400)
    assert "6 days ago, and nobody has taken over." in broken(facts)["w-01"][0].words
    (person,) = facts.people
    assert broken(replace(facts, people=(replace(person, carers=("Sam",)),)))["w-01"] == ()


def test_phones_of_carers_whose_shift_is_overdue_count_for_delivery_goes_to_them() -> None:
    facts = replace(no_tablet(overdue(whole(), NOW_S - 3600)), pushable={"Jo"})
    assert broken(facts)["w-01"][0].how is Break.PUSH_ONLY


def test_a_word_of_the_engine_that_lies_ahead_proves_nothing() -> None:
    facts = replace(whole(), engine_s=NOW_S + ENGINE_MAX_S + 1)
    assert broken(facts)["w-01"][0].how is Break.ENGINE_STOPPED


def test_phones_of_carers_on_shift_count_and_nobody_elses() -> None:
    facts = no_tablet(whole())
    assert level_of(broken(replace(facts, pushable={"Jo"}))["w-01"]) is Level.PARTLY
    assert level_of(broken(replace(facts, pushable={"Sam"}))["w-01"]) is Level.NOT
    assert level_of(broken(carers(replace(facts, pushable={"Jo"})))["w-01"]) is Level.NOT


def test_a_tablet_that_says_by_itself_that_somebody_gets_messages_protects_nobody() -> None:
    assert level_of(broken(no_tablet(whole(), push=True))["w-01"]) is Level.NOT


def test_why_no_tablet_can_sound_is_said() -> None:
    assert broken(no_tablet(whole()))["w-01"][0].words == "No tablet can sound. The board is not in front."
    assert broken(replace(whole(), tablets=()))["w-01"][0].words == "No tablet can sound. No board is open anywhere."


def test_what_concerns_one_person_names_nobody() -> None:
    for how, meaning in TABLE.items():
        assert ("{what}" in meaning.words) <= (
            meaning.reach is Reach.GATEWAY or how in (Break.BATTERY_LOW, Break.SOME_MISSING, Break.OVERDUE)
        )
