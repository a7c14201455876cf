"""A scenario in, one wearer's session on disk in the layout of an Empatica E4 out, and the truth beside it."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.band import STEPS, quantise
from device_sim.errors import ScenarioError, SimulationError
from device_sim.physiology.body import Samples
from device_sim.scenario import KINDS, Scenario
from device_sim.ward import Ward
from ingest.types import CHANNELS, Array

_ZIP_DATE: Final = (2026, 1, 5, 10, 12, 0)  # for ever, so that the same files give the same bytes
_HR_LATE_S: Final = 10  # HR.csv starts 10 s after the others
_CALM_G: Final = 0.03  # the band trusts no beat while the size of acceleration varies by more within a second
_INFO: Final = "Simulated by forecalm (device_sim). No person wore a band.\n"


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """The files of a session, text by name, and the truth behind them: CSV text, one line a second."""

    files: dict[str, str]
    truth: str


def session(scenario: Scenario, *, wearer: int = 1, seed: int, start_s: int, seconds: int) -> Session:
    """Return ``seconds`` s of the ``wearer``-th wearer (1 for the first), from the end of the scenario's past on.

    Raises ScenarioError where the wearer, the seed or ``seconds`` (from 11 on: HR.csv begins 10 s late) cannot be.
    ``start_s`` is the UTC of the first sample [s]. A button press marks the beginning of every episode. Deviations from
    a real E4: HR.csv is the mean of the last 10 s (a real one lags the pulse by about 36 s); tags are whole seconds.
    """
    if wearer < 1 or seconds <= _HR_LATE_S:
        raise ScenarioError(f"wearer, seconds: must be at least 1 and {_HR_LATE_S + 1}, got {wearer} and {seconds}")
    ward = Ward(scenario, wearers=wearer, seed=seed)
    past_s = -ward.now_s
    ward.past()
    samples, row = ward.skip(seconds), wearer - 1
    here = samples.beats.row == row
    beat_s, interval_s = samples.beats.time_s[here] - past_s, samples.beats.value[here]
    told = _trusted(samples, row, beat_s)
    eda, temperature = _stepped("eda", samples.eda[row]), _stepped("temperature", samples.temperature[row])
    tags = _beginnings(samples.drive.kind[row])
    files = {
        "ACC.csv": _three_columns(start_s, quantise("motion", samples.motion[row])),
        "BVP.csv": _column(f"{start_s:.2f}", "ppg", samples.ppg[row], 2),
        "EDA.csv": _column(f"{start_s:.6f}", "eda", _from_0(eda), 6),
        "HR.csv": _heart_rate(start_s, beat_s, interval_s, seconds),
        "IBI.csv": _intervals(start_s, beat_s, told),
        "TEMP.csv": _column(f"{start_s:.6f}", "temperature", temperature, 2),
        "tags.csv": "".join(f"{start_s + second:.2f}\n" for second in tags),
        "info.txt": _INFO,
    }
    return Session(files, _truth(samples, row, start_s, past_s, beat_s, interval_s))


def write(path: Path, recorded: Session) -> None:
    """Write the session's files into the folder ``path``, or into one zip if its name ends so.

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
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in recorded.files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), text.encode())


def _stepped(channel: str, values: Array) -> Array:
    return quantise(channel, values).astype(np.float64) * STEPS[channel]


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


def _trusted(samples: Samples, row: int, beat_s: Array) -> NDArray[np.bool_]:
    """Which beats the band tells of: worn, and still in the second of the beat and in the one before it."""
    size = np.sqrt((samples.motion[row] ** 2).sum(axis=0)).reshape(samples.drive.seconds, -1)
    good = samples.drive.worn[row] & (size.std(axis=1) < _CALM_G)
    good[1:] &= good[:-1].copy()
    trusted: NDArray[np.bool_] = good[np.clip(beat_s.astype(np.int64), 0, len(good) - 1)]
    return trusted


def _intervals(start_s: int, beat_s: Array, told: NDArray[np.bool_]) -> str:
    """Offsets and intervals are whole samples of the BVP; where beats follow each other, so do the numbers."""
    rate = CHANNELS["ppg"].grid_hz
    at = np.rint(beat_s * rate).astype(np.int64)
    lines = [f"{start_s:.6f}, IBI"]
    for before, now, trusted in zip(at[:-1], at[1:], told[1:], strict=True):
        if trusted:
            lines.append(f"{now / rate:.6f},{(now - before) / rate:.6f}")
    return "\n".join(lines) + "\n"


def _beginnings(kind: NDArray[np.int64]) -> list[int]:
    before = np.concatenate([[-1], kind[:-1]])
    return [int(second) for second in np.flatnonzero((kind >= 0) & (kind != before))]


def _truth(samples: Samples, row: int, start_s: int, past_s: int, beat_s: Array, interval_s: Array) -> str:
    drive, responses = samples.drive, samples.responses
    here = responses.row == row
    began = np.floor(responses.time_s[here] - past_s).astype(np.int64)
    seconds = drive.seconds
    began, us = began[began >= 0], responses.value[here][began >= 0]
    count, total = np.bincount(began, minlength=seconds), np.bincount(began, weights=us, minlength=seconds)
    rate = np.interp(np.arange(seconds) + 0.5, beat_s - interval_s / 2, 60 / interval_s)
    lines = ["second,utc_s,state,arousal,effort,worn,heart_rate_bpm,responses,response_us"]
    for i in range(seconds):
        state = "calm" if drive.kind[row, i] < 0 else KINDS[drive.kind[row, i]]
        level = f"{drive.arousal[row, i]:.3f},{drive.effort[row, i]:.3f},{int(drive.worn[row, i])}"
        lines.append(f"{i},{start_s + i},{state},{level},{rate[i]:.1f},{count[i]},{total[i]:.3f}")
    return "\n".join(lines) + "\n"
