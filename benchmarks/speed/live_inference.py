"""A tick of 1,000 wearers' features in, how long risk and its reasons take out, against scikit-learn row by row.

Ours is all that a live model does after the engine: what models read (``models.inputs``), the estimator, its
calibration, 90 % intervals, contributions by driver, training range and abstentions. The peer is given the inputs for
nothing, and only says a probability: a pipeline of imputation, scaling and logistic regression, or gradient boosting,
asked wearer by wearer as one would who keeps a model per connection.
"""

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.figures import Race
from models.datasets.dataset import Dataset, Session
from models.datasets.target import StateTarget
from models.detectors.scored import Scored
from models.estimators.candidates import Boosting, Logistic
from models.inputs.inputs import NAMES as INPUT_NAMES
from models.inputs.inputs import Inputs
from models.risk import Abstention
from signals.features import NAMES, column

Array = NDArray[np.float64]
WEARERS = 1000
SETTLE_S = 240  # until inputs are known
TICKS = 60
PEER_EVERY = 10
PEOPLE, MINUTES = 12, 60
REACH, GOAL = 50, 50
MOST_MS = 15.0


def race() -> list[Race]:
    """Logistic regression and boosted trees, each against scikit-learn's own."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    training = _training()
    y = training.target.astype(np.intp)
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(training.inputs, y)
    trees = HistGradientBoostingClassifier(max_leaf_nodes=8, max_depth=3).fit(training.inputs, y)
    return [
        _race("logistic regression", Scored(Logistic().fit(training, seed=1), rows=WEARERS), pipeline.predict_proba),
        _race("boosted trees", Scored(Boosting().fit(training, seed=1), rows=WEARERS), trees.predict_proba),
    ]


def _race(what: str, model: Scored, peer: Callable[[Array], Array]) -> Race:
    ticks = _ticks(WEARERS, SETTLE_S + TICKS)
    rows = Inputs(rows=WEARERS).push(ticks[:, :SETTLE_S])[:, -1]
    model.push(np.zeros(WEARERS, np.int64), ticks[:, :SETTLE_S])
    took: list[float] = []
    peers: list[float] = []
    said = 0.0
    for second in range(SETTLE_S, SETTLE_S + TICKS):
        tick, at = np.ascontiguousarray(ticks[:, second : second + 1]), np.full(WEARERS, second, np.int64)
        begun = time.perf_counter()
        risk = model.push(at, tick)
        took.append(time.perf_counter() - begun)
        said += float((risk.abstention == Abstention.NONE).mean()) / TICKS
        if second % PEER_EVERY == 0:  # in turns, so that a busy moment hits both
            begun = time.perf_counter()
            for row in rows:
                peer(row[None])
            peers.append(time.perf_counter() - begun)
    ours = statistics.median(took)
    return Race(
        work=f"live inference, {what}, {WEARERS} wearers a tick",
        peer="scikit-learn row by row",
        peer_s=statistics.median(peers),
        ours_s=ours,
        reach=REACH,
        goal=GOAL,
        note=(
            f"{ours * 1e3:.1f} ms a tick ({MOST_MS:g} allowed), slowest {max(took) * 1e3:.1f} ms: inputs, probability,"
            f" interval, contributions, range; {said:.0%} of moments get a probability. The peer is given the inputs,"
            " and says a probability alone"
        ),
    )


def _ticks(rows: int, seconds: int) -> Array:
    """Features that wander about what is plausible, a tenth of them unknown at any time."""
    rng = np.random.default_rng(7)
    usual = {"heart_rate_bpm": 75.0, "eda_level_uS": 2.0, "temperature_C": 33.0, "hrv60_mean_nn_ms": 800.0}
    x = np.empty((rows, seconds, len(NAMES)))
    for i, name in enumerate(NAMES):
        middle = usual.get(name, 0.5)
        own = middle * rng.uniform(0.8, 1.2, (rows, 1))
        x[:, :, i] = np.abs(own + 0.1 * middle * rng.normal(size=(rows, seconds)))
    gone = rng.random((rows, 1, len(NAMES))) < 0.1
    x[np.broadcast_to(gone, x.shape)] = np.nan
    for name in ("worn", "eda_valid"):
        x[:, :, column(name)] = 1.0
    return x


def _training() -> Dataset:
    """An hour of each of a few people by the same invention, with a target that some inputs tell."""
    seconds = MINUTES * 60
    inputs = Inputs(rows=PEOPLE).push(_ticks(PEOPLE, seconds))[:, 59::5]
    rng = np.random.default_rng(8)
    moments = inputs.shape[1]
    flat = inputs.reshape(PEOPLE * moments, -1)
    weights = rng.normal(0, 1, flat.shape[1])
    spread = np.nan_to_num((flat - np.nanmean(flat, axis=0)) / np.maximum(np.nanstd(flat, axis=0), 1e-9))
    odds = (spread * weights).sum(axis=-1) / 3 - 1
    target = (rng.random(len(flat)) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    sessions = tuple(
        Session(name=f"s{i:02}", person=f"p{i:02}", study="invented", start_s=0.0, end_s=float(seconds))
        for i in range(PEOPLE)
    )
    n = len(flat)
    return Dataset(
        inputs=flat,
        input_names=INPUT_NAMES,
        end_s=np.tile(60.0 + 5.0 * np.arange(moments), PEOPLE),
        session=np.repeat(np.arange(PEOPLE), moments),
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1, np.intp),
        condition=np.full(n, "", "U1"),
        worn=np.ones(n, np.bool_),
        sessions=sessions,
        events=(),
        aim=StateTarget(positive=("stress",), negative=("rest",)),
        window_s=60.0,
        step_s=5.0,
    )
