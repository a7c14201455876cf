"""A seed in, people out: what stays the same about somebody while everything else changes."""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

BUILD_UPS: Final = ("ramp", "steps", "late_surge", "plateau", "waves")  # how tension rises in somebody; life/shapes.py
MEDICINES: Final = ("none", "beta_blocker", "alpha2_agonist", "antipsychotic", "stimulant")
STEREOTYPIES: Final = ("none", "flapping", "rocking")


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
    steps_hz, flap_hz, rock_hz : steps a second when walking, and the rhythms of hand flapping and of body rocking.
    heart_responder, sweat_responder : whether anxiety shows in the heart rate, and in the EDA.
    medicine : one of ``MEDICINES``; its effect is in the numbers above already.
    stereotypy : one of ``STEREOTYPIES``: what this person does by themselves; ``stereotypies_per_h`` bouts an hour.
    build_up : one of ``BUILD_UPS``: how tension usually rises in this person.
    pace : how long build-ups last, as a share of what is usual.
    sleep_h, bed_h : hours in bed a night, and the clock hour of going to bed (24 and more after midnight).
    wakes_per_h : awakenings an hour of sleep.
    fit : how well the band usually sits, 1 as it should.
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
    rock_hz: float
    heart_responder: bool
    sweat_responder: bool
    medicine: str
    stereotypy: str
    stereotypies_per_h: float
    build_up: str
    pace: float
    sleep_h: float
    bed_h: float
    wakes_per_h: float
    fit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Population:
    """What differs from one population to another. Pairs are mean and standard deviation; shares are of people.

    ``medicines`` in the order of ``MEDICINES`` without "none", which has the rest.
    """

    rest_bpm: tuple[float, float]
    rsa: float
    breaths_hz: float
    walks_per_h: float
    fidgets: float
    steps_hz: float
    heart_silent: float
    sweat_silent: float
    medicines: tuple[float, ...]
    flapping: float
    rocking: float
    sleep_h: float
    bed_h: float
    wakes_per_h: float


# Twelve sessions of healthy adults in Stress-Predict are what "measured" means: Iqbal 2022, doi:10.3390/s22218135.
_ADULTS: Final = _Population(
    rest_bpm=(76, 8),  # measured medians: 70 to 100 bpm, seated
    rsa=0.030,  # chosen, with ``slow``, by RMSSD, SDNN and the share that breathing has of a minute's power
    breaths_hz=0.26,  # 15.6 breaths a minute: our choice, within the 12 to 20 that are usual in adults at rest
    walks_per_h=3.0,  # ordinary life indoors: our choice
    fidgets=0.12,  # measured: a second in ten to five moves by more than 0.03 g
    steps_hz=1.8,  # 108 a minute: our choice; from 100 on walking is moderate effort: Tudor-Locke 2018,
    # doi:10.1136/bjsports-2017-097628
    heart_silent=0.2,  # Chiu 2016 saw heart rate tell of anxiety in a subgroup only
    sweat_silent=0.15,  # Milstein & Gordon 2020 tell us to expect non-responders
    medicines=(0.0, 0.0, 0.0, 0.0),
    flapping=0.0,
    rocking=0.0,
    sleep_h=7.5,  # 7 to 9 h suit adults: Hirshkowitz 2015, doi:10.1016/j.sleh.2014.12.010; where in that: our choice
    bed_h=23.0,  # our choice
    wakes_per_h=1.0,  # long enough to move; our choice
)
_AUTISTIC_ADULTS: Final = dataclasses.replace(  # who need much support, many with a learning disability
    _ADULTS,
    # The resting rate is left as it is: what is known shows no higher one for autism (doi:10.3389/fpsyt.2022.830234).
    rsa=0.022,  # baseline RSA lower by Hedges' g 0.59, of our SD 0.014: Cheng 2020, doi:10.1016/j.neubiorev.2020.08.007
    sweat_silent=0.25,  # more often unresponsive: van Engeland 1984, doi:10.1007/BF02409578; how many is our choice
    # Antipsychotics 45 % and stimulants 1-2 % of 4,069 adults: Tsiouris 2013, doi:10.1007/s10803-012-1617-6, and 31 %
    # pooled: doi:10.1177/00048674221149864; 0.38 lies between. Beta blockers and alpha-2 agonists: our choice.
    medicines=(0.03, 0.04, 0.38, 0.02),
    flapping=0.27,  # fewer than of children, who do it more the younger they are (Melo 2023): our choice
    rocking=0.18,
    sleep_h=8.2,  # as much sleep as others, more of the night awake: Morgan 2020, Sleep Med (8 data sets, 194 adults)
    bed_h=22.0,  # by the rota of a house: our choice
    wakes_per_h=1.6,  # wake after sleep onset higher by 0.57 SD (Morgan 2020); in awakenings: our choice
)
_AUTISTIC_CHILDREN: Final = dataclasses.replace(  # about 8 to 12 years
    _AUTISTIC_ADULTS,
    rest_bpm=(84, 10),  # median 84 at 8-12 years: Fleming 2011, doi:10.1016/S0140-6736(10)62226-X; spread: our choice
    breaths_hz=0.32,  # 19 breaths a minute at 8-12 years: Fleming 2011
    walks_per_h=6.0,  # children sit less; how much less is our choice
    fidgets=0.18,
    steps_hz=1.95,  # the best minute of a day has 118 steps at 6-19 years: Barreira 2012, MSSE 44:1721
    # Stimulants, alpha agonists or atomoxetine 30 %, antipsychotics 21 % of 7,901 children: Madden 2017,
    # doi:10.1007/s10803-016-2946-7; how the 30 % divide is our choice.
    medicines=(0.01, 0.1, 0.2, 0.2),
    flapping=0.37,  # stereotypies in 57 %, mostly of hand and arm: Melo 2023, Autism 27:456; the division: our choice
    rocking=0.2,
    sleep_h=9.5,  # 33 min less sleep than other children, 11 min longer to fall asleep: Elrod & Hood 2015,
    bed_h=20.5,  # doi:10.1097/DBP.0000000000000140; what the others have, and when: our choice
)
_POPULATIONS: Final = {
    "adults": _ADULTS,
    "autistic_adults": _AUTISTIC_ADULTS,
    "autistic_children": _AUTISTIC_CHILDREN,
}
POPULATIONS: Final = tuple(_POPULATIONS)

