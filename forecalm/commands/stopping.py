"""How a command that runs until it is stopped hears of that, a signal or the end of standard input; or of a line."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final

LINE_MAX: Final = 1000  # bytes of a line without an end that are kept


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


def hear_stdin(heard: Callable[[str], None], ended: Callable[[], None]) -> None:
    """Call ``heard`` with every line of standard input and then ``ended``, in a thread of its own; a process in the
    background of a terminal hears nothing, and goes on. From the main thread only."""
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # a read from the background fails, instead of stopping us

    def watch() -> None:
        said = b""
        while True:
            try:
                got = os.read(sys.stdin.fileno(), 1024)
            except OSError:
                return
            if not got:
                break
            *lines, said = (said + got).split(b"\n")
            said = said[-LINE_MAX:]
            for line in lines:
                heard(line.decode(errors="replace"))
        if said:
            heard(said.decode(errors="replace"))
        ended()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
