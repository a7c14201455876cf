"""Bands that are near and who wears them in; a list of them in words, each with how it moves, out."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from console.clock import to_the_second
from console.pairing.near import Near
from console.rows import LOW_BATTERY_PCT

TOP_G: Final = 1.5
"""So strongly a band in a shaken hand moves: as high as a trace is drawn."""

WIDE, HIGH = 100.0, 30.0
"""Of a trace, in units of its own."""

BARS: Final = (-85, -75, -65)
"""dBm from which a signal has two, three and four bars of four."""


@dataclass(frozen=True, slots=True)
class NearRow:
    """A band near by: ``who`` wears it, or that it is free; ``moved`` says that it was shaken, ``more`` what else is
    known, ``trace`` how it moved as an SVG path, "" where nothing of it arrives; ``bars`` of four (0: not known).
    ``free``: nobody wears it; ``alone``: it was shaken, and no other one; ``sends``: readings of it arrive."""

    band: str
    who: str
    moved: str
    more: str
    trace: str
    bars: int
    battery: str
    free: bool
    alone: bool
    sends: bool


def near_rows(
    near: Sequence[Near],
    worn: Mapping[str, str],
    *,
    name: Callable[[str], str],
    known: Callable[[str], bool],
    zone: ZoneInfo,
) -> tuple[NearRow, ...]:
    """Return the bands ``near``: free ones first, then by name, so that nothing jumps away under a thumb. ``worn`` maps
    bands to wearers, ``known`` says which are this house's."""
    shaken = [each.band for each in near if each.shaken_s is not None]
    rows = [_row(each, worn.get(each.band), shaken, name=name, known=known(each.band), zone=zone) for each in near]
    return tuple(sorted(rows, key=lambda row: (not row.free, row.band)))


def _row(
    each: Near, wearer: str | None, shaken: Sequence[str], *, name: Callable[[str], str], known: bool, zone: ZoneInfo
) -> NearRow:
    seen = each.seen
    alone = shaken == [each.band]
    moved = ""
    if each.shaken_s is not None:
        others = "No other band moved." if alone else "So did another."
        moved = f"Moved at {to_the_second(each.shaken_s, zone)}. {others}"
    who = "Free" if wearer is None else f"{name(wearer)} wears it"
    said = []
    if seen is not None:
        said += [word for word, so in (("on the charger", seen.charging), ("on skin", seen.worn)) if so]
        said += ["waits to be paired"] if seen.pairing else []
        said += [f"firmware {seen.firmware}"] if seen.firmware else []
    said += [] if known else ["new here"]
    said += [f"at {each.gateway}"] if each.gateway else []
    battery = None if seen is None else seen.battery
    low = battery is not None and battery <= LOW_BATTERY_PCT
    return NearRow(
        band=each.band,
        who=who,
        moved=moved,
        more=", ".join(said),
        trace=trace(each.moved_g) if each.sends else "",
        bars=0 if seen is None or seen.rssi is None else 1 + sum(seen.rssi >= dbm for dbm in BARS),
        battery="" if battery is None else f"{battery} %{', charge it first' if low else ''}",
        free=wearer is None,
        alone=alone,
        sends=each.sends,
    )


def trace(moved_g: Sequence[float]) -> str:
    """Return how a band moved as an SVG path: a line that swings as far as the band did, broken where nothing is known.

    The swing is drawn to both sides in turn, because what is known of half a second is how strong it was, not where to.
    """
    said, pen = [], "M"
    step = WIDE / max(1, len(moved_g) - 1)
    for place, strength in enumerate(moved_g):
        if not math.isfinite(strength):
            pen = "M"
            continue
        swing = min(1.0, strength / TOP_G) * (HIGH / 2 - 1) * (1 if place % 2 else -1)
        said.append(f"{pen}{place * step:.1f} {HIGH / 2 + swing:.1f}")
        pen = "L"
    return "".join(said)
