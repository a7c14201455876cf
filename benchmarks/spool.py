"""How fast a gateway's spool on disk is, and what it costs in memory with a gigabyte waiting.

``python -m benchmarks.spool``. A packet is a second of all channels of one band, 20 bands. ``--folder`` is where the
file goes: say where the disk is that counts, for a temporary folder may lie in memory.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ingest.sending.spool import Spool
from ingest.wire import Intervals, Packet, Samples, Stored, encode

BANDS: Final = 20
RATES: Final = {"eda": (4.0, 1), "temperature": (4.0, 1), "ppg": (64.0, 1), "motion": (32.0, 3)}
BURST: Final = 1_000  # packets a commit where the disk is to be filled


def packet(band: int, seq: int, random: np.random.Generator) -> Packet:
    """A second of all channels, int16."""
    channels = {
        name: Samples(
            rate_hz=rate_hz,
            tick_us=seq * 1_000_000,
            values=random.integers(-9000, 9000, int(rate_hz) * axes, np.int16).tobytes(),
            dtype="i2",
            scale=0.001,
        )
        for name, (rate_hz, axes) in RATES.items()
    }
    ibi = Intervals(tick_us=[seq * 1_000_000 + 1], interval_s=[0.8])
    return Packet(
        v=1,
        band=f"band-{band:02d}",
        boot=7,
        seq=seq,
        tick_us=(seq + 1) * 1_000_000,
        heard_us=seq,
        gateway="hall",
        ibi=ibi,
        eda=channels["eda"],
        temperature=channels["temperature"],
        ppg=channels["ppg"],
        motion=channels["motion"],
    )


def resident_mb() -> float:
    """What this process has in memory now [MB]."""
    with Path("/proc/self/statm").open() as status:
        return int(status.read().split()[1]) * resource.getpagesize() / 1e6


def commits(folder: Path, group: int, seconds: float) -> tuple[float, np.ndarray]:
    """Packets a second, and how long each commit of ``group`` took [ms], every one synced."""
    random = np.random.default_rng(1)
    spool, taken, seq = Spool.on_disk(folder), [], 0
    made = [packet(n % BANDS, 0, random) for n in range(group)]
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        for one in made:
            spool.add(msgspec.structs.replace(one, seq=seq), 0.0)
            seq += 1
        begun_s = time.perf_counter()
        spool.commit()
        taken.append((time.perf_counter() - begun_s) * 1e3)
    spool.close()
    return seq / seconds, np.array(taken)


def fill(folder: Path, size: int) -> None:
    """Let ``size`` bytes wait, then say what that costs, after a restart too."""
    random = np.random.default_rng(1)
    before_mb = resident_mb()
    spool = Spool.on_disk(folder, limit=2 * size)
    pool = [packet(band, 0, random) for band in range(BANDS)]
    seq, begun_s = 0, time.monotonic()
    while spool.contents().size < size:
        for _ in range(BURST // BANDS):
            for one in pool:
                spool.add(msgspec.structs.replace(one, seq=seq), 0.0)
            seq += 1
        spool.commit()
    taken_s = time.monotonic() - begun_s
    print(f"{seq * BANDS:,} packets, {size / 1e9:.2f} GB waiting, written at {seq * BANDS / taken_s:,.0f} packets/s")
    print(f"memory: {resident_mb() - before_mb:.0f} MB more than before; peak {_peak_mb() - before_mb:.0f} MB more")
    spool.close()
    print(f"file: {sum(p.stat().st_size for p in folder.iterdir()) / 1e9:.2f} GB")


def resume(folder: Path) -> None:
    """Open what waits, and read and trim some of it."""
    before_mb = resident_mb()
    begun_s = time.monotonic()
    spool = Spool.on_disk(folder)
    spool.resume(0.0)
    print(f"restart: {time.monotonic() - begun_s:.1f} s; memory {resident_mb() - before_mb:.0f} MB more, ", end="")
    print(f"peak {_peak_mb() - before_mb:.0f} MB more")
    begun_s, count = time.monotonic(), 0
    while count < 20_000 and (some := spool.take(100, 0.0)):
        count += len(some)
    print(f"read back at {count / (time.monotonic() - begun_s):,.0f} packets/s")
    begun_s = time.monotonic()
    for band in range(BANDS):
        spool.stored(f"band-{band:02d}", Stored(v=1, boot=7, since=0, seq=count // BANDS - 1), 0.0, retained=False)
    spool.commit()
    print(f"let go of {count:,} in {time.monotonic() - begun_s:.2f} s (secure_delete)")
    spool.close()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Measure, each part in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the file goes (default: a temporary folder)")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--part", choices=("commits", "fill", "resume"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.part == "fill":
        fill(chosen.folder, round(chosen.gigabytes * 1e9))
    elif chosen.part == "resume":
        resume(chosen.folder)
    elif chosen.part == "commits":
        for group in (1, 20, 100):
            rate_hz, taken_ms = commits(chosen.folder / str(group), group, chosen.seconds)
            p50, p99 = np.percentile(taken_ms, [50, 99])
            print(f"commits of {group:>3}: {rate_hz:8,.0f} packets/s; a commit {p50:.1f} ms, p99 {p99:.1f} ms")
    else:
        folder = Path(tempfile.mkdtemp(dir=chosen.folder))
        print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores; {len(encode(_sample()))} bytes a packet")
        try:
            for part in ("commits", "fill", "resume"):
                where = folder / ("commits" if part == "commits" else "big")
                where.mkdir(exist_ok=True)
                more = ["--gigabytes", str(chosen.gigabytes), "--seconds", str(chosen.seconds)]
                subprocess.run(  # noqa: S603 - ourselves
                    [sys.executable, "-m", "benchmarks.spool", "--part", part, "--folder", where, *more], check=True
                )
        finally:
            shutil.rmtree(folder)


def _sample() -> Packet:
    return packet(1, 1, np.random.default_rng(1))


if __name__ == "__main__":
    main()
