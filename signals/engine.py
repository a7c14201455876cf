"""Ticks in, signals out: every operator over every row, live a second at a time or a recording at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import CHANNELS, Tick
from signals.eda.phasic import Driver
from signals.eda.quality import Validity
from signals.eda.responses import Responses
from signals.errors import SignalError
from signals.features import NAMES
from signals.filters import Filter, low_pass
from signals.heart.pulses import Pulses
from signals.heart.rate import HeartRate
from signals.heart.rhythm import Rhythm
from signals.motion.cadence import Cadence
from signals.motion.movement import Movement
from signals.rows import RowState, laid_out, rows_of
from signals.skin.wear import Wear
from signals.types import Array, Rows, Signals
from signals.windows import Mean, Share, Slope, Window, second_means, seconds

EDA_HZ: Final = CHANNELS["eda"].grid_hz
TEMPERATURE_HZ: Final = CHANNELS["temperature"].grid_hz
PPG_HZ: Final = CHANNELS["ppg"].grid_hz
MOTION_HZ: Final = CHANNELS["motion"].grid_hz
IBI_HZ: Final = CHANNELS["ibi"].grid_hz

CLEAN_HZ: Final = 0.5  # conductance has nothing faster to say: a response takes at least 0.5 s to rise
LEVEL_HZ: Final = 0.05  # slower is level, faster is response
WARMTH_HZ: Final = 0.1  # skin and sensor are slower than this
HOLD_S: Final = 2.0  # the slow channels are bridged for as long as they can be taken not to have moved
MINUTE_S: Final = 60.0
QUALITY_S: Final = 10.0
STEPPING: Final = 0.3  # movement that repeats so well at the period of the pulse explains the pulse
SPARSE_S: Final = 20.0  # a wrist that moves now and then leaves beats enough in this, where 10 s hold too few
SPARSE_LEAST: Final = 0.35  # 7 s of intervals: on Stress-Predict 5 to 7 bpm off at most in 95 % of the seconds gained
SILENCE_S: Final = 90  # after so long without a sample no operator remembers anything: the minute, the holds, a margin
NEVER: Final = np.iinfo(np.int64).min

Found = dict[str, Array]
Off = NDArray[np.bool_]


class Engine(RowState):
    """Every operator over ``rows`` people, or recordings, in one order: skin, wear, conductance, beats, windows.

    A row's ticks need not follow each other: seconds between them that nobody sent count as NaN, however many they are
    (after ``SILENCE_S`` of them nothing is remembered, so that more cost nothing).

    A second in which a row sends nothing at all has no features, though windows could still look back past it: what is
    over is not what is. Heart rate and coverage are said only of seconds of which at least half of the PPG, or of the
    intervals, arrived. A rate that keeps step with movement is not said; where movement is unknown, as it always is of
    a band without an accelerometer, nothing speaks against the rate and it is.
    """

    def __init__(self, *, rows: int) -> None:
        self._wear = Wear(rows=rows, rate_hz=1)
        self._rows = rows
        self._end_s = np.full(rows, NEVER)
        self._warmth = _level(WARMTH_HZ, rows=rows, rate_hz=TEMPERATURE_HZ)
        self._warmth_slope = Slope(rows=rows, rate_hz=1, window_s=MINUTE_S)
        self._movement = Movement(rows=rows, rate_hz=MOTION_HZ)
        self._movement_minute = Mean(rows=rows, rate_hz=1, window_s=MINUTE_S)
        self._validity = Validity(rows=rows, rate_hz=EDA_HZ, hold_s=HOLD_S)
        self._valid = Share(rows=rows, rate_hz=1, window_s=QUALITY_S)
        self._clean = Filter(
            low_pass(cutoff_hz=CLEAN_HZ, rate_hz=EDA_HZ, order=2), rows=rows, rate_hz=EDA_HZ, hold_s=HOLD_S, warm_s=1.0
        )
        self._level = _level(LEVEL_HZ, rows=rows, rate_hz=EDA_HZ)
        self._level_slope = Slope(rows=rows, rate_hz=1, window_s=MINUTE_S)
        self._driver = Driver(rows=rows, rate_hz=EDA_HZ, hold_s=HOLD_S)
        self._drive = Mean(rows=rows, rate_hz=1, window_s=QUALITY_S)
        self._responses = Responses(rows=rows, rate_hz=EDA_HZ, hold_s=HOLD_S)
        self._response_count = Mean(rows=rows, rate_hz=1, window_s=MINUTE_S)
        self._response_sum = Mean(rows=rows, rate_hz=1, window_s=MINUTE_S)
        self._pulses = Pulses(rows=rows, rate_hz=PPG_HZ)
        self._quality = Share(rows=rows, rate_hz=1, window_s=QUALITY_S)
        self._rhythm = Rhythm(rows=rows, rate_hz=IBI_HZ)
        self._heart_rate = HeartRate(rows=rows, rate_hz=IBI_HZ, window_s=QUALITY_S)
        self._cadence = Cadence(rows=rows, rate_hz=MOTION_HZ, window_s=QUALITY_S)
        self._steps = Window(rows=rows, rate_hz=1, window_s=QUALITY_S)
        self._sparse_steps = Window(rows=rows, rate_hz=1, window_s=SPARSE_S)
        self._sparse_rate = HeartRate(rows=rows, rate_hz=IBI_HZ, window_s=SPARSE_S, least=SPARSE_LEAST)

    def push(self, tick: Tick, *, rows: Rows | None = None) -> Signals:
        """Return the signals of the rows ``rows`` (default: all), whose next n seconds are in ``tick``; no other row's
        state is touched.

        Raises SignalError, before anything is touched, where a channel does not fit, a row does not exist or is named
        twice, or a row's tick begins before the end of the one before it.
        """
        known = rows_of("Engine", rows, total=self._rows)
        tick = _checked(tick, rows=len(known))
        end_s = self._end_s[known]
        missing = np.where(end_s == NEVER, 0, tick.start_s - np.where(end_s == NEVER, 0, end_s))
        if (missing < 0).any():
            k = int((missing < 0).argmax())
            raise SignalError(f"Engine.tick.start_s: row {known[k]} begins {-missing[k]} s before its last tick ended")
        silent = np.minimum(missing, SILENCE_S)
        for length in np.unique(silent[silent > 0]):
            self._advance(_silence(int(length), rows=int((silent == length).sum())), known[silent == length])
        self._end_s[known] = tick.start_s + tick.seconds
        return self._advance(tick, known)

    def _advance(self, tick: Tick, rows: Rows) -> Signals:
        found: Found = {}
        silent = ~_heard(tick)
        moved = self._feel(tick, rows, found)
        off = found["worn"] == 0
        responses, response_lag_s = self._sweat(tick, rows, off, found)
        beats, beat_lag_s = self._beat(tick, moved, rows, off, found)
        features = np.stack([np.where(silent, np.nan, found[name]) for name in NAMES], axis=-1)
        return Signals(tick.start_s, features, beats, beat_lag_s, responses, response_lag_s)

    def _feel(self, tick: Tick, rows: Rows, found: Found) -> Array:
        """Temperature, movement, and from both and raw conductance, wear; returns the dynamic acceleration."""
        celsius = second_means(self._warmth.push(tick.temperature, rows=rows), rate_hz=TEMPERATURE_HZ)
        found["temperature_C"] = celsius
        found["temperature_slope_C_per_min"] = self._warmth_slope.push(celsius, rows=rows)
        moved = self._movement.push(tick.motion, rows=rows)
        found["motion_g"] = np.sqrt(second_means(moved * moved, rate_hz=MOTION_HZ))
        found["motion_minute_g"] = self._movement_minute.push(found["motion_g"], rows=rows)
        touch = second_means(tick.eda, rate_hz=EDA_HZ)
        warm = second_means(tick.temperature, rate_hz=TEMPERATURE_HZ)
        found["worn"] = self._wear.push(warm, touch, found["motion_g"], rows=rows)
        return moved

    def _sweat(self, tick: Tick, rows: Rows, off: Off, found: Found) -> tuple[Array, Array]:
        """Conductance: what of it is valid, its level, drive and responses; nothing while the band is off."""
        valid = self._validity.push(tick.eda, rows=rows)
        found["eda_valid"] = self._valid.push(second_means(valid, rate_hz=EDA_HZ, least=0), rows=rows)
        believed = np.where((valid == 1) & ~np.repeat(off, EDA_HZ, axis=1), tick.eda, np.nan)
        clean = self._clean.push(believed, rows=rows)
        level = second_means(self._level.push(clean, rows=rows), rate_hz=EDA_HZ)
        found["eda_level_uS"] = level
        found["eda_slope_uS_per_min"] = self._level_slope.push(level, rows=rows)
        drive = second_means(self._driver.push(clean, rows=rows), rate_hz=EDA_HZ)
        found["eda_driver_uS"] = self._drive.push(drive, rows=rows)
        told, lag_s = self._responses.push(clean, rows=rows)
        a_second = second_means(told, rate_hz=EDA_HZ) * EDA_HZ
        count = second_means(np.where(told > 0, 1.0, told), rate_hz=EDA_HZ) * EDA_HZ
        found["response_rate_per_min"] = self._response_count.push(count, rows=rows) * MINUTE_S
        found["response_sum_uS"] = self._response_sum.push(a_second, rows=rows) * MINUTE_S
        for name in (
            "eda_level_uS",
            "eda_slope_uS_per_min",
            "eda_driver_uS",
            "response_rate_per_min",
            "response_sum_uS",
        ):
            found[name] = np.where(off, np.nan, found[name])
        return told, lag_s

    def _beat(self, tick: Tick, moved: Array, rows: Rows, off: Off, found: Found) -> tuple[Array, Array]:
        """Beats from PPG, or from the band where it sends them, and heart rate; nothing while the band is off, and no
        rate that is, or looks back on, the rhythm of the movement."""
        pulses, lag_s = self._pulses.push(tick.ppg, rows=rows)
        alike, known = seconds(pulses, rate_hz=PPG_HZ)
        found["ppg_quality"] = self._quality.push(np.where(known > 0, alike, np.nan), rows=rows)
        sent = np.isfinite(tick.ibi)
        intervals = np.where(np.repeat(off, IBI_HZ, axis=1), np.nan, np.where(sent, tick.ibi, pulses))
        beats = self._rhythm.push(intervals, rows=rows)
        rate, coverage = self._heart_rate.push(beats, rows=rows)
        sparse, _ = self._sparse_rate.push(beats, rows=rows)
        near = np.isfinite(rate) | ~(coverage > 0)
        rate = np.where(near, rate, sparse)
        stepping = (self._cadence.push(moved, rate, rows=rows) >= STEPPING).astype(np.float64)
        steps, _ = self._steps.push(stepping, rows=rows)
        sparse_steps, _ = self._sparse_steps.push(stepping, rows=rows)
        stepped = np.where(near, steps, sparse_steps) > 0
        deaf = off | ~(_arrived(tick.ppg, rate_hz=PPG_HZ) | _arrived(tick.ibi, rate_hz=IBI_HZ))
        found["heart_rate_bpm"] = np.where(deaf | stepped, np.nan, rate)
        found["beat_coverage"] = np.where(deaf, np.nan, coverage)
        return beats, np.where((beats > 0) & ~sent, lag_s, np.where(beats > 0, 0.0, beats))


def _level(cutoff_hz: float, *, rows: int, rate_hz: float) -> Filter:
    """Return the low-pass that follows a slow channel: first order, unknown for 5 s after it begins."""
    sos = low_pass(cutoff_hz=cutoff_hz, rate_hz=rate_hz, order=1)
    return Filter(sos, rows=rows, rate_hz=rate_hz, hold_s=HOLD_S, warm_s=5.0)


def _heard(tick: Tick) -> Off:
    """Return in which seconds any sample of any channel arrived, (k, n)."""
    heard = np.zeros((len(tick.start_s), tick.seconds), bool)
    for name, channel in CHANNELS.items():
        known = np.isfinite(getattr(tick, name)).reshape(len(heard), channel.axes, tick.seconds, channel.grid_hz)
        heard |= known.any(axis=(1, 3))
    return heard


def _arrived(x: Array, *, rate_hz: int) -> Off:
    """Return of which seconds at least half of the samples arrived, (k, n)."""
    _, known = seconds(x, rate_hz=rate_hz)
    return 2 * known >= rate_hz


def _checked(tick: Tick, *, rows: int) -> Tick:
    """Return ``tick`` laid out for kernels; raises SignalError where its arrays do not fit each other."""
    start_s = tick.start_s
    if not isinstance(start_s, np.ndarray) or start_s.dtype.kind not in "iu" or start_s.shape != (rows,):
        raise SignalError(f"Engine.tick.start_s: must be {rows} whole seconds, one a row")
    if not isinstance(tick.eda, np.ndarray) or tick.eda.ndim != 2 or tick.eda.shape[1] % EDA_HZ:
        raise SignalError(f"Engine.tick.eda: must be ({rows}, {EDA_HZ} n)")
    arrays = {}
    for name, channel in CHANNELS.items():
        x = getattr(tick, name)
        axes = () if channel.axes == 1 else (channel.axes,)
        shape = (rows, *axes, channel.grid_hz * tick.seconds)
        if not isinstance(x, np.ndarray) or x.shape != shape:
            raise SignalError(f"Engine.tick.{name}: must be an array of {shape}, got {getattr(x, 'shape', type(x))}")
        if x.dtype.kind != "f" or x.dtype.itemsize not in (4, 8):
            raise SignalError(f"Engine.tick.{name}: must be float64 or float32, got {x.dtype}")
        arrays[name] = laid_out(x, np.float64)
    return Tick(start_s=start_s.astype(np.int64), **arrays)


def _silence(length: int, *, rows: int) -> Tick:
    """Return ``length`` seconds of nothing."""
    nothing = {
        name: np.full((rows, *((channel.axes,) if channel.axes > 1 else ()), channel.grid_hz * length), np.nan)
        for name, channel in CHANNELS.items()
    }
    return Tick(start_s=np.zeros(rows, np.int64), **nothing)
