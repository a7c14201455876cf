"""Packing against plain zlib, on a synthetic day as a live band sends it; and, where they are, all real E4 recordings.

A sample here is one number of one axis, as in the table of what is to be reached: ten seconds of an E4 are 1,680. The
real recordings are those that FORECALM_TEST_RECORDINGS names: ``python -m benchmarks.speed.packing`` prints each.
"""

import os
import statistics
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.figures import ROOT, Race
from benchmarks.speed.recordings import recording
from ingest.errors import RecordingError
from ingest.received import Received
from ingest.recordings import e4
from ingest.recordings.packets import packets as packets_of
from ingest.store.packing import Packed, open_channel, pack, unpack, unpack_channel
from ingest.types import CHANNELS
from ingest.wire import Packet, Samples, encode

BLOCK = 300  # packets of a second: what the store settles at once
BANDS = 5000  # at one packet a second: what packing must keep up with
ROW = 26.0  # bytes of a sample in a SQLite row of its own: (time, value) with its key
STEPS = {"eda": 0.001, "temperature": 0.01, "ppg": 0.01, "motion": 1 / 64}  # units a count
FOLDERS = ("stress_predict", "nurse_stress", "exam_stress", "e4tools_demo", "e4_msr2023")


def live(hours: float) -> list[Received]:
    """A synthetic wearing as a band sends it: whole counts with a scale, heard and mapped with a band's own drift."""
    made = recording(hours=hours)
    seconds = made.ppg.size // 64
    warmth = 33 + np.cumsum(np.random.default_rng(2).normal(0, 0.002, 4 * seconds))
    signals = {"eda": made.eda, "temperature": warmth, "ppg": made.ppg, "motion": made.motion}
    counts = {name: np.rint(values / STEPS[name]).astype("<i2") for name, values in signals.items()}
    delay_s = np.random.default_rng(3).gamma(2.0, 0.02, seconds)
    found = []
    for seq in range(seconds):
        channels = {}
        for name, numbers in counts.items():
            rate = CHANNELS[name].grid_hz
            raw = np.ascontiguousarray(numbers[..., rate * seq : rate * (seq + 1)].T).tobytes()
            channels[name] = Samples(
                rate_hz=float(rate), tick_us=seq * 1_000_000, values=raw, dtype="i2", scale=STEPS[name]
            )
        end_us = (seq + 1) * 1_000_000
        offset_s = 1.7e9 + 2e-5 * seq
        received_s = end_us * 1e-6 + offset_s + float(delay_s[seq])
        heard_us = round(received_s * 1e6) - 3_000
        packet = Packet(
            v=1,
            band="b",
            boot=1,
            seq=seq,
            tick_us=end_us,
            heard_us=heard_us,
            sent_us=heard_us + 900,
            gateway="g-1",
            battery=90 - seq // 3600,
            contact=True,
            **channels,
        )
        found.append(Received(packet, offset_s, received_s, encode(packet)))
    return found


def in_blocks(received: Sequence[Received]) -> list[Sequence[Received]]:
    """What the store would settle at once."""
    return [received[first : first + BLOCK] for first in range(0, len(received), BLOCK)]


def median_s(work: Callable[[], object], runs: int = 5) -> float:
    """The median time of some runs."""
    spent = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def numbers_in(received: Sequence[Received]) -> dict[str, int]:
    """Numbers of each channel."""
    found: dict[str, int] = {}
    for one in received:
        for block in one.blocks():
            found[block.channel] = found.get(block.channel, 0) + block.values.size
    return found


def raw_f4(received: Sequence[Received], channel: str) -> bytes:
    """The numbers of a channel as the peer keeps them."""
    return np.concatenate([one.values(channel).T.ravel() for one in received]).astype("<f4").tobytes()


def require_same(received: Sequence[Received], packed: Packed) -> None:
    """Raise unless a pack gives back what went in; of each payload, only what it says."""
    again = unpack(packed.meta, packed.channels)
    if [(r.packet, r.offset_s, r.received_s) for r in again] != [
        (r.packet, r.offset_s, r.received_s) for r in received
    ]:
        raise ValueError("a pack does not give back what was packed")


