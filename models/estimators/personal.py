"""A trained estimator and what is known of people in; estimates that are each person's own, and learn from carers, out.

A hierarchical logistic model: the population's estimator says what each driver adds to the log-odds; a person differs
by a shift of the whole and a stretch of each driver (``models.estimators.posterior``). How much people differ is learnt
from people that the estimator had not seen (empirical Bayes), and that is everybody's prior: of whom nothing is known
gets exactly the population's probability, and whom much is told of gets their own.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Dataset
from models.datasets.target import ForecastTarget
from models.errors import ModelError
from models.estimates import Estimates
from models.estimators.fitted import FittedEstimator, checked
from models.estimators.posterior import condensed, posterior
from models.estimators.scorer import NORMAL_90, Array, probability_of
from models.inputs.inputs import NAMES as INPUT_NAMES
from models.risk import Abstention

Known = Mapping[str, Array]
Index = NDArray[np.intp]

MEMORY: Final = 256  # minutes told of a person that are kept one by one; before they are more they become the prior


class PersonalModel:
    """A ``models.detectors.scorer.PersonalScorer`` and a ``models.estimates.Fitted``.

    ``variance`` (B,): between people, of shift and stretches. ``each``: rows to a minute. ``online``: whether
    ``estimate`` learns of events that are over, as a carer tells of them, while it goes through a recording.
    """

    def __init__(self, population: FittedEstimator, variance: Array, each: int, *, online: bool = False) -> None:
        self.population = population
        self.variance = variance
        self.each = each
        self.online = online
        self.people: dict[str, dict[str, Array]] = {}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The inputs that it was trained on, in order."""
        return self.population.input_names

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The population's: "base", which takes the person's shift, and the drivers, each stretched."""
        return self.population.driver_names

    def unknown(self, rows: int) -> Known:
        """Return what is known of ``rows`` people of whom nothing is known: the population."""
        wide = len(self.variance)
        return {
            "offset": np.zeros((rows, wide)),
            "covariance": np.tile(np.diag(self.variance), (rows, 1, 1)),
            "mean": np.zeros((rows, wide)),
            "precision": np.tile(np.diag(1.0 / self.variance), (rows, 1, 1)),
            "told": np.zeros((rows, MEMORY, wide + 3)),  # basis, the population's log-odds, outcome, weight
            "count": np.zeros(rows),
        }

    def known(self, person: str) -> Known | None:
        """Return what training learnt of ``person`` (a pseudonym), one row; None of a stranger."""
        return self.people.get(person)

    def forget(self, person: str) -> None:
        """Forget what training learnt of ``person``; the population was still trained on them."""
        self.people.pop(person, None)

    def tell(self, person: str, inputs: Array, happened: NDArray[np.bool_]) -> None:
        """Learn of ``person`` for good that of (m, F) moments those ``happened`` (m,) led up to an event; inputs are
        those of ``input_names``, or all of ``models.inputs.NAMES``, as ``Scored.tell`` takes them."""
        self.people[person] = dict(self.learn(self.people.get(person, self.unknown(1)), self._read(inputs), happened))

    def _read(self, inputs: Array) -> Array:
        """The inputs that it reads; raises ModelError, saying what would be right, of any others."""
        inputs = np.asarray(inputs)
        names, width = self.input_names, inputs.shape[-1] if inputs.ndim == 2 else -1
        if width == len(names):
            return inputs
        if width == len(INPUT_NAMES) and set(names) <= set(INPUT_NAMES):
            return inputs[:, [INPUT_NAMES.index(name) for name in names]]
        raise ModelError(
            f"inputs: (m, {len(names)}), those of input_names, or (m, {len(INPUT_NAMES)}), all of models.inputs.NAMES,"
            f" would be right, not {inputs.shape}"
        )

    def learn(self, known: Known, inputs: Array, happened: NDArray[np.bool_]) -> Known:
        """Return what is known of one person (one row) after being told of (m, F) moments.

        The posterior is worked out anew from everything that is kept: the same, to 1e-8, as from all of it at once.
        Moments of which the population's estimator says nothing teach nothing.
        """
        said = self.population.score(checked(inputs, len(self.input_names)))
        happened = np.asarray(happened, np.float64)
        if happened.shape != (len(said.probability),):
            raise ModelError(
                f"happened: ({len(said.probability)},), one a moment, would be right, not {happened.shape}"
            )
        kept = said.abstention == Abstention.NONE
        drivers = said.drivers[kept]
        return self.taken(known, *condensed(basis_of(drivers), drivers.sum(axis=-1), happened[kept], each=self.each))

    def taken(self, known: Known, basis: Array, odds: Array, y: Array, weight: Array) -> Known:
        """Return what is known of one person after rows of ``condensed``."""
        out = {name: array.copy() for name, array in known.items()}
        rows = np.column_stack([basis, odds, y, weight])
        while len(rows):
            count = int(out["count"][0])
            if count == MEMORY:
                out["mean"] = out["offset"].copy()
                out["precision"] = np.linalg.inv(out["covariance"]).astype(np.float64)
                out["told"][:] = 0.0
                count = 0
            some, rows = rows[: MEMORY - count], rows[MEMORY - count :]
            out["told"][0, count : count + len(some)] = some
            out["count"][0] = count + len(some)
            held = out["told"][0, : count + len(some)]
            wide = len(self.variance)
            u, covariance = posterior(
                held[:, :wide], held[:, wide], held[:, -2], held[:, -1], out["mean"][0], out["precision"][0]
            )
            out["offset"], out["covariance"] = u[None], covariance[None]
        return out

    def score(self, inputs: Array) -> Estimates:
        """Return what it says of (m, F) inputs of people of whom nothing is known."""
        return self.score_known(inputs, self.unknown(1), np.zeros(len(inputs), np.intp))

    def score_known(self, inputs: Array, known: Known, who: Index) -> Estimates:
        """Return what it says of (m, F) inputs; moment i is of the person in row ``who[i]`` of ``known``."""
        inputs = checked(inputs, len(self.input_names))
        said, spread = self.population.said(inputs)
        basis = basis_of(said.drivers)
        drivers = said.drivers * (1.0 + known["offset"][who])
        drivers[:, 0] = said.drivers[:, 0] + known["offset"][who, 0]
        own = np.zeros(len(inputs))
        for b in range(basis.shape[1]):
            own += basis[:, b] * (known["covariance"][who, b] * basis).sum(axis=-1)
        deviation = np.sqrt(np.maximum(spread**2 - self.population.chain.between_, 0.0) + own)
        odds = drivers.sum(axis=-1)
        return Estimates(
            probability=probability_of(odds),
            low=probability_of(odds - NORMAL_90 * deviation),
            high=probability_of(odds + NORMAL_90 * deviation),
            abstention=said.abstention,
            drivers=drivers,
            driver_names=said.driver_names,
        )

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what it says of every moment: of people it knows their own, of others the population's."""
        inputs = self.population.columns(moments)
        names = moments.people
        each = [self.people.get(name, self.unknown(1)) for name in names]
        if self.online and isinstance(moments.aim, ForecastTarget):
            return self._along(moments, moments.aim, inputs, each)
        known = {key: np.concatenate([one[key] for one in each]) for key in ("offset", "covariance")}
        return self.score_known(inputs, known, moments.person)

    def _along(self, moments: Dataset, aim: ForecastTarget, inputs: Array, each: list[Known]) -> Estimates:
        """Go through every person's moments in order of time, and learn whenever something is over."""
        parts: list[tuple[Index, Estimates]] = []
        for person, known in enumerate(each):
            mine = np.flatnonzero(moments.person == person)
            mine = mine[np.argsort(moments.end_s[mine], kind="stable")]
            for rows, told, happened in _lessons(moments, aim, mine):
                parts.append((rows, self.score_known(inputs[rows], known, np.zeros(len(rows), np.intp))))
                if len(told):
                    known = self.learn(known, inputs[told], happened)
        order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")

        def joined(name: str) -> Array:
            return np.concatenate([getattr(said, name) for _, said in parts])[order]

        return Estimates(
            probability=joined("probability"),
            low=joined("low"),
            high=joined("high"),
            abstention=joined("abstention").astype(np.int8),
            drivers=joined("drivers"),
            driver_names=self.driver_names,
        )


