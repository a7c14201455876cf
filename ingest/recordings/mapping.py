"""A small TOML file in, how a table's columns are to be read out: see docs/guides/importing.md."""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ingest.errors import RecordingError
from ingest.labels import utc_seconds
from ingest.types import CHANNELS
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

FILE_MAX: Final = 64 << 10
UNITS: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""How many of each unit of time make a second."""
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Finite = Annotated[float, msgspec.Meta(gt=-1e12, lt=1e12)]


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When each line was taken: by a ``column``, or by ``start`` and ``rate_hz``.

    With a column, ``rate_hz`` says that the sensor is steady and its times tremble because they were taken on arrival.
    ``unit``: of numbers, which count from ``start`` (without it from 1970 UTC); ``iso``: dates. ``zone`` is whose clock
    dates without an offset are of. Without a column and a start the time of day is not known: 1970.
    """

    column: _Name | None = None
    unit: Literal["s", "ms", "us", "ns", "iso"] = "s"
    zone: str | None = None
    start: str | None = None
    rate_hz: Annotated[float, msgspec.Meta(ge=RATE_MIN_HZ, le=RATE_MAX_HZ)] | None = None


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a channel stands: ``column``, or of motion three ``columns``; physical value = cell x scale + offset."""

    column: _Name | None = None
    columns: tuple[_Name, _Name, _Name] | None = None
    scale: _Finite = 1.0
    offset: _Finite = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The column or the columns."""
        return self.columns or ((self.column,) if self.column else ())


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a table is read. ``skip`` lines stand before its ``header``; without one, columns are called 1, 2, 3."""

    time: Time
    channels: dict[str, Column]
    device: _Name = "table"
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    header: bool = True
    skip: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


def read_mapping(path: Path) -> Mapping:
    """Read a mapping. Raises RecordingError, naming the file, the field and the mend."""
    try:
        data = path.read_bytes()
        if len(data) > FILE_MAX:
            raise RecordingError(f"{path.name}: larger than {FILE_MAX} bytes: no mapping of columns")
        return mapping_of(data.decode(), path.name)
    except OSError as error:
        raise RecordingError(f"{path.name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path.name}: byte {error.start}: not UTF-8: save it as UTF-8") from error


def mapping_of(text: str, name: str) -> Mapping:
    """The same of the text of a mapping, which messages call ``name``."""
    try:
        found = msgspec.convert(tomllib.loads(text), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise RecordingError(f"{name}: {error}: see docs/guides/importing.md") from error
    _require(found, name)
    return found


def start_s(mapping: Mapping) -> float | None:
    """The moment from which numbers of time count, or at which a table without times begins [UTC s]."""
    return None if mapping.time.start is None else utc_seconds(mapping.time.start)


def _require(mapping: Mapping, name: str) -> None:
    """What holds between fields."""
    time = mapping.time
    if time.column is None and time.rate_hz is None:
        raise RecordingError(f"{name}: time: say the column of the times, or the rate_hz of a table without any")
    if time.unit == "iso" and (time.column is None or time.start is not None):
        raise RecordingError(f"{name}: time: unit 'iso' is of a column, and needs no start")
    if time.zone is not None and time.unit != "iso":
        raise RecordingError(f"{name}: time.zone: only dates have a zone: numbers count from start, which has its own")
    try:
        ZoneInfo(time.zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RecordingError(f"{name}: time.zone: {time.zone!r} is no zone such as Europe/London") from error
    try:
        start_s(mapping)
    except RecordingError as error:
        raise RecordingError(f"{name}: time.start: {error}") from error
    if mapping.delimiter == mapping.decimal or mapping.delimiter in '"\r\n':
        raise RecordingError(f"{name}: delimiter: {mapping.delimiter!r} cannot part cells: ',' ';' or a tab can")
    known = [each for each in CHANNELS if each != "ibi"]
    if not mapping.channels:
        raise RecordingError(f"{name}: channels: name at least one of {', '.join(known)}")
    for channel, column in mapping.channels.items():
        if channel not in known:
            raise RecordingError(f"{name}: channels.{channel}: must be one of {', '.join(known)}")
        if (column.column is None) == (column.columns is None) or (channel == "motion") != (column.columns is not None):
            needed = 'columns = ["x", "y", "z"]' if channel == "motion" else 'column = "name"'
            raise RecordingError(f"{name}: channels.{channel}: say {needed}")
        if column.scale == 0:
            raise RecordingError(f"{name}: channels.{channel}.scale: must not be 0")