# What a medicine multiplies. That it does so is sourced; the sizes are our choice where no number is given.
# One medicine a person: real people take several.
_EFFECTS: Final[dict[str, dict[str, float]]] = {
    "none": {},
    "beta_blocker": {
        "rest_bpm": 0.82,  # 68 to 56 bpm on oral propranolol: LeWinter 1975, doi:10.1002/cpt1975176709
        "heart_gain": 0.45,  # less rise under mental stress in 59 studies: Mills & Dimsdale 1991, Psychosomatics 32:209
        "effort_gain": 0.8,  # and much less so in exercise: Taylor & Meeran 1973, doi:10.1136/bmj.4.5887.257
    },
    "alpha2_agonist": {  # lower sympathetic outflow: Hirota 2014, doi:10.1016/j.jaac.2013.11.009
        "rest_bpm": 0.93,
        "heart_gain": 0.8,
        "eda_us": 0.9,
        "scr_per_min": 0.8,
        "scr_gain": 0.8,
    },
    "antipsychotic": {  # anticholinergic: lower levels, fewer and smaller responses: Green, Nuechterlein & Satz 1989,
        "eda_us": 0.6,  # doi:10.1111/j.1469-8986.1989.tb03147.x
        "scr_us": 0.6,
        "scr_per_min": 0.7,
        "scr_gain": 0.6,
        "rest_bpm": 1.05,  # tachycardia 1.8 times as often: Huhn 2022, doi:10.1177/20451253221097261
        "rsa": 0.8,  # the same receptors slow the heart
    },
    "stimulant": {
        "rest_bpm": 1.05,  # a few beats a minute: Hennissen 2017, doi:10.1007/s40263-017-0410-7
        "fidgets": 0.8,
    },
}


def people(n: int, *, seed: int, population: str = "adults") -> tuple[Person, ...]:
    """Return ``n`` people of one of ``POPULATIONS``; the first ones are the same whatever ``n``.

    Raises ValueError for a negative seed or n, or an unknown population.
    """
    if n < 0 or seed < 0:
        raise ValueError(f"n and seed must not be negative, got {n} and {seed}")
    if population not in _POPULATIONS:
        raise ValueError(f"population must be one of {', '.join(POPULATIONS)}; got {population!r}")
    return tuple(_person(number, seed, _POPULATIONS[population]) for number in range(1, n + 1))


def medicated(person: Person, medicine: str) -> Person:
    """Return ``person`` on ``medicine`` (one of ``MEDICINES``) and on no other."""
    changed = {
        name: getattr(person, name) / _EFFECTS[person.medicine].get(name, 1.0) * _EFFECTS[medicine].get(name, 1.0)
        for name in {*_EFFECTS[person.medicine], *_EFFECTS[medicine]}
    }
    return dataclasses.replace(person, medicine=medicine, **changed)


