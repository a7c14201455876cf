"""A recording in, the name that its content gives it out: the same for zip and folder, whatever they are called."""

import hashlib
import struct
from typing import Final

import numpy as np

from ingest.recordings.recording import Recording
from ingest.types import CHANNELS, Array

BAND_HEX: Final = 16  # 64 bits: among a million recordings two share a name once in 37 million studies
_BOOT_HEX: Final = 13  # 52 bits: what a packet's ``boot`` holds


def digest(recording: Recording) -> str:
    """Return 64 hex digits (SHA-256) of what was recorded: the pieces of each channel (start, rate, values; every NaN
    alike), the intervals and the button presses. Names, notes, labels and the device do not count."""
    found = hashlib.sha256(b"forecalm recording 1")
    for name in CHANNELS:
        for piece in recording.channels.get(name, ()):
            found.update(struct.pack("<16sdd", name.encode(), piece.start_s, piece.rate_hz))
            _feed(found, piece.values)
    for name, values in (("intervals", recording.ibi_s), ("presses", np.sort(recording.tags_s))):
        found.update(struct.pack("<16s", name.encode()))
        _feed(found, np.zeros(0) if values is None else values)
    return found.hexdigest()


def band_of(of: str) -> str:
    """The pseudo-band of a recording with that digest: ``rec-`` and 16 hex digits."""
    return f"rec-{of[:BAND_HEX]}"


def boot_of(of: str) -> int:
    """The boot of that band: further digits of the digest."""
    return int(of[BAND_HEX : BAND_HEX + _BOOT_HEX], 16)


def _feed(found: "hashlib._Hash", values: Array) -> None:
    plain = np.array(values, np.dtype("<f8"), order="C")
    plain[np.isnan(plain)] = np.nan
    found.update(struct.pack("<3q", plain.ndim, *plain.shape[:1], plain.shape[-1]))
    found.update(plain.tobytes())
