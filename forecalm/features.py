"""A recorded session in, its features as a table out, live or of another set; and the page of the live registry."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import numpy as np

from ingest.assemble import whole
from ingest.notice import SENTENCE
from ingest.received import Received
from ingest.recordings.detect import read_one
from ingest.recordings.packets import packets
from ingest.types import Tick
from signals import frame
from signals.engine import Engine
from signals.features import FEATURES

if TYPE_CHECKING:
    import pandas as pd

Set = Literal["live", "flirt", "wesad", "imbiriba"]


def page() -> str:
    """Return ``docs/features.md``: a line for each feature of the live set."""
    lines = ["| feature | unit | window, s | from | unknown when |", "|---|---|---|---|---|"]
    lines += [f"| `{e.name}` | {e.unit} | {e.window_s:g} | {e.source} | {e.unknown_when} |" for e in FEATURES]
    head = (
        f"# Features\n*{SENTENCE}* Written by `make features`. What is said of every wearer once a second, in the order"
        "\nof the columns; unknown is NaN. How each is made: [signals.md](signals.md).\n\n"
    )
    return head + "\n".join(lines) + "\n"


def session(path: Path) -> Tick:
    """Return a recording of any format on the analysis grid; raises IngestError where it cannot be read, or there are
    several at ``path``."""
    recording = read_one(path)
    return whole([Received(p, recording.start_s, at_s, b"") for at_s, p in packets(recording, band="recording")])


def features_of(path: Path, *, feature_set: Set, window_s: float, hop_s: float) -> "pd.DataFrame":
    """Return the features of a session, indexed by UTC time at the end of what each row speaks of.

    The live set comes once a second from windows of its own; every ``hop_s``-th second of it is kept.
    """
    tick = session(path)
    signals = Engine(rows=1).push(tick)
    if feature_set == "live":
        table = frame.of_signals(signals)
        return table.iloc[round(hop_s) - 1 :: round(hop_s)]
    beats = np.where(np.isnan(tick.ibi), signals.beats, tick.ibi)
    return frame.of_recording(tick, feature_set=feature_set, window_s=window_s, hop_s=hop_s, beats=beats)


def write(table: "pd.DataFrame", path: Path | None) -> None:
    """Write ``table`` as CSV to ``path``, or standard output, below a comment that says what it is not.

    A crash leaves no half of a file.
    """
    if path is None:
        _write(table, sys.stdout)
        return
    part = path.with_name(f"{path.name}.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        _write(table, file)
    part.replace(path)


def _write(table: "pd.DataFrame", file: TextIO) -> None:
    file.write(f"# {SENTENCE} Empty is unknown.\n")
    table.to_csv(file)
