"""A log of an Affectiva Q sensor in, its channels in physical units and what experts said of them out.

Layout: eight lines of head (``Sampling Rate: 8``, ``Start Time: 2013-05-14 08:10:47 Offset:+01``, the names of the
columns, a rule), then a sample a line: acceleration along z, y and x [g], battery, skin temperature [degC], EDA [uS].
The text is Latin-1; spreadsheets have filled the head up with commas. Beside it, ``..._Epochs.csv`` (Zhang, Haghdan
and Xu 2017, ISWC) judges each 5 s in columns ``qualityLabel_Expert1`` and so on: 1 clean, 2 artefact,
0 skipped; its times are of the same clock as the log's head.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import Final

import numpy as np

from ingest.errors import RecordingError
from ingest.labels import Label
from ingest.recordings.archive import Source
from ingest.recordings.even import within_limits
from ingest.recordings.recording import Format, Recording
from ingest.recordings.rows import columns
from ingest.types import Block
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

DEVICE: Final = "affectiva-q"
HEAD_LINES: Final = 8
WIDTH: Final = 6
JUDGED: Final = {1: "clean", 2: "artefact"}
EPOCH_S: Final = 5.0  # of the judgements: an artefact begins somewhere in the first of its epochs
EPOCHS_MAX: Final = 100_000  # six days of them
_MARK: Final = re.compile(rb"\s*Log File Created by Q", re.IGNORECASE)
_EPOCHS: Final = re.compile(rb"(\xef\xbb\xbf)?EpochNum,StartTime,EndTime,")
_RATE: Final = re.compile(r"Sampling Rate:\s*(\d+(?:\.\d+)?)\s*\Z", re.IGNORECASE)
_START: Final = re.compile(
    r"Start Time:\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)\s+Offset:\s*([+-])(\d\d):?(\d\d)?\s*\Z",
    re.IGNORECASE,
)
_EXPERT: Final = re.compile(r"qualityLabel_Expert(\d+)\Z")


def parts(source: Source) -> list[Source]:
    """Each log with the epochs beside it; logs that say the same start together, so that it can be noted."""
    logs = [name for name in source.names if _is_csv(name) and _MARK.match(source.head(name))]
    epochs = {name for name in source.names if _is_csv(name) and _EPOCHS.match(source.head(name))}
    groups: dict[object, list[str]] = {}
    for name in logs:
        said = next((line for line in source.head(name).split(b"\n")[:HEAD_LINES] if b"Start Time" in line), name)
        beside = _epochs_of(name)
        groups.setdefault(said, []).extend([name, beside] if beside in epochs else [name])
    return [source.part(names) for names in groups.values()]


def _is_csv(name: str) -> bool:
    return name.lower().endswith((".csv", ".txt", ".log"))


def _epochs_of(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}_Epochs{path.suffix}"))


def read(part: Source) -> list[Recording]:
    """Read the logs of a part. Raises RecordingError, naming the file, the line and the mend."""
    names = set(part.names)
    logs = [name for name in part.names if _MARK.match(part.head(name))]
    return [_log(part, name, _epochs_of(name) if _epochs_of(name) in names else None, len(logs)) for name in logs]


FORMAT: Final = Format(DEVICE, "a log of an Affectiva Q sensor, with its head of eight lines", parts, read)


def _log(part: Source, name: str, epochs: str | None, alike: int) -> Recording:
    data, where = part.read(name), part.where(name)
    head = [line.decode("latin-1").rstrip(", \r\t") for line in data.split(b"\n", HEAD_LINES)[:HEAD_LINES]]
    rate_hz, start_s, offset = _rate(head, where), *_start(head, where)
    _require_columns(head, where)
    found = columns(data, where, skip=HEAD_LINES, width=WIDTH)
    if not found.shape[1]:
        raise RecordingError(f"{where}: holds no sample after its head: copy it again")
    notes = [f"{alike} logs say that they start then: all but one are wrong"] if alike > 1 else []
    values = {"eda": found[5], "temperature": found[4], "motion": found[[2, 1, 0]]}
    channels: dict[str, tuple[Block, ...]] = {
        channel: (Block(channel, start_s, rate_hz, np.ascontiguousarray(within_limits(channel, each, channel, notes))),)
        for channel, each in values.items()
    }
    labels = () if epochs is None else _labels(part.read(epochs), part.where(epochs), offset)
    stem = PurePosixPath(name).stem
    return Recording(stem, DEVICE, start_s, channels, None, np.zeros(0), tuple(notes), labels)


def _rate(head: Sequence[str], where: str) -> float:
    for number, line in enumerate(head, 1):
        if match := _RATE.search(line):
            rate_hz = float(match[1])
            if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
                raise RecordingError(f"{where} line {number}: {rate_hz:g} Hz is no rate of a band: put in the true one")
            return rate_hz
    raise RecordingError(f"{where}: no 'Sampling Rate: 8' in its first {HEAD_LINES} lines: export it again")


def _start(head: Sequence[str], where: str) -> tuple[float, timezone]:
    """When it starts [UTC s], and the offset of its clock."""
    for number, line in enumerate(head, 1):
        if match := _START.search(line):
            away = timedelta(hours=int(match[3]), minutes=int(match[4] or 0))
            try:
                zone = timezone(-away if match[2] == "-" else away)
                return datetime.fromisoformat(match[1]).replace(tzinfo=zone).timestamp(), zone
            except (ValueError, OverflowError) as error:
                raise RecordingError(f"{where} line {number}: {error}: put in the true start") from error
    raise RecordingError(
        f"{where}: no 'Start Time: 2013-05-14 08:10:47 Offset:+01' in its first {HEAD_LINES} lines: put it in"
    )


def _require_columns(head: Sequence[str], where: str) -> None:
    """Raises RecordingError where the head names other columns than are read."""
    names = [cell.strip().lower() for line in head if "|" in line for cell in line.split("|")]
    expected = ("z-axis", "y-axis", "x-axis", "battery", "celsius", "eda")
    if len(names) != WIDTH or any(word not in name for word, name in zip(expected, names, strict=True)):
        raise RecordingError(
            f"{where}: the head names the columns {' | '.join(names)[:100]!r}, expected {' | '.join(expected)}: export"
            " the log again with all of them"
        )


def _labels(data: bytes, where: str, zone: timezone) -> tuple[Label, ...]:
    """A label for each run of epochs that an expert judged alike, in time order."""
    rows = csv.DictReader(io.StringIO(data.decode("latin-1").removeprefix("\xef\xbb\xbf"), newline=""), restval="")
    experts = {column: f"expert {match[1]}" for column in rows.fieldnames or () if (match := _EXPERT.match(column))}
    labels: list[Label] = []
    last: dict[str, Label] = {}
    try:
        for row in rows:
            if rows.line_num > EPOCHS_MAX:
                raise RecordingError(f"{where}: more than {EPOCHS_MAX} lines: not the epochs of one log")
            start_s, end_s = (_moment(row[column], zone, where, rows.line_num) for column in ("StartTime", "EndTime"))
            if end_s < start_s:
                raise RecordingError(f"{where} line {rows.line_num}: ends before it starts: mend the line")
            for column, rater in experts.items():
                what = _judged(row[column], where, rows.line_num)
                before = last.pop(rater, None)
                if before is not None and (before.what != what or before.end_s != start_s):
                    labels.append(before)
                    before = None
                if what is not None:
                    since_s = start_s if before is None else before.start_s
                    last[rater] = Label(
                        what=what, start_s=since_s, end_s=end_s, rater=rater, onset_uncertainty_s=EPOCH_S
                    )
    except csv.Error as error:
        raise RecordingError(f"{where} line {rows.line_num}: {error}: mend the line") from error
    return tuple(sorted([*labels, *last.values()], key=lambda label: (label.start_s, label.rater)))


def _moment(text: str, zone: timezone, where: str, line: int) -> float:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        raise RecordingError(f"{where} line {line}: {text[:30]!r} is no time such as 2013-05-14 08:10:47") from None


def _judged(text: str, where: str, line: int) -> str | None:
    if text.strip() in ("", "0", "0.0"):
        return None
    if text.strip() not in ("1", "2", "1.0", "2.0"):
        raise RecordingError(f"{where} line {line}: {text[:20]!r} is none of 0, 1 (clean), 2 (artefact): mend the line")
    return JUDGED[int(float(text))]