def density(packed: Sequence[Packed], numbers: dict[str, int]) -> str:
    """Bytes a number, by channel and in all."""
    sizes = {name: sum(len(one.channels.get(name, b"")) for one in packed) for name in numbers}
    meta = sum(len(one.meta) for one in packed)
    whole = (meta + sum(sizes.values())) / sum(numbers.values())
    each = ", ".join(f"{name} {sizes[name] / n:.2f}" for name, n in numbers.items())
    return f"{whole:.3f} B a number with everything ({each}; the rest {meta / sum(numbers.values()):.3f})"


def race() -> list[Race]:
    """Race."""
    received = live(hours=2.0)
    blocks = in_blocks(received)
    packed = [pack(some) for some in blocks]
    for some, one in zip(blocks, packed, strict=True):
        require_same(some, one)
    numbers = numbers_in(received)
    channels = list(numbers)
    raws = [[raw_f4(some, name) for name in channels] for some in blocks]
    zipped = [[zlib.compress(raw) for raw in some] for some in raws]
    peer_bytes = sum(len(raw) for some in zipped for raw in some) / sum(numbers.values())
    packing_s = median_s(lambda: [pack(some) for some in blocks])
    cpu = packing_s / len(blocks) * BANDS / BLOCK
    note = (
        f"{density(packed, numbers)}; zlib {peer_bytes:.2f}, a SQLite row a sample {ROW:.0f};"
        f" {packing_s / len(blocks) * 1e3:.1f} ms a block of 5 min, {cpu:.0%} of a core for {BANDS} bands;"
        f" meta {sum(len(one.meta) for one in packed) / len(received):.1f} B a packet"
    )
    races = [
        Race(
            "pack 2 h of every channel, checked by unpacking",
            "zlib on raw float32",
            median_s(lambda: [[zlib.compress(raw) for raw in some] for some in raws]),
            packing_s,
            1.0,
            2.0,
            note,
        )
    ]
    for name in ("ppg", "motion"):
        place = channels.index(name)
        ours_s = median_s(
            lambda name=name: unpack_channel(name, [open_channel(name, one.channels[name]) for one in packed]), 15
        )  # type: ignore[misc]
        peer_s = median_s(lambda place=place: [_peer_read(some[place]) for some in zipped], 15)  # type: ignore[misc]
        races.append(
            Race(
                f"read 2 h of {name} to float64",
                "zlib on raw float32",
                peer_s,
                ours_s,
                1.0,
                2.0,
                f"{numbers[name] / ours_s / 1e6:.0f} M numbers/s, the peer {numbers[name] / peer_s / 1e6:.0f}",
            )
        )
    return races


def _peer_read(zipped: bytes) -> np.ndarray:
    return np.frombuffer(zlib.decompress(zipped), "<f4").astype(np.float64)


def real(folder: Path, *, blocks: int = 10**6) -> Iterator[tuple[str, list[Packed], dict[str, int]]]:
    """Each E4 recording in a folder of recordings: name, packs and numbers; checked by unpacking."""
    for path in sorted(path for name in FOLDERS for path in (folder / name).glob("*.zip")):
        try:
            found = e4.read(path)
        except RecordingError:
            continue
        live_packets = packets_of(found, band="b")
        packed, numbers = [], dict.fromkeys(CHANNELS, 0)
        for _ in range(blocks):
            some = [Received(p, at_s - p.tick_us * 1e-6, at_s, encode(p)) for at_s, p in islice(live_packets, BLOCK)]
            if not some:
                break
            packed.append(pack(some))
            require_same(some, packed[-1])
            for name, n in numbers_in(some).items():
                numbers[name] += n
        yield f"{path.parent.name}/{path.stem}", packed, {name: n for name, n in numbers.items() if n}


def main() -> None:
    """Print what each real recording takes, and all of them."""
    folder = Path(os.environ.get("FORECALM_TEST_RECORDINGS", ROOT.parent / "shared" / "data"))
    every: list[Packed] = []
    total: dict[str, int] = {}
    for name, packed, numbers in real(folder):
        print(f"{name}: {density(packed, numbers)}", flush=True)
        every += packed
        total = {channel: total.get(channel, 0) + numbers.get(channel, 0) for channel in {**total, **numbers}}
    print(f"all {sum(total.values())} numbers: {density(every, total)}")


if __name__ == "__main__":
    main()
