"""Results of invented people, as the files that an evaluation writes; made once."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.datasets.dataset import Dataset
from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS, encode, predictions
from models.experiments.run import run
from models.experiments.spec import read
from tests.models.experiments.cohorts import forecast, state

Files = dict[str, bytes]
HEAD = """
name = "mine"
study = [{name = "lab"}]
evaluation = {bootstrap = 100, surrogates = 10}
rows = {groups = ["combined"]}
"""
STATE = HEAD + 'target = {kind = "state", positive = ["stress"], negative = ["rest"]}\n'
FORECAST = (
    HEAD + 'target = {kind = "forecast", events = ["incident"], horizon_s = 120, latency_s = 10, refractory_s = 30}\n'
)
CANDIDATES = '[[candidate]]\nkind = "clock"\n[[candidate]]\nkind = "logistic"\n'
ALONE = '[[candidate]]\nkind = "logistic"\nparameters = {folding = "sessions"}\n'
NASTY = "<script>alert(1)</script>\"'|{{7*7}}"


def ran(text: str, dataset: Dataset) -> Files:
    """What a results folder holds."""
    found = run(read(text.encode(), origin="x.toml"), dataset, libraries={"numpy": "2"})
    return {EXPERIMENT: text.encode(), RESULTS: encode(found.results), PREDICTIONS: predictions(found)}


def nasty(dataset: Dataset) -> Dataset:
    """The same people under names that would run, or format, or end an element, if anything let them."""
    sessions = tuple(
        replace(each, person=f"{NASTY}{each.person}", name=f"{NASTY}{each.name}", study=NASTY)
        for each in dataset.sessions
    )
    return replace(dataset, sessions=sessions)


@pytest.fixture(scope="session")
def of_states() -> Files:
    return ran(STATE + CANDIDATES, state(4))


@pytest.fixture(scope="session")
def of_forecasts() -> Files:
    return ran(FORECAST + CANDIDATES + '[[candidate]]\nkind = "hawkes"\n', forecast(4))


@pytest.fixture(scope="session")
def of_nasty_names() -> Files:
    return ran(STATE.replace('"mine"', '"a.b-c"') + CANDIDATES, nasty(state(4)))


@pytest.fixture(scope="session")
def over_k() -> Files:
    split = 'split = {kind = "calibrated", k = [0, 1]}\n'
    return ran(split + FORECAST + '[[candidate]]\nkind = "logistic"\n', forecast(4, sessions=3))


@pytest.fixture(scope="session")
def in_order_of_time() -> Files:
    split = 'split = {kind = "chronological", parts = 3}\n'
    return ran(split + STATE + ALONE, state(3, sessions=4))


Made = Callable[[str, Dataset], Files]


@pytest.fixture(scope="session")
def made() -> Made:
    return ran
