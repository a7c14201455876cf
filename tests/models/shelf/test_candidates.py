"""Whatever can be trained can be kept, and says the same when it comes back; whatever scores moments runs live."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.datasets.dataset import TRUTH, Dataset, Event, Session
from models.datasets.target import ForecastTarget
from models.detectors.scorer import Scorer
from models.errors import ShelfError
from models.estimates import Fitted
from models.experiments.candidates import KINDS
from models.inputs.inputs import NAMES
from models.shelf.about import about
from models.shelf.live import live_of, try_out
from models.shelf.manifest import Code
from models.shelf.shelf import Shelf

PEOPLE, MOMENTS, EVERY = 4, 160, 40


@pytest.fixture(scope="module")
def training() -> Dataset:
    """Four people with an event every forty minutes, and all inputs."""
    rng, n = np.random.default_rng(7), PEOPLE * MOMENTS
    inputs = rng.normal(size=(n, len(NAMES)))
    inputs[rng.random(inputs.shape) < 0.05] = np.nan
    target = ((np.arange(n) % EVERY) >= EVERY - 6).astype(np.int8)
    inputs[:, 0] += 2 * target
    begin = [1e9 * (1 + i) for i in range(PEOPLE)]
    return Dataset(
        inputs=inputs,
        input_names=NAMES,
        end_s=np.concatenate([start_s + 60.0 * np.arange(1, MOMENTS + 1) for start_s in begin]),
        session=np.repeat(np.arange(PEOPLE), MOMENTS),
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.where(target == 1, 0, -1),
        condition=np.full(n, ""),
        worn=np.ones(n, bool),
        sessions=tuple(
            Session(name=f"s-{i}", person=f"w-{i}", study="invented", start_s=start_s, end_s=start_s + 60 * MOMENTS)
            for i, start_s in enumerate(begin)
        ),
        events=tuple(
            Event(session=i, what="incident", onset_s=at_s + 30, end_s=at_s + 90)
            for i, start_s in enumerate(begin)
            for at_s in start_s + 60 * EVERY * np.arange(1, MOMENTS // EVERY)
        ),
        aim=ForecastTarget(events=("incident",)),
        window_s=60.0,
        step_s=60.0,
        scores={
            **{kind.fixed["score"]: target + rng.normal(size=n) for kind in KINDS.values() if "score" in kind.fixed},
            TRUTH + "arousal": target + rng.normal(size=n),
        },
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_candidate_is_kept_and_says_the_same_when_it_comes_back(
    tmp_path: Path, training: Dataset, kind: str
) -> None:
    module, _, name = KINDS[kind].path.partition(":")
    fitted: Fitted = getattr(import_module(module), name)(**KINDS[kind].fixed).fit(training, seed=1)
    known = about(training, candidate=kind, experiment="", seed=1, made_s=0.0, code=Code(version="0"), metrics={})
    shelf = Shelf(tmp_path)
    shelf.keep("it", fitted, known)
    back: Any = shelf.load("it").fitted
    said, again = fitted.estimate(training), back.estimate(training)
    for field in ("probability", "low", "high", "abstention", "drivers"):
        np.testing.assert_array_equal(getattr(again, field), getattr(said, field), err_msg=field)
    if isinstance(fitted, Scorer):
        assert isinstance(back, Scorer)
        assert set(shelf.look("it")[0].training.inputs) == set(fitted.input_names)
        try_out("it", live_of("it", back))


def test_what_only_judges_recorded_moments_is_kept_but_does_not_run_live(training: Dataset) -> None:
    from models.detectors.clock import Clock

    with pytest.raises(ShelfError, match="'clock' cannot run live: a FittedClock"):
        live_of("clock", Clock().fit(training, seed=0))


def test_a_model_that_reads_some_inputs_is_held_against_these_alone(tmp_path: Path, training: Dataset) -> None:
    from models.estimators.candidates import Logistic

    some = replace(training, inputs=training.inputs[:, :5], input_names=NAMES[:5])
    known = about(some, candidate="x", experiment="", seed=1, made_s=0.0, code=Code(version="0"), metrics={})
    shelf = Shelf(tmp_path)
    shelf.keep("it", Logistic().fit(some, seed=1), known)
    assert shelf.load("it", inputs=NAMES[:5]).manifest.inputs == NAMES[:5]
    with pytest.raises(ShelfError, match=f"reads {NAMES[4]!r}, which is missing"):
        shelf.load("it", inputs=NAMES[:4])


class Broken:
    """A model that makes a live one which cannot run."""

    def live(self, *, rows: int, people: object = None) -> Any:  # noqa: ANN401 - broken on purpose
        raise RuntimeError("no weights")


def test_a_model_that_does_not_run_is_found_out_before_anybody_relies_on_it() -> None:
    with pytest.raises(ShelfError, match=r"'broken' does not run live: RuntimeError: no weights"):
        try_out("broken", live_of("broken", Broken()))
