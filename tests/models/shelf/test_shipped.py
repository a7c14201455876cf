"""The shipped model is whole, small, fits today's inputs, runs live, and knows nobody who is reported on."""

import json
import re
from pathlib import Path

import msgspec

import models.shelf.shelf
from models.evaluation.alarm_rule import AlarmRule
from models.inputs.inputs import NAMES
from models.shelf.live import live_of, try_out
from models.shelf.shelf import MODEL, Shelf

NAME = "shipped-sensed"
FOLDER = Path(models.shelf.shelf.__file__).with_name("shipped")
LARGEST = 1_000_000  # bytes: it comes with every installation


def test_the_shipped_model_is_whole_and_small_and_runs_live() -> None:
    kept = Shelf(FOLDER).load(NAME, inputs=NAMES)
    assert (FOLDER / NAME / MODEL).stat().st_size < LARGEST
    try_out(NAME, live_of(NAME, kept.fitted))


def test_the_shipped_model_was_trained_on_simulated_people_who_are_not_reported_on() -> None:
    manifest, _ = Shelf(FOLDER).look(NAME)
    assert manifest.trained_on
    assert {name.rsplit("-", 1)[0] for name in manifest.trained_on} == {
        "cohort-101",
        "cohort_adults-102",
        "cohort_exercise-103",
    }


def test_the_shipped_model_says_of_which_code_it_is_and_has_the_alarm_rule_that_was_chosen() -> None:
    manifest, _ = Shelf(FOLDER).look(NAME)
    assert re.fullmatch("[0-9a-f]{40}", manifest.code.commit)  # of a checkout in which nothing was changed
    choice = json.loads((FOLDER / NAME / "choice.json").read_bytes())
    assert manifest.rule == msgspec.convert(choice["rule"], AlarmRule)
