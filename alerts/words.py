"""What a model says in; plain sentences out, the most important first.

Sentences say what a wristband can know and no more; they name nobody and promise nothing.
"""

import math
from collections.abc import Sequence
from typing import Final

from alerts.views import Blind
from models.risk import Array
from signals.features import column

LEARN_MIN: Final = 10
"""Minutes of worn time after which a person's usual is known: ``models.arousal`` counts them."""

MOST: Final = 3
"""Sentences on a board: what is read at 40 cm while walking."""

TELLING: Final = 0.5
"""Log-odds from which a driver is worth a sentence: it moves even odds to 6 in 10."""

SMALL: Final = 0.4
"""Small drivers are worth one at this share of that, after the large ones."""

NEAR_USUAL: Final = -0.85
"""Log-odds of 3 in 10: below it nothing is said to be above usual beside the word calm."""

STILL_G: Final = 0.04
"""A minute's movement below this is sitting or lying: writing moves a wrist more."""

RISING_US_PER_MIN: Final = 0.05
"""A slope above this is a rise: the smallest response that counts as one, each minute."""

TOLD_BPM: Final = 5.0
"""What movement leaves unexplained of the pulse is said as a number from here on: less is within its error."""

_SWEAT: Final = ("sweat_level", "sweat_drive", "response_rate", "response_size")
_SLOPE, _HEART, _MINUTE = column("eda_slope_uS_per_min"), column("heart_rate_bpm"), column("motion_minute_g")
_UNEXPLAINED = column("heart_rate_unexplained_bpm")

_BLIND: Final = {
    Blind.NOT_HEARD: "The band has not been heard yet.",
    Blind.SILENT: "The band is silent.",
    Blind.NOT_WORN: "The band is off.",
    Blind.POOR_SIGNAL: "The band is worn, but too little can be read from it at the moment.",
    Blind.OUT_OF_RANGE: "Readings like these have not been met before, so they tell nothing.",
    Blind.NOT_RECORDING: "No consent: nothing is kept, and no alert can come.",
}


def blind(reason: Blind, learnt: float) -> str:
    """Return what stands in the way of seeing; ``learnt`` is 0 to 1, how much of the person's usual is known."""
    if reason is Blind.LEARNING:
        return f"Getting to know this person: {int(learnt * LEARN_MIN)} of {LEARN_MIN} min."
    return _BLIND[reason]


def reasons(features: Array, drivers: Array, driver_names: Sequence[str]) -> tuple[str, ...]:
    """Return why the risk of a second is what it is, at most ``MOST`` sentences; none where the model abstains.

    ``features`` (F,) in the order of ``signals.features``; ``drivers`` (D,) in log-odds with their ``driver_names``,
    NaN where the model abstains. Drivers that nobody has words for are passed over: words never stop an alert.
    """
    weight = {name: float(value) for name, value in zip(driver_names, drivers, strict=True) if math.isfinite(value)}
    if not weight:
        return ()
    near_usual = sum(weight.values()) < NEAR_USUAL
    exercising = weight.get("exertion", 0.0) <= -TELLING
    sweat = sum(weight.get(name, 0.0) for name in _SWEAT)
    pulse = weight.get("pulse", 0.0)
    telling = [
        (sweat, _sweat(features, exercising)),
        (pulse, _pulse(features, exercising)),
        (weight.get("cooling", 0.0) / SMALL, "Skin getting cooler."),
        (weight.get("restlessness", 0.0) / SMALL, "More restless than usual."),
    ]
    said = [text for value, text in sorted(telling, key=lambda told: -told[0]) if value >= TELLING]
    if near_usual and said and not exercising:
        return ("Not far from usual for this person.",)
    if exercising:
        said.append(_moving(features, pulse))
    elif (sweat >= TELLING or pulse >= TELLING) and features[_MINUTE] <= STILL_G:
        said.insert(2, "Hardly any movement, so exercise does not explain it.")
    return tuple(said[:MOST]) or ("Signs as usual for this person.",)


def _sweat(features: Array, exercising: bool) -> str:
    slope, still = features[_SLOPE], features[_MINUTE] <= STILL_G
    what = "Sweat rising" if slope > RISING_US_PER_MIN else "More sweat than usual"
    return f"{what} while sitting still." if still and not exercising else f"{what}."


def _moving(features: Array, pulse: float) -> str:
    """What movement says of the pulse, which may well be unknown while somebody moves a lot."""
    fits = math.isfinite(features[_HEART]) and pulse < TELLING
    return "Moving a lot. The pulse fits the movement." if fits else "Moving a lot."


def _pulse(features: Array, exercising: bool) -> str:
    rate = features[_HEART]
    if not math.isfinite(rate):
        return "Pulse was above usual a moment ago."
    if exercising:
        return f"Pulse {rate:.0f}, more than the movement explains."
    above = features[_UNEXPLAINED]
    return f"Pulse {rate:.0f}, {above:.0f} above usual." if above >= TOLD_BPM else f"Pulse {rate:.0f}, above usual."
