"""What a model says in; plain sentences out, the most important first.

Sentences say what a wristband can know and no more; they name nobody and promise nothing. A trained model may count
for a risk what lies below usual: which way something lies is said as it was measured, not as its weight would have it.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.policy import ENTER
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

NEAR_USUAL: Final = 3 / 7
"""Of the probability that counts towards an alert (3 in 10 of 7): below it nothing is said to be above usual beside the
word calm."""

STILL_G: Final = 0.04
"""A minute's movement below this is sitting or lying: writing moves a wrist more."""

RISING_US_PER_MIN: Final = 0.05
"""A slope above this is a rise: the smallest response that counts as one, each minute."""

TOLD_BPM: Final = 5.0
"""What movement leaves unexplained of the pulse is said as a number from here on: less is within its error."""

SAID_S: Final = 120.0
"""For how long something must have lasted before it is said for how long: the slowest windows span a minute, so less
would be the window's own."""

FORGIVEN_S: Final = 30.0
"""What pauses for half a minute has gone on to whoever sits beside it."""

RARE: Final = 0.15
"""Below this odds are said of a hundred: an alarm rule for rare events may enter at 1 in 10, and *about 1 in 10,
perhaps 1, perhaps 1* tells nothing."""

FACTS: Final = ("sweat rising", "sweat telling", "pulse telling", "still")
"""What is told with its duration: the last axis of ``facts``."""

UNTIMED: Final = (0.0,) * len(FACTS)

PASSED_OVER: Final = ("base", "own_rate", "recent_events", "clock")
"""Drivers that get no words: what is always so, and what comparisons without a sensor go by."""

_SWEAT: Final = ("sweat_level", "sweat_drive", "response_rate", "response_size")
_SWEAT_OFF: Final = [column(f"{name}_deviation") for name in ("eda_level_uS", "eda_phasic_uS", "response_rate_per_min")]
_PULSE_OFF: Final = [column("heart_rate_unexplained_bpm"), column("heart_rate_bpm_deviation")]
_COOLING, _RHYTHM_OFF = column("temperature_slope_C_per_min"), column("hrv60_rmssd_ms_deviation")
_MOTION_OFF, _REPEATED_OFF = column("motion_minute_g_deviation"), column("repetition_strength_deviation")
_SLOPE, _HEART, _MINUTE = column("eda_slope_uS_per_min"), column("heart_rate_bpm"), column("motion_minute_g")
_UNEXPLAINED = column("heart_rate_unexplained_bpm")
_WORN, _SWEAT_VALID = column("worn"), column("eda_valid")
_MOSTLY: Final = 0.9  # of the last seconds of conductance, believed
STANDING_IN: Final = "Readings like these are new to the model, so the simple rules watch."
"""Said of an alert that the training-free detector raises in the place of a model that is out of its range."""

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


