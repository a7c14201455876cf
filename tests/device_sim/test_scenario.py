"""Scenarios: what is packaged can be played, and every mistake is told with its file, its field and the mend."""

from pathlib import Path

import pytest

from device_sim.errors import ScenarioError
from device_sim.scenario import load, packaged

EPISODE = 'kind = "anxiety"\nstart_s = 5\nrise_s = 10\nhold_s = 60\nfall_s = 10\n'


def scenario(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", packaged())
def test_every_packaged_scenario_can_be_loaded(name: str) -> None:
    assert load(name).name == name


def test_first_light_begins_with_half_an_hour_of_nothing_but_ordinary_life() -> None:
    first_light = load("first_light")
    assert (first_light.past_s, first_light.wearers) == (1800, 6)
    assert all(episode.start_s >= 0 for part in first_light.parts for episode in part.episodes)
    assert [[episode.kind for episode in part.episodes] for part in first_light.parts] == [
        ["anxiety"],
        ["exercise"],
        ["anxiety"],
        ["off_wrist"],
        [],
        [],
    ]


def test_a_file_says_what_happens_to_whom(tmp_path: Path) -> None:
    mine = load(scenario(tmp_path, f"past_s = 60\n[[wearer]]\n[[wearer.episode]]\n{EPISODE}[[wearer]]\n"))
    assert mine.wearers == 2
    assert mine.part(2) == mine.part(0)
    assert mine.part(0).episodes[0].end_s == 85
    assert mine.part(0).episodes[0].strength == 1.0


@pytest.mark.parametrize(
    ("text", "field", "mend"),
    [
        ("past = 60", "past", "no key that is known"),
        ("past_s = -1", "past_s", "from 0 to"),
        ("past_s = 1.5", "past_s", "whole"),
        ("past_s = nan", "past_s", "must be a number"),
        ("past_s = inf", "past_s", "from 0 to"),
        (f"past_s = 1{'0' * 400}", "past_s", "from 0 to"),
        (f"past_s = -1{'0' * 400}", "past_s", "from 0 to"),
        ("past_s = true", "past_s", "must be a number"),
        ('past_s = "60"', "past_s", "must be a number"),
        ("wearers = 0", "wearers", "from 1 to"),
        ("title = 3", "title", "must be text"),
        ('activity = "flying"', "activity", "one of ordinary, still, asleep, by_clock"),
        ("wearer = 3", "wearer", r"\[\[wearer\]\]"),
        ("wearer = []", "wearer", r"\[\[wearer\]\]"),
        ("[[wearer]]\nepisode = 3", "wearer 1: episode", "tables"),
        ('[[wearer]]\n[[wearer]]\nresponds = "yes"', "wearer 2: responds", "one of as_drawn"),
        (f"[[wearer]]\n[[wearer.episode]]\n{EPISODE}colour = 1", "wearer 1: episode 1: colour", "no key"),
        (f"[[wearer]]\n[[wearer.episode]]\n{EPISODE}strength = 2", "wearer 1: episode 1: strength", "from 0 to 1"),
        (f"[[wearer]]\n[[wearer.episode]]\n{EPISODE}strength = 0", "wearer 1: episode 1: strength", "more than 0"),
        ('[[wearer]]\nepisode = [{ kind = "anxiety", start_s = 1 }]', "wearer 1: episode 1: rise_s", "is missing"),
        ('[[wearer]]\nepisode = [{ kind = "glee", start_s = 1 }]', "wearer 1: episode 1: kind", "one of anxiety"),
        (
            '[[wearer]]\nepisode = [{ kind = "off_wrist", start_s = 1, rise_s = 2, hold_s = 3 }]',
            "wearer 1: episode 1: rise_s",
            "on or off",
        ),
        (
            '[[wearer]]\nepisode = [{ kind = "off_wrist", start_s = 1, hold_s = 0 }]',
            "wearer 1: episode 1: hold_s",
            "no length",
        ),
        (
            '[[wearer]]\nepisode = [{ kind = "off_wrist", start_s = -1, hold_s = 3 }]',
            "wearer 1: episode 1: start_s",
            "before past_s",
        ),
        (
            'repeat_s = 9\n[[wearer]]\nepisode = [{ kind = "off_wrist", start_s = 7, hold_s = 3 }]',
            "wearer 1: episode 1: start_s",
            "repeat_s",
        ),
    ],
)
def test_a_mistake_is_told_with_file_field_and_mend(tmp_path: Path, text: str, field: str, mend: str) -> None:
    with pytest.raises(ScenarioError, match=f"^mine.toml: {field}: .*{mend}"):
        load(scenario(tmp_path, text))


@pytest.mark.parametrize(
    ("content", "mend"), [(b"a = ", "not TOML"), (b"\xff\xfe", "not TOML"), (b"a = " + b"1" * 5000, "not TOML")]
)
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes, mend: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(ScenarioError, match=mend):
        load(tmp_path / "mine.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.toml: cannot be read"):
        load(tmp_path / "gone.toml")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="take one of first_light, quiet"):
        load("last_light")
