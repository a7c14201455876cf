"""Simulated bands at a gateway, for tests of pairing: what is done with them in, messages at their moments out."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from ingest.control.messages import BandEvent, GatewayStatus, Nearby, Seen, band_topic, encode_message, gateway_topic
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.types import Array
from ingest.wire import Packet, Samples, data_topic, encode

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"
SITE = "home"
Message = tuple[str, bytes]


@cache
def worn_packets() -> list[Packet]:
    """A minute of somebody who sits still with a band on, from where its skin is warm."""
    return [packet for _, packet in packets(read(SAMPLE), band="x")][600:720]


def packet_of(band: str, second: int, motion: Array | None = None, *, on: bool = True) -> Packet:
    """Second ``second`` of a band: on a wrist, or off it; ``motion`` (3, 32) in g takes the place of its own."""
    like = worn_packets()[second % len(worn_packets())]
    tick_us = (second + 1) * 1_000_000
    moved = {
        name: msgspec.structs.replace(samples, tick_us=samples.tick_us - like.tick_us + tick_us)
        for name, samples in like.samples().items()
    }
    if not on:
        moved["eda"] = _flat(0.0, 4, tick_us)
        moved["temperature"] = _flat(22.0, 4, tick_us)
        moved["ppg"] = _flat(0.0, 64, tick_us)
    if motion is not None:
        values = motion.T.astype("<f4").tobytes()
        moved["motion"] = Samples(rate_hz=32.0, tick_us=tick_us - 1_000_000, values=values)
    return msgspec.structs.replace(like, band=band, boot=7, seq=second, tick_us=tick_us, ibi=None, **moved)


def _flat(value: float, rate: int, tick_us: int) -> Samples:
    return Samples(rate_hz=float(rate), tick_us=tick_us - 1_000_000, values=[value] * rate)


def still(seed: int) -> Array:
    """A second of a band that lies in a hand."""
    chance = np.random.default_rng(seed)
    return np.array([[0.1], [0.2], [0.97]]) + chance.normal(0, 0.02, (3, 32))


def shaken(seed: int, on: Callable[[float], bool]) -> Array:
    """A second of a band that is shaken at those of its moments [s after its begin] for which ``on``."""
    t = np.arange(32) / 32
    swing = np.array([1.6 * np.sin(2 * np.pi * 4.3 * each) if on(each) else 0.0 for each in t])
    return still(seed) + np.array([[0.8], [0.6], [0.0]]) * swing


def data(packet: Packet) -> Message:
    return data_topic(SITE, packet.band), encode(packet)


def tap(band: str, at_s: float, gateway: str = "g-1") -> Message:
    event = BandEvent(v=1, at_us=round(at_s * 1e6), gateway=gateway, band=band, kind="double_tap")
    return band_topic(SITE, band, "event"), encode_message(event)


def online(at_s: float, *, online: bool = True) -> Message:
    status = GatewayStatus(v=1, at_us=round(at_s * 1e6), online=online)
    return gateway_topic(SITE, "g-1", "status"), encode_message(status)


def nearby(at_s: float, bands: Iterator[str] | list[str]) -> Message:
    now_us = round(at_s * 1e6)
    seen = [
        Seen(
            band=band,
            profile="forecalm",
            address="c0:01",
            heard_us=now_us,
            rssi=-50 - 10 * i,
            battery=80,
            firmware="1.2.3",
            worn=False,
        )
        for i, band in enumerate(bands)
    ]
    return gateway_topic(SITE, "g-1", "nearby"), encode_message(Nearby(v=1, at_us=now_us, gateway="g-1", bands=seen))