def basis_of(drivers: Array) -> Array:
    """Return what a person's offset multiplies, (m, B): 1, then what each driver adds."""
    basis = drivers.copy()
    basis[:, 0] = np.where(np.isnan(drivers[:, 0]), np.nan, 1.0)
    return basis


def _lessons(moments: Dataset, aim: ForecastTarget, mine: Index) -> list[tuple[Index, Index, NDArray[np.bool_]]]:
    """Return of one person's moments ``mine``, in order of time: those to be scored, then which can be told of by their
    end, and whether these led up to an event. Told is at the end of each event, and of each session."""
    out = []
    for session in dict.fromkeys(moments.session[mine].tolist()):
        rows = mine[moments.session[mine] == session]
        at = moments.end_s[rows]
        events = sorted(
            (e for e in moments.events if e.session == session and e.what in aim.events), key=lambda e: e.end_s
        )
        ends = [*(e.end_s for e in events), np.inf]
        before, scored = -np.inf, 0
        for k, now in enumerate(ends):
            upto = int(np.searchsorted(at, now, side="right"))
            over = events[: k + 1]
            leads = np.zeros(len(rows), np.bool_)
            void = np.zeros(len(rows), np.bool_)
            for e in over:
                first, last = e.onset_s - aim.horizon_s - aim.latency_s, e.onset_s - aim.latency_s
                leads |= (at >= first) & (at < last)
                void |= (at >= last) & (at < e.end_s + aim.refractory_s)
            sure = now if np.isfinite(now) else at[-1] - aim.horizon_s - aim.latency_s  # after that: who knows
            fresh = (at > before) & (at <= sure) & ~void & moments.worn[rows]
            out.append((rows[scored:upto], rows[fresh], leads[fresh]))
            before, scored = now, upto
    return out
