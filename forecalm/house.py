"""A registry and a broker in; which bands the gateways of a site are to hold, told to them, out; and how they stand."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol, Self

from ingest.admission import Admit, Verdict
from ingest.control.picture import BandAt, Fight, GatewayAt, Standing
from ingest.errors import IngestError

log = logging.getLogger(__name__)

CHECK_S: Final = 2.0  # how soon gateways hear of a change: a band that is paired is waited for by somebody


class Source(Protocol):
    """The registry, as far as it is asked here."""

    def to_hold(self, site: str, at_s: float) -> list[str]:
        """The bands that gateways are to hold."""


class Control(Protocol):
    """The connection to the gateways: see ``ingest.control.client``."""

    def publish_roster(self, bands: list[str]) -> None:
        """Tell them."""

    def gateways(self) -> list[GatewayAt]:
        """Every gateway heard of."""

    def bands(self) -> list[BandAt]:
        """Where each band is."""

    def fights(self) -> list[Fight]:
        """Bands that gateways take from each other."""


class House:
    """Tells gateways within ``CHECK_S`` of any change which bands to hold, in a thread of its own: those that somebody
    wears, or wore a moment ago. A band of whoever has not consented is held by nobody: nothing of it would be kept.

    Where the registry does not answer, what was said last stands. Use as a context manager, or call ``refresh``.
    """

    def __init__(
        self, registry: Source, control: Control, *, site: str, admit: Admit, clock: Callable[[], float] = time.time
    ) -> None:
        self._registry = registry
        self._control = control
        self._site = site
        self._admit = admit
        self._clock = clock
        self._said: list[str] | None = None
        self._silent = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="house", daemon=True)

    def __enter__(self) -> Self:
        self.refresh()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def refresh(self) -> None:
        """Tell gateways anew, if something has changed."""
        now_s = self._clock()
        try:
            bands = [
                band
                for band in self._registry.to_hold(self._site, now_s)
                if self._admit(band, now_s).verdict is not Verdict.DROP
            ]
        except IngestError as error:
            if not self._silent:
                log.error("gateways go on with the bands that they know: %s", error)
            self._silent = True
            return
        self._silent = False
        if bands != self._said:
            self._said = bands
            self._control.publish_roster(bands)

    def standing(self) -> Standing:
        """How gateways and bands stand."""
        control = self._control
        return Standing(tuple(control.gateways()), tuple(control.bands()), tuple(control.fights()))

    def _run(self) -> None:
        while not self._stop.wait(CHECK_S):
            self.refresh()
