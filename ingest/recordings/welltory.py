"""A record of a phone's camera on a finger in, its pulse wave out.

Layout (Neshitov 2021, Sensors 21:6798): ``PPG.csv`` with ``time`` [ms since the start], ``R``, ``G`` and ``B``, the
mean of each colour in a frame, about 30 frames a second; ``RR.txt``, intervals [ms] of a chest strap worn at the same
time, without times. Red is read; where it is saturated, green. The intervals are not: they tell no time, and to align
them by their pattern would be to invent it.
"""

import re
from pathlib import PurePosixPath
from typing import Final

import numpy as np

from ingest.errors import RecordingError
from ingest.recordings.archive import Source, leaf_of
from ingest.recordings.even import even
from ingest.recordings.recording import Format, Recording
from ingest.recordings.rows import columns

DEVICE: Final = "phone-camera"
SATURATED: Final = 254.0  # of 255: beyond it a frame says nothing any more
START_S: Final = 0.0
_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?time,R,G,B\s*(?:\r?\n|\Z)")


def parts(source: Source) -> list[Source]:
    """Each table of colours, and the intervals beside it."""
    found = []
    for names in source.by_folder().values():
        tables = [name for name in names if name.lower().endswith(".csv") and _HEAD.match(source.head(name))]
        beats = [name for name in names if leaf_of(name) == "rr.txt"] if len(tables) == 1 else []
        found += [source.part([table, *beats]) for table in tables]
    return found


def read(part: Source) -> list[Recording]:
    """Read one record. Raises RecordingError, naming the file, the line and the mend."""
    name, *beats = part.names
    colours = columns(part.read(name), part.where(name), skip=1, width=4)
    if not colours.shape[1]:
        raise RecordingError(f"{part.where(name)}: holds no frame: copy it again")
    notes = ["the file tells no time of day: it is said to start at 1970-01-01 00:00 UTC"]
    red, green = colours[1], colours[2]
    saturated = float(np.median(red)) >= SATURATED
    notes.append("red is saturated: green is read" if saturated else "red is read, green and blue are left out")
    notes += [f"{leaf_of(each)}: the intervals have no times: left out" for each in beats]
    pieces, said = even("ppg", START_S + colours[0] / 1000, green if saturated else red, name="PPG")
    stem = part.stem if part.folder != "." else PurePosixPath(name).stem
    return [Recording(stem, DEVICE, pieces[0].start_s, {"ppg": pieces}, None, np.zeros(0), (*notes, *said))]


FORMAT: Final = Format(DEVICE, "a phone camera's pulse: PPG.csv with time,R,G,B", parts, read)
