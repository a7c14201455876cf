"""A table of labels beside E4 sessions in, what it says of one of them out.

``labels.csv`` lies beside the zips or folders of a study; its column ``file`` names the session. Three layouts are
known, each by its columns (see ``_LAYOUTS``): tasks of a laboratory protocol, episodes rated by the wearer, and exams.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ingest.errors import RecordingError
from ingest.labels import Label
from ingest.recordings.archive import Source, decoded
from ingest.recordings.labels_beside import is_ours

FILE: Final = "labels.csv"
TASK_S: Final = 1.0  # the authors' own labels come once a second
SURVEY_S: Final = 60.0  # times of a survey are minutes of a clock
NOMINAL_S: Final = 300.0  # an exam that is said to start at nine does so within some minutes
ROWS_MAX: Final = 100_000  # of a table of labels; a study has some hundreds
_UNKNOWN: Final = ("", "na", "nan")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Layout:
    """``start`` and ``end`` name the columns of the times [UTC s]; ``label`` makes the rest."""

    columns: frozenset[str]
    start: str
    end: str
    label: Callable[[Row, float, float], Label]


def labels(part: Source) -> tuple[tuple[Label, ...], list[str]]:
    """What the table beside a session says of it, in time order, and notes. Raises RecordingError, naming the line,
    where the table cannot be read; a table of another layout is only noted."""
    data = part.beside(FILE)
    if data is None:
        return (), []
    reader = csv.DictReader(io.StringIO(decoded(data, FILE), newline=""), restval="")
    columns = set(reader.fieldnames or ())
    layout = next((each for each in _LAYOUTS if each.columns <= columns), None)
    if layout is None and is_ours(",".join(columns)):
        return (), []  # forecalm's own: see labels_beside
    if layout is None:
        return (), [f"{FILE} beside it has columns that are not known: left out"]
    stem = part.stem
    found, notes = [], []
    try:
        for row in reader:
            if reader.line_num > ROWS_MAX:
                raise RecordingError(f"{FILE}: more than {ROWS_MAX} lines: not the labels of some sessions")
            if stem not in row["file"] or PurePosixPath(row["file"]).stem != stem:
                continue
            if row[layout.start].lower() in _UNKNOWN:
                notes.append(f"{FILE} line {reader.line_num}: no time: left out")
                continue
            start_s, end_s = (_number(row[column], column, reader.line_num) for column in (layout.start, layout.end))
            if end_s < start_s:
                raise RecordingError(f"{FILE} line {reader.line_num}: ends before it starts: mend the line")
            found.append(layout.label(row, start_s, end_s))
    except csv.Error as error:
        raise RecordingError(f"{FILE} line {reader.line_num}: {error}: mend the line") from error
    return tuple(sorted(found, key=lambda label: (label.start_s, label.end_s, label.what))), notes


def _number(text: str, column: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise RecordingError(f"{FILE} line {line}: {column} {text[:20]!r} is no time in UTC seconds: mend the line")
    return value


def _level(text: str) -> float | None:
    """A degree; None where there is none."""
    try:
        return None if text.strip().lower() in _UNKNOWN else float(text)
    except ValueError:
        return None


def _task(row: Row, start_s: float, end_s: float) -> Label:
    """Stress-Predict (Iqbal 2022, doi:10.3390/s22218135): level 1 is a stress task, 0 rest."""
    return Label(
        what=row["task"],
        start_s=start_s,
        end_s=end_s,
        rater=row.get("source") or "protocol",
        onset_uncertainty_s=TASK_S,
        level=_level(row["stress"]),
    )


def _episode(row: Row, start_s: float, end_s: float) -> Label:
    """Nurses (Hosseini 2022, doi:10.1038/s41597-022-01361-y): 0 not stressful, 1 low, 2 high, none where not rated;
    the note holds the reasons ticked."""
    reasons = [column.strip() for column, ticked in row.items() if column not in _EPISODE and ticked in ("1", "1.0")]
    return Label(
        what="stress",
        start_s=start_s,
        end_s=end_s,
        rater="wearer",
        onset_uncertainty_s=SURVEY_S,
        level=_level(row["stress_level"]),
        note="; ".join(reasons),
    )


def _exam(row: Row, start_s: float, end_s: float) -> Label:
    """Exams (Amin 2022, doi:10.13026/kvkb-aj90): nominal times, no degree."""
    note = f"{row['exam']}: {row['basis']}"
    return Label(what="exam", start_s=start_s, end_s=end_s, rater="timetable", onset_uncertainty_s=NOMINAL_S, note=note)


_EPISODE: Final = ("nurse", "file", "start_unix", "end_unix", "stress_level", "date_local", "start_local", "end_local")
_LAYOUTS: Final = (
    _Layout(frozenset({"file", "start_unix", "end_unix", "stress", "task"}), "start_unix", "end_unix", _task),
    _Layout(frozenset(_EPISODE), "start_unix", "end_unix", _episode),
    _Layout(
        frozenset({"file", "exam", "exam_start_unix", "exam_end_unix", "basis"}),
        "exam_start_unix",
        "exam_end_unix",
        _exam,
    ),
)
