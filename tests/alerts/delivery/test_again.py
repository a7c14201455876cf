"""A notice that somebody took is told anew while it holds: after a while, or once they are gone."""

from alerts.delivery.again import AGAIN_S, Again, Taken, anew, first_id, next_id
from alerts.delivery.matter import Kind, Matter, Priority

T_S = 1e9


def due(again: Again, after_s: float, watched_s: float | None = None) -> bool:
    watched_s = after_s if watched_s is None else watched_s
    return again.is_due("n-1", now_s=T_S + after_s, watched_s=watched_s) is not None


def test_what_nobody_took_is_left_to_delivery() -> None:
    again = Again(lambda _: None)
    assert not due(again, 0)
    assert not due(again, 10 * AGAIN_S)


def test_it_is_due_a_while_after_somebody_took_it() -> None:
    again = Again(lambda _: Taken(by="Sam", at_s=T_S, on_shift=False))
    assert not due(again, 0)
    assert not due(again, AGAIN_S - 1)
    assert due(again, AGAIN_S)


def test_it_is_due_as_soon_as_whoever_took_it_is_off_shift_but_not_for_somebody_who_never_was_on() -> None:
    on = [True]
    again = Again(lambda _: Taken(by="Jo", at_s=T_S, on_shift=on[0]))
    assert not due(again, 60)
    on[0] = False
    assert due(again, 61)


def test_it_is_due_after_a_restart_as_soon_as_it_would_have_been() -> None:
    again = Again(lambda _: Taken(by="Sam", at_s=T_S, on_shift=False))
    assert not due(again, AGAIN_S - 60, watched_s=0)
    assert due(again, AGAIN_S, watched_s=60)


def test_a_clock_that_is_set_neither_hurries_it_nor_holds_it_back() -> None:
    again = Again(lambda _: Taken(by="Sam", at_s=T_S, on_shift=False))
    assert not due(again, 0)
    assert not due(again, 1e6, watched_s=10)
    assert due(again, -1e6, watched_s=AGAIN_S)


def test_who_took_it_is_remembered_when_delivery_has_forgotten_or_fails() -> None:
    answers: list[Taken | None] = [Taken(by="Sam", at_s=T_S, on_shift=False), None]
    again = Again(lambda _: answers.pop(0) if answers else int("x"))  # type: ignore[return-value]
    assert not due(again, 0)
    assert not due(again, 60)
    assert due(again, AGAIN_S)
    again.keep(["n-2"])
    assert not due(again, 2 * AGAIN_S)
    assert due(Again(lambda _: None, before={"n-1": Taken(by="Sam", at_s=T_S, on_shift=False)}), 5 * AGAIN_S)


def test_it_gets_an_id_of_its_own_each_time_and_says_who_took_it() -> None:
    notice = Matter(
        matter_id="n-1", kind=Kind.PROTECTION, priority=Priority.MEDIUM, wearer="w-1", since_s=T_S, words=("A.",)
    )
    again = anew(notice, Taken(by="Sam", at_s=T_S, on_shift=False), clock=lambda _: "14:02")
    assert (again.matter_id, again.words) == ("n-1-again-1", ("A.", "Sam took it at 14:02, and it is so still."))
    assert next_id(next_id("n-1")) == "n-1-again-2"
    assert first_id("n-1-again-2") == first_id("n-1") == "n-1"