def facts(features: Array, drivers: Array, driver_names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of ``FACTS`` hold, (k, n, 4), of features (k, n, F) and drivers (k, n, D); False where unknown."""
    of_sweat = [i for i, name in enumerate(driver_names) if name in _SWEAT]
    of_pulse = [i for i, name in enumerate(driver_names) if name == "pulse"]
    sweat = drivers[..., of_sweat].sum(axis=-1) >= TELLING
    pulse = drivers[..., of_pulse].sum(axis=-1) >= TELLING
    rising, still = features[..., _SLOPE] > RISING_US_PER_MIN, features[..., _MINUTE] <= STILL_G
    return np.stack([rising & sweat, sweat, pulse, still], axis=-1)


def reasons(
    features: Sequence[float] | Array,
    drivers: Sequence[float] | Array,
    driver_names: Sequence[str],
    *,
    enter: float = ENTER,
    lasted_s: Sequence[float] | Array = UNTIMED,
) -> tuple[str, ...]:
    """Return why the risk of a second is what it is, at most ``MOST`` sentences; none where the model abstains.

    ``features`` (F,) in the order of ``signals.features``; ``drivers`` (D,) in log-odds with their ``driver_names``,
    NaN where the model abstains; ``enter`` is the probability from which the person's seconds count; ``lasted_s`` for
    how long each of ``FACTS`` has held. Drivers that nobody has words for are passed over: words never stop an alert.
    """
    weight = {name: value for name, value in zip(driver_names, drivers, strict=True) if math.isfinite(value)}
    if not weight:
        return ()
    near = NEAR_USUAL * enter
    near_usual = sum(weight.values()) < math.log(near / (1.0 - near))
    moved = weight.get("exertion", 0.0) <= -TELLING
    exercising = moved and not features[_MINUTE] <= STILL_G
    motion = weight.get("restlessness", 0.0) + max(weight.get("exertion", 0.0), 0.0)
    sweat = sum(weight.get(name, 0.0) for name in _SWEAT)
    pulse = weight.get("pulse", 0.0)
    small = TELLING * SMALL
    telling = [
        (sweat, sweat >= TELLING and _sweat(features, exercising, lasted_s)),
        (pulse, pulse >= TELLING and _pulse(features, exercising, lasted_s)),
        (weight.get("variability", 0.0), weight.get("variability", 0.0) >= TELLING and _rhythm(features)),
        (weight.get("cooling", 0.0) / SMALL, weight.get("cooling", 0.0) >= small and _skin(features)),
        (motion / SMALL, motion >= small and _restless(features)),
        (weight.get("repetition", 0.0) / SMALL, weight.get("repetition", 0.0) >= small and _repeated(features)),
    ]
    said = [text for _, text in sorted(telling, key=lambda told: -told[0]) if text]
    if near_usual and said and not exercising:
        return ("Not far from usual for this person.",)
    if exercising:
        said.append(_moving(features, pulse))
    elif not moved and (sweat >= TELLING or pulse >= TELLING) and features[_MINUTE] <= STILL_G:
        said.insert(2, "Hardly any movement, so exercise does not explain it.")
    return tuple(said[:MOST]) or ("Signs as usual for this person.",)


def sureness(probability: float, low: float, high: float) -> str:
    """Return how often signs like these come before a hard time, and between which odds that lies with 90 % confidence;
    "" where the model cannot tell (NaN), as the training-free detector, which is not calibrated, never can."""
    if not (math.isfinite(probability) and math.isfinite(low) and math.isfinite(high)):
        return ""
    of = 100 if probability < RARE else 10
    about, least, most = (round(of * each) for each in (probability, min(low, probability), max(high, probability)))
    if about == of:  # nothing is certain
        return f"More than 9 in 10, perhaps {least}." if least < 9 else "More than 9 in 10."
    if least == about == most:
        return f"About {about} in {of}."
    return f"About {about} in {of}, perhaps {least}, perhaps {most if most < of else 'more than 9'}."


def fit(features: Sequence[float] | Array, missing: Sequence[str]) -> tuple[str, ...]:
    """Return what is to be said of the band beside the reasons of an alert: that it sits well, or what is ``missing``
    of it; nothing where nobody knows whether it is worn."""
    if missing:
        return (f"Nothing can be read of {' and '.join(missing)}.",)
    return ("Band well fitted.",) if features[_WORN] >= 1.0 and features[_SWEAT_VALID] >= _MOSTLY else ()


def _lasting(*lasted_s: float) -> str:
    """For how long all of these have lasted, in whole minutes; "" where that is not worth saying."""
    least_s = min(lasted_s)
    return f" for {int(least_s // 60)} min" if least_s >= SAID_S else ""


def _is_below(features: Sequence[float] | Array, columns: Sequence[int]) -> bool:
    """Whether all that is known of how something lies against usual lies below it."""
    known = [float(features[each]) for each in columns if math.isfinite(features[each])]
    return bool(known) and max(known) < 0


def _rhythm(features: Sequence[float] | Array) -> str:
    off = features[_RHYTHM_OFF]
    if not math.isfinite(off):
        return "The rhythm of the pulse has a part in it."
    return "Pulse more even than usual." if off < 0 else "Pulse less even than usual."


def _skin(features: Sequence[float] | Array) -> str:
    return "Skin getting warmer." if features[_COOLING] > 0 else "Skin getting cooler."


def _restless(features: Sequence[float] | Array) -> str:
    return "Moving less than usual." if features[_MOTION_OFF] < 0 else "More restless than usual."


def _repeated(features: Sequence[float] | Array) -> str:
    return f"{'Less' if features[_REPEATED_OFF] < 0 else 'More'} repeated movement than usual."


def _sweat(features: Sequence[float] | Array, exercising: bool, lasted_s: Sequence[float] | Array) -> str:
    rising, telling, _, still_s = lasted_s
    still = features[_MINUTE] <= STILL_G and not exercising
    low = "Less sweat than usual" if _is_below(features, _SWEAT_OFF) else "More sweat than usual"
    what, since_s = ("Sweat rising", rising) if features[_SLOPE] > RISING_US_PER_MIN else (low, telling)
    return f"{what}{_lasting(since_s, still_s)} while sitting still." if still else f"{what}{_lasting(since_s)}."


def _moving(features: Sequence[float] | Array, pulse: float) -> str:
    """What movement says of the pulse, which may well be unknown while somebody moves a lot."""
    fits = math.isfinite(features[_HEART]) and pulse < TELLING
    return "Moving a lot. The pulse fits the movement." if fits else "Moving a lot."


def _pulse(features: Sequence[float] | Array, exercising: bool, lasted_s: Sequence[float] | Array) -> str:
    rate, since = features[_HEART], _lasting(lasted_s[FACTS.index("pulse telling")])
    if not math.isfinite(rate):
        return "Pulse was above usual a moment ago."
    if _is_below(features, _PULSE_OFF):
        return f"Pulse {rate:.0f}, below usual{since}."
    if exercising:
        return f"Pulse {rate:.0f}, more than the movement explains{since}."
    above = features[_UNEXPLAINED]
    how = f"{above:.0f} above usual" if above >= TOLD_BPM else "above usual"
    return f"Pulse {rate:.0f}, {how}{since}."
