"""What a person has said about a stretch of time: a label, and the one CSV by which labels come and go."""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Final

from ingest.errors import RecordingError
from ingest.ids import is_id

COLUMNS: Final = ("wearer", "what", "start", "end", "rater", "onset_uncertainty_s", "level", "note")
REQUIRED: Final = ("what", "start", "rater")
FIRST_S: Final = datetime(1, 1, 2, tzinfo=UTC).timestamp()  # a day from the edges: any offset still fits
LAST_S: Final = datetime(9999, 12, 30, tzinfo=UTC).timestamp()
NOTE: Final = "note"  # the ``what`` of a carer's own words about a day: names may stand in them, and they teach nothing
TEXT_MAX: Final = 200  # of what and rater
NOTE_MAX: Final = 10_000  # a page; longer is a document, and belongs beside
FILE_MAX: Final = 64 << 20  # a label a second for a month; more is no file of labels
ERRORS_MAX: Final = 10  # told at once; whoever mends these will look for more of the kind

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT: Final = Context(prec=800)  # digits of the smallest float below a second
_QUOTE: Final = re.compile(r'[",;\r\n]')
_FORMULA: Final = re.compile(r"'*[=+@\t\r-]")  # how a cell begins that a spreadsheet would reckon with
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\Z", re.ASCII)
_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?\Z",
    re.ASCII | re.IGNORECASE,
)
_HOW_TIMES: Final = "write 2024-05-06T07:08:09.5Z, or with an offset such as +02:00, or seconds since 1970 in UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """``what`` was so with ``wearer`` (a pseudonym; empty: whoever the recording is of) from ``start_s`` to ``end_s``
    [UTC s]; both the same: a moment.

    ``onset_uncertainty_s`` is how far the true start may be from ``start_s`` on either side [s]. ``rater`` is who said
    so: a person, a protocol, a file. ``level`` is a degree where there is one, in the scale of its source.
    """

    what: str
    start_s: float
    end_s: float
    rater: str
    wearer: str = ""
    onset_uncertainty_s: float = 0.0
    level: float | None = None
    note: str = ""


def require_label(label: Label) -> None:
    """Raises RecordingError where a label could not be kept or written; the message names the field."""
    for what, text, most in (("what", label.what, TEXT_MAX), ("rater", label.rater, TEXT_MAX)):
        if not text or text != text.strip() or len(text) > most or not text.isprintable():
            raise RecordingError(f"{what}: must be 1 to {most} characters on one line, blanks only between them")
    if label.wearer and not is_id(label.wearer):
        raise RecordingError(f"wearer: {label.wearer!r} must be a pseudonym: up to 64 of A-Z a-z 0-9 _ -")
    if len(label.note) > NOTE_MAX or "\0" in label.note or any("\ud800" <= each <= "\udfff" for each in label.note):
        raise RecordingError(f"note: must be text of up to {NOTE_MAX} characters, without NUL")
    for what, number in (("start", label.start_s), ("end", label.end_s)):
        if not FIRST_S <= number <= LAST_S:
            raise RecordingError(f"{what}: {number} must be a time between the years 1 and 9999")
    if label.end_s < label.start_s:
        raise RecordingError("end: must not be before start; leave it empty for a moment")
    if not 0 <= label.onset_uncertainty_s < math.inf:
        raise RecordingError(f"onset_uncertainty_s: {label.onset_uncertainty_s} must be 0 or more seconds")
    if label.level is not None and not math.isfinite(label.level):
        raise RecordingError(f"level: {label.level} must be a number, or empty")


def read_labels(source: Path | str) -> list[Label]:
    """The labels of a CSV file (a path) or of its text (a str): see docs/labels.md.

    Raises RecordingError, with a line for each of the first wrong cells: their line, their column, what would be right;
    OSError where a file cannot be read.
    """
    text, name = (source, "labels") if isinstance(source, str) else (_text_of(source), source.name)
    header = text.lstrip("\ufeff").split("\n", 1)[0]
    semicolons = ";" in header and "," not in header
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=";" if semicolons else ",", strict=True)
    labels: list[Label] = []
    wrong: list[str] = []
    try:
        columns = _columns(next(rows, []), name)
        line = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                try:
                    labels.append(_label(columns, cells))
                except RecordingError as error:
                    wrong.append(f"{name}: line {line}: {error}")
            line = rows.line_num + 1
            if len(wrong) == ERRORS_MAX:
                break
    except csv.Error as error:
        wrong.append(f"{name}: line {rows.line_num}: {error}; quote a cell that holds commas, quotes or line ends")
    if wrong:
        raise RecordingError("\n".join(wrong))
    return labels


def write_labels(labels: Iterable[Label]) -> str:
    """The text of a CSV file that reads back as the very same labels. Raises RecordingError where one is unsound."""
    rows: list[Iterable[str]] = [COLUMNS]
    for label in labels:
        require_label(label)
        rows.append(
            (
                as_text(label.wearer),
                as_text(label.what),
                iso(label.start_s),
                iso(label.end_s),
                as_text(label.rater),
                repr(float(label.onset_uncertainty_s)),
                "" if label.level is None else repr(float(label.level)),
                as_text(label.note),
            )
        )
    return "".join(",".join(map(_quoted, row)) + "\n" for row in rows)


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, which could send what stands beside it away: with a ' before it,
    as OWASP advises, that ``read_labels`` takes off again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_said(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _quoted(cell: str) -> str:
    """As RFC 4180 has it; csv.writer would leave a lone carriage return unquoted, and no reader takes it back so."""
    return '"' + cell.replace('"', '""') + '"' if _QUOTE.search(cell) else cell


def iso(utc_s: float) -> str:
    """A time as ISO 8601 in UTC, with as many decimals as the float has, so that it reads back to the same bits."""
    exact = Decimal(repr(float(utc_s)))
    whole = math.floor(exact)
    decimals = f"{_EXACT.subtract(exact, Decimal(whole)):f}".partition(".")[2].rstrip("0") if exact != whole else ""
    moment = _EPOCH + timedelta(seconds=whole)
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{decimals}" if decimals else "") + "Z"


def utc_seconds(text: str) -> float:
    """A time as a label file has it [UTC s]: ISO 8601 with Z or an offset, or seconds since 1970. Raises RecordingError
    where it is neither, or has no offset: nobody could tell which clock it was read from."""
    if _NUMBER.match(text):
        return float(text)
    found = _ISO.match(text)
    if found is None:
        raise RecordingError(f"{text[:40]!r} is no time; {_HOW_TIMES}")
    moment, decimals, offset = found.groups()
    if offset is None:
        raise RecordingError(f"{text!r} does not say in which time zone; {_HOW_TIMES}")
    try:
        whole = datetime.fromisoformat(moment + ("+00:00" if offset in "Zz" else offset)) - _EPOCH
    except (ValueError, OverflowError) as error:
        raise RecordingError(f"{text!r} is no time ({error}); {_HOW_TIMES}") from error
    return float(_EXACT.add(Decimal(whole.days * 86400 + whole.seconds), Decimal(f"0{decimals or ''}")))


def _text_of(path: Path) -> str:
    if path.stat().st_size > FILE_MAX:
        raise RecordingError(f"{path.name}: larger than {FILE_MAX >> 20} MB, which no file of labels is")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path.name}: byte {error.start}: not UTF-8; save it as CSV UTF-8") from error


def _columns(header: list[str], name: str) -> dict[str, int]:
    names = [cell.strip().lower() for cell in header]
    for each in names:
        if each not in COLUMNS or names.count(each) > 1:
            raise RecordingError(
                f"{name}: line 1: column {each[:40]!r}: there must be, once each: {', '.join(COLUMNS)}"
            )
    for each in REQUIRED:
        if each not in names:
            raise RecordingError(f"{name}: line 1: column {each!r} is missing")
    return {each: number for number, each in enumerate(names)}


def _label(columns: Mapping[str, int], cells: list[str]) -> Label:
    if len(cells) != len(columns):
        raise RecordingError(f"{len(cells)} cells where the header has {len(columns)}")
    cell = {name: cells[number] for name, number in columns.items()}
    start_s = _time("start", cell["start"])
    label = Label(
        what=_as_said(cell["what"].strip()),
        start_s=start_s,
        end_s=_time("end", cell["end"]) if cell.get("end", "").strip() else start_s,
        rater=_as_said(cell["rater"].strip()),
        wearer=_as_said(cell.get("wearer", "").strip()),
        onset_uncertainty_s=_number("onset_uncertainty_s", cell.get("onset_uncertainty_s", "")) or 0.0,
        level=_number("level", cell.get("level", "")),
        note=_as_said(cell.get("note", "")),
    )
    require_label(label)
    return label


def _time(column: str, text: str) -> float:
    try:
        return utc_seconds(text.strip())
    except RecordingError as error:
        raise RecordingError(f"{column}: {error}") from error


def _number(column: str, text: str) -> float | None:
    stripped = text.strip()
    if not stripped:
        return None
    if not _NUMBER.match(stripped):
        raise RecordingError(f"{column}: {stripped[:40]!r} must be a number such as 0.5")
    return float(stripped)
