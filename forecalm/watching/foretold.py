"""Steps of the pipeline in, a line a wearer and minute out: what champion and shadow said, and how the readings stood.

Models are compared by it afterwards, and a person's day is drawn from it. A file a day, bounded; nobody is told
anything by it, and where the disk does not take it, watching goes on without it.
"""

import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from forecalm.pipeline import Pipeline, Step
from forecalm.watching.minutes import Over, Sums
from models.risk import Array
from signals.features import column

log = logging.getLogger(__name__)

FOLDER: Final = "foretold"
DAY_S: Final = 86_400
DAYS_KEPT: Final = 60  # two months: enough to see whether what was foretold came
DAY_MAX: Final = 640 << 20  # bytes: a thousand wearers' day


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``model`` said in a minute: of how many seconds it was ``known``, their ``mean`` and the ``highest``."""

    model: str
    known: int
    mean: float | None
    highest: float | None


class Readings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mean of what was measured in a minute; None where nothing of it was known."""

    sweat_us: float | None = None  # skin conductance [microsiemens]
    pulse_bpm: float | None = None
    skin_c: float | None = None
    movement_g: float | None = None


AT_ONCE: Final = 64  # minutes that one step writes: everybody's end together, and no second may wait for a thousand
COLUMNS: Final = tuple(map(column, ("eda_level_uS", "heart_rate_bpm", "temperature_C", "motion_g")))
"""What is kept of the features, in the order of ``Readings``."""


class Minute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``seconds`` that were decided of ``wearer`` in the minute from ``at_s`` [UTC s] on: ``told`` is what the desk was
    told, of which ``own`` seconds were the champion's own, and ``shadow`` what was not told. ``readings``: how these
    stood; None in lines of earlier versions."""

    at_s: int
    wearer: str
    seconds: int
    own: int
    told: Share
    shadow: Share | None = None
    readings: Readings | None = None


class Foretold:
    """Writes the minutes of a ``pipeline`` to ``folder``; on the engine's thread alone. ``days`` says for how many days
    the house keeps readings, None: until somebody erases them; these are kept no longer."""

    def __init__(self, folder: Path, pipeline: Pipeline, *, days: Callable[[], int | None] = lambda: None) -> None:
        self._folder = folder
        self._days = days
        self._pipeline = pipeline
        self._sums = Sums()
        self._over: deque[Over] = deque()
        self._failed = False

    def write(self, step: Step) -> None:
        """Take in a step; write what minutes it completes."""
        state, shadow = self._pipeline.models, step.shadow
        measured = step.signals.features[..., COLUMNS]
        for second in range(measured.shape[1]):
            ended = self._sums.add(
                step.rows,
                step.signals.start_s + second,
                models=(state.watches, state.shadow),
                told=step.risk.probability[:, second],
                own=step.is_champions[:, second],
                shadow=None if shadow is None else shadow.probability[:, second],
                measured=measured[:, second],
            )
            self._over.extend(ended)
        self._append([self._minute(self._over.popleft()) for _ in range(min(len(self._over), AT_ONCE))])

    def close(self) -> None:
        """Write what is left."""
        left = [*self._over, *self._sums.taken()]
        self._over.clear()
        self._append([self._minute(each) for each in left])

    def _minute(self, over: Over) -> Minute:
        sums, (watches, shadow) = over.sums, over.models
        return Minute(
            at_s=int(sums["at_s"]),
            wearer=self._pipeline.wearers[over.row],
            seconds=int(sums["seconds"]),
            own=int(sums["own"]),
            told=_share(watches, sums["told"]),
            shadow=_share(shadow, sums["shadow"]) if shadow and sums["looked_on"] else None,
            readings=_readings(sums["count"], sums["sums"]),
        )

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
            kept = min(DAYS_KEPT, self._days() or DAYS_KEPT)
            oldest = _day(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() - (kept - 1) * DAY_S)
            for old in self._folder.glob("*.jsonl"):
                if old.stem < oldest:
                    old.unlink()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(fd, "ab") as file:
            if file.tell() < DAY_MAX:
                file.write(b"".join(msgspec.json.encode(minute) + b"\n" for minute in minutes))


def _share(model: str, sums: np.void) -> Share:
    known = int(sums["known"])
    mean, highest = (round(float(sums["sum"]) / known, 4), round(float(sums["highest"]), 4)) if known else (None, None)
    return Share(model=model, known=known, mean=mean, highest=highest)


def _readings(count: Array, sums: Array) -> Readings:
    mean = [round(float(total / many), 3) if many else None for total, many in zip(sums, count, strict=True)]
    return Readings(sweat_us=mean[0], pulse_bpm=mean[1], skin_c=mean[2], movement_g=mean[3])


def _day(at_s: float) -> str:
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


def kept_from(folder: Path) -> float | None:
    """Return when the oldest day that is kept began [UTC s]; None where nothing is."""
    days = sorted(path.stem for path in folder.glob("*.jsonl"))
    return datetime.strptime(days[0], "%Y-%m-%d").replace(tzinfo=UTC).timestamp() if days else None


def minutes_in(folder: Path, wearer: str, since_s: float, until_s: float) -> list[Minute]:
    """Return the minutes of ``wearer`` that began in ``[since_s, until_s)`` [UTC s], in order of time; what cannot be
    read is left out. May block: a file of a thousand people takes about a second."""
    theirs = b'"wearer":"%b"' % wearer.encode()
    decoder, found = msgspec.json.Decoder(Minute), []
    for day in range(int(since_s // DAY_S), int(until_s // DAY_S) + 1):
        with contextlib.suppress(OSError), (folder / f"{_day(day * DAY_S)}.jsonl").open("rb") as lines:
            for line in lines:  # not all at once: it may be half a gigabyte
                if theirs in line:
                    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                        found.append(decoder.decode(line))
    return sorted((it for it in found if since_s <= it.at_s < until_s), key=lambda it: it.at_s)
