"""One message to one receiver in; nothing, or a reason why it did not go, out: what every channel is to delivery."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from alerts.delivery.matter import Kind, Priority
from alerts.errors import AlertError


class Because(StrEnum):
    """Why a message did not go; a label of the metrics."""

    REFUSED = "refused"  # the service said no: address, key, quota
    UNREACHABLE = "unreachable"
    SILENT = "no answer in time"
    GONE = "gone"  # the receiver is no more: a subscription that has ended
    UNKNOWN_RECEIVER = "unknown receiver"  # nobody of that name can be reached by this channel


class ChannelError(AlertError):
    """The message did not go, or nobody knows (``certain`` is False: it may have arrived all the same).

    The text holds no address and no key.
    """

    def __init__(self, because: Because, detail: str, *, certain: bool) -> None:
        super().__init__(f"{because}: {detail}" if detail else str(because))
        self.because = because
        self.certain = certain


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one receiver is sent. ``message_id`` stays the same however often it goes: receivers tell a repeat by it.

    ``to`` is a carer or contact by name, "" for whoever listens (MQTT). ``link`` lets just this receiver take just
    this matter, "" where there is none. ``title`` and ``body`` are already what may leave the house.
    """

    message_id: str
    matter_id: str
    kind: Kind
    priority: Priority
    wearer: str
    to: str
    at_s: float
    title: str
    body: str
    link: str = ""
    repeat: bool = False
    over: bool = False  # somebody has it, or it is over: what was shown before may be taken down


class Channel(Protocol):
    """Blocks until the message went; called from threads of its own, never the engine's."""

    def send(self, message: Message) -> None:
        """Hand ``message`` on; raises ChannelError."""
        ...
