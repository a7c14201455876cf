"""One person's sessions in, in order of time; what models read of them every few seconds out, by the live code."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ingest.labels import Label
from ingest.types import CHANNELS, Tick
from models.datasets.dataset import TRUTH, Array, Session
from models.errors import DatasetError
from models.inputs.inputs import NAMES, VERSION, Inputs
from models.inputs.named import INPUTS
from models.risk import RiskModel
from signals.engine import Engine
from signals.features import FEATURES, column
from signals.features import NAMES as FEATURE_NAMES

FeatureSet = Literal["live", "imbiriba", "flirt", "wesad"]
SETS: Final[tuple[FeatureSet, ...]] = get_args(FeatureSet)
SET_S: Final[Mapping[FeatureSet, float]] = {"imbiriba": 180.0}
"""What rows of a set look back on where it is not the data set's own ``window_s``."""
PIECE_S: Final = 1800  # of a session that goes through the operators at once: some 15 MB of samples and features
FADED_S: Final = 18_000  # after so long without anything all that inputs remember of late has faded; see there

_WORN: Final = column("worn")

Builder = Callable[..., RiskModel]
"""``builder(rows=1)`` makes a detector of one row."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recorded:
    """A session, its ``tick`` on the analysis grid (k = 1), and ``labels``: everything that is said of its person, of
    whatever time; what every session of a person says counts for all of them. ``notes`` on how it was read. ``truth``:
    what a simulator knows of each second, (n,) by name."""

    session: Session
    tick: Tick
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    truth: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How rows are made: every ``step_s`` whole seconds one that looks back on ``window_s``; of which ``features``;
    with the log-odds of which detectors, by name."""

    window_s: float
    step_s: float
    features: FeatureSet = "live"
    scores: Mapping[str, Builder] = field(default_factory=dict)

    def require(self) -> None:
        """Raises DatasetError where no rows could be made so."""
        if self.features not in SETS:
            raise DatasetError(f"features: there is no {self.features!r}; there are {', '.join(SETS)}")
        if not (math.isfinite(self.step_s) and self.step_s >= 1 and self.step_s == round(self.step_s)):
            raise DatasetError(f"step_s: must be whole seconds, 1 or more, not {self.step_s:g}")
        if not (math.isfinite(self.window_s) and self.window_s >= 1):
            raise DatasetError(f"window_s: must be 1 s or more, not {self.window_s:g}")
        looks_s = SET_S.get(self.features, self.window_s)
        if self.features != "live" and looks_s % self.step_s:
            raise DatasetError(
                f"step_s: the {looks_s:g} s of a window are no whole number of steps of {self.step_s:g} s"
            )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SessionRows:
    """The n rows of one session: ``inputs`` (n, F), ``end_s`` (n,), ``worn`` and ``heard`` (n,): whether the band was
    on, and whether anything came, in the step before; ``scores`` by name (n,). ``names`` are the F inputs' names."""

    session: Session
    labels: tuple[Label, ...]
    notes: tuple[str, ...]
    names: tuple[str, ...]
    inputs: Array
    end_s: Array
    worn: NDArray[np.bool_]
    heard: NDArray[np.bool_]
    scores: Mapping[str, Array]


def rows_of(person: Iterable[Recorded], making: Making) -> Iterator[SessionRows]:
    """Yield the rows of each of one person's sessions, which come in order of time.

    What is usual for the person goes on from one session to the next, as it would live; seconds between them are
    silence. Memory holds one session's samples, and features of ``PIECE_S``.
    """
    stream = _Stream(making)
    for recorded in person:
        yield stream.take(recorded)


