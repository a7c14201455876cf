"""Plain numbers in one pass: to the last bit what ``float`` says, or left to the slow way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.recordings.numbers import plain

DECIMAL = st.builds(
    lambda sign, whole, decimals: f"{sign}{whole}{decimals}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**8).map(str),
    st.one_of(st.just(""), st.just("."), st.integers(0, 10**6 - 1).map(lambda n: f".{n:06d}")),
)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.lists(DECIMAL, min_size=3, max_size=3), min_size=1), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_numbers_are_what_float_says_to_the_last_bit(rows: list[list[str]], end: str, spaced: bool) -> None:
    text = end.join((", " if spaced else ",").join(row) for row in rows)
    for data in (text, text + end, text + end + end):
        found = plain(b"head\n" + data.encode(), start=5, columns=3)
        assert found is not None
        told = np.array([[float(cell) for cell in row] for row in rows])
        assert found.T.tobytes() == told.tobytes()


@settings(deadline=None)  # the first call compiles
@given(st.text(alphabet="0123456789.-+, \r\neE_nai\0\u0661", max_size=30), st.integers(1, 3))
def test_whatever_is_not_plain_is_left_to_the_slow_way(text: str, columns: int) -> None:
    found = plain(text.encode(), start=0, columns=columns)
    if found is not None:
        told = [[float(cell) for cell in line.split(",")] for line in text.rstrip().split("\n")] if text.strip() else []
        assert found.T.tolist() == told


@pytest.mark.parametrize(
    "text", ["1e5\n", "nan\n", "1_0\n", "1\n\n2\n", "1,\n", ",1\n", "1,2,3\n", "+1\n", "1" * 16, "-\n"]
)
def test_what_needs_care_is_not_plain(text: str) -> None:
    assert plain(text.encode(), start=0, columns=1) is None
