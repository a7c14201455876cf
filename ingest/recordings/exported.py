"""A folder that ``forecalm export`` wrote as Parquet or CSV in, the very recording that was exported out.

Every recording has a sheet beside its files, ``recording.json``: what each file holds, to the last bit when each piece
of a channel began and how fast it was sampled, and the digest of each file. Layouts: docs/exports.md.
"""

import hashlib
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from ingest.errors import RecordingError
from ingest.labels import FIRST_S, LAST_S, Label, read_labels
from ingest.recordings.archive import Source, decoded, leaf_of
from ingest.recordings.recording import Format, Recording
from ingest.types import CHANNELS, Array, Block
from ingest.wire import EVEN, RATE_MAX_HZ, RATE_MIN_HZ

NAME: Final = "forecalm-export"
SHEET: Final = "recording.json"
LABELS: Final = "export_labels.csv"  # another name than that of labels beside any recording: these are in the sheet
TEXT_MAX: Final = 1 << 30  # bytes of one file: a day of PPG as text is 350 MB
ROWS_MAX: Final = 200_000_000  # samples of one file: four days at the fastest rate on any band's wire
VALUES: Final = {name: (name,) if kind.axes == 1 else ("x", "y", "z") for name, kind in CHANNELS.items()}
"""What the columns of values are called, by channel."""
CHUNK: Final = 32 << 20  # bytes of text at once: cells take ten times as much as Python objects
Time = Annotated[float, msgspec.Meta(ge=FIRST_S, le=LAST_S)]
Count = Annotated[int, msgspec.Meta(ge=0, le=ROWS_MAX)]
Rate = Annotated[float, msgspec.Meta(ge=RATE_MIN_HZ, le=RATE_MAX_HZ)]


class Segment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rows`` rows of a file, from its row ``row`` on (0 is the first): samples ``first`` and following of the
    channel's piece number ``piece``. Sample i of that piece was taken at ``start_s + i / rate_hz`` [UTC s]."""

    piece: Count
    start_s: Time
    rate_hz: Rate
    first: Count
    row: Count
    rows: Count


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of one channel; of beats ``segments`` is empty. Rows in no segment are filling, where nothing is known."""

    path: str
    channel: str
    unit: str
    rows: Count
    sha256: str
    segments: tuple[Segment, ...]


class Offset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From ``from_s`` on [UTC s] local clocks showed UTC plus ``offset_s``."""

    from_s: Time
    offset_s: float


class Sheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about an exported recording but its samples. ``wearer`` is a pseudonym; ``zone`` the time zone of the
    site, empty where dates were shifted; ``labels`` the digest of the labels' file, None where none were exported."""

    forecalm: Literal["recording"] = "recording"
    version: Literal[1] = 1
    notice: str
    software: str
    wearer: str
    name: str
    device: str
    deidentified: bool
    zone: str
    local: tuple[Offset, ...]
    files: tuple[File, ...]
    labels: str | None
    presses_s: tuple[Time, ...]
    notes: tuple[str, ...]


Load = Callable[[bytes, File, str], Array]
"""``load(data, file, where)``: the (columns, rows) float64 values in the bytes of a file; of beats when each happened
[UTC s] and its interval. Raises RecordingError, which names ``where``."""


class Whose(msgspec.Struct, frozen=True):
    """Whose recording a sheet is of; everything else in it is read later."""

    wearer: str = ""


def parts(source: Source) -> list[Source]:
    """The folders that hold a sheet; raises RecordingError where they are of several people."""
    folders = source.by_folder()
    sheets = [
        (name, names)
        for names in folders.values()
        for name in names
        if leaf_of(name) == SHEET and b'"forecalm"' in source.head(name)
    ]
    require_one_wearer(source, {whose(source.head(name, TEXT_MAX)) for name, _ in sheets})
    return [source.part(names) for _, names in sheets]


def whose(text: bytes) -> str:
    """Who the sheet in ``text`` says it is of; empty where it cannot be read: that is said of the recording itself."""
    try:
        return msgspec.json.decode(text, type=Whose).wearer
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def require_one_wearer(source: Source, wearers: set[str]) -> None:
    """Refuse an export of several people: whatever is imported becomes one person's."""
    some = sorted(wearers - {""})
    if len(some) > 1:
        named = ", ".join(repr(each[:60]) for each in some[:5]) + (", ..." if len(some) > 5 else "")
        raise RecordingError(
            f"{source.name}: an export of {len(some)} people ({named}): import the folder of each by itself"
        )


