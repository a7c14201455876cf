"""Messages in from the network, batches out to whoever decodes them; bounded until they are stored."""

import threading
from collections.abc import Callable
from typing import Final, NamedTuple

WAITING_MAX: Final = (
    50_000  # messages not yet stored: 40 min of 20 bands; fewer than a broker can have in flight (65,535)
)
WAITING_MAX_BYTES: Final = 64 << 20  # of payload; decoded they take about four times as much
TAKE: Final = 512  # messages decoded at once: enough to be cheap, few enough that the first does not wait for the last
CHECK_S: Final = 1.0  # how often a waiting sender looks whether all is to end


class Message(NamedTuple):
    """What came, when [UTC s], and how to acknowledge it."""

    topic: str
    payload: bytes
    received_s: float
    ack: Callable[[], None]


class Waiting:
    """One bound for all that is not yet stored, wherever on its way it is. Safe to share between threads."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._arrived: list[Message] = []
        self._idle = False  # somebody waits in ``take``
        self._ended = False
        self.count = 0
        self.size = 0

    def put(self, message: Message) -> bool:
        """Queue up; waits while too much is not yet stored. False at the end of all: it was not taken."""
        with self._change:
            while self.count >= WAITING_MAX or self.size >= WAITING_MAX_BYTES:
                if self._ended:
                    return False
                self._change.wait(CHECK_S)
            if self._ended:
                return False
            self.count += 1
            self.size += len(message.payload)
            self._arrived.append(message)
            if self._idle:
                self._change.notify_all()
        return True

    def take(self) -> list[Message] | None:
        """Up to ``TAKE`` messages as soon as there is one; None when all have been taken at the end."""
        with self._change:
            while not self._arrived:
                if self._ended:
                    return None
                self._idle = True
                self._change.wait()
                self._idle = False
            some = self._arrived[:TAKE]
            del self._arrived[:TAKE]
        return some

    def stored(self, count: int, size: int) -> None:
        """So many messages of so many bytes rest safely."""
        with self._change:
            was_full = self.count >= WAITING_MAX or self.size >= WAITING_MAX_BYTES
            self.count -= count
            self.size -= size
            if was_full:
                self._change.notify_all()

    def end(self) -> None:
        """Take nothing more."""
        with self._change:
            self._ended = True
            self._change.notify_all()
