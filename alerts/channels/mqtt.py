"""Messages and how everybody stands in; the house's broker is told both, for as long as it is there, out.

A message is an event: one that the broker was not there for is never told late, its sender knows. How everybody stands
is a state: it is retained, and said again whenever it changes, the broker or Home Assistant comes back, and in between.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from paho.mqtt.client import topic_matches_sub

from alerts.channels.channel import Because, ChannelError, Message
from alerts.channels.cloud_events import event, topic
from alerts.channels.home_assistant import (
    OFFLINE,
    ONLINE,
    PREFIX,
    REFRESH_S,
    Light,
    Retained,
    availability_topic,
    birth_topic,
    discovery,
    own_topics,
    states,
)
from ingest.sending.broker import Broker
from ingest.sending.connection import Acknowledged, Connection, Heard, Online

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0  # a broker in the house answers in milliseconds
UNANSWERED_MOST: Final = (
    5_000  # messages that a broker took in and has not acknowledged: 1,000 people announced at once
)
FORGET_MOST: Final = 10_000  # topics of people who are no more here that are taken away at a time
LOOK_S: Final = 1.0  # a light follows within a second though nobody says that something changed
BUSY_S: Final = 0.1  # changes are said together where there are many


class Mqtt:
    """The channel "mqtt". ``lights`` gives how everybody stands now, None where the rules want no lights (what the
    broker keeps of them is taken away then). A thread of this channel's own asks it every ``look_s``, and at
    ``refresh``. Raises SourceError where the broker's authority cannot be read."""

    def __init__(
        self,
        broker: Broker,
        *,
        site: str,
        lights: Callable[[], Sequence[Light] | None] = lambda: None,
        prefix: str = PREFIX,
        answer_s: float = ANSWER_S,
        look_s: float = LOOK_S,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self._site = site
        self._lights = lights
        self._prefix = prefix
        self._answer_s = answer_s
        self._look_s = look_s
        self._refresh_s = refresh_s
        self._lock = threading.Lock()  # never held while paho is called, which calls ``_tell`` with locks of its own
        self._unanswered: dict[int, threading.Event] = {}
        self._early: set[int] = set()  # acknowledged before ``publish`` had returned
        self._kept: set[str] = set()  # topics of ours that the broker said it keeps
        self._wake = threading.Event()
        self._anew = threading.Event()  # whoever listens knows nothing
        self._stopped = threading.Event()
        self._failing = False
        self._said: dict[str, bytes] = {}
        self._called: tuple[tuple[str, str], ...] | None = None
        self._announced: tuple[Retained, ...] = ()
        heard = (birth_topic(prefix), *own_topics(site, prefix))
        self._connection = Connection(
            broker, topics=heard, tell=self._tell, will=lambda: (availability_topic(site), OFFLINE)
        )
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)

    @property
    def online(self) -> bool:
        """Whether a broker is there."""
        return self._connection.online

    def start(self) -> None:
        """Look for the broker, now and whenever the connection breaks; returns at once."""
        self._connection.start()
        self._thread.start()

    def stop(self) -> None:
        """Say that the lights are not to be believed any more, and leave."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        if self._connection.online:
            self._connection.publish_and_wait(availability_topic(self._site), OFFLINE)
        self._connection.stop()

    def refresh(self) -> None:
        """Somebody may stand differently than they did. Returns at once."""
        self._wake.set()

    def send(self, message: Message) -> None:
        """Tell of ``message`` and wait until the broker has it. Raises ChannelError: certain where there is none."""
        if not self._connection.online:
            raise ChannelError(Because.UNREACHABLE, "the broker is away", certain=True)
        answered = self._publish(topic(self._site, message.wearer), event(self._site, message), retain=False)
        self._wake.set()
        if answered is None:
            raise ChannelError(Because.UNREACHABLE, "the broker acknowledges nothing", certain=True)
        if not answered.wait(self._answer_s):
            raise ChannelError(Because.SILENT, "the broker may have it", certain=False)

    def _publish(self, where: str, payload: bytes, *, retain: bool) -> threading.Event | None:
        """Hand a message to paho; None, and nothing is handed, where too many wait for an answer."""
        with self._lock:
            if len(self._unanswered) >= UNANSWERED_MOST:
                return None
        mid = self._connection.publish(where, payload, retain=retain)
        answered = threading.Event()
        with self._lock:
            if mid in self._early:
                self._early.discard(mid)
                answered.set()
            else:
                self._unanswered[mid] = answered
        return answered

    def _tell(self, note: object) -> None:
        """Take a note on paho's thread: remember, and let our own thread act."""
        match note:
            case Acknowledged(mid):
                with self._lock:
                    waiting = self._unanswered.pop(mid, None)
                    if waiting is None:
                        self._early.add(mid)
                if waiting is not None:
                    waiting.set()
            case Online():
                self._anew.set()
                self._wake.set()
            case Heard(where, payload) if where == birth_topic(self._prefix):
                if payload == ONLINE:
                    self._anew.set()
                    self._wake.set()
            case Heard(where, payload) if payload and note.retained and self._is_own(where):
                with self._lock:
                    if len(self._kept) < FORGET_MOST:
                        self._kept.add(where)
                self._wake.set()

    def _is_own(self, where: str) -> bool:
        """Whether we told the broker to keep it: amqtt hands out more than was asked for, and that is not ours."""
        return any(topic_matches_sub(each, where) for each in own_topics(self._site, self._prefix))

    def _run(self) -> None:
        """Say how everybody stands, until this channel stops."""
        all_due_s, online_due = -math.inf, False
        while not self._stopped.is_set():
            self._wake.wait(self._look_s)
            self._wake.clear()
            if self._stopped.is_set() or not self._connection.online:
                continue
            anew = self._anew.is_set()
            self._anew.clear()  # before anything is said: a broker that comes back meanwhile is told again
            again = anew or time.monotonic() >= all_due_s
            if self._try_to_say(again=again):
                if again:
                    all_due_s = time.monotonic() + self._refresh_s
                online_due |= anew
            elif anew:
                self._anew.set()
            if online_due and not self._anew.is_set():  # now that no light shows what was
                online_due = self._publish(availability_topic(self._site), ONLINE, retain=True) is None
            self._stopped.wait(BUSY_S)

    def _try_to_say(self, *, again: bool) -> bool:
        """Say it, and return whether that could be done; where nobody can tell how everybody stands, lights end by
        themselves after a while."""
        try:
            self._say(self._lights(), again=again)
        except Exception:
            if not self._failing:
                log.exception("how everybody stands cannot be told to the house's broker; it is tried again")
            self._failing = True
            return False
        self._failing = False
        return True

    def _say(self, lights: Sequence[Light] | None, *, again: bool) -> None:
        """Tell what the broker has not been told, or all of it ``again``; take away what it keeps of people who are no
        more here."""
        current = () if lights is None else (*self._discovery(lights), *states(self._site, lights))
        for each in current:
            if (again or self._said.get(each.topic) != each.payload) and self._keep(each):
                self._said[each.topic] = each.payload
        here = {each.topic for each in current}
        with self._lock:
            kept, self._kept = self._kept, set()
        for where in (kept | self._said.keys()) - here:
            self._said[where] = b""
            if self._keep(Retained(where, b"")):
                del self._said[where]

    def _keep(self, each: Retained) -> bool:
        return self._publish(each.topic, each.payload, retain=True) is not None

    def _discovery(self, lights: Sequence[Light]) -> tuple[Retained, ...]:
        """What makes the lights show: made anew only where it is of others, or others are called so."""
        called = tuple((light.wearer, light.name) for light in lights)
        if called != self._called:
            self._called, self._announced = called, discovery(self._site, lights, self._prefix)
        return self._announced
