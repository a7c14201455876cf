"""A URL outside and whether all is well in; a sign of life out, so that somebody outside notices when there is none.

The service outside (healthchecks.io, or one of its kind) tells people by itself when pings stop: it is the only part
that still works when this machine, its network or its power is gone.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0  # for a connection, and for each part of an answer


class DeadMan:
    """Pings ``url`` every ``every_s`` on a thread of its own, only while ``works()`` says that all is well.

    ``works`` must return soon: while it hangs nothing is pinged, which is as it should be. A ping that fails is told
    once in the log, without the URL, which is a secret, and counted. Neither ``start`` nor ``stop`` waits for it.
    """

    def __init__(
        self,
        url: str,
        *,
        works: Callable[[], bool],
        every_s: float,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._url = url
        self._works = works
        self._every_s = every_s
        self._stopped = threading.Event()
        self._said = ""
        self.failed = 0
        self.pinged = 0
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=answer_s, read=answer_s), retries=False)

    def start(self) -> None:
        """Ping, now and on, until stopped."""
        threading.Thread(target=self._run, name="dead man's ping", daemon=True).start()

    def stop(self) -> None:
        """Ping no more; the service outside will notice, unless it is told that this is meant."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.turn()
            self._stopped.wait(self._every_s)

    def turn(self) -> None:
        """Look once whether all is well, and say so."""
        if self._is_well():
            self._ping()

    def _is_well(self) -> bool:
        try:
            well = self._works()
        except Exception as error:
            self._change(f"whether all is well cannot be told ({type(error).__name__}): no sign of life is given")
            return False
        if not well:
            self._change("not all is well: no sign of life is given")
        return well

    def _ping(self) -> None:
        try:
            answer = self._http.request("GET", self._url, redirect=False, preload_content=False)
            answer.close()
            status = answer.status
        except (HTTPError, ValueError, OSError) as error:
            self._missed(type(error).__name__)
            return
        if 200 <= status < 300:
            self.pinged += 1
            self._change("a sign of life is given", level=logging.INFO)
        else:
            self._missed(f"answer {status}")

    def _missed(self, why: str) -> None:
        self.failed += 1
        self._change(f"the service outside does not take our sign of life ({why}): look at dead_man.url")

    def _change(self, state: str, level: int = logging.WARNING) -> None:
        if state != self._said:
            log.log(level, "dead man's ping: %s", state)
        self._said = state
