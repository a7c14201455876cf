"""Streams of a band that numbers nothing in, packets of about one second with measured rates out. Pure.

A band says when the last sample of a batch was taken, or nothing; then the arrival stands for it. The rate that it
claims is not its rate: between two batches lie as many periods as the later one has samples, so the rate is measured
over them and packets meet without a seam (docs/wire.md wants the measured one).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.errors import GattError
from ingest.types import CHANNELS
from ingest.wire import SAMPLES_MAX, Intervals, Samples

PACKET_US: Final = 1_000_000  # docs/wire.md: one message is about one second
TOLERANCE: Final = 0.1  # of the claimed period: crystals are off by 1e-4, but a clock of arrivals jitters
LATE_SAMPLES: Final = 1.5  # a batch that begins later than this many periods after the last one has a hole before it
PAUSE_US: Final = 500_000  # a radio that repeats what was not heard is late by tens of ms, seldom by hundreds
APART_US: Final = 5_000_000  # a band's clock that leaves ours by more has been set; a reconnection is not that late
LAG_MAX_US: Final = (
    2_500_000  # beats found so long after they happened: a strap tells within its second, twice for luck
)
CHAIN_MAX_US: Final = (
    300_000_000  # the largest notification holds 255 intervals: five minutes of a slow heart; the wire takes 15
)
SHAPE: Final = "<f4"

Values = NDArray[np.float32]


@dataclass(slots=True)
class _Stream:
    claimed_hz: float
    end_us: int | None = None  # of the last sample that was told
    begin_us: int | None = None  # of the last sample before those that wait
    rate_hz: float = 0.0
    waiting: list[Values] = field(default_factory=list)

    def take(self, channel: str) -> Samples | None:
        n = sum(len(values) for values in self.waiting)
        if n == 0 or self.end_us is None or self.begin_us is None:
            return None
        span_us = self.end_us - self.begin_us
        rate_hz = n * 1e6 / span_us
        values = np.concatenate(self.waiting).astype(SHAPE)
        self.waiting, self.rate_hz = [], rate_hz
        start_us = self.begin_us + round(span_us / n)
        self.begin_us = self.end_us
        return Samples(rate_hz=rate_hz, tick_us=max(start_us, 0), values=values.tobytes(), dtype="f4")


@dataclass(frozen=True, slots=True)
class Second:
    """What one packet holds: it ends at ``tick_us``; ``even`` by channel, ``beats`` where the band tells them."""

    tick_us: int
    even: dict[str, Samples]
    beats: Intervals | None = None


class Seconds:
    """Batches of even samples of several channels in; a ``Second`` out whenever one is full, or a hole ends it.

    ``claimed_hz`` is what each channel was asked for or says of itself: it tells holes and dates the first batch.
    It is more than 0: whoever hears it from a band sees to that.
    ``jitters``: batches are dated by their arrival, so that only a pause of ``PAUSE_US`` is a hole.
    """

    def __init__(self, claimed_hz: dict[str, float], *, jitters: bool = False) -> None:
        self._slack_us = PAUSE_US if jitters else 0
        self._streams = {channel: _Stream(hz) for channel, hz in claimed_hz.items()}
        self._told_us: int | None = None

    def add(self, channel: str, last_us: int, values: Values) -> list[Second]:
        """Take in ``values``, (n,) or (n, axes) in units of the wire, of which the last was taken at ``last_us``.

        A batch from before the last one's end is left out, as is an empty one: radio repeats, and clocks go back.
        """
        stream, made = self._streams[channel], []
        n = len(values)
        if n == 0 or n > SAMPLES_MAX or (stream.end_us is not None and last_us <= stream.end_us):
            return []
        period_us = 1e6 / (stream.rate_hz or stream.claimed_hz)
        if stream.end_us is None or _a_hole(last_us - stream.end_us, n, period_us, self._slack_us):
            made += self.flush()
            stream.begin_us = last_us - max(1, round(n * period_us))
        stream.waiting.append(np.array(values, SHAPE).reshape(n, -1)[:, : CHANNELS[channel].axes])
        stream.end_us = last_us
        if self._told_us is None:
            self._told_us = stream.begin_us or 0
        if last_us - self._told_us >= PACKET_US:
            made += self.flush()
        return made

    def flush(self) -> list[Second]:
        """What waits, as one second; nothing where nothing waits."""
        even = {name: samples for name, stream in self._streams.items() if (samples := stream.take(name)) is not None}
        if not even:
            return []
        end_us = max(stream.end_us for stream in self._streams.values() if stream.end_us is not None)
        self._told_us = end_us
        return [Second(tick_us=end_us, even=even)]


def _a_hole(passed_us: int, n: int, period_us: float, slack_us: int) -> bool:
    """Whether more (or less) time has passed since the last batch than ``n`` samples take."""
    taken_us = n * period_us
    return abs(passed_us - taken_us) > max(LATE_SAMPLES * period_us, TOLERANCE * taken_us, slack_us)


class Beats:
    """Intervals as a strap tells them, with no time at all, in; when each beat happened on the gateway's clock out.

    Beats follow one another by their intervals, so their times are those of a chain that no arrival may precede: a
    strap tells late, never early. A chain that falls ``LAG_MAX_US`` behind has lost intervals and begins anew.
    """

    def __init__(self) -> None:
        self._last_us: int | None = None

    def hear(self, now_us: int, intervals_s: list[float]) -> tuple[list[int], list[float]]:
        """Return when the beats happened and their intervals, in time order; ``now_us`` is the arrival.

        Raises GattError where the intervals reach back by more than ``CHAIN_MAX_US``.
        """
        if not intervals_s:
            return [], []
        lengths_us = [round(interval * 1e6) for interval in intervals_s]
        if (long_us := sum(lengths_us)) > CHAIN_MAX_US:
            raise GattError(
                f"heart rate (2A37): intervals: must last {CHAIN_MAX_US // 1_000_000} s at most together, "
                f"got {long_us / 1e6:.0f} s"
            )
        end_us = now_us if self._last_us is None else self._last_us + long_us
        if not now_us - LAG_MAX_US <= end_us <= now_us:
            end_us = now_us
        times: list[int] = []
        for length_us in reversed(lengths_us):
            times.append(end_us)
            end_us -= length_us
        times.reverse()
        floor_us = 0 if self._last_us is None else self._last_us + 1
        told = [(max(t, 0), s) for t, s in zip(times, intervals_s, strict=True) if t >= floor_us and 0 < s <= 10]
        self._last_us = times[-1]
        return [t for t, _ in told], [s for _, s in told]


class Ticks:
    """A band's own clock in, the gateway's as the band runs out: one that goes on over all its connections.

    The band's clock counts as long as it stays within ``APART_US`` of the gateway's; one that was set (a Polar wakes
    up in 2019) is put where the gateway's stands, and no earlier than what was told.
    """

    def __init__(self) -> None:
        self._ahead_us: int | None = None
        self._last_us = 0

    def of(self, band_us: int, now_us: int) -> int:
        """Return the tick for ``band_us`` heard at ``now_us``, a clock that does not go back."""
        if self._ahead_us is None or abs(band_us + self._ahead_us - now_us) > APART_US:
            self._ahead_us = max(now_us, self._last_us + 1) - band_us
        tick_us = band_us + self._ahead_us
        self._last_us = max(self._last_us, tick_us)
        return tick_us
