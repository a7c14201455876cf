"""Packets of one boot of a band in, each one's mapping to UTC out: fitted, slewed, never backwards."""

import math
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, Self

import msgspec

from ingest.clock.level import Level
from ingest.clock.line import level_below, line_below

PANE_US: Final = 60_000_000  # of band time: one of 60 packets finds the radio quiet
PANES: Final = 32  # that the line is fitted to: half an hour, so that it follows a wrist that comes in from the cold
KNOTS: Final = 32  # moments whose mapping is remembered, for packets that were overtaken: half an hour of panes
KNOT_S: Final = 5e-3  # and no further from each other, so that an overtaken packet keeps its place
SLEW: Final = 1e-3  # s a second of band time: five times the steepest drift, and far below a sample period
SLEW_FAST: Final = 5e-3  # while further off than NEAR_S: after a first packet that was late
NEAR_S: Final = 0.05  # more than the least delay of a minute is ever off by once the line is known
STEP_S: Final = 5e-3  # and no more at one packet: keeps the samples of a stream of up to 200 Hz in order
STEP_SHARE: Final = 2.5e-4  # of a packet longer than 20 s, or the drift could not be followed
STILL_S: Final = 1e-5  # less is not corrected: float64 holds today's UTC to 0.24 us, and recordings keep one offset
FAR_S: Final = 0.5  # a delay that much above the line was queued somewhere, or the clock stands elsewhere
FUTURE_S: Final = 5.0  # samples this far ahead of their own arrival: the clock was set, or the first packet was late
LIE_S: Final = 0.25  # a packet this much too early by what its sender says alone is not believed at once
PROVEN_PANES: Final = 2  # near the line: then a mapping is more than a guess
PROOF_YOUNG_S: Final = 20.0  # of level delays before a guess is moved forward
PROOF_S: Final = 60.0  # before a proven one is; and for as long as it would move, up to
PROOF_MAX_S: Final = 600.0


if TYPE_CHECKING:
    Numbers = array[float]
else:
    Numbers = array  # a number is 8 bytes; subscripted only for the checker before Python 3.12


