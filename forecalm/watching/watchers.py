"""Seconds of features in, the risk that may alert out: the champion's, or the training-free detector's in its place.

The training-free detector always runs. It stands in where the champion does not know somebody yet (LEARNING) or has
been out of its range for a minute (``forecalm.watching.deciding``), and for good where the champion cannot be loaded or
fails: watching never stops for a model. In every other second in which the champion abstains nothing is said. A shadow
sees the same seconds, after everybody has been told, and tells nobody.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.policy import Policy
from forecalm.watching.deciding import Deciding
from models.arousal import DRIVERS, Arousal
from models.errors import ModelError
from models.risk import TRAINING_FREE, Abstention, Array, Risk, RiskModel, Rows

if TYPE_CHECKING:  # whoever runs without a shelf needs nothing of it
    from models.detectors.scorer import Known
    from models.drift.inputs import InputDrift
    from models.shelf.live import Build
    from models.shelf.manifest import Manifest

log = logging.getLogger(__name__)

OF: Final = "of."  # before what a model off the shelf has learnt: of.NAME-DIGEST.ARRAY
DRIFT: Final = "drift."  # before what was counted of a champion's inputs: drift.NAME-DIGEST.ARRAY
DECIDING: Final = "deciding."  # before for how long a champion was out of its range: deciding.NAME-DIGEST.ARRAY
RULE: Final = "rule of "  # before the key of a model: the version of its alarm rule, which stands on every alert
DIGITS: Final = 12  # of a digest, which tell a model from another of its name


class Knower(Protocol):
    """Something that knows wearers, a row each."""

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """What it knows."""

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Know that from now on."""


@runtime_checkable
class Reads(Protocol):
    """A live model that tells which inputs it has read: all of ``models.inputs.NAMES``, (k, n, M), of its last push."""

    read: Array


@runtime_checkable
class Learns(Protocol):
    """A live model that may learn of persons what carers tell: ``models.detectors.scored.Scored`` is one."""

    @property
    def learns(self) -> bool:
        """Whether it does."""
        ...

    def taught(self, person: str, features_inputs: Array, happened: NDArray[np.bool_]) -> "Known":
        """Return what is to be known of a person of whose moments that was told; changes nothing."""
        ...

    def know(self, row: int, known: "Known") -> None:
        """Know that of the person in ``row`` from now on."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model off the shelf, and how to make a live one of it."""

    name: str
    digest: str
    build: "Build"
    manifest: "Manifest | None" = None

    @property
    def key(self) -> str:
        """What tells it from another model of its name."""
        return f"{self.name}-{self.digest[:DIGITS]}"

    @property
    def policy(self) -> Policy | None:
        """The alarm rule that was chosen for its estimates, whose scale is its own; None where none was."""
        rule = None if self.manifest is None else self.manifest.rule
        return None if rule is None else Policy(version=f"{RULE}{self.key}", **msgspec.structs.asdict(rule))

    @property
    def learns_as(self) -> str:
        """What the names of what it has learnt begin with: another model of that name knows nothing of it."""
        return f"{OF}{self.key}."


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What the model ``key`` is to know of ``wearer``, one row."""

    key: str
    wearer: str
    known: "Known"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Which models are to run: none, the training-free detector alone. ``chosen`` is the name of the model that ought
    to watch, and ``faults`` say why one that ought to run does not, a sentence each."""

    champion: Model | None = None
    shadow: Model | None = None
    chosen: str = TRAINING_FREE
    faults: tuple[str, ...] = ()


ALONE: Final = Choice()


@dataclass(frozen=True, slots=True)
class State:
    """Which model ``watches``, which was ``chosen``, which is in ``shadow`` ("": none), and what is wrong, if anything
    is: for a board, a log, a doctor. Names nobody."""

    watches: str = TRAINING_FREE
    chosen: str = TRAINING_FREE
    shadow: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The ``risk`` that counts, (k, n); whether each second of it ``is_champions`` (k, n), else the training-free
    detector's; and whether that one stands in because the champion is ``outside`` of its range, (k, n)."""

    risk: Risk
    is_champions: NDArray[np.bool_]
    outside: NDArray[np.bool_]


