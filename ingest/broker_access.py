"""A broker's password file and access list in; who may come in, and what each may say and hear, out.

The files are Mosquitto's own, so that one pair serves it and the embedded broker: mosquitto_passwd(1) with PBKDF2 and
SHA-512 ("$7$"), and mosquitto.conf(5), "acl_file", of which ``user``, ``topic`` and ``pattern`` with ``%u`` are read.
What is not understood lets nobody do anything. No sockets, no clock.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ingest.errors import BrokerError

ITERATIONS: Final = 101
"""Mosquitto's own number: ours are random secrets of 256 bits, which no number makes harder to guess, and a thousand
gateways that come back at once must not wait for each other's hashes."""
SALT_BYTES: Final = 12  # Mosquitto 2.0.11 lets nobody in whose salt is longer or shorter
ITERATIONS_MOST: Final = 1_000_000  # more would hold the broker up at each connection
READS: Final = frozenset({"read", "readwrite"})
WRITES: Final = frozenset({"write", "readwrite"})
KINDS: Final = READS | WRITES


def hashed(password: str, *, salt: bytes, iterations: int = ITERATIONS) -> str:
    """Return ``password`` as a password file keeps it."""
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


def is_right(password: str, secret: str) -> bool:
    """Whether ``password`` is the one that ``secret`` was made of; never so where that is no hash of ours."""
    parts = secret.split("$")
    if len(parts) != 5 or parts[:2] != ["", "7"] or not parts[2].isdecimal():
        return False
    iterations = int(parts[2])
    try:
        salt, expected = (base64.b64decode(part, validate=True) for part in parts[3:])
    except binascii.Error:
        return False
    if not (1 <= iterations <= ITERATIONS_MOST and expected):
        return False
    found = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, len(expected))
    return hmac.compare_digest(found, expected)


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be heard or said below a filter of topics; ``%u`` in it is the user's name."""

    kind: str
    filter: str

    def of(self, user: str) -> str:
        """The filter of ``user``."""
        return self.filter.replace("%u", user)


@dataclass(frozen=True, slots=True)
class Access:
    """Who comes in, and what each may do. ``users`` holds hashes; it is never shown."""

    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    of_everybody: tuple[Rule, ...] = ()

    def knows(self, user: str, password: str) -> bool:
        """Whether ``user`` comes in by ``password``."""
        secret = self.users.get(user)
        return secret is not None and is_right(password, secret)

    def may_say(self, user: str, topic: str) -> bool:
        """Whether ``user`` may publish to ``topic``, or leave a Last Will there."""
        return any(covers(allowed, topic) for allowed in self._filters(user, WRITES))

    def may_hear(self, user: str, topic: str) -> bool:
        """Whether a message of ``topic`` may reach ``user``; for a filter: whether all that it asks for may."""
        return any(covers(allowed, topic) for allowed in self._filters(user, READS))

    def _filters(self, user: str, kinds: frozenset[str]) -> Iterator[str]:
        if user not in self.users or "+" in user or "#" in user or "/" in user:
            return
        for rule in (*self.rules.get(user, ()), *self.of_everybody):
            if rule.kind in kinds:
                yield rule.of(user)


def covers(allowed: str, asked: str) -> bool:
    """Whether the filter ``allowed`` takes in all that ``asked``, a topic or a filter, stands for."""
    if asked.startswith("$") and not allowed.startswith("$"):
        return False  # of the broker itself: MQTT 3.1.1, 4.7.2
    levels, wanted = allowed.split("/"), asked.split("/")
    for i, level in enumerate(levels):
        if level == "#":
            return i == len(levels) - 1
        if i >= len(wanted) or wanted[i] == "#" or (level != "+" and level != wanted[i]):
            return False
    return len(levels) == len(wanted)


def read_access(users: str, rules: str) -> Access:
    """Return what the text of a password file and of an access list say. Raises BrokerError, naming the line."""
    known: dict[str, str] = {}
    for number, line in _lines(users):
        name, colon, secret = line.partition(":")
        if not colon or not name:
            raise BrokerError(f"users, line {number}: must be NAME:SECRET, as mosquitto_passwd writes it")
        known[name] = secret
    by_user: dict[str, list[Rule]] = {}
    of_everybody: list[Rule] = []
    current: list[Rule] | None = None
    for number, line in _lines(rules):
        word, _, rest = line.partition(" ")
        if word == "user" and rest:
            current = by_user.setdefault(rest.strip(), [])
            continue
        kind, _, said = rest.strip().partition(" ")
        kind, said = (kind, said.strip()) if kind in KINDS else ("readwrite", rest.strip())
        if word == "pattern" and said and "%c" not in said:
            of_everybody.append(Rule(kind, said))
        elif word == "topic" and said and current is not None:
            current.append(Rule(kind, said))
        else:
            raise BrokerError(
                f"rules, line {number}: must be user NAME, topic or pattern [read|write|readwrite] FILTER"
            )
    return Access(known, {user: tuple(each) for user, each in by_user.items()}, tuple(of_everybody))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


@dataclass(frozen=True, slots=True)
class Entry:
    """One user of a gateway: its name at the broker, the hash of its secret, which gateway it is, at which site."""

    username: str
    secret: str = field(repr=False)
    gateway: str = ""
    site: str = ""


def users_text(service: tuple[str, str], entries: Iterable[Entry]) -> str:
    """Return the password file of a ``service`` (user and hash) and its gateways."""
    lines = [f"{service[0]}:{service[1]}", *(f"{each.username}:{each.secret}" for each in entries)]
    return "\n".join(lines) + "\n"


def rules_text(service: str, entries: Iterable[Entry]) -> str:
    """Return the access list of the user ``service``, and of gateways: each speaks for itself alone, at its own site.

    Any gateway of a house may come to hold any of its bands: which one a packet or a gesture is of, no broker can
    check. No gateway hears readings, alerts, or how another stands, and none gives orders.
    """
    lines = [
        "# Written by forecalm: whatever is changed here is written over. docs/gateway-access.md",
        f"user {service}",
        "topic readwrite forecalm/v1/#",
        "topic readwrite homeassistant/#",
    ]
    for each in entries:
        site, own = f"forecalm/v1/{each.site}", f"forecalm/v1/{each.site}/gateway/{each.gateway}"
        lines += [
            "",
            f"user {each.username}",
            f"topic write {own}/status",
            f"topic write {own}/nearby",
            f"topic read {own}/command",
            f"topic readwrite {site}/band/+/status/{each.gateway}",
            f"topic write {site}/band/+/data",
            f"topic write {site}/band/+/event",
            f"topic read {site}/band/+/stored",
            f"topic read {site}/band/+/command",
            f"topic read {site}/roster",
        ]
    return "\n".join(lines) + "\n"
