"""Chances and a stretch of time in, the episodes that come at random in it out: a Hawkes process in clusters.

Episodes that come by themselves are a Poisson process, drawn slot by slot of ``SLOT_S``. An incident sets off further
ones: each has a Poisson number of offspring with mean ``branching``, after exponential times with mean ``memory_s``,
which makes the process a Hawkes process with an exponential kernel (Hawkes & Oakes 1974, doi:10.2307/3212693). Potter
2025 (arXiv 2507.12424) finds a branching factor of 0.74 for incidents of inpatients, who differ much; Imbiriba 2023
(doi:10.1001/jamanetworkopen.2023.48898) saw 13 an hour.

Every number is a function of the person's key, the chance and the slot: so a stretch may be cut anywhere. For that a
cluster's reach is bounded: ``LOST`` of its incidents would have come later, and are left out.
"""

from typing import Final

import numpy as np
from numba import njit

from device_sim.life.table import ANXIETY, INCIDENT, Codes, Table
from device_sim.physiology.noise import Keys, bits, normal, uniform
from device_sim.physiology.person import BUILD_UPS, Person
from device_sim.scenario import KINDS, Chance
from ingest.types import Array

SLOT_S: Final = 900  # short against an hour, so that little is drawn in vain
LOST: Final = 0.005  # of a cluster's incidents
_SLOT_MAX: Final = 64  # episodes of a chance in a slot; 15 are expected of the highest rate allowed, more are left out
_CLUSTER_MAX: Final = 1000  # incidents of a cluster; 20 are expected of the highest branching allowed
_STREAM: Final = 1000  # of the first chance; below are ordinary life and the body
_SHAPES: Final = len(BUILD_UPS)
_OFTEN: Final = 996  # the stream of how often something befalls a person
_OWN_SHAPE: Final = 0.7  # of a person's build-ups rise as they usually do in that person: our choice


