"""A fitted thing in, how to make a live model of it for the people who are watched, out."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from models.detectors.scored import Scored
from models.detectors.scorer import Scorer
from models.errors import ShelfError
from models.risk import RiskModel
from signals.features import NAMES

Build = Callable[[Sequence[str]], RiskModel]
"""``build(people)``: a live model with a row for each of these pseudonyms, in order; one row where there are none."""


@runtime_checkable
class RunsLive(Protocol):
    """A fitted thing that is no ``Scorer`` and knows itself how to run live."""

    def live(self, *, rows: int, people: Sequence[str] | None = None) -> RiskModel:
        """Return a live model for ``rows`` people; ``people`` are their pseudonyms, where they are known."""
        ...


def live_of(name: str, fitted: object) -> Build:
    """Return what makes live models of the model ``name``. Raises ShelfError where it is for evaluation only."""
    if isinstance(fitted, Scorer):
        scorer: Scorer = fitted
        return lambda people: Scored(scorer, rows=max(len(people), 1), people=list(people) or None)
    if isinstance(fitted, RunsLive):
        itself: RunsLive = fitted
        return lambda people: itself.live(rows=max(len(people), 1), people=list(people) or None)
    raise ShelfError(
        f"model {name!r} cannot run live: a {type(fitted).__name__} neither scores single moments nor makes a live"
        " model (models.detectors.scorer, models.shelf.live say what it would need)"
    )


def try_out(name: str, build: Build) -> None:
    """Run a live model over a silence and a dull second, so that what it compiles is compiled, and what is wrong with
    it is known before anybody relies on it. Raises ShelfError where it does not run."""
    try:
        model = build(())
        nothing = np.full((1, 1, len(NAMES)), np.nan)
        for i, features in enumerate((nothing, np.ones_like(nothing), nothing)):
            said = model.push(np.array([i], np.int64), features)
            if said.probability.shape != (1, 1) or said.drivers.shape != (1, 1, len(model.driver_names)):
                raise ShelfError(f"model {name!r} says something of another shape than it was asked for")
        model.restore(model.snapshot())
    except ShelfError:
        raise
    except Exception as error:  # whatever a model that somebody made may do
        raise ShelfError(f"model {name!r} does not run live: {type(error).__name__}: {error}") from error
