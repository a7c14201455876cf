"""Scenarios: what is packaged can be played, and every mistake is told with its file, its field and the mend."""

import os
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.errors import ScenarioError
from device_sim.scenario import load, packaged

EPISODE = 'kind = "anxiety"\nstart_s = 5\nrise_s = 10\nhold_s = 60\nfall_s = 10\n'
JOY = 'episode = [{{ kind = "joy", start_s = 1, rise_s = 1, hold_s = 1, fall_s = 1, {} }}]'
CHANCE = '[[random]]\nkind = "anxiety"\nper_h = 1\n{}'


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
        ("repeat_s = 0.001", "repeat_s", "0 or at least 10"),
        ("title = 3", "title", "must be text"),
        ('activity = "flying"', "activity", "one of ordinary, still, asleep, by_clock"),
        ("wearer = 3", "wearer", r"\[\[wearer\]\]"),
        ("wearer = []", "wearer", r"\[\[wearer\]\]"),
        ("[[wearer]]\nepisode = 3", "wearer 1: episode", "tables"),
        ('[[wearer]]\n[[wearer]]\nresponds = "yes"', "wearer 2: responds", "one of as_drawn"),
        (f"[[wearer]]\n[[wearer.episode]]\n{EPISODE}colour = 1", "wearer 1: episode 1: colour", "no key"),
        (f"[[wearer]]\n[[wearer.episode]]\n{EPISODE}strength = 2", "wearer 1: episode 1: strength", "from 0 to 1"),
        ('clock = "7 in the morning"', "clock", 'such as "07:30"'),
        ('clock = "24:00"', "clock", 'such as "07:30"'),
        ("clock = 07:30:00", "clock", 'such as "07:30"'),
        ('population = "cats"', "population", "one of adults, autistic_adults, autistic_children"),
        ('activity = "by_clock"', "wearer 1: activity", 'say clock = "07:30"'),
        ('[[wearer]]\nmedicine = "tea"', "wearer 1: medicine", "one of as_drawn, none, beta_blocker"),
        ('[[wearer]]\nstereotypy = "spinning"', "wearer 1: stereotypy", "one of as_drawn, none, flapping, rocking"),
        ("episode = 3", "episode", r"\[\[episode\]\] tables"),
        (f"[[episode]]\n{EPISODE}[[episode]]\n{EPISODE}colour = 1", "episode 2: colour", "no key"),
        (f'[[episode]]\n{EPISODE}shape = "zigzag"', "episode 1: shape", "one of drawn, ramp, steps, late_surge"),
        (f'[[episode]]\n{EPISODE}ends = "badly"', "episode 1: ends", "one of settles, incident"),
        (f"[[episode]]\n{EPISODE}incident_s = 9", "episode 1: incident_s", 'with ends = "incident"'),
        (
            f'[[episode]]\n{EPISODE}ends = "incident"\nincident_s = 0.5',
            "episode 1: incident_s",
            "from 1 to",
        ),
        (
            f'[[episode]]\n{EPISODE}ends = "settles"\nincident_s = 9',
            "episode 1: incident_s",
            'with ends = "incident"',
        ),
        (JOY.format('shape = "ramp"'), "episode 1: shape", "is for anxiety alone"),
        (JOY.format('ends = "incident"'), "episode 1: ends", "is for anxiety alone"),
        (
            'episode = [{ kind = "incident", start_s = 1, hold_s = 0, fall_s = 9 }]',
            "episode 1: hold_s",
            "lasts some seconds",
        ),
        ("random = [1]", "random", r"\[\[random\]\] tables"),
        ("[[wearer]]\nrandom = [1]", "wearer 1: random", r"\[\[wearer.random\]\] tables"),
        ('[[random]]\nkind = "joy"', "random 1: per_h", "is missing"),
        ('[[random]]\nkind = "joy"\nper_h = 0', "random 1: per_h", "more than 0"),
        ('[[random]]\nkind = "joy"\nper_h = 61', "random 1: per_h", "from 0 to 60"),
        ('[[random]]\nkind = "bliss"\nper_h = 1', "random 1: kind", "one of anxiety"),
        (CHANCE.format("hold_s = [9, 3]"), "random 1: hold_s", r"least \(9\) must not be more than its most \(3\)"),
        (CHANCE.format("hold_s = [9]"), "random 1: hold_s", r"a number or \[least, most\]"),
        (CHANCE.format('rise_s = ["a", 3]'), "random 1: rise_s", "must be a number"),
        (CHANCE.format("fall_s = [-1, 3]"), "random 1: fall_s", "from 0 to"),
        (CHANCE.format("strength = [0, 1]"), "random 1: strength", "more than 0"),
        (CHANCE.format("strength = 1.1"), "random 1: strength", "from 0 to 1"),
        (CHANCE.format("rise_s = 0\nhold_s = [0, 9]\nfall_s = 0"), "random 1: hold_s", "no length"),
        (CHANCE.format("hours = [8, 20]"), "random 1: hours", 'say clock = "07:30"'),
        ('clock = "07:00"\n' + CHANCE.format("hours = [8, 25]"), "random 1: hours", "from 0 to 24"),
        ('clock = "07:00"\n' + CHANCE.format("hours = [8, 8]"), "random 1: hours", "nothing can begin from 8 to 8"),
        ('clock = "07:00"\n' + CHANCE.format("hours = 8"), "random 1: hours", "nothing can begin from 8 to 8"),
        (CHANCE.format("rise_s = 1e-320"), "random 1: rise_s", "0 or at least 0.001, got 1e-320"),
        (CHANCE.format("hold_s = [1e-320, 9]"), "random 1: hold_s", "0 or at least 0.001, got 1e-320"),
        (CHANCE.format("fall_s = [0, 1e-320]"), "random 1: fall_s", "0 or at least 0.001, got 1e-320"),
        (CHANCE.format("strength = 1e-320"), "random 1: strength", r"at least 0.001\)"),
        ('[[random]]\nkind = "joy"\nper_h = 1e-320', "random 1: per_h", r"at least 0.0001\)"),
        (f"[[episode]]\n{EPISODE}strength = 1e-320", "episode 1: strength", r"at least 0.001\)"),
        ('episode = [{ kind = "incident", start_s = 1, hold_s = 1e-320 }]', "episode 1: hold_s", "at least 0.001"),
        ('episode = [{ kind = "loose", start_s = 1, hold_s = 1, rise_s = 5e-5 }]', "episode 1: rise_s", "at least"),
        ('episode = [{ kind = "loose", start_s = 1, hold_s = 1, fall_s = 5e-5 }]', "episode 1: fall_s", "at least"),
        ("repeat_s = 9.5", "repeat_s", "0 or at least 10, got 9.5"),
        (CHANCE.format("uneven = 2"), "random 1: uneven", "from 0 to 1.5"),
        (CHANCE.format("incidents = 1.5"), "random 1: incidents", "from 0 to 1"),
        (CHANCE.format("branching = 0.5"), "random 1: branching", "say incidents"),
        (CHANCE.format("memory_s = 60"), "random 1: memory_s", "say incidents"),
        (CHANCE.format("incident_s = 60"), "random 1: incident_s", "say incidents"),
        (CHANCE.format("incidents = 0.5\nbranching = 1"), "random 1: branching", "from 0 to 0.95"),
        (CHANCE.format("incidents = 0.5\nmemory_s = 0"), "random 1: memory_s", "from 1 to"),
        ('[[random]]\nkind = "joy"\nper_h = 1\nincidents = 1', "random 1: incidents", "is for anxiety alone"),
        ('[[random]]\nkind = "joy"\nper_h = 1\nbranching = 0.5', "random 1: branching", "about incidents"),
        ('[[random]]\nkind = "off_wrist"\nper_h = 1\nfall_s = 3', "random 1: rise_s", "on or off"),
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
            'repeat_s = 10\n[[wearer]]\nepisode = [{ kind = "off_wrist", start_s = 8, hold_s = 3 }]',
            "wearer 1: episode 1: start_s",
            "repeat_s",
        ),
    ],
)
def test_a_mistake_is_told_with_file_field_and_mend(tmp_path: Path, text: str, field: str, mend: str) -> None:
    with pytest.raises(ScenarioError, match=f"^mine.toml: {field}: .*{mend}"):
        load(scenario(tmp_path, text))


