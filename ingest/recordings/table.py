"""A table, CSV or Parquet, and a mapping of its columns in; what is recorded in it out."""

import csv
import io
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ingest.errors import RecordingError
from ingest.recordings.archive import Source, decoded
from ingest.recordings.cells import cells
from ingest.recordings.even import even, steady, within_limits
from ingest.recordings.mapping import UNITS, Mapping, start_s
from ingest.recordings.recording import Format, Recording
from ingest.types import Array, Block

if TYPE_CHECKING:
    import pandas as pd

PARQUET: Final = b"PAR1"
ROWS_MAX: Final = 200_000_000  # a month at 64 Hz; Parquet may say more in few bytes
COLUMNS_MAX: Final = 10_000
UNKNOWN: Final = ("", "na", "nan", "n/a", "null", "none", "<na>")  # what an empty cell may be called
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")  # how it begins


def format_of(mapping: Mapping) -> Format:
    """The format of tables with these columns. A file that does not have them is of another."""
    return Format(
        mapping.device,
        f"a table (CSV or Parquet) with the columns {', '.join(_wanted(mapping))}",
        lambda source: [source.part([name]) for name in source.names if _is_told(source, name, mapping)],
        lambda part: [_read(part, mapping)],
    )


def _wanted(mapping: Mapping) -> list[str]:
    names = [mapping.time.column] if mapping.time.column else []
    return list(dict.fromkeys([*names, *(name for column in mapping.channels.values() for name in column.names)]))


def _is_told(source: Source, name: str, mapping: Mapping) -> bool:
    """Whether a file has the column of times and those of a channel."""
    head = source.head(name, 1 << 16)
    if head[:4] == PARQUET:
        return True
    if not name.lower().endswith((".csv", ".tsv", ".txt")):
        return False
    if head[:2] in _UTF16:
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    try:
        names = _names(head, mapping)
    except RecordingError:
        return False
    return (mapping.time.column is None or mapping.time.column in names) and bool(_present(names, mapping))


def _present(names: Sequence[str], mapping: Mapping) -> list[str]:
    """The channels of which every column is there."""
    return [channel for channel, column in mapping.channels.items() if set(column.names) <= set(names)]


def _names(data: bytes, mapping: Mapping) -> list[str]:
    """The names of a CSV's columns. Raises RecordingError where there are none."""
    at = 0
    for _ in range(mapping.skip):
        at = data.find(b"\n", at) + 1 or len(data)
    line = data[at : data.find(b"\n", at) % (len(data) + 1)].strip(b"\r\n")
    try:
        cells = next(csv.reader([decoded(line, "", otherwise="latin-1")], delimiter=mapping.delimiter), [])
    except csv.Error as error:
        raise RecordingError(f"line {mapping.skip + 1}: {error}") from error
    if len(cells) > COLUMNS_MAX:
        raise RecordingError(f"line {mapping.skip + 1}: more than {COLUMNS_MAX} columns")
    return [cell.strip() for cell in cells] if mapping.header else [str(i) for i in range(1, len(cells) + 1)]


def _read(part: Source, mapping: Mapping) -> Recording:
    """Read one table. Raises RecordingError, naming the file, the line and the mend."""
    (name,) = part.names
    where = part.where(name)
    data = part.read(name)
    found = _parquet(data, where, mapping) if data[:4] == PARQUET else _csv(data, where, mapping)
    notes = [
        f"{channel}: its columns are not in this table"
        for channel in mapping.channels
        if channel not in _present(list(found), mapping)
    ]
    rows = next(iter(found.values())).size
    if not rows:
        raise RecordingError(f"{where}: holds no line of samples")
    times_s = _times_s(found, where, mapping, notes)
    channels = {}
    for channel in _present(list(found), mapping):
        column = mapping.channels[channel]
        values = np.stack([found[each] for each in column.names]) * column.scale + column.offset
        channels[channel] = _pieces(channel, times_s, values if channel == "motion" else values[0], mapping, notes)
    first_s = min(pieces[0].start_s for pieces in channels.values())
    stem = PurePosixPath(name).stem
    return Recording(stem, mapping.device, first_s, channels, None, np.zeros(0), tuple(notes))


