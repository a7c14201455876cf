"""Packets in, how fast they are durably stored and a day of one channel is read back, by ours and row by row, out.

Ours is ``SqliteStore``: packets through ``commit`` in groups, FULL, and then through ``settle``; the time is that of
both. The peer is an SQLite row per number under a clustered key: the same numbers in the same groups, FULL. Numbers are
counted on both sides: three for a sample of motion.
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Race
from benchmarks.speed.recordings import recording
from ingest.errors import RecordingError
from ingest.received import Received
from ingest.recordings.detect import read
from ingest.recordings.packets import packets
from ingest.store.sqlite import SqliteStore
from ingest.types import CHANNELS
from ingest.wire import Packet, Samples, encode

DEVICES = 50
UNIT_S = 10  # of one device: the unit of the peer's measurements
PER_COMMIT = 50
RUNS = 3
UTC_S = 1.7e9
SCALE = {"eda": 1e-3, "temperature": 0.01, "ppg": 0.01, "motion": 1 / 64}
CODE = {name: code for code, name in enumerate(SCALE)}
FOLDERS = ("exam_stress", "stress_predict", "e4tools_demo", "nurse_stress")
OF_EACH = 4  # recordings of a folder: all would take minutes
ROW = 26.0  # bytes of a number in a row of its own: see ``benchmarks.speed.packing``
Counts = dict[str, NDArray[np.int16]]
RECORDINGS = os.environ.get("FORECALM_TEST_RECORDINGS", str(Path(__file__).parents[3] / "shared" / "data"))


def _counts(seconds: int) -> Counts:
    """Numbers of each channel as a band sends them, (n,) int16, axes interleaved."""
    played = recording(hours=seconds / 3600)
    cold = 33 + 0.5 * np.sin(np.arange(4 * seconds) / 2000)
    found = {"eda": played.eda, "temperature": cold, "ppg": played.ppg, "motion": played.motion.T.ravel()}
    return {name: np.rint(values / SCALE[name]).astype("<i2") for name, values in found.items()}


def _received(device: int, seq: int, cut: Counts, length_s: int) -> Received:
    """One packet of ``length_s``, as a gateway would have sent it."""
    tick_us = seq * length_s * 1_000_000
    channels = {
        name: Samples(
            rate_hz=len(numbers) / CHANNELS[name].axes / length_s,
            tick_us=tick_us,
            values=numbers.tobytes(),
            dtype="i2",
            scale=SCALE[name],
        )
        for name, numbers in cut.items()
    }
    end_us = tick_us + length_s * 1_000_000
    packet = Packet(v=1, band=f"band-{device}", boot=1, seq=seq, tick_us=end_us, **channels)
    return Received(packet, UTC_S, UTC_S + end_us * 1e-6, encode(packet))


def _cuts(seconds: int, length_s: int) -> list[Counts]:
    whole = _counts(seconds)
    n = seconds // length_s
    cut = {name: numbers.reshape(n, -1) for name, numbers in whole.items()}
    return [{name: rows[i] for name, rows in cut.items()} for i in range(n)]


def _groups(found: list[Received], per_commit: int) -> Iterator[list[Received]]:
    for i in range(0, len(found), per_commit):
        yield found[i : i + per_commit]


def _write(path: Path, found: list[Received], per_commit: int) -> tuple[float, float]:
    """How long commits and settling took [s]."""
    with closing(SqliteStore(path)) as store:
        begun = time.perf_counter()
        for group in _groups(found, per_commit):
            store.commit(group)
        committed = time.perf_counter()
        store.settle(0.0, everything=True)
        return committed - begun, time.perf_counter() - committed


def _open_rows(path: Path, sync: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {sync}")
    db.execute("CREATE TABLE s(device INT, ch INT, t INT, v REAL, PRIMARY KEY(device, ch, t)) WITHOUT ROWID")
    return db


def _write_rows(db: sqlite3.Connection, units: list[tuple[int, int, Counts]], per_commit: int) -> float:
    """How long the peer took [s]; ``units`` are (device, start [s], numbers)."""
    begun = time.perf_counter()
    for i in range(0, len(units), per_commit):
        db.execute("BEGIN")
        for device, start_s, cut in units[i : i + per_commit]:
            for name, numbers in cut.items():
                n = len(numbers)
                at = (start_s * 10**9 + np.arange(n) * (UNIT_S * 10**9 // n)).tolist()
                values = (numbers * SCALE[name]).tolist()
                rows = zip([device] * n, [CODE[name]] * n, at, values, strict=True)
                db.executemany("INSERT INTO s VALUES(?,?,?,?)", rows)
        db.execute("COMMIT")
    return time.perf_counter() - begun


def _median(timed: Callable[[], float], runs: int = RUNS) -> float:
    return float(np.median([timed() for _ in range(runs)]))


def _writing(folder: Path) -> Race:
    cuts = _cuts(600, UNIT_S)
    found = [_received(device, i, cut, UNIT_S) for i, cut in enumerate(cuts) for device in range(DEVICES)]
    live = [_received(device, i, cut, 1) for i, cut in enumerate(_cuts(600, 1)) for device in range(DEVICES)]
    units = [(device, i * UNIT_S, cut) for i, cut in enumerate(cuts[:20]) for device in range(DEVICES)]
    numbers = sum(len(numbers) for numbers in cuts[0].values())
    _write(folder / "warm.sqlite", found[: 2 * DEVICES], PER_COMMIT)
    names = (folder / f"{i}.sqlite" for i in range(100))
    path = folder / "last.sqlite"

    def rows() -> float:
        with closing(_open_rows(next(names), "FULL")) as db:
            return _write_rows(db, units, PER_COMMIT)

    peer_s = _median(rows) / len(units) * len(found)
    ours = [_write(next(names), found, PER_COMMIT) for _ in range(2 * RUNS)]
    ours += [_write(path, found, PER_COMMIT)]
    ours_s = float(np.median([sum(both) for both in ours]))
    live_s = np.median([_write(next(names), live, PER_COMMIT * UNIT_S) for _ in range(RUNS)], axis=0)
    total = numbers * len(found) / 1e6
    settling = float(np.median([settled for _, settled in ours])) / ours_s
    committed, settled = len(live) / live_s
    return Race(
        work=f"block store write, FULL, grouped commits: {total:.0f} M numbers, {PER_COMMIT} packets of {UNIT_S} s a"
        " commit, and settled",
        peer="SQLite, a row per number, FULL, the same groups",
        peer_s=peer_s,
        ours_s=ours_s,
        reach=15,
        goal=35,
        note=f"{total / ours_s:.1f} against {total / peer_s:.2f} M numbers/s, {settling:.0%} of the time to settle;"
        f" packets of 1 s, {PER_COMMIT * UNIT_S} a commit: {peer_s / live_s.sum():.1f} times,"
        f" {committed:.0f} packets/s committed and {settled:.0f} settled; {_state(path)}; {_load()}",
    )


def _state(path: Path) -> str:
    """What the file takes after settling, and how much of that is room for what comes next."""
    with closing(sqlite3.connect(path)) as db:
        pages, free, size = (
            db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
    return f"file {pages * size / 1e6:.1f} MB, {free * size / 1e6:.1f} MB of it free"


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores"


def _reading(folder: Path) -> Race:
    """A day of PPG, as NumPy: bulk committed and settled; the peer's day is written without waiting for the disk."""
    cuts = _cuts(3_600, UNIT_S) * 24
    with closing(_open_rows(folder / "rows.sqlite", "OFF")) as db:
        only = [(0, i * UNIT_S, {"ppg": cut["ppg"]}) for i, cut in enumerate(cuts)]
        _write_rows(db, only, 60)

        def rows() -> float:
            begun = time.perf_counter()
            got = db.execute("SELECT t, v FROM s WHERE device=0 AND ch=? ORDER BY t", (CODE["ppg"],)).fetchall()
            at, v = np.array(got).T
            assert v.size == at.size == 64 * 86_400  # noqa: S101
            return time.perf_counter() - begun

        peer_s = _median(rows)
    with closing(SqliteStore(folder / "day.sqlite")) as store:
        day = [_received(0, i, cut, UNIT_S) for i, cut in enumerate(cuts)]
        for group in _groups(day, 60):
            store.commit(group)
        store.settle(0.0, everything=True)
        pieces = 0

        def blocks() -> float:
            nonlocal pieces
            begun = time.perf_counter()
            got = list(store.read("band-0", "ppg", UTC_S, UTC_S + 86_400))
            values = got[0].values if len(got) == 1 else np.concatenate([block.values for block in got])
            pieces = len(got)
            taken_s = time.perf_counter() - begun
            assert values.size == 64 * 86_400  # noqa: S101
            return taken_s

        blocks()
        ours_s = _median(blocks, 9)
    return Race(
        work="read a day of one channel at 64 Hz to NumPy",
        peer="SQLite, a row per number",
        peer_s=peer_s,
        ours_s=ours_s,
        reach=100,
        goal=160,
        note=f"{64 * 86_400 / ours_s / 1e6:.0f} against {64 * 86_400 / peer_s / 1e6:.2f} M samples/s; ours in {pieces}"
        f" blocks; {_sizes(folder)}; {_load()}",
    )


