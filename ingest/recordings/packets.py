"""A recording in, the packets of a live band out."""

import math
from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ingest.recordings.recording import Recording
from ingest.types import Block
from ingest.wire import SAMPLES_MAX, Intervals, Packet, Samples

COUNTS_PER_G: Final = (64, 2048)  # movement in whole counts of these is sent as such: the E4's unit, EmbracePlus's
COUNT_MAX: Final = 32_767  # of either sign in i2; the one below is the mark for "unknown"
SECONDS_MAX: Final = 60.0


def packets(
    recording: Recording, *, band: str, seconds: float = 1.0, boot: int | None = None
) -> Iterator[tuple[float, Packet]]:
    """Cut a recording into what a live ``band`` would have sent every ``seconds``: each arrival [UTC s] and its packet.

    The band's clock starts with the recording and a packet arrives at its own end, so that ``Clocks`` finds one offset
    for all: ``start_s``, which is also the ``boot`` where none is given. Samples survive to the last bit (motion as
    whole counts where it is that, what has single precision as f4, the rest as f8). Where a channel comes in several
    pieces within ``seconds``, each has a packet of its own; where nothing was recorded there is none. Where there is no
    PPG the packets carry the band's own intervals. The same recording and ``seconds`` give the same packets, always.
    Raises ValueError for ``seconds`` that cannot be, or that hold more samples than a packet may.
    """
    most_s = longest_s(recording)
    if not 0 < seconds <= most_s:
        raise ValueError(f"seconds: a packet spans more than 0 and at most {most_s:g} s, got {seconds}")
    beats_us = _beats_us(recording)
    cutters = {name: [_Cutter(recording, piece) for piece in pieces] for name, pieces in recording.channels.items()}
    seq = 0
    for i in range(math.ceil((recording.end_s - recording.start_s) / seconds - 1e-9)):
        low_s, high_s = i * seconds, (i + 1) * seconds
        tick_us = round(high_s * 1e6)
        cuts = {
            name: [cut for each in pieces if each.reaches(low_s, high_s) and (cut := each.cut(low_s, high_s))]
            for name, pieces in cutters.items()
        }
        ibi = _beats(recording, beats_us, low_s, high_s)
        for turn in range(max(len(found) for found in cuts.values())):
            parts = {name: found[turn] for name, found in cuts.items() if turn < len(found)}
            packet = Packet(
                v=1,
                band=band,
                boot=int(recording.start_s) if boot is None else boot,
                seq=seq,
                tick_us=tick_us,
                eda=parts.get("eda"),
                temperature=parts.get("temperature"),
                ppg=parts.get("ppg"),
                motion=parts.get("motion"),
                ibi=ibi if turn == 0 else None,
            )
            seq += 1
            yield recording.start_s + tick_us * 1e-6, packet


def longest_s(recording: Recording) -> float:
    """The most whole seconds that a packet of this recording can span."""
    fastest_hz = max(piece.rate_hz for pieces in recording.channels.values() for piece in pieces)
    most_s = min(SECONDS_MAX, (SAMPLES_MAX - 1) / fastest_hz)
    return float(math.floor(most_s))


def _beats_us(recording: Recording) -> NDArray[np.int64] | None:
    """When the beats that are sent happened, on the band's clock; None where it sends PPG, or found none."""
    if recording.ibi_s is None or "ppg" in recording.channels:
        return None
    beats_us: NDArray[np.int64] = np.rint((recording.ibi_s[0] - recording.start_s) * 1e6).astype(np.int64)
    return beats_us


def _beats(recording: Recording, beats_us: NDArray[np.int64] | None, low_s: float, high_s: float) -> Intervals | None:
    if beats_us is None or recording.ibi_s is None:
        return None
    first, stop = np.searchsorted(beats_us, [round(low_s * 1e6), round(high_s * 1e6)])
    return Intervals(tick_us=beats_us[first:stop].tolist(), interval_s=recording.ibi_s[1, first:stop].tolist())


class _Cutter:
    """One piece of a channel, in the numbers that it is sent as."""

    def __init__(self, recording: Recording, piece: Block) -> None:
        self._after_s = piece.start_s - recording.start_s
        self._end_s = piece.end_s - recording.start_s
        self._rate_hz = piece.rate_hz
        self._dtype: Literal["f4", "i2", "f8"] = "f8"
        self._scale = 1.0
        self._numbers: NDArray[np.generic] = np.ascontiguousarray(piece.values.T, np.dtype("<f8"))
        if piece.channel == "motion":
            self._count(piece)
        elif np.array_equal(single := self._numbers.astype("<f4"), self._numbers, equal_nan=True):
            self._numbers, self._dtype = single, "f4"

    def _count(self, piece: Block) -> None:
        for per_g in COUNTS_PER_G:
            counts = piece.values.T * per_g
            known = np.isfinite(counts)
            whole = np.where(known, np.rint(counts), -COUNT_MAX - 1)
            if np.array_equal(whole[known], counts[known]) and (np.abs(whole[known]) <= COUNT_MAX).all():
                self._numbers, self._dtype, self._scale = whole.astype("<i2"), "i2", 1 / per_g
                return

    def reaches(self, low_s: float, high_s: float) -> bool:
        """Whether it may have samples from ``low_s`` up to ``high_s`` after the recording's start."""
        return self._after_s < high_s and self._end_s > low_s

    def cut(self, low_s: float, high_s: float) -> Samples | None:
        """The samples from ``low_s`` up to ``high_s`` after the recording's start."""
        first, stop = (max(math.ceil((edge - self._after_s) * self._rate_hz - 1e-6), 0) for edge in (low_s, high_s))
        part = self._numbers[first:stop]
        if part.size == 0:
            return None
        return Samples(
            rate_hz=self._rate_hz,
            tick_us=round((self._after_s + first / self._rate_hz) * 1e6),
            values=part.tobytes(),
            dtype=self._dtype,
            scale=self._scale,
        )
