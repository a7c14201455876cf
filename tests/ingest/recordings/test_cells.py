"""Numbers out of tables of anything: to the last bit what ``float`` says, and every other cell told by its place."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.recordings.cells import cells

CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**10), max_value=10**10).map(str),
    st.text(st.characters(codec="ascii", exclude_characters=",\n\r"), max_size=8),
)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=20), st.booleans())
def test_every_cell_is_the_number_that_it_says_or_told_by_its_place(rows: list[tuple[str, ...]], ended: bool) -> None:
    text = "\n".join(",".join(row) for row in rows) + ("\n" if ended and rows else "")
    data = b"head\n" + text.encode()
    found = cells(data, start=5, width=3, columns=(2, 0))
    assert found.uneven is None
    assert found.numbers.shape == (2, len(rows))
    others = {(place, line): data[begin:end].decode() for place, line, begin, end in found.others.tolist()}
    for line, row in enumerate(rows):
        for place, column in enumerate((2, 0)):
            if (place, line) in others:
                assert others[place, line] == row[column]
                assert np.isnan(found.numbers[place, line])
            else:
                assert found.numbers[place, line] == float(row[column])


def test_seconds_since_1970_with_six_decimals_are_plain() -> None:
    found = cells(b"1726714786.598369 ;x\r\n-0,5;x", start=0, width=2, columns=(0,), mark=b";", point=b",")
    assert found.others.tolist() == [[0, 0, 0, 18]]
    assert cells(b"1726714786.598369,\n", start=0, width=2, columns=(0,)).numbers.tolist() == [[1726714786.598369]]


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(1, 4))
def test_any_bytes_are_read_up_to_the_first_uneven_line(data: bytes, width: int) -> None:
    found = cells(data, start=0, width=width, columns=(0,))
    lines = data.split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    uneven = next((at for at, line in enumerate(lines) if line.count(b",") != width - 1), None)
    assert found.uneven == uneven
    assert found.numbers.shape[1] == (len(lines) if uneven is None else uneven)