def _pieces(
    channel: str, times_s: Array | None, values: Array, mapping: Mapping, notes: list[str]
) -> tuple[Block, ...]:
    rate_hz = mapping.time.rate_hz
    if times_s is None:
        values = within_limits(channel, values, channel, notes)
        return (Block(channel, start_s(mapping) or 0.0, rate_hz or 0.0, np.ascontiguousarray(values)),)
    known = ~np.isnan(values).all(axis=0) if values.ndim > 1 else ~np.isnan(values)
    if not rate_hz and known.any() and not known.all():  # a slower channel in the lines of a faster one
        times_s, values = times_s[known], values[..., known]
        notes.append(f"{channel}: {int((~known).sum())} empty cells: no samples")
    if rate_hz:
        pieces, said = steady(channel, times_s, values, name=channel, rate_hz=rate_hz)
    else:
        pieces, said = even(channel, times_s, values, name=channel)
    notes += said
    return pieces


def _times_s(found: dict[str, Array], where: str, mapping: Mapping, notes: list[str]) -> Array | None:
    """The times of the lines [UTC s]; None where the table has none."""
    since_s = start_s(mapping)
    if mapping.time.column is None:
        if since_s is None:
            notes.append("the table tells no time of day: it is said to start at 1970-01-01 00:00 UTC")
        return None
    times = found[mapping.time.column]
    wrong = np.isnan(times)
    if wrong.any():
        line = int(np.argmax(wrong)) + 1 + mapping.skip + mapping.header
        raise RecordingError(f"{where} line {line}: has no time: mend or remove the line")
    return times if mapping.time.unit == "iso" else times / UNITS[mapping.time.unit] + (since_s or 0.0)


def _csv(data: bytes, where: str, mapping: Mapping) -> dict[str, Array]:
    """The columns that are wanted and there."""
    if data[:2] in _UTF16:
        data = decoded(data, where).encode()
    data = data.rstrip()
    try:
        names = _names(data, mapping)
    except RecordingError as error:
        raise RecordingError(f"{where} {error}") from error
    wanted = [each for each in _wanted(mapping) if each in names]
    doubled = [each for each in wanted if names.count(each) > 1]
    if doubled:
        raise RecordingError(f"{where} line {mapping.skip + 1}: two columns are called {doubled[0]!r}: name them apart")
    first = mapping.skip + mapping.header
    start = 0
    for _ in range(first):
        start = data.find(b"\n", start) + 1 or len(data)
    dates = mapping.time.column if mapping.time.unit == "iso" else None
    if data.find(b'"', start) >= 0 or not mapping.delimiter.isascii():
        columns = _quoted(data[start:], where, mapping, len(names))
        at = {each: columns[names.index(each)] if columns else [] for each in wanted}
        found = {each: _numbers(at[each], where, each, first, mapping) for each in wanted if each != dates}
        return found if dates is None else {**found, dates: _dates(_series(at[dates]), where, mapping)}
    plain = [each for each in wanted if each != dates]
    found = _plain(data, where, mapping, names, plain, start)
    if dates is None:
        return found
    import pandas as pd

    place = names.index(dates)
    series = pd.read_csv(
        io.BytesIO(data[start:] or b"\n"),
        sep=mapping.delimiter,
        skipinitialspace=True,
        header=None,
        names=range(len(names)),
        usecols=[place],
        dtype=str,
        skip_blank_lines=False,
        encoding_errors="replace",
    )[place]
    return {**found, dates: _dates(series if data[start:] else series[:0], where, mapping)}


def _plain(
    data: bytes, where: str, mapping: Mapping, names: list[str], wanted: list[str], start: int
) -> dict[str, Array]:
    """Columns of numbers in lines without quotes."""
    first, mark = mapping.skip + mapping.header, mapping.delimiter.encode()
    at = [names.index(each) for each in wanted]
    read = cells(data, start=start, width=len(names), columns=at, mark=mark, point=mapping.decimal.encode())
    if read.uneven is not None:
        line = data[start:].split(b"\n", read.uneven + 1)[read.uneven]
        raise _uneven(where, read.uneven + first + 1, line.count(mark) + 1, len(names))
    for place in range(len(wanted)):
        others = read.others[read.others[:, 0] == place]
        texts = [data[begin:end] for begin, end in others[:, 2:].tolist()]
        read.numbers[place, others[:, 1]] = _numbers(texts, where, wanted[place], first, mapping, others[:, 1].tolist())
    return dict(zip(wanted, read.numbers, strict=True))


def _quoted(body: bytes, where: str, mapping: Mapping, width: int) -> list[tuple[str, ...]]:
    """The columns of lines with quotes. Raises RecordingError where one has not ``width`` cells."""
    first = mapping.skip + mapping.header
    rows = csv.reader(io.StringIO(body.decode("utf-8", "replace"), newline=""), delimiter=mapping.delimiter)
    found = []
    try:
        for row in rows:
            if len(row) != width:
                raise _uneven(where, rows.line_num + first, len(row), width)
            found.append(row)
    except csv.Error as error:
        raise RecordingError(f"{where} line {rows.line_num + first}: {error}: mend or remove the line") from error
    return list(zip(*found, strict=True))


