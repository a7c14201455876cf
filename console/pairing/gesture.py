"""How bands moved since a prompt, and who tapped theirs, in; whether it is this band that is in somebody's hand, out.

The prompt asks for shaking, holding still, and shaking again. A band on a child who runs, rocks or flaps moves as much,
but does not stop and go on when a stranger is told to: what is asked for is the agreement with the prompt, and that no
other band agrees with it too. Lengths are drawn anew for every prompt, so that no habit of moving keeps fitting.
docs/pairing.md says how often other movement was taken for it.

Two double taps say the same, and are held against the same: nothing is said of either gesture before another band's can
have arrived, and a band that could not have been heard meanwhile leaves it open (``Answer.UNSURE``).
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import Array

BIN_S: Final = 0.5  # a hand shakes three to six times a second: every bin holds more than one swing
SHAKEN_G: Final = 0.5  # about its mean; a band shaken in a hand has 1 to 2 g, brisk walking 0.3 g at the wrist
STILL_G: Final = 0.12  # a band held in a hand has 0.02 to 0.06 g
SHAKEN_SHARE: Final = 0.75  # of the bins: people change their grip
REACTION_S: Final = 1.0  # from the word to the hand, once more than the first time: bins after a change say nothing
LATEST_S: Final = 3.0  # packets hold a second and come by radio and broker; people read first
TURNS: Final = 4  # shake, still, shake, still
SHORTEST_S, LONGEST_S = 2.0, 3.5  # of a turn: with less there is nothing left after the reaction
TAPS: Final = 2  # double taps: one happens by itself when a child drums on a table
TAPS_APART_S: Final = (1.0, 8.0)
TAPS_TOO_MANY: Final = 4  # who drums goes on drumming


class Answer(StrEnum):
    """What came of a prompt."""

    WAITING = "waiting"  # what was asked for, or speaks against it, may still come
    THIS = "this"  # this band, and no other
    OTHER = "other"  # another band, and not this one
    SEVERAL = "several"  # more than one: nobody can tell
    UNSURE = "unsure"  # this band; but another could not be heard meanwhile, and may have done the same
    NONE = "none"  # none did


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long to shake, hold still, shake, ... [s]; every other turn, from the first, is shaking."""

    turns_s: tuple[float, ...]

    @property
    def length_s(self) -> float:
        """How long all of it takes."""
        return sum(self.turns_s)

    def shaking_at(self, second: float) -> bool | None:
        """Whether to shake that long after the prompt; None: it is over, or has not begun."""
        for i, length in enumerate(self.turns_s):
            if 0 <= second < length:
                return i % 2 == 0
            second -= length
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """How strongly a band moved [g] in half seconds that ended at ``end_s`` by our clock: (n,) each, in order."""

    end_s: Array
    strength_g: Array


NOTHING: Final = Movement(np.empty(0), np.empty(0))


def new_rhythm(chance: random.Random) -> Rhythm:
    """Draw the lengths of a prompt, in half seconds."""
    steps = round((LONGEST_S - SHORTEST_S) / BIN_S)
    return Rhythm(tuple(SHORTEST_S + BIN_S * chance.randint(0, steps) for _ in range(TURNS)))


def strength(motion: Array, rate_hz: float) -> Array:
    """Return how strongly each whole half second of (3, n) g moved about its own mean [g], (m,), counted from the end;
    NaN where less than half of it is known."""
    per = max(2, round(BIN_S * rate_hz))
    count = motion.shape[1] // per
    cut = motion[:, motion.shape[1] - count * per :].reshape(3, count, per)
    known = np.isfinite(cut).all(axis=0)
    enough = known.sum(axis=-1) * 2 >= per
    weight = np.where(known, 1.0, 0.0)
    total = np.maximum(weight.sum(axis=-1), 1.0)
    filled = np.where(known, cut, 0.0)
    mean = filled.sum(axis=-1) / total
    spread = (weight * (filled - mean[..., None]) ** 2).sum(axis=(0, -1)) / total
    return np.where(enough, np.sqrt(spread), np.nan)


def joined(before: Movement, strength_g: Array, end_s: float, *, keep_s: float = 60.0) -> Movement:
    """Return a movement with the half seconds of a packet that ended at ``end_s`` after it; old ones are forgotten.

    What arrives late, or twice, and would lie among what is known already is left out.
    """
    ends = end_s - BIN_S * np.arange(len(strength_g) - 1, -1, -1)
    last = before.end_s[-1] if len(before.end_s) else -math.inf
    fresh, kept = ends > last + BIN_S / 2, before.end_s > end_s - keep_s
    return Movement(
        np.concatenate([before.end_s[kept], ends[fresh]]), np.concatenate([before.strength_g[kept], strength_g[fresh]])
    )


def follows(moved: Movement, rhythm: Rhythm, prompt_s: float) -> bool:
    """Whether a band moved as it was asked to at ``prompt_s``, at any one delay of up to ``LATEST_S``."""
    return any(_agrees(moved, rhythm, prompt_s + lag) for lag in _lags())


def may_follow(moved: Movement, rhythm: Rhythm, prompt_s: float) -> bool:
    """Whether nothing of what is known of a band, which may be little, speaks against its having moved as asked."""
    return any(_agrees(moved, rhythm, prompt_s + lag, holes=True) for lag in _lags())


def may_be_shaking(moved: Movement, rhythm: Rhythm, prompt_s: float) -> bool:
    """Whether a band has been shaken since ``prompt_s``, and nothing that is known of it by now, of which the latest is
    still on its way, speaks against its doing as asked."""
    since = moved.strength_g[moved.end_s > prompt_s]
    return bool((since >= SHAKEN_G).any()) and may_follow(moved, rhythm, prompt_s)


