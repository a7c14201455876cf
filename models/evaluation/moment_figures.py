"""Targets and probabilities of moments in, figures of people and of everybody's rows together out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import LEFT_OUT, POSITIVE, Array, Dataset, Index
from models.evaluation import probabilities as made
from models.evaluation.chance import AVERAGE_S, ratio, recent_events
from models.evaluation.discrimination import areas, balanced_accuracy, pair_wins
from models.evaluation.judgement import ReliabilityPoint
from models.evaluation.people import Figure, ends, figure, or_none, pooled
from models.evaluation.timeline import Timeline

NOBODY: Final = "no moment with a target and an estimate"
ONE_CLASS: Final = "one class: positives and negatives are both needed"
NO_POSITIVES: Final = "no positive moments"
NOT_CHOSEN: Final = "no threshold was chosen"
NO_TRAINING: Final = "no training prevalence was given, or always saying it made no mistake"
NO_FIT: Final = "one class, one probability, or sides that do not overlap"

OF_SUMS: Final[dict[str, Callable[[made.Sums], Array]]] = {
    "prevalence": made.prevalence,
    "brier": made.brier,
    "brier_skill_training": made.skill_against_training,
    "brier_skill_own": made.skill_against_own,
    "reliability": made.reliability,
    "resolution": made.resolution,
    "uncertainty": made.uncertainty,
    "within_bins": made.within_bins,
    "calibration_in_the_large": made.in_the_large,
    "ece": made.calibration_error,
}
OF_EQUAL_MASS: Final[dict[str, Callable[[made.Sums], Array]]] = {
    "ece_equal_mass": made.calibration_error,
    "ece_debiased": made.calibration_error_debiased,
}
WHY: Final = {"brier_skill_training": NO_TRAINING, "brier_skill_own": ONE_CLASS}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Judged:
    """One person's rows with a target and an estimate; ``positives`` and ``seen_positives`` count all with a target;
    ``average`` is what the moving average of events would have said of them, NaN where there are no onsets."""

    positive: NDArray[np.bool_]
    probability: Array
    threshold: Array
    training: Array
    average: Array
    positives: int
    seen_positives: int


def judged(moments: Dataset, line: Timeline, probability: Array, threshold: Array, training: Array) -> list[Judged]:
    """Return everybody's rows; ``threshold`` and ``training`` (S,) are those of each session, NaN where not chosen."""
    lengths = np.diff(line.bounds)
    threshold, training = np.repeat(threshold, lengths), np.repeat(training, lengths)
    told = moments.target != LEFT_OUT
    out = []
    for person in range(len(line.people)):
        rows = line.rows_of(person)
        rows = rows[told[rows]]
        kept = rows[np.isfinite(probability[rows])]
        out.append(
            Judged(
                positive=moments.target[kept] == POSITIVE,
                probability=probability[kept],
                threshold=threshold[kept],
                training=training[kept],
                average=_average(moments, line, person, kept),
                positives=int((moments.target[rows] == POSITIVE).sum()),
                seen_positives=int((moments.target[kept] == POSITIVE).sum()),
            )
        )
    return out


def _average(moments: Dataset, line: Timeline, person: int, rows: Index) -> Array:
    if not line.horizon_s:
        return np.full(len(rows), np.nan)
    counts = recent_events(moments, line, person, line.end_s[rows])
    return np.asarray(1 - np.exp(-counts * (line.horizon_s / AVERAGE_S)))


def of_person(rows: Judged) -> dict[str, Figure]:
    """Return every figure of one person's moments."""
    y, p, n = rows.positive, rows.probability, len(rows.positive)
    empty = "" if n else NOBODY
    roc, pr = areas(y, p)
    out = {
        "positive_coverage": figure(
            rows.seen_positives / rows.positives if rows.positives else np.nan, rows.positives, NO_POSITIVES
        ),
        "auroc": figure(roc, n, empty or ONE_CLASS),
        "auprc": figure(pr, n, empty or ONE_CLASS),
    }
    if np.isfinite(rows.average).all():
        theirs = float(((rows.average - y) ** 2).mean()) if n else np.nan
        skill = 1 - float(((p - y) ** 2).mean()) / theirs if n and theirs else np.nan
        out["moving_average_auroc"] = figure(areas(y, rows.average)[0], n, empty or ONE_CLASS)
        out["brier_skill_moving_average"] = figure(skill, n, empty or "the moving average made no mistake")
    chosen = n > 0 and bool(np.isfinite(rows.threshold).all())
    accuracy = balanced_accuracy(y, p, rows.threshold) if chosen else np.nan
    out["balanced_accuracy"] = figure(accuracy, n, empty or (ONE_CLASS if chosen else NOT_CHOSEN))
    wide = made.sums(y, p, rows.training, made.edges_of_equal_width())
    mass = made.sums(y, p, rows.training, made.edges_of_equal_mass(p))
    for table, sums in ((OF_SUMS, wide), (OF_EQUAL_MASS, mass)):
        out |= {name: figure(float(of(sums)), n, empty or WHY.get(name, "")) for name, of in table.items()}
    x, ones, hits = made.log_odds(p), np.ones((1, n)), y.astype(float)[None]
    intercept, slope = made.recalibrated(x, ones, hits)
    out["calibration_slope"] = figure(slope[0], n, empty or NO_FIT)
    out["calibration_intercept"] = figure(intercept[0], n, empty or NO_FIT)
    out["calibration_offset"] = figure(made.offset(x, ones, hits)[0], n, empty or ONE_CLASS)
    return out


