"""Simulated days in, how well each detector that needs no training orders them out, against the truth.

python -m benchmarks.detectors_compared [SCENARIO] [--seed N] [--wearers N] [--days N] [--folder FOLDER]

Of every detector: AUROC of what the experiment would foretell; AUROC of moments in a build-up against all others, of
each person, mean and spread; correlation of its log-odds with the true arousal; and which share of its highest
twentieth lies in exercise. Nobody was trained on anything; seeds 901 (cohort) and 902 (cohort_exercise) were in view
while ``models.detectors.state_space`` was made.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.forecast.lives import NOTICE, lived, prepare
from benchmarks.forecast.moments import STEP_S, UNSEEN, moments
from forecalm.studies.simulated import BUILD_UP, Cohort, cohort
from models.arousal import Arousal
from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset
from models.datasets.rows import Builder
from models.detectors.state_space import StateSpace
from models.risk import Abstention

Array = NDArray[np.float64]
DETECTORS: dict[str, Builder] = {"arousal": Arousal, "state_space": StateSpace}


def odds_of(whole: Cohort, folder: Path, build: Builder) -> Array:
    """Return a detector's log-odds at every moment, NaN where it abstains; it begins anew every day."""
    parts = []
    for number in range(1, whole.wearers + 1):
        life = lived(whole, folder, number)
        for day, session in enumerate(life.sessions):
            start_s = np.array([int(session.start_s)], np.int64)
            risk = build(rows=1).push(start_s, life.features[day][None].astype(np.float64))
            odds = np.where(risk.abstention == Abstention.NONE, risk.drivers.sum(axis=-1), np.nan)[0]
            parts.append(odds[STEP_S - 1 :: STEP_S])
    return np.concatenate(parts)


def line(name: str, data: Dataset, odds: Array) -> str:
    """Return what is found of one detector."""
    spoke = (data.target != LEFT_OUT) & np.isfinite(odds)
    truth = data.inputs[:, data.input_names.index(f"{UNSEEN}arousal")]
    building = np.char.find(data.condition, BUILD_UP) >= 0
    moving = np.char.find(data.condition, "exercise") >= 0
    each = [spoke & (data.person == person) for person in range(len(data.people))]
    own = [roc_auc_score(building[one], odds[one]) for one in each if 0 < building[one].sum() < one.sum()]
    top = spoke & (odds > np.quantile(odds[spoke], 0.95))
    return (
        f"{name:12} foretold {roc_auc_score(data.target[spoke] == POSITIVE, odds[spoke]):.3f}"
        f"  build-up {np.mean(own):.3f} (SD over {len(own)} people {np.std(own, ddof=1):.3f})"
        f"  true arousal r {np.corrcoef(truth[spoke], odds[spoke])[0, 1]:.2f}"
        f"  highest 5 % in exercise {moving[top].mean():.2f} (of all {moving[spoke].mean():.2f})"
    )


def main() -> None:
    """Live, and compare."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detectors_compared", description=__doc__.splitlines()[0]
    )
    parser.add_argument("scenario", nargs="?", default="cohort")
    parser.add_argument("--seed", type=int, default=911)
    parser.add_argument("--wearers", type=int, default=8)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where lives are kept (default: nowhere)")
    asked = parser.parse_args()
    whole = cohort(asked.scenario, seed=asked.seed, wearers=asked.wearers, days=asked.days)
    print(NOTICE)
    with tempfile.TemporaryDirectory() as nowhere:
        folder = asked.folder or Path(nowhere)
        prepare(whole, folder, n_jobs=2)
        data = moments(whole, folder)
        print(f"{whole.study}: {len(data.people)} people, {len(data.events)} incidents")
        for name, build in DETECTORS.items():
            print(line(name, data, odds_of(whole, folder, build)), flush=True)


if __name__ == "__main__":
    main()