class BandClock(msgspec.Struct, array_like=True):
    """One (band, boot): ``utc_s = tick_us * 1e-6 + offset_s``, where ``offset_s`` is slewed after the fitted line.

    A delay is (arrival - tick) [s], less what the packet is known to have waited on the way. The line goes through
    ``level_s`` at ``anchor_us`` and rises by ``drift`` s a second. ``ticks_us`` and ``leasts_s`` are the least delays
    of the last panes; ``knots_us`` and ``knots_s`` mappings that were given.
    """

    boot: int
    seq: int
    tick_us: int
    offset_s: float
    level_s: float
    anchor_us: int
    pane_us: int  # when the pane ends
    first_s: float = math.nan
    last_s: float = math.nan
    drift: float = 0.0
    residual_s: float = math.nan
    pane_least_s: float = math.inf  # above the line's drift
    pane_tick_us: int = 0
    near_panes: int = 0
    back_s: float = 0.0
    ahead_s: float = FUTURE_S
    sets: int = 0
    level: Level = msgspec.field(default_factory=Level)
    unheard: Level = msgspec.field(default_factory=Level)  # the same, were its sender not believed
    ticks_us: Numbers = msgspec.field(default_factory=lambda: array("d"))
    leasts_s: Numbers = msgspec.field(default_factory=lambda: array("d"))
    knots_us: Numbers = msgspec.field(default_factory=lambda: array("d"))
    knots_s: Numbers = msgspec.field(default_factory=lambda: array("d"))

    @classmethod
    def at(cls, boot: int, seq: int, tick_us: int, offset_s: float) -> Self:
        """Begin with a mapping."""
        clock = cls(boot, seq, tick_us, offset_s, offset_s, tick_us, tick_us + PANE_US)
        clock._tie(tick_us, offset_s)
        return clock

    def map(self, seq: int, tick_us: int, received_s: float, *, waited_s: float, queued_s: float) -> float:
        """Return the offset of a packet that arrived at ``received_s`` after it had waited in its sender, and been in a
        queue behind it, for as long as is known."""
        arrived_s = received_s - tick_us * 1e-6
        if tick_us <= self.tick_us:
            return self._overtaken(seq, tick_us, arrived_s - waited_s, queued_s)
        if arrived_s < self.offset_s - self.ahead_s:
            return self._set_back(seq, tick_us, arrived_s, waited_s + queued_s)
        step_s = (tick_us - self.tick_us) * 1e-6
        self.tick_us, self.last_s = tick_us, received_s
        if seq > self.seq:
            self.seq = seq
        drifted_s = self.drift * (tick_us - self.anchor_us) * 1e-6
        delay_s = arrived_s - waited_s - drifted_s
        extra_s = delay_s - self.level_s
        if -LIE_S <= extra_s < FAR_S:
            if self.level.heard:
                self.level.forget()
                self.unheard.forget()
            if delay_s < self.pane_least_s:
                self.pane_least_s, self.pane_tick_us = delay_s, tick_us
            if extra_s < 0:
                self.level_s = delay_s
        elif self._is_elsewhere(tick_us, delay_s, extra_s, waited_s):
            return self._set_forward(drifted_s, step_s)
        error_s = self.level_s + drifted_s - self.offset_s
        if error_s > STILL_S or error_s < -STILL_S:
            slew = SLEW if -NEAR_S < error_s < NEAR_S else SLEW_FAST
            limit_s = max(min(slew * step_s, STEP_S), STEP_SHARE * step_s)
            self.offset_s += max(-limit_s, min(limit_s, error_s))
            if not -KNOT_S < self.offset_s - self.knots_s[-1] < KNOT_S:
                self._tie(tick_us, self.offset_s)
        if tick_us >= self.pane_us:
            self._end_pane()
        return self.offset_s

    @property
    def is_proven(self) -> bool:
        """Whether the mapping is more than a guess from the first packets."""
        return self.near_panes >= PROVEN_PANES

    def go_on(self, tick_us: int, offset_s: float) -> None:
        """Take over a mapping that was stored after the last one known here, of a packet whose number is not known;
        what was learnt of the drift stays."""
        line_s = self.level_s + self.drift * (tick_us - self.anchor_us) * 1e-6
        if abs(offset_s - line_s) > FAR_S:  # mapped anew since
            self._tie(self.tick_us, self.offset_s)
            self._start(tick_us, offset_s)
        else:
            self._tie(tick_us, offset_s)
        self.seq, self.tick_us, self.offset_s = -1, tick_us, offset_s

    def _overtaken(self, seq: int, tick_us: int, delay_s: float, queued_s: float) -> float:
        """Map a packet that is not the newest: between its neighbours then, unless the clock was set back."""
        if seq > self.seq >= 0 and tick_us < self.tick_us:
            return self._set(seq, tick_us, delay_s - queued_s)
        offset_s = self._offset_then_s(tick_us)
        extra_s = delay_s - offset_s
        if extra_s < FAR_S:
            self.level.forget()
        elif (level_s := self._level_s(tick_us, delay_s, extra_s)) is not None:
            return self._set(seq, tick_us, level_s)
        return offset_s

    def _offset_then_s(self, tick_us: int) -> float:
        knots_us, knots_s = self.knots_us, self.knots_s
        right = bisect_right(knots_us, tick_us)
        if right == 0:
            return knots_s[0] - self.drift * (knots_us[0] - tick_us) * 1e-6
        left_us, left_s = knots_us[right - 1], knots_s[right - 1]
        later = right < len(knots_us)
        right_us, right_s = (knots_us[right], knots_s[right]) if later else (self.tick_us, self.offset_s)
        if right_us == left_us:
            return right_s
        return left_s + (right_s - left_s) * (tick_us - left_us) / (right_us - left_us)

    def _tie(self, tick_us: int, offset_s: float) -> None:
        self.knots_us.append(tick_us)
        self.knots_s.append(offset_s)
        if len(self.knots_us) > KNOTS:
            del self.knots_us[0], self.knots_s[0]

    def _end_pane(self) -> None:
        """Note the least delay of a pane and fit the line anew."""
        tick_us = self.tick_us
        self._tie(tick_us, self.offset_s)
        self.pane_us = tick_us + PANE_US
        if self.pane_least_s == math.inf:
            return
        drifted_s = self.drift * (self.pane_tick_us - self.anchor_us) * 1e-6
        self.ticks_us.append(self.pane_tick_us)
        self.leasts_s.append(self.pane_least_s + drifted_s)
        if len(self.ticks_us) > PANES:
            del self.ticks_us[0], self.leasts_s[0]
        self.pane_least_s = math.inf
        self.near_panes += 1
        self._fit(tick_us)

    def _fit(self, tick_us: int) -> None:
        base_s = self.leasts_s[0]
        x_s = [(each - tick_us) * 1e-6 for each in self.ticks_us]
        y_s = [each - base_s for each in self.leasts_s]
        line = line_below(x_s, y_s)
        if line is None:
            level_s = level_below(x_s, y_s, self.drift)
        else:
            level_s, self.drift = line
            off_s = sorted(y - level_s - self.drift * x for x, y in zip(x_s, y_s, strict=True))
            self.residual_s = off_s[len(off_s) // 2]
        self.level_s, self.anchor_us = base_s + level_s, tick_us

    def _is_elsewhere(self, tick_us: int, delay_s: float, extra_s: float, waited_s: float) -> bool:
        """Whether a delay far off the line has lasted long enough to be believed, and is a longer one.

        What lies before the line is proof if the packet had arrived by then, whatever its sender says; else what its
        sender says of waiting needs to last as well, and meanwhile it is one that did not wait.
        """
        level_s = self._level_s(tick_us, delay_s, extra_s)
        if extra_s < 0:
            arrived_s, late_s = delay_s + waited_s, extra_s + waited_s
            if late_s >= FAR_S and level_s is None:
                level_s = self.unheard.hear(tick_us * 1e-6, arrived_s, needed_s=PROOF_MAX_S)
            elif late_s < FAR_S:
                self.unheard.forget()
                if late_s < -LIE_S:
                    self._forget_leasts()
                if arrived_s < self.pane_least_s:
                    self.pane_least_s, self.pane_tick_us = arrived_s, tick_us
                self.level_s = min(self.level_s, arrived_s)
        if level_s is None:
            return False
        is_later = level_s > self.level_s
        self.level_s = level_s
        self._forget_leasts()
        return is_later

    def _forget_leasts(self) -> None:
        del self.ticks_us[:], self.leasts_s[:]
        self.pane_least_s = math.inf

    def _level_s(self, tick_us: int, delay_s: float, extra_s: float) -> float | None:
        needed_s = min(max(PROOF_S, extra_s), PROOF_MAX_S) if self.is_proven else PROOF_YOUNG_S
        return self.level.hear(tick_us * 1e-6, delay_s, needed_s=needed_s)

    def _set_forward(self, drifted_s: float, step_s: float) -> float:
        """Map anew what has proven to lie later: it leaves a hole and turns nothing back."""
        self._tie(self.tick_us - round(step_s * 1e6), self.offset_s)
        self._start(self.tick_us, self.level_s + drifted_s)
        return self.offset_s

    def _set_back(self, seq: int, tick_us: int, arrived_s: float, waited_s: float) -> float:
        """Map anew what would lie in the future.

        Where that happens again before the mapping is proven, packets come faster than real time: a band sends what it
        kept. It is put further back each time, and sooner, so that hardly any of it passes for the present.
        """
        burst = self.sets > 0 and not self.is_proven
        back_s = max(2 * self.back_s, 2 * FUTURE_S) if burst else 0.0
        offset_s = self._set(seq, tick_us, arrived_s - max(back_s, waited_s))
        self.back_s, self.ahead_s = back_s, 0.0 if burst else FUTURE_S
        return offset_s

    def _set(self, seq: int, tick_us: int, offset_s: float) -> float:
        """Map anew: nothing of the old mapping holds, but a crystal goes on to drift as it did."""
        self.seq, self.tick_us = seq, tick_us
        del self.knots_us[:], self.knots_s[:]
        self._start(tick_us, offset_s)
        return offset_s

    def _start(self, tick_us: int, offset_s: float) -> None:
        self.sets += 1
        self.offset_s = self.level_s = offset_s
        self.anchor_us, self.pane_us = tick_us, tick_us + PANE_US
        self.near_panes, self.back_s, self.ahead_s = 0, 0.0, FUTURE_S
        self._forget_leasts()
        self.level.forget()
        self.unheard.forget()
        self._tie(tick_us, offset_s)
