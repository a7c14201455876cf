"""A house of many wearers in; how long one look at everybody's protection takes, out.

python -m benchmarks.protection [--wearers 1000] [--ticks 300]

Links break and come back all the time: one band in fifty flaps, a gateway with a tenth of the bands dies and returns,
no tablet can sound for a while. The journal is one on disk. Facts are made up beforehand and not counted.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alerts.delivery.rules import PROTECTION_GRACE_S
from alerts.journal import Journal
from alerts.protection.links import Facts, Gateway, Person
from alerts.protection.tablets import Tablet
from alerts.protection.watch import Watch
from alerts.views import Blind, RiskState, Sight, WearerView

START_S = 1_767_607_200.0


def facts_at(second: int, wearers: int) -> Facts:
    """What is known at a second: see above."""
    now_s = START_S + second
    away = 60 <= second % 200 < 140
    people = []
    for row in range(wearers):
        lost = (row % 10 == 0 and away) or (row % 50 == 1 and second % 40 < 15)
        sight = Sight(now_s - 10, Blind.SILENT) if lost else Sight(START_S)
        view = WearerView(
            f"w-{row:04d}", now_s - 2, RiskState.WATCHING, START_S, sight, None, (), (), 1.0, battery_pct=80
        )
        people.append(Person(view=view, gateway=f"gw-{row % 10}", carers=("Jo",)))
    tablet = Tablet(tablet="t-1", at_s=now_s, can_sound=second % 150 > 10, why="")
    gateways = {f"gw-{number}": Gateway(online=not (number == 0 and away)) for number in range(10)}
    facts = Facts(at_s=now_s, people=people, tablets=(tablet,), engine_s=now_s, gateways=gateways)
    return replace(facts, standby=second % 170 > 160)


def ticks_ms(wearers: int, ticks: int) -> Sequence[float]:
    """How long each tick took."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        watch = Watch(
            journal=journal, tell=lambda _: None, over=lambda *_: None, clock=str, grace_s=lambda: PROTECTION_GRACE_S
        )
        for second in range(ticks):
            facts = facts_at(second, wearers)
            begun_s = time.perf_counter()
            watch.tick(facts, facts.at_s)
            taken.append(1000 * (time.perf_counter() - begun_s))
        journal.close()
    return taken


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wearers", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=300)
    args = parser.parse_args()
    taken = ticks_ms(args.wearers, args.ticks)
    middle, late, last = np.percentile(taken, [50, 95, 100])
    print(f"{args.wearers} wearers, {args.ticks} ticks: p50 {middle:.1f} ms, p95 {late:.1f} ms, most {last:.1f} ms")


if __name__ == "__main__":
    main()
