"""Labels, a target and the moments of a session in; what each moment is to say, or why it is left out, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.labels import Label, iso
from models.datasets.dataset import BETWEEN, LEFT_OUT, NEGATIVE, POSITIVE, Array, Exclusion, Index, Session
from models.datasets.events import Happening
from models.datasets.target import UNSURE, ForecastTarget, StateTarget
from models.datasets.words import is_said
from models.errors import DatasetError

Mask = NDArray[np.bool_]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Of n moments: ``target``, ``exclusion``, and ``event``: the happening that a positive leads up to, else -1."""

    target: NDArray[np.int8]
    exclusion: NDArray[np.int8]
    event: Index


def condition_of(labels: Sequence[Label], moments_s: Array) -> NDArray[np.str_]:
    """Return what the labels of the moments' person say of each: words of labels in which it lies, (start, end]."""
    near = [label for label in labels if moments_s.size and _reaches(label, moments_s[0], moments_s[-1])]
    words = sorted({label.what for label in near})
    inside = np.zeros((len(words), moments_s.size), np.bool_)
    for label in near:
        inside[words.index(label.what)] |= (moments_s > label.start_s) & (moments_s <= label.end_s)
    combinations, which = np.unique(inside.T, axis=0, return_inverse=True)
    said = [BETWEEN.join(word for word, so in zip(words, each, strict=True) if so) for each in combinations.tolist()]
    return np.array(said, np.str_)[which.reshape(-1)] if said else np.zeros(0, "U1")


def _reaches(label: Label, first_s: float, last_s: float) -> bool:
    return label.start_s < last_s and label.end_s >= first_s


def tell_state(
    aim: StateTarget, labels: Sequence[Label], session: Session, moments_s: Array, *, window_s: float
) -> Told:
    """Return what a state's moments are: see ``StateTarget``. ``window_s`` is what a moment looks back on [s].

    Where one side holds a window into which the other reaches by more than its onset uncertainty, the moment is
    CONTRADICTED: labels overlap a little where one thing goes over into another. Where both sides hold the whole
    window they contradict each other: raises DatasetError, naming both, unless ``aim.doubtful`` lets it be.
    """
    begins_s = moments_s - window_s
    sides = {word: [each for each in labels if is_said(each, words)] for word, words in _sides(aim).items()}
    inside = {side: _within(_runs(of), begins_s, moments_s) for side, of in sides.items()}
    exclusion = np.full(moments_s.size, Exclusion.UNLABELLED, np.int8)
    target = np.full(moments_s.size, LEFT_OUT, np.int8)
    for side, value in (("positive", POSITIVE), ("negative", NEGATIVE)):
        other = sides["negative" if side == "positive" else "positive"]
        held = inside[side]
        target[held] = value
        exclusion[held] = Exclusion.NONE
        unsure = _unsure_since(sides[side], begins_s, moments_s) | _unsure_until(other, begins_s, moments_s)
        exclusion[held & unsure] = Exclusion.UNCERTAIN
        exclusion[held & _crossed(other, begins_s, moments_s)] = Exclusion.CONTRADICTED
    exclusion[inside["positive"] & inside["negative"]] = Exclusion.CONTRADICTED
    exclusion[inside["apart"]] = Exclusion.APART
    touched = _touched([(each.start_s, each.end_s) for each in sides["apart"]], begins_s, moments_s)
    exclusion[touched & ~inside["apart"]] = Exclusion.UNLABELLED
    exclusion[begins_s < session.start_s] = Exclusion.EDGE
    both = inside["positive"] & inside["negative"]
    if aim.doubtful == "refuse" and both.any():
        _refuse_contradiction(sides["positive"], sides["negative"], moments_s[both][0])
    target[exclusion != Exclusion.NONE] = LEFT_OUT
    return Told(target, exclusion, np.full(moments_s.size, -1, np.intp))


def _sides(aim: StateTarget) -> Mapping[str, tuple[str, ...]]:
    return {"positive": aim.positive, "negative": aim.negative, "apart": aim.apart}


def _runs(labels: Sequence[Label]) -> list[Span]:
    """Labels that touch or overlap, as one span each."""
    runs: list[Span] = []
    for start_s, end_s in sorted((each.start_s, each.end_s) for each in labels):
        if runs and start_s <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end_s))
        else:
            runs.append((start_s, end_s))
    return runs


def _within(spans: Sequence[Span], begins_s: Array, ends_s: Array) -> Mask:
    found = np.zeros(ends_s.size, np.bool_)
    for start_s, end_s in spans:
        found |= (begins_s >= start_s) & (ends_s <= end_s)
    return found


def _touched(spans: Sequence[Span], begins_s: Array, ends_s: Array) -> Mask:
    found = np.zeros(ends_s.size, np.bool_)
    for start_s, end_s in spans:
        found |= (begins_s < end_s) & (ends_s > start_s)
    return found


