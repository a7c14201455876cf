"""A recorded session in, what the live pipeline would have said about it out."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.views import AlertView
from forecalm.pipeline import Pipeline, Step
from ingest.assemble import DEADLINE_S
from ingest.received import Received
from ingest.recordings.detect import read_one
from ingest.recordings.packets import packets
from ingest.recordings.recording import Recording
from ingest.types import CHANNELS
from ingest.wire import encode
from signals.features import column

Array = NDArray[np.float64]
WEARER = "recorded"
BAND = "recording"
WINDOW_S = 30  # heart rate is compared in windows of 30 s, as long as the band's own runs of beats
SETTLED_S = 10  # a window is judged by the seconds that looked back into it for 10 s; a few look back 20 s
COVERED = 0.8  # of a window must lie in the band's own intervals for them to be a reference


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A session as the pipeline saw it. Per second of the grid: ``second_s`` (n,) UTC, ``features`` (n, F),
    ``probability`` (n,). Events: ``beats`` (2, b) UTC s and interval s, ``responses`` (2, r) UTC s and uS."""

    recording: Recording
    second_s: NDArray[np.int64]
    features: Array
    probability: Array
    beats: Array
    responses: Array
    alerts: tuple[AlertView, ...]

    def feature(self, name: str) -> Array:
        """One feature, (n,)."""
        return self.features[:, column(name)]


def replay(path: Path, *, pace: Callable[[float], None], progress: Callable[[float, float], None]) -> Replayed:
    """Push the recording at ``path``, of any format, through the live pipeline, second by second.

    ``pace`` is told each packet's UTC time before it is pushed and may wait; ``progress`` the seconds done and in all.
    Raises ingest.errors.RecordingError where the recording cannot be read, or there are several.
    """
    recording = read_one(path)
    desk = Desk(wearers=[WEARER], policy=Policy(), journal=Scratch(), started_s=recording.start_s)
    pipeline = Pipeline(wearers=[WEARER], desk=desk)
    steps: list[Step] = []
    alerts: list[AlertView] = []
    for moment in _moments(recording, pipeline, pace, progress):
        steps += moment
        (view,) = desk.views()
        if view.alert is not None and view.alert.acknowledged_by is None:
            alerts.append(view.alert)
            # nobody is there to take a replayed alert; untaken, the first would be the only one
            desk.acknowledge(view.alert.alert_id, by="replay", at_s=view.at_s)
    return _gather(recording, steps, tuple(alerts))


def _moments(
    recording: Recording,
    pipeline: Pipeline,
    pace: Callable[[float], None],
    progress: Callable[[float, float], None],
) -> Iterator[list[Step]]:
    for arrived_s, packet in packets(recording, band=BAND):
        pace(arrived_s)
        received = Received(packet, recording.start_s, arrived_s, encode(packet))
        pipeline.receive(WEARER, received)
        yield pipeline.advance(arrived_s)
        progress(arrived_s - recording.start_s, recording.end_s - recording.start_s)
    yield pipeline.advance(recording.end_s + DEADLINE_S)  # what the end of the recording left incomplete


def _gather(recording: Recording, steps: list[Step], alerts: tuple[AlertView, ...]) -> Replayed:
    """Join the seconds of a one-row replay."""
    seconds = [np.arange(s.signals.features.shape[1]) + s.signals.start_s[0] for s in steps]
    features = [s.signals.features[0] for s in steps]
    probability = [s.risk.probability[0] for s in steps]
    return Replayed(
        recording=recording,
        second_s=np.concatenate(seconds or [np.zeros(0, np.int64)]),
        features=np.concatenate(features) if features else np.zeros((0, 0)),
        probability=np.concatenate(probability or [np.zeros(0)]),
        beats=_events(steps, "beats", "beat_lag_s", CHANNELS["ibi"].grid_hz),
        responses=_events(steps, "responses", "response_lag_s", CHANNELS["eda"].grid_hz),
        alerts=alerts,
    )


def _events(steps: list[Step], name: str, lag: str, rate_hz: int) -> Array:
    """Return when each event happened [UTC s] and its value, (2, events)."""
    found = [np.zeros((2, 0))]
    for step in steps:
        values = getattr(step.signals, name)[0]
        at = np.flatnonzero(values > 0)
        happened = step.signals.start_s[0] + at / rate_hz - getattr(step.signals, lag)[0][at]
        found.append(np.stack([happened, values[at]]))
    return np.concatenate(found, axis=1)


