"""Stress-Predict in, how sturdily each set of inputs tells stress from rest out: what to take to another study.

Nothing of another study is looked at. People are left out one by one; they are judged (a) whole, by what was trained
on either task; (b) on the task that nobody was trained on; (c) in short sessions without acceleration cut out of their
recordings, the band put on anew, the task before the rest and the other way round. The set whose *worst* figure is
best is taken.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks.stress import peers
from benchmarks.stress.judge import PENALTY, Array, Estimator, Flags, People, auroc_by_person, log_odds, trained_on
from benchmarks.stress.studies import Part, Study, ours
from ingest.types import CHANNELS
from models.datasets.by_person import normalised
from models.estimators.logistic import RidgeLogistic
from models.estimators.signed import RISING, SignedLogistic
from models.inputs.inputs import NAMES
from models.inputs.named import DRIVERS, INPUTS

TASKS: Final = ("stroop", "interview")
TASK_S: Final = 240  # about what CogWear's sessions last, which their times say
REST_S: Final = 150
PAUSE_S: Final = 120
DRAWS: Final = 10  # of each person's two sessions, in either order
SEED: Final = 1
PROCESSES: Final = 3

STILL: Final = tuple(each.name for each in INPUTS if each.group == "physiology" and not each.explained_by_motion)
SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "pulse": ("pulse_recent",),
    "quick": RISING,
    "quick, and its response rate": (*RISING, "responses_rise"),
    "all of physiology": STILL,
}
FALLING_DRIVERS: Final = ("variability", "cooling")


def signed(names: tuple[str, ...]) -> SignedLogistic:
    """Logistic regression of these inputs in the directions of physiology."""
    down = tuple(i for i, name in enumerate(names) if DRIVERS[name] in FALLING_DRIVERS)
    return SignedLogistic(rising=tuple(i for i in range(len(names)) if i not in down), falling=down)


def free(names: tuple[str, ...]) -> RidgeLogistic:
    """The same without directions."""
    return RidgeLogistic(penalty=PENALTY)


HOW: Final[Mapping[str, Callable[[tuple[str, ...]], Estimator]]] = {"signed": signed, "ridge": free}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Short:
    """Rows of everybody's two short sessions: inputs as they are and against the person's own, stress, whose."""

    plain: Array
    own: Array
    y: Flags
    person: People


def validate(found: Study, parts: list[Part]) -> list[dict[str, Any]]:
    """Return a line for each set, estimator and normalisation, with the AUROC of each validation, pooled."""
    orders = {first: [_short(parts, draw, first=first) for draw in range(DRAWS)] for first in ("task", "rest")}
    asked = [(name, how, own) for name in SETS for how in HOW for own in (False, True)]
    lines = Parallel(n_jobs=PROCESSES)(delayed(_line)(found, orders, *each) for each in asked)
    return sorted(lines, key=lambda line: -line["worst"])


def _line(found: Study, orders: Mapping[str, list[_Short]], name: str, how: str, own: bool) -> dict[str, Any]:
    at = [NAMES.index(each) for each in SETS[name]]
    X = (found.own if own else found.sets)["ours"][1][:, at]

    def make() -> Estimator:
        return HOW[how](SETS[name])

    with threadpool_limits(limits=1):
        said = {
            "whole": _left_out(found, X, TASKS, TASKS, make),
            "interview to stroop": _left_out(found, X, ("interview",), ("stroop",), make),
            "stroop to interview": _left_out(found, X, ("stroop",), ("interview",), make),
        }
        for first, short in orders.items():
            said[f"short, {first} first"] = _in_short(
                found, X, [(s.own if own else s.plain)[:, at] for s in short], short, make
            )
    worst = min(said, key=lambda key: said[key][0])
    return {
        "set": name,
        "how": how,
        "own": own,
        "worst": said[worst][0],
        "auroc": {key: value for key, (value, _) in said.items()},
        "within": {key: value for key, (_, value) in said.items()},
    }


def _left_out(
    found: Study, X: Array, learnt: tuple[str, ...], judged: tuple[str, ...], make: Callable[[], Estimator]
) -> tuple[float, float]:
    odds = np.full(len(X), np.nan)
    train = np.isin(found.what, (*learnt, "rest"))
    for name in sorted(set(found.person)):
        rows, mine = train & (found.person != name), found.person == name
        odds[mine] = log_odds(trained_on(X[rows], found.what[rows] != "rest", found.person[rows], make), X[mine])
    kept = np.isin(found.what, (*judged, "rest"))
    return _scores(found.what[kept] != "rest", odds[kept], found.person[kept])


def _in_short(
    found: Study, X: Array, short_X: list[Array], short: list[_Short], make: Callable[[], Estimator]
) -> tuple[float, float]:
    odds = [np.full(len(each), np.nan) for each in short_X]
    train = np.isin(found.what, (*TASKS, "rest"))
    for name in sorted(set(found.person)):
        rows = train & (found.person != name)
        model = trained_on(X[rows], found.what[rows] != "rest", found.person[rows], make)
        for said, rows_X, each in zip(odds, short_X, short, strict=True):
            said[each.person == name] = log_odds(model, rows_X[each.person == name])
    scores = [_scores(each.y, said, each.person) for each, said in zip(short, odds, strict=True)]
    pooled, within = np.mean(scores, axis=0)
    return float(pooled), float(within)


def _scores(y: Flags, odds: Array, person: People) -> tuple[float, float]:
    within = auroc_by_person(y, odds, person, np.ones(len(y), bool))
    return float(roc_auc_score(y, odds)), float(np.nanmean(within))


def _short(parts: list[Part], draw: int, *, first: str) -> _Short:
    """Return everybody's two short sessions; which of the tasks, and where in it, is drawn."""
    rng = np.random.default_rng([SEED, draw])
    plain, y, person = [], [], []
    for part in parts:
        sessions = list(_two(part, rng))
        if first == "rest":
            sessions.reverse()
        start_s = int(part.tick.start_s[0])
        laid = []
        for each in sessions:
            tick = replace(each.tick, start_s=np.array([start_s], each.tick.start_s.dtype))
            start_s += tick.seconds + PAUSE_S
            laid.append(replace(each, tick=tick))
        for each, rows in zip(laid, ours(laid), strict=True):
            whole = peers.moments(each.tick) >= peers.WINDOW_S
            plain.append(rows[whole])
            y.append(np.full(int(whole.sum()), each.name == "task"))
            person.append(np.full(int(whole.sum()), part.person, dtype="<U24"))
    X, who = np.concatenate(plain), np.concatenate(person)
    own = normalised(X, who, worn=np.ones(len(X), bool), step_s=peers.STEP_S)
    return _Short(plain=X, own=own, y=np.concatenate(y), person=who)


def _two(part: Part, rng: np.random.Generator) -> Iterator[Part]:
    for name, words, length in (("task", TASKS, TASK_S), ("rest", ("rest",), REST_S)):
        spans = [span for span in part.spans if span[2] in words and span[1] - span[0] > length]
        begin, end, _ = spans[rng.integers(len(spans))]
        low = int(begin + rng.uniform(0, end - begin - length)) - int(part.tick.start_s[0])
        low = min(max(low, 0), part.tick.seconds - length)
        cut = {
            key: getattr(part.tick, key)[..., low * c.grid_hz : (low + length) * c.grid_hz]
            for key, c in CHANNELS.items()
        }
        for key in ("motion", "ibi"):  # CogWear has neither
            cut[key] = np.full_like(cut[key], np.nan)
        yield replace(part, name=name, tick=replace(part.tick, **cut, contact=None), spans=())
