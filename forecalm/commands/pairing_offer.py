"""A band that staff pair in, the site's gateways let at it for a while, and whether anything of it arrives, out."""

import time
from collections.abc import Sequence
from typing import Final

from forecalm.commands.pairing_ear import Ear
from forecalm.config import Config
from forecalm.house import held
from ingest.control.messages import Roster
from ingest.registry.registry import Registry

OFFER_S: Final = 120.0  # how long gateways may connect to a band for a pairing; said anew while it goes on
SOON_S: Final = 1.0  # between two words on the same: the service's roster and ours may cross
ARRIVES_S: Final = 60.0  # bonds of every adapter, the race, and the first readings, of a band that nobody knew
BEAT_S: Final = 0.1


class Offer:
    """Says to the gateways of a site, beside its bands, which one is being paired."""

    def __init__(self, ear: Ear, registry: Registry, config: Config) -> None:
        self._ear, self._registry, self._config = ear, registry, config
        self._said_s = 0.0

    def say(self, pairing: Sequence[str]) -> None:
        """These are being paired from now on; none: it is over."""
        now_s = time.time()
        self._said_s = now_s
        admit = self._registry.admissions().admit
        self._ear.line.offer(
            Roster(
                v=1,
                at_us=round(now_s * 1e6),
                bands=sorted(held(self._registry, admit, site=self._config.site.name, at_s=now_s)),
                pairing=list(pairing),
                pairing_until_us=round((now_s + OFFER_S) * 1e6) if pairing else 0,
            )
        )

    def keep(self, band: str) -> None:
        """Say again that the band is being paired, in time, and where the service has published another roster."""
        roster, now_s = self._ear.hearing.roster, time.time()
        if now_s - self._said_s < SOON_S:
            return
        if roster is None or band not in roster.pairing or now_s - self._said_s > OFFER_S / 2:
            self.say([band])


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
