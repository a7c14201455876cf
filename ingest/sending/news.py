"""What a gateway has to say beside packets in, published now or as soon as there is a broker out."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from ingest.control.messages import BandStatus, encode_message
from ingest.sending.connection import Connection

EVENTS_MAX: Final = 1_000  # events that wait for a broker


@dataclass(frozen=True, slots=True)
class News:
    """A message that is neither a packet nor the status of a band; ``waits`` for a broker, or is gone without one."""

    topic: str
    payload: bytes
    retain: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class OfBand:
    """How this gateway stands with a band, and where that is said; None: it has nothing to do with it any more."""

    topic: str
    status: BandStatus | None


class Saying:
    """Says news over a connection, and keeps what is to be said again: the newest of each band, and events that wait.
    For one thread alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bands: dict[str, BandStatus | None] = {}  # by topic; None: to be emptied
        self._unsaid: deque[News] = deque(maxlen=EVENTS_MAX)

    def say(self, news: News) -> None:
        """Say it now, or let it wait, or let it be."""
        if self._connection.online:
            self._connection.publish(news.topic, news.payload, retain=news.retain)
        elif news.waits:
            self._unsaid.append(news)

    def say_of_band(self, news: OfBand) -> None:
        """Say it now, and to every broker that comes back until something newer is said."""
        self._bands[news.topic] = news.status
        self._say_band(news.topic)

    def say_again(self) -> None:
        """Say to a broker that has come back how things stand, and what has waited for it."""
        for topic in list(self._bands):
            self._say_band(topic)
        while self._unsaid and self._connection.online:
            news = self._unsaid.popleft()
            self._connection.publish(news.topic, news.payload)

    def take_back(self, topic: str) -> None:
        """Empty the status of a band that was left by a life that ended without emptying it."""
        if topic not in self._bands:
            self._connection.publish(topic, b"", retain=True)

    def _say_band(self, topic: str) -> None:
        if not self._connection.online:
            return
        status = self._bands[topic]
        self._connection.publish(topic, b"" if status is None else encode_message(status), retain=True)
        if status is None:
            del self._bands[topic]
