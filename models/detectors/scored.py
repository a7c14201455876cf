"""A fitted scorer in, a live model out: the engine's seconds, what models read of them, its probability and reasons.

What it says of a second is, to the bit, what the scorer says of the same moment in a data set made of the same stream:
both read ``models.inputs.Inputs``. Live it is silent where nobody can be seen (nothing arrives, the band is off,
neither conductance nor pulse is valid), whatever the scorer would say of numbers from before. A scorer that reads of
conductance and pulse one alone needs that one; one that reads neither needs movement or skin, whichever it reads.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.detectors.scorer import Known, PersonalScorer, Scorer
from models.detectors.stream import checked, fitting, missing_s
from models.errors import ModelError
from models.estimates import Estimates
from models.inputs.inputs import NAMES as INPUT_NAMES
from models.inputs.inputs import Inputs
from models.inputs.kernel import GONE_S
from models.inputs.named import DRIVERS, GROUPS
from models.risk import Abstention, Array, Risk, Rows
from signals.features import column

LEARN_S: Final = 600.0  # worn seconds of conductance or pulse after which a person is no stranger, as in models.arousal
HALF: Final = 0.5  # a share from here counts as yes
SILENCE_S: Final = max(GONE_S)  # after which nothing fading is left

_SIGHT: Final = [
    column(name)
    for name in (
        "worn",
        "heart_rate_bpm",
        "eda_valid",
        "eda_level_uS",
        "beat_coverage",
        "motion_g",
        "temperature_C",
    )
]
_SWEAT, _PULSE, _MOTION, _SKIN = range(4)
_OF_PULSE: Final = ("pulse", "variability")
_OWN: Final = {"known_s": (2,), "next_s": ()}  # worn seconds of two senses (``senses``); where the stream stands
_INPUTS: Final = "inputs."
_PEOPLE: Final = "known."


class Scored:
    """A ``RiskModel`` for ``rows`` people by a fitted ``scorer``; see the module.

    ``people``: the pseudonym of each row; whom training knew starts from what it learnt of them, where the scorer is
    personal. Abstains with NO_SIGNAL, NOT_WORN or POOR_SIGNAL as ``models.arousal`` does, of the senses that the scorer
    reads, and where the scorer does: with LEARNING until ``LEARN_S`` worn seconds of one of them are known, with the
    scorer's reason after. ``read`` are the inputs of the last push, (k, n, M), all of ``models.inputs.NAMES``.
    Raises ModelError where the scorer reads inputs that are not there, or rows, shapes or a snapshot do not fit.
    """

    def __init__(self, scorer: Scorer, *, rows: int, people: Sequence[str] | None = None) -> None:
        if rows < 1:
            raise ModelError(f"rows: at least one person, not {rows}")
        if people is not None and len(people) != rows:
            raise ModelError(f"people: {rows} pseudonyms would be right, one a row, not {len(people)}")
        odd = [name for name in scorer.input_names if name not in INPUT_NAMES]
        if odd:
            raise ModelError(f"the model reads {odd[0]!r}, which is not among today's inputs: train it anew")
        self._rows, self._scorer = rows, scorer
        self._columns = [INPUT_NAMES.index(name) for name in scorer.input_names]
        self._whole = self._columns == list(range(len(INPUT_NAMES)))
        self._senses = senses(scorer.input_names)
        self._inputs = Inputs(rows=rows)
        self.read: Array = np.empty((0, 0, len(INPUT_NAMES)))
        self._own: dict[str, Array] = {name: np.zeros((rows, *shape)) for name, shape in _OWN.items()}
        self._own["next_s"][:] = -np.inf
        self._known = _begin(scorer, rows, people) if isinstance(scorer, PersonalScorer) else {}

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The names of ``Risk.drivers``; their sum is the log-odds of the probability."""
        return self._scorer.driver_names

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """Return the risk of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        start_s, features, chosen = checked(start_s, features, rows, total=self._rows)
        self._be_silent(missing_s(start_s, self._own["next_s"][chosen], most=SILENCE_S), chosen)
        self._own["next_s"][chosen] = start_s + features.shape[1]
        inputs = self.read = self._inputs.push(features, rows=chosen)
        seen, valid = _sight(features, self._senses)
        k, n = seen.shape
        learnt = self._learn(seen, valid, chosen)
        abstention = seen.copy()
        asked = np.flatnonzero(seen == Abstention.NONE)
        probability, low, high = (np.full(k * n, np.nan) for _ in range(3))
        drivers = np.full((k * n, len(self.driver_names)), np.nan)
        if asked.size:
            flat = inputs.reshape(k * n, -1)
            if asked.size < k * n:
                flat = flat[asked]
            said = self._said(flat if self._whole else np.ascontiguousarray(flat[:, self._columns]), chosen[asked // n])
            probability[asked], low[asked], high[asked], drivers[asked] = (
                said.probability,
                said.low,
                said.high,
                said.drivers,
            )
            strange = learnt.reshape(-1)[asked] < 1.0
            why = np.where((said.abstention != Abstention.NONE) & strange, Abstention.LEARNING, said.abstention)
            abstention.reshape(-1)[asked] = why
        shape = (k, n)
        return Risk(
            start_s,
            probability.reshape(shape),
            abstention,
            drivers.reshape(k, n, -1) if k * n else np.empty((k, n, len(self.driver_names))),
            learnt,
            low=low.reshape(shape),
            high=high.reshape(shape),
        )

    def tell(self, row: int, features_inputs: Array, happened: NDArray[np.bool_]) -> None:
        """Learn of the person in ``row`` from (m, M) inputs of moments (``models.inputs.NAMES``), and which of them
        led up to an event that a carer told of. Raises ModelError where the scorer is not personal or shapes differ."""
        if not isinstance(self._scorer, PersonalScorer):
            raise ModelError("this model learns nothing of persons: train a personal one")
        if not 0 <= row < self._rows:
            raise ModelError(f"row: from 0 to {self._rows - 1}, not {row}")
        self._require_inputs(features_inputs)
        if happened.shape != features_inputs.shape[:1] or happened.dtype != np.bool_:
            raise ModelError(f"happened: ({len(features_inputs)},) yes or no, not {happened.dtype} {happened.shape}")
        mine = {name: array[row : row + 1].copy() for name, array in self._known.items()}
        told = self._scorer.learn(mine, np.ascontiguousarray(features_inputs[:, self._columns]), happened)
        for name, array in self._known.items():
            array[row] = told[name][0]

    @property
    def learns(self) -> bool:
        """Whether it learns of persons what carers tell."""
        return isinstance(self._scorer, PersonalScorer)

    def taught(self, person: str, features_inputs: Array, happened: NDArray[np.bool_]) -> Known:
        """Return what is known of ``person``, one row, by training and by all that carers ever told: of (m, M) inputs
        of moments, which led up to an event. Changes nothing. Raises ModelError where the scorer is not personal."""
        if not isinstance(self._scorer, PersonalScorer):
            raise ModelError("this model learns nothing of persons: train a personal one")
        known = self._scorer.known(person) or self._scorer.unknown(1)
        if not len(happened):
            return known
        self._require_inputs(features_inputs)
        return self._scorer.learn(known, np.ascontiguousarray(features_inputs[:, self._columns]), happened)

    def _require_inputs(self, inputs: Array) -> None:
        everything, mine = len(INPUT_NAMES), len(self._columns)
        if inputs.ndim == 2 and inputs.shape[1] == everything:
            return
        hint = ""
        if inputs.ndim == 2 and inputs.shape[1] == mine:
            hint = f"; these are the {mine} that this model reads: the scorer's own tell and learn take those"
        raise ModelError(
            f"inputs: (m, {everything}), all of models.inputs.NAMES as a data set has them, would be right, not"
            f" {inputs.shape}{hint}"
        )

    def know(self, row: int, known: Known) -> None:
        """Know ``known`` (one row, see ``taught``) of the person in ``row`` from now on, and nothing that was told
        before. Raises ModelError where it does not fit, and then nothing changed."""
        fresh = {name: np.asarray(known.get(name, np.empty(0))) for name in self._known}
        for name, array in self._known.items():
            if fresh[name].shape != (1, *array.shape[1:]) or not np.isfinite(fresh[name]).all():
                raise ModelError(f"known: {name!r} is {fresh[name].shape}, right would be {(1, *array.shape[1:])}")
        for name, array in self._known.items():
            array[row] = fresh[name][0]

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything that was learnt and of where the stream stands, a leading row axis each."""
        own = {name: array.copy() for name, array in self._own.items()}
        people = {_PEOPLE + name: array.copy() for name, array in self._known.items()}
        return {**own, **people, **{_INPUTS + name: array for name, array in self._inputs.snapshot().items()}}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit, and then nothing changed."""
        mine: dict[str, Array] = {**self._own, **{_PEOPLE + name: array for name, array in self._known.items()}}
        fresh = fitting(arrays, mine, endless=("next_s",))
        read = {name.removeprefix(_INPUTS): array for name, array in arrays.items() if name.startswith(_INPUTS)}
        try:
            self._inputs.restore(read)
        except ModelError as error:
            raise ModelError(f"snapshot: {error}") from error
        for name, array in mine.items():
            array[...] = fresh[name]

    def _said(self, inputs: Array, rows: Rows) -> Estimates:
        if isinstance(self._scorer, PersonalScorer):
            return self._scorer.score_known(inputs, self._known, rows)
        return self._scorer.score(inputs)

    def _be_silent(self, seconds: NDArray[np.int64], rows: Rows) -> None:
        """Let seconds in which nothing arrived pass, as many for each of ``rows``."""
        silent = seconds > 0
        if silent.any():
            self._inputs.pass_silence(seconds[silent], rows=rows[silent])

    def _learn(self, seen: NDArray[np.int8], senses: Sequence[NDArray[np.bool_]], rows: Rows) -> Array:
        """Count worn seconds of either, and return how much is known after each second, (k, n), 0 to 1."""
        worn = seen == Abstention.NONE
        most = np.zeros(seen.shape)
        for q, valid in enumerate(senses):
            count = np.minimum(self._own["known_s"][rows, q][:, None] + np.cumsum(valid & worn, axis=1), LEARN_S)
            np.maximum(most, count, out=most)
            if seen.shape[1]:
                self._own["known_s"][rows, q] = count[:, -1]
        return most / LEARN_S


def senses(input_names: Sequence[str]) -> tuple[int, ...]:
    """Return which senses, two at most, a scorer of these inputs needs one of to see somebody: conductance and pulse,
    as far as it reads them; where it reads neither, movement and the skin's temperature."""
    read = {DRIVERS[name]: GROUPS[name] for name in input_names}
    pulse = any(driver in _OF_PULSE for driver in read)
    skin = "cooling" in read
    sweat = any(group == "physiology" and driver not in (*_OF_PULSE, "cooling") for driver, group in read.items())
    first = ((_SWEAT, sweat), (_PULSE, pulse))
    then = ((_MOTION, "motion" in read.values()), (_SKIN, skin))
    return tuple(sense for sense, reads in (first if sweat or pulse else then) if reads) or (_SWEAT, _PULSE)


