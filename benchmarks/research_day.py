"""Nothing in; how long a page of researchers takes that shows a day of every channel, whole and looked into, out.

    python -m benchmarks.research_day [--hours 24] [--times 5]

The installation is a temporary one; the day is invented: EDA and temperature at 4 Hz, pulse wave at 64 Hz, motion at
32 Hz on three axes, and a thousand labels of two raters. The page is asked for in process: all that the server does,
and not the network. What the live code says of the day is worked out in the background, once, and is told apart.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from console.research.office import Working
from ingest.labels import Label
from tests.console.research.lab import START_S, Lab, recording

CHANNELS = ("eda", "temperature", "ppg", "motion")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder) / "var") as lab:
        seconds = int(asked.hours * 3600)
        page = lab.keep(recording(seconds, channels=CHANNELS))
        labels = [
            Label(
                what="incident",
                start_s=START_S + i * seconds / 500,
                end_s=START_S + i * seconds / 500 + 60,
                rater=who,
                wearer="w-01",
            )
            for i in range(500)
            for who in ("Video, A", "Video, B")
        ]
        lab.registry.add_labels(labels, by="benchmark")
        began = time.perf_counter()
        first = lab.get(page)
        say(f"first time: {time.perf_counter() - began:.2f} s, {len(first.content) / 1e3:.0f} kB\n")
        found = lab.office.find("w-01", page.rpartition("/")[2])
        while isinstance(said := lab.office.seconds(found), Working) and not said.failed:
            time.sleep(0.1)
        say(f"what the live code says, in the background: {time.perf_counter() - began:.1f} s\n")
        for what, query in (("whole", ""), ("an hour", f"?from={START_S + 3600}&to={START_S + 7200}")):
            took = []
            for _ in range(asked.times):
                began = time.perf_counter()
                answer = lab.get(f"{page}{query}")
                took.append(time.perf_counter() - began)
            say(f"{what}: median {median(took):.2f} s, most {max(took):.2f} s, {len(answer.content) / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main()
