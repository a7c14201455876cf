"""A simulated cohort in, what the engine says of every second of it out, person by person, kept in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from forecalm.studies.simulated import Cohort, days_of
from ingest.labels import Label
from models.arousal import Arousal
from models.datasets.dataset import Session
from models.risk import Abstention
from signals.engine import Engine

Array = NDArray[np.float64]
NOTICE: Final = "Research use only \N{EN DASH} not a medical device. Simulated: no person wore a band."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Life:
    """One person's D days of n seconds: ``features`` (D, n, F) float32, ``detector`` (D, n) log-odds of
    ``models.arousal``, NaN where it abstains; the truth ``arousal``, ``effort``, ``worn`` (D, n); ``sessions`` and
    their ``labels``."""

    features: NDArray[np.float32]
    detector: Array
    arousal: Array
    effort: Array
    worn: NDArray[np.bool_]
    sessions: tuple[Session, ...]
    labels: tuple[tuple[Label, ...], ...]


class _Said(msgspec.Struct, frozen=True):
    sessions: tuple[Session, ...]
    labels: tuple[tuple[Label, ...], ...]


def prepare(whole: Cohort, folder: Path, *, n_jobs: int) -> None:
    """Live everybody who is not in ``folder`` yet; the same bits whatever ``n_jobs``."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [i for i in range(1, whole.wearers + 1) if not _path(whole, folder, i).exists()]
    Parallel(n_jobs=n_jobs)(delayed(_live)(whole, folder, number) for number in numbers)


def lived(whole: Cohort, folder: Path, number: int) -> Life:
    """Return the ``number``-th wearer's life, which ``prepare`` kept."""
    with np.load(_path(whole, folder, number)) as kept:
        said = msgspec.json.decode(kept["said"].tobytes(), type=_Said)
        names = ("features", "detector", "arousal", "effort", "worn")
        arrays = {name: kept[name] for name in names}
    return Life(**arrays, sessions=said.sessions, labels=said.labels)


def _path(whole: Cohort, folder: Path, number: int) -> Path:
    return folder / f"{whole.person(number)}-{whole.days}x{whole.day_s}.npz"


def _live(whole: Cohort, folder: Path, number: int) -> None:
    """Each day is a recording of its own: the engine and the detector begin anew, as they do when one is read."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("features", "detector", "arousal", "effort", "worn")}
    sessions, labels = [], []
    for day in days_of(whole, number):
        signals = Engine(rows=1).push(day.tick)
        risk = Arousal(rows=1).push(signals.start_s, signals.features)
        said = np.where(risk.abstention == Abstention.NONE, risk.drivers.sum(-1), np.nan)[0]
        parts["features"].append(signals.features[0].astype(np.float32))
        for name, values in (
            ("detector", said),
            ("arousal", day.arousal),
            ("effort", day.effort),
            ("worn", day.worn),
        ):
            parts[name].append(values)
        sessions.append(day.session)
        labels.append(day.labels)
    told = msgspec.json.encode(_Said(tuple(sessions), tuple(labels)))
    path = _path(whole, folder, number)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        arrays = {name: np.stack(part) for name, part in parts.items()}
        np.savez(file, allow_pickle=False, **arrays, said=np.frombuffer(told, np.uint8))
    unfinished.replace(path)
