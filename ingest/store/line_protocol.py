"""Arrays in, InfluxDB's line protocol out: a line a point, every number exactly as it was.

Text of numbers comes from msgspec, whose shortest decimals read back to the same float64, and lines are put together a
column at a time. https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import StoreError

Column = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_] | Sequence[str]
Value = float | int | bool | str | None
Times = NDArray[np.int64]

STRING_MAX: Final = 65_536  # bytes of a string field: what InfluxDB 1.x and 2.x take
TIME_MIN_NS: Final = -9_223_372_036_854_775_806  # 1677-09-21: InfluxDB keeps the numbers beyond for itself
TIME_MAX_NS: Final = 9_223_372_036_854_775_806  # 2262-04-11

_TEXT = msgspec.json.Encoder().encode


def lines(measurement: str, tags: Mapping[str, str], fields: Mapping[str, Column], time_ns: Times) -> bytes:
    """Return n points of one series: ``time_ns`` (n,) int64, UTC; each field (n,): float64, int64, bool or n strings.

    A NaN, which InfluxDB does not know, is a field left out; a point with no field left is no line. Points with the
    same fields follow each other in the order given. Raises StoreError on infinite numbers, on times and strings that
    are too long, and on names that InfluxDB cannot hold.
    """
    series = _series(measurement, tags)
    n = len(time_ns)
    if n and not TIME_MIN_NS <= int(time_ns.min()) <= int(time_ns.max()) <= TIME_MAX_NS:
        raise StoreError(f"{measurement}: a time lies outside what InfluxDB holds, the years 1677 to 2262")
    names, columns, known = [], [], []
    for name, column in fields.items():
        if len(column) != n:
            raise StoreError(f"{measurement}.{name}: {len(column)} values for {n} times")
        names.append(_escaped(name, ",= ").replace(b"%", b"%%") + b"=" + _form(column))
        columns.append(_texts(f"{measurement}.{name}", column))
        known.append(_known(column))
    masks = np.array(known, np.bool_).reshape(len(known), n)
    if masks.all():
        return _together(series, names, columns, time_ns) if names else b""
    made = []
    for pattern in np.unique(masks, axis=1).T:
        rows = np.flatnonzero((masks == pattern[:, np.newaxis]).all(axis=0)).tolist()
        chosen = [[column[row] for row in rows] for column, wanted in zip(columns, pattern, strict=True) if wanted]
        if chosen:
            some = [name for name, wanted in zip(names, pattern, strict=True) if wanted]
            made.append(_together(series, some, chosen, time_ns[rows]))
    return b"".join(made)


def _together(series: bytes, names: Sequence[bytes], columns: Sequence[Sequence[bytes]], time_ns: Times) -> bytes:
    """Return the lines of points that all have all fields: one template, filled at once."""
    line = series.replace(b"%", b"%%") + b" " + b",".join(names) + b" %d\n"
    return (line * len(time_ns)) % tuple(chain.from_iterable(zip(*columns, time_ns.tolist(), strict=True)))


def _form(column: Column) -> bytes:
    """How a value of a column is written: integers end in i, strings are quoted."""
    if not isinstance(column, np.ndarray):
        return b'"%b"'
    return b"%bi" if column.dtype == np.int64 else b"%b"


def _texts(what: str, column: Column) -> Sequence[bytes]:
    if not isinstance(column, np.ndarray):
        return [_string(what, value) for value in column]
    if column.dtype not in (np.float64, np.int64, np.bool_):
        raise StoreError(f"{what}: {column.dtype} is none of float64, int64, bool and strings")
    if column.dtype == np.float64 and np.isinf(column).any():
        raise StoreError(f"{what}: InfluxDB holds no infinite numbers, and value {np.isinf(column).argmax()} is one")
    return _TEXT(column.tolist())[1:-1].split(b",") if len(column) else []


def _known(column: Column) -> NDArray[np.bool_]:
    if isinstance(column, np.ndarray) and column.dtype == np.float64:
        return ~np.isnan(column)
    return np.ones(len(column), np.bool_)


def _string(what: str, value: str) -> bytes:
    text = value.replace("\\", "\\\\").replace('"', '\\"').encode()
    if len(text) > STRING_MAX:
        raise StoreError(f"{what}: a string of {len(text)} bytes is longer than InfluxDB takes ({STRING_MAX})")
    return text


def _series(measurement: str, tags: Mapping[str, str]) -> bytes:
    """Return measurement and tags, sorted by name as InfluxDB advises."""
    if measurement.startswith("#"):
        raise StoreError(f"measurement {measurement!r}: a line that begins with # is a comment")
    parts = [_escaped(measurement, ", ")]
    for name in sorted(tags):
        parts.append(_escaped(name, ",= ") + b"=" + _escaped(tags[name], ",= ", is_value=True))
    return b",".join(parts)


def _escaped(name: str, special: str, *, is_value: bool = False) -> bytes:
    """Return a name with a backslash before what separates; raises StoreError where no escape exists."""
    wrong = None
    if not name or not name.isprintable():
        wrong = "must be one or more printable characters"
    elif not is_value and (name == "time" or name.startswith("_")):
        wrong = "time, and names that begin with _, are InfluxDB's own"
    elif name.endswith("\\") or any(f"\\{character}" in name for character in f"{special}\\"):
        wrong = "a backslash may stand neither last nor before a comma, a space, an equals sign or a backslash"
    if wrong:
        raise StoreError(f"{name!r} cannot be a name in InfluxDB: {wrong}")
    for character in special:
        name = name.replace(character, f"\\{character}")
    return name.encode()


def point(measurement: str, tags: Mapping[str, str], fields: Mapping[str, Value], time_ns: int) -> bytes:
    """Return one point of any fields; None and NaN are left out. Raises StoreError as ``lines`` does."""
    parts = []
    for name, value in fields.items():
        if value is not None and value == value:
            parts.append(_escaped(name, ",= ") + b"=" + _scalar(f"{measurement}.{name}", value))
    if not TIME_MIN_NS <= time_ns <= TIME_MAX_NS:
        raise StoreError(f"{measurement}: a time lies outside what InfluxDB holds, the years 1677 to 2262")
    return _series(measurement, tags) + b" " + b",".join(parts) + b" %d\n" % time_ns if parts else b""


def _scalar(what: str, value: float | int | bool | str) -> bytes:
    if isinstance(value, str):
        return b'"%b"' % _string(what, value)
    if isinstance(value, int) and not isinstance(value, bool):
        if not -(1 << 63) <= value < 1 << 63:
            raise StoreError(f"{what}: {value} needs more than 64 bits")
        return b"%di" % value
    if math.isinf(value):
        raise StoreError(f"{what}: InfluxDB holds no infinite numbers")
    return _TEXT(value)
