"""A subject of WESAD (``SX.pkl``) in, what the wrist recorded and the conditions of the protocol out.

WESAD (Schmidt 2018, doi:10.1145/3242969.3242985): a dict with ``subject``, ``signal`` (``chest``, ``wrist``) and
``label`` at 700 Hz: 0 transient, 1 baseline, 2 stress, 3 amusement, 4 meditation, 5 to 7 to be ignored. The wrist is an
E4: ACC 32 Hz in 1/64 g, BVP 64 Hz, EDA and TEMP 4 Hz. The chest is not read: no band of ours measures it. The file is a
pickle, which may hold anything: see ``wesad_pickle``. It tells no time of day: it is said to start at 1970-01-01.
"""

from pathlib import PurePosixPath
from typing import Final

import numpy as np

from ingest.errors import RecordingError
from ingest.labels import Label
from ingest.recordings.archive import Source, leaf_of
from ingest.recordings.recording import Format, Recording
from ingest.recordings.wesad_pickle import FILE_MAX, Stored, unpickled
from ingest.types import CHANNELS, Array, Block

DEVICE: Final = "wesad-e4"
STREAMS: Final = {"eda": ("EDA", 4.0), "temperature": ("TEMP", 4.0), "ppg": ("BVP", 64.0), "motion": ("ACC", 32.0)}
COUNTS_PER_G: Final = 64
LABEL_HZ: Final = 700.0
CONDITIONS: Final = {1: "baseline", 2: "stress", 3: "amusement", 4: "meditation"}
START_S: Final = 0.0


def parts(source: Source) -> list[Source]:
    """Each pickle by itself."""
    return [source.part([name]) for name in source.names if leaf_of(name).endswith(".pkl")]


def read(part: Source) -> list[Recording]:
    """Read one subject. Raises RecordingError, naming the file, the field and the mend, where it is none."""
    (name,) = part.names
    where = part.where(name)
    with part.open(name, limit=FILE_MAX) as file:
        subject = unpickled(file, where)
    wrist = _within(_within(subject, "signal", where), "wrist", where)
    notes = ["the file tells no time of day: it is said to start at 1970-01-01 00:00 UTC"]
    channels: dict[str, tuple[Block, ...]] = {}
    for channel, (stream, rate_hz) in STREAMS.items():
        if stream not in wrist:
            notes.append(f"wrist {stream} is missing")
            continue
        block = _block(channel, _array(wrist, stream, where), rate_hz, f"{where}: wrist {stream}", notes)
        if block is not None:
            channels[channel] = (block,)
    if not channels:
        raise RecordingError(f"{where}: the wrist holds no sample: {'; '.join(notes)}")
    labels = _labels(_array(subject, "label", where), f"{where}: label") if _has(subject, "label") else ()
    return [
        Recording(PurePosixPath(name).stem, DEVICE, START_S, channels, None, np.zeros(0), tuple(notes), tuple(labels))
    ]


FORMAT: Final = Format(DEVICE, "a subject of WESAD: SX.pkl, of which the wrist is read", parts, read)


def _has(found: object, key: str) -> bool:
    return isinstance(found, dict) and key in found


def _within(found: object, key: str, where: str) -> dict[object, object]:
    inner = found.get(key) if isinstance(found, dict) else None
    if not isinstance(inner, dict):
        raise RecordingError(f"{where}: holds no {key!r}: not a subject of WESAD")
    return inner


def _array(found: object, key: str, where: str) -> Array:
    stored = found.get(key) if isinstance(found, dict) else None
    if not isinstance(stored, Stored):
        raise RecordingError(f"{where}: {key} is no array: download the file again")
    return stored.array(f"{where}: {key}")


def _block(channel: str, values: Array, rate_hz: float, where: str, notes: list[str]) -> Block | None:
    """One sensor, None without a sample. Values that no working sensor says are unknown (NaN)."""
    kind = CHANNELS[channel]
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != kind.axes:
        raise RecordingError(f"{where}: of shape {values.shape}, expected (n, {kind.axes}): download the file again")
    if not values.size:
        notes.append(f"{where} holds no sample")
        return None
    physical = np.ascontiguousarray(values.T) / (COUNTS_PER_G if channel == "motion" else 1)
    wrong = ~((physical >= kind.low) & (physical <= kind.high))
    if wrong.any():
        physical[wrong] = np.nan
        notes.append(f"{where}: {int(wrong.any(axis=0).sum())} samples are outside what the sensor can say")
    return Block(channel, START_S, rate_hz, physical if kind.axes > 1 else physical[0])


def _labels(codes: Array, where: str) -> list[Label]:
    """A label for each run of one condition; transients and what is to be ignored have none."""
    codes = codes.reshape(-1)
    if not np.isin(codes, np.arange(8)).all():
        raise RecordingError(f"{where}: holds other codes than 0 to 7: download the file again")
    edges = np.flatnonzero(np.diff(codes, prepend=-1.0, append=-1.0))
    return [
        Label(
            what=CONDITIONS[int(codes[first])],
            start_s=START_S + first / LABEL_HZ,
            end_s=START_S + stop / LABEL_HZ,
            rater="protocol",
            onset_uncertainty_s=1 / LABEL_HZ,
        )
        for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        if int(codes[first]) in CONDITIONS
    ]
