"""A notice that somebody took is told anew while the break goes on, once each time, and ends with it."""

from dataclasses import replace

import pytest

from alerts.delivery.again import AGAIN_S
from alerts.delivery.rules import PROTECTION_GRACE_S as GRACE_S
from alerts.protection.breaks import WHILE_MOVING
from alerts.protection.cover import Level
from alerts.protection.damping import HOLD_S
from alerts.protection.links import Facts
from alerts.protection.watch import BACK, PATIENCE_MAX, SETTLE_S
from alerts.views import Blind, Sight
from tests.alerts.protection.house import START_S, Shift, silent, with_view


def lost(facts: Facts) -> Facts:
    return silent(facts, since_s=START_S + 20)


@pytest.fixture
def shift() -> Shift:
    """Sam, who is at home, took the notice that a band is silent."""
    shift = Shift()
    shift.go(30)
    shift.go(int(2 * GRACE_S), lost)
    shift.take("Sam")
    return shift


def test_whoever_took_a_notice_is_told_again_after_a_while_if_it_goes_on(shift: Shift) -> None:
    shift.go(int(AGAIN_S) - 1, lost)
    assert len(shift.told) == 1
    shift.go(2 * int(AGAIN_S), lost)
    first, again = shift.told
    assert again.matter_id == f"{first.matter_id}-again-1"
    assert again.words == (*first.words, "Sam took it at +150 s, and it is so still.")
    assert (again.kind, again.wearer, again.since_s) == (first.kind, first.wearer, first.since_s)
    assert shift.watch.notices() == (again,)


def test_each_time_that_somebody_takes_it_there_is_one_more_and_the_last_ends_when_protection_is_back(
    shift: Shift,
) -> None:
    for _ in range(2):
        shift.go(int(AGAIN_S) + 1, lost)
        shift.take("Sam")
    shift.go(int(AGAIN_S) + 1, lost)
    first = shift.told[0].matter_id
    assert [each.matter_id for each in shift.told] == [first, *(f"{first}-again-{number}" for number in (1, 2, 3))]
    shift.go(int(HOLD_S) + 1)
    assert (shift.over, shift.because) == ([f"{first}-again-3"], [BACK])
    shift.go(int(AGAIN_S) + 1)
    assert len(shift.told) == 4


def test_others_are_told_as_soon_as_whoever_took_it_has_gone_off_shift() -> None:
    shift = Shift()
    shift.go(30)
    shift.go(int(2 * GRACE_S), lost)
    shift.take("Jo", on_shift=True)
    shift.go(600, lost)
    assert len(shift.told) == 1
    (matter_id,) = shift.taken
    shift.taken[matter_id] = replace(shift.taken[matter_id], on_shift=False)
    shift.go(600, lost)
    assert [each.matter_id for each in shift.told] == [matter_id, f"{matter_id}-again-1"]


def test_nobody_is_told_again_of_what_is_over_though_that_is_not_believed_yet(shift: Shift) -> None:
    shift.go(int(AGAIN_S) - 5, lost)
    assert shift.go(int(HOLD_S) - 1).level is Level.NOT
    shift.go(int(AGAIN_S))
    assert len(shift.told) == 1


def test_only_those_who_are_still_broken_are_told_of_again() -> None:
    shift = Shift(people=3)
    shift.go(30)
    shift.go(int(2 * GRACE_S), lambda facts: replace(facts, disk_hangs=True))
    shift.take("Sam")
    shift.people = 2
    shift.go(int(AGAIN_S) + 1, lambda facts: replace(facts, disk_hangs=True))
    assert [each.words[0].split(" not")[0] for each in shift.told] == ["3 people", "2 people"]


def test_what_was_told_again_before_a_restart_is_taken_up_and_not_told_a_third_time(shift: Shift) -> None:
    shift.go(int(AGAIN_S) + 60, lost)
    again = shift.again()
    again.go(int(SETTLE_S + PATIENCE_MAX * GRACE_S) + 600, lost)
    assert (again.told, again.over) == ([], [])
    assert [each.matter_id for each in again.watch.notices()] == [shift.told[-1].matter_id]
    again.go(int(HOLD_S) + 1)
    assert again.over == [shift.told[-1].matter_id]


def test_what_was_taken_before_a_restart_is_told_again_though_delivery_has_forgotten_it(shift: Shift) -> None:
    again = shift.again()
    again.go(int(AGAIN_S) + 60, lost)
    assert [each.matter_id for each in again.told] == [f"{shift.told[0].matter_id}-again-1"]


def test_what_takes_long_to_be_told_of_is_told_anew_where_a_restart_has_ended_its_notice() -> None:
    def unread(facts: Facts) -> Facts:
        return with_view(facts, sight=Sight(START_S + 20, Blind.POOR_SIGNAL))

    shift = Shift()
    shift.go(30)
    shift.go(int((WHILE_MOVING + 1) * GRACE_S), unread)
    again = shift.again()
    again.go(int((WHILE_MOVING + 1) * GRACE_S), unread)
    assert again.over == [shift.told[0].matter_id]
    assert len(again.told) == 1
    assert again.told[0].matter_id not in again.over


def test_staff_who_could_not_be_told_again_are_told_in_the_next_tick(shift: Shift) -> None:
    shift.go(int(AGAIN_S) - 10, lost)
    real, tries = shift.watch._tell, []

    def refuse(matter: object) -> None:
        tries.append(matter)
        if len(tries) == 1:
            raise OSError("not now")
        real(matter)  # type: ignore[arg-type]

    shift.watch._tell = refuse  # type: ignore[method-assign,assignment]
    shift.go(20, lost)
    assert len(tries) == 2
    assert len(shift.told) == 2
