"""One TOML text in; who is told of what, after how long, by which channel, out; contradictions are refused by name."""

import hashlib
import math
import re
import tomllib
from collections.abc import Callable, Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from alerts.channels.by_url import check_url
from alerts.delivery.events import Step
from alerts.delivery.matter import Kind
from alerts.delivery.proof import AGAIN_MIN_S, ALL, BOARD, LATEST_S, MQTT, ON_SHIFT, PUSH, SELDOM_S, WITHIN_MAX_S
from alerts.delivery.wrong_type import refusal
from alerts.errors import AlertError
from alerts.names import same

DELIVER_WITHIN_S: Final = 10.0
"""A board is told within a second and asks again after five: one lost connection fits in, two do not."""

ANSWER_WITHIN_S: Final = 20.0
"""A service outside answers in a second or two; mail servers that look twice take ten."""

AGAIN_S: Final = 120.0
"""Once everybody was told in vain: often enough to wake somebody, seldom enough that a telephone can be answered."""

PUSH_AFTER_S: Final = 0.0
"""Phones of carers on shift are told together with the tablets: whoever is in the garden hears it too."""

PROTECTION_GRACE_S: Final = 60.0
"""Bands slip and walk from gateway to gateway, tablets are reloaded, servers restarted: back within a minute, and signs
take about as long to grow (Nuske 2019, doi:10.1080/10253890.2019.1572744). The board shows it at once."""

UNCOVERED_GRACE_S: Final = 120.0
"""One goes and one comes: two minutes between them are a hand-over."""

NOBODYS: Final = re.compile(
    r"(?:://|@)(?:[\w-]+\.)*(?:example\.(?:com|net|org)|[\w-]+\.(?:example|invalid|test))\.?(?=[:/?#&,]|$)",
    re.IGNORECASE,
)
"""Names that are there for examples and belong to nobody for ever (RFC 2606, section 2 and 3)."""

PING_S: Final = 60.0
"""Services that listen for a sign of life count in minutes."""

NAMED: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
ADDRESS: Final = re.compile(r"[^\s`'\"]*://[^`'\"]*")
"""Where somebody wrote an address in the place of a word: it may hold a key, so no refusal repeats it."""

DEEP_MOST: Final = 64
"""Parts of one key: three are the most that mean anything, and TOML's reader takes minutes for fifty thousand."""

DEEP: Final = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEP_MOST}}}"""
)
"""So many parts with full stops between them, wherever they stand; nothing else that anybody writes has them."""

NAMED_MOST: Final = 80
"""Characters of a name, and of a wrong word that is said back."""


class RulesError(AlertError):
    """The rules cannot be used: the message names the field, says what is wrong and what would be right."""


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody outside the house: ``reach`` is an Apprise URL for each channel by which they can be told."""

    name: str
    reach: dict[str, str] = {}


class Grace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long something may be wrong [s] before staff are told of it; the board shows it at once."""

    protection_s: float = PROTECTION_GRACE_S
    uncovered_s: float = UNCOVERED_GRACE_S


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may leave the house."""

    name: bool = False
    readings: bool = False


class DeadMan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url`` is asked every ``every_s``, so that a service outside notices when this one is gone; "": none is."""

    url: str = ""
    every_s: float = PING_S


class Mqtt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the broker is told, and whether Home Assistant is told what to make of it."""

    events: bool = True
    home_assistant: bool = False


class SiteRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The alerting rules of one site. ``version`` is a digest of the text: it stands on each delivery."""

    deliver_within_s: float = DELIVER_WITHIN_S
    answer_within_s: float = ANSWER_WITHIN_S
    again_s: float = AGAIN_S
    contact: tuple[Contact, ...] = ()
    alert: tuple[Step, ...] = (
        Step(after_s=0.0, who=ON_SHIFT, channel=BOARD),
        Step(after_s=PUSH_AFTER_S, who=ON_SHIFT, channel=PUSH),
    )
    notice: tuple[Step, ...] = (
        Step(after_s=0.0, who=ON_SHIFT, channel=BOARD),
        Step(after_s=PUSH_AFTER_S, who=ON_SHIFT, channel=PUSH),
    )
    silent_when_over: tuple[str, ...] = ()
    grace: Grace = Grace()
    privacy: Privacy = Privacy()
    dead_man: DeadMan = DeadMan()
    mqtt: Mqtt = Mqtt()
    version: str = ""

    def chain(self, kind: Kind) -> tuple[Step, ...]:
        """The steps of a matter of ``kind``; where MQTT is told, that is the first. A test goes the way of an alert."""
        steps = self.alert if kind in (Kind.ALERT, Kind.TEST) else self.notice
        return (Step(after_s=0.0, who=ALL, channel=MQTT), *steps) if self.mqtt.events else steps

    def steps(self, kind: Kind, channels: Collection[str]) -> tuple[Step, ...]:
        """The chain of ``kind`` without steps by what is none of ``channels``, which a board must not promise. Where
        that leaves nobody to be told, the tablets are."""
        steps = tuple(step for step in self.chain(kind) if step.channel == BOARD or step.channel in channels)
        told = any(step.channel != MQTT for step in steps)
        return steps if told else (*steps, Step(after_s=0.0, who=ON_SHIFT, channel=BOARD))

    def address(self, name: str, channel: str) -> str | None:
        """The URL by which ``channel`` reaches the contact ``name``, None where there is none."""
        return next((each.reach.get(channel) for each in self.contact if each.name == name), None)

    def reachable(self, channel: str) -> tuple[str, ...]:
        """The contacts whom ``channel`` reaches."""
        return tuple(each.name for each in self.contact if channel in each.reach)

    def doubts(self) -> tuple[str, ...]:
        """What is allowed and probably not meant, in sentences."""
        return tuple(_doubts(self))


def parse(text: str, *, refuse_url: Callable[[str], str | None] = check_url) -> SiteRules:
    """Return the rules that ``text`` holds. ``refuse_url`` says what is wrong with an Apprise URL, None where nothing
    is; it must not repeat the URL, which holds keys. Raises RulesError."""
    if deep := DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise RulesError(f"line {line}: no key has {DEEP_MOST} parts; see docs/alerting-rules.md for every key")
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        rules = msgspec.convert(tomllib.loads(text), SiteRules)
    except UnicodeEncodeError as error:
        raise RulesError(f"not TOML: character {error.start} is none that UTF-8 has; save the file as UTF-8") from None
    except msgspec.ValidationError as error:
        raise RulesError(refusal(ADDRESS.sub("...", str(error)))) from None
    except RecursionError:
        raise RulesError("not TOML: lists or tables lie in each other too deep; see docs/alerting-rules.md") from None
    except ValueError as error:  # also a number with thousands of digits
        raise RulesError(f"not TOML: {error}") from None
    if rules.version:
        raise RulesError("version: it is reckoned from the text, leave it out")
    for field, wrong, remedy in _contradictions(rules, refuse_url):
        raise RulesError(f"{field}: {wrong}; {remedy}")
    return msgspec.structs.replace(rules, version=f"rules-{digest}")


Wrong = tuple[str, str, str]
"""The field, what is wrong with it, and the remedy."""


def _contradictions(rules: SiteRules, refuse_url: Callable[[str], str | None]) -> list[Wrong]:
    found = [*_times(rules), *_contacts(rules, refuse_url)]
    for chain in ("alert", "notice"):
        found += _steps(rules, chain, getattr(rules, chain))
    ways = {BOARD, PUSH, *(channel for each in rules.contact for channel in each.reach)}
    found += [
        (f"silent_when_over[{place}]", f"no channel is called {_quoted(name)}", f"use one of {_list(ways)}")
        for place, name in enumerate(rules.silent_when_over)
        if name not in ways
    ]
    if rules.dead_man.url and not _is_web_address(rules.dead_man.url):
        found.append(("dead_man.url", "it is no web address", "begin it with https://, or leave it out"))
    if rules.mqtt.home_assistant and not rules.mqtt.events:
        found.append(("mqtt.home_assistant", "there is nothing to discover without events", "set mqtt.events = true"))
    return found


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = text.isprintable() and " " not in text
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _quoted(word: str) -> str:
    """A word that does not fit, as it is said back: never one that may be an address, for it holds a key."""
    return "..." if ":" in word else repr(word if len(word) <= NAMED_MOST else f"{word[:NAMED_MOST]}...")


def _times(rules: SiteRules) -> list[Wrong]:
    limits = (
        ("deliver_within_s", rules.deliver_within_s, 2.0, WITHIN_MAX_S),
        ("answer_within_s", rules.answer_within_s, 2.0, WITHIN_MAX_S),
        ("again_s", rules.again_s, AGAIN_MIN_S, SELDOM_S),
        ("grace.protection_s", rules.grace.protection_s, 0.0, 3600.0),
        ("grace.uncovered_s", rules.grace.uncovered_s, 0.0, 3600.0),
        ("dead_man.every_s", rules.dead_man.every_s, 10.0, 3600.0),
    )
    found = [
        (name, f"{value:g} s cannot be", f"choose {least:g} to {most:g} s")
        for name, value, least, most in limits
        if not least <= value <= most
    ]
    if rules.again_s < rules.answer_within_s:
        found.append(("again_s", "messages would repeat before they are answered", "make it answer_within_s or more"))
    return found


def _contacts(rules: SiteRules, refuse_url: Callable[[str], str | None]) -> list[Wrong]:
    found = []
    names = [each.name for each in rules.contact]
    for place, contact in enumerate(rules.contact):
        field = f"contact[{place}]"
        if not _is_name(contact.name):
            found.append(
                (
                    f"{field}.name",
                    "that is no name",
                    f"write one of up to {NAMED_MOST} characters, without blanks around it",
                )
            )
        elif same(contact.name, ON_SHIFT):
            found.append((f"{field}.name", "that means whoever is on shift", "give the contact another name"))
        elif any(same(contact.name, name) for name in names[:place]):
            found.append((f"{field}.name", f"two contacts are called {_quoted(contact.name)}", "name them apart"))
        for channel, url in contact.reach.items():
            field_url = f"{field}.reach.{channel if NAMED.fullmatch(channel) else _quoted(channel)}"
            if channel in (BOARD, PUSH, MQTT) or not NAMED.fullmatch(channel):
                found.append(
                    (field_url, "a channel cannot be called that", 'use a word such as "phone", "sms", "mail"')
                )
            elif wrong := refuse_url(url):
                found.append((field_url, wrong, "write it as its service wants it: docs/channels.md"))
    return found


def _is_name(text: str) -> bool:
    seen = any(map(str.isalnum, text)) and text.isprintable() and text == text.strip()
    return seen and len(text) <= NAMED_MOST and "://" not in text


def _steps(rules: SiteRules, chain: str, steps: Sequence[Step]) -> list[Wrong]:
    if not steps:
        return [(chain, "nobody would ever be told", f"write a step [[{chain}]], or leave it out for the usual ones")]
    found: list[Wrong] = []
    for place, step in enumerate(steps):
        field = f"{chain}[{place}]"
        if not (math.isfinite(step.after_s) and 0 <= step.after_s <= LATEST_S):
            found.append((f"{field}.after_s", f"{step.after_s:g} s cannot be", f"choose 0 to {LATEST_S:g} s"))
        elif place and step.after_s < steps[place - 1].after_s:
            found.append(
                (f"{field}.after_s", "it comes before the step above it", "sort the steps by after_s, least first")
            )
        elif step in steps[:place]:
            found.append((field, "the same step stands above", "take one out, or give it another time"))
        found += _receiver(rules, field, step)
    return found


def _receiver(rules: SiteRules, field: str, step: Step) -> list[Wrong]:
    contacts = {each.name: each for each in rules.contact}
    ways = {channel for each in rules.contact for channel in each.reach}
    if step.channel == MQTT:
        return [(f"{field}.channel", "MQTT proves nothing, so it is no step", "use [mqtt] events = true")]
    if step.channel not in {BOARD, PUSH, *ways}:
        return [(f"{field}.channel", f"no channel is called {_quoted(step.channel)}", f"use one of {_list(ways)}")]
    if step.who != ON_SHIFT and step.who not in contacts:
        return [
            (
                f"{field}.who",
                f"nobody is called {_quoted(step.who)}",
                f"use one of {_list({ON_SHIFT, *contacts}, ways=())}",
            )
        ]
    if step.channel == BOARD and step.who != ON_SHIFT:
        return [(f"{field}.who", "tablets are for whoever is near", f'write who = "{ON_SHIFT}"')]
    if step.who != ON_SHIFT and step.channel not in {PUSH, *contacts[step.who].reach}:
        return [(f"{field}.channel", f"{step.who} has no {step.channel!r}", "give it under reach, or use another")]
    return []


def _list(names: set[str], *, ways: tuple[str, ...] = (BOARD, PUSH)) -> str:
    return ", ".join(f'"{name}"' for name in sorted({*names, *ways}))


def _doubts(rules: SiteRules) -> list[str]:
    doubts = []
    for name, steps in (("alert", rules.alert), ("notice", rules.notice)):
        if rules.contact and all(step.channel == BOARD for step in steps):
            doubts.append(f"[[{name}]] never leaves the tablets, although there are contacts who could be told.")
        if steps[0].after_s > 0:
            doubts.append(f"[[{name}]] tells nobody for the first {steps[0].after_s:g} s.")
    if all(step.channel != BOARD for step in rules.alert):
        doubts.append("[[alert]] has no step for the tablets: they show it, but nobody checks that they do.")
    if all(step.channel in (BOARD, PUSH) for step in rules.alert):
        doubts.append("[[alert]] ends at tablets and push messages: both go by the same network, so name a telephone.")
    doubts += [
        f"{each.name} by {channel} has an example's address in it: nobody is ever there."
        for each in rules.contact
        for channel, address in each.reach.items()
        if NOBODYS.search(address)
    ]
    used = {step.who for step in (*rules.alert, *rules.notice)}
    doubts += [
        f"{each.name} is a contact whom no step names."
        for each in rules.contact
        if each.name not in used
        and not any(step.who == ON_SHIFT and step.channel in each.reach for step in (*rules.alert, *rules.notice))
    ]
    return doubts


DEFAULT: Final = parse("")
"""With nothing configured: the tablets, and the phones of whoever is on shift."""
