"""Outcomes that carers told in; labels in the registry out, on a thread of its own, as soon as the registry answers."""

import logging
import threading
from typing import Final, Protocol, Self

log = logging.getLogger(__name__)

AGAIN_S: Final = 10.0
"""How often it is tried while the registry is away [s]: models look for labels as often."""

END_S: Final = 6.0
"""How long an end of the service waits for a try that is under way [s]: a registry that is away takes five. What is not
entered then is in the journal, and is entered at the next start."""


class Enters(Protocol):
    """See ``alerts.outcomes.outcomes.Outcomes``."""

    def enter(self) -> int:
        """Enter what waits, and return how many still wait."""
        ...


class Entering:
    """Enters what waited at the start, after ``soon``, and every ``AGAIN_S``; no sooner where something still waits,
    for then the registry is away. Use as a context manager."""

    def __init__(self, outcomes: Enters) -> None:
        self._outcomes = outcomes
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outcomes to labels", daemon=True)

    def soon(self) -> None:
        """Say that something was told; returns at once, from any thread."""
        self._wake.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._wake.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.clear()
            left = 0
            try:
                left = self._outcomes.enter()
            except Exception:  # nobody else would go on
                log.exception("outcomes could not be entered as labels; it is tried again")
            if not self._end.is_set():
                (self._end if left else self._wake).wait(AGAIN_S)
