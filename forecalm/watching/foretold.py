"""Steps of the pipeline in, a line a wearer and minute out: what champion and shadow said, to be compared afterwards.

Written only while a trained model runs. A file a day, bounded; nobody is told anything by it, and where the disk does
not take it, watching goes on without it.
"""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from forecalm.pipeline import Pipeline, Step
from models.risk import TRAINING_FREE, Array

log = logging.getLogger(__name__)

FOLDER: Final = "foretold"
MINUTE_S: Final = 60
DAYS_KEPT: Final = 60  # two months: enough to see whether what was foretold came
DAY_MAX: Final = 256 << 20  # bytes: a thousand wearers' day


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``model`` said in a minute: of how many seconds it was ``known``, their ``mean`` and the ``highest``."""

    model: str
    known: int
    mean: float | None
    highest: float | None


class Minute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``seconds`` that were decided of ``wearer`` in the minute from ``at_s`` [UTC s] on: ``told`` is what the desk was
    told, of which ``own`` seconds were the champion's own, and ``shadow`` what was not told."""

    at_s: int
    wearer: str
    seconds: int
    own: int
    told: Share
    shadow: Share | None = None


class Foretold:
    """Writes the minutes of a ``pipeline`` to ``folder``; on the engine's thread alone."""

    def __init__(self, folder: Path, pipeline: Pipeline) -> None:
        self._folder = folder
        self._pipeline = pipeline
        self._at_s: dict[str, int] = {}
        self._told: dict[str, list[tuple[Array, Array, Array | None]]] = {}
        self._models: dict[str, tuple[str, str]] = {}
        self._failed = False

    def write(self, step: Step) -> None:
        """Take in a step; write what minutes it completes."""
        state = self._pipeline.models
        if state.watches == state.chosen == TRAINING_FREE and not state.shadow:
            if self._told:  # of models that ran until now
                self.close()
            return
        done = []
        for i, row in enumerate(step.rows):
            wearer = self._pipeline.wearers[row]
            start_s = int(step.signals.start_s[i])
            minute = (start_s + np.arange(step.risk.probability.shape[1])) // MINUTE_S * MINUTE_S
            for at_s in np.unique(minute):
                if self._at_s.get(wearer, at_s) != at_s:
                    done += self._close(wearer)
                self._at_s[wearer], self._models[wearer] = int(at_s), (state.watches, state.shadow)
                which = minute == at_s
                shadow = None if step.shadow is None else step.shadow.probability[i, which]
                said = step.risk.probability[i, which], step.is_champions[i, which], shadow
                self._told.setdefault(wearer, []).append(said)
        if done:
            self._append(done)

    def close(self) -> None:
        """Write what is left."""
        self._append([line for wearer in sorted(self._told) for line in self._close(wearer)])

    def _close(self, wearer: str) -> list[Minute]:
        parts = self._told.pop(wearer, [])
        if not parts:
            return []
        watches, shadow = self._models[wearer]
        told = np.concatenate([part[0] for part in parts])
        own = np.concatenate([part[1] for part in parts])
        theirs = [part[2] for part in parts if part[2] is not None]
        minute = Minute(
            at_s=self._at_s[wearer],
            wearer=wearer,
            seconds=len(told),
            own=int(own.sum()),
            told=_share(watches, told),
            shadow=_share(shadow, np.concatenate(theirs)) if theirs and shadow else None,
        )
        return [minute]

    def _append(self, minutes: list[Minute]) -> None:
        try:
            for day in sorted({_day(minute.at_s) for minute in minutes}):
                self._append_day(day, [minute for minute in minutes if _day(minute.at_s) == day])
        except OSError as error:
            if not self._failed:
                log.error("what models foretell cannot be kept in %s: %s", self._folder, error.strerror)
            self._failed = True
        else:
            self._failed = False

    def _append_day(self, day: str, minutes: list[Minute]) -> None:
        path = self._folder / f"{day}.jsonl"
        if not path.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for old in sorted(self._folder.glob("*.jsonl"))[: -DAYS_KEPT + 1]:
                old.unlink()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(fd, "ab") as file:
            if file.tell() < DAY_MAX:
                file.write(b"".join(msgspec.json.encode(minute) + b"\n" for minute in minutes))


def _share(model: str, probability: Array) -> Share:
    known = probability[np.isfinite(probability)]
    mean, highest = (round(float(known.mean()), 4), round(float(known.max()), 4)) if known.size else (None, None)
    return Share(model=model, known=known.size, mean=mean, highest=highest)


def _day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")


def minutes_of(folder: Path) -> Iterator[Minute]:
    """Yield every minute that was written, day by day; what cannot be read is left out."""
    decoder = msgspec.json.Decoder(Minute)
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                yield decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