def read_folder(part: Source) -> list[Recording]:
    """The recording of one folder; raises RecordingError as every reader does."""
    names = {name.rsplit("/", 1)[-1]: name for name in part.names}
    where = part.where(names[SHEET])
    sheet = sheet_of(part.read(names[SHEET]), where)
    found = rebuild(part, sheet, names, _load)
    if sheet.labels is None:
        return [found]
    text = decoded(checked(part, names, LABELS, sheet.labels), part.where(LABELS))
    return [replace(found, labels=unowned(read_labels(text)))]


FORMAT: Final = Format(
    NAME,
    f"an export of forecalm as Parquet or CSV: folders that hold a {SHEET}",
    parts,
    read_folder,
)


def sheet_of(data: bytes, where: str) -> Sheet:
    """The sheet in the bytes of a file; raises RecordingError, naming the field."""
    try:
        sheet = msgspec.json.decode(data, type=Sheet)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(f"{where}: {error}: export the recording again") from None
    for file in sheet.files:
        if file.channel not in CHANNELS:
            raise RecordingError(f"{where}: {file.channel[:40]!r} is no channel of {', '.join(CHANNELS)}")
    return sheet


def rebuild(part: Source, sheet: Sheet, names: dict[str, str], load: Load) -> Recording:
    """The recording of a sheet, without labels; ``names`` are the files of ``part`` by what the sheet calls them."""
    pieces: dict[str, dict[int, list[tuple[Segment, Array]]]] = {}
    beats: list[Array] = []
    for file in sheet.files:
        data = checked(part, names, file.path, file.sha256)
        where = part.where(names[file.path])
        values = load(data, file, where)
        if values.shape[-1] != file.rows or np.isinf(values).any():
            raise RecordingError(f"{where}: {values.shape[-1]} rows, expected {file.rows} of finite numbers")
        if file.channel == "ibi":
            beats.append(values)
        for segment in file.segments:
            if file.channel == "ibi" or segment.rows == 0 or segment.row + segment.rows > file.rows:
                raise RecordingError(f"{where}: a segment of {segment.rows} rows cannot be there: export it again")
            cut = values[:, segment.row : segment.row + segment.rows]
            pieces.setdefault(file.channel, {}).setdefault(segment.piece, []).append((segment, cut))
    channels = {
        name: tuple(_piece(part, name, found[i]) for i in sorted(found))
        for name in EVEN
        if (found := pieces.get(name)) is not None
    }
    if not channels:
        raise RecordingError(f"{part.name}: holds no channel that is sampled: export one beside the beats")
    start_s = min(found[0].start_s for found in channels.values())
    ibi_s = _beats(part, beats)
    return Recording(sheet.name, sheet.device, start_s, channels, ibi_s, np.array(sheet.presses_s), sheet.notes)


def _piece(part: Source, channel: str, segments: list[tuple[Segment, Array]]) -> Block:
    """A piece of a channel, put together again."""
    segments = sorted(segments, key=lambda each: each[0].first)
    begun, at = segments[0][0], 0
    for segment, _ in segments:
        if (segment.first, segment.start_s, segment.rate_hz) != (at, begun.start_s, begun.rate_hz):
            raise RecordingError(
                f"{part.name}: {channel}: sample {at} of piece {begun.piece} is missing: copy every file of the export"
            )
        at += segment.rows
    values = np.ascontiguousarray(np.concatenate([cut for _, cut in segments], axis=1))
    kind = CHANNELS[channel]
    if (values < kind.low).any() or (values > kind.high).any():
        raise RecordingError(f"{part.name}: {channel} holds values outside {kind.low} to {kind.high} {kind.unit}")
    return Block(channel, begun.start_s, begun.rate_hz, values if kind.axes > 1 else values[0])


