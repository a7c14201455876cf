"""Messages that a gateway hears in, what each says to it out. No sockets."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import msgspec

from ingest.control.messages import (
    Command,
    Roster,
    band_status_topic,
    band_topic,
    decode_message,
    gateway_topic,
    named_in,
    roster_topic,
)
from ingest.errors import WireError
from ingest.sending.connection import Heard
from ingest.wire import Stored, all_stored_topic

COMMANDS_MAX: Final = 256  # ids of commands remembered, as QoS 1 may say them twice
LIFE_MAX_US: Final = 600_000_000  # of a command: longer than QoS 1 takes to say it twice, and nobody waits longer
DELAYS_MAX: Final = 256
DELAYS_US: Final = 600_000_000  # for how long it is remembered how soon words came: a clock may be set meanwhile


@dataclass(frozen=True, slots=True)
class Watermark:
    """The service has packets of a band; ``retained``: it said so some time ago."""

    band: str
    stored: Stored
    retained: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Which bands are the site's; ``retained``: the service said so some time ago."""

    roster: Roster
    retained: bool


@dataclass(frozen=True, slots=True)
class Order:
    """Something is to be done, by a band or, None, by the gateway itself."""

    command: Command
    band: str | None


@dataclass(frozen=True, slots=True)
class OldStatus:
    """This gateway once said how it stands with a band, and the broker still has it."""

    topic: str


class Orders:
    """What is said to one gateway: where (``topics``), and what. A command is taken once, and not after its time.

    A clock of the gateway's that stands wrong makes no command late: it is in time too where it took hardly longer to
    come than the quickest word of the service in the last minutes.
    """

    def __init__(self, site: str, gateway: str) -> None:
        """Raises WireError for a site or a gateway that no topic may hold."""
        self._stored = all_stored_topic(site).split("+")
        self._roster = roster_topic(site)
        self._seen: deque[str] = deque(maxlen=COMMANDS_MAX)
        self._delays: deque[tuple[int, int]] = deque(maxlen=DELAYS_MAX)  # when, and by how much, both by our clock
        self.topics = [
            all_stored_topic(site),
            self._roster,
            band_status_topic(site, "+", gateway),
            band_topic(site, "+", "command"),
            gateway_topic(site, gateway, "command"),
        ]

    def read(self, heard: Heard, now_us: int) -> Watermark | Rule | Order | OldStatus | None:
        """What a message says now [us, UTC]; None: nothing. Raises WireError, naming the field, where it cannot be
        read."""
        before, after = self._stored
        if heard.topic == self._roster:
            roster = decode_message(heard.payload, Roster)
            if not heard.retained:
                self._came(roster.at_us, now_us)
            return Rule(roster, heard.retained)
        if heard.topic.startswith(before) and heard.topic.endswith(after):
            return Watermark(heard.topic[len(before) : -len(after)], _stored(heard.payload), heard.retained)
        match named_in(heard.topic):
            case (_, _, "status"):
                return OldStatus(heard.topic) if heard.retained and heard.payload else None
            case (kind, name, "command"):
                command = decode_message(heard.payload, Command)
                if heard.retained or command.id in self._seen or not self._in_time(command, now_us):
                    return None
                self._seen.append(command.id)
                return Order(command, name if kind == "band" else None)
        return None

    def _in_time(self, command: Command, now_us: int) -> bool:
        life_us, took_us = command.expires_us - command.at_us, now_us - command.at_us
        if not 0 < life_us <= LIFE_MAX_US:
            raise WireError(
                f"expires_us: {life_us / 1e6:g} s after at_us; a command is wanted for up to {LIFE_MAX_US / 1e6:g} s"
            )
        self._came(command.at_us, now_us)
        least_us = min(delay_us for _, delay_us in self._delays)
        return 0 <= took_us <= life_us or took_us - least_us <= life_us

    def _came(self, at_us: int, now_us: int) -> None:
        while self._delays and not 0 <= now_us - self._delays[0][0] <= DELAYS_US:
            self._delays.popleft()
        self._delays.append((now_us, now_us - at_us))


def _stored(payload: bytes) -> Stored:
    try:
        return msgspec.json.decode(payload, type=Stored)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"not a watermark: {error}") from None