class _Stream:
    """Engine, inputs and detectors of one person, as they stand after what was taken."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._engine = Engine(rows=1)
        self._inputs = Inputs(rows=1)
        self._detectors = {name: build(rows=1) for name, build in making.scores.items()}
        self._end_s: int | None = None

    def take(self, recorded: Recorded) -> SessionRows:
        making, tick = self._making, recorded.tick
        step, count = round(making.step_s), int(tick.seconds // making.step_s)
        start_s = int(tick.start_s[0])
        pieces = [self._push(each, start_s, step) for each in _pieces(tick)]
        inputs, seen, scores, beats = (np.concatenate(each) for each in zip(*pieces, strict=True))
        worn, heard = _by_step(seen, count, step)
        names: tuple[str, ...] = NAMES
        if making.features != "live":
            names, inputs = _of_set(making, tick, beats, count)
        return SessionRows(
            session=_known(recorded.session, tick),
            labels=recorded.labels,
            notes=recorded.notes,
            names=names,
            inputs=inputs,
            end_s=start_s + making.step_s * np.arange(1.0, count + 1),
            worn=worn,
            heard=heard,
            scores={
                **{name: scores[:, i].copy() for i, name in enumerate(making.scores)},
                **{TRUTH + name: each[step - 1 :: step][:count] for name, each in recorded.truth.items()},
            },
        )

    def _push(self, piece: Tick, origin_s: int, step: int) -> tuple[Array, Array, Array, Array]:
        """Push one piece of a session through everything, and return of it the inputs and scores at the moments of
        rows, (r, F) and (r, D); what was worn and heard each second (n, 2); and the beats, where a set needs them."""
        back = piece.start_s < self._engine.ended_s()
        if back.any():
            self._engine.begin_anew()
        signals = self._engine.push(piece)
        start_s = int(piece.start_s[0])
        self._be_silent(start_s)
        self._end_s = start_s + piece.seconds
        at = np.flatnonzero((start_s - origin_s + 1 + np.arange(piece.seconds)) % step == 0)
        live = self._making.features == "live"
        inputs = self._inputs.push(signals.features)[0, at] if live else np.empty((at.size, 0))
        scores = np.empty((at.size, len(self._detectors)))
        for i, detector in enumerate(self._detectors.values()):
            p = detector.push(signals.start_s, signals.features).probability[0, at]
            scores[:, i] = _log_odds(p)
        features = signals.features[0]
        seen = np.stack([features[:, _WORN], np.isfinite(features).any(axis=1).astype(np.float64)], axis=1)
        beats = np.zeros(0) if live else np.where(np.isnan(piece.ibi), signals.beats, piece.ibi)[0]
        return inputs, seen, scores, beats

    def _be_silent(self, start_s: int) -> None:
        """Let inputs fade over what nobody sent, as live, where it is told them second by second."""
        gap_s = 0 if self._end_s is None else start_s - self._end_s
        if gap_s < 0 or gap_s >= FADED_S:
            self._inputs.begin_anew()
        elif gap_s:
            self._inputs.push(np.full((1, gap_s, len(FEATURE_NAMES)), np.nan))


def _log_odds(p: Array) -> Array:
    with np.errstate(divide="ignore"):
        odds: Array = np.log(p) - np.log1p(-p)
    return odds


def _pieces(tick: Tick) -> Iterator[Tick]:
    """Cut one session into pieces of ``PIECE_S``."""
    for low in range(0, tick.seconds, PIECE_S):
        high = min(low + PIECE_S, tick.seconds)
        cut = {name: getattr(tick, name)[..., low * c.grid_hz : high * c.grid_hz] for name, c in CHANNELS.items()}
        contact = None if tick.contact is None else tick.contact[:, low:high]
        yield Tick(tick.start_s + low, **cut, contact=contact)


def _by_step(seen: Array, count: int, step: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of each step whether the band was on and whether anything came, in any of its seconds. A band that cannot
    tell whether it is on is taken to be, while it sends."""
    by_step = seen[: count * step].reshape(count, step, 2)
    heard = by_step[:, :, 1] == 1
    return (heard & ~(by_step[:, :, 0] < 0.5)).any(axis=1), heard.any(axis=1)


def _of_set(making: Making, tick: Tick, beats: Array, count: int) -> tuple[tuple[str, ...], Array]:
    """Return another set's names and its values at the moments of rows, NaN before its first window is over."""
    from signals import frame  # pandas is loaded only for who wants such a set

    assert making.features != "live"  # noqa: S101 - whoever calls has seen to it
    looks_s = SET_S.get(making.features, making.window_s)
    if tick.seconds < looks_s:
        tick, beats = _lengthened(tick, beats, math.ceil(looks_s))
    table = frame.of_recording(
        tick, feature_set=making.features, window_s=looks_s, hop_s=making.step_s, beats=beats[None]
    )
    names = tuple(table.columns)
    values = np.full((count, len(names)), np.nan)
    first = round(looks_s / making.step_s) - 1
    if first < count:
        values[first:] = table.to_numpy()[: count - first]
    return names, values


def _lengthened(tick: Tick, beats: Array, seconds: int) -> tuple[Tick, Array]:
    """A session that is shorter than one window, with nothing after it: it has no window, but has names."""
    more = seconds - tick.seconds
    padded = {}
    for name, c in CHANNELS.items():
        x = getattr(tick, name)
        padded[name] = np.concatenate([x, np.full((*x.shape[:-1], more * c.grid_hz), np.nan)], axis=-1)
    return Tick(tick.start_s, **padded), np.concatenate([beats, np.zeros(more * CHANNELS["ibi"].grid_hz)])


def _known(session: Session, tick: Tick) -> Session:
    """The session with a digest: of what is on the grid, where none was known."""
    if session.digest:
        return session
    found = hashlib.sha256(b"forecalm tick 1")
    found.update(tick.start_s.astype("<i8").tobytes())
    for name in CHANNELS:
        x = np.array(getattr(tick, name), "<f8", order="C")
        x[np.isnan(x)] = np.nan
        found.update(name.encode() + x.tobytes())
    return replace(session, digest=found.hexdigest())


def version_of(making: Making, names: tuple[str, ...]) -> dict[str, str]:
    """Return what made the rows: the set and its version, which for the live set are two, of features and of inputs."""
    if making.features == "live":
        told = "\n".join(f"{each.name},{each.unit},{each.window_s:g},{each.source}" for each in FEATURES)
        versions = {"features_version": _short(told), "inputs_version": str(VERSION)}
    else:
        versions = {"features_version": _short("\n".join(names))}
    return {"features": making.features, **versions}


def looks_back_s(making: Making) -> float:
    """Return the longest that any input looks back [s], what is usual of the person aside."""
    if making.features == "live":
        return max(each.window_s for each in INPUTS if each.kind != "deviation")
    return SET_S.get(making.features, making.window_s)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
