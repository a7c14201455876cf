"""How a process does in, words to whoever started it (systemd's sd_notify) out; nothing where nobody wants to hear.

One datagram a word to the socket that $NOTIFY_SOCKET names: https://www.freedesktop.org/software/systemd/man/sd_notify
"""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notify:
    """``every_s`` is how often ``beat`` is to be called so that nobody takes us for hung; None: nobody looks.

    Time is given by whoever calls: seconds of a clock that does not go back.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        found = os.environ if environment is None else environment
        address = found.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = found.get("WATCHDOG_USEC", "")
        ours = found.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.every_s = int(usec) / 2e6 if usec.isascii() and usec.isdigit() and ours and self._address else None
        self._beat_s: float | None = None

    def ready(self) -> None:
        """Everything that is started has started."""
        self._say("READY=1")

    def stopping(self) -> None:
        """We end by ourselves."""
        self._say("STOPPING=1")

    def beat(self, now_s: float) -> None:
        """All is tended to; said as often as is wanted."""
        if self.every_s is not None and (self._beat_s is None or now_s - self._beat_s >= self.every_s):
            self._beat_s = now_s
            self._say("WATCHDOG=1")

    def _say(self, word: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.sendto(word.encode(), self._address)
        except OSError as error:
            log.warning("$NOTIFY_SOCKET: %s is not heard: %s", word, error.strerror)
