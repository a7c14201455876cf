"""Models on a shelf and results of an experiment in: what their pages say of them."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from models.estimators.candidates import Logistic
from models.estimators.fitted import FittedEstimator
from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS, decode, encode, predictions
from models.experiments.run import run
from models.experiments.spec import read
from models.shelf.about import about
from models.shelf.manifest import Code
from models.shelf.pointers import Pointers
from models.shelf.shelf import Shelf
from tests.console.accessible import judge, opened_tablet
from tests.console.research.lab import Lab
from tests.forecalm.invented import invented
from tests.models.experiments.cohorts import state

EXPERIMENT_TEXT = b"""
name = "stress-and-rest"
study = [{name = "lab"}]
evaluation = {bootstrap = 100, surrogates = 10}
rows = {groups = ["combined"]}
target = {kind = "state", positive = ["stress"], negative = ["rest"]}
[[candidate]]
kind = "clock"
[[candidate]]
kind = "logistic"
"""


@pytest.fixture(scope="module")
def results() -> dict[str, bytes]:
    found = run(read(EXPERIMENT_TEXT, origin="x.toml"), state(4), libraries={"numpy": "2"})
    return {EXPERIMENT: EXPERIMENT_TEXT, RESULTS: encode(found.results), PREDICTIONS: predictions(found)}


@pytest.fixture(scope="module")
def fitted() -> FittedEstimator:
    return Logistic(penalty=0.1, least=0.3).fit(invented(), seed=1)


@pytest.fixture
def folder(lab: Lab, results: dict[str, bytes], fitted: FittedEstimator) -> Path:
    """Results and two models, one of which looks on, in an installation; the folder of the results."""
    shelf = Shelf(lab.here.models)
    for name in ("first", "second"):
        metrics = {"auroc": 0.8123}
        said = about(
            invented(), candidate="logistic", experiment="", seed=1, made_s=1e9, code=Code(version="0"), metrics=metrics
        )
        shelf.keep(name, fitted, said)
    Pointers(shelf).shadow("second", by="Robin", at_s=1e9)
    folder = lab.here.folder / "experiments" / "mine.results"
    folder.mkdir(parents=True)
    for name, content in results.items():
        (folder / name).write_bytes(content)
    return folder


def test_an_experiments_page_says_the_figures_of_its_results(lab: Lab, folder: Path) -> None:
    page = lab.get("/research/experiments/mine")
    assert page.status_code == 200
    assert "stress-and-rest" in page.text
    assert "4 people, 4 sessions" in page.text
    for arm in decode((folder / RESULTS).read_bytes(), origin="mine").arms:
        assert arm.judgement is not None
        auroc = arm.judgement.over_people["auroc"]
        assert None not in (auroc.mean, auroc.low, auroc.high)
        assert f"{auroc.mean:.2f} ({auroc.low:.2f} to {auroc.high:.2f})" in page.text
    report = lab.get("/research/experiments/mine/report")
    assert report.status_code == 200
    assert "Research use only" in report.text


@pytest.mark.parametrize("broken", [b"", b"{}", b"\xff\x00"])
def test_results_that_cannot_be_read_say_so_and_have_no_figures(lab: Lab, folder: Path, broken: bytes) -> None:
    (folder / RESULTS).write_bytes(broken)
    page = lab.get("/research/experiments/mine")
    assert page.status_code == 200
    assert "mine.results" in page.text
    assert "The whole report" not in page.text
    assert lab.get("/research/models").status_code == 200
    assert lab.get("/research/experiments/mine/report").status_code == 404


def test_figures_that_were_written_by_hand_make_no_report(lab: Lab, folder: Path) -> None:
    lines = (folder / PREDICTIONS).read_bytes()
    (folder / PREDICTIONS).write_bytes(lines[: len(lines) // 2])
    assert lab.get("/research/experiments/mine/report").status_code == 404


def test_a_models_page_is_its_card_and_says_whether_it_runs(lab: Lab, folder: Path) -> None:
    listed = lab.get("/research/models").text
    assert 'href="/research/models/first"' in listed
    assert 'href="/research/experiments/mine"' in listed
    for name, role in (("first", "It does not run."), ("second", "It looks on in shadow, and tells nobody.")):
        page = lab.get(f"/research/models/{name}")
        assert page.status_code == 200
        assert role in page.text
        assert "0.812" in page.text
        assert "It was not rehearsed" in page.text
        assert "not a medical device" in page.text


def test_a_model_of_which_a_byte_was_changed_is_not_believed_and_says_so(lab: Lab, folder: Path) -> None:
    file = max((lab.here.models / "first").iterdir(), key=lambda it: it.stat().st_size)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    page = lab.get("/research/models/first")
    assert page.status_code == 200
    assert "It cannot be believed" in page.text
    assert "0.812" not in page.text
    assert "cannot be believed" in lab.get("/research/models").text


def test_they_are_accessible(lab: Lab, folder: Path, browser: Browser) -> None:
    with lab.served() as address, opened_tablet(browser) as page:
        for path in ("models", "models/second", "experiments/mine"):
            page.goto(f"{address}/research/{path}")
            judge(page)
