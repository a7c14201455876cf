"""Which adapters a band knows in; by which to bond next, and when to leave it to other gateways, out. Pure.

A bond is one adapter's, so that a band is handed over only between adapters that all have one. While staff pair a band
that says that it is in pairing mode, every adapter that hears it makes a bond and lets go, and who has all of its own
leaves the band alone until nobody takes it any more. Then the usual race is run. Gateways do not talk: a band that is
connected is silent, and that is all that they need to know. Times are seconds of a clock that does not go back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

QUIET_S: Final = 3.0  # a band that was free for so long is wanted by nobody: who lacks a bond dials within a second
LEAVE_MAX_S: Final = 20.0  # for the others, however often they take it: six adapters of them at three seconds each
HOLD_S: Final = 0.9  # for a link to last at least: others must notice that somebody makes a bond (heard.BREAK_S)
PAUSE_S: Final = 0.5  # half as much to half as much again between two bonds, so that other gateways get at the band
TRIES_MAX: Final = (
    6  # of an adapter in one round: a band may refuse, be hardly heard by it, or be dialled by two at once
)
ASK_AGAIN_S: Final = 5.0  # somebody may have paired it with the operating system's own tools
ASK_FIRST_S: Final = 0.25  # an adapter that does not know yet may know with the next advert


@dataclass(slots=True)
class Round:
    """One band's, from the moment that it is paired and says that it is in pairing mode."""

    last_s: float
    due_s: float = 0.0
    tries: dict[int, int] = field(default_factory=dict)
    over: bool = False

    def adapter(self, lacking: Mapping[int, int]) -> int | None:
        """By which of those that lack a bond, and could make one (dBm of each), to bond now; None: by none."""
        left = [i for i in lacking if self.tries.get(i, 0) < TRIES_MAX]
        return min(left, key=lambda i: (self.tries.get(i, 0), -lacking[i], i), default=None)

    def tried(self, adapter: int, now_s: float, luck: float, *, in_vain: bool = False) -> None:
        """It has done; ``luck`` is even over 0 to 1. ``in_vain``: another had the band, so that it says nothing."""
        self.tries[adapter] = self.tries.get(adapter, 0) + (not in_vain)
        self.last_s, self.due_s = now_s, now_s + PAUSE_S * (0.5 + luck)

    def is_over(self, now_s: float, *, free_s: float) -> bool:
        """Whether the usual race may be run: the band has been free, since ``free_s``, for long enough."""
        self.over = self.over or now_s - max(self.last_s, free_s) >= QUIET_S or now_s - self.last_s >= LEAVE_MAX_S
        return self.over


@dataclass(slots=True)
class Bonds:
    """Whether each adapter has a bond with a band; None of one: only the operating system knows."""

    known: dict[int, bool | None] = field(default_factory=dict)
    asked_s: dict[int, float] = field(default_factory=dict)
    round: Round | None = None

    def asks(self, adapter: int, now_s: float) -> bool:
        """Whether to look now; that it is being looked is remembered."""
        again_s = ASK_AGAIN_S if adapter in self.known else ASK_FIRST_S
        asked_s = self.asked_s.get(adapter)
        if asked_s is not None and (self.known.get(adapter) is True or now_s - asked_s < again_s):
            return False
        self.asked_s[adapter] = now_s
        return True

    def doubt(self, adapter: int) -> None:
        """Look again: a link by it came to nothing."""
        self.asked_s.pop(adapter, None)

    def lets_in(self, adapter: int) -> bool:
        """Whether the band may let it in outside pairing mode."""
        return self.known.get(adapter, False) is not False

    def lacks(self, adapter: int) -> bool:
        """Whether it is known not to have a bond, or nobody can know and this round has not made one."""
        tried = self.round is not None and adapter in self.round.tries
        return adapter in self.known and (self.known[adapter] is False or (self.known[adapter] is None and not tried))

    def count(self) -> int:
        """How many are known to have one."""
        return sum(has is True for has in self.known.values())

    def pair(self, now_s: float, *, on: bool) -> None:
        """Whether it is being paired, and says that it is in pairing mode."""
        if not on:
            self.round = None
        elif self.round is None:
            self.round = Round(now_s)
