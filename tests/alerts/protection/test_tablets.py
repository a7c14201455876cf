"""A tablet that cannot sound is not believed to."""

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.protection.tablets import (
    AHEAD_MAX_S,
    BEAT_MAX_S,
    FORGOTTEN_S,
    LOCKED,
    NOT_IN_FRONT,
    PAGES_MAX,
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


BEHIND = replace(GOOD, foreground=False, page="b")


def test_a_second_window_that_is_not_in_front_takes_nothing_from_one_that_can_sound() -> None:
    tablets = Tablets()
    for second in range(300):
        if second % 5 == 0:
            tablets.beat("t-1", replace(GOOD, page="a"), NOW_S + second)
        if second % 5 == 2:
            tablets.beat("t-1", BEHIND, NOW_S + second)
        (tablet,) = tablets.standing(NOW_S + second)
        assert tablet.can_sound


def test_a_page_that_says_less_of_itself_is_believed_at_once_and_one_that_is_silent_not_for_long() -> None:
    tablets = Tablets()
    tablets.beat("t-1", replace(GOOD, page="a"), NOW_S)
    tablets.beat("t-1", BEHIND, NOW_S + 1)
    tablets.beat("t-1", replace(GOOD, page="a", foreground=False), NOW_S + 2)
    assert tablets.standing(NOW_S + 2)[0].why == NOT_IN_FRONT
    tablets.beat("t-1", replace(GOOD, page="a"), NOW_S + 3)
    later_s = NOW_S + 3 + BEAT_MAX_S + 0.1
    tablets.beat("t-1", BEHIND, later_s)
    assert tablets.standing(later_s)[0].why == NOT_IN_FRONT


def test_of_pages_that_cannot_sound_the_one_that_lacks_least_says_why() -> None:
    tablets = Tablets()
    tablets.beat("t-1", replace(GOOD, page="a", able=False), NOW_S)
    tablets.beat("t-1", BEHIND, NOW_S + 1)
    (tablet,) = tablets.standing(NOW_S + 1)
    assert (tablet.can_sound, tablet.why, tablet.at_s) == (False, LOCKED, NOW_S + 1)
    assert tablets.at("t-1", NOW_S + 1) == tablet


def test_pages_that_are_made_up_find_no_end_of_room_and_the_newest_counts() -> None:
    tablets = Tablets()
    for number in range(10 * PAGES_MAX):
        tablets.beat("t-1", replace(BEHIND, page=f"p-{number}"), NOW_S)
    tablets.beat("t-1", replace(GOOD, page="a"), NOW_S)
    assert tablets.standing(NOW_S)[0].can_sound
    for number in range(PAGES_MAX):
        tablets.beat("t-1", replace(BEHIND, page=f"q-{number}"), NOW_S)
    assert not tablets.standing(NOW_S)[0].can_sound


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans(), st.integers(0, 20)), min_size=1),
)
def test_a_tablet_can_sound_just_when_the_last_beat_of_one_of_its_pages_says_so(
    said: list[tuple[str, bool, bool, int]],
) -> None:
    tablets, now_s, last = Tablets(), NOW_S, dict[str, tuple[bool, float]]()
    for page, foreground, able, after_s in said:
        now_s += after_s
        tablets.beat("t-1", replace(GOOD, foreground=foreground, able=able, page=page), now_s)
        last[page] = foreground and able, now_s
    expected = any(good and now_s - at_s <= BEAT_MAX_S for good, at_s in last.values())
    assert tablets.standing(now_s)[0].can_sound is expected
