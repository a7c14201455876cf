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


@dataclass(frozen=True, slots=True)
class Watermark:
    """The service has packets of a band; ``retained``: it said so some time ago."""

    band: str
    stored: Stored
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
    """What is said to one gateway: where (``topics``), and what. A command is taken once, and not after its time."""

    def __init__(self, site: str, gateway: str) -> None:
        """Raises WireError for a site or a gateway that no topic may hold."""
        self._stored = all_stored_topic(site).split("+")
        self._roster = roster_topic(site)
        self._seen: deque[str] = deque(maxlen=COMMANDS_MAX)
        self.topics = [
            all_stored_topic(site),
            self._roster,
            band_status_topic(site, "+", gateway),
            band_topic(site, "+", "command"),
            gateway_topic(site, gateway, "command"),
        ]

    def read(self, heard: Heard, now_us: int) -> Watermark | Roster | Order | OldStatus | None:
        """What a message says now [us, UTC]; None: nothing. Raises WireError, naming the field, where it cannot be
        read."""
        before, after = self._stored
        if heard.topic == self._roster:
            return decode_message(heard.payload, Roster)
        if heard.topic.startswith(before) and heard.topic.endswith(after):
            return Watermark(heard.topic[len(before) : -len(after)], _stored(heard.payload), heard.retained)
        match named_in(heard.topic):
            case (_, _, "status"):
                return OldStatus(heard.topic) if heard.retained and heard.payload else None
            case (kind, name, "command"):
                command = decode_message(heard.payload, Command)
                if command.id in self._seen or command.expires_us < now_us:
                    return None
                self._seen.append(command.id)
                return Order(command, name if kind == "band" else None)
        return None


def _stored(payload: bytes) -> Stored:
    try:
        return msgspec.json.decode(payload, type=Stored)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"not a watermark: {error}") from None
