"""Everything that was compared in, the report with its tables, pictures and numbers out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import ROOT, table
from benchmarks.realism.gaps import COLUMNS
from benchmarks.realism.judge import Table, Verdict, weights
from benchmarks.realism.sessions import OTHER_SENSORS, PERSONS, SIMULATED, Session
from benchmarks.realism.spectra import Spectrum
from benchmarks.realism.stereotypies import KINDS, MEASURES
from ingest.types import Array

DOCUMENT: Final = ROOT / "docs" / "realism.md"
PICTURES: Final = ROOT / "docs" / "realism"
NUMBERS: Final = ROOT / "benchmarks" / "realism.json"
SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
TELLING: Final = 6  # features of a group that the report names
COMPARED: Final = {  # what the table of distributions shows of each group
    "eda": ("level_us", "sd_share", "responses_per_min", "response_us", "slope_us_per_min", "step_us_p99", "step_skew",
            "eda_share_0.045-0.15Hz", "eda_share_0.25-0.5Hz", "eda_share_1-2Hz", "unmoved"),
    "temperature": ("level_c", "sd_c", "slope_c_per_min", "off_line_c", "unmoved", "step_largest_c"),
    "ppg": ("sd", "second_sd_spread", "pulse_share", "second_harmonic", "third_harmonic", "values_skew",
            "values_kurtosis", "ppg_share_0.1-0.5Hz", "ppg_share_1-2Hz", "ppg_share_4-8Hz"),
    "heart": ("covered", "rate_bpm", "sdnn_ms", "rmssd_ms", "successive_share", "slow_share", "breath_share",
              "change_bpm"),
    "motion": ("still_share", "moving_share", "second_log_g_p50", "second_log_g_p90", "second_again_1", "turns",
               "largest_g", "motion_share_0.5-1Hz", "motion_share_2-3Hz", "motion_share_5-8Hz"),
    "coupling": ("moved_light", "moved_jumps", "light_jumps", "moved_rate"),
}  # fmt: skip
HEAD: Final = """# How like people the simulated ones are
*Research use only \N{EN DASH} not a medical device.* Written by `make realism`; how each number is computed stands
in its module of `benchmarks/realism`. The recordings are not in this repository.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What became of one group of features: its windows (``kind``: simulated), the verdict on people not met, the areas
    on real sets not met, the same of real sets against each other, and of each feature alone (F,)."""

    data: Table
    kind: NDArray[np.bool_]
    verdict: Verdict
    unmet: dict[str, float]
    yard: dict[str, float]
    yard_unmet: dict[str, float]
    alone: Array

    def quantiles(self, name: str, *, simulated: bool) -> Array:
        """Return the ``SHARES`` quantiles of a feature, every person weighing the same."""
        values = self.data.x[:, self.data.names.index(name)]
        here = (self.kind == simulated) & np.isfinite(values)
        return weighted(values[here], weights(self.data.person[here], np.zeros(int(here.sum()), bool)))


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """What the report is written from."""

    sessions: list[Session]
    absent: dict[str, str]
    judged: dict[str, Judged]
    lacks: dict[str, dict[str, Array]]
    spectra: dict[str, dict[tuple[str, str], Spectrum]]
    scenarios: tuple[str, ...]
    stereotypies: dict[str, dict[str, Array]]


def weighted(values: Array, weight: Array) -> Array:
    """Return the ``SHARES`` quantiles of weighted values; NaN of none."""
    if not values.size:
        return np.full(len(SHARES), np.nan)
    order = np.argsort(values)
    reached = np.cumsum(weight[order]) / weight.sum()
    return values[order][np.minimum(np.searchsorted(reached, SHARES), values.size - 1)]


def said(group: str, one: Judged) -> str:
    """Return what is printed of a group while it is being judged."""
    lines = [
        f"{group}: {one.verdict.area:.3f} on people not met ({', '.join(f'{a:.3f}' for a in one.verdict.areas)});"
        f" sets not met: {_areas(one.unmet)}",
        f"    real sets from each other: {_areas(one.yard)}; on a third set not met: {_areas(one.yard_unmet)}",
        "    shuffled: " + ", ".join(f"{name} {fall:.3f}" for name, fall in one.verdict.gives_away[:8]),
    ]
    for i in np.argsort(-np.nan_to_num(one.alone))[:12]:
        name = one.data.names[i]
        real, made = (" ".join(f"{q:.3g}" for q in one.quantiles(name, simulated=which)) for which in (False, True))
        lines.append(f"    {one.alone[i]:.3f} {name:36s} real {real:44s} simulated {made}")
    return "\n".join(lines)


def _areas(areas: dict[str, float]) -> str:
    return ", ".join(f"{name} {area:.3f}" for name, area in areas.items())


def write(all_: Everything) -> None:
    """Write the document, its pictures and its numbers."""
    from benchmarks.realism.pictures import draw

    PICTURES.mkdir(exist_ok=True)
    drawn = draw(all_, PICTURES)
    DOCUMENT.write_text(document(all_, drawn))
    _keep(all_, NUMBERS)
    print(f"{DOCUMENT.relative_to(ROOT)}, {len(drawn)} pictures, {NUMBERS.relative_to(ROOT)}")


def document(all_: Everything, drawn: dict[str, str]) -> str:
    """Return the report."""
    parts = [HEAD, _in_short(all_), _sets(all_)]
    parts += ["\n## Can a window be told?\n", _judgement(all_), _picture(drawn, "areas")]
    parts += ["\n## What gives the simulation away\n", _telling(all_)]
    parts += ["\n## Distributions\n", _distributions(all_), _picture(drawn, "levels")]
    parts += ["\n## Spectra\n", _SPECTRA, _picture(drawn, "spectra"), _picture(drawn, "minutes")]
    parts += ["\n## Flapping and rocking\n", _stereotypies(all_)]
    parts += ["\n## Gaps, artefacts and slow changes, a session each\n", _lacking(all_), _picture(drawn, "gaps")]
    return "\n".join(part for part in parts if part) + "\n"


_SPECTRA: Final = """Median and quartiles over worn minutes, power density (base 10). *Still*: a minute whose median
second moves by less than 0.02 g; *moving*: by more than 0.08 g. The floor at high frequencies is the sensor's step."""


