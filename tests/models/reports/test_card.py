"""Model cards: what is known is said, what is not is said to be unknown, and nothing is injected."""

import json

import msgspec
import pytest

from ingest.notice import NOTICE
from models.datasets.target import ForecastTarget
from models.drift.summary import TrainingSummary
from models.errors import ExperimentError, ShelfError
from models.experiments.results import EXPERIMENT, RESULTS
from models.reports import card
from models.reports.card import NO_RECORDING, TEXT_MARK, Known
from models.reports.evidence import read
from models.shelf.about import LIMITS
from models.shelf.manifest import Code, Data, Evaluated, Manifest
from models.shelf.pointers import Rehearsal, Unrehearsed
from tests.models.reports.conftest import NASTY, Files

DIGEST = "ab" * 32
TOKENS = ":root { --paper: #fff }"


def manifest(**changes: object) -> Manifest:
    whole = Manifest(
        name="mine-logistic",
        libraries={"numpy": "2"},
        files={"model.skops": "cd" * 32},
        candidate="logistic",
        made_at="2026-05-28T20:26:40Z",
        code=Code(version="0.1.0", commit="abc"),
        features=("eda_level_uS",),
        inputs=("pulse_recent", "motion_recent"),
        inputs_version=3,
        target=ForecastTarget(events=("incident",)),
        experiment='[[study]]\nname = "made"\nsimulated = {}\n[[study]]\nname = "ours"\n',
        data=Data(digest="ef" * 32, moments=600, positives=76, negatives=524, sessions=4, window_s=60, step_s=5),
        trained_on=("w-00", "w-01"),
        studies=("made", "ours"),
        metrics={"auroc": 0.8123, "lead_time_median_s": None},
        seed=3,
        intended_use="Research.",
        limits="Known for few.",
        training=TrainingSummary(moments=600, people=2, prevalence=0.1, inputs={}),
    )
    return msgspec.structs.replace(whole, **changes)  # type: ignore[type-var]


def told(**changes: object) -> str:
    return card.text(Known(manifest=manifest(**changes), digest=DIGEST))


def test_a_card_says_what_it_is_what_it_is_for_and_what_nobody_knows() -> None:
    text = told()
    assert text.startswith(TEXT_MARK)
    assert text.count(NOTICE) == 2
    for said in (
        DIGEST,
        "cd" * 32,
        "ef" * 32,
        NO_RECORDING,
        "## Out of scope",
        "Simulated people, who stand for nobody: made",
        "Recordings: ours",
        "| AUROC | 0.812 |",
        "| Lead time, median | \N{EN DASH} |",
        "Unknown: no evaluation was given",
        "Unknown: it has not been rehearsed",
        "roll-back",
        "forecalm models drift",
        "2 people, 4 sessions",
    ):
        assert said in text, said
    assert "w-00" not in text  # who it was trained on is nobody's business who reads a card


def test_a_card_and_its_page_say_the_same() -> None:
    known = Known(manifest=manifest(), digest=DIGEST)
    page = card.page(known, tokens=TOKENS).decode()
    for section in card.sections(known):
        assert f"<h3>{section.title}</h3>" in page
    assert "script-src &#39;none&#39;" in page
    assert "<script" not in page
    assert page.count(NOTICE) == 2


def test_names_are_text_in_markdown_and_on_the_page() -> None:
    nasty = {"candidate": NASTY, "intended_use": f"a | b\n# {NASTY}", "studies": (NASTY,)}
    text = told(**nasty)
    assert "<script>" not in text
    assert "\n# <" not in text
    page = card.page(Known(manifest=manifest(**nasty), digest=DIGEST), tokens=TOKENS).decode()
    assert "<script>" not in page


def test_an_evaluation_of_the_same_experiment_is_told_group_by_group(of_states: Files) -> None:
    results = read(of_states, origin="x").results
    text = of_states[EXPERIMENT].decode()
    known = Known(manifest=manifest(experiment=text), digest=DIGEST, results=results)
    said = card.text(known)
    assert "## By condition" in said
    assert "| stress |" in said
    assert "figures within a study" in said
    mean = json.loads(of_states[RESULTS])["arms"][1]["judgement"]["over_people"]["auroc"]["mean"]
    assert f"| AUROC | {mean:.3f} |" in said
    with pytest.raises(ExperimentError, match="evaluate the same experiment"):
        card.text(Known(manifest=manifest(), digest=DIGEST, results=results))
    other = manifest(experiment=text, candidate="boosting")
    with pytest.raises(ExperimentError, match="no figures of boosting"):
        card.text(Known(manifest=other, digest=DIGEST, results=results))


def test_an_evaluation_that_was_noted_in_training_is_told_where_no_other_is_given() -> None:
    text = told(evaluated=Evaluated(digest="12" * 32, arm="logistic/combined", figures={"auroc": 0.7}))
    assert "| AUROC | 0.700 |" in text
    assert "12" * 32 in text


def test_a_rehearsal_is_told_and_one_of_another_model_is_refused() -> None:
    passed = Rehearsal(
        model_digest=DIGEST, champion="arousal", passed=False, worse_for=2, report="r.json", report_digest="34" * 32
    )
    signed = Unrehearsed(signed_by="A. Person", because="a trial")
    text = card.text(Known(manifest=manifest(), digest=DIGEST, evidence=(passed, signed), role="champion"))
    assert "worse for 2 people" in text
    assert "promoted without a rehearsal" in text
    assert "A. Person: a trial" in text
    assert "| Role now | champion |" in text
    with pytest.raises(ShelfError, match="rehearsal is of the model"):
        card.text(Known(manifest=manifest(), digest="00" * 32, evidence=(passed,)))


def test_that_there_is_no_recording_is_said_once() -> None:
    text = told(limits=LIMITS)
    assert LIMITS in text
    assert text.count("No public recording of the time before") == 1