def _sizes(folder: Path) -> str:
    """Bytes a number in the file after settling, of real recordings in packets of 1 s, all in one store."""
    path = folder / "real.sqlite"
    numbers = samples = files = 0
    with closing(SqliteStore(path)) as store:
        for kind in FOLDERS:
            for file in sorted((Path(RECORDINGS) / kind).glob("*.zip"))[:OF_EACH]:
                try:
                    wholes = read(file)
                except RecordingError:
                    continue
                for whole in wholes:
                    cut = packets(whole, band=file.stem[:60])
                    found = [Received(packet, whole.start_s, at_s, encode(packet)) for at_s, packet in cut]
                    store.commit(found)
                    numbers += sum(block.values.size for received in found for block in received.blocks())
                store.settle(0.0, everything=True)
                files += 1
        samples = sum(store.counts().samples.values())
    if not numbers:
        return "no real recordings here"
    with closing(sqlite3.connect(path)) as db:
        pages, free, size = (
            db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
    used = (pages - free) * size
    return (
        f"{files} real E4 recordings in one store: {used / numbers:.2f} B a number ({used / samples:.2f} a sample) of"
        f" the file, a row each {ROW / (used / numbers):.0f} times as much"
    )


def race() -> list[Race]:
    """Return the races."""
    with tempfile.TemporaryDirectory() as folder:
        return [_writing(Path(folder)), _reading(Path(folder))]
