"""A line that somebody typed in, what is done by hand to which band out; and how a band moves that a hand shakes."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, get_args

import msgspec
import numpy as np

from device_sim.band import SECOND_US
from device_sim.errors import HandError
from ingest.types import Array
from ingest.wire import Packet

Act = Literal["tap", "shake", "still", "off", "on", "charge", "hold", "reboot", "away", "back"]
ACTS: Final[tuple[Act, ...]] = get_args(Act)
WORDS: Final[dict[Act, str]] = {
    "tap": "double-tap it",
    "shake": "take it in the hand and shake it hard, until told otherwise",
    "still": "hold it still in the hand",
    "off": "take it off the wrist, and lay it down",
    "on": "put it on the wrist",
    "charge": "lay it on its charger",
    "hold": "hold its button: for two minutes it lets a gateway bond with it",
    "reboot": "start it anew: its records are counted from 0, its clock too",
    "away": "carry it out of range",
    "back": "bring it back",
}
HELP: Final = "\n".join(
    [
        *(f"  {act + ' BAND':12} {words}" for act, words in WORDS.items()),
        "  BAND is a band's name or number; several: tap 1 2",
        "  help         say this",
    ]
)
LINE_MAX: Final = 200  # letters of a line that is looked at
SHAKES_HZ: Final = 4.3  # hands shake three to six times a second
SHAKEN_G: Final = (1.5, 0.6, 0.4)  # by axis; people who shake a band reach 1 to 2 g: our choice
_WOBBLE: Final = (0.3, 0.7)  # nobody keeps time: turns, Hz
_AXIS_PHASES: Final = (0.0, 1.1, 2.3)
KEPT_TURNS: Final = 64  # more than anybody types in a second


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to which bands, in this order."""

    act: Act
    bands: tuple[str, ...]


def deed_of(line: str, bands: Sequence[str]) -> Deed | Literal["help"] | None:
    """Return what a line asks for: an act and one or more of ``bands``, by name or number; None: an empty line.

    Raises HandError, which says what would be right.
    """
    words = line[:LINE_MAX].split()
    if not words:
        return None
    word = words[0].lower()
    if word in ("help", "?"):
        return "help"
    if word not in ACTS:
        near = get_close_matches(word, ACTS, 1)
        said = f" did you mean {near[0]}?" if near else f" say one of {', '.join(ACTS)}, or help"
        raise HandError(f"{_shown(word)}: nobody can do that to a band;{said}")
    act = next(each for each in ACTS if each == word)
    if len(words) == 1:
        raise HandError(f"{act}: say which band, as in: {act} {bands[0]}")
    return Deed(act, tuple(dict.fromkeys(_band(each, bands) for each in words[1:])))


def _band(word: str, bands: Sequence[str]) -> str:
    if word in bands:
        return word
    if word.isascii() and word.isdigit() and 1 <= int(word) <= len(bands):
        return bands[int(word) - 1]
    there = bands[0] if len(bands) == 1 else f"{bands[0]} to {bands[-1]}"
    raise HandError(f"{_shown(word)}: no such band; there is {there}, or a number from 1 to {len(bands)}")


def _shown(word: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in word[:40])


class Grip:
    """When a band was shaken; times in any one clock [s], in order."""

    def __init__(self) -> None:
        self._turns: deque[tuple[float, bool]] = deque([(-np.inf, False)], maxlen=KEPT_TURNS)

    def turn(self, at_s: float, *, shaken: bool) -> None:
        """From then on it is shaken, or is not."""
        if self._turns[-1][1] != shaken:
            self._turns.append((at_s, shaken))

    def felt(self, motion: Array, *, begin_s: float, end_s: float) -> Array:
        """Return (3, n) g as a band feels it that feels ``motion`` where nobody shakes it; the same array if nobody
        does."""
        n = motion.shape[1]
        at_s = begin_s + (end_s - begin_s) * np.arange(n) / n
        begun = np.array([turn[0] for turn in self._turns])
        shaken = np.array([turn[1] for turn in self._turns])
        on = shaken[np.maximum(np.searchsorted(begun, at_s, side="right") - 1, 0)]
        return motion + np.where(on, shaking(at_s), 0.0) if on.any() else motion


def shaking(at_s: Array) -> Array:
    """What a hard shake adds to a band's motion (3, n) [g] at (n,) moments."""
    wobble = _WOBBLE[0] * np.sin(2 * np.pi * _WOBBLE[1] * at_s)
    phase = 2 * np.pi * (SHAKES_HZ * at_s + wobble)
    return np.stack([g * np.sin(phase + own) for g, own in zip(SHAKEN_G, _AXIS_PHASES, strict=True)])


class Lives:
    """The packets of a band as it names them: numbered and timed anew since it was last rebooted."""

    def __init__(self, boot: int) -> None:
        self._boot = boot
        self._seq = self._tick_us = 0

    def named(self, packet: Packet, boot: int, *, began_us: int) -> Packet | None:
        """Return the packet as one of the band's life ``boot``, the first of which is its number 0; None: it began
        before that life did. ``began_us``: what the band's clock showed when it began."""
        if boot != self._boot:
            if began_us < 0:
                return None
            self._boot, self._seq, self._tick_us = boot, packet.seq, packet.tick_us - SECOND_US - began_us
        if packet.boot == boot:
            return packet
        moved = {
            name: msgspec.structs.replace(samples, tick_us=samples.tick_us - self._tick_us)
            for name, samples in packet.samples().items()
        }
        return msgspec.structs.replace(
            packet, boot=boot, seq=packet.seq - self._seq, tick_us=packet.tick_us - self._tick_us, **moved
        )
