"""Recordings and scenarios in, sessions on one grid out: the same counts, the same rates, the same reading of both."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.band import STEPS, quantise
from device_sim.scenario import load
from device_sim.ward import Ward
from ingest.recordings.detect import look
from ingest.recordings.recording import Recording
from ingest.types import CHANNELS, Array, Block, Tick
from signals.engine import Engine
from signals.features import column

SIMULATED: Final = "simulated"
PERSONS: Final = {  # folders of recordings, and what of a recording's name tells the person
    "stress_predict": r"S\d+",
    "nurse_stress": r"[^_]+",
    "exam_stress": r"S\d+",
    "e4_msr2023": r".+",
    "cogwear": r"pilot_\d+",
    "e4tools_demo": r"\d+",
    "eda_artifacts_aww": r"",
    "autism_smm": r"Study\d+_URI-\d+",
}
OTHER_SENSORS: Final = {  # not an E4: compared in the tables, left out where windows are told apart
    "eda_artifacts_aww": "Affectiva Q sensor, EDA and temperature at 8 Hz, means of pairs taken; one man, walking",
    "autism_smm": "MITes accelerometers at about 58 Hz, interpolated to 32 Hz; two autistic people in a classroom",
}
NAMES: Final = ("eda", "temperature", "ppg", "motion")
SETTLED_S: Final = 2  # an E4's first EDA sample is 0, and in CogWear the rate has leaked into the first samples
OFF_RATE: Final = 0.01  # as far as a rate may be from a multiple of the grid's to be taken for it
BRIDGED_S: Final = 0.25  # between samples of an uneven sensor is drawn through; a longer pause is a gap
KEPT: Final = (
    "worn",
    "eda_artefact",
    "eda_contact",
    "eda_valid",
    "heart_rate_bpm",
    "beat_coverage",
    "ppg_quality",
    "motion_g",
    "still",
)
TAKEN: Final = ("ward", "first_light", "quiet")  # scenarios of waking hours: the recordings are of waking people


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One wearing: every channel on the grid of ``ingest.types.CHANNELS`` in the band's steps, NaN where unknown.

    ``channels`` holds ``eda`` (4 n,), ``temperature`` (4 n,), ``ppg`` (64 n,) and ``motion`` (3, 32 n). ``said`` is
    what the engine says of each second (n,), by feature; ``beats`` (2, m) and ``responses`` (2, m) are its events: when
    [s since the start] and how much ([s] an interval; [uS] an amplitude). ``own_beats`` (2, m) is what the band's maker
    says of beats, None where it says nothing.
    """

    source: str
    person: str
    name: str
    channels: dict[str, Array]
    said: dict[str, Array]
    beats: Array
    responses: Array
    own_beats: Array | None

    @property
    def seconds(self) -> int:
        """How long it is [s]."""
        return int(self.channels["eda"].shape[-1]) // CHANNELS["eda"].grid_hz


def recorded(data: Path, source: str) -> Iterator[Session]:
    """Yield the sessions of one folder of recordings; raises RecordingError where nothing is there."""
    for found in look(data / source):
        for recording in found.recordings:
            if "watch" in recording.device or recording.end_s - recording.start_s < 120:
                continue
            if source == "autism_smm" and "wrist" not in recording.name:
                continue
            person = re.match(PERSONS[source], recording.name)
            yield _session(source, f"{source} {person[0] if person else ''}".strip(), recording)


def taken() -> tuple[str, ...]:
    """The scenarios whose people stand for the simulation."""
    return TAKEN


def simulated(scenario: str, *, wearers: int, hours: float, seed: int) -> Iterator[Session]:
    """Yield the sessions of ``wearers`` simulated people who live ``hours`` h of ``scenario`` after its past."""
    ward = Ward(load(scenario), wearers=wearers, seed=seed)
    while ward.now_s < 0:
        ward.skip(min(600, -ward.now_s))
    seconds = int(3600 * hours)
    begun_s = ward.now_s
    samples = ward.skip(seconds)
    for row in range(wearers):
        channels = {name: _stepped(name, getattr(samples, name)[row]) for name in NAMES}
        name = f"{scenario} {seed} w-{row + 1:02d}"
        yield _understood(SIMULATED, f"{SIMULATED} {name}", name, channels, None, begun_s=begun_s)