def _unsure_since(labels: Sequence[Label], begins_s: Array, ends_s: Array) -> Mask:
    """Which windows begin before it is sure that a run of labels of their own side has."""
    certain = [(each.start_s + each.onset_uncertainty_s, each.end_s) for each in labels]
    sure = np.zeros(ends_s.size, np.bool_)
    for start_s, end_s in _runs(labels):
        firm_s = min((low for low, high in certain if low >= start_s and high <= end_s and low <= high), default=end_s)
        sure |= (begins_s >= firm_s) & (ends_s <= end_s)
    return ~sure


def _unsure_until(others: Sequence[Label], begins_s: Array, ends_s: Array) -> Mask:
    """Which windows reach to where a label of the other side may have begun already."""
    return _touched(
        [(e.start_s - e.onset_uncertainty_s, min(e.start_s + e.onset_uncertainty_s, e.end_s)) for e in others],
        begins_s,
        ends_s,
    )


def _crossed(others: Sequence[Label], begins_s: Array, ends_s: Array) -> Mask:
    """Which windows reach into what a label of the other side surely speaks of."""
    return _touched([(e.start_s + e.onset_uncertainty_s, e.end_s) for e in others if _lasts(e)], begins_s, ends_s)


def _lasts(label: Label) -> bool:
    return label.end_s > label.start_s + label.onset_uncertainty_s


def _refuse_contradiction(positive: Sequence[Label], negative: Sequence[Label], moment_s: float) -> None:
    """Raise DatasetError for the two labels that overlap at about a moment."""
    pairs = [(a, b) for a in positive for b in negative if a.start_s < b.end_s and b.start_s < a.end_s]
    one, other = min(pairs, key=lambda pair: abs(max(pair[0].start_s, pair[1].start_s) - moment_s))
    raise DatasetError(
        f"labels contradict each other: {_named(one)} is positive, {_named(other)} is negative, and they overlap:"
        ' correct or remove one (forecalm labels), or let such moments be with target.doubtful = "leave out"'
    )


def _named(label: Label) -> str:
    whose = f" of {label.wearer}" if label.wearer else ""
    return f"{label.what!r}{whose} by {label.rater} ({iso(label.start_s)} to {iso(label.end_s)})"


def tell_forecast(
    aim: ForecastTarget,
    labels: Sequence[Label],
    happenings: Sequence[Happening],
    own: Sequence[int],
    session: Session,
    moments_s: Array,
    *,
    window_s: float,
) -> Told:
    """Return what a forecast's moments are: see ``ForecastTarget``. ``happenings`` are all of the person's, ``own``
    those that are events of this session. Where reasons to leave a moment out meet, the one that stands first counts:
    EDGE (its window), APART, DURING, REFRACTORY, UNCERTAIN, EDGE (its horizon)."""
    t, ahead_s = moments_s, aim.horizon_s + aim.latency_s
    event = np.full(t.size, -1, np.intp)
    unsure, during, refractory = (np.zeros(t.size, np.bool_) for _ in range(3))
    elsewhere = np.zeros(t.size, np.bool_)
    for number in reversed(range(len(happenings))):  # of two ahead the nearer one is led up to
        each = happenings[number]
        off_s = each.uncertainty_s
        low_s, high_s = each.onset_s - ahead_s, each.onset_s - aim.latency_s
        sure = (t >= low_s + off_s) & (t < high_s - off_s)
        event[sure] = number
        elsewhere[sure] = number not in own
        unsure[(t >= low_s - off_s) & (t < high_s + off_s) & ~sure] = True
        during |= (t >= high_s) & (t < each.end_s)
        refractory |= (t >= each.end_s) & (t < each.end_s + aim.refractory_s)
    unsure |= (event < 0) & _may_be(aim, labels, t)
    exclusion = np.zeros(t.size, np.int8)
    exclusion[(event < 0) & (t + ahead_s > session.end_s)] = Exclusion.EDGE
    exclusion[elsewhere] = Exclusion.EDGE
    exclusion[unsure] = Exclusion.UNCERTAIN
    exclusion[refractory] = Exclusion.REFRACTORY
    exclusion[during] = Exclusion.DURING
    for label in labels:
        if is_said(label, aim.apart):
            exclusion[(t > label.start_s) & (t <= label.end_s)] = Exclusion.APART
    exclusion[t - window_s < session.start_s] = Exclusion.EDGE
    left_out = exclusion != Exclusion.NONE
    event[left_out] = -1
    target = np.where(left_out, LEFT_OUT, np.where(event >= 0, POSITIVE, NEGATIVE)).astype(np.int8)
    return Told(target, exclusion, event)


def _may_be(aim: ForecastTarget, labels: Sequence[Label], t: Array) -> Mask:
    """Which moments are before, in or just after what may have been an event, or none: see ``UNSURE``."""
    found = np.zeros(t.size, np.bool_)
    if UNSURE in (*aim.events, *aim.apart):
        return found
    for label in labels:
        if label.what == UNSURE:
            first_s = label.start_s - label.onset_uncertainty_s - aim.horizon_s - aim.latency_s
            found |= (t >= first_s) & (t < label.end_s + aim.refractory_s)
    return found
