"""Heartbeats of tablets in; which of them can sound an alert now, and why one cannot, out. In memory: a tablet says
itself again within seconds of a restart."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BEAT_EVERY_S: Final = 5.0
"""A page beats this often while it is in front: cheap, and two may be lost before anybody is told."""

BEAT_MAX_S: Final = 13.5
"""An older beat proves nothing any more. Below the promised 15 s by what looking once a second and telling take, so
that a tablet that dies just after a beat is told of within 15 s."""

TESTED_MAX_S: Final = 12 * 3600.0
"""A sound that a person heard longer ago counts no more: the longest shift. Whoever begins one hears it anew, for
volume and headphones change between people."""

AHEAD_MAX_S: Final = 60.0
"""A test that lies further ahead is one of another clock: nobody knows when it was, so it counts as none."""

FORGOTTEN_S: Final = 86_400.0
"""A tablet not heard for a day has been put away, or its page has another key now."""

TABLETS_MAX: Final = 1_000
"""Tablets remembered: more than a house has, few enough if somebody makes them up. The one longest unheard goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a page says of itself every ``BEAT_EVERY_S``.

    ``foreground``: it is in front, its screen on. ``able``: a person has touched it, so that its browser lets it sound.
    ``tested_s``: when a person last heard it sound, in the server's time [UTC s]; None: never. ``push``: it has a push
    subscription, so that ``carer`` ("": nobody said) is reached though it sleeps.
    """

    foreground: bool
    able: bool
    tested_s: float | None = None
    push: bool = False
    carer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tablet:
    """One tablet now. ``why`` it cannot sound is a plain sentence, "" where it can; ``at_s`` [UTC s]: its last beat."""

    tablet: str
    at_s: float
    can_sound: bool
    why: str
    muted: bool = False
    push: bool = False
    carer: str = ""


def _never(_: str, __: float) -> None:
    """No tablet is muted where nobody keeps duty."""


class Tablets:
    """Every tablet that beats. Thread-safe; reads no clock. ``muted_until(tablet, now_s)`` asks duty until when
    somebody took the sound off it, None: nobody did; it is called without any lock held.

    A clock that is set back makes no tablet younger than it is told to be: a beat that lies ahead counts as heard now.
    One that is set ahead makes every tablet silent until its next beat.
    """

    def __init__(self, *, muted_until: Callable[[str, float], float | None] = _never) -> None:
        self._muted_until = muted_until
        self._lock = threading.Lock()
        self._beats: dict[str, tuple[Beat, float]] = {}  # the one longest unheard first

    def beat(self, tablet: str, beat: Beat, at_s: float) -> None:
        """Take a heartbeat that came at ``at_s`` [UTC s]; whether it is who it says is settled before. Raises
        ValueError where the time is not finite."""
        if not math.isfinite(at_s):
            raise ValueError(f"at_s is a time in UTC seconds, not {at_s}")
        with self._lock:
            self._beats.pop(tablet, None)
            if len(self._beats) >= TABLETS_MAX:
                del self._beats[next(iter(self._beats))]
            self._beats[tablet] = beat, at_s

    def standing(self, now_s: float) -> tuple[Tablet, ...]:
        """Return every tablet of the last day as it stands at ``now_s`` [UTC s], by name in order."""
        with self._lock:
            self._beats = {
                tablet: (beat, min(at_s, now_s))
                for tablet, (beat, at_s) in self._beats.items()
                if now_s - at_s <= FORGOTTEN_S
            }
            beats = sorted(self._beats.items())
        return tuple(self._tablet(tablet, beat, at_s, now_s) for tablet, (beat, at_s) in beats)

    def at(self, tablet: str, now_s: float) -> Tablet | None:
        """Return how one tablet stands; None: it has not beaten in a day."""
        with self._lock:
            beat, at_s = self._beats.get(tablet, (None, 0.0))
        if beat is None or now_s - at_s > FORGOTTEN_S:
            return None
        return self._tablet(tablet, beat, min(at_s, now_s), now_s)

    def _tablet(self, tablet: str, beat: Beat, at_s: float, now_s: float) -> Tablet:
        until_s = self._muted_until(tablet, now_s)
        muted = until_s is not None and now_s < until_s
        why = why_silent(beat, age_s=now_s - at_s, now_s=now_s, muted=muted)
        return Tablet(
            tablet=tablet, at_s=at_s, can_sound=not why, why=why, muted=muted, push=beat.push, carer=beat.carer
        )


def why_silent(beat: Beat, *, age_s: float, now_s: float, muted: bool) -> str:
    """Return why a tablet whose last beat is ``age_s`` old cannot sound; "" where it can."""
    if age_s > BEAT_MAX_S:
        return "Not heard from: asleep, switched off, or out of the network."
    if not beat.foreground:
        return "The board is not in front."
    if not beat.able:
        return "Sound is locked until somebody touches it."
    if beat.tested_s is None or not -AHEAD_MAX_S <= now_s - beat.tested_s <= TESTED_MAX_S:
        return "Nobody has heard it sound this shift."
    return "Muted." if muted else ""
