"""A cold shell in, how long until the command line answers and until a first second of features is out.

Each in a process of its own, kernels compiled before: what a second run takes.
"""

import statistics
import subprocess
import sys
import time
from typing import Final

from benchmarks.figures import ROOT, Race

RUNS: Final = 5
HELP: Final = "import sys; sys.argv = ['forecalm', '--help']; from forecalm.cli import main; main()"
FIRST: Final = """
import numpy as np
from ingest.types import CHANNELS, Tick
from signals.engine import Engine
x = {n: np.zeros((1, *((c.axes,) if c.axes > 1 else ()), c.grid_hz)) for n, c in CHANNELS.items()}
Engine(rows=1).push(Tick(start_s=np.zeros(1, np.int64), **x))
"""


def race() -> list[Race]:
    """``forecalm --help`` against importing NeuroKit2, and a first second of every feature against its first answer."""
    helped, imported = _process(HELP), _process("import neurokit2")
    first, answered = _process(FIRST), _process("import neurokit2 as nk; nk.eda_process(nk.eda_simulate(duration=60))")
    return [
        Race(
            "`forecalm --help`, a process", "import neurokit2", imported, helped, 1, 1, "at most 0.5 s is to be reached"
        ),
        Race("a first second of every feature, a process", "NeuroKit2, conductance of a minute", answered, first, 1, 1),
    ]


def _process(code: str) -> float:
    """Return the median time of a process that runs ``code``, after one that counts for nothing [s]."""
    spent = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - ours
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent[1:])
