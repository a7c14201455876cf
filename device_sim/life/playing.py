"""Concrete episodes in, what they do to people second by second out."""

from typing import Final

import numpy as np
from numba import njit

from device_sim.life.shapes import risen, smooth
from device_sim.life.table import ANXIETY, INCIDENT, OFF, SLEEP, Codes, Table
from device_sim.physiology.noise import Keys, uniform
from device_sim.scenario import KINDS
from ingest.types import Array

FIELDS: Final = (
    "arousal",
    "effort",
    "walk",
    "run",
    "fidget",
    "flap",
    "rock",
    "heat",
    "meal",
    "asleep",
    "cold",
    "loose",
)
_EFFECTS: Final = {  # how strongly an episode of full strength drives each field; the sizes are our choice
    "anxiety": {"arousal": 1.0},
    "exercise": {"arousal": 0.25, "effort": 1.0, "run": 1.0},
    "excitement": {"arousal": 0.7, "effort": 0.15, "fidget": 0.8},
    "stereotypy": {"arousal": 0.1, "effort": 0.15, "fidget": 0.1, "flap": 1.0},
    "walking": {"effort": 0.25, "walk": 1.0},
    "off_wrist": {},
    "incident": {"arousal": 1.0, "effort": 0.6},  # and its movements, which ``_rage`` draws
    "joy": {"arousal": 0.8, "effort": 0.35, "run": 0.2, "fidget": 0.4, "flap": 0.7},
    "rocking": {"arousal": 0.1, "effort": 0.1, "rock": 1.0},
    "heat": {"heat": 1.0},
    "cold": {"cold": 1.0},
    "meal": {"meal": 1.0},
    "sleep": {"asleep": 1.0},
    "loose": {"loose": 1.0},
}
_EFFECT: Final = np.array([[_EFFECTS[kind].get(field, 0.0) for field in FIELDS] for kind in KINDS])  # (kinds, fields)
_RANKS: Final = {"heat": 0, "cold": 0, "meal": 0, "loose": 0, "sleep": 1, "anxiety": 3, "incident": 4, "off_wrist": 5}
RANK: Final = np.array([_RANKS.get(kind, 2) for kind in KINDS])  # of two things that go on, which is told
BUSY: Final = 2  # from this rank on, an episode leaves no room for ordinary life
_EFFORT: Final = FIELDS.index("effort")
_RUN: Final = FIELDS.index("run")
_FIDGET: Final = FIELDS.index("fidget")
_FLAP: Final = FIELDS.index("flap")
_ROCK: Final = FIELDS.index("rock")
_ASLEEP: Final = FIELDS.index("asleep")
_STIRRING: Final = FIELDS.index("heat")  # the fields before it wake somebody up: arousal, effort and movement
_CYCLE_S: Final = 5400.0  # sleep deepens and lightens every 90 minutes or so
_BLOW_S: Final = 3  # what somebody does in an incident changes every few seconds: bouts of self-injury are parted by
# 0.6 to 15 s (Kroeker 2004, doi:10.1352/0895-8017(2004)109<1:QTDOSB>2.0.CO;2)
_HITS: Final = 0.5  # shares of an incident: hitting, rocking, running, and the rest is a pause. Our choice
_ROCKS: Final = 0.15
_ROCKERS: Final = 0.3  # more of it in those who rock anyhow
_RUNS: Final = 0.15


def played(table: Table, *, rows: int, start_s: int, seconds: int, rockers: Codes) -> tuple[Array, Codes, Array]:
    """Return what ``table`` does: the ``FIELDS`` (fields, rows, seconds), the kind of episode that is told (-1 for
    none) and for how long it has been on [s], both (rows, seconds). ``rockers`` (rows,) is 1 for those who rock."""
    fields = np.zeros((len(FIELDS), rows, seconds))
    kind = np.full((rows, seconds), -1, np.int64)
    since_s = np.full((rows, seconds), np.inf)
    what = (table.row, table.kind, table.shape, table.own, table.numbers)
    _play(*what, start_s, rockers, fields, kind, since_s)
    return fields, kind, since_s


@njit(cache=True, nogil=True)
def _play(
    row: Codes,
    kinds: Codes,
    shape: Codes,
    own: Keys,
    numbers: Array,
    start_s: int,
    rockers: Codes,
    fields: Array,
    kind: Codes,
    since_s: Array,
) -> None:
    seconds = fields.shape[2]
    for e in range(len(row)):
        r, begin = row[e], numbers[e, 0]
        length = numbers[e, 1] + numbers[e, 2] + numbers[e, 3] + numbers[e, 4]
        first = int(np.ceil(max(begin - start_s, 0.0)))
        last = int(np.ceil(min(begin + length - start_s, float(seconds))))
        for i in range(first, last):
            into = start_s + i - begin
            level, raging = _level(numbers[e], shape[e], into)
            code = kinds[e]
            if raging:
                code = INCIDENT
                _rage(own[e], start_s + i, level, rockers[r], fields[:, r, i])
            elif code == INCIDENT:
                code = ANXIETY  # what is left of an incident
            elif code == SLEEP:
                level *= 0.7 - 0.3 * np.cos(2 * np.pi * into / _CYCLE_S)
            for f in range(fields.shape[0]):
                fields[f, r, i] = max(fields[f, r, i], level * _EFFECT[code, f])
            if kind[r, i] < 0 or RANK[code] >= RANK[kind[r, i]]:
                kind[r, i] = code
                since_s[r, i] = into
    for r in range(fields.shape[1]):
        for i in range(seconds):
            if kind[r, i] >= 0 and BUSY <= RANK[kind[r, i]] < RANK[OFF]:
                stir = 0.0
                for f in range(_STIRRING):
                    stir = max(stir, fields[f, r, i])
                fields[_ASLEEP, r, i] *= max(1 - 3 * stir, 0.0)


@njit(cache=True, nogil=True)
def _level(numbers: Array, shape: int, into: float) -> tuple[float, bool]:
    """How high an episode is ``into`` seconds after it began, and whether it is an incident then."""
    rise, hold, incident, fall, strength = numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    if into < rise:
        return strength * risen(shape, into / rise), False
    if into < rise + hold:
        return strength, False
    if into < rise + hold + incident:
        return strength, True
    return strength * smooth((rise + hold + incident + fall - into) / fall), False


@njit(cache=True, nogil=True)
def _rage(own: int | np.uint64, second: int, level: float, rocker: int, fields: Array) -> None:
    """Add the movements of one second of an incident in place: hits, rocking and running, in turns."""
    u, hard = uniform(own, 30, second // _BLOW_S), level * (0.7 + 0.3 * uniform(own, 31, second // _BLOW_S))
    rocks = _ROCKERS if rocker else _ROCKS
    if u < _HITS:
        fields[_FIDGET] = max(fields[_FIDGET], hard)
        fields[_FLAP] = max(fields[_FLAP], hard)  # blows come as fast as flaps do
    elif u < _HITS + rocks:
        fields[_ROCK] = max(fields[_ROCK], hard)
        fields[_FIDGET] = max(fields[_FIDGET], 0.5 * hard)
    elif u < _HITS + rocks + _RUNS:
        fields[_RUN] = max(fields[_RUN], hard)
        fields[_EFFORT] = max(fields[_EFFORT], hard)
    else:
        fields[_FIDGET] = max(fields[_FIDGET], 0.3 * hard)
