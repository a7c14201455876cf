"""Our own commands run as processes beside this one: the embedded broker, the simulated bands."""

import logging
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Final, Self

from forecalm.cli import INTERRUPTED

log = logging.getLogger(__name__)

START_S: Final = 30.0  # a cold interpreter on a slow machine
STOP_S: Final = 1.5  # then it is killed: Ctrl-C must end everything within 3 s


class PeerError(RuntimeError):
    """A process beside this one did not start or ended early; the message holds its last words."""


class Peer:
    """``forecalm ARGUMENTS`` as a process of its own; it ends when this process does, however this one ends."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        self._complaints = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [sys.executable, "-P", "-m", "forecalm", *arguments, "--while-stdin-is-open"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,  # a line at the end
            stderr=self._complaints,  # maybe much, and a full pipe would stall it
            text=True,
            start_new_session=True,  # Ctrl-C is for us; we stop them in order
        )
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended:
            self.stop()

    def wait_for_port(self, port: int) -> None:
        """Return when it listens on loopback; raises PeerError where it ends before or takes too long."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PeerError(f"the {self.name} ended at its start: {self._complained()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise PeerError(f"the {self.name} does not listen on port {port} after {START_S:.0f} s")

    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self, *, within_s: float = STOP_S) -> str:
        """Ask it to end, and return what it printed; it is killed after ``within_s``."""
        self._process.send_signal(signal.SIGINT)
        try:
            said, _ = self._process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
        if self._process.returncode not in (0, INTERRUPTED, -signal.SIGINT):  # else: too early to notice
            log.error("the %s ended with %d: %s", self.name, self._process.returncode, self._complained())
        self._complaints.close()
        self._ended = True
        return said

    def _complained(self) -> str:
        self._complaints.seek(0)
        return self._complaints.read().strip()[-500:]


def free_port(preferred: int = 0) -> int:
    """A loopback port that nobody listens on at the moment: ``preferred``, or any other where that one is taken."""
    with socket.socket() as probe:
        if preferred and probe.connect_ex(("127.0.0.1", preferred)) != 0:
            return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
