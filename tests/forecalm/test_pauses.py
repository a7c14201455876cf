import gc
import weakref
from collections.abc import Iterator

import pytest

from forecalm.pauses import ShortPauses


class Ring:
    """Circular: nothing but a collection frees it."""

    def __init__(self) -> None:
        self.me = self


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with ShortPauses(anew_s=600.0, steady=clock):
        yield clock


def test_garbage_that_came_since_the_last_collection_is_freed_by_the_next(clock: Clock) -> None:
    gc.collect()
    ring = weakref.ref(Ring())
    gc.collect()
    assert ring() is None


def test_what_outlives_a_collection_is_not_walked_by_the_next(clock: Clock) -> None:
    lives = [Ring() for _ in range(1000)]
    gc.collect()
    assert gc.get_freeze_count() > len(lives)
    assert not any(isinstance(each, Ring) for each in gc.get_objects(2))


def test_what_dies_among_the_long_lived_is_freed_when_all_are_walked_anew(clock: Clock) -> None:
    lives = Ring()
    ring = weakref.ref(lives)
    gc.collect()
    del lives
    gc.collect()
    assert ring() is not None  # the price
    clock.now_s += 600.0
    gc.collect()
    assert ring() is None
    assert gc.get_freeze_count() > 0  # the rest is aside again


def test_afterwards_all_is_as_it_was() -> None:
    before = list(gc.callbacks)
    with ShortPauses():
        gc.collect()
    assert gc.callbacks == before
    assert gc.get_freeze_count() == 0
