"""Candidates whose inputs are set against all of a person's recordings: judged, told that they look ahead, not kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecalm.commands.modelling_shelf import Training
from models.datasets.dataset import Dataset
from models.errors import ExperimentError
from models.experiments.candidates import require
from models.experiments.run import run
from models.experiments.spec import Experiment, read
from tests.models.experiments.cohorts import state

HEAD = """
name = "x"
study = [{name = "lab"}]
evaluation = {bootstrap = 100, surrogates = 20}
target = {kind = "state", positive = ["stress"], negative = ["rest"]}
rows = {groups = ["combined"]}
"""
BOTH = """
[[candidate]]
kind = "signed"
name = "live"
parameters = {rising = ["x"]}
[[candidate]]
kind = "signed"
name = "own"
normalise = "person"
parameters = {rising = ["x"]}
"""


def asked(text: str) -> Experiment:
    return read((HEAD + text).encode(), origin="x.toml")


def unlike() -> Dataset:
    """People whose input differs more between them than between their states."""
    made = state(6)
    return replace(made, inputs=made.inputs + 30.0 * made.person[:, None] * np.array([1.0, 0.0, 0.0]))


def test_people_who_differ_more_than_their_states_are_told_apart_by_their_own_alone() -> None:
    ran = run(asked(BOTH), unlike(), libraries={})
    arms = {arm.key: arm.judgement for arm in ran.results.arms}
    live, own = arms["live/combined"], arms["own/combined"]
    assert live is not None
    assert own is not None
    assert (live.pooled["auroc"].value or 0) < 0.7 < 0.8 < (own.pooled["auroc"].value or 0)


def test_the_audit_names_who_looks_ahead_and_says_nothing_where_nobody_does() -> None:
    ran = run(asked(BOTH), state(4), libraries={})
    (warned,) = [each for each in ran.results.audit.warnings if "also later ones" in each]
    assert warned.startswith("own: ")
    alone = run(asked(BOTH.split("[[candidate]]")[1].join(["[[candidate]]", ""])), state(4), libraries={})
    assert not [each for each in alone.results.audit.warnings if "also later ones" in each]


def training(*candidates: str, text: str = BOTH) -> Training:
    return Training(
        experiment=asked(text),
        text=text,
        candidates=candidates,
        group="combined",
        config=None,
        shelf=Path("no-such-shelf"),
        trust=(),
    )


def test_a_model_that_looks_ahead_is_not_kept_for_live_use() -> None:
    assert [each.title for each in training().chosen] == ["live"]
    with pytest.raises(ExperimentError, match=r"candidate 'own': normalise = \"person\" looks ahead"):
        training("own").require()


def test_what_reads_no_inputs_has_nothing_to_normalise() -> None:
    spec = asked('[[candidate]]\nkind = "clock"\nnormalise = "person"\n')
    with pytest.raises(ExperimentError, match="reads no inputs, so that there is nothing to normalise"):
        require(spec.candidate, forecast=False)
