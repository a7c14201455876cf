"""Messages in, each handed to its channel from a thread of that channel's own; what became of each, out."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from alerts.channels.channel import Because, Channel, ChannelError, Message
from alerts.delivery.matter import Priority

log = logging.getLogger(__name__)

BUSY_MOST: Final = 8
"""Messages of one channel on their way at the same time: a house has fewer contacts, and providers allow no more."""

ABANDONED_MOST: Final = 32
"""Threads of one channel that may hang for good; beyond, its messages wait, and fail for certain when given up."""

Answer = Callable[[ChannelError | None], None]


class Hands(Protocol):
    """Whatever hands messages on, and never makes anybody wait."""

    def hand(self, key: object, name: str, channel: Channel, message: Message, answer: Answer) -> None:
        """Send ``message`` by ``channel``, called ``name``, and tell ``answer`` what became of it."""
        ...

    def withdraw(self, key: object) -> bool:
        """Wait for ``key`` no longer; return whether its message certainly did not go and never will."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    key: object
    channel: Channel
    message: Message
    answer: Answer


@dataclass(slots=True)
class _Lane:
    """What one channel has to send, alerts or all else: what waits, and what is on its way. ``abandoned`` threads hang
    and are waited for no longer."""

    name: str
    waiting: deque[_Job] = field(default_factory=deque)
    running: set[object] = field(default_factory=set)
    abandoned: set[object] = field(default_factory=set)
    busy: int = 0


class Workers:
    """Threads for each channel, begun when there is something to send: one that hangs holds up no other channel.

    Alerts have threads of their own: none waits behind notices, however many these are.

    They are daemons: a process that ends does not wait for a service outside. What was handed on by then and not
    answered is told again at the next start.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: dict[tuple[str, bool], _Lane] = {}

    def hand(self, key: object, name: str, channel: Channel, message: Message, answer: Answer) -> None:
        """Send ``message`` as soon as a thread of its channel is free."""
        with self._lock:
            lane = self._lanes.setdefault((name, message.priority is Priority.HIGH), _Lane(name))
            lane.waiting.append(_Job(key, channel, message, answer))
            self._employ(lane)

    def withdraw(self, key: object) -> bool:
        """Take ``key`` back where it still waits; where it is on its way, let another take the place of its thread."""
        with self._lock:
            for lane in self._lanes.values():
                for job in lane.waiting:
                    if job.key == key:
                        lane.waiting.remove(job)
                        return True
                if key in lane.running:
                    lane.running.remove(key)
                    lane.abandoned.add(key)
                    lane.busy -= 1
                    self._employ(lane)
        return False

    def _employ(self, lane: _Lane) -> None:
        if lane.waiting and lane.busy < BUSY_MOST and len(lane.abandoned) < ABANDONED_MOST:
            lane.busy += 1
            threading.Thread(target=self._work, args=(lane,), name=f"deliver by {lane.name}", daemon=True).start()

    def _work(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                if not lane.waiting:
                    lane.busy -= 1
                    return
                job = lane.waiting.popleft()
                lane.running.add(job.key)
            became = _send(job)
            with self._lock:
                abandoned = job.key in lane.abandoned
                lane.abandoned.discard(job.key)
                lane.running.discard(job.key)
            job.answer(became)
            if abandoned:
                with self._lock:
                    self._employ(lane)
                return


def _send(job: _Job) -> ChannelError | None:
    try:
        job.channel.send(job.message)
    except ChannelError as error:
        return error
    except Exception as error:  # a channel's own mistake must not end the thread, nor leave the message unanswered
        log.error("a channel failed: %s", type(error).__name__)
        return ChannelError(Because.SILENT, "", certain=False)
    return None