class Watchers:
    """The models that ``choice`` names for ``wearers``, a row each; one row where there is nobody."""

    def __init__(self, wearers: Sequence[str], choice: Choice = ALONE) -> None:
        self._free = Arousal(rows=max(len(wearers), 1))
        self._choice = choice
        self._faults = list(choice.faults)
        self._rows = max(len(wearers), 1)
        self._forgetful: set[str] = set()  # whose learnt cannot be kept, and told
        self._models: dict[str, RiskModel] = {}
        for model in (choice.champion, choice.shadow):
            if model is not None:
                self._begin(model, wearers)
        self._champion = self._named(choice.champion)
        self._shadow = self._named(choice.shadow)
        self._policy = None if choice.champion is None else choice.champion.policy
        self._deciding = Deciding(rows=self._rows, policy=self.policy)
        self._drift = self._drift_of(choice.champion, rows=max(len(wearers), 1))
        self.driver_names: tuple[str, ...] = DRIVERS
        if self._champion is not None:
            self.driver_names = tuple(dict.fromkeys((*DRIVERS, *self._champion.driver_names)))

    @property
    def champion(self) -> str:
        """The name of the champion that runs, or that of the training-free detector."""
        return TRAINING_FREE if self._champion is None or not self._choice.champion else self._choice.champion.name

    @property
    def policy(self) -> Policy | None:
        """The rules that belong to the champion that runs; None: the desk's, which suit the training-free detector."""
        return None if self._champion is None or not self._choice.champion else self._policy

    @property
    def state(self) -> State:
        """What runs now, and what is wrong."""
        shadow = "" if self._shadow is None or self._choice.shadow is None else self._choice.shadow.name
        return State(self.champion, self._choice.chosen, shadow, tuple(self._faults))

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows) -> Watched:
        """Return the risk of the rows ``rows`` from their next n seconds of features, (k, n, F); to be followed by
        ``look_on`` with the same seconds when everybody has been told."""
        risk = self._free.push(start_s, features, rows=rows)
        is_champions = outside = np.zeros(risk.probability.shape, bool)
        if self._champion is not None and self._choice.champion is not None:
            said = self._said(self._choice.champion, self._champion, start_s, features, rows)
            if said is None:
                self._champion = None
            else:
                is_champions = self._deciding.push(risk, said, rows=rows)
                outside = ~is_champions & (said.abstention == Abstention.OUT_OF_RANGE)
                risk = self._joined(risk, said, self._champion.driver_names, is_champions)
        if risk.drivers.shape[-1] != len(self.driver_names):  # the champion has failed, its names are still told
            risk = replace(risk, drivers=_spread(risk.drivers, DRIVERS, self.driver_names))
        return Watched(risk, is_champions, outside)

    def look_on(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows) -> Risk | None:
        """Let whatever tells nobody see the seconds that were pushed last, and return what the shadow says of them,
        None where there is none: however slow it is, nobody is told later for it."""
        self._watch_drift(start_s, features, rows)
        if self._shadow is None or self._choice.shadow is None:
            return None
        said = self._said(self._choice.shadow, self._shadow, start_s, features, rows)
        if said is None:
            self._shadow = None
        return said

    @property
    def disputed_s(self) -> Array:
        """(rows,) for how long [s] the champion has said *low* of whom the training-free detector says *high*; 0 where
        that is not for long, or where there is no champion."""
        return self._deciding.disputed_s if self._champion is not None else np.zeros(self._rows)

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """What everybody has learnt, each under a name of its own; the training-free detector under none. A model that
        cannot say what it has learnt, a row a wearer, is told of once and left out: it costs nobody else's."""
        kept: dict[str, NDArray[np.generic]] = {**self._free.snapshot()}
        models: dict[str, Knower] = {**self._models, **self._drift, **self._decides()}
        for prefix, knower in models.items():
            try:
                learnt = {name: np.asarray(array) for name, array in knower.snapshot().items()}
                for name, array in learnt.items():
                    if array.shape[:1] != (self._rows,) or array.dtype.hasobject:
                        raise ModelError(f"{name!r} is {array.dtype} {array.shape}, not of {self._rows} rows")
            except Exception as error:  # a model's own code: whatever it does, watching goes on
                if prefix not in self._forgetful:
                    self._forgetful.add(prefix)
                    what = f"{prefix.rstrip('.')}: what it has learnt cannot be kept"
                    log.error("%s: %s: %s", what, type(error).__name__, error)
            else:
                kept |= {prefix + name: array for name, array in learnt.items()}
        return kept

    def know(self, key: str, row: int, known: "Known") -> None:
        """Let the model ``key``, where it runs, know ``known`` of the person in ``row``: see ``Scored.know``. A model
        that raises is told of, and knows what it knew."""
        for prefix, model in self._models.items():
            if prefix == f"{OF}{key}." and isinstance(model, Learns):
                try:
                    model.know(row, known)
                except Exception as error:  # a model's own code: whatever it does, watching goes on
                    log.error("model %s learns nothing of what carers told: %s: %s", key, type(error).__name__, error)

    def knowers(self) -> Mapping[str, Knower]:
        """Whoever learns, by what the names of what was learnt begin with: nothing, for the training-free detector."""
        return {"": self._free, **self._models, **self._drift, **self._decides()}

    def _decides(self) -> dict[str, Knower]:
        champion = None if self._champion is None else self._choice.champion
        return {} if champion is None else {f"{DECIDING}{champion.key}.": self._deciding}

    def shifted(self) -> tuple[str, ...]:
        """The inputs of the champion that, over everybody's last day, do not lie as they did in training."""
        try:
            return tuple(name for drift in self._drift.values() for name in drift.judge().shifted)
        except Exception as error:  # counting serves staff: it may not cost a second of watching
            self._count_no_more(error)
            return ()

    def _begin(self, model: Model, wearers: Sequence[str]) -> None:
        try:
            self._models[model.learns_as] = model.build(wearers)
        except Exception as error:  # a model's own code: whatever it does, others go on
            self._fail(model, f"cannot be begun: {type(error).__name__}: {error}")

    def _drift_of(self, model: Model | None, *, rows: int) -> "dict[str, InputDrift]":
        """What watches the inputs of the champion, by the name that it learns under; nothing where there is none."""
        if model is None or model.manifest is None or self._champion is None:
            return {}
        from models.drift.inputs import InputDrift

        given = isinstance(self._champion, Reads)
        try:
            return {f"{DRIFT}{model.key}.": InputDrift(model.manifest.training, rows=rows, given=given)}
        except Exception as error:  # counting serves staff: it may not cost a second of watching
            self._count_no_more(error)
            return {}

    def _watch_drift(self, start_s: NDArray[np.int64], features: Array, rows: Rows) -> None:
        read = self._champion.read if isinstance(self._champion, Reads) else None
        try:
            for drift in self._drift.values() if self._champion is not None else ():
                drift.push(start_s, features, rows=rows, read=read)
        except Exception as error:  # counting serves staff: it may not cost a second of watching
            self._count_no_more(error)

    def _count_no_more(self, error: Exception) -> None:
        self._drift = {}
        fault = f"model {self._choice.champion and self._choice.champion.name!r}: its drift is not watched: {error}"
        log.error("%s", fault)
        self._faults.append(fault)

    def _named(self, model: Model | None) -> RiskModel | None:
        return None if model is None else self._models.get(model.learns_as)

    def _said(
        self, model: Model, running: RiskModel, start_s: NDArray[np.int64], features: Array, rows: Rows
    ) -> Risk | None:
        """What a model says; None where it fails or what it says cannot be, and then it runs no more."""
        try:
            said = running.push(start_s, features, rows=rows)
            _require_sound(said, features.shape[:2], len(running.driver_names))
        except Exception as error:  # a model's own code: whatever it does, watching goes on
            log.debug("%s failed", model.name, exc_info=True)
            self._models.pop(model.learns_as, None)
            self._fail(model, f"has failed: {type(error).__name__}: {error}")
            return None
        return said

    def _fail(self, model: Model, what: str) -> None:
        stands_in = model is self._choice.champion
        fault = f"model {model.name!r} {what}"
        log.critical("%s: %s", fault, f"{TRAINING_FREE} watches in its place" if stands_in else "it runs no more")
        self._faults.append(fault)

    def _joined(self, free: Risk, said: Risk, names: Sequence[str], is_champions: NDArray[np.bool_]) -> Risk:
        """The champion's seconds where they are its own, the training-free detector's elsewhere, under the names of
        both's drivers: what one of them does not know of moved nothing."""
        drivers = _spread(free.drivers, DRIVERS, self.driver_names)
        theirs = _spread(said.drivers, names, self.driver_names)
        return Risk(
            free.start_s,
            np.where(is_champions, said.probability, free.probability),
            np.where(is_champions, said.abstention, free.abstention),
            np.where(is_champions[..., None], theirs, drivers),
            np.where(is_champions, said.learnt, free.learnt),
            low=np.where(is_champions, said.low, free.low),
            high=np.where(is_champions, said.high, free.high),
        )


