"""A scenario in, one wearer's session on disk in the layout of an Empatica E4 out, and the truth beside it."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.band import STEPS
from device_sim.errors import ScenarioError, SimulationError
from device_sim.files import Recorded, record
from device_sim.scenario import KINDS, Scenario
from ingest.types import CHANNELS, Array

_ZIP_DATE: Final = (2026, 1, 5, 10, 12, 0)  # for ever, so that the same files give the same bytes
_HR_LATE_S: Final = 10  # HR.csv starts 10 s after the others
_CALM_G: Final = 0.03  # the band trusts no beat while the size of acceleration varies by more within a second
_INFO: Final = "Simulated by forecalm (device_sim). No person wore a band.\n"
LEAST_S: Final = _HR_LATE_S + 1


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """The files of a session, text by name, and the truth behind them: CSV text, one line a second."""

    files: dict[str, str]
    truth: str


def session(scenario: Scenario, *, wearer: int = 1, seed: int, start_s: int, seconds: int) -> Session:
    """Return ``seconds`` s of the ``wearer``-th wearer (1 for the first), from the end of the scenario's past on.

    Raises ScenarioError as ``record`` and ``session_of`` do. ``start_s`` is the UTC of the first sample [s].
    """
    if wearer < 1:
        raise ScenarioError(f"wearer: must be 1 or more, got {wearer}")
    return session_of(record(scenario, wearers=wearer, seed=seed, start_s=start_s, seconds=seconds)[wearer - 1])


def session_of(recorded: Recorded) -> Session:
    """Return the files of what one wearer's band sensed; a button press marks the beginning of every episode.

    Deviations from a real E4: HR.csv is the mean of the last 10 s (a real one lags the pulse by about 36 s); tags are
    whole seconds. Raises ScenarioError for less than 11 s: HR.csv begins 10 s late.
    """
    start_s, seconds = recorded.start_s, recorded.seconds
    if seconds < LEAST_S:
        raise ScenarioError(f"seconds: must be at least {LEAST_S} for an E4's files, got {seconds}")
    beat_s, interval_s = recorded.beats
    values: dict[str, Array] = {
        name: counts.astype(np.float64) * STEPS[name] for name, counts in recorded.counts.items()
    }
    told = trusted(values["motion"], recorded.worn, beat_s)
    tags = beginnings(recorded.kind)
    files = {
        "ACC.csv": _three_columns(start_s, recorded.counts["motion"]),
        "BVP.csv": _column(f"{start_s:.2f}", "ppg", values["ppg"], 2),
        "EDA.csv": _column(f"{start_s:.6f}", "eda", _from_0(values["eda"]), 6),
        "HR.csv": _heart_rate(start_s, beat_s, interval_s, seconds),
        "IBI.csv": _intervals(start_s, beat_s, told),
        "TEMP.csv": _column(f"{start_s:.6f}", "temperature", values["temperature"], 2),
        "tags.csv": "".join(f"{start_s + tag:.2f}\n" for tag in tags),
        "info.txt": _INFO,
    }
    return Session(files, _truth(recorded))


def write(path: Path, recorded: Session) -> None:
    """Write the session's files into the folder ``path``, or into one zip if its name ends so: that is there whole, or
    not at all.

    Raises SimulationError, naming the path, where it cannot be written.
    """
    with writing(path):
        _write(path, recorded)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError in writing to ``path`` into a SimulationError that names it."""
    try:
        yield
    except OSError as error:
        raise SimulationError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write(path: Path, recorded: Session) -> None:
    if path.suffix != ".zip":
        path.mkdir(parents=True, exist_ok=True)
        for name, text in recorded.files.items():
            (path / name).write_bytes(text.encode())
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for name, text in recorded.files.items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), text.encode())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _from_0(eda: Array) -> Array:
    eda = eda.copy()
    eda[0] = 0.0  # as in an E4's file
    return eda


def _column(start: str, channel: str, values: Array, decimals: int) -> str:
    rate = float(CHANNELS[channel].grid_hz)
    return f"{start}\n{rate:.6f}\n" + "".join(f"{value:.{decimals}f}\n" for value in values.tolist())


def _three_columns(start_s: int, counts: NDArray[np.int16]) -> str:
    start, rate = f"{start_s:.6f}", f"{CHANNELS['motion'].grid_hz:.6f}"
    head = f"{start}, {start}, {start}\n{rate}, {rate}, {rate}\n"
    return head + "".join(f"{x},{y},{z}\n" for x, y, z in counts.T.tolist())


def _heart_rate(start_s: int, beat_s: Array, interval_s: Array, seconds: int) -> str:
    lines = [f"{start_s + _HR_LATE_S:.6f}", f"{1:.6f}"]
    for second in range(_HR_LATE_S, seconds):
        recent = (beat_s > second - _HR_LATE_S) & (beat_s <= second)
        lines.append(f"{60 / float(interval_s[recent].mean()):.2f}")
    return "\n".join(lines) + "\n"


def trusted(motion: Array, worn: NDArray[np.bool_], beat_s: Array) -> NDArray[np.bool_]:
    """Which beats at ``beat_s`` (m,) the band tells of: worn, and still in the second of the beat and in the one before
    it. ``motion`` (3, rate * n) [g], ``worn`` (n,)."""
    size = np.sqrt((motion**2).sum(axis=0)).reshape(worn.size, -1)
    good = worn & (size.std(axis=1) < _CALM_G)
    good[1:] &= good[:-1].copy()
    told: NDArray[np.bool_] = good[np.clip(beat_s.astype(np.int64), 0, len(good) - 1)]
    return told


def _intervals(start_s: int, beat_s: Array, told: NDArray[np.bool_]) -> str:
    """Offsets and intervals are whole samples of the BVP; where beats follow each other, so do the numbers."""
    rate = CHANNELS["ppg"].grid_hz
    at = np.rint(beat_s * rate).astype(np.int64)
    lines = [f"{start_s:.6f}, IBI"]
    for before, now, trusted in zip(at[:-1], at[1:], told[1:], strict=True):
        if trusted:
            lines.append(f"{now / rate:.6f},{(now - before) / rate:.6f}")
    return "\n".join(lines) + "\n"


def beginnings(kind: NDArray[np.int64]) -> list[int]:
    """The seconds in which an episode begins; ``kind`` (n,) as in ``Recorded``."""
    before = np.concatenate([[-1], kind[:-1]])
    return [int(second) for second in np.flatnonzero((kind >= 0) & (kind != before))]


def _truth(recorded: Recorded) -> str:
    seconds = recorded.seconds
    began = np.floor(recorded.responses[0]).astype(np.int64)
    here = (began >= 0) & (began < seconds)
    began, us = began[here], recorded.responses[1][here]
    count, total = np.bincount(began, minlength=seconds), np.bincount(began, weights=us, minlength=seconds)
    beat_s, interval_s = recorded.beats
    rate = np.interp(np.arange(seconds) + 0.5, beat_s - interval_s / 2, 60 / interval_s)
    lines = ["second,utc_s,state,arousal,effort,worn,heart_rate_bpm,responses,response_us"]
    for i in range(seconds):
        state = "calm" if recorded.kind[i] < 0 else KINDS[recorded.kind[i]]
        level = f"{recorded.arousal[i]:.3f},{recorded.effort[i]:.3f},{int(recorded.worn[i])}"
        lines.append(f"{i},{recorded.start_s + i},{state},{level},{rate[i]:.1f},{count[i]},{total[i]:.3f}")
    return "\n".join(lines) + "\n"