def together(people: list[Judged], weights: Array) -> dict[str, Figure]:
    """Return figures of everybody's moments together; people are drawn by ``weights`` (B, P)."""
    y, p = np.concatenate([each.positive for each in people]), np.concatenate([each.probability for each in people])
    n = len(y)
    if not n:
        return {name: Figure(value=None, n=0, why=NOBODY) for name in (*OF_SUMS, *OF_EQUAL_MASS, "auroc", "auprc")}
    out = _told_apart(people, y, p, weights)
    for table, edges in (
        (OF_SUMS, made.edges_of_equal_width()),
        (OF_EQUAL_MASS, made.edges_of_equal_mass(p)),
    ):
        of = _stacked(people, edges)
        for name, statistic in table.items():

            def drawn(w: Array, of: made.Sums = of, statistic: Callable[[made.Sums], Array] = statistic) -> Array:
                return statistic(of.drawn(w))

            out[name] = pooled(drawn, weights, n, WHY.get(name, ""))
    return out | _recalibration(people, y, p, weights)


def points(people: list[Judged], weights: Array, *, equal_mass: bool) -> tuple[ReliabilityPoint, ...]:
    """Return the reliability curve of everybody's moments, empty bins left out."""
    p = np.concatenate([each.probability for each in people])
    edges = made.edges_of_equal_mass(p) if equal_mass else made.edges_of_equal_width()
    of = _stacked(people, edges)
    borders = np.concatenate([[0.0], edges, [1.0]])
    n, y, said = of.n.sum(0), of.y.sum(0), of.p.sum(0)
    again = of.drawn(weights)
    out = []
    for i in np.flatnonzero(n):
        shares = ratio(again.y[:, i], again.n[:, i])
        low, high = ends(shares, int((of.n[:, i] > 0).sum()))
        out.append(
            ReliabilityPoint(
                from_=float(borders[i]),
                to=float(borders[i + 1]),
                probability=float(said[i] / n[i]),
                share=float(y[i] / n[i]),
                low=or_none(low),
                high=or_none(high),
                n=int(n[i]),
            )
        )
    return tuple(out)


def _told_apart(people: list[Judged], y: NDArray[np.bool_], p: Array, weights: Array) -> dict[str, Figure]:
    wins = pair_wins([e.probability[e.positive] for e in people], [e.probability[~e.positive] for e in people])
    positives = np.array([e.positive.sum() for e in people], float)
    negatives = np.array([(~e.positive).sum() for e in people], float)

    def area(drawn: Array) -> Array:
        pairs = (drawn @ positives) * (drawn @ negatives)
        won = ((drawn @ wins) * drawn).sum(-1)
        return ratio(won, pairs)

    every = np.array([e.positives for e in people], float)
    return {
        "auroc": pooled(area, weights, len(y), ONE_CLASS),
        "auprc": figure(areas(y, p)[1], len(y), ONE_CLASS),
        "positive_coverage": pooled(
            lambda drawn: ratio(drawn @ positives, drawn @ every),
            weights,
            every.sum(),
            NO_POSITIVES,
        ),
    }


def _recalibration(people: list[Judged], y: NDArray[np.bool_], p: Array, weights: Array) -> dict[str, Figure]:
    x, ones, every = made.log_odds(p), np.ones((1, len(p))), y.astype(float)[None]
    intercept, slope = made.recalibrated(x, ones, every)
    whole = made.offset(x, ones, every)
    edges = made.fine_edges(p)
    logits = [made.log_odds(each.probability) for each in people]
    bins = [np.searchsorted(edges, each, side="right") for each in logits]
    size = len(edges) + 1
    n = np.array([np.bincount(b, minlength=size) for b in bins], float)
    hits = np.array([np.bincount(b, weights=e.positive, minlength=size) for b, e in zip(bins, people, strict=True)])
    middle = np.array([np.bincount(b, weights=each, minlength=size) for b, each in zip(bins, logits, strict=True)])
    centre = middle.sum(0) / np.maximum(n.sum(0), 1)
    intercepts, slopes = made.recalibrated(centre, weights @ n, weights @ hits)
    offsets = made.offset(centre, weights @ n, weights @ hits)
    out = {}
    for name, value, again in (
        ("calibration_slope", slope, slopes),
        ("calibration_intercept", intercept, intercepts),
        ("calibration_offset", whole, offsets),
    ):
        low, high = ends(again, len(people))
        out[name] = figure(value[0], len(p), NO_FIT, low=low, high=high)
    return out


def _stacked(people: list[Judged], edges: Array) -> made.Sums:
    each = [made.sums(e.positive, e.probability, e.training, edges) for e in people]
    return made.Sums(**{name: np.array([getattr(e, name) for e in each]) for name in made.Sums.__slots__})
