"""What the tests of ingest share: packets made to measure."""

from collections.abc import Callable

import numpy as np
import pytest

from ingest.received import Received
from ingest.wire import Packet, Samples, encode

RATES_HZ = {"eda": 4.0, "temperature": 4.0, "ppg": 64.0, "motion": 32.0}
MakePacket = Callable[..., Packet]
MakeReceived = Callable[..., Received]


def _wave(channel: str, axes: int, time_s: np.ndarray) -> np.ndarray:
    """A smooth signal per axis, (axes, n), inside what every sensor can say."""
    return np.stack([5.0 + np.sin(time_s * (1.3 + axis) + len(channel)) for axis in range(axes)])


def _packet(
    *,
    seq: int,
    band: str = "b",
    boot: int = 1,
    start_s: float | None = None,
    length_s: float = 1.0,
    rates_hz: dict[str, float] = RATES_HZ,
    **others: object,
) -> Packet:
    """A packet of ``length_s`` from ``start_s`` (default: ``seq``) on the band's clock, waves on each channel."""
    start_s = float(seq) if start_s is None else start_s
    channels = {}
    for name, rate_hz in rates_hz.items():
        first = int(np.ceil(start_s * rate_hz - 1e-6))
        stop = int(np.ceil((start_s + length_s) * rate_hz - 1e-6))
        if stop > first:
            numbers = _wave(name, 3 if name == "motion" else 1, np.arange(first, stop) / rate_hz)
            channels[name] = Samples(
                rate_hz=rate_hz,
                tick_us=round(first / rate_hz * 1e6),
                values=numbers.T.astype("<f8").tobytes(),
                dtype="f8",
            )
    fields = {**channels, **others}
    return Packet(v=1, band=band, boot=boot, seq=seq, tick_us=round((start_s + length_s) * 1e6), **fields)


@pytest.fixture(scope="session")
def make_packet() -> MakePacket:
    """See ``_packet``."""
    return _packet


@pytest.fixture(scope="session")
def make_received() -> MakeReceived:
    """The same, received at its end by a service whose UTC is the band's clock + ``offset_s``."""

    def make(*, offset_s: float = 1e9, late_s: float = 0.0, **packet: object) -> Received:
        made = _packet(**packet)
        return Received(made, offset_s, made.tick_us * 1e-6 + offset_s + late_s, encode(made))

    return make