def told(
    moved: Mapping[str, Movement],
    taps: Mapping[str, Sequence[float]],
    band: str,
    rhythm: Rhythm,
    *,
    prompt_s: float,
    now_s: float,
    unheard: Collection[str] = (),
) -> Answer:
    """Return what came of a prompt so far, by whichever of the two gestures.

    While another band may be being shaken as asked, double taps of this one wait until all was asked for: whoever holds
    that one does as they read, and a wearer who drums must not answer in their place. What it did at the end may come
    twice as late as anything should; then nobody can tell. ``unheard`` are bands of which
    nobody knows what they did for a part of the time.
    """
    shaken = answer(moved, band, rhythm, prompt_s=prompt_s, now_s=now_s, unheard=unheard)
    by_taps = tapped(taps, band, prompt_s=prompt_s, now_s=now_s, unheard=unheard)
    if by_taps is Answer.NONE:
        return shaken
    if by_taps is not Answer.THIS:
        return by_taps
    if shaken in (Answer.OTHER, Answer.SEVERAL):
        return Answer.SEVERAL
    others = (each for name, each in moved.items() if name != band)
    if any(may_be_shaking(each, rhythm, prompt_s) for each in others):
        return Answer.WAITING if now_s < prompt_s + rhythm.length_s + 2 * LATEST_S else Answer.UNSURE
    return Answer.UNSURE if shaken is Answer.UNSURE else Answer.THIS


def answer(
    moved: Mapping[str, Movement],
    band: str,
    rhythm: Rhythm,
    *,
    prompt_s: float,
    now_s: float,
    unheard: Collection[str] = (),
) -> Answer:
    """Return what came of a prompt by shaking: nothing is said before everything asked for can have arrived.

    ``moved`` holds every band that sends, not only those that are paired with. One that was ``unheard`` for a part of
    the time leaves it open only where all that is known of it agrees: a wrist that lay still while shaking was asked
    for is not the one in the hand, whatever else is not known of it.
    """
    if now_s < prompt_s + rhythm.length_s + LATEST_S + BIN_S:
        return Answer.WAITING
    others = [name for name, each in moved.items() if name != band and follows(each, rhythm, prompt_s)]
    if not follows(moved.get(band, NOTHING), rhythm, prompt_s):
        return Answer.OTHER if others else Answer.NONE
    if others:
        return Answer.SEVERAL
    perhaps = (moved.get(name, NOTHING) for name in unheard if name != band)
    return Answer.UNSURE if any(may_follow(each, rhythm, prompt_s) for each in perhaps) else Answer.THIS


def tapped(
    taps: Mapping[str, Sequence[float]],
    band: str,
    *,
    prompt_s: float,
    now_s: float,
    unheard: Collection[str] = (),
) -> Answer:
    """Return what came of a prompt by double taps, each at its moment [s]: this band twice, a second to eight apart.

    It is held back for ``LATEST_S`` after the second: so late may what another band says arrive, and somebody who holds
    two taps both within a fraction of a second. Another band that was tapped twice since the prompt speaks against it
    whenever that was. Tapped once, it does so from ``LATEST_S`` before the first tap of this band to ``LATEST_S``
    after the last: a detector misses every other tap of a hand that holds both. A single one at any other time is no
    answer to the prompt, and in a house full of wearers somebody knocks on a table now and then. An ``unheard`` band
    leaves it open: a tap that is not heard leaves nothing else to go by. NONE: nothing that counts, so far.
    """
    since = {name: sorted(at_s for at_s in each if prompt_s <= at_s <= now_s) for name, each in taps.items()}
    mine = since.pop(band, [])
    twice = [each[TAPS - 1] for each in since.values() if len(each) >= TAPS]
    if len(mine) < TAPS and twice:
        return Answer.OTHER if now_s >= min(twice) + LATEST_S else Answer.WAITING
    pairs = [b for a, b in pairwise(mine) if TAPS_APART_S[0] <= b - a <= TAPS_APART_S[1]]
    if len(mine) >= TAPS_TOO_MANY or not pairs:
        return Answer.NONE
    if now_s < pairs[0] + LATEST_S:
        return Answer.WAITING
    low_s, high_s = mine[0] - LATEST_S, mine[-1] + LATEST_S
    if twice or any(low_s <= at_s <= high_s for each in since.values() for at_s in each):
        return Answer.SEVERAL
    return Answer.UNSURE if set(unheard) - {band} else Answer.THIS


def _lags() -> NDArray[np.float64]:
    """The delays [s] at which a band may have done as asked."""
    return np.arange(0.0, LATEST_S + BIN_S / 2, BIN_S)


def _agrees(moved: Movement, rhythm: Rhythm, began_s: float, *, holes: bool = False) -> bool:
    """Whether a band moved so from ``began_s`` on; with ``holes``, as far as that is known."""
    turn_s = began_s
    for i, length in enumerate(rhythm.turns_s):
        inside = _inside(moved, turn_s + REACTION_S, turn_s + length)
        turn_s += length
        needed = round((length - REACTION_S) / BIN_S)
        if len(inside) < needed and not holes:  # a hole is no stillness
            return False
        if not len(inside):
            continue
        shaken = i % 2 == 0
        if (inside >= SHAKEN_G).mean() < SHAKEN_SHARE if shaken else (inside > STILL_G).any():
            return False
    return True


def _inside(moved: Movement, low_s: float, high_s: float) -> NDArray[np.float64]:
    """The known half seconds that lie in a stretch, to a quarter of a second."""
    ends, slack = moved.end_s, BIN_S / 2
    within = (ends - BIN_S >= low_s - slack) & (ends <= high_s + slack) & np.isfinite(moved.strength_g)
    return moved.strength_g[within]
