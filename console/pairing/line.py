"""A site's broker in, its messages with the moment of their arrival and what is asked of its gateways out."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from console.errors import PairingError
from ingest.control.asking import command, spoken_topics
from ingest.control.messages import Do, Roster, band_topic, encode_message, gateway_topic, roster_topic
from ingest.errors import SourceError
from ingest.sending.broker import Broker
from ingest.sending.connection import Connection, Heard, Subscribed
from ingest.wire import bands_topic

REACH_S: Final = 3.0  # on the same network: who is silent longer is not there
WAITING: Final = 10_000  # messages; beyond it the oldest tell nothing about now


class Line:
    """A connection to a site's ``broker`` for one pairing. Use as a context manager; entering waits until everything
    that gateways say is heard, and raises PairingError where no broker is, or it refuses us."""

    def __init__(self, broker: Broker, *, site: str) -> None:
        """Raises WireError for a site that no topic may hold."""
        self.broker, self._site = broker, site
        self._heard: deque[Heard] = deque(maxlen=WAITING)
        self._subscribed = threading.Event()
        topics = [*spoken_topics(site), roster_topic(site), bands_topic(site)]
        self._connection = Connection(broker, topics=topics, tell=self._take)

    def __enter__(self) -> Self:
        self._connection.start()
        try:
            self._connection.wait_online(REACH_S)
            if not self._subscribed.wait(REACH_S):
                raise SourceError(f"{self.broker}: took us in, and then said nothing")
        except SourceError as error:
            self._connection.stop()
            raise PairingError(f"no gateway can be heard: {error}; is forecalm serve running?") from None
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._connection.stop()

    @property
    def online(self) -> bool:
        """Whether the broker is there."""
        return self._connection.online

    def heard(self) -> Iterator[Heard]:
        """Take what has arrived since the last call, the newest ten thousand messages, the oldest first."""
        while self._heard:
            yield self._heard.popleft()

    def look_at(self, gateway: str, seconds: float) -> None:
        """Ask one gateway to tell what is nearby for so long."""
        self._ask(gateway_topic(self._site, gateway, "command"), "look", seconds)

    def identify(self, band: str, seconds: float) -> None:
        """Let a band vibrate or blink for so long."""
        self._ask(band_topic(self._site, band, "command"), "identify", seconds)

    def offer(self, roster: Roster) -> None:
        """Say which bands gateways of the site connect to; to a broker that is away, as soon as it is back."""
        self._connection.publish_and_wait(roster_topic(self._site), encode_message(roster))

    def _ask(self, topic: str, do: Do, seconds: float) -> None:
        self._connection.publish(topic, encode_message(command(do, seconds, now_us=round(time.time() * 1e6))))

    def _take(self, note: object) -> None:
        match note:
            case Heard():
                self._heard.append(note)
            case Subscribed():
                self._subscribed.set()
