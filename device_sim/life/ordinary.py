"""What episodes do to people in, and ordinary life around it: walks, fidgets, small rises of arousal, stereotypies,
and in sleep the turning over and waking up."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit

from device_sim.life.playing import BUSY, RANK
from device_sim.life.table import ANXIETY, OFF, Codes
from device_sim.physiology.drive import POSTURES
from device_sim.physiology.noise import Keys, uniform
from device_sim.physiology.person import Person
from ingest.types import Array

_WALK_S: Final = 300  # ordinary life is cut into slots; in a slot one walk may happen,
_FIDGET_S: Final = 15  # one fidget,
_BUMP_S: Final = 240  # one small rise of arousal that ends by itself,
_BOUT_S: Final = 120  # one bout of flapping or rocking;
_MOOD_S: Final = 200  # people sit still for minutes and are restless for minutes
_POSTURE_S: Final = 90  # and the arm may lie anew
_BUMPS: Final = 0.4  # of their slots have one: some six an hour, of one to three minutes; our choice
_BUMP_MAX: Final = 0.15  # of full anxiety: everyday arousal, our choice
_RESTLESS: Final = 0.25  # more of the time spent fidgeting at full anxiety: agitation is motion; how much: our choice
_AGITATED: Final = 2.0  # times as many more bouts at full anxiety: stereotypies come with stress; our choice
_BOUT_MAX: Final = 0.9  # somebody who rocks all the time still stops now and then
_TURN_S: Final = 900  # sleepers move every quarter of an hour or so: our choice,
_TURNING_S: Final = 4
_TURN_STREAM: Final = 997
_NAP_S: Final = 1800  # and wake up once in such a slot at most: our choice,
_AWAKE_S: Final = (60, 360)  # for some minutes: our choice, long enough for a band to show it,
_ROUSED_S: Final = 8  # wide awake within seconds,
_DROWSY_S: Final = 180  # and asleep again over minutes: our choices; those who differ, do so by ``wakes_per_h``
_ASLEEP: Final = 0.05  # from this depth on somebody sleeps
_QUIET: Final = 0.03  # of the fidgets that are left in sleep, besides turning over: our choice


class Ordinary:
    """The ordinary life of k rows; those ``still`` neither walk nor rock and hardly fidget."""

    def __init__(self, people: tuple[Person, ...], keys: Keys, *, still: Sequence[bool]) -> None:
        self._keys = keys
        moves = np.where(np.array(still, bool), 0.0, 1.0)
        walks = np.array([person.walks_per_h for person in people]) * _WALK_S / 3600 * moves
        fidgets = np.array([person.fidgets for person in people]) * _FIDGET_S / 3.0  # a fidget is 3 s on average
        fidgets = np.where(moves > 0, fidgets, fidgets / 20.0)
        bouts = np.array([_bouts_per_h(person) for person in people]) * _BOUT_S / 3600 * moves
        wakes = np.array([person.wakes_per_h for person in people]) * _NAP_S / 3600
        self._own = np.column_stack([walks, fidgets, bouts, wakes]).reshape(-1, 4)
        self._rocks = np.array([person.stereotypy == "rocking" for person in people], np.int64)

    def add(self, first: int, fields: Array, kind: Codes) -> Codes:
        """Add what happens from second ``first`` of life on to ``fields`` (fields, rows, seconds) in place, where the
        episodes (``kind``) leave room for it; return how the arm lies (rows, seconds)."""
        posture = np.empty(kind.shape, np.int64)
        arousal, effort, walk, _, fidget, flap, rock, _, _, asleep, _, _ = fields
        acts = (arousal, effort, walk, fidget, flap, rock, asleep)
        _live(self._keys, first, self._own, self._rocks, kind, *acts, posture)
        return posture


def _bouts_per_h(person: Person) -> float:
    return 0.0 if person.stereotypy == "none" else person.stereotypies_per_h


@njit(cache=True, nogil=True)
def _live(
    keys: Keys,
    first: int,
    own: Array,
    rocks: Codes,
    kind: Codes,
    arousal: Array,
    effort: Array,
    walk: Array,
    fidget: Array,
    flap: Array,
    rock: Array,
    asleep: Array,
    posture: Codes,
) -> None:
    rows, seconds = kind.shape
    for r in range(rows):
        key, (walks, fidgets, bouts, wakes) = keys[r], own[r]
        for i in range(seconds):
            t = first + i
            rank = RANK[kind[r, i]] if kind[r, i] >= 0 else 0
            sleeps = asleep[r, i] > _ASLEEP
            posture[r, i] = int(uniform(key, 1, t // _POSTURE_S) * POSTURES)
            anxious = arousal[r, i] if kind[r, i] == ANXIETY else 0.0
            if sleeps:
                posture[r, i] = int(uniform(key, _TURN_STREAM, t // _TURN_S) * POSTURES)
                asleep[r, i] *= 1 - _woken(key, t, wakes)
            if kind[r, i] != OFF:
                likely = fidgets * 3 * uniform(key, 14, t // _MOOD_S) ** 2  # 1 on average
                likely *= _QUIET if sleeps else 1.0
                fidget[r, i] = max(fidget[r, i], _fidget(key, t, likely + anxious * _RESTLESS * _FIDGET_S / 3.0))
                if sleeps and t % _TURN_S < _TURNING_S:
                    fidget[r, i] = max(fidget[r, i], 0.7)
                if bouts > 0 and not sleeps and (rank < BUSY or kind[r, i] == ANXIETY):
                    bout = _bout(key, t, min(bouts * (1 + _AGITATED * anxious), _BOUT_MAX))
                    if rocks[r]:
                        rock[r, i] = max(rock[r, i], bout)
                    else:
                        flap[r, i] = max(flap[r, i], bout)
            if rank >= BUSY or sleeps:
                continue
            stroll = _stroll(key, t, walks)
            if stroll > 0:
                walk[r, i] = max(walk[r, i], stroll)
                effort[r, i] = max(effort[r, i], 0.25)
            arousal[r, i] = max(arousal[r, i], _bump(key, t))


@njit(cache=True, nogil=True)
def _goes_on(
    key: int | np.uint64, stream: int, t: int, slot_s: int, likely: float, least_s: int, spread_s: int
) -> bool:
    """Whether what may happen once in a slot goes on in second ``t``; draws from ``stream`` and the two after it."""
    slot, at = t // slot_s, t % slot_s
    if uniform(key, stream, slot) >= likely:
        return False
    length = least_s + int(uniform(key, stream + 1, slot) * spread_s)
    begin = int(uniform(key, stream + 2, slot) * (slot_s - length))
    return begin <= at < begin + length


@njit(cache=True, nogil=True)
def _fidget(key: int | np.uint64, t: int, likely: float) -> float:
    if not _goes_on(key, 2, t, _FIDGET_S, likely, 1, 5):
        return 0.0
    return 0.2 + 0.8 * uniform(key, 5, t // _FIDGET_S) ** 2


@njit(cache=True, nogil=True)
def _stroll(key: int | np.uint64, t: int, likely: float) -> float:
    if not _goes_on(key, 6, t, _WALK_S, likely, 20, 70):
        return 0.0
    return 0.7 + 0.3 * uniform(key, 9, t // _WALK_S)


@njit(cache=True, nogil=True)
def _bump(key: int | np.uint64, t: int) -> float:
    slot, at = t // _BUMP_S, t % _BUMP_S
    if uniform(key, 10, slot) >= _BUMPS:
        return 0.0
    length = 60 + int(uniform(key, 11, slot) * 120)
    begin = int(uniform(key, 12, slot) * (_BUMP_S - length))
    if not begin <= at < begin + length:
        return 0.0
    x = (at - begin + 0.5) / length
    high: float = 4 * x * (1 - x) * _BUMP_MAX * uniform(key, 13, slot)
    return high


@njit(cache=True, nogil=True)
def _bout(key: int | np.uint64, t: int, likely: float) -> float:
    """How strongly somebody flaps or rocks in ordinary life: bouts of 5 to 60 s."""
    if not _goes_on(key, 15, t, _BOUT_S, likely, 5, 55):
        return 0.0
    return 0.5 + 0.5 * uniform(key, 18, t // _BOUT_S)


@njit(cache=True, nogil=True)
def _woken(key: int | np.uint64, t: int, likely: float) -> float:
    """How far awake somebody is who woke up by themselves: within seconds, and back to sleep within minutes."""
    slot, at = t // _NAP_S, t % _NAP_S
    if uniform(key, 19, 4 * slot) >= likely:
        return 0.0
    least, most = _AWAKE_S
    length = least + int(uniform(key, 19, 4 * slot + 1) * (most - least))
    since = at - int(uniform(key, 19, 4 * slot + 2) * (_NAP_S - length - _DROWSY_S))
    return max(min((since + 1) / _ROUSED_S, 1.0, 1 - (since - length) / _DROWSY_S), 0.0)
