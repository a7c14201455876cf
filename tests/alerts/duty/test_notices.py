"""Staff are told of whom nobody has, once for all of them, and of shifts that nobody took over."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.matter import Kind, Matter
from alerts.delivery.rules import UNCOVERED_GRACE_S as GRACE_S
from alerts.duty.duty import Alone
from alerts.duty.notices import OVERDUE_GRACE_S, due_matters, is_of_duty
from alerts.duty.roster import Shift

T_S = 1e9


def alone(wearer: str, since_s: float, anyway: str = "") -> Alone:
    return Alone(wearer=wearer, since_s=since_s, before=True, anyway=anyway)


def due(now_s: float, people: Sequence[Alone], before: Sequence[Matter] = ()) -> tuple[Matter, ...]:
    return due_matters(now_s, alone=people, overdue=(), before=before, grace_s=GRACE_S)


def test_nobody_is_told_within_the_grace_and_everybody_after_it() -> None:
    people = [alone("w-1", T_S), alone("w-2", T_S + 1)]
    assert due(T_S + GRACE_S - 1, people) == ()
    (one,) = due(T_S + GRACE_S + 1, people)
    assert (one.kind, one.words[0]) == (Kind.UNCOVERED, "No carer is on shift for 2 people.")
    assert is_of_duty(one)


def test_whoever_goes_anyway_is_told_of_at_once() -> None:
    (told,) = due(T_S, [alone("w-1", T_S, "taken ill")])
    assert "nobody was there to take over" in told.words[-1]


def test_its_words_name_no_wearer_and_give_no_reason_that_somebody_typed() -> None:
    (told,) = due(T_S, [alone("w-1", T_S, "w-1 is asleep")])
    assert "w-1" not in str(told)


def test_it_stays_the_same_matter_when_some_of_them_are_covered() -> None:
    both = [alone("w-1", T_S), alone("w-2", T_S + 600)]
    before = due(T_S + 900, both)
    for left in ([both[0]], [both[1]]):
        (after,) = due(T_S + 901, left, before)
        assert after.matter_id == before[0].matter_id
    assert due(T_S + 901, [], before) == ()


def test_it_is_a_new_matter_when_nobody_has_somebody_more() -> None:
    before = due(T_S + GRACE_S, [alone("w-1", T_S)])
    more = [alone("w-1", T_S), alone("w-2", T_S + 300)]
    assert due(T_S + 300, more, before)[0].matter_id == before[0].matter_id
    (after,) = due(T_S + 300 + GRACE_S, more, before)
    assert after.matter_id != before[0].matter_id


def test_a_clock_that_is_set_back_does_not_hide_somebody_more() -> None:
    before = due(T_S + GRACE_S, [alone("w-1", T_S)])
    back_s = T_S - 7200
    (after,) = due(back_s + GRACE_S, [alone("w-1", back_s), alone("w-2", back_s)], before)
    assert after.matter_id != before[0].matter_id


def test_an_overdue_shift_is_told_of_until_somebody_takes_over() -> None:
    shift = Shift(shift_id="shift-1", carer="Jo", wearers=(), began_s=T_S - 9, until_s=T_S)
    assert due_matters(T_S + OVERDUE_GRACE_S - 1, alone=(), overdue=(shift,), grace_s=GRACE_S) == ()
    (told,) = due_matters(T_S + OVERDUE_GRACE_S, alone=(), overdue=(shift,), grace_s=GRACE_S)
    assert told.words[-1] == "Until somebody does, Jo has them."
    assert is_of_duty(told)
    assert due_matters(T_S + 9999, alone=(), overdue=(), before=(told,), grace_s=GRACE_S) == ()


@given(
    people=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3000)), unique_by=lambda each: each[0]),
    now_s=st.floats(3000, 4000),
)
def test_whoever_is_alone_past_the_grace_is_in_an_open_matter(people: list[tuple[str, float]], now_s: float) -> None:
    found = [alone(wearer, since_s) for wearer, since_s in people]
    matters = due(now_s, found)
    late = [each for each in found if now_s - each.since_s >= GRACE_S]
    assert len(matters) == bool(late)
    again = due(now_s + 1, late, matters)
    assert [each.matter_id for each in again] == [each.matter_id for each in matters]
