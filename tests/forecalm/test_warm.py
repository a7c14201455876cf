"""Warming up: whatever a live tick runs is compiled or loaded before the first one, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
LIVE = """
import json, sys
from pathlib import Path

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from forecalm.pipeline import Pipeline, warm
from ingest.clock.clocks import Clocks
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.received import Received


def kernels():
    rooms = ("ingest.", "models.", "signals.")
    loaded = [module for name, module in sys.modules.items() if name.startswith(rooms)]
    found = [thing for module in loaded for thing in vars(module).values() if hasattr(thing, "signatures")]
    return {f"{kernel.__module__}.{kernel.__name__}": [str(each) for each in kernel.signatures] for kernel in found}


def pipeline():
    return Pipeline(wearers=wearers, desk=Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=0.0))


sent, wearers = list(packets(read(Path(sys.argv[1])), band="band"))[:300], ["w-01", "w-02", "w-03"]
if sys.argv[2] == "warm":
    warm()
before, live, clocks = kernels(), pipeline(), Clocks()
for i, (at_s, packet) in enumerate(sent):
    if i == 150:
        kept, live = live.learnt(), pipeline()
        assert not live.learn(kept)
    for row, wearer in enumerate(wearers):
        if i // 10 % (row + 2) != 1:  # each is silent for a while of their own
            live.receive(wearer, Received(packet, clocks.map(packet, at_s), at_s, b""))
    live.advance(at_s)
after = kernels()
print(json.dumps(sorted(name for name in after if after[name] != before.get(name))))
"""


def compiled_live(*, first: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIVE, str(SAMPLE), first], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def test_no_tick_of_a_live_run_compiles_or_loads_a_kernel() -> None:
    assert compiled_live(first="warm") == []


def test_without_warming_up_the_first_ticks_would() -> None:
    assert "signals.baseline._learn" in compiled_live(first="cold")
