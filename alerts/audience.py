"""Views in, told to everybody who listens, in order, out."""

import logging
from collections import deque
from collections.abc import Callable

from alerts.views import WearerView

log = logging.getLogger(__name__)

Listener = Callable[[WearerView], None]


class Audience:
    """Whoever listens to a desk; called under its lock. What a listener brings about is told after what they were told,
    not in between; one that raises is logged and hurts nobody else."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}
        self._untold: deque[WearerView] = deque()
        self._telling = False

    def add(self, listener: Listener) -> object:
        """Let ``listener`` hear from now on; return what ``drop`` takes."""
        key = object()
        self._listeners[key] = listener
        return key

    def drop(self, key: object) -> None:
        """Let them hear no more."""
        self._listeners.pop(key, None)

    def tell(self, view: WearerView) -> None:
        """Tell everybody."""
        self._untold.append(view)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                self._say(self._untold.popleft())
        finally:
            self._telling = False

    def _say(self, view: WearerView) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(view)
            except Exception:  # a broken screen must not keep the others from being told
                log.exception("a listener failed")
