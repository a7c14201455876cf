"""Kill -9 of the service and of the broker at random moments under load, again and again: is every reading stored once?

python -m benchmarks.kills [--rounds N] [--seconds S] [--wearers N] [--speed X] [--seed N] [--small-spool]

A round is a new house (see ``kill_house``). Needs Mosquitto; a disk is really full where a tmpfs may be mounted, else
no file may grow. Every seed is printed.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.command import broker, options
from benchmarks.kill_compare import Found
from benchmarks.kill_house import House

PAUSE_S: Final = (0.3, 6.0)  # between two faults: some hit a service that starts, some one that works
SERVING: Final = 0.6  # else it may be hit again while it starts
LOCK_S: Final = 10.0  # twice as long as the store waits for another writer
FULL_S: Final = 6.0
DISK: Final = "64m"  # of a tmpfs: the readings of a round, and their log
Fault = Callable[[House, random.Random], None]


def service_killed(house: House, _: random.Random) -> None:
    house.kill_service()


def service_killed_while_it_starts(house: House, rng: random.Random) -> None:
    house.kill_service()
    for _ in range(3):
        house.start_service()
        time.sleep(rng.uniform(0.0, 4.0))
        house.kill_service()


def broker_killed(house: House, _: random.Random) -> None:
    house.kill_broker()


def broker_killed_after_it_saved(house: House, _: random.Random) -> None:
    house.kill_broker(save=True)


def broker_wiped(house: House, rng: random.Random) -> None:
    house.kill_broker(save=rng.random() < 0.5, wipe=True)


def both_killed(house: House, rng: random.Random) -> None:
    house.kill_broker(save=True, wipe=rng.random() < 0.5)
    house.kill_service()
    time.sleep(rng.uniform(0.0, 2.0))


def broker_wiped_while_the_service_is_away(house: House, rng: random.Random) -> None:
    """The bands publish to a broker that keeps nothing for anybody, and acknowledges."""
    house.kill_service()
    house.kill_broker(wipe=True)
    house.start_broker()
    time.sleep(rng.uniform(1.0, 4.0))


def service_paused(house: House, rng: random.Random) -> None:
    with house.paused("service"):
        time.sleep(rng.uniform(0.5, 4.0))


def broker_paused(house: House, rng: random.Random) -> None:
    with house.paused("broker"):
        time.sleep(rng.uniform(0.5, 4.0))


def file_locked(house: House, rng: random.Random) -> None:
    with house.locked():
        time.sleep(LOCK_S)
        if rng.random() < 0.3:
            house.kill_service()


def disk_full(house: House, rng: random.Random) -> None:
    with house.full():
        time.sleep(FULL_S)
        if rng.random() < 0.3:
            house.kill_service()
            house.start_service()  # which cannot: whoever tends it tries again
            time.sleep(FULL_S)


FAULTS: Final[tuple[Fault, ...]] = (
    service_killed,
    service_killed_while_it_starts,
    broker_killed,
    broker_killed_after_it_saved,
    broker_wiped,
    both_killed,
    broker_wiped_while_the_service_is_away,
    service_paused,
    broker_paused,
    file_locked,
    disk_full,
)


@contextmanager
def disk(folder: Path) -> Iterator[Path | None]:
    """A disk of a few megabytes, where it may be mounted."""
    place = folder / "disk"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place))
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(("umount", str(place)), check=True)  # noqa: S603, S607


def begin(house: House, *, seconds: float, speed: float) -> None:
    """Start everything, and let the bands send as soon as somebody listens."""
    house.start_broker()
    house.start_service()
    house.start_bands(seconds=seconds, speed=speed)
    house.wait_until_it_serves()
    house.release_bands()


def play(
    house: House,
    *,
    seconds: float,
    speed: float,
    faults: tuple[Fault, ...],
    say: Callable[[str], None],
    pause_s: tuple[float, float] = PAUSE_S,
    serving: float = SERVING,
    heard_first: bool = True,
) -> Found:
    """Let the bands send ``seconds`` of simulated time, and faults happen ``pause_s`` apart in real time, each once
    before one comes again, the first when all bands have been heard, however late; then look. ``serving`` is how often
    a service that starts is left alone until it serves."""
    rng = random.Random(house.seed)  # noqa: S311 - luck that can be had again
    begin(house, seconds=seconds, speed=speed)
    ends = time.monotonic() + seconds / speed
    coming: list[Fault] = []
    if heard_first:
        house.wait_until_all_are_heard()
    happened = 0
    while not happened or (time.monotonic() < ends and house.bands_run()):
        happened += 1
        coming = coming or rng.sample(faults, len(faults))
        fault = coming.pop()
        say(fault.__name__.replace("_", " "))
        fault(house, rng)
        for start in rng.sample([house.start_broker, house.start_service], 2):
            start()
        if rng.random() < serving:
            house.wait_until_it_serves()
        pause = time.monotonic() + rng.uniform(*pause_s)
        while time.monotonic() < min(pause, ends):
            house.tend()
            time.sleep(0.05)
    return house.finish()


def main() -> int:
    """Play rounds, and say what each came to."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=90.0, help="of real time, of each round")
    parser.add_argument("--wearers", type=int, default=100)
    parser.add_argument("--speed", type=float, default=1.0, help="1: mapped times are judged too")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--small-spool", action="store_true", help="the edge cannot keep all: it says what it lost")
    chosen = parser.parse_args()
    program = broker()
    bad, totals = 0, Counter[str]()
    for seed in range(chosen.seed, chosen.seed + chosen.rounds):
        with tempfile.TemporaryDirectory(prefix="forecalm-kills-") as name, disk(Path(name)) as own:
            print(f"round of seed {seed}", flush=True)
            with House(Path(name), mosquitto=program, wearers=chosen.wearers, seed=seed, disk=own) as house:
                if chosen.small_spool:
                    house.spool_max = 300_000 * chosen.wearers // 100
                found = play(
                    house,
                    seconds=chosen.seconds * chosen.speed,
                    speed=chosen.speed,
                    faults=FAULTS,
                    say=lambda text: print(f"  {text}", flush=True),
                    heard_first=seed % 2 == 0,
                )
                totals.update(packets=found.packets, samples=found.samples, **house.starts)
                late = f", times within {found.late_s:.3f} s" if chosen.speed == 1 else ""
                print(
                    f"  {found.packets:,} packets, {found.samples:,} samples, {found.resent:,} sent again, "
                    f"{found.lost:,} lost{late}: {'WRONG' if found.wrong else 'all there once'}",
                    flush=True,
                )
                if found.wrong:
                    bad += 1
                    print("\n".join(["", *found.wrong, "", house.said()[-5000:]]), flush=True)
    print(f"{chosen.rounds} rounds, {bad} wrong: {dict(totals)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
