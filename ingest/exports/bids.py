"""Recordings in; a BIDS dataset of physiological recordings out (https://bids-specification.readthedocs.io, 1.10).

A channel is one ``_physio.tsv.gz`` without header with its JSON sidecar: one ``recording-<channel>``, for rates and
starts differ. BIDS knows one even grid a file, so that short gaps are rows of ``n/a``, each piece at its place to
within half a sample (a whole one where it overlaps with the last). Where the grid cannot hold a piece (another rate, a
longer overlap, a long pause) a new ``run`` begins. When each piece began, to the last bit, is in the sidecar of
the events (``Forecalm``), which our reader goes by.
"""

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from ingest.exports.sheets import About, Part, parts, sheet, software
from ingest.exports.tables import file_of, texts
from ingest.labels import as_text
from ingest.notice import SENTENCE
from ingest.recordings.exported import VALUES, File, Segment, Sheet
from ingest.recordings.importing import DEVICE, PRESS
from ingest.recordings.recording import Recording
from ingest.types import CHANNELS

BIDS_VERSION: Final = "1.10.0"
TASK: Final = "dailylife"  # BIDS wants one: nobody was given a task
FILL_MAX: Final = 40_000  # rows of n/a between two pieces: ten minutes at 64 Hz; a longer pause begins a new run
FILL_MAX_S: Final = 3600.0  # and no more than an hour, however slow it is sampled
ASTRAY_MAX: Final = 0.5  # samples: how far a piece of a slightly other rate may run from the grid until it ends
LEVEL: Final = 6  # of gzip: its own default
_PLAIN: Final = re.compile(r"[^A-Za-z0-9]")
EVENT_COLUMNS_MEAN: Final = {
    "onset": "When it began, after the start of the session [s]",
    "duration": "How long it lasted [s]; 0: a moment",
    "trial_type": "What was so, in the words of the rater",
    "rater": "Who said so",
    "value": "A degree, in the scale of the rater",
    "onset_uncertainty": "How far the true onset may be from the onset, either way [s]",
}
EVENT_COLUMNS: Final = tuple(EVENT_COLUMNS_MEAN)
UNITS: Final = {"uS": "uS", "degC": "degC", "1": "arbitrary", "g": "g", "s": "s"}
MEANT: Final = {
    "eda": "Skin conductance",
    "temperature": "Skin temperature",
    "ppg": "Photoplethysmogram: blood volume pulse",
    "motion": "Acceleration of the wristband",
    "ibi": "Interval that the beat ended, as the device itself found it",
}


@dataclass(slots=True)
class Subjects:
    """The BIDS labels that wearers have had so far in one dataset, and how many sessions each."""

    labels: dict[str, str]
    sessions: dict[str, int]

    def label(self, wearer: str) -> str:
        """A subject label of letters and digits alone, its own for every wearer."""
        if wearer not in self.labels:
            plain = _PLAIN.sub("", wearer) or "x"
            taken, n = {each.lower() for each in self.labels.values()}, 1
            label = plain
            while label.lower() in taken:
                n += 1
                label = f"{plain}x{n}"
            self.labels[wearer] = label
        return self.labels[wearer]

    def session(self, wearer: str) -> str:
        """The label of the wearer's next session."""
        self.sessions[wearer] = self.sessions.get(wearer, 0) + 1
        return f"{self.sessions[wearer]:04d}"


def write_bids(folder: Path, recording: Recording, about: About, subjects: Subjects) -> None:
    """Write one recording as a session of its wearer."""
    sub, ses = subjects.label(about.wearer), subjects.session(about.wearer)
    below = folder / f"sub-{sub}" / f"ses-{ses}" / "beh"
    below.mkdir(parents=True)
    stem = f"sub-{sub}_ses-{ses}_task-{TASK}"
    files: list[File] = []
    for part in parts(recording, by_day=False):
        runs = [part] if part.channel == "ibi" else list(_runs(part))
        for number, run in enumerate(runs, 1):
            name = f"{stem}{f'_run-{number}' if len(runs) > 1 else ''}_recording-{part.channel}"
            files.append(_write_run(below, name, run, recording))
    said = sheet(recording, about, tuple(files), None)
    _write_events(below / f"{stem}_events", recording, about, said)
    (below.parent / f"sub-{sub}_ses-{ses}_scans.tsv").write_text(
        "filename\n" + "".join(f"beh/{file.path}\n" for file in files)
    )


