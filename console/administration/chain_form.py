"""Alerting rules in, fields of a form out; and back: a form in, the TOML that it says out, and which field is which.

An address holds keys, so no form ever shows one: a field that stays empty keeps the address that there is.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alerts.delivery.events import Step
from alerts.delivery.proof import BOARD, ON_SHIFT, PUSH
from alerts.delivery.rules import SiteRules
from alerts.delivery.written import plainly, shown, toml
from console.forms import Form

CHAINS: Final = (("a", "alert"), ("n", "notice"))
"""What the fields of a chain begin with, and what the rules call it."""

PLAIN: Final = {
    "deliver_within_s": ("deliver_within_s",),
    "answer_within_s": ("answer_within_s",),
    "again_s": ("again_s",),
    "protection_s": ("grace", "protection_s"),
    "uncovered_s": ("grace", "uncovered_s"),
    "every_s": ("dead_man", "every_s"),
}
"""Fields that hold one number, and where the rules have it."""

TICKS: Final = {
    "privacy_name": ("privacy", "name"),
    "privacy_readings": ("privacy", "readings"),
    "mqtt_events": ("mqtt", "events"),
    "home_assistant": ("mqtt", "home_assistant"),
}
"""Fields that hold yes or no."""

ROW: Final = re.compile(r"([acn])(\d{1,3})-(?:w(\d{1,2})-)?[a-z]+")
NOTHING: Final = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a contact: ``field`` begins the names of its fields; ``service``: which one an address that is
    kept names, "" where there is none."""

    field: str
    service: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a form: contacts by the beginning of their fields' names, with their ways; the steps of each chain;
    who may be told, and by what."""

    contacts: tuple[tuple[str, tuple[Way, ...]], ...]
    steps: Mapping[str, tuple[str, ...]]
    who: tuple[str, ...]
    channels: tuple[str, ...]

    @property
    def who_options(self) -> list[tuple[str, str]]:
        """Who may be told, as a form offers them."""
        return [(name, "Whoever is on shift" if name == ON_SHIFT else name) for name in self.who]

    @property
    def channel_options(self) -> list[tuple[str, str]]:
        """By what they may be told, as a form offers it."""
        said = {BOARD: "Tablets", PUSH: "Devices that take messages"}
        return [(name, said.get(name, name)) for name in self.channels]


@dataclass(frozen=True, slots=True)
class Offered:
    """What a form says, as TOML; ``wrong`` by field: what cannot even be written. ``fields`` maps what a refusal of the
    rules begins with (``alert[2].after_s``) to the form's field."""

    text: str
    wrong: Mapping[str, str]
    fields: Mapping[str, str]


def first(rules: SiteRules, *, of: str) -> Form:
    """Return the form of ``rules``, number ``of``, without an address in it."""
    said = plainly(rules)
    fields: dict[str, list[str]] = {"of": [of]}
    for name, path in PLAIN.items():
        fields[name] = [_number(_at(said, path))]
    for name, path in TICKS.items():
        fields[name] = ["yes"] if _at(said, path) else []
    for place, contact in enumerate(rules.contact):
        fields |= {f"c{place}-name": [contact.name], f"c{place}-was": [contact.name]}
        for number, way in enumerate(contact.reach):
            fields |= {f"c{place}-w{number}-way": [way], f"c{place}-w{number}-was": [way]}
    for letter, chain in CHAINS:
        for place, step in enumerate(getattr(rules, chain)):
            fields |= _step_fields(f"{letter}{place}", step)
    fields["silent"] = list(rules.silent_when_over)
    return Form({name: values for name, values in fields.items() if values})


def with_more(form: Form, what: str) -> Form:
    """Return ``form`` with an empty row more: of a chain ("a", "n"), a contact ("c"), or a way of one ("c2")."""
    fields = dict(form.fields)
    rows = _places(form)
    if what in ("a", "n"):
        place = 1 + max(rows[what], default=-1)
        before = form.one(f"{what}{max(rows[what], default=0)}-after") or "0"
        fields |= {f"{what}{place}-after": [before], f"{what}{place}-who": [ON_SHIFT], f"{what}{place}-channel": [PUSH]}
    elif what == "c":
        place = 1 + max(rows["c"], default=-1)
        fields[f"c{place}-new"] = ["yes"]
    elif re.fullmatch(r"c\d{1,3}", what) and int(what[1:]) in rows["c"]:
        number = 1 + max(_ways(form, what), default=-1)
        fields[f"{what}-w{number}-new"] = ["yes"]
    return Form(fields)


def rows(form: Form, rules: SiteRules) -> Rows:
    """Return the rows of ``form``; ``rules`` are those whose addresses stay where a field is empty."""
    places = _places(form)
    contacts = []
    ways: list[str] = []
    for place in places["c"]:
        begin = f"c{place}"
        theirs = []
        for number in _ways(form, begin):
            url = _kept(form, rules, begin, number)
            theirs.append(Way(f"{begin}-w{number}", shown(url, "").rstrip(":") if url else NOTHING))
            ways.append(form.one(f"{begin}-w{number}-way"))
        contacts.append((begin, tuple(theirs)))
    names = [form.one(f"c{place}-name") for place in places["c"]]
    return Rows(
        contacts=tuple(contacts),
        steps={letter: tuple(f"{letter}{place}" for place in places[letter]) for letter, _ in CHAINS},
        who=tuple(dict.fromkeys(filter(None, (ON_SHIFT, *names)))),
        channels=tuple(dict.fromkeys(filter(None, (BOARD, PUSH, *ways)))),
    )


