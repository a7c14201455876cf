"""Two raters: kappa by hand, the interval, and onsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.research.agreement import kappa, onsets
from console.research.intervals import of_count, of_share
from console.research.office import Told

HOUR = ((0.0, 3600.0),)


def told(what: str, start_s: float, end_s: float, *, unsure_s: float = 0.0, number: int = 1) -> Told:
    return Told(
        number=number,
        what=what,
        start_s=start_s,
        end_s=end_s,
        rater="A",
        onset_uncertainty_s=unsure_s,
        level=None,
        note="",
        mine=False,
    )


def test_kappa_is_that_of_the_table_worked_out_by_hand() -> None:
    # both 60 cells, first alone 30, second alone 15, neither 255 of 360: p_o = 315/360, p_e = (90*75 + 270*285)/360**2
    first = [told("incident", 0, 900)]
    second = [told("incident", 300, 1050)]
    found = kappa(first, second, HOUR, grid_s=10.0)
    agreed, chance = 315 / 360, (90 * 75 + 270 * 285) / 360**2
    assert found.value == pytest.approx((agreed - chance) / (1 - chance))
    assert found.agreed == pytest.approx(agreed)
    assert {word: share for word, share, _, _ in found.words}["incident"] == pytest.approx(120 / 165)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_raters_who_mark_the_same_agree_fully() -> None:
    labels = [told("incident", 100, 400), told("exercise", 1000, 1500, number=2)]
    assert kappa(labels, labels, HOUR).value == pytest.approx(1.0)


def test_who_marks_nothing_leaves_nothing_to_tell_from_chance() -> None:
    found = kappa([], [], HOUR)
    assert (found.value, found.low) == (None, None)
    assert "chance" in found.why


def test_of_half_an_hour_no_interval_is_told() -> None:
    found = kappa([told("incident", 0, 300)], [told("incident", 60, 300)], ((0.0, 1800.0),))
    assert found.value is not None
    assert found.low is None
    assert "too few" in found.why


def test_what_somebody_was_unsure_of_is_left_out_of_both() -> None:
    found = kappa([told("unsure", 0, 600)], [told("incident", 0, 600)], HOUR, grid_s=10.0)
    assert found.left_out == 60
    assert found.cells == 300


LABELS = st.lists(
    st.builds(
        lambda what, start, lasts: told(what, float(start), float(start + lasts)),
        st.sampled_from(["incident", "exercise"]),
        st.integers(0, 3500),
        st.integers(0, 600),
    ),
    max_size=6,
)


@given(first=LABELS, second=LABELS)
def test_who_is_named_first_changes_no_kappa(first: list[Told], second: list[Told]) -> None:
    one, other = (kappa(*pair, HOUR) for pair in ((first, second), (second, first)))
    assert (one.value is None) == (other.value is None)
    if one.value is not None and other.value is not None:
        assert one.value == pytest.approx(other.value)
        assert -1 <= one.value <= 1 + 1e-12


@given(first=LABELS, second=LABELS)
def test_every_onset_is_in_one_pair_or_alone(first: list[Told], second: list[Told]) -> None:
    found = onsets(first, second)
    assert len(found.later_s) + found.only_first == len(first)
    assert len(found.later_s) + found.only_second == len(second)
    assert all(abs(each) <= 300 for each in found.later_s)


def test_onsets_are_paired_with_the_closest_of_the_same_word() -> None:
    first = [told("incident", 100, 200, unsure_s=10), told("exercise", 400, 500)]
    second = [
        told("incident", 130, 200, unsure_s=5),
        told("incident", 108, 200, unsure_s=5),
        told("exercise", 390, 500),
    ]
    found = onsets(first, second)
    assert found.later_s == (8.0, -10.0)
    assert (found.only_first, found.only_second, found.within) == (0, 1, 1)
    assert (found.median_s, found.apart_s, found.most_s) == (-1.0, 9.0, 10.0)


def test_intervals_are_those_of_the_tables() -> None:
    assert of_share(5, 5) == pytest.approx((0.4782, 1.0), abs=1e-4)
    assert of_share(0, 3) == pytest.approx((0.0, 0.7076), abs=1e-4)
    assert of_share(0, 0) is None
    assert of_count(0) == pytest.approx((0.0, 3.6889), abs=1e-4)
    assert of_count(4) == pytest.approx((1.0899, 10.2416), abs=1e-4)
