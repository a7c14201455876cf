"""Results say of themselves what speaks against believing them."""

from dataclasses import replace

import numpy as np

from models.experiments.doubts import doubts
from models.experiments.run import run
from tests.models.experiments.cohorts import state
from tests.models.experiments.test_run import STATE, asked


def test_people_with_short_sessions_alone_are_named() -> None:
    short, long = state(2, rows=100), state(2, rows=130)
    rows = np.arange(short.end_s.size)
    assert "2 of 2 people who are judged have no session of 10 minutes (lab-0, lab-1)" in doubts(short, rows, ())[0]
    assert doubts(long, np.arange(long.end_s.size), ()) == ()


def test_a_candidate_surely_below_chance_is_told() -> None:
    """In the second study what the input means is the other way round."""
    whole = state(10)
    late = whole.person >= 5
    target = np.where(late, 1 - whole.target, whole.target).astype(np.int8)
    sessions = tuple(replace(each, study="lab" if i < 5 else "ward") for i, each in enumerate(whole.sessions))
    dataset = replace(whole, target=target, sessions=sessions)
    text = STATE.replace('study = [{name = "lab"}]', 'study = [{name = "lab"}, {name = "ward"}]')
    split = 'split = {kind = "across_studies", train = ["lab"], test = ["ward"]}\nrows = {groups = ["physiology"]}\n'
    notes = run(asked(text + split, "logistic"), dataset, libraries={}).results.notes
    assert any("below chance in AUROC within people" in note for note in notes)
