"""A scenario and its people in, the episodes of any stretch of time out: those listed, by the clock and at random."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.life.chances import Chances, shape_of
from device_sim.life.nights import Nights
from device_sim.life.table import SLEEP, Codes, Table, joined
from device_sim.physiology.noise import Keys, bits
from device_sim.physiology.person import BUILD_UPS, Person
from device_sim.scenario import KINDS, SHAPES, Episode, Scenario
from device_sim.scenario_fields import SECONDS_MAX

_BLOCK_S: Final = 1800  # episodes are looked up for so long at a time: it bounds work, and changes nothing
_STREAM: Final = 999  # of listed episodes
_ROUNDS: Final = 1 << 24  # rounds of a repeating scenario, at most


class Timeline:
    """What befalls ``people`` (k rows with their ``keys``) in ``scenario``; times are simulated, 0 after its past."""

    def __init__(self, scenario: Scenario, people: tuple[Person, ...], keys: Keys) -> None:
        self._keys = keys
        self._past_s = scenario.past_s
        self._repeat_s = scenario.repeat_s
        parts = [scenario.part(row) for row in range(len(people))]
        clock_s = (scenario.clock_s or 0.0) - scenario.past_s  # at second 0 of life
        self._chances = Chances(tuple(part.chances for part in parts), people, clock_s=clock_s)
        self._nights = Nights(people, _rows([part.activity == "by_clock" for part in parts]), clock_s=clock_s)
        self._usual = np.array([BUILD_UPS.index(person.build_up) for person in people], np.int64)
        delays_s = np.arange(len(people)) // len(scenario.parts) * scenario.stagger_s
        self._listed = _listed([part.episodes for part in parts], delays_s.tolist())
        self._asleep = _asleep(_rows([part.activity == "asleep" for part in parts]), keys)
        self._looked_up: tuple[int, int, Table] | None = None

    def episodes(self, begin_s: int, end_s: int) -> Table:
        """Return all the episodes of which anything lies in [begin_s, end_s), by row and start."""
        if self._looked_up is None or not self._looked_up[0] <= begin_s <= end_s <= self._looked_up[1]:
            first, last = begin_s // _BLOCK_S * _BLOCK_S, -(-end_s // _BLOCK_S) * _BLOCK_S
            self._looked_up = (first, last, self._all(first, last))
        return self._looked_up[2].within(begin_s, end_s)

    def _all(self, begin_s: int, end_s: int) -> Table:
        begin, end = float(begin_s + self._past_s), float(end_s + self._past_s)
        by_life = joined(self._chances.drawn(self._keys, begin, end), self._nights.within(self._keys, begin, end))
        by_life.numbers[:, 0] -= self._past_s
        return joined(self._said(begin_s, end_s), self._asleep, by_life).within(begin_s, end_s)

    def _said(self, begin_s: int, end_s: int) -> Table:
        """The episodes that the scenario lists, each time that they come round."""
        if not self._repeat_s:
            return self._rounds(np.arange(len(self._listed.row)), np.zeros(len(self._listed.row), np.int64))
        start, end = self._listed.numbers[:, 0], self._listed.end_s()
        first = np.maximum(np.floor((begin_s - end) / self._repeat_s), 0).astype(np.int64)
        last = np.floor((end_s - start) / self._repeat_s).astype(np.int64)
        count = np.maximum(last - first + 1, 0)
        which = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
        return self._rounds(which, number)

    def _rounds(self, which: NDArray[np.intp], number: Codes) -> Table:
        """These of the listed episodes, each in the round of that ``number``."""
        listed = self._listed.taken(which)
        own, shape, numbers = np.empty(len(which), np.uint64), listed.shape.copy(), listed.numbers.copy()
        _settle(self._keys, self._usual, listed.row, listed.own.astype(np.int64), number, own, shape)
        numbers[:, 0] += number * self._repeat_s
        return Table(listed.row, listed.kind, shape, listed.lead, own, numbers)


def _rows(here: list[bool]) -> Codes:
    return np.flatnonzero(here).astype(np.int64)


def _listed(episodes: list[tuple[Episode, ...]], delays_s: list[float]) -> Table:
    """Everybody's listed episodes; ``own`` is their place in the list yet, and a shape of -1 has still to be drawn."""
    each = [(row, at, episode) for row, own in enumerate(episodes) for at, episode in enumerate(own)]
    rows = np.array([row for row, _, _ in each], np.int64)
    numbers = np.array([_numbers(episode, delays_s[row]) for row, _, episode in each], np.float64)
    return Table(
        row=rows,
        kind=np.array([KINDS.index(episode.kind) for _, _, episode in each], np.int64),
        shape=np.array([SHAPES.index(episode.shape) - 1 for _, _, episode in each], np.int64),
        lead=np.ones(len(each), np.int64),
        own=np.array([at for _, at, _ in each], np.uint64),
        numbers=numbers.reshape(-1, 6),
    )


def _numbers(episode: Episode, delay_s: float) -> tuple[float, ...]:
    start_s = episode.start_s + delay_s
    if episode.kind == "incident":
        return start_s, 0.0, 0.0, episode.rise_s + episode.hold_s, episode.fall_s, episode.strength
    return start_s, episode.rise_s, episode.hold_s, episode.incident_s, episode.fall_s, episode.strength


def _asleep(rows: Codes, keys: Keys) -> Table:
    """One sleep of ten years for each of these rows."""
    same = np.zeros(len(rows), np.int64)
    numbers = np.tile([-2 * SECONDS_MAX, 0.0, 120 * SECONDS_MAX, 0.0, 0.0, 1.0], (len(rows), 1))
    return Table(rows, same + SLEEP, same, same + 1, keys[rows], numbers)


@njit(cache=True, nogil=True)
def _settle(keys: Keys, usual: Codes, row: Codes, place: Codes, number: Codes, own: Keys, shape: Codes) -> None:
    """Give each listed episode the key of its round, and the shape that it still has to draw."""
    for e in range(len(row)):
        own[e] = bits(keys[row[e]], _STREAM, place[e] * _ROUNDS + number[e])
        if shape[e] < 0:
            shape[e] = shape_of(own[e], usual[row[e]])
