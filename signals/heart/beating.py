"""Photoplethysmogram or a band's own intervals in, everything said of the heart once a second, and its beats, out."""

from dataclasses import dataclass

import numpy as np

from ingest.types import CHANNELS
from signals.heart.explained import Explained
from signals.heart.hrv import Variability, features
from signals.heart.pulses import BELIEVED
from signals.heart.pulses_beats import Beats
from signals.heart.rate import HeartRate
from signals.heart.rate_periodic import Periodicity
from signals.heart.rate_tracked import TrackedRate
from signals.heart.rhythm import Rhythm
from signals.heart.rhythm_clean import NORMAL, Intervals
from signals.motion.cadence import Cadence
from signals.motion.exertion import exertion
from signals.rows import RowState
from signals.skin.frozen import AFTER_S, Frozen
from signals.types import Array, Found, Off, Rows
from signals.windows import Share, Window, second_means, seconds

PPG_HZ = CHANNELS["ppg"].grid_hz
MOTION_HZ = CHANNELS["motion"].grid_hz
IBI_HZ = CHANNELS["ibi"].grid_hz
QUALITY_S = 10.0
STEPPING = 0.3  # movement that repeats so well at the period of the pulse explains the pulse
SHAKEN_G = 0.1  # from here on what repeats in PPG may be movement, and speaks for no rate of its own
BORNE, SPOKEN = 0.01, 0.4  # a rate of repetition alone, borne out by no beat, needs more evidence than others
VARIABILITY_S = 60.0  # of five minutes the powers would be dear, for everybody in the same second


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What PPG and intervals alone say of k rows: ``intervals`` [s] by beat and how long ago each was ``lag_s``, both
    (k, 64 n); ``sent`` where the band itself said one; ``pulse`` (k, n), how much of the last 10 s beats in rhythm
    fill, on skin or on anything that seems to beat."""

    intervals: Array
    lag_s: Array
    sent: Off
    pulse: Array


class Beating(RowState):
    """Every operator over pulses and intervals of ``rows`` people."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        once = {"rows": rows, "rate_hz": 1}
        self._beats = Beats(rows=rows, rate_hz=PPG_HZ, motion_hz=MOTION_HZ)
        self._quality = Share(**once, window_s=QUALITY_S)
        self._rhythm = Rhythm(rows=rows, rate_hz=IBI_HZ)
        self._evidence = HeartRate(rows=rows, rate_hz=IBI_HZ, window_s=QUALITY_S)
        self._intervals = Intervals(rows=rows, rate_hz=IBI_HZ)
        self._periodicity = Periodicity(rows=rows, rate_hz=PPG_HZ)
        self._tracked = TrackedRate(rows=rows, rate_hz=IBI_HZ)
        self._cadence = Cadence(rows=rows, rate_hz=MOTION_HZ, window_s=QUALITY_S)
        self._steps = Window(**once, window_s=QUALITY_S)
        self._explained = Explained(rows=rows)
        self._variability = Variability(rows=rows, rate_hz=IBI_HZ, window_s=VARIABILITY_S)
        self._frozen = Frozen(rows=rows, rate_hz=PPG_HZ, after_s=AFTER_S["ppg"])

    def hear(self, ppg: Array, motion: Array, ibi: Array, found: Found, *, rows: Rows) -> Heard:
        """Find the beats of the next n seconds, whether or not the band is on skin: a pulse tells skin."""
        told, lag_s, quality = self._beats.push(ppg, motion, rows=rows)
        pulses = np.where(quality < BELIEVED, 0.0, told)
        filled, known = seconds(pulses, rate_hz=PPG_HZ)
        found["ppg_quality"] = self._quality.push(np.where(known > 0, filled, np.nan), rows=rows)
        found["ppg_frozen"] = second_means(self._frozen.push(ppg, rows=rows), rate_hz=PPG_HZ)
        sent = np.isfinite(ibi)
        intervals = np.where(sent, ibi, pulses)
        _, pulse = self._evidence.push(self._rhythm.push(intervals, rows=rows), rows=rows)
        return Heard(intervals, np.where(sent | ~(intervals > 0), 0.0, lag_s), sent, pulse)

    def push(
        self, heard: Heard, ppg: Array, moved: Array, off: Off, found: Found, *, rows: Rows
    ) -> tuple[Array, Array]:
        """Say what the heart did in the next n seconds, nothing while the band is ``off`` (k, n), and no rate that is,
        or looks back on, the rhythm of the movement; return the beats and their lags, (k, 64 n)."""
        away = np.repeat(off, IBI_HZ, axis=1)
        intervals = np.where(away, np.nan, heard.intervals)
        beats, kinds, lag_s = self._intervals.push(intervals, np.where(away, np.nan, heard.lag_s), rows=rows)
        stepped = self._rate(heard, np.where(away, np.nan, ppg), moved, beats, off, found, rows)
        sound = np.where((kinds == NORMAL) | np.isnan(beats), beats, 0.0)
        sound[np.repeat(stepped, IBI_HZ, axis=1)] = np.nan
        said = self._variability.push(sound, rows=rows)
        for i, feature in enumerate(features(window_s=VARIABILITY_S)):
            found[feature.name] = np.where(off, np.nan, said[..., i])
        return beats, lag_s

    def _rate(self, heard: Heard, ppg: Array, moved: Array, beats: Array, off: Off, found: Found, rows: Rows) -> Off:
        """Follow the rate, take out what movement fakes, and tell what movement explains; return in which seconds the
        pulse keeps step with movement, or did in the last 10 s."""
        repeats, plain = self._periodicity.push(ppg, rows=rows)
        banded = seconds(np.where(heard.sent, 1.0, np.nan), rate_hz=IBI_HZ)[1] > 0
        plain = np.where(found["motion_g"] >= SHAKEN_G, np.minimum(plain, 0.0), plain)
        repeats, plain = np.where(banded, np.nan, repeats), np.where(banded, np.nan, plain)
        rate, error, coverage = self._tracked.push(beats, repeats, plain, rows=rows)
        stepping = (self._cadence.push(moved, rate, rows=rows) >= STEPPING).astype(np.float64)
        stepped = self._steps.push(stepping, rows=rows)[0] > 0
        deaf = off | ~(_arrived(ppg, rate_hz=PPG_HZ) | banded)
        unborne = (found["ppg_quality"] < BORNE) & (coverage < SPOKEN) & ~banded
        unsaid = deaf | stepped | unborne
        found["heart_rate_bpm"] = np.where(unsaid, np.nan, rate)
        found["heart_rate_error_bpm"] = np.where(unsaid, np.nan, error)
        found["beat_coverage"] = np.where(deaf, np.nan, coverage)
        exerted = exertion(found["motion_g"], found["stereotypy"], found["repetition_hz"])
        expected, unexplained = self._explained.push(found["heart_rate_bpm"], exerted, rows=rows)
        found["heart_rate_expected_bpm"] = np.where(deaf, np.nan, expected)
        found["heart_rate_unexplained_bpm"] = unexplained
        return stepped


def _arrived(x: Array, *, rate_hz: int) -> Off:
    """Return of which seconds at least half of the samples arrived, (k, n)."""
    _, known = seconds(x, rate_hz=rate_hz)
    return 2 * known >= rate_hz
