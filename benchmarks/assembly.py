"""Synthetic bands in; what assembly alone costs out: ms a round of one packet from each, us a packet, and bytes a row.

python -m benchmarks.assembly [--rows N] [--rounds N] [--batch N] [--json FILE]

Packets of E4-like rates (4, 4, 64 and 3 x 32 Hz) and a second's length, begun at any phase of the UTC second, arrive
with 0 to 200 ms of delay, so that they overtake each other; their values are decoded already, as intake hands them
over. Timed are ``add`` and ``take`` together: in batches, as the engine's loop takes them when it is busy, and one by
one, as it does when it is idle.
"""

import argparse
import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

from ingest.assemble import Assembler
from ingest.received import Received
from ingest.wire import Packet, Samples

UTC_S = 1.7e9
RATES_HZ = {"eda": 4.0, "temperature": 4.0, "ppg": 64.0, "motion": 32.0}
DELAY_S = 0.2  # the most that a packet is late
DRIFT_S = 2e-6  # how much a mapping moves from one packet to the next: a clock that is being followed
WARM_ROUNDS = 5  # before anything is timed: every row has its history
Arrival = tuple[int, Received]
CASES = {
    "batches, nothing lost": (True, 0.0),
    "batches, 1 % lost": (True, 0.01),
    "batches, 10 % lost": (True, 0.1),
    "one by one, nothing lost": (False, 0.0),
    "one by one, 1 % lost": (False, 0.01),
}


def arrivals(*, rows: int, rounds: int, lost: float, batch: int, seed: int = 1) -> Iterator[list[Arrival]]:
    """Yield what every row's band sent second after second, in the order in which it arrived, ``batch`` at a time."""
    rng = np.random.default_rng(seed)
    phase_s = rng.uniform(0, 1, rows)
    numbers = {name: rng.standard_normal((3, 64) if name == "motion" else (64,)) for name in RATES_HZ}
    for seq in range(rounds):
        delay_s, drift_s = rng.uniform(0, DELAY_S, rows), rng.uniform(-1, 1, rows) * DRIFT_S
        received_s = UTC_S + phase_s + seq + 1 + delay_s
        came = [row for row in np.argsort(received_s).tolist() if rng.uniform() >= lost]
        for low in range(0, len(came), batch):
            found = []
            for row in came[low : low + batch]:
                samples, arrays = {}, {}
                for name, rate_hz in RATES_HZ.items():
                    arrays[name] = numbers[name][..., : int(rate_hz)].copy()
                    packed = arrays[name].T.astype("<f4").tobytes()
                    samples[name] = Samples(rate_hz=rate_hz, tick_us=seq * 1_000_000, values=packed)
                packet = Packet(v=1, band=f"band-{row}", boot=1, seq=seq, tick_us=(seq + 1) * 1_000_000, **samples)
                offset_s = float(UTC_S + phase_s[row] + drift_s[row])
                found.append((row, Received(packet, offset_s, float(received_s[row]), b"", arrays)))
            yield found


def in_batches(assembler: Assembler, found: list[Arrival]) -> int:
    """Add all, and take; returns how many seconds were taken."""
    for row, received in found:
        assembler.add(row, received)
    return sum(len(taken.rows) for taken in assembler.take(found[-1][1].received_s))


def one_by_one(assembler: Assembler, found: list[Arrival]) -> int:
    """Add and take every packet as it comes; returns how many seconds were taken."""
    seconds = 0
    for row, received in found:
        assembler.add(row, received)
        seconds += sum(len(taken.rows) for taken in assembler.take(received.received_s))
    return seconds


def timed(
    way: Callable[[Assembler, list[Arrival]], int], *, rows: int, rounds: int, batch: int, lost: float
) -> dict[str, float]:
    """Return ms a round and us a packet, and how many seconds a packet brought."""
    assembler, spent_s, packets, seconds = Assembler(rows=rows), 0.0, 0, 0
    for found in arrivals(rows=rows, rounds=rounds + WARM_ROUNDS, lost=lost, batch=batch):
        begun = perf_counter()
        taken = way(assembler, found)
        if found[-1][1].packet.seq >= WARM_ROUNDS:
            spent_s += perf_counter() - begun
            packets += len(found)
            seconds += taken
    us = spent_s / packets * 1e6
    return {"ms_a_round": us * rows / 1e3, "us_a_packet": us, "seconds_a_packet": seconds / packets}


def bytes_a_row(*, rows: int, rounds: int) -> float:
    """Return what a row holds after ``rounds``, the packets that it still refers to included."""
    stream = arrivals(rows=rows, rounds=rounds, lost=0.0, batch=rows)
    tracemalloc.start()
    assembler = Assembler(rows=rows)
    for found in stream:
        in_batches(assembler, found)
    del found
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / rows


def main() -> None:
    """Measure, print, and keep where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=500, help="packets: what the engine's loop takes at once")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found: dict[str, object] = {"rows": asked.rows, "batch": asked.batch}
    for case, (batched, lost) in CASES.items():
        way = in_batches if batched else one_by_one
        numbers = timed(way, rows=asked.rows, rounds=asked.rounds, batch=asked.batch, lost=lost)
        found[case] = numbers
        print(
            f"{case:26} {asked.rows} rows: {numbers['ms_a_round']:7.1f} ms a round, {numbers['us_a_packet']:6.1f} us a "
            f"packet ({numbers['seconds_a_packet']:.3f} seconds each)",
            flush=True,
        )
    found["bytes_a_row"] = bytes_a_row(rows=200, rounds=90)
    print(f"{found['bytes_a_row']:.0f} bytes a row")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