def test_what_befalls_everybody_befalls_each_wearer_first(tmp_path: Path) -> None:
    everybody = f'clock = "07:30"\n[[episode]]\n{EPISODE}[[random]]\nkind = "joy"\nper_h = 2\nhours = [8, 12]\n'
    own = f'[[wearer]]\n[[wearer]]\n[[wearer.episode]]\n{EPISODE}ends = "incident"\n'
    mine = load(scenario(tmp_path, everybody + own))
    assert mine.clock_s == 27_000
    assert [len(part.episodes) for part in mine.parts] == [1, 2]
    assert mine.parts[0].chances == mine.parts[1].chances
    assert mine.parts[0].chances[0].hours == (8, 12)
    assert mine.parts[1].episodes[1].incident_s > 0


def test_an_incident_adds_to_the_length_of_its_episode(tmp_path: Path) -> None:
    mine = load(scenario(tmp_path, f'[[episode]]\n{EPISODE}ends = "incident"\nincident_s = 40'))
    assert mine.part(0).episodes[0].end_s == 125


VALUES = st.one_of(
    st.integers(-10, 10**6),
    st.floats(),
    st.booleans(),
    st.sampled_from(["anxiety", "incident", "off_wrist", "drawn", "by_clock", "07:30", "", "ruhig"]),
    st.lists(st.integers(-1, 30), max_size=3),
)
TABLE = st.dictionaries(
    st.sampled_from(
        ["kind", "start_s", "rise_s", "hold_s", "fall_s", "per_h", "ends", "incidents", "branching", "hours", "shape"]
    ),
    VALUES,
)
FILE = st.dictionaries(
    st.sampled_from(["title", "past_s", "clock", "activity", "wearers", "repeat_s", "population", "episode", "random"]),
    st.one_of(VALUES, st.lists(TABLE, max_size=2)),
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


@settings(deadline=None)
@given(FILE)
def test_whatever_a_file_says_it_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, said: dict
) -> None:
    path = scenario(tmp_path_factory.mktemp("said"), "".join(f"{key} = {toml(value)}\n" for key, value in said.items()))
    refused = ""
    try:
        load(path)
    except ScenarioError as error:
        refused = str(error)
    assert not refused or re.match(r"mine\.toml: (\w+( \d+)?: )+", refused)


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"a = ", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"a = " + b"1" * 5000, "not TOML"),
        (b"a = " + b"[" * 5000, "not TOML"),
    ],
)
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes, mend: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(ScenarioError, match=mend):
        load(tmp_path / "mine.toml")


def test_what_a_file_is_called_and_says_steers_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "my\n\x1b[31mown.toml"
    path.write_text('"\\u001b[31m[red]\\n" = 1', "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value).startswith(r"my\n\x1b[31mown.toml: \x1b[31m[red]\n: is no key")
    path.unlink()
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe.toml", tmp_path / "folder.toml"
    os.mkfifo(pipe)
    folder.mkdir()
    writing = threading.Thread(target=lambda: pipe.open("w").close(), daemon=True)  # whoever reads it reads nothing
    writing.start()
    for path in (pipe, folder):
        with pytest.raises(ScenarioError, match=rf"{path.name}: cannot be read: it is a folder, a pipe or a device"):
            load(path)
    while writing.is_alive():  # it may only be about to open it
        os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
        writing.join(0.01)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.toml: cannot be read"):
        load(tmp_path / "gone.toml")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"take one of .*first_light.* or a \.toml file"):
        load("last_light")
