"""Tables of experiments in which a candidate said nothing at all, as a detector does without the sensor it needs."""

from dataclasses import replace

import numpy as np
import pytest

from forecalm.commands.modelling_tables import tell_results
from models.datasets.selection import concatenate
from models.experiments.run import run
from models.experiments.spec import read
from tests.models.experiments.cohorts import state

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
