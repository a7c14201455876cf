"""A recording in, the packets of a live band out."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.recordings.recording import Recording
from ingest.types import Block
from ingest.wire import Intervals, Packet, Samples

COUNTS_PER_G: Final = 64  # movement in whole counts of this is sent as such: the E4's unit
SECONDS_MAX: Final = 60.0


def packets(recording: Recording, *, band: str, seconds: float = 1.0) -> Iterator[tuple[float, Packet]]:
    """Cut a recording into what a live ``band`` would have sent every ``seconds``: each arrival [UTC s] and its packet.

    The band's clock starts with the recording and a packet arrives at its own end, so that ``Clocks`` finds one offset
    for all. Samples survive to the last bit (motion as whole 1/64 g where it is that, the rest as f8). Where a channel
    comes in several pieces within ``seconds``, each has a packet of its own; where nothing was recorded there is none.
    Where there is no PPG the packets carry the band's own intervals. Raises ValueError for ``seconds`` that cannot be.
    """
    if not 0 < seconds <= SECONDS_MAX:
        raise ValueError(f"seconds: a packet spans more than 0 and at most {SECONDS_MAX:g} s, got {seconds}")
    beats_us = _beats_us(recording)
    seq = 0
    for i in range(math.ceil((recording.end_s - recording.start_s) / seconds - 1e-9)):
        low_s, high_s = i * seconds, (i + 1) * seconds
        tick_us = round(high_s * 1e6)
        cuts = {
            name: [cut for piece in pieces if (cut := _cut(recording, piece, low_s, high_s)) is not None]
            for name, pieces in recording.channels.items()
        }
        ibi = _beats(recording, beats_us, low_s, high_s)
        for turn in range(max(len(found) for found in cuts.values())):
            parts = {name: found[turn] for name, found in cuts.items() if turn < len(found)}
            packet = Packet(
                v=1,
                band=band,
                boot=int(recording.start_s),
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


def _cut(recording: Recording, piece: Block, low_s: float, high_s: float) -> Samples | None:
    """The samples of a piece from ``low_s`` up to ``high_s`` after the recording's start."""
    after_s = piece.start_s - recording.start_s
    first, stop = (max(math.ceil((edge - after_s) * piece.rate_hz - 1e-6), 0) for edge in (low_s, high_s))
    part = piece.values[..., first:stop].T
    if part.size == 0:
        return None
    tick_us = round((after_s + first / piece.rate_hz) * 1e6)
    counts = part * COUNTS_PER_G
    if piece.channel == "motion" and np.array_equal(counts, np.rint(counts)):
        packed = counts.astype("<i2").tobytes()
        return Samples(rate_hz=piece.rate_hz, tick_us=tick_us, values=packed, dtype="i2", scale=1 / COUNTS_PER_G)
    return Samples(rate_hz=piece.rate_hz, tick_us=tick_us, values=part.astype("<f8").tobytes(), dtype="f8")
