"""A band that staff pair in, the site's gateways let at it for a while, and whether anything of it arrives, out."""

import time
from collections.abc import Sequence
from typing import Final

from console.errors import PairingError
from console.pairing.offering import Offering
from forecalm.commands.pairing_ear import Ear
from forecalm.config import Config
from forecalm.house import held
from ingest.registry.registry import Registry

ARRIVES_S: Final = 60.0  # bonds of every adapter, the race, and the first readings, of a band that nobody knew
BEAT_S: Final = 0.1


class Offer:
    """Says to the gateways of a site, beside its bands, which one is being paired."""

    def __init__(self, ear: Ear, registry: Registry, config: Config) -> None:
        def bands() -> list[str]:
            admit = registry.admissions().admit
            return list(held(registry, admit, site=config.site.name, at_s=time.time()))

        self._ear, self._offering = ear, Offering(ear.line, bands)

    def say(self, pairing: Sequence[str]) -> None:
        """These are being paired from now on; none: it is over."""
        if pairing:
            self._offering.say(pairing, time.time())
        else:
            self._offering.end(self._ear.hearing.roster, time.time())

    def keep(self, band: str) -> None:
        """Say again that the band is being paired, in time, and where the service has published another roster. Raises
        PairingError where somebody else pairs another one by the same broker."""
        against = self._offering.keep([band], self._ear.hearing.roster, time.time())
        if against:
            raise PairingError(f"{' and '.join(against)}: somebody else is pairing that: wait until it is done")


def arrives(ear: Ear, registry: Registry, config: Config, band: str) -> bool:
    """Offer a band to the gateways until readings of it arrive; False: none did in time."""
    began_s = time.time()
    offer = Offer(ear, registry, config)
    try:
        while ear.listen().last_heard_s(band) < began_s:
            if time.time() - began_s > ARRIVES_S:
                return False
            offer.keep(band)
            time.sleep(BEAT_S)
        return True
    finally:
        offer.say([])
