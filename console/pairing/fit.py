"""The first seconds of a band on a wrist in, what to mend about its fit in plain words out; unknown is said to be so.

The operators of ``signals`` see the seconds; here is only what their answers mean to whoever holds the wrist. A pulse
that is not seen within 15 s is no proof of a loose band (docs/pairing.md has the figures): it is said as what to try.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.assemble import whole
from ingest.received import Received
from ingest.types import CHANNELS, Array, Tick
from signals.engine import Engine
from signals.features import column

LONGEST_S: Final = 15  # so long a wrist is held still for somebody
SHORTEST_S: Final = 8  # before it "worn" and pulse are seldom known, and everything looks like a fault
LATELY_S: Final = 5  # what is so now, and not while the strap was being closed
MOVING_G: Final = 0.1  # pulses are lost above it
PULSE_QUALITY: Final = 0.4  # share of 10 s; of bands off the wrist under 1 % have as much
PULSE_COVERAGE: Final = 0.25
DRY_US: Final = 0.05  # as ``signals.skin.wear``
COLD_C: Final = 28.0  # vessels are narrow below it; a worn E4 has 26 to 36 degC
TOUCHING: Final = 0.9  # a share of the seconds below which contact comes and goes


class Mend(StrEnum):
    """What is to be done, or that nothing is."""

    FINE = "fine"
    NOT_ON_SKIN = "not on skin"
    TOO_LOOSE = "too loose"
    COLD_SKIN = "cold skin"
    DRY = "electrode dry"
    MOVING = "moving"
    NO_PULSE = "no pulse"
    CANNOT_TELL = "cannot tell yet"
    NOTHING_ARRIVES = "nothing arrives"


WORDS: Final = {
    Mend.FINE: "It sits well.",
    Mend.NOT_ON_SKIN: "It does not touch skin. Put it on, sensors on the skin, a finger above the wrist bone.",
    Mend.TOO_LOOSE: "Too loose: contact comes and goes. Close it one hole tighter; a finger should just fit under it.",
    Mend.COLD_SKIN: "Cold skin: no pulse comes through. Warm the hand, or wait a few minutes; then check again.",
    Mend.DRY: "The electrodes are dry, or do not touch. A drop of water on them helps; then check again.",
    Mend.MOVING: "The arm moves too much to tell. Hold it still for ten seconds.",
    Mend.NO_PULSE: "No pulse yet. Move it up a finger's width, one hole tighter, and hold still.",
    Mend.CANNOT_TELL: "Cannot tell yet: keep still.",
    Mend.NOTHING_ARRIVES: "Nothing of the band arrives, so nobody would be watched by it.",
}
"""What staff read."""

NOT_YET: Final = "Nothing of it has arrived yet."
UNTOLD: Final = "Is it charged, near a gateway, and free of other phones?"


@dataclass(frozen=True, slots=True)
class Fit:
    """A verdict, what it rests on in words, and whether more seconds could change it; ``why`` nothing more of the band
    arrived, where that is known."""

    mend: Mend
    seconds: int
    known: tuple[str, ...]
    final: bool
    why: str = ""

    @property
    def words(self) -> str:
        """What to tell whoever holds the wrist."""
        if not (self.heard or self.final):
            return NOT_YET
        return f"{WORDS[self.mend]} {self.why}".strip()

    @property
    def heard(self) -> bool:
        """Whether anything of the band arrived while it was checked: what is out of reach protects nobody."""
        return self.mend is not Mend.NOTHING_ARRIVES

    @property
    def told(self) -> bool:
        """Whether anything is known of how it sits."""
        return self.mend not in (Mend.CANNOT_TELL, Mend.NOTHING_ARRIVES)

    def ended(self, gateways: str) -> "Fit":
        """The same once nobody waits for more of it; ``gateways``: what they say of a band that is not there."""
        if self.final or self.mend is Mend.MOVING:
            return self
        if not self.heard:
            return replace(self, final=True, why=sentence(gateways or UNTOLD))
        some = f"Only {self.seconds} s of its readings arrived in time."
        return replace(self, final=True, why=f"{some} {sentence(gateways)}".strip())


NOTHING: Final = Fit(Mend.NOTHING_ARRIVES, 0, (), final=False)
"""Of a band of which nothing has arrived since its check began."""


def sentence(said: str) -> str:
    """Words of a gateway as they stand beside others: they have no full stop."""
    return said if not said or said.endswith((".", "?", "!")) else f"{said}."


def check(received: Sequence[Received]) -> Fit:
    """Return what the packets of one band since it was put on say of its fit; the last ``LONGEST_S`` count."""
    if not received:
        return NOTHING
    tick = whole(received)
    return check_tick(_last(tick, LONGEST_S)) if tick.seconds else Fit(Mend.CANNOT_TELL, 0, (), final=False)


def check_tick(tick: Tick) -> Fit:
    """The same of one row on the analysis grid, which begins when the band was put on."""
    found = Engine(rows=1).push(tick).features[0]
    mend, known = judge(found)
    seconds = tick.seconds
    if seconds < SHORTEST_S and mend is not Mend.MOVING:
        mend = Mend.CANNOT_TELL
    return Fit(mend, seconds, known, final=seconds >= LONGEST_S or (mend is Mend.FINE and seconds >= SHORTEST_S))


def judge(features: Array) -> tuple[Mend, tuple[str, ...]]:
    """Return what features (n, F) of the seconds since a band was put on say, and what was known."""
    late = features[-LATELY_S:]
    worn = _last_known(late[:, column("worn")])
    motion, quality = late[:, column("motion_g")], late[:, column("ppg_quality")]
    coverage = late[:, column("beat_coverage")]
    level, contact = late[:, column("eda_level_uS")], features[:, column("eda_contact")]
    warmth = _last_known(late[:, column("temperature_C")])
    pulsing = _any(quality >= PULSE_QUALITY) or _any(coverage >= PULSE_COVERAGE)
    optical = bool(np.isfinite(quality).any() or np.isfinite(coverage).any())
    has_eda = bool(np.isfinite(contact).any())
    touching = float(np.nanmean(contact)) if has_eda else 1.0
    dry = has_eda and not _any(level >= DRY_US)
    known = tuple(
        name
        for name, there in (
            ("skin contact", np.isfinite(worn)),
            ("pulse", optical),
            ("sweat", has_eda),
            ("temperature", np.isfinite(warmth)),
            ("movement", bool(np.isfinite(motion).any())),
        )
        if there
    )
    if worn == 0 and not pulsing:
        return Mend.NOT_ON_SKIN, known
    if _any(motion >= MOVING_G) and not pulsing:
        return Mend.MOVING, known
    if not np.isfinite(worn) and not pulsing:
        return Mend.CANNOT_TELL, known
    if pulsing or not optical:
        return (Mend.DRY if dry else Mend.TOO_LOOSE if touching < TOUCHING else Mend.FINE), known
    if dry or touching < TOUCHING:
        return Mend.TOO_LOOSE, known
    return (Mend.COLD_SKIN if warmth < COLD_C else Mend.NO_PULSE), known


def _last(tick: Tick, seconds: int) -> Tick:
    """The last seconds of a tick."""
    first = max(0, tick.seconds - seconds)

    def cut(x: Array) -> Array:
        return x[..., first * (x.shape[-1] // tick.seconds) :]

    return Tick(
        start_s=tick.start_s + first,
        eda=cut(tick.eda),
        temperature=cut(tick.temperature),
        ppg=cut(tick.ppg),
        motion=cut(tick.motion),
        ibi=cut(tick.ibi),
        contact=None if tick.contact is None else cut(tick.contact),
    )


def _last_known(x: Array) -> float:
    known = x[np.isfinite(x)]
    return float(known[-1]) if len(known) else float("nan")


def _any(x: NDArray[np.bool_]) -> bool:
    return bool(x.any())


def warm() -> None:
    """Load what is compiled, so that the first check does not take seconds."""
    nothing = {
        name: np.full((1, *((channel.axes,) if channel.axes > 1 else ()), channel.grid_hz), np.nan)
        for name, channel in CHANNELS.items()
    }
    Engine(rows=1).push(Tick(start_s=np.zeros(1, np.int64), **nothing))
