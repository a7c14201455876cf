"""``forecalm experiment``, ``evaluate``, ``compare`` and ``train`` as a researcher uses them."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from forecalm.cli import main
from ingest.notice import NOTICE
from models.datasets.dataset import LEFT_OUT, Dataset
from models.experiments.results import Results, decode
from models.shelf.shelf import Shelf
from tests.models.experiments.cohorts import state

pytestmark = pytest.mark.long

TEXT = """
name = "mine"
study = [{name = "lab"}]
evaluation = {bootstrap = 100, surrogates = 10}
rows = {groups = ["combined", "motion"]}
target = {kind = "state", positive = ["stress"], negative = ["rest"]}
[[candidate]]
kind = "logistic"
[[candidate]]
kind = "clock"
"""
READ = "forecalm.commands.modelling_data.dataset_of"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an experiment file, whose studies are invented people."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "var"))
    (tmp_path / "mine.toml").write_text(TEXT)
    given(monkeypatch, state(4))
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> None:
    monkeypatch.setattr(READ, lambda *_, **__: dataset)


def ordered(capsys: pytest.CaptureFixture[str], *order: str) -> dict[str, Any]:
    assert main([*order, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["notice"] == f"{NOTICE}."
    return found


def refused(capsys: pytest.CaptureFixture[str], *order: str) -> str:
    capsys.readouterr()
    assert main(list(order)) == 2
    return capsys.readouterr().err


def test_an_example_is_printed_and_can_be_read_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["across", "forecast", "personal", "stress"]
    assert main(["experiment", "stress"]) == 0
    (here / "stress.toml").write_text(capsys.readouterr().out)
    assert ordered(capsys, "evaluate", "stress.toml", "--describe")["data"]["rows"] == 480
    assert "there is no example 'stres'" in refused(capsys, "experiment", "stres")


def test_what_there_is_is_said_and_nothing_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "mine.toml", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "words of labels: rest 0.33 h, stress 0.33 h" in said
    assert "4 folds: without lab-0" in said
    assert NOTICE in said
    assert sorted(path.name for path in here.iterdir()) == ["mine.toml"]


def test_folds_in_which_nothing_can_be_trained_are_told_before(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, state(2, sessions=2))
    for folding, what in (("people", "one person"), ("sessions", "one session")):
        own = TEXT.replace('kind = "logistic"', f'kind = "logistic"\nparameters = {{folding = "{folding}"}}')
        (here / "mine.toml").write_text('split = {kind = "chronological"}\n' + own)
        assert main(["evaluate", "mine.toml", "--describe"]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "Warning: logistic cannot be trained in 2 of 2 folds (lab-0, part 2 of 2, lab-1, part 2 of 2)" in said
        assert f"is of {what}, and calibration wants two" in said
    given(monkeypatch, state(4))
    (here / "mine.toml").write_text(TEXT)
    assert main(["evaluate", "mine.toml", "--describe"]) == 0
    assert "Warning" not in capsys.readouterr().out


def test_results_are_told_written_whole_and_never_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "mine.toml"]) == 0
    said = capsys.readouterr().out
    assert "logistic/combined" in said
    assert "mean over 4 people" in said
    assert "Leakage audit: 8 checks of 4 folds passed" in said
    assert NOTICE in said
    out = here / "mine.results"
    assert sorted(path.name for path in out.iterdir()) == ["experiment.toml", "predictions.npz", "results.json"]
    assert (out / "experiment.toml").read_text() == TEXT
    found = msgspec.json.decode((out / "results.json").read_bytes(), type=Results)
    assert found.libraries.keys() >= {"python", "forecalm", "numpy", "scikit-learn"}
    with np.load(out / "predictions.npz") as predictions:
        assert np.isfinite(predictions["logistic/combined/probability"]).mean() > 0.9
        assert set(predictions["person"]) == {f"lab-{i}" for i in range(4)}
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert "is there already, and results are never overwritten" in refused(capsys, "evaluate", "mine.toml")
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    ordered(capsys, "evaluate", "mine.toml", "--out", "again")
    assert {path.name: path.read_bytes() for path in (here / "again").iterdir()} == {
        path.name: data for path, data in before.items()
    }


def test_two_candidates_are_compared_person_by_person(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ordered(capsys, "evaluate", "mine.toml")
    found = ordered(
        capsys, "compare", "mine.results:clock", ":logistic/combined", "--figure", "auroc", "--margin", "0.03"
    )
    (pair,) = found["comparisons"]
    (figure,) = pair["figures"]
    assert (figure["figure"], figure["better"], figure["not_inferior"]) == ("auroc", 4, True)
    assert figure["difference"]["mean"] == pytest.approx(figure["a"]["mean"] - figure["b"]["mean"])
    assert main(["compare", "mine.results", "mine.results:clock"]) == 0
    assert NOTICE in capsys.readouterr().out


def test_two_results_of_the_same_candidates_are_compared_arm_by_arm(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered(capsys, "evaluate", "mine.toml")
    given(monkeypatch, state(3, seed=1))
    ordered(capsys, "evaluate", "mine.toml", "--out", "other")
    found = ordered(capsys, "compare", "mine.results", "other")
    assert [pair["a"] for pair in found["comparisons"]] == [
        "mine:logistic/combined",
        "mine:logistic/motion",
        "mine:clock",
    ]
    assert found["notes"][0].startswith("these are not the same data")
    assert "1 person is in one of" in found["notes"][1]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (["mine.results", "mine.results"], "name two candidates"),
        (["mine.results:clck", ":clock"], "'clck' names 0 of its results"),
        (["mine.results:logistic", ":clock"], "'logistic' names 2 of its results"),
        (["mine.toml", "mine.results"], "holds no results.json"),
        ([":clock", "mine.results"], "name a folder of results"),
        (["mine.results:clock", ":logistic/motion", "--figure", "auc"], "'auc' is no figure"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], order: list[str], said: str
) -> None:
    ordered(capsys, "evaluate", "mine.toml")
    assert said in refused(capsys, "compare", *order)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("[[candidate]]", "[[candidat]]", 1), "candidat: there is no such key; did you mean 'candidate'?"),
        (TEXT.replace('"logistic"', '"logistics"'), "kind 'logistics' is unknown; did you mean 'logistic'?"),
        ("name = ", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_before_anything_is_read(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (here / "mine.toml").write_text(text)
    assert said in refused(capsys, "evaluate", "mine.toml")
    assert said in refused(capsys, "train", "mine.toml")
    assert sorted(path.name for path in here.iterdir()) == ["mine.toml"]
    assert "none.toml: No such file" in refused(capsys, "evaluate", "none.toml")


def test_one_class_and_one_person_are_refused_and_leave_nothing_behind(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = state(4)
    for dataset, said in (
        (_without(whole, 1), "none of 480 moments is positive"),
        (_without(whole, 0), "none of 480 moments is negative"),
        (state(1), "leaving people out needs two"),
    ):
        given(monkeypatch, dataset)
        assert said in refused(capsys, "evaluate", "mine.toml")
    assert sorted(path.name for path in here.iterdir()) == ["mine.toml"]


def _without(dataset: Dataset, side: int) -> Dataset:
    return replace(dataset, target=np.where(dataset.target == side, LEFT_OUT, dataset.target).astype(np.int8))


def test_a_folder_that_may_not_be_written_is_refused_before_anything_is_read(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(READ, lambda *_, **__: pytest.fail("it read the studies"))
    monkeypatch.setattr("os.access", lambda *_: False)  # for root everything may be written
    assert "nothing may be written in" in refused(capsys, "evaluate", "mine.toml")


def test_a_disk_that_is_full_leaves_no_half_a_result(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forecalm.commands.modelling_results.predictions", full)
    assert (
        refused(capsys, "evaluate", "mine.toml").splitlines()[-1] == "forecalm: mine.results: No space left on device"
    )
    assert sorted(path.name for path in here.iterdir()) == ["mine.toml"]


def test_trained_models_stand_on_the_shelf_with_their_figures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = ordered(capsys, "train", "mine.toml", "--out", "shelf")
    assert list(found["kept"]) == ["mine-logistic"]
    shelf = Shelf(here / "shelf")
    manifest, _ = shelf.look("mine-logistic")
    assert manifest.trained_on == tuple(f"lab-{i}" for i in range(4))
    assert manifest.experiment == TEXT
    assert (manifest.metrics["auroc"] or 0) > 0.75
    assert manifest.rule is not None
    assert 0.2 < manifest.rule.enter < 0.8  # of best balanced accuracy, as half of the moments are positive
    assert manifest.evaluated is None
    kept = shelf.load("mine-logistic", inputs=("x", "motion_y", "z"))
    assert kept.fitted.estimate(state(2, seed=9)).probability.size == 240  # type: ignore[attr-defined]
    assert "is on the shelf already" in refused(capsys, "train", "mine.toml", "--out", "shelf")


def test_two_models_of_one_name_are_refused_before_anything_is_trained(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(READ, lambda *_, **__: pytest.fail("it read the studies"))
    one = '[[candidate]]\nkind = "logistic"\nname = "{}"\n'
    (here / "mine.toml").write_text(TEXT + one.format("Mild") + one.format("mild"))
    assert "two would be called 'mine-mild' on the shelf" in refused(capsys, "train", "mine.toml")


def test_a_model_names_the_evaluation_that_it_comes_from_if_it_is_of_the_same_data(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered(capsys, "evaluate", "mine.toml")
    order = ["train", "mine.toml", "--out", "shelf", "--evaluated", "mine.results"]
    assert "holds no figures of logistic/physiology" in refused(capsys, *order, "--group", "physiology")
    ordered(capsys, *order)
    evaluated = Shelf(here / "shelf").look("mine-logistic")[0].evaluated
    results = (here / "mine.results" / "results.json").read_bytes()
    assert evaluated is not None
    assert (evaluated.arm, evaluated.digest) == ("logistic/combined", hashlib.sha256(results).hexdigest())
    judgement = decode(results, origin="results.json").arm("logistic/combined").judgement
    assert judgement is not None
    assert evaluated.figures["auroc"] == judgement.over_people["auroc"].mean
    given(monkeypatch, state(5))
    (here / "mine.toml").write_text(TEXT.replace('name = "mine"', 'name = "more"'))
    assert "is of other data" in refused(capsys, *order)


def test_what_cannot_be_kept_is_refused_and_nothing_is_put_anywhere(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["train", "mine.toml", "--out", "shelf"]
    assert "'logstic': is not in the experiment" in refused(capsys, *order, "--candidate", "logstic")
    own = '\n[[candidate]]\nkind = "tests.models.experiments.test_run:Peeking"\n'
    (here / "mine.toml").write_text(TEXT + own)
    assert "is not trusted" in refused(capsys, *order)
    assert not (here / "shelf").exists()
    (here / "mine.toml").write_text(TEXT.replace("rows = {", 'rows = {features = "flirt", '))
    assert "'flirt' do not run live" in refused(capsys, *order)
    assert not (here / "shelf").exists()


def test_a_baseline_that_reads_no_sensor_is_not_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = ["train", "mine.toml", "--out", "shelf", "--candidate", "clock"]
    said = refused(capsys, *order)
    assert "'clock': reads no sensor and cannot run live" in said
    assert "one that runs live: logistic" in " ".join(said.split())
    (here / "mine.toml").write_text(TEXT.replace('[[candidate]]\nkind = "logistic"\n', ""))
    assert "none here does; of kinds there are arousal, state_space, logistic" in " ".join(
        refused(capsys, *order).split()
    )
    assert not (here / "shelf").exists()


def test_a_candidate_of_ones_own_is_taken_from_where_the_command_is_run(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.path", [each for each in sys.path if each not in ("", str(here))])
    (here / "candidates_of_mine.py").write_text(
        "from models.estimators.candidates import Logistic\n\n\nclass Mine(Logistic, frozen=True, kw_only=True):\n"
        '    """As the published one, by another name."""\n'
    )
    (here / "mine.toml").write_text(TEXT + '[[candidate]]\nkind = "candidates_of_mine:Mine"\nname = "own"\n')
    arms = ordered(capsys, "evaluate", "mine.toml")["arms"]
    assert arms["own/combined"] == arms["logistic/combined"]


def test_invented_people_are_lived_and_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulated = '{name = "made", simulated = {scenario = "cohort", wearers = 2, seed = 1, days = 1, hours = 0.25}}'
    target = 'target = {kind = "forecast", events = ["stereotypy"], doubtful = "leave out"}'
    Path("made.toml").write_text(
        f'name = "made"\nstudy = [{simulated}]\n{target}\n[[candidate]]\nkind = "rate_matched"\n'
    )
    found = ordered(capsys, "evaluate", "made.toml", "--describe")
    (study,) = found["data"]["studies"]
    assert (study["study"], study["people"], study["sessions"]) == ("made", 2, 2)
    assert study["positives"] > 0
    assert study["hours"] == pytest.approx(0.5)
