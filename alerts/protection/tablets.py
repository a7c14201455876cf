"""Heartbeats of tablets in; which of them can sound an alert now, and why one cannot, out. In memory: a tablet says
itself again within seconds of a restart."""

import math
import threading
from collections.abc import Callable, Mapping
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

PAGES_MAX: Final = 8
"""Pages of one tablet that are remembered: windows that somebody left open. The one longest unheard goes."""

NOT_HEARD: Final = "Not heard from: asleep, switched off, or out of the network."
NOT_IN_FRONT: Final = "The board is not in front."
LOCKED: Final = "Sound is locked until somebody touches it."
NOT_TESTED: Final = "Nobody has heard it sound this shift."
MUTED: Final = "Muted."

REASONS: Final = (NOT_HEARD, NOT_IN_FRONT, LOCKED, NOT_TESTED, MUTED, "")
"""Why a page cannot sound; the further down, the less is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a page says of itself every ``BEAT_EVERY_S``.

    ``foreground``: it is in front, its screen on. ``able``: a person has touched it, so that its browser lets it sound.
    ``tested_s``: when a person last heard it sound, in the server's time [UTC s]; None: never. ``push``: it has a push
    subscription, so that ``carer`` ("": nobody said) is reached though it sleeps. ``page``: which page of the tablet it
    is, made up when it is loaded: windows of one browser share a tablet's key.
    """

    foreground: bool
    able: bool
    tested_s: float | None = None
    push: bool = False
    carer: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tablet:
    """One tablet now, by the page of it that can sound, or lacks least of it. ``why`` it cannot sound is a plain
    sentence, "" where it can; ``at_s`` [UTC s]: its last beat."""

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

    A tablet is what the best of its pages is that were heard within ``BEAT_MAX_S``: one that is not in front takes
    nothing from one that is. A clock that is set back makes no tablet younger than it is told to be: a beat that lies
    ahead counts as heard now. One that is set ahead makes every tablet silent until its next beat.
    """

    def __init__(self, *, muted_until: Callable[[str, float], float | None] = _never) -> None:
        self._muted_until = muted_until
        self._lock = threading.Lock()
        self._beats: dict[str, _Pages] = {}  # the tablet, and of it the page, longest unheard first

    def beat(self, tablet: str, beat: Beat, at_s: float) -> None:
        """Take a heartbeat that came at ``at_s`` [UTC s]; whether it is who it says is settled before. Raises
        ValueError where the time is not finite."""
        if not math.isfinite(at_s):
            raise ValueError(f"at_s is a time in UTC seconds, not {at_s}")
        with self._lock:
            pages = self._beats.pop(tablet, {})
            if len(self._beats) >= TABLETS_MAX:
                del self._beats[next(iter(self._beats))]
            kept = [(page, was) for page, was in pages.items() if page != beat.page and at_s - was[1] <= BEAT_MAX_S]
            self._beats[tablet] = {**dict(kept[-(PAGES_MAX - 1) :]), beat.page: (beat, at_s)}

    def standing(self, now_s: float) -> tuple[Tablet, ...]:
        """Return every tablet of the last day as it stands at ``now_s`` [UTC s], by name in order."""
        with self._lock:
            self._beats = {
                tablet: _no_later(pages, now_s)
                for tablet, pages in self._beats.items()
                if now_s - _last_s(pages) <= FORGOTTEN_S
            }
            beats = sorted(self._beats.items())
        return tuple(self._tablet(tablet, pages, now_s) for tablet, pages in beats)

    def at(self, tablet: str, now_s: float) -> Tablet | None:
        """Return how one tablet stands; None: it has not beaten in a day."""
        with self._lock:
            pages = self._beats.get(tablet)
        if pages is None or now_s - _last_s(pages) > FORGOTTEN_S:
            return None
        return self._tablet(tablet, _no_later(pages, now_s), now_s)

    def _tablet(self, tablet: str, pages: "_Pages", now_s: float) -> Tablet:
        until_s = self._muted_until(tablet, now_s)
        muted = until_s is not None and now_s < until_s
        whys = {
            page: why_silent(beat, age_s=now_s - at_s, now_s=now_s, muted=muted) for page, (beat, at_s) in pages.items()
        }
        best = max(pages, key=lambda page: (REASONS.index(whys[page]), pages[page][1]))
        beat, why = pages[best][0], whys[best]
        return Tablet(
            tablet=tablet,
            at_s=_last_s(pages),
            can_sound=not why,
            why=why,
            muted=muted,
            push=beat.push,
            carer=beat.carer,
        )


_Pages = Mapping[str, tuple[Beat, float]]
"""The last beat of each page of one tablet, and when it came [UTC s]; never empty, never written to."""


def _last_s(pages: _Pages) -> float:
    """When the tablet was heard last [UTC s]."""
    return max(at_s for _, at_s in pages.values())


def _no_later(pages: _Pages, now_s: float) -> _Pages:
    """Return the same, with a beat that lies ahead heard now."""
    return {page: (beat, min(at_s, now_s)) for page, (beat, at_s) in pages.items()}


def why_silent(beat: Beat, *, age_s: float, now_s: float, muted: bool) -> str:
    """Return why a tablet whose last beat is ``age_s`` old cannot sound; "" where it can."""
    if age_s > BEAT_MAX_S:
        return NOT_HEARD
    if not beat.foreground:
        return NOT_IN_FRONT
    if not beat.able:
        return LOCKED
    if beat.tested_s is None or not -AHEAD_MAX_S <= now_s - beat.tested_s <= TESTED_MAX_S:
        return NOT_TESTED
    return MUTED if muted else ""
