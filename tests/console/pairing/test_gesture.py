"""A band is confirmed by whoever does as asked with it in hand, and by nobody who merely moves."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.pairing.gesture import (
    BIN_S,
    LATEST_S,
    LONGEST_S,
    NOTHING,
    SHORTEST_S,
    TURNS,
    Answer,
    Movement,
    Rhythm,
    answer,
    follows,
    joined,
    new_rhythm,
    strength,
    tapped,
    told,
)

RHYTHM = Rhythm((2.5, 3.0, 2.5, 3.0))
PROMPT_S = 100.0
LATE_S = PROMPT_S + RHYTHM.length_s + LATEST_S + 1.0


def held(rhythm: Rhythm, *, delay_s: float, seed: int = 1, until_s: float = 40.0) -> Movement:
    """How a band moves that somebody shakes as asked, from 10 s before the prompt."""
    chance = np.random.default_rng(seed)
    end_s = PROMPT_S - 10 + BIN_S * np.arange(1, int((until_s + 10) / BIN_S))
    reaction = chance.uniform(0.2, 0.8)
    asked = [rhythm.shaking_at(t - BIN_S / 2 - delay_s - reaction - PROMPT_S) for t in end_s]
    strength_g = np.where([a is True for a in asked], chance.uniform(0.7, 2.0, len(end_s)), 0.04)
    return Movement(end_s, strength_g)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), delay_s=st.floats(0.0, 2.0))
def test_whoever_does_as_asked_is_understood_whatever_the_rhythm_and_the_way(seed: int, delay_s: float) -> None:
    rhythm = new_rhythm(random.Random(seed))
    assert len(rhythm.turns_s) == TURNS
    assert all(SHORTEST_S <= turn <= LONGEST_S for turn in rhythm.turns_s)
    moved = {"this": held(rhythm, delay_s=delay_s, seed=seed)}
    now_s = PROMPT_S + rhythm.length_s + LATEST_S + 1
    assert answer(moved, "this", rhythm, prompt_s=PROMPT_S, now_s=now_s) is Answer.THIS


def test_nothing_is_said_before_everything_can_have_arrived() -> None:
    moved = {"this": held(RHYTHM, delay_s=0.5)}
    assert answer(moved, "this", RHYTHM, prompt_s=PROMPT_S, now_s=PROMPT_S + RHYTHM.length_s) is Answer.WAITING


@pytest.mark.parametrize(
    ("moving", "said"),
    [
        ((), Answer.NONE),
        (("this",), Answer.THIS),
        (("that",), Answer.OTHER),
        (("this", "that"), Answer.SEVERAL),
    ],
)
def test_which_band_moved_as_asked_is_what_is_said(moving: tuple[str, ...], said: Answer) -> None:
    resting = Movement(held(RHYTHM, delay_s=0.5).end_s, np.full(len(held(RHYTHM, delay_s=0.5).end_s), 0.02))
    moved = {name: held(RHYTHM, delay_s=0.5) if name in moving else resting for name in ("this", "that")}
    assert answer(moved, "this", RHYTHM, prompt_s=PROMPT_S, now_s=LATE_S) is said


@pytest.mark.parametrize("strength_g", [0.02, 0.3, 0.8, 2.0])
def test_a_band_that_does_the_same_all_the_time_confirms_nothing(strength_g: float) -> None:
    end_s = held(RHYTHM, delay_s=0.0).end_s
    assert not follows(Movement(end_s, np.full(len(end_s), strength_g)), RHYTHM, PROMPT_S)


@pytest.mark.parametrize("delay_s", [-5.5, -2.5, 5.5])
def test_shaking_as_another_prompt_asked_for_a_moment_before_or_after_confirms_nothing(delay_s: float) -> None:
    assert not follows(held(RHYTHM, delay_s=delay_s), RHYTHM, PROMPT_S)


def test_a_hole_in_what_is_asked_for_is_no_stillness() -> None:
    moved = held(RHYTHM, delay_s=0.0, seed=3)
    still = (moved.end_s > PROMPT_S + 3.5) & (moved.end_s < PROMPT_S + 8)
    assert not follows(Movement(moved.end_s[~still], moved.strength_g[~still]), RHYTHM, PROMPT_S)
    assert not follows(NOTHING, RHYTHM, PROMPT_S)


def test_strength_is_that_about_the_mean_whatever_way_gravity_points() -> None:
    t = np.arange(64) / 32
    shaken = np.stack([np.sin(2 * np.pi * 4 * t), np.zeros(64), np.ones(64)])
    assert strength(shaken, 32.0) == pytest.approx([np.sqrt(0.5)] * 4)
    assert strength(np.ones((3, 64)), 32.0) == pytest.approx([0.0] * 4)
    unknown = np.full((3, 64), np.nan)
    unknown[:, 32:] = 1.0
    assert np.isnan(strength(unknown, 32.0)).tolist() == [True, True, False, False]


@given(rate_hz=st.floats(4, 200), n=st.integers(0, 300))
def test_strength_of_any_length_and_rate_is_some_half_seconds(rate_hz: float, n: int) -> None:
    assert len(strength(np.zeros((3, n)), rate_hz)) == n // max(2, round(BIN_S * rate_hz))


def test_packets_that_come_twice_or_late_move_nothing_twice() -> None:
    once = joined(NOTHING, np.array([0.1, 0.2]), 10.0)
    assert joined(once, np.array([0.1, 0.2]), 10.0).strength_g.tolist() == [0.1, 0.2]
    assert joined(once, np.array([9.0, 9.0]), 9.0).strength_g.tolist() == [0.1, 0.2]
    assert joined(once, np.array([0.3]), 10.5).end_s.tolist() == [9.5, 10.0, 10.5]
    assert joined(once, np.array([0.3]), 99.0).strength_g.tolist() == [0.3]


@pytest.mark.parametrize(
    ("taps", "said"),
    [
        ({}, Answer.NONE),
        ({"this": [101.0]}, Answer.NONE),
        ({"this": [90.0, 101.0]}, Answer.NONE),
        ({"this": [101.0, 103.0]}, Answer.THIS),
        ({"this": [101.0, 101.5]}, Answer.NONE),
        ({"this": [101.0, 102.1, 103.2, 104.3]}, Answer.NONE),
        ({"that": [101.0, 103.0]}, Answer.OTHER),
        ({"this": [101.0], "that": [101.0, 103.0]}, Answer.OTHER),
        ({"this": [101.0, 103.0], "that": [101.0, 103.0]}, Answer.SEVERAL),
        ({"this": [101.0, 103.0], "that": [101.0, 103.15]}, Answer.SEVERAL),
        ({"this": [106.0, 108.0], "that": [101.0, 102.0]}, Answer.SEVERAL),
        ({"this": [101.0, 103.0], "that": [102.0]}, Answer.SEVERAL),
        ({"this": [104.0, 106.0], "that": [101.1]}, Answer.SEVERAL),
        ({"this": [101.0, 103.0], "that": [105.9]}, Answer.SEVERAL),
        ({"this": [101.0, 103.0], "that": [106.5]}, Answer.THIS),
        ({"this": [105.0, 107.0], "that": [101.5]}, Answer.THIS),
        ({"this": [101.0, 103.0], "that": [99.0], "other": [98.0, 99.5]}, Answer.THIS),
    ],
)
def test_two_double_taps_of_one_band_alone_confirm_it_and_one_or_a_drumming_do_not(
    taps: dict[str, list[float]], said: Answer
) -> None:
    assert tapped(taps, "this", prompt_s=PROMPT_S, now_s=111.0) is said


@given(late_s=st.floats(0.0, LATEST_S - 0.01), gap_s=st.floats(1.0, 8.0))
def test_another_bands_tap_that_arrives_as_late_as_it_may_still_speaks_against_it(late_s: float, gap_s: float) -> None:
    mine, now_s = [101.0, 101.0 + gap_s], 101.0 + gap_s + late_s
    assert tapped({"this": mine, "that": [101.0]}, "this", prompt_s=PROMPT_S, now_s=now_s) is Answer.WAITING
    both = {"this": mine, "that": [101.0, min(101.15 + gap_s, now_s)]}
    for later_s in (0.0, 0.1, LATEST_S, 20.0):
        said = tapped(both, "this", prompt_s=PROMPT_S, now_s=now_s + later_s)
        assert said in (Answer.WAITING, Answer.SEVERAL)


def test_the_second_band_of_two_that_are_tapped_together_is_not_said_to_be_the_wrong_one_too_soon() -> None:
    only = {"this": [101.0], "that": [101.0, 103.0]}
    assert tapped(only, "this", prompt_s=PROMPT_S, now_s=103.1) is Answer.WAITING
    both = {**only, "this": [101.0, 103.15]}
    assert tapped(both, "this", prompt_s=PROMPT_S, now_s=106.2) is Answer.SEVERAL


def resting(delay_s: float = 0.5) -> Movement:
    end_s = held(RHYTHM, delay_s=delay_s).end_s
    return Movement(end_s, np.full(len(end_s), 0.02))


def after(moved: Movement, from_s: float) -> Movement:
    known = moved.end_s > from_s
    return Movement(moved.end_s[known], moved.strength_g[known])


@pytest.mark.parametrize(
    ("that", "said"),
    [
        (NOTHING, Answer.UNSURE),
        (after(held(RHYTHM, delay_s=0.5), PROMPT_S + 7), Answer.UNSURE),
        (after(resting(), PROMPT_S + 4), Answer.THIS),
        (held(RHYTHM, delay_s=0.5), Answer.SEVERAL),
    ],
)
def test_a_band_that_was_not_heard_all_the_time_leaves_it_open_unless_what_is_known_of_it_tells(
    that: Movement, said: Answer
) -> None:
    moved = {"this": held(RHYTHM, delay_s=0.5), "that": that}
    unheard = {"that", "this"}
    assert answer(moved, "this", RHYTHM, prompt_s=PROMPT_S, now_s=LATE_S, unheard=unheard) is said


def test_taps_leave_it_open_too_where_another_band_was_not_heard_all_the_time() -> None:
    taps = {"this": [101.0, 103.0]}
    assert tapped(taps, "this", prompt_s=PROMPT_S, now_s=106.0, unheard={"this"}) is Answer.THIS
    assert tapped(taps, "this", prompt_s=PROMPT_S, now_s=106.0, unheard={"that"}) is Answer.UNSURE


@pytest.mark.parametrize(
    ("that", "soon", "said"),
    [
        (held(RHYTHM, delay_s=0.5), Answer.WAITING, Answer.SEVERAL),
        (resting(), Answer.THIS, Answer.THIS),
    ],
)
def test_a_wearer_who_drums_does_not_answer_while_the_band_in_the_hand_is_shaken_as_asked(
    that: Movement, soon: Answer, said: Answer
) -> None:
    moved, taps = {"this": resting(), "that": that}, {"this": [101.0, 103.0]}
    assert told(moved, taps, "this", RHYTHM, prompt_s=PROMPT_S, now_s=106.1) is soon
    assert told(moved, taps, "this", RHYTHM, prompt_s=PROMPT_S, now_s=LATE_S) is said


def arrived(moved: Movement, now_s: float, delay_s: float) -> Movement:
    """What is known of it by ``now_s``: packets hold whole seconds, and take ``delay_s``."""
    known = np.floor(moved.end_s - 1e-6) + 1 + delay_s <= now_s
    return Movement(moved.end_s[known], moved.strength_g[known])


@pytest.mark.parametrize("delay_s", [0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("lag_s", [0.3, 1.0, 1.9])
@pytest.mark.parametrize("first_s", [0.5, 2.0, 4.5, 7.0])
def test_two_taps_never_answer_while_another_band_does_as_asked_however_late_its_packets_are(
    delay_s: float, lag_s: float, first_s: float
) -> None:
    that = held(RHYTHM, delay_s=lag_s)
    taps = {"this": [PROMPT_S + first_s, PROMPT_S + first_s + 1.2]}
    for now_s in np.arange(PROMPT_S + first_s + 1.2 + LATEST_S, LATE_S + 1.0, 0.25).tolist():
        moved = {"this": resting(), "that": arrived(that, now_s, delay_s)}
        said = told(moved, taps, "this", RHYTHM, prompt_s=PROMPT_S, now_s=now_s)
        assert said in (Answer.WAITING, Answer.SEVERAL), (now_s, said)


@pytest.mark.parametrize("lag_s", [0.3, 1.9, 2.6])
def test_what_another_band_did_at_the_end_is_waited_for_and_then_nobody_can_tell(lag_s: float) -> None:
    that = held(RHYTHM, delay_s=lag_s)
    taps = {"this": [PROMPT_S + 6.0, PROMPT_S + 7.2]}
    over_s = PROMPT_S + RHYTHM.length_s
    for now_s in np.arange(PROMPT_S + 7.2 + LATEST_S, over_s + 3 * LATEST_S, 0.25).tolist():
        known = {"this": resting(), "that": arrived(that, min(now_s, over_s + 1.0), 0.0)}  # and then nothing more
        said = told(known, taps, "this", RHYTHM, prompt_s=PROMPT_S, now_s=now_s)
        late = now_s >= over_s + 2 * LATEST_S
        assert said is (Answer.UNSURE if late else Answer.WAITING) or said is Answer.SEVERAL, (now_s, said)


def test_a_second_tap_at_the_end_of_the_time_is_waited_for_and_confirms() -> None:
    over_s = PROMPT_S + RHYTHM.length_s + LATEST_S
    moved, taps = {"this": resting()}, {"this": [over_s - 2.0, over_s]}
    assert told(moved, taps, "this", RHYTHM, prompt_s=PROMPT_S, now_s=over_s + 1) is Answer.WAITING
    assert told(moved, taps, "this", RHYTHM, prompt_s=PROMPT_S, now_s=over_s + LATEST_S) is Answer.THIS
    assert told(moved, {}, "this", RHYTHM, prompt_s=PROMPT_S, now_s=over_s + 1) is Answer.NONE
