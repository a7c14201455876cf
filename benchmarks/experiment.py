"""Every estimator on a real study in, how long a whole experiment with its report takes out.

python -m benchmarks.experiment [--jobs 2]

Recordings of Stress-Predict below FORECALM_TEST_RECORDINGS (default ../shared/data): 12 people, 11 hours, left out one
by one; eight kinds of candidates, five of them on physiology, motion and both; from zips to ``forecalm report``, by
the commands that a researcher types; into benchmarks/experiment.json. Wall-clock time hangs on what else runs, so CPU
seconds stand beside it, those of all processes together, and how busy the machine was.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.figures import ROOT, Figure, keep_json

RECORDINGS: Final = Path(os.environ.get("FORECALM_TEST_RECORDINGS", ROOT.parent / "shared" / "data")) / "stress_predict"
RESULTS: Final = ROOT / "benchmarks" / "experiment.json"
REACH_S: Final = 180.0
KINDS: Final = ("logistic", "boosting", "additive", "blend", "personal", "clock", "arousal", "state_space")
TEXT: Final = """
name = "every-estimator"
study = [{{name = "stress_predict", recordings = ["{recordings}"]}}]
target = {{kind = "state", positive = ["stroop", "interview"], negative = ["rest"], apart = ["hyperventilation"]}}
"""


def timed(*order: str) -> tuple[float, float]:
    """Return wall-clock and CPU seconds of a command of ours, with all processes that it waited for."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(  # noqa: S603 - our own program, our own arguments
        [sys.executable, "-m", "forecalm", *order],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiment", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", default="2")
    jobs: str = parser.parse_args().jobs
    with TemporaryDirectory() as folder:
        file, results = Path(folder) / "every.toml", Path(folder) / "results"
        candidates = "".join(f'[[candidate]]\nkind = "{kind}"\n' for kind in KINDS)
        file.write_text(TEXT.format(recordings=RECORDINGS) + candidates)
        busy = os.getloadavg()[0]
        wall_s, cpu_s = timed("evaluate", str(file), "--jobs", jobs, "--out", str(results))
        report_s, report_cpu_s = timed("report", str(results), "--out", str(Path(folder) / "report.html"))
    found = {
        "jobs": float(jobs),
        "evaluate_s": round(wall_s, 1),
        "evaluate_cpu_s": round(cpu_s, 1),
        "report_s": round(report_s, 1),
        "report_cpu_s": round(report_cpu_s, 1),
        "reach_s": REACH_S,
        "load_before": round(busy, 1),
        "cores": float(os.cpu_count() or 1),
    }
    for name, value in found.items():
        sys.stdout.write(f"{name:16} {value}\n")
    whole_s = wall_s + report_s
    keep_json(
        RESULTS,
        [
            Figure(
                what=f"{len(KINDS)} candidates, leave one person out over 12 people and 11 h, report included",
                against="",
                reach=f"{REACH_S:g} s with 2 jobs",
                found=f"{whole_s:.0f} s by the clock, {cpu_s + report_cpu_s:.0f} CPU seconds",
                met=whole_s <= REACH_S,
                numbers=found,
            )
        ],
    )


if __name__ == "__main__":
    main()
