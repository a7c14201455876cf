"""A recording in; a folder of its own with one Parquet file a channel and UTC day, or one CSV file a channel, out."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ingest.errors import RecordingError
from ingest.exports.sheets import About, Part, date_of, digest_of, parts, sheet, software
from ingest.labels import write_labels
from ingest.notice import SENTENCE
from ingest.recordings.exported import LABELS, SHEET, VALUES, File, nanoseconds
from ingest.recordings.recording import Recording
from ingest.types import CHANNELS, Array

ROWS: Final = 1_000_000  # of a CSV written at once: some 100 MB of text in memory
Encode = Callable[[Part, Recording, About], bytes]


def write_parquet(folder: Path, recording: Recording, about: About) -> None:
    """Write one recording below ``folder``. Raises RecordingError where pyarrow is not installed."""
    require_pyarrow()
    _write(folder, recording, about, suffix="parquet", by_day=True, encode=_parquet)


def write_csv(folder: Path, recording: Recording, about: About) -> None:
    """Write one recording below ``folder``."""
    _write(folder, recording, about, suffix="csv", by_day=False, encode=_csv)


def require_pyarrow() -> None:
    """Raise RecordingError, naming the mend, where Parquet cannot be written."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise RecordingError(
            "Parquet needs pyarrow: pip install 'forecalm[formats]', or make setup-full; CSV and BIDS do without"
        ) from None


def _write(folder: Path, recording: Recording, about: About, *, suffix: str, by_day: bool, encode: Encode) -> None:
    below = folder / about.wearer / recording.name
    below.mkdir(parents=True)
    files = []
    for part in parts(recording, by_day=by_day):
        day = "" if part.day is None else f"_{date_of(part.day)}"
        name, data = f"{part.channel}{day}.{suffix}", encode(part, recording, about)
        (below / name).write_bytes(data)
        files.append(file_of(part, name, data, rows=part.times_s.size))
    labels = None
    if about.with_labels:
        text = write_labels(replace(label, wearer=about.wearer) for label in recording.labels).encode()
        (below / LABELS).write_bytes(text)
        labels = digest_of(text)
    said = sheet(recording, about, tuple(files), labels)
    (below / SHEET).write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=1))


def file_of(part: Part, name: str, data: bytes, *, rows: int) -> File:
    """What the sheet says of a file."""
    return File(
        path=name,
        channel=part.channel,
        unit=CHANNELS[part.channel].unit,
        rows=rows,
        sha256=digest_of(data),
        segments=part.segments,
    )


def _columns(part: Part) -> dict[str, Array]:
    """The columns of numbers; of beats their exact times too."""
    if part.channel == "ibi":
        return {"unix_s": part.times_s, "interval_s": part.values[0]}
    return dict(zip(VALUES[part.channel], part.values, strict=True))


def _parquet(part: Part, recording: Recording, about: About) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = _columns(part)
    arrays = {
        "time": pa.array(nanoseconds(part.times_s), pa.timestamp("ns", "UTC")),
        "piece": pa.array(part.piece),
        **{name: pa.array(values) for name, values in columns.items()},
    }
    said = {
        "forecalm.channel": part.channel,
        "forecalm.unit": CHANNELS[part.channel].unit,
        "forecalm.wearer": about.wearer,
        "forecalm.recording": recording.name,
        "forecalm.device": recording.device,
        "forecalm.site_zone": about.zone if about.shifted_s is None else "",
        "forecalm.day": "" if part.day is None else f"{date_of(part.day)} UTC",
        "forecalm.rate_hz": ", ".join(dict.fromkeys(f"{each.rate_hz!r}" for each in part.segments)),
        "forecalm.segments": msgspec.json.encode(part.segments).decode(),
        "forecalm.notice": SENTENCE,
        "forecalm.software": software(),
    }
    table = pa.table(arrays).replace_schema_metadata(said)
    out = io.BytesIO()
    pq.write_table(
        table,
        out,
        compression="zstd",
        use_dictionary=["piece", *columns],
        column_encoding={"time": "DELTA_BINARY_PACKED"},
    )
    return out.getvalue()


def _csv(part: Part, recording: Recording, about: About) -> bytes:
    columns = _columns(part)
    numbers = columns if part.channel == "ibi" else {"unix_s": part.times_s, **columns}
    out = io.BytesIO()
    out.write(",".join(("utc", "piece", *numbers)).encode() + b"\n")
    for low in range(0, part.times_s.size, ROWS):
        here = slice(low, low + ROWS)
        utc = np.datetime_as_string(((nanoseconds(part.times_s[here]) + 500) // 1000).view("<M8[us]"))
        cells = [
            [f"{each}Z" for each in utc.tolist()],
            map(str, part.piece[here].tolist()),
            *(texts(values[here]) for values in numbers.values()),
        ]
        out.write("\n".join(map(",".join, zip(*cells, strict=True))).encode() + b"\n")
    return out.getvalue()


def texts(values: Array, unknown: str = "") -> list[str]:
    """Numbers as the shortest text that reads back to the same bits."""
    return [unknown if value != value else repr(value) for value in values.tolist()]
