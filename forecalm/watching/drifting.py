"""An installation in, what its champion and its shadow read and said of late against their training, out."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Console

from forecalm.installation import Installation
from forecalm.watching.foretold import FOLDER, Minute, minutes_of
from forecalm.watching.minutes import MINUTE_S
from forecalm.watching.watchers import DRIFT, Model
from models.datasets.target import ForecastTarget
from models.drift.inputs import Drifted, judged
from models.drift.outcomes import held_against
from models.errors import ModelError

if TYPE_CHECKING:
    from models.shelf.manifest import Manifest

AT_MOST: Final = 10  # inputs that are named on a terminal


def drifted(here: Installation, *, now_s: float) -> dict[str, Any]:
    """Return what has drifted, for a script or a page: of the model that is to watch, and of that in shadow."""
    from forecalm.watching.champion import choose

    choice = choose(here.models)
    models = [(role, each) for role, each in (("champion", choice.champion), ("shadow", choice.shadow)) if each]
    return {
        "at_s": now_s,
        "faults": list(choice.faults),
        "models": [_of_model(here, role, model) for role, model in models],
    }


def _of_model(here: Installation, role: str, model: Model) -> dict[str, Any]:
    manifest = model.manifest
    said: dict[str, Any] = {"name": model.name, "role": role, "inputs": None, "outcomes": None}
    if manifest is None:
        return said
    if role == "champion":
        said["inputs"] = _of_inputs(here.learnt, model, manifest)
    if isinstance(manifest.target, ForecastTarget):
        said["outcomes"] = _of_outcomes(here, role, model.name, manifest.target)
    return said


def _of_inputs(learnt: Path, model: Model, manifest: "Manifest") -> dict[str, Any] | None:
    """Everybody together, and each by themselves; None before the service has counted anything."""
    name = f"{DRIFT}{model.key}.counts"
    if not learnt.exists():
        return None
    with np.load(learnt, allow_pickle=False) as arrays:
        if name not in arrays.files:
            return None
        counts, wearers = arrays[name], [str(each) for each in arrays["wearers"]]
    try:
        return {
            "together": _said(judged(manifest.training, counts.sum(axis=0))),
            "each": {who: _said(judged(manifest.training, counts[i])) for i, who in enumerate(wearers)},
        }
    except ModelError:
        return None  # of another version


def _said(drift: Drifted) -> dict[str, Any]:
    return {
        "looks": round(drift.looks, 1),
        "shifted": list(drift.shifted),
        "inputs": {
            name: {
                "index": _number(drift.index[i]),
                "distance": _number(drift.distance[i]),
                "limit": _number(drift.limit[i]),
                "outside": _number(drift.outside[i]),
                "unknown": _number(drift.unknown[i]),
            }
            for i, name in enumerate(drift.names)
        },
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)


def _of_outcomes(here: Installation, role: str, name: str, target: ForecastTarget) -> dict[str, Any]:
    """What was foretold by the minute against the events that carers told of in those very times."""
    minutes = [each for each in minutes_of(here.folder / FOLDER) if _share(each, role).model == name]
    probability = np.array([_share(each, role).mean for each in minutes], np.float64)
    known = {(each.wearer, each.at_s) for each in minutes if _share(each, role).mean is not None}
    outcome = held_against(probability, step_s=MINUTE_S, horizon_s=target.horizon_s, told=_told(here, known, target))
    said = {name: getattr(outcome, name) for name in ("expected", "ratio", "low", "high", "watched_h")}
    return {
        **{name: _number(value) for name, value in said.items()},
        "told": outcome.told,
        "drifted": bool(outcome.drifted),
    }


def _share(minute: Minute, role: str) -> Any:  # noqa: ANN401 - a Share, or one of nobody
    from forecalm.watching.foretold import Share

    if role == "shadow":
        return minute.shadow or Share(model="", known=0, mean=None, highest=None)
    return minute.told if minute.own * 2 > minute.seconds else Share(model="", known=0, mean=None, highest=None)


def _told(here: Installation, known: set[tuple[str, int]], target: ForecastTarget) -> int:
    """How many events began within reach of a minute that was foretold."""
    from contextlib import closing

    if not known:
        return 0
    reach_s = target.latency_s + target.horizon_s
    with closing(here.open_registry()) as registry:
        labels = registry.labels()
    count = 0
    for label in labels.values():
        if label.what in target.events:
            first = math.floor((label.start_s - reach_s) / MINUTE_S) * MINUTE_S
            count += any((label.wearer, at_s) in known for at_s in range(first, math.ceil(label.start_s), MINUTE_S))
    return count


def tell(found: dict[str, Any], out: Console) -> None:
    """Print it."""
    for fault in found["faults"]:
        out.print(f"Refused: {fault}", style="bold")
    if not found["models"]:
        out.print("No trained model runs: nothing was trained, so nothing can drift from it.")
    for model in found["models"]:
        out.print(f"{model['name']} ({model['role']})", style="bold")
        _tell_inputs(model["inputs"], out)
        _tell_outcomes(model["outcomes"], out)


def _tell_inputs(inputs: dict[str, Any] | None, out: Console) -> None:
    if inputs is None:
        return
    together = inputs["together"]
    out.print(f"  Inputs, over the last day of wearing ({together['looks']:.0f} looks):")
    if not together["shifted"]:
        out.print("  none has shifted against training, or too little is known yet to say so.")
    for name in together["shifted"][:AT_MOST]:
        one = together["inputs"][name]
        out.print(f"  {name} has shifted: index {one['index']}, limit {one['limit']}, outside {one['outside']:.0%}")
    for who, theirs in inputs["each"].items():
        if theirs["shifted"]:
            out.print(
                f"  {who}: {len(theirs['shifted'])} inputs have shifted: {', '.join(theirs['shifted'][:AT_MOST])}"
            )


def _tell_outcomes(outcomes: dict[str, Any] | None, out: Console) -> None:
    if outcomes is None or not outcomes["watched_h"]:
        out.print("  Outcomes: nothing was foretold yet that could be held against what carers told.")
        return
    drifted = "which no longer fits" if outcomes["drifted"] else "which fits, as far as can be told"
    out.print(
        f"  Outcomes: {outcomes['expected']} events foretold, {outcomes['told']} told in {outcomes['watched_h']:.0f} h"
        f" (ratio {outcomes['ratio']}, 95 % {outcomes['low']} to {outcomes['high']}), {drifted}."
    )