def _picture(drawn: dict[str, str], name: str) -> str:
    return f"\n![{drawn[name]}](realism/{name}.png)\n" if name in drawn else ""


def _sets(all_: Everything) -> str:
    lines = []
    for source in dict.fromkeys(session.source for session in all_.sessions):
        own = [session for session in all_.sessions if session.source == source]
        hours = sum(float((session.said["worn"] != 0).sum()) for session in own) / 3600
        people = len({session.person for session in own})
        note = OTHER_SENSORS.get(source, "")
        if source == SIMULATED:
            note = f"scenarios {', '.join(all_.scenarios)}"
        lines.append([source, str(people), str(len(own)), f"{hours:.1f}", note])
    absent = "".join(f"\n- `{source}` was absent: {why}" for source, why in all_.absent.items())
    return (
        table(["set", "people", "sessions", "hours not off", "note"], lines)
        + "\n\nAll of the recordings are of adults without a known diagnosis, but for the accelerometers of"
        " `autism_smm`; so is what they can say of the simulation. Both sides go through the same reading: an E4's"
        " rates and steps (through `device_sim.band.quantise`), the same engine, the same rule for what is worn, and"
        " nothing is scaled by person or set. The simulation's constants were settled with these recordings in view:"
        " none was kept back from it. People recorded sat in laboratories, worked in a hospital or wrote exams; those"
        " simulated are at home: a part of what tells them apart is what they do."
        + absent
        + ("" if all_.absent else f"\n\nNone of the {len(PERSONS)} sets was absent.")
    )


ALIKE: Final = 0.03  # of area: no further apart than real studies are from each other, give or take people


def _in_short(all_: Everything) -> str:
    """The verdict, from the same numbers as the table."""
    alike, told = [], []
    for group, one in all_.judged.items():
        area, yard = one.verdict.area, float(np.nanmean(list(one.yard.values())))
        (alike if area <= yard + ALIKE else told).append(f"{group} ({area:.2f}, {yard:.2f})")
    return f"""**In short** (area under the ROC of the judge, and of telling one real study from the others).
No easier to tell than real studies are from each other: {", ".join(alike) or "nothing"}.
More easily: {", ".join(told) or "nothing"}.
So simulated people are fit for testing the path, the logic, faults and load, and for comparing methods on a known
truth; they are no evidence that an early warning works on people.
"""


def _judgement(all_: Everything) -> str:
    lines = []
    for group, one in all_.judged.items():
        lines.append(
            [
                group,
                f"**{one.verdict.area:.3f}**",
                _span(one.unmet),
                _span(one.yard),
                _span(one.yard_unmet),
                f"{int((~one.kind).sum())} / {int(one.kind.sum())}",
            ]
        )
    head = ["features", "simulated or real: people not met", "a real set not met", "yardstick: one real set or others",
            "yardstick, a set not met", "windows real / simulated"]  # fmt: skip
    text = """Area under the ROC of gradient boosting that tells windows of a minute apart (0.5: cannot; 1: always): on
people it has not met (five folds), and on all windows of a real set it has not met beside simulated people it has not
met: mean (least to most, over the sets). The yardstick is the same judge telling one real set from the other real ones:
what a simulator would reach that is as like the recordings as they are like each other. Every person weighs the same.
"""
    return text + "\n" + table(head, lines)