def _session(source: str, person: str, recording: Recording) -> Session:
    base_s = int(np.ceil(recording.start_s)) + SETTLED_S
    seconds = int(recording.end_s) - base_s
    channels = {}
    for name in NAMES:
        axes, rate = CHANNELS[name].axes, CHANNELS[name].grid_hz
        values = np.full((axes, rate * seconds), np.nan)
        if name in recording.channels:
            laid(recording.channels[name], base_s, rate, values)
        values = values if axes > 1 else values[0]
        if name == "temperature":
            values = _beside(values)
        channels[name] = _stepped(name, values)
    own = recording.ibi_s
    beats = None if own is None else np.stack([own[0] - base_s, own[1]])
    return _understood(source, person, recording.name, channels, beats, begun_s=base_s)


def laid(pieces: Sequence[Block], base_s: int, rate: int, values: Array) -> None:
    """Lay the pieces of a channel on the grid, in place: sample for sample at the grid's rate, means of whole multiples
    of it, and drawn through, up to ``BRIDGED_S`` from sample to sample, where samples come at any other."""
    times = max(round(pieces[0].rate_hz / rate), 1)
    if abs(pieces[0].rate_hz / rate / times - 1) > OFF_RATE:
        _draw(pieces, base_s, rate, values)
        return
    for block in pieces:
        samples = np.atleast_2d(block.values)
        n = samples.shape[1] // times * times
        even = samples[:, :n].reshape(len(samples), -1, times).mean(axis=-1)
        first = round((block.start_s - base_s) * rate)
        skip, first = max(-first, 0), max(first, 0)
        part = even[:, skip:][:, : max(values.shape[1] - first, 0)]
        values[:, first : first + part.shape[1]] = part


def _draw(pieces: Sequence[Block], base_s: int, rate: int, values: Array) -> None:
    at_s = [block.start_s - base_s + np.arange(block.values.shape[-1]) / block.rate_hz for block in pieces]
    taken_s, samples = np.concatenate(at_s), np.concatenate([np.atleast_2d(b.values) for b in pieces], axis=1)
    order = np.argsort(taken_s, kind="stable")
    taken_s, samples = taken_s[order], samples[:, order]
    grid_s = np.arange(values.shape[1]) / rate
    after = np.clip(np.searchsorted(taken_s, grid_s), 1, taken_s.size - 1)
    near = (taken_s[after] - taken_s[after - 1] <= BRIDGED_S) & (grid_s >= taken_s[0]) & (grid_s <= taken_s[-1])
    for axis, drawn in zip(values, samples, strict=True):
        axis[near] = np.interp(grid_s[near], taken_s, drawn)


def _stepped(channel: str, values: Array) -> Array:
    """Return ``values`` as the simulated band's sensor would give them; NaN stays.

    Recordings go through it as well: an E4's step of conductance is 0.001281 uS where ours is 0.00128, by which alone a
    judge could tell every window.
    """
    counts = quantise(channel, np.where(np.isfinite(values), values, 0.0))
    return np.where(np.isfinite(values), counts * STEPS[channel], np.nan)


def _beside(temperature: Array) -> Array:
    """Return a recording's temperature moved by less than a step, onto our steps: an E4's lie at odd hundredths as
    often, where rounding would double every other change."""
    known = temperature[np.isfinite(temperature)]
    return temperature - float(np.median(np.mod(known, STEPS["temperature"]))) if known.size else temperature


def _understood(
    source: str, person: str, name: str, channels: dict[str, Array], own: Array | None, *, begun_s: int
) -> Session:
    """Ask the engine what it makes of the channels, as it would live."""
    one = {what: values[None] for what, values in channels.items()}
    events = np.full((1, channels["ppg"].size), np.nan)
    tick = Tick(start_s=np.array([begun_s]), ibi=events, **one)
    told = Engine(rows=1).push(tick)
    said = {what: told.features[0, :, column(what)].copy() for what in KEPT}
    beats = _events(told.beats[0], told.beat_lag_s[0], CHANNELS["ppg"].grid_hz)
    responses = _events(told.responses[0], told.response_lag_s[0], CHANNELS["eda"].grid_hz)
    return Session(source, person, name, channels, said, beats, responses, own)


def _events(value: Array, lag_s: Array, rate: int) -> Array:
    at: NDArray[np.intp] = np.flatnonzero(np.nan_to_num(value) > 0)
    return np.stack([at / rate - lag_s[at], value[at]])
