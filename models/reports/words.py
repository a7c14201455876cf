"""Names and numbers of results in, what a reader is told of them out."""

from collections.abc import Sequence
from typing import Final

from models.datasets.dataset import Exclusion
from models.datasets.target import ForecastTarget, Target
from models.evaluation.judgement import FIGURES
from models.evaluation.people import Figure, Spread
from models.experiments.candidates import KINDS
from models.experiments.results import NO_INPUTS, Arm
from models.experiments.spec import AcrossStudies, Calibrated, Chronological, Grouped, SplitSpec
from models.risk import Abstention

NO_SENSOR: Final = ("clock", "since_event", "rate_matched", "hawkes")
"""Kinds that look at no sensor: what they reach, a wristband has not earned."""

CLOCK: Final = "clock"
UNKNOWN: Final = "\N{EN DASH}"

TITLES: Final = {
    "event_sensitivity": "Events foretold",
    "lead_event_sensitivity": "Lead events foretold",
    "begun_sensitivity": "Events with an alarm begun",
    "false_alarms_per_hour": "False alarms per hour",
    "false_alarms_per_4_hours": "False alarms per 4 h",
    "false_alarms_per_8_hours": "False alarms per 8 h",
    "false_alarms_per_seen_hour": "False alarms per seen hour",
    "alarms_per_day": "Alarms per day of wear",
    "alarm_precision": "Alarm precision",
    "time_in_warning": "Time in warning",
    "improvement_over_chance": "Improvement over chance",
    "improvement_over_rate_matched": "Over rate-matched",
    "improvement_over_moving_average": "Over moving average",
    "p_value": "p (shifted warnings)",
    "lead_time_median_s": "Lead time, median",
    "lead_time_q25_s": "Lead time, lower quartile",
    "lead_time_q75_s": "Lead time, upper quartile",
    "lead_time_60_s_share": "Lead time of 60 s or more",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "moving_average_auroc": "AUROC of the moving average",
    "brier": "Brier score",
    "brier_skill_training": "Brier skill, training prevalence",
    "brier_skill_own": "Brier skill, own prevalence",
    "brier_skill_moving_average": "Brier skill, moving average",
    "ece": "ECE",
    "ece_equal_mass": "ECE, equal mass",
    "ece_debiased": "ECE, debiased",
    "people_above_chance_05": "People above chance, p < .05",
    "people_above_chance_01": "People above chance, p < .01",
}
DRIVERS: Final = {
    "base": "what is expected before anything is read",
    "sweat_level": "level of sweat",
    "sweat_drive": "drive of the sweat nerves",
    "response_rate": "sweat responses, how many",
    "response_size": "sweat responses, how large",
    "pulse": "pulse",
    "variability": "how much the pulse varies",
    "cooling": "skin that cools",
    "exertion": "exercise, as movement shows it",
    "restlessness": "restlessness",
    "repetition": "repeated movement",
}
EXCLUDED: Final = {
    Exclusion.UNLABELLED: "nothing that the target names is said of the whole window",
    Exclusion.DURING: "an event under way, or too near to be acted upon",
    Exclusion.REFRACTORY: "an event over only just now",
    Exclusion.UNCERTAIN: "the onset is not known well enough",
    Exclusion.APART: "told by itself (a negative control)",
    Exclusion.NOT_WORN: "the band was off",
    Exclusion.UNKNOWN: "nothing arrived",
    Exclusion.CONTRADICTED: "labels say both",
    Exclusion.EDGE: "the session begins or ends too near",
}
ABSTAINED: Final = {
    Abstention.NO_SIGNAL: "no signal",
    Abstention.NOT_WORN: "not worn",
    Abstention.POOR_SIGNAL: "poor signal",
    Abstention.LEARNING: "person not known yet",
    Abstention.OUT_OF_RANGE: "outside training range",
}
GROUPS: Final = {
    NO_INPUTS: "no inputs",
    "combined": "physiology and motion",
    "physiology": "physiology only",
    "motion": "motion only",
}


def title(figure: str) -> str:
    """What a figure is called in tables."""
    return TITLES.get(figure, figure.replace("_", " ").capitalize())


def within(figure: str) -> str:
    """What a figure is called within a sentence."""
    told = title(figure)
    return told if told.isupper() else told[0].lower() + told[1:]


def driver(name: str) -> str:
    """What a driver is called in plain words."""
    return DRIVERS.get(name, name.replace("_", " "))


def excluded(name: str) -> str:
    """Why moments have no target, in words; ``name`` as the results have it."""
    return EXCLUDED.get(Exclusion[name.upper()], name) if name.upper() in Exclusion.__members__ else name


def reads(arm: Arm) -> str:
    """What an arm looks at."""
    if arm.kind in NO_SENSOR:
        return "no sensor"
    return "all that runs live" if arm.group == NO_INPUTS else GROUPS.get(arm.group, arm.group)


def says(arm: Arm) -> str:
    """What kind of candidate it is."""
    return KINDS[arm.kind].says if arm.kind in KINDS else "a candidate of the experimenter's own"


def unit(figure: str) -> str:
    """The unit of a figure; "" for a share or an index."""
    return FIGURES[figure].unit if figure in FIGURES else ""


def number(value: float | None, figure: str = "") -> str:
    """A value as it stands in tables: seconds whole, everything else to three places; an en dash where there is
    none."""
    if value is None:
        return UNKNOWN
    if unit(figure) == "s":
        return f"{value:.0f}"
    text = f"{value:.3f}"
    if figure == "p_value" and value < 0.0005:
        return "<0.001"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def interval(of: Figure | Spread, figure: str = "") -> str:
    """The 95 % confidence interval in brackets, "" where there is none."""
    if of.low is None or of.high is None:
        return ""
    return f"[{number(of.low, figure)}, {number(of.high, figure)}]"


def target(aim: Target) -> str:
    """What was asked, in a sentence."""
    if isinstance(aim, ForecastTarget):
        soon, late = _seconds(aim.latency_s), _seconds(aim.latency_s + aim.horizon_s)
        return f"Will {_any(aim.events)} begin between {soon} (what a carer needs to act) and {late} from now?"
    return f"Is it {_any(aim.positive)} (positive) or {_any(aim.negative)} (negative) now?"


def split(said: SplitSpec) -> str:
    """Who was held out, in a sentence."""
    match said:
        case Grouped():
            return (
                f"Whole people were held out, in {said.parts} parts: nobody was judged by a model that had seen them."
            )
        case Chronological():
            others = " and everybody else's" if said.others else ""
            return f"Each person's later sessions were judged by models of that person's earlier ones{others}."
        case Calibrated():
            counts = ", ".join(map(str, said.k))
            return (
                f"Each person was judged by models of everybody else and of the person's own first {counts} sessions:"
                " a result for each count, all on the same later sessions."
            )
        case AcrossStudies():
            return "Whole studies were held out: another house, another protocol, perhaps another band."
        case _:
            return (
                "Each person was judged by a model of everybody else: nobody was judged by a model that had seen them."
            )


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _any(words: Sequence[str]) -> str:
    quoted = [f"\N{LEFT DOUBLE QUOTATION MARK}{word}\N{RIGHT DOUBLE QUOTATION MARK}" for word in words]
    return " or ".join(quoted)


def _seconds(value: float) -> str:
    return f"{value:g} s"
