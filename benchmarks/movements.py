"""Sessions with annotated movements in, wrist acceleration on the grid and the truth of every second out.

Reads the layout of github.com/qutang/stereotypy_ubicomp_14 (Goodwin 2014, doi:10.1145/2632048.2632096): a zip a
session, raw 10-bit counts of both wrists and the trunk, and what observers saw as intervals in XML.
"""

import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import CHANNELS

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Marks = dict[str, list[tuple[float, float]]]

GRID_HZ: Final = CHANNELS["motion"].grid_hz
GAP_S: Final = 0.25  # longer silence between samples is a gap: a period of the fastest rhythm
BEYOND_G: Final = 5.0  # no such sensor measures more: a broken word on the radio
MOVEMENTS: Final = ("Rock", "Flap", "Flap-Rock")
SIDES: Final = ("left", "right")


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A session of one person: ``motion`` by side (3, 32 n) g, NaN in gaps; of each second whether it was
    ``stereotyped`` (at least half of it) by the video, whether it was ``tapped`` so on a phone as it happened, and
    whether anything is known of it (``good``, wholly so)."""

    person: str
    name: str
    motion: dict[str, Array]
    stereotyped: Flags
    tapped: Flags
    good: Flags


def sessions(folder: Path) -> list[Session]:
    """Return every session in ``folder``, in order of person and date."""
    return [session(path) for path in sorted(folder.glob("Study*.zip"))]


def session(path: Path) -> Session:
    """Return the session in the zip ``path``; its name is Study_person-date. Numbers are of people: who is
    001 in one study is taken to be 001 in the other, so that nobody is left out by half."""
    found = re.fullmatch(r"(Study\d+)_(.*?)-?(\d{3})-([\d-]+)\.zip", path.name)
    if found is None:
        raise ValueError(f"{path.name}: not the name of a session")
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        seen, live = (_marks(file, names, by) for by in ("Annotator1Stereotypy", "Phone"))
        if not seen:
            raise ValueError(f"{path.name}: nobody annotated the video")
        counts = {side: _counts(file, names, side) for side in SIDES}
    start_s = np.ceil(max(t[0] for t, _ in counts.values()))
    seconds = int(min(t[-1] for t, _ in counts.values()) - start_s)
    motion = {side: on_grid(t, in_g(t, x), start_s=start_s, seconds=seconds) for side, (t, x) in counts.items()}
    return Session(
        person=found[3],
        name=path.stem,
        motion=motion,
        stereotyped=_share(seen, MOVEMENTS, start_s, seconds) >= 0.5,
        tapped=_share(live, MOVEMENTS, start_s, seconds) >= 0.5,
        good=_share(seen, ("Good Data",), start_s, seconds) >= 0.999,
    )


def intervals(xml: bytes) -> Marks:
    """Return, by label, begin and end of every annotation, in the seconds of the recording's own clock."""
    marks: Marks = {}
    for mark in ET.fromstring(xml).iter("ANNOTATION"):  # noqa: S314 a file of one's own
        label, start, stop = (str(mark.findtext(tag)).strip() for tag in ("LABEL", "START_DT", "STOP_DT"))
        marks.setdefault(label, []).append((clock_s(start), clock_s(stop)))
    return marks


def clock_s(stamp: str) -> float:
    """Return a time such as ``2008-02-07 10:46:30.46`` as seconds; the fraction is milliseconds that were not padded
    (.46 is 0.046 s), which keeps more episodes in order than a decimal does."""
    whole, _, fraction = stamp.partition(".")
    return datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() + int(fraction or 0) / 1000


def in_g(time_s: Array, counts: Array) -> Array:
    """Return ``counts`` (n, 3) in g: one gain and three offsets, such that a wrist at rest measures 1 g.

    The sphere through the medians of the stillest seconds, by least squares, then without what lies 3 robust standard
    deviations off it. The whole recording is used, as one calibrates a sensor before it is worn; truth is not.
    """
    second = np.floor(time_s - time_s[0]).astype(int)
    starts = np.flatnonzero(np.diff(second, prepend=-1))
    parts = [part for part in np.split(counts, starts[1:]) if len(part) >= 30]
    spread = np.array([part.std(axis=0).max() for part in parts])
    still = np.array([np.median(part, axis=0) for part in parts])[spread <= max(4.0, np.quantile(spread, 0.1))]
    sums = np.column_stack([2 * still, np.ones(len(still))])
    *centre, rest = np.linalg.lstsq(sums, (still**2).sum(axis=1), rcond=None)[0]
    offset, gain = np.array(centre), float(np.sqrt(rest + np.dot(centre, centre)))
    for _ in range(30):
        away = still - offset
        length = np.linalg.norm(away, axis=1)
        error = length - gain
        kept = np.abs(error) <= 3 * 1.4826 * np.median(np.abs(error)) + 0.1
        slopes = np.column_stack([away / length[:, None], np.ones(len(still))])[kept]
        change = np.linalg.lstsq(slopes, error[kept], rcond=None)[0]
        offset, gain = offset + change[:3], gain + change[3]
    return np.asarray((counts - offset) / gain)


def on_grid(time_s: Array, g: Array, *, start_s: float, seconds: int) -> Array:
    """Return ``g`` (n, 3) at 32 Hz from ``start_s`` on, (3, 32 seconds): linear between neighbours, NaN in gaps."""
    sound = (np.abs(g) <= BEYOND_G).all(axis=1)
    time_s, g = time_s[sound], g[sound]
    at_s = start_s + np.arange(GRID_HZ * seconds) / GRID_HZ
    after = np.searchsorted(time_s, at_s).clip(1, len(time_s) - 1)
    x = np.stack([np.interp(at_s, time_s, g[:, axis]) for axis in range(3)])
    x[:, time_s[after] - time_s[after - 1] > GAP_S] = np.nan
    return x


def _counts(file: zipfile.ZipFile, names: list[str], side: str) -> tuple[Array, Array]:
    name = next(name for name in names if f"{side}-wrist" in name.lower() and name.endswith(".csv"))
    table = np.loadtxt(BytesIO(file.read(name)), delimiter=",")
    table = table[np.argsort(table[:, 0], kind="stable")]
    return table[:, 0] / 1000, table[:, 1:4]


def _marks(file: zipfile.ZipFile, names: list[str], by: str) -> Marks:
    """Return what ``by`` marked; nothing where there is no such file, as of a session without a phone."""
    found = [name for name in names if name.endswith(f"{by}.annotation.xml")]
    return intervals(file.read(found[0])) if found else {}


def _share(marks: Marks, labels: tuple[str, ...], start_s: float, seconds: int) -> Array:
    """Return which share of each second was given any of ``labels``, at most 1."""
    second = start_s + np.arange(seconds)
    covered = np.zeros(seconds)
    for begin, end in (span for label in labels for span in marks.get(label, [])):
        covered += np.clip(np.minimum(end, second + 1) - np.maximum(begin, second), 0, 1)
    return np.minimum(covered, 1.0)
