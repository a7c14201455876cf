"""Recorded E4 sessions in; seconds an hour of recording, heart-rate error, share and coverage of each out.

python -m benchmarks.replays [FOLDER] [--json FILE]
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

from forecalm.replay import replay, summary

RECORDINGS = Path(os.environ.get("FORECALM_TEST_RECORDINGS", Path(__file__).parents[2] / "shared" / "data"))


def measure(path: Path) -> dict[str, object]:
    """Replay one session and return its row of the table."""
    began = time.perf_counter()
    found = summary(replay(path, pace=lambda _: None, progress=lambda *_: None))
    took_s = time.perf_counter() - began
    recorded = found["heart_rate_bpm"]["recorded"] or {"median_error": None, "p95_error": None, "share": None}
    return {
        "session": path.stem,
        "hours": found["duration_s"] / 3600,
        "s_per_hour": took_s / (found["duration_s"] / 3600),
        **recorded,
        "coverage": found["coverage"],
        "risk_median": found["risk"]["median"],
        "alerts": len(found["alerts"]),
    }


def main() -> None:
    """Measure every zip of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=RECORDINGS / "stress_predict")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    sessions = sorted(chosen.folder.glob("*.zip"))
    if not sessions:
        print(f"Replays not measured: {chosen.folder} holds no E4 zip. Name a folder, or set FORECALM_TEST_RECORDINGS.")
        return
    measure(sessions[0])  # compile, or load what was compiled
    rows = []
    for session in sessions:
        row = measure(session)
        rows.append(row)
        if len(rows) == 1:
            print("  ".join(f"{name:>12}" for name in row))
        print("  ".join(f"{_said(value):>12}" for value in row.values()), flush=True)
    medians = {name: _median([row[name] for row in rows]) for name in rows[0] if name != "session"}
    print("  ".join(f"{_said(value):>12}" for value in ["median", *medians.values()]))
    if chosen.json:
        chosen.json.write_text(json.dumps({"rows": rows, "medians": medians}, indent=1) + "\n")


def _median(values: list[object]) -> float | None:
    known = [value for value in values if isinstance(value, int | float)]
    return statistics.median(known) if known else None


def _said(value: object) -> str:
    return "unknown" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
