"""Views from the engine's thread in, the newest view of every wearer to each tablet's stream out.

Publishing never blocks and never waits for a tablet. What a slow tablet has not fetched yet is coalesced by wearer: it
misses rows that were overtaken, never the newest one, and so never an open alert, because a view carries it until it is
over. No history is kept: a stream begins with a snapshot.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from threading import Lock

from alerts.views import WearerView


class Subscription:
    """What one tablet has yet to be told, at most one view of each wearer. Its methods belong to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = Lock()
        self._pending: dict[str, WearerView] = {}
        self._awake = asyncio.Event()
        self.closed = False

    def seed(self, views: Iterable[WearerView]) -> None:
        """Begin with ``views``, except where something newer was published since the subscription was made."""
        with self._lock:
            self._pending = {view.wearer: view for view in views} | self._pending
        self._awake.set()

    async def changes(self, *, within_s: float) -> list[WearerView]:
        """Return the newest view of every wearer that changed, as soon as there is one, or [] after ``within_s``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), within_s)
        return self.taken()

    def taken(self) -> list[WearerView]:
        """Return the newest view of every wearer that changed, without waiting."""
        self._awake.clear()
        with self._lock:
            pending, self._pending = self._pending, {}
        return list(pending.values())

    def put(self, view: WearerView) -> None:
        """Replace what is pending of this wearer; from any thread."""
        with self._lock:
            was_empty = not self._pending
            self._pending[view.wearer] = view
        if was_empty:
            self._wake()

    def close(self) -> None:
        """End the stream; from any thread."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed, and the tablet's stream with it
            self._loop.call_soon_threadsafe(self._awake.set)


class Hub:
    """The fan-out. ``publish`` and ``close`` may be called from any thread, ``subscribe`` from an event loop."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def publish(self, view: WearerView) -> None:
        """Tell every tablet. Views of one wearer come in order: ``desk.subscribe(hub.publish)`` sees to that."""
        with self._lock:
            for subscription in self._subscriptions:
                subscription.put(view)

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Yield a subscription to everything published from now on; it is closed at once if the hub is."""
        subscription = Subscription(asyncio.get_running_loop())
        with self._lock:
            self._subscriptions.add(subscription)
            subscription.closed = self._closed
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream, now and later, so that the server can go."""
        with self._lock:
            self._closed = True
            for subscription in self._subscriptions:
                subscription.close()
