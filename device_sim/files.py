"""A scenario in, what each wearer's band would have on disk out: counts of every channel, and the truth behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.band import quantise
from device_sim.errors import ScenarioError
from device_sim.physiology.body import Events
from device_sim.scenario import Scenario
from device_sim.ward import Ward, wearer_name
from ingest.types import Array

STREAMS: Final = ("eda", "temperature", "ppg", "motion")
CHUNK_S: Final = 300  # time is lived in pieces of this length: it bounds memory, and changes nothing
FILES_S_MAX: Final = 7 * 86_400  # a week of one wearer is some 150 MB in memory, and 500 MB as text
FILES_WEARER_S_MAX: Final = 28 * FILES_S_MAX  # all are written at the end: some 4 GB in memory
Told = Callable[[int], None]
"""Called with how many seconds were lived, now and then."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What one wearer's band sensed in ``seconds`` s from ``start_s`` (UTC s) on.

    ``counts`` by channel: what the sensor gave, (rate * n,) or for motion (3, rate * n), in the steps of
    ``device_sim.band.STEPS``. Second by second (n,): ``kind`` (which episode, an index of ``scenario.KINDS``, -1 for
    none), ``arousal``, ``effort``, ``worn``. ``beats`` (2, m): when the pulse's foot came [s after ``start_s``] and the
    interval that it ended [s]; ``responses`` (2, m): onsets [s after ``start_s``] and amplitudes [uS].
    """

    wearer: str
    band: str
    start_s: int
    seconds: int
    counts: dict[str, NDArray[np.int16]]
    kind: NDArray[np.int64]
    arousal: Array
    effort: Array
    worn: NDArray[np.bool_]
    beats: Array
    responses: Array


def record(
    scenario: Scenario, *, wearers: int | None = None, seed: int, start_s: int, seconds: int, told: Told | None = None
) -> list[Recorded]:
    """Return what every wearer's band sensed from the end of the scenario's past on, wearer by wearer.

    ``start_s`` is the UTC of the first sample [s]. ``told`` is called as time passes, the past counted. Raises
    ScenarioError, naming the argument, where ``seconds`` (at most a week), the seed or the wearers cannot be, or are
    too many to be held in memory.
    """
    if not 1 <= seconds <= FILES_S_MAX:
        raise ScenarioError(f"seconds: must be from 1 to {FILES_S_MAX} for files, got {seconds}")
    count = scenario.wearers if wearers is None else wearers
    if count * seconds > FILES_WEARER_S_MAX:
        most = FILES_WEARER_S_MAX // seconds
        raise ScenarioError(
            f"wearers: {count} for {seconds} s do not fit into memory: {most} at most, or fewer seconds"
        )
    ward = Ward(scenario, wearers=wearers, seed=seed)
    rows = len(ward.people)
    live(ward, until_s=0, told=told)
    counts: list[dict[str, list[NDArray[np.int16]]]] = [{name: [] for name in STREAMS} for _ in range(rows)]
    drives, beats, responses = [], [], []
    while ward.now_s < seconds:
        samples = ward.skip(min(ward.chunk_s(CHUNK_S), seconds - ward.now_s))
        for row in range(rows):
            for name in STREAMS:
                counts[row][name].append(quantise(name, getattr(samples, name)[row]))
        drives.append((samples.drive.kind, samples.drive.arousal, samples.drive.effort, samples.drive.worn))
        beats.append(samples.beats)
        responses.append(samples.responses)
        if told is not None:
            told(scenario.past_s + ward.now_s)
    kind, arousal, effort, worn = (np.concatenate(parts, axis=1) for parts in zip(*drives, strict=True))
    return [
        Recorded(
            wearer_name(row + 1),
            ward.bands[row].name,
            start_s,
            seconds,
            {name: np.concatenate(parts, axis=-1) for name, parts in counts[row].items()},
            kind[row],
            arousal[row],
            effort[row],
            worn[row],
            _of(beats, row, scenario.past_s, seconds),
            _of(responses, row, scenario.past_s, seconds),
        )
        for row in range(rows)
    ]


def live(ward: Ward, *, until_s: int, told: Told | None = None) -> None:
    """Let ``ward`` live until that simulated second, without packets; ``told`` hears of the seconds passed in here."""
    began_s = ward.now_s
    while ward.now_s < until_s:
        ward.skip(min(ward.chunk_s(CHUNK_S), until_s - ward.now_s))
        if told is not None:
            told(ward.now_s - began_s)


def _of(events: list[Events], row: int, past_s: int, seconds: int) -> Array:
    """One row's events within the recording (a pulse that is on its way to the wrist at its end is none): times after
    the end of the past [s], and values, (2, m)."""
    here = [each.row == row for each in events]
    times = np.concatenate([each.time_s[mine] for each, mine in zip(events, here, strict=True)])
    values = np.concatenate([each.value[mine] for each, mine in zip(events, here, strict=True)])
    inside = (times >= past_s) & (times < past_s + seconds)
    return np.stack([times - past_s, values])[:, inside]