def finish(folder: Path, subjects: Subjects, *, deidentified: bool) -> None:
    """Write what a dataset has once: its description, its participants, a README."""
    wearers = sorted(subjects.labels)
    _write_json(
        folder / "dataset_description.json",
        {
            "Name": "Wristband recordings exported by forecalm",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "GeneratedBy": [{"Name": "forecalm", "Version": software().removeprefix("forecalm").strip() or "n/a"}],
            "Acknowledgements": SENTENCE,
        },
    )
    rows = [("participant_id", "pseudonym"), *((f"sub-{subjects.labels[each]}", each) for each in wearers)]
    (folder / "participants.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    of = "The random id of this person in this export" if deidentified else "The pseudonym of the wearer at the site"
    _write_json(folder / "participants.json", {"pseudonym": {"Description": of}})
    (folder / "README").write_text(
        f"Wristband recordings exported by forecalm. {SENTENCE}\n"
        "The layout is described in docs/exports.md of forecalm.\n"
        "Rows of n/a fill short gaps; what is unknown is n/a, never zero.\n"
    )
    (folder / ".bidsignore").write_text("export.json\n")


def _runs(part: Part) -> Iterator[Part]:
    """A channel as even grids: the rows of each, NaN filled in where pieces are apart."""
    held: list[Segment] = []
    low = 0
    for segment in part.segments:
        row = _row(held, segment) if held else 0
        if row is None:
            yield _filled(part, held, low)
            low, held, row = low + sum(each.rows for each in held), [], 0
        held.append(msgspec.structs.replace(segment, row=row))
    yield _filled(part, held, low)


def _row(held: Sequence[Segment], later: Segment) -> int | None:
    """The row at which ``later`` goes on, on the grid that the first of ``held`` began; None where it cannot."""
    first, rows = held[0], held[-1].row + held[-1].rows
    row = round((later.start_s - first.start_s) * first.rate_hz)
    drift = abs(later.rate_hz / first.rate_hz - 1) * later.rows
    if drift > ASTRAY_MAX or row < rows - 1 or row - rows > min(FILL_MAX, FILL_MAX_S * first.rate_hz):
        return None
    return max(row, rows)


def _filled(part: Part, held: Sequence[Segment], low: int) -> Part:
    """The samples from ``low`` on that ``held`` are of, each at its row of the grid."""
    rows = held[-1].row + held[-1].rows
    values, piece = np.full((part.values.shape[0], rows), np.nan), np.full(rows, -1, np.int32)
    for segment in held:
        here = slice(segment.row, segment.row + segment.rows)
        values[:, here] = part.values[:, low : low + segment.rows]
        piece[here] = segment.piece
        low += segment.rows
    at_s = held[0].start_s + np.arange(rows) / held[0].rate_hz
    return replace(part, times_s=at_s, values=values, piece=piece, segments=tuple(held))


def _write_run(below: Path, name: str, part: Part, recording: Recording) -> File:
    start_s = recording.start_s
    if part.channel == "ibi":
        suffix = "physioevents"
        columns: dict[str, list[str]] = {
            "onset": texts(part.times_s - start_s),
            "interval": texts(part.values[0]),
            "unix_time": texts(part.times_s),
        }
        sidecar: dict[str, Any] = {
            "onset": {"Description": "When the beat happened, after the start of the session", "Units": "s"},
            "interval": {"Description": MEANT["ibi"], "Units": "s"},
            "unix_time": {"Description": "The same as seconds since 1970 in UTC", "Units": "s"},
        }
    else:
        suffix = "physio"
        names = VALUES[part.channel]
        columns = {name: texts(values, "n/a") for name, values in zip(names, part.values, strict=True)}
        first = part.segments[0]
        sidecar = {"SamplingFrequency": first.rate_hz, "StartTime": first.start_s - start_s}
        unit = UNITS[CHANNELS[part.channel].unit]
        sidecar |= {name: {"Description": MEANT[part.channel], "Units": unit} for name in names}
    lines = "\n".join(map("\t".join, zip(*columns.values(), strict=True))) + "\n"
    data = gzip.compress(lines.encode() if part.times_s.size else b"", LEVEL, mtime=0)
    path = f"{name}_{suffix}.tsv.gz"
    (below / path).write_bytes(data)
    _write_json(below / f"{name}_{suffix}.json", {"Columns": list(columns), **sidecar, "PhysioType": "generic"})
    return file_of(part, path, data, rows=part.times_s.size)


def _write_events(path: Path, recording: Recording, about: About, said: Sheet) -> None:
    """Labels and button presses for people and their tools, and beside them all that our reader goes by."""
    start_s = recording.start_s
    labels = recording.labels if about.with_labels else ()
    rows = [
        (
            label.start_s - start_s,
            label.end_s - label.start_s,
            as_text(label.what),
            as_text(label.rater),
            "n/a" if label.level is None else repr(float(label.level)),
            repr(float(label.onset_uncertainty_s)),
        )
        for label in labels
    ]
    rows += [(at_s - start_s, 0.0, PRESS, DEVICE, "n/a", "0.0") for at_s in said.presses_s]
    lines = [EVENT_COLUMNS, *((repr(row[0]), repr(row[1]), *row[2:]) for row in sorted(rows))]
    path.with_suffix(".tsv").write_text("".join("\t".join(line) + "\n" for line in lines))
    meant = {name: {"Description": about_it} for name, about_it in EVENT_COLUMNS_MEAN.items()}
    of_ours = {"Forecalm": said, "ForecalmLabels": labels}
    path.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(meant | of_ours), indent=1))


def _write_json(path: Path, said: Mapping[str, Any]) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=1) + b"\n")
