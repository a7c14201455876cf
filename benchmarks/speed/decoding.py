"""Messages of one second of a band in, how fast they are checked and become arrays out; pydantic beside."""

import json
import time
from collections.abc import Callable

import numpy as np

from benchmarks.figures import Race
from ingest.wire import Packet, Samples, encode
from ingest.wire_batch import decode_many

MESSAGES = 256  # at once: what a ward of a thousand sends in a quarter of a second
RUNS = 15
REACH, GOAL = 300_000 / 108_000, 500_000 / 108_000


def messages() -> tuple[list[bytes], list[bytes]]:
    """Return ours, and the same 168 values as the JSON lists of the peer's benchmark."""
    rng = np.random.default_rng(5)
    ours, theirs = [], []
    for seq in range(MESSAGES):
        values = {
            "ppg": rng.normal(0, 50, 64).round(2),
            "motion": rng.integers(-128, 128, 96),
            "eda": rng.uniform(0.3, 8, 4).round(4),
            "temperature": rng.uniform(30, 36, 4).round(2),
        }
        start_us = seq * 1_000_000
        rates_hz = {"ppg": 64.0, "motion": 32.0, "eda": 4.0, "temperature": 4.0}
        channels = {
            name: Samples(
                rate_hz=rates_hz[name],
                tick_us=start_us,
                values=array.astype("<i2" if name == "motion" else "<f4").tobytes(),
                dtype="i2" if name == "motion" else "f4",
                scale=1 / 64 if name == "motion" else 1.0,
            )
            for name, array in values.items()
        }
        ours.append(encode(Packet(v=1, band="E4-A01234", boot=7, seq=seq, tick_us=start_us + 1_000_000, **channels)))
        lists = {name: array.tolist() for name, array in values.items()}
        theirs.append(json.dumps({"device": "E4-A01234", "seq": seq, "t0": start_us, **lists}).encode())
    return ours, theirs


def race() -> list[Race]:
    """Ours to arrays in physical units; the peer to lists of Python's numbers."""
    import pydantic

    class Model(pydantic.BaseModel):
        device: str
        seq: int
        t0: int
        ppg: list[float]
        motion: list[int]
        eda: list[float]
        temperature: list[float]

    ours, theirs = messages()
    ours_s, peer_s = _medians_s(lambda: decode_many(ours), lambda: [Model.model_validate_json(data) for data in theirs])
    rate, one_rate = MESSAGES / ours_s, MESSAGES / _medians_s(lambda: [decode_many([data]) for data in ours])[0]
    return [
        Race(
            work="decode and validate a second of a band",
            peer="pydantic",
            peer_s=peer_s / MESSAGES,
            ours_s=ours_s / MESSAGES,
            reach=REACH,
            goal=GOAL,
            note=(
                f"{rate / 1e3:.0f} k messages/s, {MESSAGES} at once, to float64 arrays in physical units with bounds"
                f" checked; {one_rate / 1e3:.0f} k/s one by one; the peer {MESSAGES / peer_s / 1e3:.0f} k/s, to lists"
            ),
        )
    ]


def _medians_s(*works: Callable[[], object]) -> list[float]:
    """The median time of each [s], taken in turns, so that a busy moment hits all alike."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS):
        for work, some in zip(works, times, strict=True):
            begun = time.perf_counter()
            for _ in range(8):
                work()
            some.append((time.perf_counter() - begun) / 8)
    return [float(np.median(some)) for some in times]
