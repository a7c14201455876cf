"""Control messages of a site in; which gateways there are, which band is where, who is nearby, out. No clocks.

``now_us`` is UTC by our clock when something was heard, or is asked; a message's own times are its sender's clock's.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from ingest.control.messages import BandStatus, GatewayStatus, Nearby, Seen
from ingest.control.reading import BandSaid, GatewaySaid

SILENT_US: Final = 45_000_000  # a gateway speaks every 10 s, and a broker notices its end after 30 s
AHEAD_US: Final = 5_000_000  # clocks of a house differ by less; whoever is further ahead tells nothing by its clock
DEAF_US: Final = 60_000_000  # no advert and no packet of anybody for so long: something is wrong with the radio
NEARBY_US: Final = 5_000_000  # a band not heard for so long is not nearby any more
FIGHT_US: Final = 120_000_000  # within which
FIGHT_MIN: Final = 3  # changes from one gateway to another are a fight, not a walk through the house
CHANGES_MAX: Final = 32  # remembered of a band: more than a fight has
BANDS_MAX: Final = (
    10_000  # bands or gateways remembered: more than a site has, and few enough if somebody makes them up
)
GATEWAYS_MAX: Final = 64  # that speak of one band: the one that spoke longest ago goes


@dataclass(frozen=True, slots=True)
class GatewayAt:
    """A gateway: what it said last, and when that was heard.

    ``online``: it said so, and not too long ago. ``deaf``: online, but its radio has heard nothing for a minute.
    """

    gateway: str
    status: GatewayStatus
    heard_us: int
    online: bool
    deaf: bool


@dataclass(frozen=True, slots=True)
class BandAt:
    """A band: where it is connected (``gateway`` None: nowhere) since when, by that gateway's clock, and what was
    said of it last, by whom, and when that was heard."""

    band: str
    gateway: str | None
    since_us: int | None
    status: BandStatus
    heard_us: int


@dataclass(frozen=True, slots=True)
class BandNear:
    """A band on somebody's radio: the gateway that hears it best, what that one has of it, and who else hears it."""

    band: str
    gateway: str
    seen: Seen
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fight:
    """Gateways that take a band from each other: ``changes`` in the last two minutes."""

    band: str
    gateways: tuple[str, ...]
    changes: int