def _sight(features: Array, needed: Sequence[int]) -> tuple[NDArray[np.int8], list[NDArray[np.bool_]]]:
    """Return why nobody can be seen, (k, n) of ``Abstention``, NONE where somebody can; and where each of the senses
    ``needed`` is valid. The rules are those of ``models.arousal_kernel``."""
    worn, heart, valid, level, coverage, motion, skin = (features[:, :, i] for i in _SIGHT)
    pulse = np.isfinite(heart)
    sweat = (valid >= HALF) & (level > 0.0) & np.isfinite(level)
    heard = (valid >= 0.0) | (coverage >= 0.0) | (motion >= 0.0)
    each = {_SWEAT: sweat, _PULSE: pulse, _MOTION: np.isfinite(motion), _SKIN: np.isfinite(skin)}
    known = [each[sense] for sense in needed]
    seen = np.full(worn.shape, Abstention.NONE, np.int8)
    seen[~np.logical_or.reduce(known)] = Abstention.POOR_SIGNAL
    seen[worn < HALF] = Abstention.NOT_WORN
    blind = np.isnan(worn) & ~pulse
    seen[blind] = Abstention.POOR_SIGNAL
    seen[blind & ~heard] = Abstention.NO_SIGNAL
    return seen, known


def _begin(scorer: PersonalScorer, rows: int, people: Sequence[str] | None) -> dict[str, Array]:
    """Return what is known of every row before anything was heard of it."""
    known = {name: np.array(array, np.float64) for name, array in scorer.unknown(rows).items()}
    for row, person in enumerate(people or ()):
        for name, array in (scorer.known(person) or {}).items():
            known[name][row] = array[0]
    return known
