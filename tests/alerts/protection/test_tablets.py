"""A tablet that cannot sound is not believed to."""

import threading
from dataclasses import replace

import pytest

from alerts.protection.tablets import (
    AHEAD_MAX_S,
    BEAT_MAX_S,
    FORGOTTEN_S,
    TABLETS_MAX,
    TESTED_MAX_S,
    Beat,
    Tablets,
)

NOW_S = 1_767_607_200.0
GOOD = Beat(foreground=True, able=True, tested_s=NOW_S - 60, push=False, carer="Jo")


def can_sound(beat: Beat, after_s: float = 0.0, tablets: Tablets | None = None) -> bool:
    tablets = Tablets() if tablets is None else tablets
    tablets.beat("t-1", beat, NOW_S)
    (tablet,) = tablets.standing(NOW_S + after_s)
    assert tablet.can_sound is not bool(tablet.why)
    assert tablets.at("t-1", NOW_S + after_s) == tablet
    return tablet.can_sound


def test_a_page_in_front_that_was_heard_and_beats_can_sound() -> None:
    assert can_sound(GOOD)
    assert can_sound(GOOD, BEAT_MAX_S)


@pytest.mark.parametrize(
    "beat",
    [
        replace(GOOD, foreground=False),
        replace(GOOD, able=False),
        replace(GOOD, tested_s=None),
        replace(GOOD, tested_s=NOW_S - TESTED_MAX_S - 1),
        replace(GOOD, tested_s=NOW_S + AHEAD_MAX_S + 1),
    ],
    ids=["behind", "locked", "never heard", "heard on another shift", "heard by another clock"],
)
def test_whatever_is_missing_it_cannot_sound(beat: Beat) -> None:
    assert not can_sound(beat)


def test_a_tablet_asleep_is_not_a_tablet_that_can_sound() -> None:
    assert not can_sound(GOOD, BEAT_MAX_S + 0.1)
    assert BEAT_MAX_S < 15


def test_a_muted_tablet_cannot_sound_until_its_mute_is_over() -> None:
    tablets = Tablets(muted_until=lambda tablet, _: NOW_S + 5 if tablet == "t-1" else None)
    assert not can_sound(GOOD, 4.9, tablets)
    assert can_sound(GOOD, 5.0, tablets)


def test_a_clock_that_is_set_back_keeps_nobody_alive() -> None:
    tablets = Tablets()
    tablets.beat("t-1", GOOD, NOW_S + 3600)
    assert tablets.standing(NOW_S)[0].at_s == NOW_S
    assert not tablets.standing(NOW_S + BEAT_MAX_S + 1)[0].can_sound


def test_a_tablet_of_yesterday_is_forgotten_and_made_up_ones_find_no_end_of_room() -> None:
    tablets = Tablets()
    for number in range(TABLETS_MAX + 10):
        tablets.beat(f"t-{number}", GOOD, NOW_S)
    assert len(tablets.standing(NOW_S)) == TABLETS_MAX
    assert tablets.at("t-0", NOW_S) is None
    assert tablets.standing(NOW_S + FORGOTTEN_S + 1) == ()


def test_beats_from_many_threads_are_all_there() -> None:
    tablets = Tablets()

    def beat(first: int) -> None:
        for number in range(first, first + 100):
            tablets.beat(f"t-{number}", GOOD, NOW_S)
            tablets.standing(NOW_S)

    threads = [threading.Thread(target=beat, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tablets.standing(NOW_S)) == 300


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at_s"):
        Tablets().beat("t-1", GOOD, float("nan"))