def offered(form: Form, rules: SiteRules) -> Offered:
    """Return what ``form`` says; empty rows say nothing."""
    said: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    fields: dict[str, str] = {"silent_when_over": "silent", "dead_man.url": "dead_man"}
    for name, path in PLAIN.items():
        fields[".".join(path)] = name
        _put(said, path, _read_number(form, name, wrong))
    for name, path in TICKS.items():
        fields[".".join(path)] = name
        _put(said, path, bool(form.one(name)))
    _put(said, ("dead_man", "url"), _dead_man(form, rules))
    said["silent_when_over"] = list(form.every("silent"))
    said["contact"] = _contacts(form, rules, wrong, fields)
    for letter, chain in CHAINS:
        fields[chain] = f"{letter}0-after"
        steps = _steps(form, letter, chain, wrong, fields)
        if steps:
            said[chain] = steps
        else:
            wrong[f"more-{letter}"] = "Nobody would ever be told: add a step."
    return Offered("" if wrong else toml(said), wrong, fields)


def beside_step(error: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what the rules refused (``field: what is wrong; what would be right``) beside the form's field."""
    named, _, said = error.partition(": ")
    place = named.partition(",")[0]
    while place and place not in fields:
        place = place.rpartition(".")[0]
    said = said or error
    text = f"{said[:1].upper()}{said[1:]}"
    return {fields.get(place, ""): text if place else error}


def _contacts(form: Form, rules: SiteRules, wrong: dict[str, str], fields: dict[str, str]) -> list[dict[str, object]]:
    contacts: list[dict[str, object]] = []
    for place in _places(form)["c"]:
        begin = f"c{place}"
        name, reach = form.one(f"{begin}-name"), {}
        at = f"contact[{len(contacts)}]"
        for number in _ways(form, begin):
            way, url = form.one(f"{begin}-w{number}-way"), _url(form, rules, begin, number)
            if not way and not form.one(f"{begin}-w{number}-url"):
                continue
            if not way:
                wrong[f"{begin}-w{number}-way"] = "Name this way: phone, sms, mail."
            elif not url:
                wrong[f"{begin}-w{number}-url"] = (
                    "Write the address: its service, then where, as in ntfys://TOKEN@ntfy.example.org/TOPIC."
                )
            elif way in reach:
                wrong[f"{begin}-w{number}-way"] = "There is a way of that name already."
            else:
                reach[way] = url
                fields[f"{at}.reach.{way}"] = f"{begin}-w{number}-url"
        if not name and not reach:
            continue
        fields |= {f"{at}.name": f"{begin}-name", at: f"{begin}-name", f"{at}.reach": f"{begin}-name"}
        contacts.append({"name": name, "reach": reach})
    return contacts


def _steps(
    form: Form, letter: str, chain: str, wrong: dict[str, str], fields: dict[str, str]
) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = []
    for place in _places(form)[letter]:
        begin = f"{letter}{place}"
        if not form.one(f"{begin}-after"):
            continue
        at = f"{chain}[{len(steps)}]"
        fields |= {f"{at}.{key}": f"{begin}-{name}" for key, name in _STEP.items()} | {at: f"{begin}-after"}
        after_s = _read_number(form, f"{begin}-after", wrong)
        steps.append({"after_s": after_s, "who": form.one(f"{begin}-who"), "channel": form.one(f"{begin}-channel")})
    return steps


_STEP: Final = {"after_s": "after", "who": "who", "channel": "channel"}


def _step_fields(begin: str, step: Step) -> dict[str, list[str]]:
    return {f"{begin}-after": [_number(step.after_s)], f"{begin}-who": [step.who], f"{begin}-channel": [step.channel]}


def _places(form: Form) -> dict[str, list[int]]:
    """Return which rows of each kind a form has, in order."""
    found: dict[str, set[int]] = {"a": set(), "n": set(), "c": set()}
    for name in form.fields:
        row = ROW.fullmatch(name)
        if row:
            found[row[1]].add(int(row[2]))
    return {letter: sorted(places) for letter, places in found.items()}


def _ways(form: Form, begin: str) -> list[int]:
    matches = (ROW.fullmatch(name) for name in form.fields)
    return sorted({int(row[3]) for row in matches if row and row[3] and f"{row[1]}{row[2]}" == begin})


def _kept(form: Form, rules: SiteRules, begin: str, number: int) -> str:
    """Return the address that there is, for the way that a row was drawn for. A form knows names with single spaces."""
    was, way = form.one(f"{begin}-was"), form.one(f"{begin}-w{number}-was")
    return next((each.reach.get(way, "") for each in rules.contact if " ".join(each.name.split()) == was), "")


def _url(form: Form, rules: SiteRules, begin: str, number: int) -> str:
    return form.one(f"{begin}-w{number}-url") or _kept(form, rules, begin, number)


def _dead_man(form: Form, rules: SiteRules) -> str:
    if form.one("dead_man_off"):
        return ""
    return form.one("dead_man") or rules.dead_man.url


def _read_number(form: Form, name: str, wrong: dict[str, str]) -> float:
    try:
        value = float(form.one(name).replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        wrong[name] = "Write a number of seconds, such as 60."
        return 0.0
    return value


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _at(said: Mapping[str, Any], path: tuple[str, ...]) -> object:
    for key in path:
        said = said[key]
    return said


def _put(said: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        said = said.setdefault(key, {})
    said[path[-1]] = value
