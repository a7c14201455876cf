"""An installation and its registry in; who is let in, kept in step with it, and the way in, out."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

from console.access.access import Access
from console.access.cookies import Cookies
from console.access.doorkeeper import Doorkeeper
from console.access.totp import Factors
from console.door.office import Door
from forecalm.installation import BY, Installation
from forecalm.offices.whereabouts import Whereabouts
from ingest.registry.accounts_links import Purpose
from ingest.registry.registry import Registry

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How often the registry is asked what has changed: whoever is shut out elsewhere is shut out here within two of them,
and asking is one row of one table."""


class Entry:
    """Who is let in, and the way in. Use as a context manager: entering raises StoreError where the registry does not
    answer at all; from then on what was known last holds where it does not. ``secure``: TLS is on."""

    def __init__(self, here: Installation, registry: Registry, *, secure: bool) -> None:
        secret, cookies = here.secret(), Cookies(secure)
        whereabouts = Whereabouts(registry, here=here.config.site.name, clock=time.time)
        keeper = Doorkeeper(registry, secret=secret, cookies=cookies, clock=time.time)
        self.access = Access(keeper, whereabouts)
        self.door = Door(registry=registry, keeper=keeper, factors=Factors(secret))
        self._following = Following((keeper.look, whereabouts.look))

    def __enter__(self) -> Self:
        self._following.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._following.stop()


def set_up_link(registry: Registry, address: str) -> str:
    """Return a link by which the first administrator enters themselves, below ``address``; "" where there is one."""
    if registry.has_administrator():
        return ""
    token, _ = registry.make_link(Purpose.SET_UP, by=BY)
    return f"{address}welcome/{token}"


class Following:
    """Calls each of ``looks`` at once, which may raise, and then every ``LOOK_S`` in a thread of its own, where what it
    raises is said in the log once."""

    def __init__(self, looks: Sequence[Callable[[], None]]) -> None:
        self._looks = looks
        self._silent = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorkeeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        for look in self._looks:
            look()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                for look in self._looks:
                    look()
                self._silent = False
            except (
                Exception
            ) as error:  # whatever it is: were this thread to die of it, nobody would be shut out any more
                if not self._silent:
                    log.error("who is let in stays as it was, because the registry does not answer: %s", error)
                self._silent = True