def _beats(part: Source, found: Sequence[Array]) -> Array | None:
    if not found:
        return None
    beats = np.concatenate(found, axis=1)
    good = np.isfinite(beats).all() and (np.diff(beats[0]) >= 0).all() and (beats[1] > 0).all()
    if not good or beats[0].min(initial=0.0) < FIRST_S or beats[0].max(initial=0.0) > LAST_S:
        raise RecordingError(f"{part.name}: ibi: beats must be finite, in time order, and their intervals above 0 s")
    return beats


def checked(part: Source, names: dict[str, str], path: str, sha256: str) -> bytes:
    """The bytes of a file as it was exported; raises RecordingError where it is missing or was changed."""
    if path not in names:
        raise RecordingError(f"{part.name}: {path[:200]} is missing: copy every file of the export")
    data = part.read(names[path], limit=TEXT_MAX)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise RecordingError(
            f"{part.where(names[path])}: was changed since it was exported: export it again, or name it as a table"
        )
    return data


def unowned(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Labels as those of whoever the recording will be of."""
    return tuple(replace(label, wearer="") for label in labels)


def _load(data: bytes, file: File, where: str) -> Array:
    suffix = PurePosixPath(file.path).suffix
    columns = ("unix_s", "interval_s") if file.channel == "ibi" else VALUES[file.channel]
    if suffix == ".parquet":
        return _parquet(data, where, columns, file.rows)
    if suffix == ".csv":
        return _csv(data, where, columns)
    raise RecordingError(f"{where}: is neither .parquet nor .csv: export it again")


def _parquet(data: bytes, where: str, columns: Sequence[str], rows: int) -> Array:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise RecordingError(f"{where}: Parquet needs pyarrow: pip install 'forecalm[formats]'") from None
    try:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            held, known = file.metadata.num_rows, set(file.schema_arrow.names)
            if held != rows or not known.issuperset(columns):
                raise RecordingError(f"{where}: {held} rows of {sorted(known)}, expected {rows} with {list(columns)}")
            table = file.read(columns=list(columns))
            found = [np.asarray(table[name].cast(pa.float64()).to_numpy(), np.float64) for name in columns]
    except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{where}: is no Parquet file that can be read ({error}): export it again") from None
    return np.stack(found)


def _csv(data: bytes, where: str, columns: Sequence[str]) -> Array:
    header, _, rows = data.partition(b"\n")
    names = decoded(header, where).split(",")
    if not set(names).issuperset(columns):
        raise RecordingError(f"{where}: line 1: columns {names}, expected {list(columns)} among them")
    return table(rows, where, chosen=[names.index(name) for name in columns], of=len(names), separator=b",")


def table(data: bytes, where: str, *, chosen: Sequence[int], of: int, separator: bytes, unknown: bytes = b"") -> Array:
    """(len(chosen), lines): the numbers in these of ``of`` columns of text, NaN where a cell is ``unknown``; raises
    RecordingError. ``float`` reads them: so every number comes back to the last bit, with any version of pandas."""
    found, at = [np.zeros((len(chosen), 0))], 0
    while at < len(data):
        end = data.find(b"\n", min(at + CHUNK, len(data))) + 1 or len(data)
        cells = data[at:end].removesuffix(b"\n").replace(b"\n", separator).split(separator)
        if len(cells) != of * data[at:end].removesuffix(b"\n").count(b"\n") + of:
            raise RecordingError(f"{where}: not every line has {of} columns: export it again")
        try:
            numbers = [[math.nan if cell == unknown else float(cell) for cell in cells[i::of]] for i in chosen]
        except ValueError as error:
            raise RecordingError(f"{where}: {error}: export it again") from None
        found.append(np.array(numbers))
        at = end
    return np.concatenate(found, axis=1)


def times_s(start_s: float, rate_hz: float, low: int, high: int) -> Array:
    """When samples ``low`` up to ``high`` of a piece were taken [UTC s], (high - low,)."""
    found: Array = np.arange(low, high, dtype=np.float64)
    found /= rate_hz
    found += start_s
    return found


def nanoseconds(times_s: Array) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Moments [UTC s] as whole nanoseconds since 1970, rounded: whole seconds apart, for their product has no room."""
    whole = np.floor(times_s)
    return np.rint((times_s - whole) * 1e9).astype(np.int64) + whole.astype(np.int64) * 1_000_000_000
