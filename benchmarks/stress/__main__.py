"""Real recordings in, docs/stress.md and benchmarks/stress.json out: stress against rest, ours beside peers' features.

python -m benchmarks.stress [--data FOLDER] [--page]

Run where FLIRT and NeuroKit2 are installed (``requirements/bench``). What peers make of recordings is kept in
``var/benchmarks/stress``.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from benchmarks.figures import ROOT, Figure, keep_json
from benchmarks.stress import judge, page
from benchmarks.stress.choosing import STILL, signed, validate
from benchmarks.stress.judge import ESTIMATORS, Array, Estimator, Flags
from benchmarks.stress.studies import PEERS, Study, cogwear, nurses, stress_predict, study
from models.estimators.signed import RISING
from models.inputs.inputs import NAMES
from models.inputs.named import GROUPS

KEPT: Final = ROOT / "benchmarks" / "stress.json"
PAGE: Final = ROOT / "docs" / "stress.md"
APART: Final = "hyperventilation"
IN_VIEW: Final = ("S02", "S03", "S04", "S05", "S06", "S07")  # whose labels were looked at while inputs were chosen
HEART: Final = ("pulse_recent", "variability_recent", "beat_to_beat_recent")
CHOSEN: Final = ("ours, physiology", "ridge logistic")
SIGNED: Final = "signed logistic"
OWN: Final = ", by person"
CHOSEN_ACROSS: Final = (f"ours, quick{OWN}", SIGNED)  # by benchmarks.stress.choosing, before CogWear was asked again
FIRST_ACROSS: Final = ("ours, pulse alone", "random forest")  # what was settled before the first look at CogWear
MARGIN: Final = 0.03
LEFT_OUT: Final = (("Goodwin/Imbiriba", "random forest"),)  # 602 columns take minutes; it was published with ridge


def named(names: tuple[str, ...], X: Array, wanted: Callable[[str], bool]) -> Array:
    """Return the columns whose names are ``wanted``."""
    return X[:, [i for i, name in enumerate(names) if wanted(name)]]


def within_sets(found: Study) -> dict[str, Array]:
    """Return what is compared within a study."""
    names, X = found.sets["ours"]
    sets = {
        "ours, physiology": named(names, X, lambda name: GROUPS[name] == "physiology"),
        "ours, motion": named(names, X, lambda name: GROUPS[name] == "motion"),
        "ours, both": X,
        **{name: found.sets[name][1] for name in PEERS},
        "the clock": found.since_s[:, None],
    }
    sets["NeuroKit2, z-scored by whole recordings"] = judge.by_whole_recording(found.sets["NeuroKit2"][1], found.person)
    return sets


def within(found: Study) -> list[dict[str, Any]]:
    """Judge every set and estimator by leaving people out."""
    y, core = found.what != "rest", found.what != APART
    lines = []
    for name, X in within_sets(found).items():
        for how, make in ESTIMATORS.items():
            if (name, how) in LEFT_OUT:
                continue
            begun = time.perf_counter()
            said = judge.left_out(X, y, found.person, core, make)
            lines.append(_line(name, how, found, y, core, said))
            print(f"  {name}, {how}: {lines[-1]['auroc']:.3f} ({time.perf_counter() - begun:.0f} s)", flush=True)
    return lines


def _line(name: str, how: str, found: Study, y: Flags, core: Flags, said: judge.Said) -> dict[str, Any]:
    person, whole = found.person, np.ones(len(y), bool)
    auroc = judge.auroc_by_person(y, said.odds, person, core)
    accuracy = judge.accuracy_by_person(y, said.decided, person, core)
    seen = np.isin(sorted(set(person)), IN_VIEW)
    against_rest = judge.auroc_by_person(y, said.odds, person, (found.what == "rest") | (found.what == APART))
    from_stress = judge.auroc_by_person(y & core, said.odds, person, whole & (found.what != "rest"))
    return {
        "set": name,
        "estimator": how,
        "people": auroc.tolist(),
        "auroc": float(np.nanmean(auroc)),
        "auroc_interval": judge.interval_of_mean(auroc),
        "auroc_sd": float(np.nanstd(auroc, ddof=1)),
        "in_view": float(np.nanmean(auroc[seen])),
        "not_in_view": float(np.nanmean(auroc[~seen])),
        "accuracy_people": accuracy.tolist(),
        "accuracy": float(np.nanmean(accuracy)),
        "accuracy_interval": judge.interval_of_mean(accuracy),
        "accuracy_sd": float(np.nanstd(accuracy, ddof=1)),
        "hyperventilation_against_rest": float(np.nanmean(against_rest)),
        "stress_against_hyperventilation": float(np.nanmean(from_stress)),
        "hyperventilation_called_stress": float(said.decided[found.what == APART].mean()),
        "rest_called_stress": float(said.decided[found.what == "rest"].mean()),
        **judge.calibration(y[core], said.probability[core]),
    }


def kept(found: Study) -> dict[str, Any]:
    """Judge what ``forecalm train`` would keep: the penalty chosen over people, and the curve drawn by five parts."""
    core = found.what != APART
    X = named(*found.sets["ours"], lambda name: GROUPS[name] == "physiology")[core]
    y, person = found.what[core] != "rest", found.person[core]
    p = judge.as_kept(X, y, person)
    people = judge.auroc_by_person(y, p, person, np.ones(len(y), bool))
    return {
        "auroc": float(np.nanmean(people)),
        "auroc_interval": judge.interval_of_mean(people),
        **judge.calibration(y, p),
        "intervals": judge.calibration_interval(y, p, person),
    }


def across(source: Study, target: Study) -> list[dict[str, Any]]:
    """Train on one study and judge on the other; inputs that the other's bands cannot say are left out of both."""
    core = source.what != APART
    y, truth = source.what[core] != "rest", target.what != "rest"
    lines = []
    for name, names, A, B in _pairs(source, target):
        makers: dict[str, Callable[[], Estimator]] = dict(ESTIMATORS)
        if name.startswith("ours"):
            makers[SIGNED] = partial(signed, names)
        for how, make in makers.items():
            if (name.removesuffix(OWN), how) in LEFT_OUT:
                continue
            said = judge.trained(A[core], y, source.person[core], make)(B)
            value, low, high = judge.pooled(truth, said.odds, target.person)
            people = judge.auroc_by_person(truth, said.odds, target.person, np.ones(len(truth), bool))
            lines.append(
                {
                    "set": name,
                    "estimator": how,
                    "inputs": A.shape[1],
                    "auroc": value,
                    "auroc_interval": (low, high),
                    "people": people.tolist(),
                    "auroc_people": float(np.nanmean(people)),
                    "auroc_people_interval": judge.interval_of_mean(people),
                    "accuracy": float(balanced_accuracy_score(truth, said.decided)),
                }
            )
            print(f"  across: {name}, {how}: {value:.3f}", flush=True)
    return lines