def summary(replayed: Replayed) -> dict[str, object]:
    """Return what ``forecalm replay --json`` prints: no timings, unknown as None, the same for the same file."""
    recording, probability = replayed.recording, replayed.probability
    worn = replayed.feature("worn") == 1 if replayed.features.size else np.zeros(0, bool)
    valid_min = float(np.sum(replayed.feature("eda_valid") >= 0.5)) / 60 if replayed.features.size else 0.0
    return {
        "duration_s": _rounded(recording.end_s - recording.start_s),
        "channels": {name: _channel(recording, name) for name in CHANNELS if name in recording.channels},
        "worn_s": int(worn.sum()),
        "coverage": _rounded(float(np.isfinite(probability[worn]).mean())) if worn.any() else None,
        "heart_rate_bpm": {
            "median": _median(replayed.feature("heart_rate_bpm")) if replayed.features.size else None,
            "recorded": _against_recorded(replayed),
        },
        "scr_per_min": _rounded(replayed.responses.shape[1] / valid_min) if valid_min else None,
        "risk": {
            "median": _median(probability),
            "p95": _quantile(probability, 0.95),
            "max": _quantile(probability, 1.0),
        },
        "alerts": [{"at": alert.raised_s, "reason": " ".join(alert.reasons)} for alert in replayed.alerts],
    }


def _channel(recording: Recording, name: str) -> dict[str, object]:
    """The rate of the longest piece, the samples of all, and for how long nothing is known."""
    pieces = recording.channels[name]
    gap_s = (pieces[0].start_s - recording.start_s) + (recording.end_s - pieces[-1].end_s)
    gap_s += sum(max(0.0, after.start_s - before.end_s) for before, after in pairwise(pieces))
    for piece in pieces:
        known = np.isfinite(piece.values) if piece.values.ndim == 1 else np.isfinite(piece.values).all(axis=0)
        gap_s += float((~known).sum()) / piece.rate_hz
    longest = max(pieces, key=lambda piece: piece.values.shape[-1])
    n = sum(piece.values.shape[-1] for piece in pieces)
    return {"rate_hz": longest.rate_hz, "samples": n, "gap_s": _rounded(gap_s)}


def _against_recorded(replayed: Replayed) -> dict[str, object] | None:
    """Heart rate against the band's own intervals, in windows of ``WINDOW_S`` that they cover by ``COVERED`` or more.

    ``share`` is the share of those windows in which we say a heart rate at all. None where the band has no intervals
    of its own, or none that cover a window; also where it sent nothing else, for then they are our own source.
    """
    recorded = replayed.recording.ibi_s
    if recorded is None or "ppg" not in replayed.recording.channels or not replayed.second_s.size:
        return None
    ours, first_s = replayed.feature("heart_rate_bpm"), int(replayed.second_s[0])
    errors, windows = [], 0
    for start in range(0, len(ours) - WINDOW_S + 1, WINDOW_S):
        inside = (recorded[0] > first_s + start) & (recorded[0] <= first_s + start + WINDOW_S)
        intervals = recorded[1][inside]
        if intervals.sum() < COVERED * WINDOW_S:
            continue
        windows += 1
        said = ours[start + SETTLED_S : start + WINDOW_S]
        if np.isfinite(said).mean() >= 0.5:
            errors.append(abs(float(np.nanmean(said)) - 60.0 / float(intervals.mean())))
    if not windows:
        return None
    return {
        "median_error": _median(np.array(errors)),
        "p95_error": _quantile(np.array(errors), 0.95),
        "share": _rounded(len(errors) / windows),
    }


def _rounded(value: float) -> float | None:
    """Six decimals, for more would be noise and would differ between machines; None where ``value`` is unknown."""
    return None if math.isnan(value) else round(value, 6)


def _median(values: Array) -> float | None:
    return _quantile(values, 0.5)


def _quantile(values: Array, share: float) -> float | None:
    known = values[np.isfinite(values)]
    return _rounded(float(np.quantile(known, share))) if known.size else None
