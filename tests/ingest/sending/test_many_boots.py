"""A band that starts anew again and again: its boots cost what is kept of them, not what there ever was of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sending.boots import Boot
from ingest.sending.eldest import STALE_MAX, Eldest
from ingest.sending.keeping import Keeping
from ingest.sending.runs import Runs
from ingest.wire import Stored

SIZE = 100
STEPS = st.lists(st.tuples(st.sampled_from(["put", "forget", "ask"]), st.integers(0, 9), st.integers(0, 30)))


@given(STEPS)
def test_the_oldest_is_the_one_that_was_born_first_of_those_that_are_wanted(steps: list[tuple[str, int, int]]) -> None:
    eldest, born = Eldest(), dict[int, tuple[float, int]]()
    for what, number, when in steps:
        match what:
            case "put":
                born[number] = (float(when), number)
                eldest.put(number, born[number])
            case "forget":
                born.pop(number, None)
                eldest.forget(number)
            case "ask":
                wanted = {each: at for each, at in born.items() if (each + when) % 3}
                found = eldest.oldest(wanted.__contains__)
                assert found == (min((at, each) for each, at in wanted.items())[1] if wanted else None)
                before = [each for each, at in born.items() if found is None or at < born[found]]
                for each in before:
                    del born[each]


def test_a_boot_that_is_put_again_and_again_takes_no_more_room() -> None:
    eldest = Eldest()
    for n in range(10_000):
        eldest.put(n % 3, (float(-n), n % 3))
    assert len(eldest._heap) <= 2 * 3 + STALE_MAX + 1
    assert eldest.oldest(lambda _: True) == 0


def fill(keeping: Keeping, boots: range) -> None:
    for boot in boots:
        keeping.add(("b", boot), 0, size=SIZE, now_s=0.0, heard_us=boot)
        while (span := keeping.excess()) is not None:
            keeping.drop(span, size=SIZE)


def test_of_a_full_spool_of_many_boots_each_new_one_costs_a_look_or_two(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def look(runs: Runs) -> bool:
        nonlocal looks
        looks += 1
        return bool(runs._firsts)

    keeping = Keeping(limit=500 * SIZE)
    fill(keeping, range(1_000))
    monkeypatch.setattr(Runs, "__bool__", look)
    fill(keeping, range(1_000, 1_100))
    monkeypatch.undo()
    assert looks < 100 * 20
    assert [boot for boot in range(1_100) if keeping.kept(("b", boot))] == list(range(600, 1_100))


def test_boots_of_which_all_had_no_room_are_forgotten_one_day_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sending.keeping.BOOTS_MAX", 20)
    keeping = Keeping(limit=5 * SIZE)
    fill(keeping, range(200))
    assert len(keeping._boots) <= 20
    assert [boot for boot in range(200) if keeping.kept(("b", boot))] == list(range(195, 200))
    assert keeping.let_go == 195


def test_a_boot_of_which_nothing_is_to_be_said_is_forgotten_before_one_of_which_something_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.sending.keeping.BOOTS_MAX", 3)
    keeping = Keeping(limit=SIZE)
    fill(keeping, range(2))  # 0 had no room
    for span in keeping.stored("b", Stored(v=1, boot=1, since=0, seq=0), 0.0):
        keeping.release(span, size=SIZE)
    fill(keeping, range(2, 4))  # nor had 2
    remembered: dict[tuple[str, int], Boot] = keeping._boots
    assert [boot for _, boot in remembered] == [0, 2, 3]


def test_the_oldest_boot_goes_first_also_after_a_restart_and_when_it_turns_out_older() -> None:
    keeping = Keeping(limit=100 * SIZE)
    for boot in range(5):
        keeping.add(("b", boot), 1, size=SIZE, now_s=0.0, heard_us=1_000 + boot)
    keeping.add(("b", 3), 0, size=SIZE, now_s=0.0, heard_us=10)
    again = Keeping(limit=SIZE)
    for state in keeping.changes():
        again.resume(state, Runs(keeping.kept(state.key)), SIZE, 0.0)
    gone = []
    while (span := again.excess()) is not None:
        again.drop(span, size=SIZE)
        gone.append(span[0][1])
    assert gone[0] == 3
    assert sorted(set(gone[1:])) == gone[1:]
