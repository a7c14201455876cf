"""``forecalm experiment NAME`` with the people and words of an installation in it."""

import tomllib
from importlib.resources import files

import pytest

from forecalm.cli import main
from forecalm.commands.modelling_example import filled, guessed, words_of
from ingest.labels import Label
from models.errors import ExperimentError
from models.experiments.spec import read

EXAMPLES = {each.name: each.read_text() for each in (files("models.experiments") / "examples").iterdir()}
NONE: dict[str, list[str]] = {}


def said(what: str, *, level: float | None = None, wearer: str = "w-01", lasts_s: float = 600.0) -> Label:
    return Label(what=what, start_s=1e9, end_s=1e9 + lasts_s, rater="a test", wearer=wearer, level=level)


def test_words_of_known_studies_and_degrees_from_0_up_are_sorted() -> None:
    labels = [
        *(said("stress", level=level) for level in (0, 1, 2, None)),
        *(said(what) for what in ("rest", "stroop", "hyperventilation", "exam", "incident")),
        said("button press", lasts_s=0.0),
        said("calm", wearer="else"),
    ]
    found = guessed(words_of(labels, ["w-*"]))
    assert found["positive"] == ["stress >= 1", "stroop"]
    assert found["negative"] == ["rest", "stress = 0"]
    assert (found["apart"], found["events"]) == (["hyperventilation"], ["incident"])


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_can_be_filled_and_read(name: str) -> None:
    words = words_of([said("rest"), said("stroop"), said("incident")], ["*"])
    text = filled(EXAMPLES[name], people=["*"], words=words, given=NONE)
    found = read(text.encode(), origin=name)
    assert found.study[0].people == ("*",)
    assert "# stroop: 1 times, 0.2 h, 1 people" in text


def test_where_studies_are_held_out_who_is_of_which_is_left_for_the_researcher_to_say() -> None:
    text = filled(EXAMPLES["across.toml"], people=["A*"], words=words_of([said("rest")], ["*"]), given=NONE)
    found = read(text.encode(), origin="across")
    assert [(each.name, each.people) for each in found.study] == [("first", ("A*",)), ("second", ("...",))]


def test_what_the_researcher_says_goes_before_what_is_guessed() -> None:
    words = words_of([said("rest"), said("stroop"), said("ours")], ["*"])
    text = filled(EXAMPLES["stress.toml"], people=["w-01"], words=words, given={"positive": ["ours"]})
    found = tomllib.loads(text)
    assert found["target"]["positive"] == ["ours"]
    assert found["target"]["negative"] == ["rest"]
    assert "# stroop: 1 times, 0.2 h, 1 people; not used below" in text


def test_words_that_nobody_knows_are_left_for_the_researcher_to_say() -> None:
    text = filled(EXAMPLES["stress.toml"], people=["*"], words=words_of([said("exam")], ["*"]), given=NONE)
    assert "# exam: 1 times, 0.2 h, 1 people; not used below" in text
    assert "positive = []  # say with which words labels tell it" in text


def test_a_key_that_an_example_has_no_place_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ExperimentError, match="has no positive; it has events"):
        filled(EXAMPLES["forecast.toml"], people=[], given={"positive": ["x"]})
    assert main(["experiment", "stress", "--positive", "ours", "--negative", "calm"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["target"]["positive"] == ["ours"]
