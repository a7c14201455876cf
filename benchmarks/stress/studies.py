"""Folders of recordings in, rows of every feature set with the task of each out; what takes long is kept.

A row ends every ``STEP_S`` seconds and says what the minute before it was: the task whose label holds that whole
minute. Sessions of a person come in the order in which they were recorded, and what is usual of the person carries
over, as it does live. Peers' features are kept in ``var/benchmarks/stress``, which git ignores; remove it to make them
anew.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import ROOT
from benchmarks.stress import peers
from ingest.assemble import whole
from ingest.received import Received
from ingest.recordings.detect import look
from ingest.recordings.packets import packets
from ingest.types import Tick
from models.datasets.by_person import normalised
from models.inputs.inputs import NAMES, Inputs
from signals import frame
from signals.engine import Engine
from signals.features import NAMES as FEATURE_NAMES

Array = NDArray[np.float64]
KEPT: Final = ROOT / "var" / "benchmarks" / "stress"
SETS: Final = ("ours", "FLIRT", "FLIRT, NeuroKit2's beats", "NeuroKit2", "Goodwin/Imbiriba")
PEERS: Final = SETS[1:]
LONGEST_GAP_S: Final = 18_000  # beyond it nothing of late is left to fade


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Part:
    """One session: ``tick`` on the grid, and its ``spans``: begin, end [UTC s] and what was going on."""

    person: str
    name: str
    tick: Tick
    spans: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Study:
    """n rows: ``person`` and ``what`` was going on (n,), seconds since the session began (n,), and by feature set the
    names and values (n, F); in ``own`` the values against the mean and spread of all of the person's moments, also of
    those that are no rows: they look ahead, at no label."""

    name: str
    person: NDArray[np.str_]
    what: NDArray[np.str_]
    since_s: Array
    sets: Mapping[str, peers.Table]
    own: Mapping[str, peers.Table]


def stress_predict(data: Path) -> Iterator[Part]:
    """Yield the sessions of Stress-Predict with their tasks."""
    spans: dict[str, list[tuple[float, float, str]]] = {}
    with (data / "stress_predict" / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            span = (float(row["start_unix"]), float(row["end_unix"]), row["task"])
            spans.setdefault(row["file"], []).append(span)
    for path in sorted((data / "stress_predict").glob("*.zip")):
        yield Part(person=path.stem, name=path.stem, tick=_ticks(path)[0][0], spans=tuple(spans[path.name]))


def cogwear(data: Path) -> Iterator[Part]:
    """Yield the E4's sessions of CogWear, each person's in the order of their times."""
    for path in sorted((data / "cogwear").glob("*.zip")):
        sessions = _ticks(path, device="cogwear-e4")
        for tick, labels in sorted(sessions, key=lambda each: int(each[0].start_s[0])):
            what = tuple((each.start_s, each.end_s, each.what) for each in labels)
            yield Part(person=path.stem, name=f"{path.stem} {int(tick.start_s[0])}", tick=tick, spans=what)


def nurses(data: Path) -> Iterator[Part]:
    """Yield the nurses' sessions with what they said of episodes later: level 0, 1 or 2."""
    spans: dict[str, list[tuple[float, float, str]]] = {}
    with (data / "nurse_stress" / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["stress_level"] != "na":
                span = (float(row["start_unix"]), float(row["end_unix"]), f"level {row['stress_level']}")
                spans.setdefault(row["file"], []).append(span)
    for path in sorted((data / "nurse_stress").glob("*.zip")):
        name = path.name
        yield Part(person=name.split("_")[0], name=path.stem, tick=_ticks(path)[0][0], spans=tuple(spans.get(name, ())))


def study(name: str, parts: Iterator[Part], *, sets: tuple[str, ...] = SETS) -> Study:
    """Return the rows of a study in which something was going on for a whole minute."""
    everything = list(parts)
    made = {key: _made(name, key, everything) for key in sets}
    person, what, since_s = [], [], []
    for part in everything:
        moments = peers.moments(part.tick)
        end_s = float(part.tick.start_s[0]) + moments
        going_on = np.full(len(moments), "", dtype="<U24")
        for begin, end, said in part.spans:
            going_on[(end_s - peers.WINDOW_S >= begin) & (end_s <= end)] = said
        person.append(np.full(len(moments), part.person, dtype="<U24"))
        what.append(going_on)
        since_s.append(moments)
    doing, who = np.concatenate(what), np.concatenate(person)
    kept, worn = doing != "", np.ones(len(doing), bool)
    own = {key: normalised(values, who, worn=worn, step_s=peers.STEP_S) for key, (_, values) in made.items()}
    return Study(
        name=name,
        person=who[kept],
        what=doing[kept],
        since_s=np.concatenate(since_s)[kept],
        sets={key: (names, values[kept]) for key, (names, values) in made.items()},
        own={key: (names, own[key][kept]) for key, (names, _) in made.items()},
    )


def _ticks(path: Path, *, device: str | None = None) -> list[tuple[Tick, tuple]]:  # type: ignore[type-arg]
    found = []
    for each in look(path):
        for recording in each.recordings:
            if device is None or recording.device == device:
                sent = packets(recording, band="recording")
                tick = whole([Received(packet, recording.start_s, at_s, b"") for at_s, packet in sent])
                found.append((tick, recording.labels))
    return found


def _made(name: str, key: str, parts: list[Part]) -> peers.Table:
    """Return the names and values of a set for all rows of all parts."""
    if key == "ours":
        return NAMES, np.concatenate(list(ours(parts)))
    KEPT.mkdir(parents=True, exist_ok=True)
    slug = "".join(c if c.isalnum() else "-" for c in f"{name} {key}".lower())
    file = KEPT / f"{slug}-{peers.VERSION}.npz"
    if not file.exists():
        with ProcessPoolExecutor(3) as pool:
            tables = list(pool.map(_peer, [key] * len(parts), parts))
        names = tuple(dict.fromkeys(each for table in tables for each in table[0]))
        values = np.concatenate([_laid(table, names) for table in tables])
        partial = file.with_suffix(".part.npz")
        np.savez(partial, names=np.array(names), values=values)
        partial.replace(file)
    with np.load(file) as kept:
        return tuple(str(each) for each in kept["names"]), kept["values"]


def _laid(table: peers.Table, names: tuple[str, ...]) -> Array:
    found = np.full((len(table[1]), len(names)), np.nan)
    found[:, [names.index(each) for each in table[0]]] = table[1]
    return found


def ours(parts: list[Part]) -> Iterator[Array]:
    """Yield what models read of each part, by the live code; a person's parts follow each other."""
    person, end_s, engine, inputs = "", 0, Engine(rows=1), Inputs(rows=1)
    for part in parts:
        start_s = int(part.tick.start_s[0])
        if part.person != person:
            person, engine, inputs = part.person, Engine(rows=1), Inputs(rows=1)
        elif start_s < end_s or start_s - end_s > LONGEST_GAP_S:
            inputs.begin_anew()
            if start_s < end_s:
                engine.begin_anew()
        else:
            inputs.push(np.full((1, start_s - end_s, len(FEATURE_NAMES)), np.nan))
        said = inputs.push(engine.push(part.tick).features)[0]
        end_s = start_s + part.tick.seconds
        yield said[peers.moments(part.tick).astype(int) - 1]


def _imbiriba(tick: Tick) -> peers.Table:
    """Return Goodwin's and Imbiriba's set over three minutes, at ``peers.moments``."""
    width = peers.HEART_S
    count = len(peers.moments(tick))
    if tick.seconds < width:
        return (), np.empty((count, 0))
    table = frame.of_recording(tick, feature_set="imbiriba", window_s=width, hop_s=peers.STEP_S)
    values = np.full((count, table.shape[1]), np.nan)
    first = width // peers.STEP_S - 1
    values[first:] = table.to_numpy()[: count - first]
    return tuple(str(each) for each in table.columns), values


_MAKERS: Final[Mapping[str, Callable[[Tick], peers.Table]]] = {
    "FLIRT": lambda tick: peers.flirts(tick, peers.sent_beats(tick)),
    "FLIRT, NeuroKit2's beats": lambda tick: peers.flirts(tick, peers.found_beats(tick)),
    "NeuroKit2": peers.neurokits,
    "Goodwin/Imbiriba": _imbiriba,
}


def _peer(key: str, part: Part) -> peers.Table:
    return _MAKERS[key](part.tick)
