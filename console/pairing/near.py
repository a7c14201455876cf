"""What is heard of a site in; every band that is near or sends, how it moved lately, and who is away, out."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from console.pairing.gesture import BIN_S, NOTHING, SHAKEN_G, Movement
from console.pairing.hearing import Hearing
from ingest.control.messages import Seen

SHOWN_S: Final = 12.0  # of movement: as long as a gesture takes
SENDS_S: Final = 5.0  # a band sends each second: who has not for so long does not


@dataclass(frozen=True, slots=True)
class Near:
    """A band: at which gateway ("": it sends without one), what that has of it (None: nothing), how strongly it moved
    in each half second of the last ``SHOWN_S`` [g, NaN where nothing was heard], when it was shaken last [UTC s, None:
    not lately], and whether it sends."""

    band: str
    gateway: str
    seen: Seen | None
    moved_g: tuple[float, ...]
    shaken_s: float | None
    sends: bool


def near_of(hearing: Hearing, now_s: float) -> list[Near]:
    """Return every band that is on a gateway's radio at ``now_s``, or sends, by name."""
    radio = {each.band: each for each in hearing.nearby(now_s)}
    held = {each.band: each for each in hearing.bands(now_s) if each.gateway is not None}
    sending = {band for band in hearing.bands_heard() if now_s - hearing.last_heard_s(band) < SENDS_S}
    found = []
    for band in sorted(radio.keys() | sending):
        at, moved = radio.get(band), hearing.moved.get(band, NOTHING)
        gateway = at.gateway if at else (held[band].gateway or "") if band in held else ""
        seen = at.seen if at else held[band].status.seen if band in held else None
        found.append(Near(band, gateway, seen, lately(moved, now_s), shaken_s(moved, now_s), band in sending))
    return found


def lately(moved: Movement, now_s: float) -> tuple[float, ...]:
    """Return how strongly a band moved [g] in each half second of the last ``SHOWN_S``, the oldest first."""
    count = round(SHOWN_S / BIN_S)
    shown = np.full(count, np.nan)
    places = count - 1 - np.floor((now_s - moved.end_s) / BIN_S).astype(np.int64)
    inside = (places >= 0) & (places < count)
    shown[places[inside]] = moved.strength_g[inside]
    return tuple(float(each) for each in shown)


def shaken_s(moved: Movement, now_s: float) -> float | None:
    """Return when a band was shaken last, in the last ``SHOWN_S``; None: it was not."""
    lately = (moved.end_s > now_s - SHOWN_S) & (moved.strength_g >= SHAKEN_G)
    return float(moved.end_s[lately][-1]) if lately.any() else None


def gateways_away(hearing: Hearing, now_s: float) -> str:
    """Return, in words, which gateways are away or deaf where that is all of them; "" where one hears, or bands send
    without any."""
    gateways = hearing.gateways(now_s)
    if not gateways or any(each.online and not each.deaf for each in gateways):
        return ""
    last_s = max((hearing.last_heard_s(band) for band in hearing.bands_heard()), default=-math.inf)
    if now_s - last_s < SENDS_S:
        return ""
    names = " and ".join(sorted(each.gateway for each in gateways))
    return f"{names} {'is' if len(gateways) == 1 else 'are'} away"