class _Draw:
    """Numbers of one person, one after the other."""

    def __init__(self, *key: int) -> None:
        self._random = np.random.default_rng(key)

    def around(self, mean: float, sd: float, low: float, high: float) -> float:
        return float(np.clip(self._random.normal(mean, sd), low, high))

    def spread(self, median: float, sigma: float, low: float, high: float) -> float:
        return float(np.clip(median * np.exp(self._random.normal(0, sigma)), low, high))

    def share(self) -> float:
        return float(self._random.random())

    def one_of(self, names: tuple[str, ...], shares: tuple[float, ...]) -> str:
        """One of ``names[1:]`` with the probabilities ``shares``; ``names[0]`` has what is left."""
        at = int(np.searchsorted(np.cumsum(shares), self.share(), side="right"))
        return names[at + 1] if at < len(shares) else names[0]


def _person(number: int, seed: int, of: _Population) -> Person:
    draw, more = _Draw(seed, number), _Draw(seed, number, 2)
    eda_us = draw.spread(0.6, 1.1, 0.12, 9.0)  # measured in six E4 sets: 90 % in 0.13 to 5.6 uS
    rest, rest_sd = of.rest_bpm
    person = Person(
        number=number,
        rest_bpm=draw.around(rest, rest_sd, rest - 18, rest + 22),
        heart_gain=draw.around(0.24, 0.07, 0.14, 0.4),  # Nuske 2019: +22 +- 16 % before an incident, all children
        effort_gain=draw.around(0.8, 0.1, 0.6, 1.0),  # brisk exercise near 130 to 150 bpm: our choice
        rsa=draw.around(of.rsa, 0.014, 0.010, 0.08),
        slow=draw.around(0.037, 0.009, 0.015, 0.055),
        breaths_hz=draw.around(of.breaths_hz, 0.03, of.breaths_hz - 0.08, of.breaths_hz + 0.08),
        eda_us=eda_us,
        eda_gain=draw.around(0.7, 0.2, 0.3, 1.3),  # measured: levels double or more within a session of stress tasks
        scr_per_min=draw.spread(1.1, 0.8, 0.2, 6.3),  # 0.1 to 6.3 measured, of 0.05 uS and more; chosen by their count
        scr_us=0.1 * eda_us**0.8 * draw.spread(1.0, 0.5, 0.4, 3.0),  # measured: responses grow with the level
        scr_gain=draw.around(4.5, 1.0, 2.5, 7.0),  # to 10-15 a minute when anxious: our choice
        skin_c=draw.around(32.2, 1.9, 27.8, 35.3),  # measured medians: 27.5 to 35.3 degC
        cooling_c=draw.around(0.9, 0.3, 0.3, 1.6),  # distal cooling over minutes under acute stress: size is our choice
        pulse=draw.spread(50.0, 0.6, 14.0, 170.0),  # measured SD: 5 to 53 units, a third of the height
        blur=draw.spread(0.22, 0.5, 0.06, 0.6),  # of the sensor itself; so that pulse is lost as often as it was there
        walks_per_h=draw.around(of.walks_per_h, 1.0, 0.5, 2 * of.walks_per_h),
        fidgets=draw.around(of.fidgets, 0.05, 0.03, 0.3),
        steps_hz=draw.around(of.steps_hz, 0.1, of.steps_hz - 0.3, of.steps_hz + 0.3),
        flap_hz=draw.around(
            2.8, 0.6, 1.8, 4.5
        ),  # stereotypies keep to about 1-3 Hz: Goodwin 2011; to 4.5 in autism_smm
        heart_responder=draw.share() >= of.heart_silent,
        sweat_responder=draw.share() >= of.sweat_silent,
        rock_hz=more.around(0.76, 0.1, 0.5, 1.1),  # measured in autism_smm: 0.68 to 0.85 Hz in nine bouts of ten
        medicine="none",
        stereotypy=more.one_of(STEREOTYPIES, (of.flapping, of.rocking)),
        stereotypies_per_h=more.spread(6.0, 0.7, 1.0, 30.0),  # bouts of half a minute, 5 % of waking life: our choice
        build_up=more.one_of(BUILD_UPS, (0.2, 0.2, 0.2, 0.2)),  # no study tells how they divide: alike
        pace=more.spread(
            1.0, 0.35, 0.4, 2.5
        ),  # lead times differ from child to child (Nuske 2019); how far: our choice
        sleep_h=more.around(of.sleep_h, 0.8, of.sleep_h - 2, of.sleep_h + 1.5),
        bed_h=more.around(of.bed_h, 0.7, of.bed_h - 1.5, of.bed_h + 2),
        wakes_per_h=more.spread(of.wakes_per_h, 0.4, 0.3, 4.0),
        fit=1.0 - 0.25 * more.share() ** 3,  # most are strapped on well, some a little loose: our choice
    )
    return medicated(person, more.one_of(MEDICINES, of.medicines))
