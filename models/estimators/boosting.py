"""Inputs and targets in, boosted shallow trees out, whose contributions are exact and looked up in a table.

Trees are grown by scikit-learn (histogram gradient boosting), three splits deep at most. A tree has then at most seven
splits and 128 patterns of how they come out; for each pattern what every input contributes is reckoned once, as exact
path-dependent TreeSHAP has it (Lundberg 2020, doi:10.1038/s42256-019-0138-9), and looked up ever after. Without
``interactions`` every tree reads one input, and the whole is an additive model (Lou 2012, doi:10.1145/2339530.2339556).
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.errors import ModelError
from models.estimators.boosting_kernel import contribute, tabulate, total
from models.estimators.folds import FOLDS, dealt, parted
from models.estimators.scorer import Array, Scorer

DEPTH: Final = 3  # splits: the table grows as 2 to the 2 to this
SPLITS: Final = 7
LEAVES: Final = 8
ROUNDS: Final = 100  # where there is nobody to choose them over
MOST: Final = 80  # rounds tried: on a dozen people about fifty are best
RATE: Final = 0.08
LEAST_ROWS: Final = 100  # in a leaf: rows of a minute overlap, so that a hundred are few
RIDGE: Final = 10.0  # on leaves, for the same reason
BINS: Final = 63


@dataclass(frozen=True, slots=True)
class _Grown:
    """Trees of scikit-learn that read bins, and the edges of these for each input."""

    forest: Any
    edges: list[Array]


class Boosted(Scorer):
    """Gradient boosting of shallow trees; see the module.

    Parameters
    ----------
    rounds : trees; None chooses up to ``MOST`` by log-loss on people left out, where ``groups`` are given to ``fit``.
    interactions : whether a tree may read several inputs.
    rate, least_rows, ridge : learning rate, rows in a leaf, penalty on its value.
    share : of inputs that each split looks at, drawn by ``random_state``.
    rising, falling : numbers of inputs with which the probability may only rise, or only fall.
    """

    def __init__(
        self,
        rounds: int | None = None,
        interactions: bool = True,
        rate: float = RATE,
        least_rows: int = LEAST_ROWS,
        ridge: float = RIDGE,
        share: float = 1.0,
        rising: tuple[int, ...] = (),
        falling: tuple[int, ...] = (),
        random_state: int = 0,
    ) -> None:
        self.rounds = rounds
        self.interactions = interactions
        self.rate = rate
        self.least_rows = least_rows
        self.ridge = ridge
        self.share = share
        self.rising = rising
        self.falling = falling
        self.random_state = random_state

    def _fit(self, X: Array, y: Array, weight: Array, groups: NDArray[np.intp] | None) -> None:
        self.rounds_ = ROUNDS if self.rounds is None else self.rounds
        if self.rounds is None and groups is not None and len(np.unique(groups)) >= 2:
            self.crossed(X, y, weight, dealt(groups, y, folds=FOLDS))
        self._read(self._grown(X, y, weight, self.rounds_))

    def crossed(self, X: Array, y: Array, weight: Array, fold: NDArray[np.intp]) -> tuple[list[Scorer], Array]:
        """Choose the number of rounds of least log-loss over folds left out; see ``Scorer.crossed``."""
        most = MOST if self.rounds is None else self.rounds
        loss, odds, grown = np.zeros(most), np.empty((most, len(X))), []
        for train, test in parted(fold):
            trees = self._grown(X[train], y[train], weight[train], most)
            for i, said in enumerate(trees.forest.staged_decision_function(binned(X[test], trees.edges))):
                odds[i, test] = said
                loss[i] += float((weight[test] * (np.logaddexp(0.0, said) - y[test] * said)).sum())
            grown.append(trees)
        self.rounds_ = int(loss.argmin()) + 1 if self.rounds is None else most
        members: list[Scorer] = []
        for trees in grown:
            member = self.settled()
            member._read(trees)
            members.append(member)
        return members, odds[self.rounds_ - 1]

    def _grown(self, X: Array, y: Array, weight: Array, rounds: int) -> "_Grown":
        edges = [edges_of(column, weight) for column in X.T]
        monotonic = np.zeros(X.shape[1], int)
        monotonic[list(self.rising)], monotonic[list(self.falling)] = 1, -1
        trees = HistGradientBoostingClassifier(
            max_iter=rounds,
            max_depth=DEPTH,
            max_leaf_nodes=LEAVES,
            learning_rate=self.rate,
            min_samples_leaf=min(self.least_rows, max(len(X) // 10, 1)),
            l2_regularization=self.ridge,
            max_features=self.share,
            max_bins=BINS,
            interaction_cst=None if self.interactions else "no_interactions",
            monotonic_cst=monotonic if monotonic.any() else None,
            early_stopping=False,
            random_state=self.random_state,
        )
        return _Grown(trees.fit(binned(X, edges), y, sample_weight=weight), edges)

    def _read(self, grown: "_Grown") -> None:
        """Keep the first ``rounds_`` trees as plain arrays, nodes in heap order."""
        trees = grown.forest
        n = min(self.rounds_, len(trees._predictors))
        self.feature_ = np.full((n, SPLITS), -1, np.intp)
        self.threshold_ = np.zeros((n, SPLITS))
        self.missing_left_ = np.zeros((n, SPLITS), np.bool_)
        self.leaf_ = np.zeros((n, LEAVES))
        self.slot_ = np.full((n, SPLITS), -1, np.intp)
        self.table_ = np.zeros((n, 1 << SPLITS, SPLITS))
        self.start_ = float(trees._baseline_prediction.ravel()[0])
        self.intercept_ = self.start_
        for t, (tree,) in enumerate(trees._predictors[:n]):
            left_share = np.ones(SPLITS)
            self._heap(tree.nodes, t, left_share, grown.edges)
            read = np.unique(self.feature_[t][self.feature_[t] >= 0])
            self.slot_[t, : len(read)] = read
            self.intercept_ += tabulate(self.feature_[t], self.slot_[t], left_share, self.leaf_[t], self.table_[t])

    def _heap(self, nodes: Any, t: int, left_share: Array, edges: list[Array]) -> None:  # noqa: ANN401 - scikit-learn's
        """Write one tree of scikit-learn into row ``t``, its splits of bins as splits at their ``edges``."""
        waiting = [(0, 0)]
        while waiting:
            at, to = waiting.pop()
            node = nodes[at]
            if to >= SPLITS:
                self.leaf_[t, to - SPLITS] = node["value"]
                continue
            children = (at, at)
            if not node["is_leaf"]:
                children = (int(node["left"]), int(node["right"]))
                self.feature_[t, to] = node["feature_idx"]
                split = float(node["num_threshold"])  # infinite: what is unknown against all else
                last = split if math.isinf(split) else edges[node["feature_idx"]][math.floor(split)]
                self.threshold_[t, to] = last
                self.missing_left_[t, to] = bool(node["missing_go_to_left"])
                left_share[to] = nodes[children[0]]["count"] / node["count"]
            waiting += [(children[0], 2 * to + 1), (children[1], 2 * to + 2)]

    def parts(self, X: Array) -> tuple[Array, Array]:
        """Exact Shapley values of the trees; the intercept is their mean over training. Raises ModelError once lean."""
        if self.is_lean:
            raise ModelError("these trees were made lean: they say log-odds and no contributions")
        out = np.zeros(X.shape)
        contribute(X, self.feature_, self.threshold_, self.missing_left_, self.slot_, self.table_, out)
        return out, np.full(len(X), self.intercept_)

    def quick(self, X: Array) -> Array:
        """Return the log-odds straight from the leaves; equal to the sum of the parts up to rounding."""
        out = np.full(len(X), self.start_)
        total(X, self.feature_, self.threshold_, self.missing_left_, self.leaf_, out)
        return out

    @property
    def is_lean(self) -> bool:
        """Whether its tables are gone."""
        return len(self.table_) != len(self.feature_)

    def lean(self) -> None:
        """Forget the tables of contributions: nine tenths of what a file of it holds."""
        self.table_ = np.zeros((0, 1 << SPLITS, SPLITS))

    def settled(self) -> "Boosted":
        """Return an unfitted copy of the number of rounds that was chosen."""
        given = {**self.get_params(deep=False), "rounds": self.rounds_}
        copy = Boosted(**given)
        copy.rounds_ = self.rounds_
        return copy


def edges_of(x: Array, weight: Array) -> Array:
    """Return where the bins of an input (n,) end, rising, ``BINS`` - 1 at most: quantiles by ``weight``, or between
    values where there are no more of these. As scikit-learn draws them, which goes through everything anew for each."""
    known = ~np.isnan(x) & (weight > 0)
    order = np.argsort(x[known], kind="stable")
    values, share = x[known][order], np.cumsum(weight[known][order])
    distinct = np.unique(values)
    if len(distinct) <= BINS:
        between: Array = (distinct[:-1] + distinct[1:]) / 2
        return between
    wanted = np.arange(1, BINS) / BINS * share[-1]
    at = np.minimum(np.searchsorted(share, wanted), len(values) - 1)
    after = np.minimum(at + (share[at] == wanted), len(values) - 1)
    ends: Array = np.unique((values[at] + values[after]) / 2)
    return ends


def binned(X: Array, edges: list[Array]) -> Array:
    """Return the number of the bin of each input (n, F), NaN where it is unknown."""
    out = np.empty(X.shape)
    for i, each in enumerate(edges):
        out[:, i] = np.searchsorted(each, X[:, i], side="left")
    out[np.isnan(X)] = np.nan
    return out
