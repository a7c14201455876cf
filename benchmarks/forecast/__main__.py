"""python -m benchmarks.forecast [--folder DIR] [--jobs N] [--only NAME ...]: can simulated incidents be foretold?

Lives the frozen cohort (docs/decisions/040-the-forecast-cohort.md) and other people to train on, and writes
benchmarks/forecast.json, docs/forecast.md and its pictures. Half an hour on two cores the first time; what was lived is
kept in the folder. With --only these candidates are judged anew, and the others stay as they were.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks.forecast.candidates import personal, population, rows, thinned
from benchmarks.forecast.judged import chosen, in_exercise, line_of, over_chance
from benchmarks.forecast.lives import NOTICE, prepare
from benchmarks.forecast.moments import joined, moments
from benchmarks.forecast.report import write
from forecalm.studies.simulated import Cohort, cohort, person_of
from models.datasets.dataset import Dataset
from models.estimates import Candidate, Estimates

DAYS: Final = 10
TEST: Final = (("cohort", 11), ("cohort_adults", 12))
TRAINING: Final = (("cohort", 101), ("cohort_adults", 102), ("cohort", 104), ("cohort_adults", 105))
SPORT: Final = (("cohort_exercise", 103), ("cohort_exercise", 13))  # trained with, reported on
FITTED: Final = 10  # of each training cohort; the others choose the threshold
TRAIN_STEP_S: Final = 120.0  # rows nearer to each other tell nearly the same
TEST_STEP_S: Final = 10
OWN_DAYS: Final = (2, 5)  # of a person's ten, that a personal model may learn from; judged on the last five
LAST_DAYS: Final = 5
SEED: Final = 1
RESULTS: Final = Path(__file__).parents[1] / "forecast.json"


def main() -> None:
    """Live, train, judge and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks/forecast"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=[each.name for each in population()])
    asked = parser.parse_args()
    everybody = [cohort(name, seed=seed, days=DAYS) for name, seed in (*TRAINING, *TEST)]
    sport = [cohort(name, seed=seed, days=1) for name, seed in SPORT]
    for each in (*everybody, *sport):
        prepare(each, asked.folder, n_jobs=asked.jobs)
        print(f"lived: {each.study}", flush=True)
    found = run(everybody, sport, asked.folder, only=asked.only, jobs=asked.jobs)
    if RESULTS.exists():
        before = json.loads(RESULTS.read_text())["candidates"]
        every = {**before, **found["candidates"]}
        found["candidates"] = {each.name: every[each.name] for each in population() if each.name in every}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    write(found)


def run(
    everybody: Sequence[Cohort], sport: Sequence[Cohort], folder: Path, *, only: Sequence[str], jobs: int
) -> dict[str, Any]:
    """Return every figure of the candidates of these names."""
    training, test = everybody[: len(TRAINING)], everybody[len(TRAINING) :]
    fitted = [(each, range(1, FITTED + 1)) for each in training] + [(sport[0], range(1, 16))]
    choosing = [(each, range(FITTED + 1, each.wearers + 1)) for each in training]
    learn = thinned(_moments(fitted, folder, jobs=jobs, step_s=int(TRAIN_STEP_S)), TRAIN_STEP_S)
    held = _moments(choosing, folder, jobs=jobs, step_s=TEST_STEP_S)
    judge = _moments([(each, range(1, each.wearers + 1)) for each in test], folder, jobs=jobs, step_s=TEST_STEP_S)
    active = _moments([(sport[1], range(1, sport[1].wearers + 1))], folder, jobs=jobs, step_s=TEST_STEP_S)
    print("moments made", flush=True)
    parts = Parallel(n_jobs=jobs)(
        delayed(_candidate)(each, learn, held, judge, active) for each in population() if each.name in only
    )
    return {
        "notice": NOTICE,
        "training": {"people": len(TRAINING) * FITTED, "choosing": len(held.people), "events": len(learn.events)},
        "test": {
            "people": len(judge.people),
            "events": len(judge.events),
            "hours": round(float(judge.worn.sum()) * judge.step_s / 3600, 1),
        },
        "people": _people(test),
        "candidates": dict(parts),
    }


def _moments(who: Iterable[tuple[Cohort, range]], folder: Path, *, jobs: int, step_s: int) -> Dataset:
    parts = Parallel(n_jobs=jobs)(
        delayed(moments)(each, folder, numbers=[number], step_s=step_s) for each, numbers in who for number in numbers
    )
    return joined(parts)


def _candidate(
    candidate: Candidate, learn: Dataset, held: Dataset, judge: Dataset, active: Dataset
) -> tuple[str, dict[str, Any]]:
    """Train on some, choose the threshold on others, and judge on the test people."""
    trained = candidate.fit(learn, seed=SEED)
    apart = trained.estimate(held)
    choice = chosen(held, apart)
    said = trained.estimate(judge)
    found: dict[str, Any] = {
        "choosing": over_chance(held, apart, choice),
        "population": asdict(line_of(judge, said, choice)),
        "exercise": in_exercise(active, trained.estimate(active), choice),
    }
    if candidate.name in PERSONAL:
        found["personal"] = _personal(held, apart, judge, said)
    print(f"judged: {candidate.name}", flush=True)
    return candidate.name, found


PERSONAL: Final = ("sensed", "sensed, events told")


def _personal(held: Dataset, apart: Estimates, judge: Dataset, said: Estimates) -> dict[str, Any]:
    """Everybody's model and personal ones, judged on the same last days of every person."""
    found: dict[str, Any] = {}
    for own in (0, *OWN_DAYS):
        choice = chosen(_late(held), _some(held, _of_late(held), own, apart))
        late = _late(judge)
        found[str(own)] = asdict(line_of(late, _some(judge, _of_late(judge), own, said), choice))
    return found


def _day(data: Dataset) -> NDArray[np.intp]:
    """Which day of its person each row is of, 0 the first."""
    first: dict[str, float] = {}
    for each in data.sessions:
        first[each.person] = min(first.get(each.person, np.inf), each.start_s)
    number = [round((each.start_s - first[each.person]) / 86_400) for each in data.sessions]
    return np.array(number, np.intp)[data.session]


def _of_late(data: Dataset) -> NDArray[np.bool_]:
    late: NDArray[np.bool_] = _day(data) >= DAYS - LAST_DAYS
    return late


def _late(data: Dataset) -> Dataset:
    return rows(data, _of_late(data))


def _some(data: Dataset, late: NDArray[np.bool_], own: int, said: Estimates) -> Estimates:
    """What is said of the late rows, by a model that knows the ``own`` days before them."""
    if not own:
        return replace(said, probability=said.probability[late])
    before = _day(data)
    known = (before < DAYS - LAST_DAYS) & (before >= DAYS - LAST_DAYS - own)
    return replace(said, probability=personal(said, data, known)[late])


def _people(cohorts: Sequence[Cohort]) -> dict[str, dict[str, Any]]:
    """What the test people are like: no model knew it."""
    return {
        whole.person(number): {
            "heart_responder": drawn.heart_responder,
            "sweat_responder": drawn.sweat_responder,
            "medicine": drawn.medicine,
            "pace": round(drawn.pace, 2),
        }
        for whole in cohorts
        for number in range(1, whole.wearers + 1)
        for drawn in [person_of(whole, number)]
    }


if __name__ == "__main__":
    main()