def _uneven(where: str, line: int, found: int, width: int) -> RecordingError:
    return RecordingError(f"{where} line {line}: {found} cells, expected {width}: mend or remove the line")


def _numbers(
    texts: Sequence[Any], where: str, column: str, first: int, mapping: Mapping, lines: Sequence[int] | None = None
) -> Array:
    """The numbers of a column, each to the last bit what ``float`` says of it; an empty cell is NaN. ``lines`` are
    those that the cells stand in after the ``first``. Raises RecordingError, naming the line."""
    found = np.empty(len(texts))
    for at, cell in enumerate(texts):
        text = (cell.decode("latin-1") if isinstance(cell, bytes) else str(cell)).strip()
        try:
            if "_" in text:  # which Python would allow within a number
                raise ValueError
            found[at] = np.nan if text.lower() in UNKNOWN else float(text.replace(mapping.decimal, "."))
        except ValueError:
            line = (at if lines is None else lines[at]) + 1 + first
            raise RecordingError(
                f"{where} line {line}: {text[:20]!r} in {column} is no number: mend it, or leave it empty"
            ) from None
    return found


def _series(texts: Sequence[str | bytes]) -> "pd.Series[Any]":
    import pandas as pd

    return pd.Series([each.decode("latin-1") if isinstance(each, bytes) else each for each in texts], dtype=object)


def _dates(series: "pd.Series[Any]", where: str, mapping: Mapping) -> Array:
    """Dates as text, or as Parquet has them [UTC s]."""
    import pandas as pd

    first = mapping.skip + mapping.header
    try:
        if not pd.api.types.is_datetime64_any_dtype(series):
            series = _parsed(series, where, first)
        if series.isna().any():
            line = int(np.argmax(series.isna().to_numpy())) + 1 + first
            raise RecordingError(f"{where} line {line}: has no time: mend or remove the line")
        if series.dt.tz is None:
            if mapping.time.zone is None:
                raise RecordingError(
                    f"{where}: its times have no offset: say the time.zone of the clock in the mapping"
                )
            series = series.dt.tz_localize(mapping.time.zone, ambiguous="infer", nonexistent="raise")
        moments = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
        return np.asarray(moments.astype(np.int64) / 1e6, np.float64)
    except RecordingError:  # a ValueError too, and already told
        raise
    except Exception as error:  # pandas has no one base for what it says of dates
        told = " ".join(str(error).split())[:200]
        raise RecordingError(
            f"{where}: the times of {mapping.time.column}: {told}: mend them, or their zone"
        ) from error


def _parsed(texts: "pd.Series[Any]", where: str, first: int) -> "pd.Series[Any]":
    """Dates from text; all with an offset, or none."""
    import pandas as pd

    lines = [text if isinstance(text, str) else "" for text in texts.tolist()]
    told = [
        text.endswith(("Z", "z")) or "+" in text[10:] or "-" in text[10:] for text in lines
    ]  # none but an offset has these
    if any(told) and not all(told):  # which some versions of pandas take for UTC
        line = told.index(False) + 1 + first
        raise RecordingError(f"{where} line {line}: a time without an offset among others that have one")
    return pd.to_datetime(texts, format="ISO8601", utc=all(told))


def _parquet(data: bytes, where: str, mapping: Mapping) -> dict[str, Array]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise RecordingError(f"{where}: to read Parquet, pip install 'forecalm[formats]'") from error
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        names = file.schema_arrow.names
        wanted = [each for each in _wanted(mapping) if each in names]
        if file.metadata.num_rows * max(len(wanted), 1) > ROWS_MAX:
            raise RecordingError(f"{where}: more than {ROWS_MAX} cells: no recording of one wearing")
        table = file.read(columns=wanted)
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{where}: is no whole Parquet file ({str(error)[:200]}): save it again") from error
    if not _present(wanted, mapping) or (mapping.time.column is not None and mapping.time.column not in wanted):
        raise RecordingError(f"{where}: has the columns {', '.join(names)[:200]}: map those")
    found = {}
    for each in wanted:
        series = table.column(each).to_pandas()
        if each == mapping.time.column and (mapping.time.unit == "iso" or str(series.dtype).startswith("datetime64")):
            if mapping.time.unit != "iso":
                raise RecordingError(f"{where}: {each} holds dates: say unit = 'iso'")
            found[each] = _dates(series, where, mapping)
        else:
            numbers = series.dtype.kind in "iuf"
            found[each] = series.to_numpy(np.float64) if numbers else _numbers(series.tolist(), where, each, 0, mapping)
    return found