def _span(areas: dict[str, float]) -> str:
    known = [area for area in areas.values() if np.isfinite(area)]
    return f"{np.mean(known):.3f} ({min(known):.3f}\N{EN DASH}{max(known):.3f})" if known else "\N{EN DASH}"


def _telling(all_: Everything) -> str:
    lines = []
    for group, one in all_.judged.items():
        if group not in COMPARED:
            continue
        falls = dict(one.verdict.gives_away)
        for name, fall in list(falls.items())[:TELLING]:
            lines.append([f"{name}", f"{fall:.3f}", *_line(one, name)])
    text = """By how much the area falls where one feature is shuffled among the windows held out (features that say the
same stand in for each other: a fall of 0 does not mean alike), what the feature reaches by itself, and its quantiles.
"""
    return text + "\n" + table(["feature", "fall", "alone", "real 5 / 25 / 50 / 75 / 95 %", "simulated"], lines)


def _line(one: Judged, name: str) -> list[str]:
    alone = one.alone[one.data.names.index(name)]
    spread = [" / ".join(f"{q:.3g}" for q in one.quantiles(name, simulated=which)) for which in (False, True)]
    return [f"{alone:.2f}", *spread]


def _distributions(all_: Everything) -> str:
    lines = [
        [name, *_line(all_.judged[group], name)]
        for group, names in COMPARED.items()
        if group in all_.judged
        for name in (f"{group}: {each}" for each in names)
    ]
    return "Levels, rates and shapes in worn minutes; `log` and `sd` of PPG are base 10.\n\n" + table(
        ["feature", "alone", "real 5 / 25 / 50 / 75 / 95 %", "simulated"], lines
    )


def _stereotypies(all_: Everything) -> str:
    if "real" not in all_.stereotypies:
        return "The labelled recordings were absent."
    lines = []
    for kind in KINDS:
        for i, measure in enumerate(MEASURES):
            cells = [" / ".join(f"{q:.2g}" for q in np.quantile(all_.stereotypies[which][kind][i], SHARES))
                     for which in ("real", "simulated")]  # fmt: skip
            lines.append([f"{kind}: {measure}", *cells])
    text = "Pieces of 5 s of bouts that observers labelled in two autistic people (both wrists), and of simulated ones."
    return text + "\n\n" + table(["", "real 5 / 25 / 50 / 75 / 95 %", "simulated"], lines)


def _lacking(all_: Everything) -> str:
    lines = []
    for name, what in COLUMNS.items():
        cells = []
        for real in (True, False):
            values = [x[name] for source, x in all_.lacks.items() if (source != SIMULATED) == real]
            values = np.concatenate(values)
            values = values[np.isfinite(values)]
            cells.append(
                " / ".join(f"{q:.3g}" for q in np.quantile(values, SHARES)) + f" ({values.size})"
                if values.size
                else "\N{EN DASH}"
            )
        lines.append([f"`{name}`: {what}", *cells])
    return table(["", "real 5 / 25 / 50 / 75 / 95 % (sessions)", "simulated"], lines)


def _keep(all_: Everything, path: Path) -> None:
    import json

    groups = {}
    for group, one in all_.judged.items():
        groups[group] = {
            "area_people_not_met": one.verdict.area,
            "areas": list(one.verdict.areas),
            "area_sets_not_met": one.unmet,
            "yardstick": one.yard,
            "yardstick_sets_not_met": one.yard_unmet,
            "falls": dict(one.verdict.gives_away),
            "features": {
                name: {
                    "alone": float(one.alone[i]),
                    "real": one.quantiles(name, simulated=False).tolist(),
                    "simulated": one.quantiles(name, simulated=True).tolist(),
                }
                for i, name in enumerate(one.data.names)
            },
        }
    lacks = {source: {name: [float(v) for v in x] for name, x in each.items()} for source, each in all_.lacks.items()}
    text = json.dumps(
        _rounded({"absent": all_.absent, "scenarios": list(all_.scenarios), "groups": groups, "sessions": lacks}),
        indent=1,
        allow_nan=False,
    )
    path.write_text(text + "\n")


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    return value
