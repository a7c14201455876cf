"""A scenario and a time in, what every wearer does in each second out: the drive of their physiology."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.life.lived import Lived
from device_sim.physiology.drive import POSTURES, Drive
from device_sim.physiology.noise import Keys, keys, uniform
from device_sim.physiology.person import Person
from device_sim.scenario import KINDS, Scenario
from ingest.types import Array

_FIELDS: Final = ("arousal", "effort", "walk", "run", "fidget", "flap", "rock", "heat", "meal", "asleep")
_EFFECTS: Final = {  # how strongly an episode of full strength drives each field; the sizes are our choice
    "anxiety": {"arousal": 1.0},
    "exercise": {"arousal": 0.25, "effort": 1.0, "run": 1.0},
    "excitement": {"arousal": 0.7, "effort": 0.15, "fidget": 0.8},
    "stereotypy": {"arousal": 0.1, "effort": 0.15, "fidget": 0.1, "flap": 1.0},
    "walking": {"effort": 0.25, "walk": 1.0},
    "off_wrist": {},
    "incident": {"arousal": 1.0, "effort": 0.6, "fidget": 1.0, "flap": 0.8},
    "joy": {"arousal": 0.8, "effort": 0.35, "run": 0.2, "fidget": 0.4, "flap": 0.7},
    "rocking": {"arousal": 0.1, "effort": 0.1, "rock": 1.0},
    "heat": {"heat": 1.0},
    "cold": {"heat": -1.0},
    "meal": {"meal": 1.0},
    "sleep": {"asleep": 1.0},
    "loose": {},
}
_EFFECT: Final = np.array([[_EFFECTS[kind].get(field, 0.0) for field in _FIELDS] for kind in KINDS])  # (kinds, fields)
_OFF: Final = KINDS.index("off_wrist")
_ANXIETY: Final = KINDS.index("anxiety")
_TAKING_OFF_S: Final = 4.0  # the hand at the clasp moves the band
_RESTLESS: Final = 0.25  # more of the time spent fidgeting at full anxiety: agitation is motion

_WALK_S: Final = 300  # ordinary life is cut into slots; in a slot one walk may happen,
_FIDGET_S: Final = 15  # one fidget,
_BUMP_S: Final = 240  # one small rise of arousal that ends by itself,
_MOOD_S: Final = 200  # people sit still for minutes and are restless for minutes
_POSTURE_S: Final = 90  # and the arm may lie anew
_BUMP_MAX: Final = 0.15  # of full anxiety: everyday arousal, our choice


class Director:
    """Plays ``scenario`` to ``people``; keeps no state, so any stretch of time may be asked for."""

    def __init__(self, scenario: Scenario, people: tuple[Person, ...], *, seed: int) -> None:
        self._past_s = scenario.past_s
        self._repeat_s = scenario.repeat_s
        rounds = np.arange(len(people)) // len(scenario.parts)
        self._delay_s = rounds * scenario.stagger_s
        parts = [scenario.part(i) for i in range(len(people))]
        episodes = [(row, episode) for row, part in enumerate(parts) for episode in part.episodes]
        self._row = np.array([row for row, _ in episodes], np.int64)
        self._kind = np.array([KINDS.index(e.kind) for _, e in episodes], np.int64)
        times = [(e.start_s, e.rise_s, e.hold_s, e.fall_s, e.strength) for _, e in episodes]
        self._times = np.array(times, np.float64).reshape(-1, 5)
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        self._walks = np.array([person.walks_per_h for person in people]) * _WALK_S / 3600
        self._fidgets = np.array([person.fidgets for person in people]) * _FIDGET_S / 3.0  # a fidget is 3 s on average
        still = np.array([part.activity == "still" for part in parts])
        self._walks[still] = 0.0
        self._fidgets[still] /= 20.0

    def drive(self, start_s: int, seconds: int) -> Drive:
        """Return ``seconds`` seconds from ``start_s`` on; raises ValueError before the scenario's past began."""
        first = start_s + self._past_s
        if first < 0 or seconds < 0:
            raise ValueError(f"the scenario begins at {-self._past_s} s; {seconds} s from {start_s} s cannot be played")
        rows = len(self._keys)
        level, kind, since_s = self._episodes(start_s, seconds)
        fields = np.zeros((len(_FIELDS), rows, seconds))
        for i in range(len(_FIELDS)):
            np.maximum.at(fields[i], self._row, level * _EFFECT[self._kind, i][:, None])
        cold = np.flatnonzero(self._kind == KINDS.index("cold"))
        np.minimum.at(fields[_FIELDS.index("heat")], self._row[cold], -level[cold])
        arousal, effort, walk, run, fidget, flap, rock, heat, meal, asleep = fields
        worn = kind != _OFF
        fields[2:7, ~worn] = 0.0  # a band on a shelf does not walk
        fidget[~worn & (since_s < _TAKING_OFF_S)] = 1.0
        restless = np.where(kind == _ANXIETY, arousal * _RESTLESS * _FIDGET_S / 3.0, 0.0)
        posture = np.empty((rows, seconds), np.int64)
        _ordinary(self._keys, first, self._walks, self._fidgets, restless, kind, arousal, effort, walk, fidget, posture)
        return Drive(
            start_s=start_s,
            arousal=arousal,
            effort=effort,
            walk=walk,
            run=run,
            fidget=fidget,
            flap=flap,
            rock=rock,
            heat=heat,
            meal=meal,
            asleep=asleep,
            worn=worn,
            fit=np.ones((rows, seconds)),
            posture=posture,
            kind=kind,
        )

    def episodes(self, start_s: int, seconds: int) -> tuple[Lived, ...]:
        """Return what befalls everybody in the ``seconds`` seconds from ``start_s`` on, by row and start.

        Whatever is on at any moment of that time is listed whole, also where it began before or ends after it.
        """
        told = [
            Lived(
                row=int(row),
                kind=KINDS[kind],
                start_s=float(begin + delay),
                onset_s=float("nan"),
                end_s=float(begin + delay + rise + hold + fall),
                strength=float(strength),
                ends="settles" if KINDS[kind] == "anxiety" else "",
                lead=True,
            )
            for row, kind, (begin, rise, hold, fall, strength), delay in zip(
                self._row, self._kind, self._times, self._delay_s[self._row], strict=True
            )
        ]
        here = [one for one in told if one.start_s < start_s + seconds and one.end_s > start_s]
        return tuple(sorted(here, key=lambda one: (one.row, one.start_s)))

    def _episodes(self, start_s: int, seconds: int) -> tuple[Array, NDArray[np.int64], Array]:
        """Each episode's level (episodes, n); and per row which kind is on and since when (rows, n)."""
        begin, rise, hold, fall, strength = self._times.T[:, :, None]
        at = start_s + np.arange(seconds) - self._delay_s[self._row][:, None]
        if self._repeat_s:
            at = np.where(at >= 0, np.mod(at, self._repeat_s), at)
        into = at - begin
        left = rise + hold + fall - into
        up = np.where(rise > 0, into / np.maximum(rise, 1e-9), 1.0)
        down = np.where(fall > 0, left / np.maximum(fall, 1e-9), 1.0)
        ramp = np.clip(np.minimum(up, down), 0.0, 1.0)
        on = (into >= 0) & (left > 0)
        level = np.where(on, strength * ramp * ramp * (3 - 2 * ramp), 0.0)  # smooth at both ends
        kind = np.full((len(self._keys), seconds), -1, np.int64)
        since_s = np.full(kind.shape, np.inf)
        for row, code, is_on, age in zip(self._row, self._kind, on, into, strict=True):
            if not is_on.any():
                continue
            here = is_on & (kind[row] != _OFF)  # a band that is off is off, whatever else goes on
            kind[row, here] = code
            since_s[row, here] = age[here]
        return level, kind, since_s


