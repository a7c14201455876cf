"""A registry and a broker in; which bands the gateways of a site are to hold, told to them, out; and how they stand."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from forecalm.again import Again
from ingest.admission import Admit, Verdict
from ingest.control.picture import BandAt, Fight, GatewayAt, Standing

CHECK_S: Final = 2.0  # how soon gateways hear of a change: a band that is paired is waited for by somebody


class Source(Protocol):
    """The registry, as far as it is asked here."""

    def to_hold(self, site: str, at_s: float) -> list[str]:
        """The bands that gateways are to hold."""


class Control(Protocol):
    """The connection to the gateways: see ``ingest.control.client``."""

    @property
    def overruled(self) -> bool:
        """Whether somebody else has told them of other bands since."""

    def publish_roster(self, bands: list[str]) -> None:
        """Tell them."""

    def gateways(self) -> list[GatewayAt]:
        """Every gateway heard of."""

    def bands(self) -> list[BandAt]:
        """Where each band is."""

    def fights(self) -> list[Fight]:
        """Bands that gateways take from each other."""


def held(registry: Source, admit: Admit, *, site: str, at_s: float) -> list[str]:
    """The bands that gateways of ``site`` are to hold at ``at_s`` [UTC s]: those that somebody wears, or wore a moment
    ago, and may be recorded by. Raises RegistryError."""
    return [band for band in registry.to_hold(site, at_s) if admit(band, at_s).verdict is not Verdict.DROP]


class House(Again):
    """Tells gateways within ``CHECK_S`` of any change which bands to hold: see ``held``. A band of whoever has not
    consented is held by nobody: nothing of it would be kept. Where the registry does not answer, what was said last
    stands."""

    def __init__(
        self, registry: Source, control: Control, *, site: str, admit: Admit, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__("house", every_s=CHECK_S, failing="gateways go on with the bands that they know")
        self._registry = registry
        self._control = control
        self._site = site
        self._admit = admit
        self._clock = clock
        self._said: list[str] | None = None

    def look(self) -> None:
        """Tell gateways anew, if something has changed."""
        bands = held(self._registry, self._admit, site=self._site, at_s=self._clock())
        if bands != self._said or self._control.overruled:
            self._control.publish_roster(bands)
            self._said = bands

    def standing(self) -> Standing:
        """How gateways and bands stand."""
        control = self._control
        return Standing(tuple(control.gateways()), tuple(control.bands()), tuple(control.fights()))
