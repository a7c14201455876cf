"""How a command that runs until it is stopped hears of that: a signal, or the end of standard input."""

import os
import signal
import sys
import threading
from collections.abc import Callable


def stop_event() -> threading.Event:
    """Set by Ctrl-C or a request to terminate."""
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    return stop


def when_stdin_ends(ended: Callable[[], None]) -> None:
    """Call ``ended``, in a thread of its own, when nobody holds standard input open any more."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffered read cannot be left at the end
            pass
        ended()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