@njit(cache=True, nogil=True)
def _ordinary(
    keys: Keys,
    first: int,
    walks: Array,
    fidgets: Array,
    restless: Array,
    kind: NDArray[np.int64],
    arousal: Array,
    effort: Array,
    walk: Array,
    fidget: Array,
    posture: NDArray[np.int64],
) -> None:
    """Add ordinary life to the fields in place: walks and small rises of arousal between episodes, fidgets always."""
    rows, seconds = arousal.shape
    for r in range(rows):
        key = keys[r]
        for i in range(seconds):
            t = first + i
            slot, at = t // _POSTURE_S, t % _POSTURE_S
            posture[r, i] = int(uniform(key, 1, slot) * POSTURES)
            slot, at = t // _FIDGET_S, t % _FIDGET_S
            mood = 3 * uniform(key, 14, t // _MOOD_S) ** 2  # 1 on average
            if kind[r, i] != _OFF and uniform(key, 2, slot) < fidgets[r] * mood + restless[r, i]:
                length = 1 + int(uniform(key, 3, slot) * 5)
                begin = int(uniform(key, 4, slot) * (_FIDGET_S - length))
                if begin <= at < begin + length:
                    fidget[r, i] = max(fidget[r, i], 0.2 + 0.8 * uniform(key, 5, slot) ** 2)
            if kind[r, i] >= 0:
                continue
            slot, at = t // _WALK_S, t % _WALK_S
            if uniform(key, 6, slot) < walks[r]:
                length = 20 + int(uniform(key, 7, slot) * 70)
                begin = int(uniform(key, 8, slot) * (_WALK_S - length))
                if begin <= at < begin + length:
                    walk[r, i] = max(walk[r, i], 0.7 + 0.3 * uniform(key, 9, slot))
                    effort[r, i] = max(effort[r, i], 0.25)
            slot, at = t // _BUMP_S, t % _BUMP_S
            if uniform(key, 10, slot) < 0.4:
                length = 60 + int(uniform(key, 11, slot) * 120)
                begin = int(uniform(key, 12, slot) * (_BUMP_S - length))
                if begin <= at < begin + length:
                    x = (at - begin + 0.5) / length
                    arousal[r, i] = max(arousal[r, i], 4 * x * (1 - x) * _BUMP_MAX * uniform(key, 13, slot))
