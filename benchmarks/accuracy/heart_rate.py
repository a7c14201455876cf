"""E4 sessions in; how far the live heart rate is from the band's own beats, and how much of the still time it is said.

The engine's path: the session's packets, assembled, through ``Engine``. The reference is IBI.csv in windows of 30 s
that it covers by 80 % or more; a window is judged by the seconds that looked back into it for 10 s, as in the tests.
Still is a second whose dynamic acceleration (above 0.25 Hz) has a root mean square below 0.03 g, which is twice an E4's
step of 1/64 g; worn is what the engine says of it. The engine's constants were settled with these sessions in view, as
no others of wrists with a reference were at hand; none was fitted to them.
"""

import functools
import zipfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, table
from ingest.assemble import whole
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.types import Tick
from signals.engine import Engine
from signals.features import column

NEEDS = ("stress_predict",)  # folders of recordings

Array = NDArray[np.float64]
WINDOW_S = 30
SETTLED_S = 10
COVERED = 0.8
STILL_G = 0.03
KEPT = ("heart_rate_bpm", "motion_g", "worn")
FOLDERS = ("stress_predict", "nurse_stress")


def sessions(data: Path) -> Iterator[tuple[str, Path]]:
    """Yield every session of both studies by its name."""
    for folder in FOLDERS:
        for path in sorted((data / folder).glob("*.zip")):
            yield f"{folder} {path.stem}", path


def assembled(path: Path) -> Tick:
    """Return a session as the engine gets it, in one go."""
    clocks = Clocks()
    return whole([Received(p, clocks.map(p, at_s), at_s, b"") for at_s, p in packets(read(path), band="recording")])


@functools.cache
def lived(path: Path) -> tuple[int, dict[str, Array]]:
    """Return when a session began [UTC s], and what the engine says of each second (n,), by feature."""
    tick = assembled(path)
    features = Engine(rows=1).push(tick).features[0]
    return int(tick.start_s[0]), {name: features[:, column(name)].copy() for name in KEPT}


def own_beats(path: Path) -> tuple[Array, Array]:
    """Return when the band's own intervals ended [UTC s], and the intervals [s]; none where the file is empty."""
    with zipfile.ZipFile(path) as archive:
        name = next((n for n in archive.namelist() if Path(n).name == "IBI.csv"), None)
        head, _, rest = ("" if name is None else archive.read(name).decode()).partition("\n")
    if not rest.strip():
        return np.zeros(0), np.zeros(0)
    at_s, interval_s = np.loadtxt(StringIO(rest), delimiter=",", ndmin=2).T
    return float(head.split(",")[0]) + at_s, interval_s


def errors(rate: Array, start_s: float, beat_s: Array, interval_s: Array) -> Array:
    """Return the error [1/min] of each window that the band covers; NaN where no rate is said in it."""
    found = []
    for second in range(0, len(rate) - WINDOW_S + 1, WINDOW_S):
        inside = (beat_s > start_s + second) & (beat_s <= start_s + second + WINDOW_S)
        if interval_s[inside].sum() >= COVERED * WINDOW_S:
            said = rate[second + SETTLED_S : second + WINDOW_S]
            known = np.isfinite(said)
            found.append(abs(said[known].mean() - 60 / interval_s[inside].mean()) if known.any() else np.nan)
    return np.array(found)


def measure(data: Path) -> list[Figure]:
    """Measure every session, and all of them together."""
    lines, off, still_s, said_s, worn_s, worn_said_s = [], [], 0, 0, 0, 0
    for name, path in sessions(data):
        start_s, features = lived(path)
        rate, worn = features["heart_rate_bpm"], features["worn"] == 1
        still = worn & (features["motion_g"] < STILL_G)
        one = errors(rate, float(start_s), *own_beats(path))
        off.append(one)
        still_s, said_s = still_s + still.sum(), said_s + np.isfinite(rate[still]).sum()
        worn_s, worn_said_s = worn_s + worn.sum(), worn_said_s + np.isfinite(rate[worn]).sum()
        lines.append(_line(name, one, rate, still, worn))
    pooled = np.concatenate(off)
    median, high = float(np.nanmedian(pooled)), float(np.nanquantile(pooled, 0.95))
    share, of_all = float(said_s / still_s), float(worn_said_s / worn_s)
    return [
        Figure(
            what="heart rate, wrist",
            against="the band's own beats, 30 s windows covered by 80 % or more",
            reach="median error <= 1 bpm, 95 % <= 4 bpm, said in >= 0.7 of still time",
            found=f"median {median:.2f} bpm, 95 % {high:.2f} bpm, said in {share:.2f} of still time",
            met=median <= 1 and high <= 4 and share >= 0.7,
            numbers={
                "median_bpm": median,
                "p95_bpm": high,
                "still_said": share,
                "worn_said": of_all,
                "windows": float(len(pooled)),
                "windows_said": float(np.isfinite(pooled).mean()),
            },
            detail=table(
                ["session", "windows", "said", "median", "95 %", "still", "of still said", "of worn said"], lines
            )
            + f"\n\nPooled: {len(pooled)} windows, {np.isfinite(pooled).mean():.3f} of them said; of worn time, moving"
            f" or not, {of_all:.2f}. Still: below {STILL_G} g. In sessions of nurse 15 and 6B the light hardly shows a"
            " pulse at all, however still the wrist: silence is right there.",
        )
    ]


def _line(name: str, off: Array, rate: Array, still: NDArray[np.bool_], worn: NDArray[np.bool_]) -> list[str]:
    said = off[np.isfinite(off)]
    return [
        name,
        str(len(off)),
        f"{len(said) / len(off):.2f}" if len(off) else "-",
        *((f"{np.median(said):.2f}", f"{np.quantile(said, 0.95):.2f}") if len(said) else ("-", "-")),
        f"{still.mean():.2f}",
        f"{np.isfinite(rate[still]).mean():.2f}" if still.any() else "-",
        f"{np.isfinite(rate[worn]).mean():.2f}" if worn.any() else "-",
    ]
