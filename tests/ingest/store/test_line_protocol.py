"""What is written reads back, bit by bit, and what InfluxDB could not hold is refused before it is sent."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import StoreError
from ingest.store.line_protocol import STRING_MAX, lines, point

FLOATS = st.floats(allow_infinity=False)
TIMES = st.integers(-(2**63) + 2, 2**63 - 2)


def read(text: bytes) -> list[tuple[str, dict[str, str], int]]:
    """Series, texts of fields and time of each line without escapes."""
    found = []
    for line in text.decode().splitlines():
        series, fields, time_ns = line.split(" ")
        found.append((series, dict(field.split("=") for field in fields.split(",")), int(time_ns)))
    return found


@given(st.lists(st.tuples(FLOATS, FLOATS, st.integers(-(2**63), 2**63 - 1), st.booleans(), TIMES), max_size=30))
def test_every_number_reads_back_to_the_last_bit(rows: list[tuple[float, float, int, bool, int]]) -> None:
    a, b, whole, flag, time_ns = zip(*rows, strict=True) if rows else ((),) * 5
    fields = {
        "a": np.array(a, float),
        "b": np.array(b, float),
        "n": np.array(whole, np.int64),
        "f": np.array(flag, bool),
    }
    found = {}
    for series, texts, at in read(lines("m", {"t": "x"}, fields, np.array(time_ns, np.int64))):
        assert series == "m,t=x"
        values = [float(texts.get(name, "nan")) for name in "ab"]
        found.setdefault(at, []).append((*(math.nan if v != v else v.hex() for v in values), texts["n"], texts["f"]))
    wanted = {}
    for x, y, n, f, at in rows:
        values = [math.nan if v != v else v.hex() for v in (x, y)]
        wanted.setdefault(at, []).append((*values, f"{n}i", "true" if f else "false"))
    assert {at: sorted(map(repr, some)) for at, some in found.items()} == {
        at: sorted(map(repr, some)) for at, some in wanted.items()
    }


@given(st.lists(st.one_of(st.just(math.nan), st.floats(-1e3, 1e3)), max_size=40))
def test_an_unknown_number_is_a_field_left_out_and_a_point_without_any_is_no_line(values: list[float]) -> None:
    found = read(lines("m", {}, {"v": np.array(values, float)}, np.arange(len(values))))
    assert [at for _, _, at in found] == [i for i, v in enumerate(values) if v == v]


def test_points_that_lack_the_same_field_stay_in_order() -> None:
    x = np.array([1.0, math.nan, 3.0, math.nan])
    text = lines("m", {}, {"x": x, "y": np.array([1.5, 2.5, 3.5, math.nan])}, np.arange(4))
    assert sorted(text.splitlines()) == [b"m x=1.0,y=1.5 0", b"m x=3.0,y=3.5 2", b"m y=2.5 1"]


@pytest.mark.parametrize(
    ("name", "written"),
    [("a b", rb"a\ b"), ("a,b", rb"a\,b"), ("50%", b"50%"), ("é", "é".encode()), ("a\\b", rb"a\b"), ("%d", b"%d")],
)
def test_names_are_escaped(name: str, written: bytes) -> None:
    text = lines(name, {name: name}, {name: np.ones(2)}, np.arange(2))
    assert text == b"".join(b"%b,%b=%b %b=1.0 %d\n" % (written, written, written, written, i) for i in range(2))
    assert lines("m", {"a=b": "c=d"}, {"e=f": np.ones(1)}, np.zeros(1, int)) == b"m,a\\=b=c\\=d e\\=f=1.0 0\n"


@pytest.mark.parametrize("name", ["", "a\nb", "a\\", "a\\ b", "a\\\\b", "a\tb", "\x00", "time", "_field"])
def test_a_name_that_influxdb_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match="cannot be a name"):
        lines("m", {}, {name: np.ones(1)}, np.zeros(1, np.int64))
    with pytest.raises(StoreError, match="cannot be a name"):
        lines("m", {name: "x"}, {"v": np.ones(1)}, np.zeros(1, np.int64))


def test_strings_are_quoted_and_bounded() -> None:
    assert point("m", {}, {"s": 'a"b\\c d,e=f', "n": None, "i": 5, "f": 0.5, "b": True}, 7) == (
        rb'm s="a\"b\\c d,e=f",i=5i,f=0.5,b=true 7' + b"\n"
    )
    with pytest.raises(StoreError, match=re.escape(str(STRING_MAX))):
        point("m", {}, {"s": "x" * (STRING_MAX + 1)}, 0)


@pytest.mark.parametrize(
    ("fields", "time_ns", "said"),
    [
        ({"v": np.array([math.inf])}, 0, "no infinite"),
        ({"v": np.array([1.0, 2.0])}, 0, "2 values for 1 times"),
        ({"v": np.array([1], np.uint8)}, 0, "uint8"),
        ({"v": np.array([1.0])}, -(2**63), "1677 to 2262"),
        ({"v": np.array([1.0])}, 2**63 - 1, "1677 to 2262"),
    ],
)
def test_what_is_no_point_is_refused_by_name(fields: dict[str, np.ndarray], time_ns: int, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        lines("m", {}, fields, np.array([time_ns], np.int64))


def test_a_comment_is_no_measurement() -> None:
    with pytest.raises(StoreError, match="comment"):
        lines("#m", {}, {"v": np.ones(1)}, np.zeros(1, np.int64))