def _pairs(source: Study, target: Study) -> Iterator[tuple[str, tuple[str, ...], Array, Array]]:
    """Yield what is compared: name, names of inputs, and their values in both studies; as they are, and by person."""
    for suffix, mine, theirs in (("", source.sets, target.sets), (OWN, source.own, target.own)):
        (names, A), (_, B) = mine["ours"], theirs["ours"]
        said = [name for i, name in enumerate(names) if np.isfinite(B[:, i]).any()]
        for title, wanted in (("pulse alone", HEART), ("quick", RISING), ("physiology", STILL)):
            kept = tuple(name for name in names if name in wanted and name in said)
            yield f"ours, {title}{suffix}", kept, named(names, A, kept.__contains__), named(names, B, kept.__contains__)
        for name in PEERS:
            (one, A), (other, B) = mine[name], theirs[name]
            both = [i for i, each in enumerate(one) if each in other and np.isfinite(B[:, other.index(each)]).any()]
            kept = tuple(one[i] for i in both)
            yield f"{name}{suffix}", kept, A[:, both], B[:, [other.index(each) for each in kept]]
    yield "the clock", ("since_s",), source.since_s[:, None], target.since_s[:, None]


def at_work(source: Study, target: Study) -> dict[str, Any]:
    """Describe what a model of the laboratory says of episodes at work that were told to be very stressful, or not."""
    core, rated = source.what != APART, np.isin(target.what, ["level 0", "level 2"])
    physiology = np.array([GROUPS[name] == "physiology" for name in NAMES])
    X, other = source.sets["ours"][1][core][:, physiology], target.sets["ours"][1][rated][:, physiology]
    said = judge.trained(X, source.what[core] != "rest", source.person[core], judge.ridge)(other)
    truth, person = target.what[rated] == "level 2", target.person[rated]
    people = judge.auroc_by_person(truth, said.odds, person, np.ones(len(truth), bool))
    return {
        "rows": len(truth),
        "stressed": float(truth.mean()),
        "auroc": float(roc_auc_score(truth, said.odds)),
        "people": dict(zip(sorted(set(person)), people.tolist(), strict=True)),
    }


