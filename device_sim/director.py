"""A scenario and a time in, what every wearer does in each second out: the drive of their physiology."""

from typing import Final

import numpy as np

from device_sim.life.lived import Lived
from device_sim.life.ordinary import Ordinary
from device_sim.life.playing import FIELDS, played
from device_sim.life.table import OFF, told
from device_sim.life.timeline import Timeline
from device_sim.physiology.drive import Drive
from device_sim.physiology.noise import keys
from device_sim.physiology.person import Person
from device_sim.scenario import Scenario

_TAKING_OFF_S: Final = 4.0  # the hand at the clasp moves the band
_FIDGET: Final = FIELDS.index("fidget")
_MOVES: Final = slice(FIELDS.index("walk"), FIELDS.index("rock") + 1)


class Director:
    """Plays ``scenario`` to ``people``; any stretch of time may be asked for, in any order."""

    def __init__(self, scenario: Scenario, people: tuple[Person, ...], *, seed: int) -> None:
        own = keys(seed=seed, numbers=tuple(person.number for person in people))
        parts = [scenario.part(row) for row in range(len(people))]
        self._past_s = scenario.past_s
        self._rows = len(people)
        self._timeline = Timeline(scenario, people, own)
        self._ordinary = Ordinary(people, own, still=[part.activity == "still" for part in parts])
        self._fit = np.array([person.fit for person in people])[:, None]
        self._rockers = np.array([person.stereotypy == "rocking" for person in people], np.int64)

    def drive(self, start_s: int, seconds: int) -> Drive:
        """Return ``seconds`` seconds from ``start_s`` on; raises ValueError before the scenario's past began."""
        first = self._since_birth(start_s, seconds)
        table = self._timeline.episodes(start_s, start_s + seconds)
        fields, kind, since_s = played(table, rows=self._rows, start_s=start_s, seconds=seconds, rockers=self._rockers)
        worn = kind != OFF
        fields[_MOVES, ~worn] = 0.0  # a band on a shelf does not walk
        fields[_FIDGET, ~worn & (since_s < _TAKING_OFF_S)] = 1.0
        posture = self._ordinary.add(first, fields, kind)
        arousal, effort, walk, run, fidget, flap, rock, heat, meal, asleep, cold, loose = fields
        return Drive(
            start_s=start_s,
            arousal=arousal,
            effort=effort,
            walk=walk,
            run=run,
            fidget=fidget,
            flap=flap,
            rock=rock,
            heat=heat - cold,
            meal=meal,
            asleep=asleep,
            worn=worn,
            fit=self._fit * (1 - loose),
            posture=posture,
            kind=kind,
        )

    def episodes(self, start_s: int, seconds: int) -> tuple[Lived, ...]:
        """Return what befalls everybody in the ``seconds`` seconds from ``start_s`` on, by row and start.

        Whatever is on at any moment of that time is listed whole, also where it began before or ends after it; so an
        incident may still lie ahead (``onset_s``). Raises ValueError before the scenario's past began.
        """
        self._since_birth(start_s, seconds)
        return told(self._timeline.episodes(start_s, start_s + seconds))

    def _since_birth(self, start_s: int, seconds: int) -> int:
        first = start_s + self._past_s
        if first < 0 or seconds < 0:
            raise ValueError(f"the scenario begins at {-self._past_s} s; {seconds} s from {start_s} s cannot be played")
        return first
