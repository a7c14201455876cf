"""Breaks are shown at once, recovery when it has held; staff are told once of what lasts."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.rules import PROTECTION_GRACE_S as GRACE_S
from alerts.errors import JournalError
from alerts.journal import Scratch
from alerts.protection.breaks import severity
from alerts.protection.cover import Level, Link
from alerts.protection.damping import FLAPS_MIN, HOLD_S, SHARE, WINDOW_S, Damped
from alerts.protection.events import CoverChanged
from alerts.protection.links import Facts, Gateway, broken, level_of
from alerts.protection.watch import APART_MOST, BACK, ELSE, SETTLE_S
from alerts.views import Blind, Sight
from tests.alerts.protection.house import START_S, Shift, silent, tablet, whole, with_view


def blind(reason: Blind) -> Callable[[Facts], Facts]:
    return lambda facts: with_view(facts, sight=Sight(START_S, reason))


def deaf_tablets(facts: Facts) -> Facts:
    return replace(facts, tablets=(tablet(facts.at_s, can_sound=False),))


def several(facts: Facts, wearers: list[str]) -> Facts:
    """Bands that stopped each in its own time."""
    for number, wearer in enumerate(wearers):
        facts = with_view(facts, wearer, sight=Sight(START_S + 30.0 + number, Blind.NOT_WORN))
    return facts


def dead_gateway(facts: Facts) -> Facts:
    away = replace(facts, gateways={"garden": Gateway(online=False)})
    return silent(away, since_s=START_S + 20)


def test_a_break_is_shown_in_the_tick_that_sees_it() -> None:
    shift = Shift()
    assert shift.go(30).level is Level.PROTECTED
    cover = shift.go(1, silent)
    assert (cover.level, cover.link, cover.why) == (Level.NOT, Link.BAND, "The band is silent.")
    assert cover.since_s == shift.now_s - 10


def test_recovery_is_believed_only_after_it_has_held() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(5, silent)
    assert shift.go(int(HOLD_S)).level is Level.NOT
    cover = shift.go(1)
    assert (cover.level, cover.link, cover.why, cover.since_s) == (Level.PROTECTED, None, "", shift.now_s)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=400))
def test_what_is_shown_is_never_better_than_what_is_so(severities: list[int]) -> None:
    damped = Damped()
    for at_s, now in enumerate(severities):
        assert damped.believe(now, float(at_s)) >= now


@given(st.lists(st.integers(0, 2), max_size=200), st.integers(0, 2))
def test_what_has_been_so_for_the_whole_window_is_what_is_shown(before: list[int], then: int) -> None:
    damped = Damped()
    for at_s, now in enumerate(before):
        damped.believe(now, float(at_s))
    shown = [damped.believe(then, len(before) + float(step)) for step in range(int(WINDOW_S + HOLD_S) + 2)]
    assert shown[-1] == then


def test_a_link_that_flaps_counts_as_broken_throughout_and_is_told_once() -> None:
    shift = Shift()
    shift.go(60)
    for _ in range(FLAPS_MIN):
        shift.go(20, silent)
        shift.go(20)
    shown = set()
    for _ in range(12):
        shown |= {shift.go(1, silent).level for _ in range(15)} | {shift.go(1).level for _ in range(25)}
    assert shown == {Level.NOT}
    assert SHARE < 15 / 40
    assert len(shift.told) == 1
    assert shift.over == []


def test_a_blip_now_and_then_is_shown_and_told_to_nobody() -> None:
    shift = Shift()
    levels = set()
    for _ in range(20):
        levels.add(shift.go(60).level)
        levels.add(shift.go(3, silent).level)
    assert levels == {Level.PROTECTED, Level.NOT}
    assert shift.told == []


def test_nobody_is_told_of_what_is_over_while_that_is_not_believed_yet() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(GRACE_S) - 5, silent)
    assert shift.go(int(HOLD_S) - 1).level is Level.NOT
    shift.go(60)
    assert shift.told == []


def test_staff_are_told_once_of_what_lasts_longer_than_the_grace_and_when_it_is_over() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(GRACE_S), silent)
    assert shift.told == []
    shift.go(600, lambda facts: silent(facts, since_s=START_S + 20))
    (matter,) = shift.told
    assert (matter.kind, matter.priority, matter.wearer) == (Kind.PROTECTION, Priority.MEDIUM, "w-01")
    assert matter.words == ("Not protected since +21 s.", "The band is silent.")
    assert shift.watch.notices() == (matter,)
    shift.go(int(HOLD_S) + 1)
    assert shift.over == [matter.matter_id]
    assert shift.watch.notices() == ()


def test_one_dead_gateway_is_one_notice_that_says_how_many_and_not_ten() -> None:
    shift = Shift(people=10)
    shift.go(30, gateway="garden")
    shift.go(int(3 * GRACE_S), dead_gateway, gateway="garden")
    (matter,) = shift.told
    assert matter.words == (
        "10 people not protected since +20 s.",
        "Gateway garden is silent.",
    )
    assert matter.wearer == ""


def test_bands_that_fall_silent_one_by_one_are_a_few_notices_that_say_how_many_and_nobody_is_forgotten() -> None:
    shift = Shift(people=60)
    shift.go(30)
    for number in range(1, 61):
        gone = [f"w-{each:02d}" for each in range(1, number + 1)]
        shift.go(1, lambda facts, gone=gone: several(facts, gone))  # type: ignore[misc]
    shift.go(int(2 * GRACE_S), lambda facts: several(facts, [f"w-{each:02d}" for each in range(1, 61)]))
    assert len(shift.told) <= 2 * APART_MOST
    assert [matter.words[0].split(" since")[0] for matter in shift.told][:APART_MOST] == ["Not protected"] * APART_MOST
    many = [int(matter.words[0].split()[0]) for matter in shift.told[APART_MOST:]]
    assert APART_MOST + sum(many) == 60
    assert shift.told[-1].since_s <= shift.now_s - GRACE_S


def test_bands_that_are_silent_before_their_gateway_is_known_to_be_are_not_told_twice() -> None:
    shift = Shift(people=2)
    shift.go(30, gateway="garden")
    shift.go(int(GRACE_S) + 5, lambda facts: silent(facts, "w-01"), gateway="garden")
    assert [matter.wearer for matter in shift.told] == ["w-01"]
    shift.go(int(3 * GRACE_S), dead_gateway, gateway="garden")
    assert [matter.wearer for matter in shift.told] == ["w-01", "w-02"]
    assert shift.told[1].words[1] == "Gateway garden is silent."


def test_somebody_who_stays_away_when_the_gateway_is_back_is_told_of_by_themselves() -> None:
    shift = Shift(people=3)
    shift.go(30, gateway="garden")
    shift.go(int(2 * GRACE_S), dead_gateway, gateway="garden")
    shift.go(int(2 * GRACE_S), lambda facts: silent(facts, "w-02"), gateway="garden")
    assert [(matter.wearer, matter.words[1]) for matter in shift.told] == [
        ("", "Gateway garden is silent."),
        ("w-02", "The band is silent."),
    ]
    assert shift.over == [shift.told[0].matter_id]


def test_a_decision_that_people_took_is_shown_and_told_to_nobody() -> None:
    shift = Shift()
    cover = shift.go(4_000, blind(Blind.NOT_RECORDING))
    assert (cover.level, cover.link) == (Level.NOT, Link.CONSENT)
    assert shift.told == []


def test_a_band_that_never_sent_is_not_protected_and_told() -> None:
    shift = Shift()
    cover = shift.go(1, blind(Blind.NOT_HEARD))
    assert (cover.level, cover.link) == (Level.NOT, Link.BAND)
    shift.go(int(GRACE_S) + 1, blind(Blind.NOT_HEARD))
    assert len(shift.told) == 1


def test_another_break_of_somebody_whose_first_was_told_is_told_too() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(2 * GRACE_S), blind(Blind.NOT_WORN))
    shift.go(int(2 * GRACE_S), deaf_tablets)
    assert [matter.words[1].split(".")[0] for matter in shift.told] == ["The band is off", "No tablet can sound"]
    assert shift.because == [ELSE]
    shift.go(int(HOLD_S) + 1)
    assert shift.because == [ELSE, BACK]


def test_nobody_is_told_again_of_what_comes_back_before_protection_does() -> None:
    shift = Shift()
    shift.go(30)
    for how in (blind(Blind.NOT_WORN), silent, blind(Blind.NOT_WORN), silent):
        shift.go(int(2 * GRACE_S) + 1, how)
    assert [matter.words[1] for matter in shift.told] == ["The band is off.", "The band is silent."]


def test_somebody_whose_reason_changes_again_and_again_is_told_of_all_the_same() -> None:
    shift = Shift()
    shift.go(30)
    for how in (blind(Blind.NOT_WORN), silent, blind(Blind.NOT_WORN), silent):
        shift.go(int(GRACE_S) - 20, how)
    assert len(shift.told) == 1


def test_what_gets_worse_is_told_again() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(2 * GRACE_S), lambda facts: replace(deaf_tablets(facts), pushable={"Jo"}))
    shift.go(int(2 * GRACE_S), deaf_tablets)
    assert [matter.priority for matter in shift.told] == [Priority.LOW, Priority.MEDIUM]


def test_a_lesser_break_does_not_rename_the_worse_one_that_is_not_over_yet() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(5, silent)
    cover = shift.go(5, lambda facts: with_view(facts, battery_pct=5))
    assert (cover.level, cover.link, cover.why) == (Level.NOT, Link.BAND, "The band is silent.")
    cover = shift.go(int(HOLD_S), lambda facts: with_view(facts, battery_pct=5))
    assert (cover.level, cover.why) == (Level.PARTLY, "Band battery 5 %: charge it soon.")


def test_nobody_is_sent_a_notice_while_everything_is_still_starting() -> None:
    shift = Shift(grace_s=0.0)
    shift.go(int(SETTLE_S), blind(Blind.NOT_HEARD))
    assert shift.told == []
    shift.go(1, blind(Blind.NOT_HEARD))
    assert len(shift.told) == 1


def test_since_when_survives_a_restart() -> None:
    shift = Shift()
    shift.go(30)
    before = shift.go(30, silent)
    again = shift.again()
    cover = again.go(1, blind(Blind.NOT_HEARD))
    assert (cover.level, cover.since_s) == (Level.NOT, before.since_s)


def test_who_was_told_before_a_restart_is_not_told_again() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(2 * GRACE_S), silent)
    (matter,) = shift.told
    shift.proofs = {matter.matter_id: "Sam told 14:03."}
    again = shift.again()
    cover = again.go(int(3 * GRACE_S), blind(Blind.NOT_HEARD))
    assert again.told == []
    assert cover.told == "Sam told 14:03."
    again.go(int(HOLD_S) + 1)
    assert again.over == [matter.matter_id]


def test_who_was_told_stands_on_the_cover() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(2 * GRACE_S), silent)
    assert shift.watch.covers()["w-01"].told == ""
    shift.proofs[shift.told[0].matter_id] = "Sam told 14:03."
    assert shift.go(1, silent).told == "Sam told 14:03."


def test_changes_are_journalled_once() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(30, silent)
    shift.go(60)
    events = [event for event in shift.journal.history if isinstance(event, CoverChanged)]
    assert [(event.level, event.link) for event in events] == [
        (Level.PROTECTED, None),
        (Level.NOT, Link.BAND),
        (Level.PROTECTED, None),
    ]


class Full(Scratch):
    """A disk that takes nothing while ``full``."""

    full = False

    def append(self, events: object) -> None:
        if self.full:
            raise JournalError("no space")
        super().append(events)  # type: ignore[arg-type]


def test_a_full_disk_hides_no_break_and_what_changed_last_is_written_later() -> None:
    journal = Full()
    shift = Shift(journal)
    shift.go(30)
    journal.full = True
    assert shift.go(int(GRACE_S) + 2, silent).level is Level.NOT
    assert len(shift.told) == 1
    assert shift.watch.journal_fault == "no space"
    journal.full = False
    shift.go(1, silent)
    assert shift.watch.journal_fault == ""
    assert isinstance(journal.history[-1], CoverChanged)
    assert journal.history[-1].level is Level.NOT


def test_a_clock_that_jumps_neither_hurries_a_notice_nor_a_recovery() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(5, silent)
    shift.now_s += 7_200
    assert shift.go(1, silent).level is Level.NOT
    assert shift.told == []
    shift.now_s -= 90_000
    cover = shift.go(1)
    assert cover.level is Level.NOT
    assert cover.since_s <= shift.now_s


SPELLS = st.tuples(st.sampled_from(["whole", "silent", "off", "tablets", "killed"]), st.integers(1, 70))


@settings(max_examples=50, deadline=None)
@given(st.lists(SPELLS, max_size=12))
def test_whatever_happens_cover_is_never_better_than_the_chain_and_nobody_is_told_of_what_is_whole(
    spells: list[tuple[str, int]],
) -> None:
    ways: dict[str, Callable[[Facts], Facts]] = {
        "whole": lambda facts: facts,
        "silent": silent,
        "off": blind(Blind.NOT_WORN),
        "tablets": deaf_tablets,
    }
    shift, told, over = Shift(), list[Matter](), set[str]()
    for how, seconds in spells:
        if how == "killed":
            told, over, shift = told + shift.told, over | set(shift.over), shift.again()
            continue
        for _ in range(seconds):
            cover = shift.go(1, ways[how])
            raw = level_of(broken(ways[how](whole(shift.now_s)))["w-01"])
            assert severity(cover.level) >= severity(raw)
            assert (cover.link is None) == (cover.level is Level.PROTECTED)
            assert cover.since_s <= shift.now_s
    told += shift.told
    assert len({matter.matter_id for matter in told}) == len(told), "nobody is told twice"
    shift.go(int(WINDOW_S) + 60)
    assert {matter.matter_id for matter in told} == over | set(shift.over)


@pytest.mark.parametrize("fails", ["tell", "over"])
def test_staff_who_could_not_be_told_are_told_in_the_next_tick(fails: str) -> None:
    shift = Shift()
    shift.go(30)
    real = getattr(shift.watch, f"_{fails}")
    tries = []

    def refuse(*given: object) -> None:
        tries.append(given)
        if len(tries) == 1:
            raise OSError("not now")
        real(*given)

    setattr(shift.watch, f"_{fails}", refuse)
    shift.go(int(GRACE_S) + 5, silent)
    shift.go(int(HOLD_S) + 5)
    assert len(tries) == 2
    assert len(shift.told) == len(shift.over) == 1
