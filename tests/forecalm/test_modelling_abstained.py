"""Tables of experiments in which a candidate said nothing at all, as a detector does without the sensor it needs."""

from dataclasses import replace

import numpy as np
import pytest

from forecalm.commands.modelling_tables import fold_notes, tell_results
from models.datasets.selection import concatenate
from models.experiments.results import Arm, FoldSaid
from models.experiments.run import run
from models.experiments.spec import read
from tests.models.experiments.cohorts import forecast, state

ASKED = b"""
name = "x"
study = [{name = "one"}, {name = "two"}]
evaluation = {bootstrap = 100, surrogates = 20}
target = {kind = "state", positive = ["stress"], negative = ["rest"]}
split = {kind = "across_studies", train = ["one"], test = ["two"]}
candidate = [{kind = "arousal"}, {kind = "clock"}]
"""


def test_a_candidate_that_abstained_throughout_is_told_and_the_others_too(capsys: pytest.CaptureFixture[str]) -> None:
    silent = state(4, study="two", seed=2)
    silent = replace(silent, scores={"arousal": np.full(silent.end_s.size, np.nan)})
    results = run(read(ASKED, origin="x.toml"), concatenate([state(4, study="one"), silent]), libraries={}).results
    tell_results(results)
    said = capsys.readouterr().out
    assert "arousal" in said
    assert "clock" in said
    reasons = [line for line in said.splitlines() if line.startswith("- ")]
    assert any(line.startswith("- arousal: no ") and "AUROC" in line for line in reasons)
    assert all(line.split(": ", 2)[2] for line in reasons)
    assert "8 checks of 1 fold passed" in said


FORETOLD = b"""
name = "x"
study = [{name = "home"}]
evaluation = {bootstrap = 100, surrogates = 20}
target = {kind = "forecast", events = ["incident"], horizon_s = 120, latency_s = 10, refractory_s = 30}
candidate = [{kind = "logistic"}]
alarms = {false_per_hour = 0.001}
"""


def test_where_no_alarm_was_raised_the_table_says_so_and_no_zeros(capsys: pytest.CaptureFixture[str]) -> None:
    flat = forecast(4)
    dull = replace(flat, inputs=np.random.default_rng(9).normal(size=flat.inputs.shape))
    tell_results(run(read(FORETOLD, origin="x.toml"), dull, libraries={}).results)
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.startswith("logistic/combined"))
    assert row.split()[1:7] == ["no", "alarm", "-", "-", "-", "-"]
    assert "4 of 4 folds: within the limits" in said
    assert said.count("within the limits no alarm rule gains") == 1


def arm(key: str, *notes: str) -> Arm:
    folds = tuple(
        FoldSaid(
            name=f"f{i}",
            people=(),
            trained_people=1,
            trained_rows=1,
            trained_positives=1,
            tested_rows=1,
            notes=(each,) if each else (),
        )
        for i, each in enumerate(notes)
    )
    return Arm(key=key, candidate=key, kind=key, group="none", variant="", folds=folds)


def test_what_folds_say_alike_is_told_once_with_how_many() -> None:
    arms = [arm("a", "none", "none", "", "none"), arm("b", "", "none"), arm("c", "found 1.5", "found 2e-05")]
    assert fold_notes(arms) == ("a, 3 of 4 folds; b, f1: none", "c, 2 of 2 folds: found 1.5 (in f0)")
