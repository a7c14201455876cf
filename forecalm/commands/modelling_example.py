"""A packaged example and the labels of an installation in, the example with its people and words in it out.

Which word means what only its study knows. Words of studies that are known, and degrees from 0 up, are sorted; what is
left is listed beside the target, for the researcher to say.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from ingest.labels import Label
from models.errors import ExperimentError

POSITIVE: Final = ("stroop", "interview", "cognitive load", "stress", "anxiety")
NEGATIVE: Final = ("rest", "baseline", "calm", "relax", "relaxation", "neutral")
APART: Final = ("hyperventilation", "exercise", "amusement", "meditation")
EVENTS: Final = ("incident",)
"""Words of the studies of docs/datasets.md, and their like."""

HOUR_S: Final = 3600.0
WORD_KEYS: Final = ("positive", "negative", "apart", "events")


@dataclass(slots=True)
class Said:
    """How often labels say a word, for how long, of how many people, and at which levels."""

    times: int = 0
    hours: float = 0.0
    people: set[str] = field(default_factory=set)
    levels: set[float] = field(default_factory=set)
    without_level: bool = False

    def told(self, word: str) -> str:
        """As a comment has it."""
        levels = [f"{level:g}" for level in sorted(self.levels)]
        degrees = f", level {' '.join([*levels, *(['or none'] if self.without_level else [])])}" if levels else ""
        return f"{word}: {self.times} times, {self.hours:.1f} h, {len(self.people)} people{degrees}"


def words_of(labels: Iterable[Label], people: Sequence[str]) -> dict[str, Said]:
    """Return what labels say of the people whose pseudonyms match one of ``people``, by word."""
    found: dict[str, Said] = defaultdict(Said)
    for label in labels:
        if any(fnmatchcase(label.wearer, pattern) for pattern in people):
            said = found[label.what]
            said.times += 1
            said.hours += (label.end_s - label.start_s) / HOUR_S
            said.people.add(label.wearer)
            said.without_level |= label.level is None
            said.levels |= set() if label.level is None else {label.level}
    return dict(sorted(found.items()))


def guessed(words: Mapping[str, Said]) -> dict[str, list[str]]:
    """Return by key of the target the words of which the meaning is known; moments have no state."""
    out: dict[str, list[str]] = {key: [] for key in WORD_KEYS}
    for word, said in words.items():
        plain = word.lower()
        if plain in EVENTS:
            out["events"].append(word)
        if not said.hours:
            continue
        if plain in APART:
            out["apart"].append(word)
        elif {0.0} < said.levels and min(said.levels) == 0:  # the same word says that it was, and that it was not
            out["positive"].append(f"{word} >= {min(said.levels - {0.0}):g}")
            out["negative"].append(f"{word} = 0")
        elif plain in NEGATIVE or said.levels == {0.0}:
            out["negative"].append(word)
        elif plain in POSITIVE or said.levels:
            out["positive"].append(word)
    return out


def filled(
    text: str,
    *,
    people: Sequence[str],
    words: Mapping[str, Said] | None = None,
    given: Mapping[str, Sequence[str]],
) -> str:
    """Return the example with ``people`` in its study and words in its target: the ``given`` ones by key, else, where
    ``words`` of an installation are known, the ``guessed`` ones. Raises ExperimentError where the example has no place
    for a key that was given."""
    chosen = {key: list(each) for key, each in given.items() if each}
    for key, each in (guessed(words) if words is not None else {}).items():
        chosen.setdefault(key, each)
    taken = {re.split(r" *[<>=]", word)[0] for key, each in chosen.items() if _has(text, key) for word in each}
    if people:
        text = _studies(text, people)
    for key in WORD_KEYS:
        if key in chosen and _has(text, key):
            text = _set(text, key, chosen[key])
        elif given.get(key):
            raise ExperimentError(f"experiment: this example has no {key}; it has {', '.join(_keys(text))}")
    if words is None:
        return text
    text = re.sub(r"(?ms)^# Stress-Predict: as here\..*?(?=^\n)", "", text)  # what other studies say
    if "apart" in chosen:
        text = _controls(text, chosen["apart"])
    there = [f"# {said.told(word)}{'' if word in taken else '; not used below'}" for word, said in words.items()]
    listed = "\n".join(there or ["# nothing yet: forecalm labels import"])
    return text.replace("[target]", f"# What labels say here; check what is made of it:\n{listed}\n[target]", 1)


def _keys(text: str) -> list[str]:
    return [key for key in WORD_KEYS if _has(text, key)]


def _has(text: str, key: str) -> bool:
    return re.search(rf"(?m)^{key} = ", text) is not None


def _set(text: str, key: str, words: Sequence[str]) -> str:
    note = "" if words or key == "apart" else "  # say with which words labels tell it: nothing runs without"
    line = f"{key} = {msgspec.json.encode(list(words)).decode().replace(',', ', ')}{note}"
    return re.sub(rf"(?m)^{key} = .*$", lambda _: line, text, count=1)


def _studies(text: str, people: Sequence[str]) -> str:
    """Of one study, these people; of several, these in the first, and the others to be said. A cohort or recordings
    stand for them no more."""
    line = f"people = {msgspec.json.encode(list(people)).decode().replace(',', ', ')}"
    begin, end = text.index("[[study]]"), re.search(r"(?m)^# What labels|^\[target\]", text)
    assert end is not None  # noqa: S101 - every example has a target
    names = re.findall(r'(?m)^name = "(.*)"$', text[begin : end.start()])
    if len(names) == 1:
        return f'{text[:begin]}[[study]]\nname = "ours"\n{line}\n\n{text[end.start() :]}'
    lines = [f'{line}  # say who is of this study, as in ["A*"]: nobody may be in two']
    lines += ['people = ["..."]  # and who of this one: nothing runs without'] * (len(names) - 1)
    said = "".join(f'[[study]]\nname = "{name}"\n{each}\n\n' for name, each in zip(names, lines, strict=True))
    return f"{text[:begin]}{said}{text[end.start() :]}"


def _controls(text: str, words: Sequence[str]) -> str:
    """What is told by itself, a control each."""
    begin = text.find("[controls]")
    if begin < 0:
        return text
    names = {word: re.sub(r"[^A-Za-z0-9_-]+", "-", word) for word in words}
    lines = "".join(f'"{name}" = ["{word}"]\n' for word, name in names.items())
    return text[:begin] + (f"[controls]                      # told by themselves\n{lines}" if lines else "")