@dataclass(frozen=True, slots=True)
class _Said:
    """What a gateway said last of a band, when that was heard, and when it was first heard to stand so."""

    status: BandStatus
    heard_us: int
    begun_us: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How gateways and bands of a site stand with each other."""

    gateways: tuple[GatewayAt, ...] = ()
    bands: tuple[BandAt, ...] = ()
    fights: tuple[Fight, ...] = ()


class Picture:
    """The latest of everything."""

    def __init__(self) -> None:
        self._gateways: dict[str, tuple[GatewayStatus, int]] = {}
        self._behind_us: dict[str, int] = {}  # our clock against a gateway's, by its last live words
        self._bands: dict[str, dict[str, _Said]] = {}  # by band, then gateway, the newest last
        self._changes: dict[str, deque[tuple[int, str]]] = {}
        self._near: dict[str, dict[str, tuple[Seen, int]]] = {}  # by band, then gateway

    def hear(self, said: GatewaySaid | BandSaid | Nearby, now_us: int, *, retained: bool) -> None:
        """Take in what was said; ``retained``: the broker had it from before."""
        match said:
            case GatewaySaid():
                self.hear_gateway(said.gateway, said.status, now_us, retained=retained)
            case BandSaid():
                self.hear_band(said.band, said.gateway, said.status, now_us)
            case Nearby():
                self.hear_nearby(said, now_us)

    def hear_gateway(self, gateway: str, status: GatewayStatus, now_us: int, *, retained: bool = False) -> None:
        """Take in a gateway's status. One that the broker had from before is as old as the gateway's clock says, that
        clock being as wrong as its last live words showed, or else right: a gateway may be long gone."""
        if gateway not in self._gateways and len(self._gateways) >= BANDS_MAX:
            return
        heard_us = now_us
        if retained:
            heard_us = status.at_us + self._behind_us.get(gateway, 0)
            if heard_us > now_us + AHEAD_US:  # nobody knows how old it is: it counts as soon as the gateway speaks
                heard_us = now_us - SILENT_US - 1
        else:
            self._behind_us[gateway] = now_us - status.at_us
        self._gateways[gateway] = status, min(heard_us, now_us)

    def hear_band(self, band: str, gateway: str, status: BandStatus | None, now_us: int) -> None:
        """Take in how a gateway stands with a band; None: it has nothing to do with it any more."""
        if status is None:
            if self._bands.get(band, {}).pop(gateway, None) is not None and not self._bands[band]:
                del self._bands[band]
                self._changes.pop(band, None)
            return
        if band not in self._bands and len(self._bands) >= BANDS_MAX:
            return
        said = self._bands.setdefault(band, {})
        before = said.pop(status.gateway, None)
        if before is None and len(said) >= GATEWAYS_MAX:
            said.pop(next(iter(said)))
        same = before is not None and _holding(before.status) and before.status.since_us == status.since_us
        begun_us = before.begun_us if before is not None and same else now_us
        said[status.gateway] = _Said(status, now_us, begun_us)
        if _holding(status) and not same:
            changes = self._changes.setdefault(band, deque(maxlen=CHANGES_MAX))
            if not changes or changes[-1][1] != status.gateway:
                changes.append((now_us, status.gateway))

    def hear_nearby(self, nearby: Nearby, now_us: int) -> None:
        """Take in who is on a gateway's radio."""
        fresh = {
            band: {
                gateway: (seen, at_us)
                for gateway, (seen, at_us) in by_gateway.items()
                if gateway != nearby.gateway and now_us - at_us <= NEARBY_US
            }
            for band, by_gateway in self._near.items()
        }
        self._near = {band: by_gateway for band, by_gateway in fresh.items() if by_gateway}
        for seen in nearby.bands:
            room = seen.band in self._near or len(self._near) < BANDS_MAX
            if room and nearby.at_us - seen.heard_us <= NEARBY_US:
                by_gateway = self._near.setdefault(seen.band, {})
                if len(by_gateway) < GATEWAYS_MAX:
                    by_gateway[nearby.gateway] = seen, now_us

    def gateways(self, now_us: int) -> list[GatewayAt]:
        """Every gateway ever heard of, by name in order."""
        found = []
        for name, (status, heard_us) in sorted(self._gateways.items()):
            online = status.online and now_us - heard_us <= SILENT_US
            heard_radio_us = status.since_us if status.radio_us is None else status.radio_us
            deaf = online and status.links_max > 0 and status.at_us - heard_radio_us > DEAF_US
            found.append(GatewayAt(name, status, heard_us, online, deaf))
        return found

    def bands(self, now_us: int) -> list[BandAt]:
        """Every band ever spoken of, by name in order. One that a gateway holds that is not online is nowhere."""
        online = {gateway.gateway for gateway in self.gateways(now_us) if gateway.online}
        found = []
        for band, said in sorted(self._bands.items()):
            last = next(reversed(said.values()))
            holders = [one for one in said.values() if _holding(one.status) and one.status.gateway in online]
            if not holders:
                found.append(BandAt(band, None, None, last.status, last.heard_us))
                continue
            here = max(holders, key=lambda one: one.begun_us)
            found.append(BandAt(band, here.status.gateway, here.status.since_us, here.status, here.heard_us))
        return found

    def reasons(self, band: str, now_us: int) -> dict[str, str]:
        """Why gateways that are online do not have a band, as each said itself, by gateway in order."""
        online = {gateway.gateway for gateway in self.gateways(now_us) if gateway.online}
        said = self._bands.get(band, {})
        return {
            name: said[name].status.reason
            for name in sorted(said)
            if name in online and said[name].status.reason and not _holding(said[name].status)
        }

    def fights(self, now_us: int) -> list[Fight]:
        """The bands that gateways take from each other."""
        found = []
        for band, changes in sorted(self._changes.items()):
            late = [gateway for at_us, gateway in changes if now_us - at_us <= FIGHT_US]
            if len(late) - 1 >= FIGHT_MIN:
                found.append(Fight(band, tuple(sorted(set(late))), len(late) - 1))
        return found

    def nearby(self, now_us: int) -> list[BandNear]:
        """The bands on any radio, the best heard first."""
        found = []
        for band, by_gateway in self._near.items():
            heard = {gateway: seen for gateway, (seen, at_us) in by_gateway.items() if now_us - at_us <= NEARBY_US}
            if heard:
                best = max(heard, key=lambda gateway: _strength(heard[gateway]))
                found.append(BandNear(band, best, heard[best], tuple(sorted(set(heard) - {best}))))
        return sorted(found, key=lambda near: (-_strength(near.seen), near.band))


def _holding(status: BandStatus) -> bool:
    return status.state == "connected"


def _strength(seen: Seen) -> float:
    return -200.0 if seen.rssi is None else float(seen.rssi)