class Chances:
    """All the chances of k rows: draws what they bring. ``clock_s`` is the time of day at second 0 of life."""

    def __init__(self, chances: tuple[tuple[Chance, ...], ...], people: tuple[Person, ...], *, clock_s: float) -> None:
        each = [
            (row, number, chance, person)
            for row, (person, own) in enumerate(zip(people, chances, strict=True))
            for number, chance in enumerate(own)
        ]
        self._codes = np.array([_codes(*one) for one in each], np.int64).reshape(-1, 5)
        self._numbers = np.array([_numbers(chance, person) for *_, chance, person in each]).reshape(-1, 19)
        self._clock_s = clock_s
        self._reach_s = max((_reach_s(chance, person) for *_, chance, person in each), default=0.0)

    @property
    def reach_s(self) -> float:
        """How long before a moment episodes may have come by themselves that still go on then, or set off others."""
        return self._reach_s

    def drawn(self, keys: Keys, begin_s: float, end_s: float) -> Table:
        """Return at least the episodes of which anything lies within these times [s of life]; never one before 0."""
        first = max(int((begin_s - self._reach_s) // SLOT_S), 0)
        slots = max(int(-(-end_s // SLOT_S)) - first, 0) if len(self._codes) else 0
        room = 64
        while True:
            codes, own = np.empty((room, 4), np.int64), np.empty(room, np.uint64)
            numbers = np.empty((room, 6))
            count = _draw(keys, self._codes, self._numbers, self._clock_s, first, slots, codes, own, numbers)
            if count <= room:
                break
            room = count
        row, kind, shape, lead = np.ascontiguousarray(codes[:count].T)
        return Table(row, kind, shape, lead, own[:count], numbers[:count])


def _codes(row: int, number: int, chance: Chance, person: Person) -> tuple[int, ...]:
    named = BUILD_UPS.index(chance.shape) if chance.shape in BUILD_UPS else -1
    shape = named if chance.kind == "anxiety" else 0
    return row, number, KINDS.index(chance.kind), shape, BUILD_UPS.index(person.build_up)


def _numbers(chance: Chance, person: Person) -> tuple[float, ...]:
    pace = person.pace if chance.kind == "anxiety" else 1.0
    ranges = (chance.rise_s, chance.hold_s, chance.fall_s, chance.strength, chance.incident_s, chance.hours)
    others = (chance.incidents, chance.branching, chance.memory_s, _cluster_s(chance), chance.uneven)
    return chance.per_h, pace, *(bound for least_most in ranges for bound in least_most), *others


def _cluster_s(chance: Chance) -> float:
    """How long after its first incident a cluster may still set off others [s]."""
    return float(np.log(1 / LOST)) * chance.memory_s / (1 - chance.branching) if chance.branching else 0.0


def _reach_s(chance: Chance, person: Person) -> float:
    rise_s = chance.rise_s[1] * (person.pace if chance.kind == "anxiety" else 1.0)
    return rise_s + chance.hold_s[1] + _cluster_s(chance) + chance.incident_s[1] + chance.fall_s[1]


@njit(cache=True, nogil=True)
def _draw(
    keys: Keys,
    chances: Codes,
    about: Array,
    clock_s: float,
    first: int,
    slots: int,
    codes: Codes,
    own: Keys,
    numbers: Array,
) -> int:
    """Fill in what is drawn, as far as there is room; return how many episodes there are."""
    count = 0
    for c in range(chances.shape[0]):
        key, stream = keys[chances[c, 0]], _STREAM + chances[c, 1]
        uneven = about[c, 18]
        often = np.exp(uneven * normal(key, _OFTEN, chances[c, 2]) - uneven * uneven / 2)  # 1 on average
        expected = about[c, 0] * SLOT_S / 3600 * often
        for slot in range(first, first + slots):
            index = slot * _SLOT_MAX
            for i in range(min(_poisson(expected, uniform(key, stream, index)), _SLOT_MAX - 1)):
                lead = bits(key, stream, index + 1 + i)
                start_s = (slot + uniform(lead, 0, 0)) * SLOT_S
                hour = ((clock_s + start_s) % 86_400) / 3600
                if about[c, 12] <= hour < about[c, 13]:
                    count = _befall(chances[c], about[c], lead, start_s, count, codes, own, numbers)
    return count


@njit(cache=True, nogil=True)
def _befall(
    chance: Codes, about: Array, lead: np.uint64, start_s: float, count: int, codes: Codes, own: Keys, numbers: Array
) -> int:
    """Write down an episode that came by itself at ``start_s``, and all that it sets off; return the new count."""
    kind, shape = chance[2], chance[3]
    rise_s = about[1] * _between(about[2], about[3], uniform(lead, 1, 0))
    hold_s = _between(about[4], about[5], uniform(lead, 2, 0))
    incident_s = 0.0
    if kind == INCIDENT:
        rise_s, hold_s, incident_s = 0.0, 0.0, rise_s + hold_s
    elif kind == ANXIETY and uniform(lead, 3, 0) < about[14]:
        incident_s = _between(about[10], about[11], uniform(lead, 4, 0))
    if shape < 0:
        shape = shape_of(lead, chance[4])
    if count < codes.shape[0]:
        _write(count, chance[0], kind, shape, 1, lead, codes, own)
        _measure(count, about, lead, start_s, rise_s, hold_s, incident_s, numbers)
    count += 1
    if incident_s == 0 or about[15] == 0:
        return count
    return _set_off(chance, about, lead, start_s + rise_s + hold_s, count, codes, own, numbers)


@njit(cache=True, nogil=True)
def _set_off(
    chance: Codes, about: Array, lead: np.uint64, onset_s: float, count: int, codes: Codes, own: Keys, numbers: Array
) -> int:
    """Write down the aftershocks of the incident that began at ``onset_s``, generation by generation."""
    parent, at_s = np.empty(_CLUSTER_MAX, np.uint64), np.empty(_CLUSTER_MAX)
    parent[0], at_s[0] = lead, onset_s
    grown, seen = 1, 0
    while seen < grown:
        for i in range(_poisson(about[15], uniform(parent[seen], 7, 0))):
            child = bits(parent[seen], 8, i)
            later_s = at_s[seen] - about[16] * np.log(1 - uniform(child, 9, 0))
            if later_s > onset_s + about[17] or grown == _CLUSTER_MAX:
                continue
            parent[grown], at_s[grown] = child, later_s
            grown += 1
            incident_s = _between(about[10], about[11], uniform(child, 4, 0))
            if count < codes.shape[0]:
                _write(count, chance[0], INCIDENT, 0, 0, child, codes, own)
                _measure(count, about, child, later_s, 0.0, 0.0, incident_s, numbers)
            count += 1
        seen += 1
    return count


@njit(cache=True, nogil=True)
def shape_of(own: int | np.uint64, usual: int) -> int:
    """Return the shape of the build-up with this key: mostly as it ``usual``ly is in the person."""
    return usual if uniform(own, 5, 0) < _OWN_SHAPE else int(uniform(own, 6, 0) * _SHAPES)


@njit(cache=True, nogil=True)
def _write(at: int, row: int, kind: int, shape: int, lead: int, key: np.uint64, codes: Codes, own: Keys) -> None:
    codes[at, 0], codes[at, 1], codes[at, 2], codes[at, 3] = row, kind, shape, lead
    own[at] = key


@njit(cache=True, nogil=True)
def _measure(
    at: int,
    about: Array,
    key: np.uint64,
    start_s: float,
    rise_s: float,
    hold_s: float,
    incident_s: float,
    numbers: Array,
) -> None:
    numbers[at, 0], numbers[at, 1], numbers[at, 2], numbers[at, 3] = start_s, rise_s, hold_s, incident_s
    numbers[at, 4] = _between(about[6], about[7], uniform(key, 10, 0))
    numbers[at, 5] = about[8] + (about[9] - about[8]) * uniform(key, 11, 0)


@njit(cache=True, nogil=True)
def _between(least: float, most: float, u: float) -> float:
    """Return a length between these, as likely in each doubling of it; evenly where the least is 0."""
    if least > 0:
        drawn: float = least * np.exp(u * np.log(most / least))
        return drawn
    return most * u


@njit(cache=True, nogil=True)
def _poisson(expected: float, u: float) -> int:
    """Return the Poisson number that has ``u`` of the probability below it."""
    chance = np.exp(-expected)
    below, number = chance, 0
    while u >= below and number < _SLOT_MAX:
        number += 1
        chance *= expected / number
        below += chance
    return number
