"""A seed in, people out: what stays the same about somebody while everything else changes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

HEART_SILENT: Final = 0.2  # share whose heart rate does not tell of anxiety: Chiu 2016 saw it tell in a subgroup only
SWEAT_SILENT: Final = 0.15  # share whose EDA hardly answers: Milstein & Gordon 2020 tell us to expect non-responders


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One simulated wearer. The reason for each number stands where it is drawn, in ``people``.

    Parameters
    ----------
    number : 1 for the first person; the key of everything random about them.
    rest_bpm : heart rate, sitting and calm.
    heart_gain : rise of heart rate at full anxiety, as a share of ``rest_bpm``.
    effort_gain : rise of heart rate at full effort, as a share of ``rest_bpm``.
    rsa, slow : modulation of heart rate by breathing and by the slow (about 0.1 Hz) rhythm, as a share.
    breaths_hz : breathing at rest.
    eda_us : tonic skin conductance, calm [uS].
    eda_gain : rise of the tonic level at full anxiety, as a share of ``eda_us``.
    scr_per_min : spontaneous responses a minute, calm.
    scr_us : median amplitude of a response [uS].
    scr_gain : how many times more responses a minute come on top at full anxiety.
    skin_c : skin temperature at the wrist, calm [degC]; ``cooling_c`` is its fall at full anxiety [degC].
    pulse : height of the pulse wave [units of an E4's BVP]; ``blur`` is the noise on it, as a share of its height.
    walks_per_h, fidgets : walks an hour, and the share of time fidgeting, in ordinary life.
    steps_hz, flap_hz : steps a second when walking, and the rhythm of hand flapping.
    heart_responder, sweat_responder : whether anxiety shows in the heart rate, and in the EDA.
    """

    number: int
    rest_bpm: float
    heart_gain: float
    effort_gain: float
    rsa: float
    slow: float
    breaths_hz: float
    eda_us: float
    eda_gain: float
    scr_per_min: float
    scr_us: float
    scr_gain: float
    skin_c: float
    cooling_c: float
    pulse: float
    blur: float
    walks_per_h: float
    fidgets: float
    steps_hz: float
    flap_hz: float
    heart_responder: bool
    sweat_responder: bool


def people(n: int, *, seed: int) -> tuple[Person, ...]:
    """Return ``n`` people; the first ones are the same whatever ``n``. Raises ValueError for a negative seed or n."""
    if n < 0 or seed < 0:
        raise ValueError(f"n and seed must not be negative, got {n} and {seed}")
    return tuple(_person(number, seed) for number in range(1, n + 1))


def _person(number: int, seed: int) -> Person:
    draw = np.random.default_rng([seed, number])

    def around(mean: float, sd: float, low: float, high: float) -> float:
        return float(np.clip(draw.normal(mean, sd), low, high))

    def spread(median: float, sigma: float, low: float, high: float) -> float:
        return float(np.clip(median * np.exp(draw.normal(0, sigma)), low, high))

    # Stress-Predict's twelve sessions are what "measured" means below: Iqbal et al. 2022, doi:10.3390/s22218135.
    eda_us = spread(0.9, 0.7, 0.15, 8.0)  # measured medians of a session: 0.14 to 4.8 uS
    return Person(
        number=number,
        rest_bpm=around(76, 8, 58, 98),  # measured medians: 70 to 100 bpm, seated
        heart_gain=around(0.24, 0.07, 0.14, 0.4),  # Nuske 2019: +22 +- 16 % before an incident, all children
        effort_gain=around(0.8, 0.1, 0.6, 1.0),  # brisk exercise near 130 to 150 bpm: our choice
        rsa=around(0.045, 0.014, 0.015, 0.08),  # with ``slow``: RMSSD 20-60 ms, SDNN 40-90 ms, as measured
        slow=around(0.035, 0.009, 0.015, 0.055),
        breaths_hz=around(0.26, 0.03, 0.18, 0.34),  # 15 breaths a minute
        eda_us=eda_us,
        eda_gain=around(0.7, 0.2, 0.3, 1.3),  # measured: levels double or more within a session of stress tasks
        scr_per_min=spread(1.6, 0.6, 0.4, 6.0),  # measured, of 0.05 uS and more: 0.1 to 6.3 a minute
        scr_us=0.1 * eda_us**0.8 * spread(1.0, 0.3, 0.5, 2.0),  # measured: responses grow with the level
        scr_gain=around(4.5, 1.0, 2.5, 7.0),  # to 10-15 a minute when anxious: our choice
        skin_c=around(32.3, 1.6, 28.5, 35.0),  # measured medians: 27.5 to 35.3 degC
        cooling_c=around(0.9, 0.3, 0.3, 1.6),  # distal cooling over minutes under acute stress: size is our choice
        pulse=spread(75.0, 0.45, 25.0, 160.0),  # measured heights of a beat: 40 to 150
        blur=spread(0.22, 0.5, 0.06, 0.6),  # how well a band sits; so that pulse is lost as often as it was there
        walks_per_h=around(3.0, 1.0, 0.5, 6.0),  # ordinary life indoors: our choice
        fidgets=around(0.12, 0.05, 0.03, 0.3),  # measured: a second in ten to five moves by more than 0.03 g
        steps_hz=around(1.8, 0.1, 1.5, 2.1),  # adult walking: about 110 steps a minute
        flap_hz=around(2.6, 0.4, 1.6, 3.6),  # stereotypies keep to about 1-3 Hz: Goodwin 2011
        heart_responder=bool(draw.random() >= HEART_SILENT),
        sweat_responder=bool(draw.random() >= SWEAT_SILENT),
    )
