"""What the training-free detector and the champion say of seconds in, whose word counts, and whom they dispute, out."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.lasting import Lasting
from alerts.policy import ENTER, LEAVE, Policy
from models.risk import Abstention, Array, Risk, Rows

STAND_IN_S: Final = 60.0
"""Out of its range for a minute unbroken, a champion has nothing to say of how somebody is now: the slowest of the
engine's fast windows has been filled anew. Shorter, and one odd reading would change the rules."""

DISPUTED_S: Final = 300.0
"""High for the one and low for the other for five minutes is no lag of one behind the other."""

PAUSE_S: Final = 30.0
"""A dispute that pauses for half a minute goes on."""


class Deciding:
    """Keeps for ``rows`` people for how long the champion has been out of its range, and how long it has said *low* by
    ``policy`` (None: the desk's levels) of what the training-free detector says *high* of."""

    def __init__(self, *, rows: int, policy: Policy | None) -> None:
        self._leave = LEAVE if policy is None else policy.leave
        self._outside = Lasting(rows=rows, facts=1, forgive_s=0.0)
        self._disputed = Lasting(rows=rows, facts=1, forgive_s=PAUSE_S)
        self._now = np.zeros(rows)

    def push(self, free: Risk, said: Risk, *, rows: Rows) -> NDArray[np.bool_]:
        """Return which seconds (k, n) are the champion's: all but those in which it does not know somebody yet, and
        those from ``STAND_IN_S`` out of its range on."""
        outside = said.abstention == Abstention.OUT_OF_RANGE
        long = self._outside.push(free.start_s, outside[..., None], rows=rows)[..., 0] >= STAND_IN_S
        disputed = (free.probability >= ENTER) & (said.probability <= self._leave)
        lasted_s = self._disputed.push(free.start_s, disputed[..., None], rows=rows)[..., 0]
        if lasted_s.shape[1]:
            self._now[rows] = lasted_s[:, -1]
        champions: NDArray[np.bool_] = (said.abstention != Abstention.LEARNING) & ~long
        return champions

    @property
    def disputed_s(self) -> Array:
        """(rows,) for how long the two have disagreed about each person [s], 0 where that is not for long."""
        return np.where(self._now >= DISPUTED_S, self._now, 0.0)

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """Since when the champion has been out of its range: a change of who is watched ends no stand-in."""
        return self._outside.snapshot()

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot; raises AlertError where it does not fit."""
        self._outside.restore(arrays)