def _spread(drivers: Array, names: Sequence[str], wide: Sequence[str]) -> Array:
    """``drivers`` (k, n, D) of ``names`` in the order of ``wide``; 0 for those that are not among them, NaN where the
    model abstains."""
    out = np.zeros((*drivers.shape[:2], len(wide)))
    for i, name in enumerate(names):
        out[..., wide.index(name)] += drivers[..., i]
    out[np.isnan(drivers).all(axis=-1)] = np.nan
    return out


def _require_sound(said: Risk, shape: tuple[int, ...], drivers: int) -> None:
    """Raise ModelError where what a model says cannot be: nobody's alert may hang on it."""
    for name in ("probability", "abstention", "learnt", "low", "high"):
        if getattr(said, name).shape != shape:
            raise ModelError(f"its {name} is of shape {getattr(said, name).shape}, not {shape}")
    if said.drivers.shape != (*shape, drivers):
        raise ModelError(f"its drivers are of shape {said.drivers.shape}, not {(*shape, drivers)}")
    known = said.abstention == Abstention.NONE
    possible = (said.probability >= 0) & (said.probability <= 1)
    if not np.array_equal(known, np.isfinite(said.probability)) or not possible[known].all():
        raise ModelError("a probability is from 0 to 1 where it does not abstain, and NaN where it does")
    if not np.isin(said.abstention, tuple(Abstention)).all():
        raise ModelError("it abstains for a reason that nobody knows")
