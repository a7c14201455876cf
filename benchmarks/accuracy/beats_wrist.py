"""E4 sessions of daily life and of the laboratory: our beats against the band's own, and the best peers'."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.beat_finders import Array, Finder, nearest, neurokit, ours, pairs, shift
from benchmarks.figures import Figure, table
from ingest.errors import RecordingError
from ingest.recordings.e4 import read

NEEDS = ("stress_predict",)  # folders of recordings

WINDOW_S: Final = 30
COVERED: Final = 0.8
WITHIN_S: Final = 0.15
LEAST: Final = 3  # windows that a session has to have
PEERS: Final = ("NeuroKit2 Elgendi", "NeuroKit2 MSPTDfast v2")


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """``ppg`` (64 n) and when the band's own beats happened [s after its first sample], the intervals that they ended,
    and which of them lie in windows of 30 s that intervals cover by 80 %."""

    name: str
    ppg: Array
    beat_s: Array
    interval_s: Array
    judged: NDArray[np.bool_]


def measure(data: Path) -> list[Figure]:
    """Sensitivity within 150 ms after a constant shift a session; errors of intervals of which both beats match."""
    sessions = [one for folder in ("stress_predict", "nurse_stress", "e4_msr2023") for one in _sessions(data / folder)]
    finders: dict[str, Finder] = {"ours": ours} | {name: neurokit()[name] for name in PEERS}
    results = {name: [_judged(find(one.ppg), one) for one in sessions] for name, find in finders.items()}
    pooled = {name: _pooled(several) for name, several in results.items()}
    sensitivity, error_ms, _, _ = pooled["ours"]
    lines = [
        [one.name, f"{one.judged.sum()}"]
        + [f"{r[i][0] / r[i][1]:.4f}, {np.median(r[i][2]) * 1e3:.1f} ms" for r in results.values()]
        for i, one in enumerate(sessions)
    ]
    lines.append(["**all**", f"{sum(one.judged.sum() for one in sessions)}"])
    lines[-1] += [f"**{sens:.4f}, {error:.1f} ms**" for sens, error, _, _ in pooled.values()]
    worst = min(hits / total for hits, total, _, _ in results["ours"])
    note = (
        "\n\nSensitivity, and median absolute difference of the intervals (an E4 rounds its own to 15.6 ms). "
        f"Ours beyond the median: mean {pooled['ours'][2]:.1f} ms; {pooled['ours'][3]} beats too many between two that "
        "follow each other in IBI.csv."
    )
    return [
        Figure(
            what="beats, wrist, daily life",
            against=f"IBI.csv beats of {len(sessions)} E4 sessions (±150 ms) where they cover 80 % of 30 s",
            reach="sensitivity ≥ 0.95, interval error ≤ 20 ms (median)",
            found=f"{sensitivity:.4f} (worst session {worst:.3f}), {error_ms:.1f} ms",
            met=bool(sensitivity >= 0.95 and error_ms <= 20),
            numbers={
                "sensitivity": sensitivity,
                "worst_sensitivity": worst,
                "interval_error_ms": error_ms,
                "mean_interval_error_ms": pooled["ours"][2],
                "extra_beats": float(pooled["ours"][3]),
            }
            | {f"sensitivity_{name}": pooled[name][0] for name in PEERS},
            detail=table(["session", "beats", *finders], lines) + note,
        )
    ]


def _sessions(folder: Path) -> list[Session]:
    found = []
    for path in sorted(folder.glob("*.zip")):
        try:
            recording = read(path)
        except RecordingError:
            continue
        block = recording.whole("ppg") if "ppg" in recording.channels else None
        if block is None or recording.ibi_s is None or block.rate_hz != 64:
            continue
        beat_s, interval_s = recording.ibi_s[0] - block.start_s, recording.ibi_s[1]
        judged, windows = np.zeros(beat_s.size, bool), 0
        for start in np.arange(0, block.values.size / 64 - WINDOW_S, WINDOW_S):
            inside = (beat_s >= start) & (beat_s < start + WINDOW_S)
            if interval_s[inside].sum() >= COVERED * WINDOW_S:
                judged |= inside
                windows += 1
        if windows >= LEAST:
            found.append(Session(f"{folder.name}/{path.stem}", block.values, beat_s, interval_s, judged))
    return found


def _judged(found_s: Array, one: Session) -> tuple[int, int, Array, int]:
    """Return matched and judged beats, errors of intervals [s], and beats too many within an interval of the band."""
    late = shift(found_s, one.beat_s[one.judged])
    if not np.isfinite(nearest(found_s, one.beat_s[:1]))[0]:
        return 0, int(one.judged.sum()), np.full(1, np.nan), 0
    found, true = pairs(found_s - late, one.beat_s, within_s=WITHIN_S)
    which = np.full(one.beat_s.size, -1)
    which[true] = found
    linked = np.flatnonzero(one.judged[1:] & (np.abs(np.diff(one.beat_s) - one.interval_s[1:]) < 0.02)) + 1
    linked = linked[(which[linked] >= 0) & (which[linked - 1] >= 0)]
    between = which[linked] - which[linked - 1] - 1
    plain = linked[between == 0]
    wrong = np.abs(found_s[which[plain]] - found_s[which[plain - 1]] - one.interval_s[plain])
    return int((which[one.judged] >= 0).sum()), int(one.judged.sum()), wrong, int(between.sum())


def _pooled(several: list[tuple[int, int, Array, int]]) -> tuple[float, float, float, int]:
    wrong = np.concatenate([one[2] for one in several])
    hits, total = sum(one[0] for one in several), sum(one[1] for one in several)
    return hits / total, float(np.median(wrong) * 1e3), float(wrong.mean() * 1e3), sum(one[3] for one in several)
