"""E4 zips to a data set, a row every 5 s, FLIRT's and ours: reading, signals, features and, of ours, targets.

The zips are those of Stress-Predict below FORECALM_TEST_RECORDINGS (default ../shared/data), or the sample that is
shipped. FLIRT is called as its own reader for Empatica calls it, on one core; it knows no targets, and no pulse in PPG:
it takes the intervals that the band found. Seconds are per hour of recording.
"""

import contextlib
import io
import os
import statistics
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.figures import ROOT, Race
from forecalm.studies.files import recorded
from models.datasets.building import build_from
from models.datasets.target import StateTarget

RECORDINGS = Path(os.environ.get("FORECALM_TEST_RECORDINGS", ROOT.parent / "shared" / "data")) / "stress_predict"
SAMPLE = ROOT / "data" / "sample" / "simulated_e4.zip"
ZIPS = 3
RUNS = 5
WINDOW_S = 60
STEP_S = 5
AIM = StateTarget(positive=("stroop", "interview"), negative=("rest",), doubtful="leave out")
SHIPPED = StateTarget(positive=("button press",), negative=("rest",), doubtful="leave out")


def ours(zips: list[Path], features: Literal["live", "flirt"]) -> tuple[float, float]:
    """Return how long the data set of all zips takes [s], and how many hours they are."""
    before = time.perf_counter()
    aim = SHIPPED if zips == [SAMPLE] else AIM
    data = build_from(recorded(zips, study="speed").sources, aim, window_s=WINDOW_S, step_s=STEP_S, features=features)
    spent = time.perf_counter() - before
    return spent, sum(each.end_s - each.start_s for each in data.sessions) / 3600


def flirts(path: Path) -> float:
    """Return how long FLIRT takes for one zip [s]: what ``flirt.with_.empatica`` does, told to use one core."""
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # FLIRT calls what NumPy 2.4 took away
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        import flirt

        reader = flirt.reader.empatica
        before = time.perf_counter()
        with zipfile.ZipFile(path) as files:
            read: dict[str, Callable[..., Any]] = {
                "IBI.csv": reader.read_ibi_file_into_df,
                "EDA.csv": reader.read_eda_file_into_df,
                "ACC.csv": reader.read_acc_file_into_df,
            }
            found = {}
            for name, parse in read.items():
                with files.open(name) as file:
                    found[name] = parse(file)
        flirt.get_hrv_features(
            found["IBI.csv"].iloc[:, 0], WINDOW_S, STEP_S, ["td", "fd", "nl", "stat"], 0.2, num_cores=1
        )
        flirt.get_eda_features(found["EDA.csv"].iloc[:, 0], WINDOW_S, STEP_S, 4, num_cores=1)
        flirt.get_acc_features(found["ACC.csv"][:], WINDOW_S, STEP_S, 32, num_cores=1)
        return time.perf_counter() - before


def race() -> list[Race]:
    """Race over the zips."""
    zips = sorted(RECORDINGS.glob("S*.zip"))[:ZIPS] or [SAMPLE]
    what = f"{len(zips)} recordings of Stress-Predict" if zips != [SAMPLE] else "the shipped sample"
    ours(zips, "live"), ours(zips, "flirt")  # kernels are loaded
    _, hours = ours(zips, "live")
    live = statistics.median(ours(zips, "live")[0] for _ in range(RUNS)) / hours
    same = statistics.median(ours(zips, "flirt")[0] for _ in range(RUNS)) / hours
    peer = sum(flirts(each) for each in zips) / hours
    note = f"{what}, {hours:.2f} h; a run of FLIRT's, medians of {RUNS} of ours"
    return [
        Race(
            "an hour of E4 zips to a data set: 60 s windows, 5 s step; what live models read, and targets",
            "FLIRT 0.0.2 (its 184 features, no targets)",
            peer,
            live,
            60,
            200,
            note,
        ),
        Race(
            "the same with FLIRT's 184 features, pulses found in the PPG",
            "FLIRT 0.0.2 (intervals of the band)",
            peer,
            same,
            60,
            200,
            note,
        ),
    ]