def clocks(found: Study) -> dict[str, float]:
    """Return by input the mean over people of Spearman's correlation with the seconds since the recording began."""
    from scipy.stats import spearmanr

    names, X = found.sets["ours"]
    by_name = {}
    for i, name in enumerate(names):
        each = []
        for person in sorted(set(found.person)):
            rows = (found.person == person) & np.isfinite(X[:, i])
            if rows.sum() > 30 and np.ptp(X[rows, i]) > 0:
                each.append(spearmanr(X[rows, i], found.since_s[rows]).statistic)
        by_name[name] = float(np.mean(each))
    return by_name


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where the recordings are")
    parser.add_argument("--page", action="store_true", help="write the page of what was measured last")
    parser.add_argument("--choosing", action="store_true", help="say what is sturdy in Stress-Predict, and stop")
    asked = parser.parse_args()
    if asked.page:
        write(_restored(json.loads(KEPT.read_text())[-1]["numbers"]))
        return
    missing = [name for name in ("stress_predict", "cogwear", "nurse_stress") if not (asked.data / name).is_dir()]
    if missing:
        sys.exit(f"{asked.data}: there is no {', '.join(missing)}; name the folder of recordings with --data")
    parts = list(stress_predict(asked.data))
    laboratory = study("stress_predict", iter(parts))
    choosing = validate(laboratory, parts)
    if asked.choosing:
        for line in choosing:
            print(line["set"], line["how"], "by person" if line["own"] else "as it is", line["auroc"], line["within"])
        return
    other = study("cogwear", cogwear(asked.data))
    work = study("nurse_stress", nurses(asked.data), sets=("ours",))
    found: dict[str, Any] = {
        "choosing": choosing,
        "across": across(laboratory, other),
        "within": within(laboratory),
        "kept": kept(laboratory),
        "at_work": at_work(laboratory, work),
        "clocks": clocks(laboratory),
        "rows": {"stress_predict": len(laboratory.what), "cogwear": len(other.what)},
    }
    write(found)


def write(found: dict[str, Any]) -> None:
    """Print what was to be reached, and write the page and the JSON."""
    figures = page.figures(found, chosen=CHOSEN, chosen_across=CHOSEN_ACROSS, peers=PEERS, margin=MARGIN)
    for figure in figures:
        print(f"{figure.what}: {figure.found} (to reach: {figure.reach}) {'met' if figure.met else 'NOT met'}")
    keep_json(KEPT, [*figures, Figure("everything", "", "", "", True, numbers=found)])
    PAGE.write_text(page.written(found, figures, in_view=IN_VIEW, chosen=CHOSEN_ACROSS, first=FIRST_ACROSS))


def _restored(kept: Any) -> Any:  # noqa: ANN401
    """Return what JSON holds with NaN for null."""
    if isinstance(kept, dict):
        return {key: _restored(value) for key, value in kept.items()}
    if isinstance(kept, list):
        return [_restored(value) for value in kept]
    return float("nan") if kept is None else kept


if __name__ == "__main__":
    main()
