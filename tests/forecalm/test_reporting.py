"""The commands report and card: written whole or not at all, over nothing but their own, and bad input refused."""

import shutil
from pathlib import Path

import pytest

from forecalm.cli import main
from ingest.notice import NOTICE
from tests.forecalm.test_modelling import given
from tests.models.experiments.cohorts import state

TEXT = """
name = "mine"
study = [{name = "lab"}]
evaluation = {bootstrap = 100, surrogates = 10}
rows = {groups = ["combined"]}
target = {kind = "state", positive = ["stress"], negative = ["rest"]}
[[candidate]]
kind = "logistic"
[[candidate]]
kind = "clock"
"""


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results, and a shelf with the model."""
    here = tmp_path_factory.mktemp("evaluated")
    (here / "mine.toml").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.setenv("FORECALM_DATA_FOLDER", str(here / "var"))
        given(patch, state(4))
        assert main(["evaluate", "mine.toml", "--json"]) == 0
        assert main(["train", "mine.toml", "--json", "--out", "shelf", "--candidate", "logistic"]) == 0
    return here


@pytest.fixture
def here(evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to work in."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "var"))
    shutil.copytree(evaluated, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def refused(capsys: pytest.CaptureFixture[str], *order: str) -> str:
    capsys.readouterr()
    assert main(list(order)) == 2
    return capsys.readouterr().err


def test_a_report_is_one_file_and_is_made_anew_over_an_older_one(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(here.iterdir())
    assert main(["report", "mine.results"]) == 0
    out = capsys.readouterr().out
    assert "mine.html" in out
    assert NOTICE in out
    assert set(here.iterdir()) - before == {here / "mine.html"}
    first = (here / "mine.html").read_bytes()
    assert main(["report", "mine.results", "mine.results", "--out", "mine.html"]) == 0
    assert (here / "mine.html").read_bytes() != first
    assert main(["report", "mine.results"]) == 0
    assert (here / "mine.html").read_bytes() == first


def test_nothing_but_pages_of_ours_is_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "thesis.html").write_text("<p>Years of work</p>")
    for order in (("report", "mine.results"), ("card", "mine-logistic", "--shelf", "shelf")):
        assert "--force" in refused(capsys, *order, "--out", "thesis.html")
        assert (here / "thesis.html").read_text() == "<p>Years of work</p>"
    assert main(["report", "mine.results", "--out", "thesis.html", "--force"]) == 0
    assert "Years of work" not in (here / "thesis.html").read_text()


def test_what_is_no_results_folder_is_refused_and_nothing_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "empty").mkdir()
    assert "holds no results.json" in refused(capsys, "report", "empty")
    assert "holds no results.json" in refused(capsys, "report", "nowhere")
    (here / "mine.results" / "predictions.npz").write_bytes(b"PK")
    assert "no predictions" in refused(capsys, "report", "mine.results")
    assert "ends in .html" in refused(capsys, "report", "mine.results", "--out", "mine.pdf")
    assert "is a folder" in refused(capsys, "report", "mine.results", "--out", _folder(here / "a.html"))
    assert "no folder" in refused(capsys, "report", "mine.results", "--out", "nowhere/mine.html")
    assert not list(here.glob("*.part")) + [path for path in here.glob("*.html") if path.is_file()]


def _folder(path: Path) -> str:
    path.mkdir()
    return str(path)


def test_a_disk_that_is_full_leaves_the_older_report(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "mine.results"]) == 0
    assert (here / "mine.html").stat().st_mode & 0o077 == 0
    first = (here / "mine.html").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forecalm.commands.reporting.os.fsync", full)
    assert "No space" in refused(capsys, "report", "mine.results", "mine.results", "--out", "mine.html")
    assert (here / "mine.html").read_bytes() == first
    assert not list(here.glob(".*part"))


def test_a_card_is_printed_or_written_as_text_or_page(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    order = ["card", "mine-logistic", "--shelf", "shelf"]
    assert main([*order, "--results", "mine.results"]) == 0
    printed = capsys.readouterr().out
    assert "## Evaluation" in printed
    assert "| stress |" in printed
    assert main([*order, "--results", "mine.results", "--out", "card.md"]) == 0
    assert (here / "card.md").read_text() == printed
    for name in ("card.md", "card.html", "card.html"):
        assert main([*order, "--out", name]) == 0
    assert "<h1>mine-logistic</h1>" in (here / "card.html").read_text()
    assert "ends in .html or .md" in refused(capsys, *order, "--out", "card.pdf")


def test_a_card_of_a_model_that_cannot_be_believed_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "not on the shelf" in refused(capsys, "card", "other", "--shelf", "shelf")
    path = here / "shelf" / "mine-logistic" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"Research", b"Clinical"))
    assert "not as it was written" in refused(capsys, "card", "mine-logistic", "--shelf", "shelf", "--out", "card.md")
    assert not (here / "card.md").exists()
