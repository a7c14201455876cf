"""Ticks in, signals out: every operator over every row, live a second at a time or a recording at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import CHANNELS, Tick
from signals.eda.sweating import Sweating
from signals.errors import SignalError
from signals.features import NAMES
from signals.heart.beating import Beating
from signals.motion.moving import Moving
from signals.rows import RowState, laid_out, rows_of
from signals.skin.touching import Touching
from signals.types import Array, Found, Off, Rows, Signals
from signals.usual import Usual

EDA_HZ: Final = CHANNELS["eda"].grid_hz
SILENCE_S: Final = (
    330  # after so long without a sample nothing but what is usual is remembered: the longest window, holds
)
SILENT_ROWS: Final = 16  # go through a silence together: after an outage everybody does, and more at once are slower
NEVER: Final = np.iinfo(np.int64).min


class Engine(RowState):
    """Every operator over ``rows`` people, or recordings, in one order: motion, pulse, skin, conductance, heart, usual.

    A row's ticks need not follow each other: seconds between them that nobody sent count as NaN, however many they are
    (after ``SILENCE_S`` of them nothing but what is usual is remembered, so that more cost nothing).

    A second in which a row sends nothing at all has no features, though windows could still look back past it: what is
    over is not what is. Heart rate and coverage are said only of seconds of which at least half of the PPG, or some of
    a band's intervals, arrived. A rate that keeps step with movement is not said; where movement is unknown, as it
    always is of a band without an accelerometer, nothing speaks against the rate and it is. What a band says of its
    contact counts only in seconds in which anything else arrives.
    """

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        self._end_s = np.full(rows, NEVER)
        self._moving = Moving(rows=rows)
        self._beating = Beating(rows=rows)
        self._touching = Touching(rows=rows)
        self._sweating = Sweating(rows=rows)
        self._usual = Usual(rows=rows)

    def ended_s(self, *, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return when the last tick of the rows ``rows`` (default: all) ended [UTC s]; NEVER where there was none."""
        return self._end_s[rows_of("Engine", rows, total=self._rows)]

    def begin_anew(self, *, rows: Rows | None = None) -> None:
        """Forget of the rows ``rows`` (default: all) what ``SILENCE_S`` of silence forget; what is usual stays known.

        Their next tick may begin at any time, also before the last one ended: for clocks that were set back.
        """
        known = rows_of("Engine", rows, total=self._rows)
        self._be_silent(SILENCE_S, known)
        self._end_s[known] = NEVER

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
            self._be_silent(int(length), known[silent == length])
        self._end_s[known] = tick.start_s + tick.seconds
        return self._advance(tick, known)

    def _be_silent(self, length: int, rows: Rows) -> None:
        for first in range(0, len(rows), SILENT_ROWS):
            some = rows[first : first + SILENT_ROWS]
            self._advance(_silence(length, rows=len(some)), some)

    def _advance(self, tick: Tick, rows: Rows) -> Signals:
        found: Found = {}
        silent = ~_heard(tick)
        moved = self._moving.push(tick.motion, found, rows=rows)
        heard = self._beating.hear(tick.ppg, tick.motion, tick.ibi, found, rows=rows)
        contact = None if tick.contact is None else np.where(silent, np.nan, tick.contact)
        self._touching.push(tick.temperature, tick.eda, contact, heard.pulse, found, rows=rows)
        off = found["worn"] == 0
        responses, response_lag_s = self._sweating.push(tick.eda, tick.temperature, off, found, rows=rows)
        beats, beat_lag_s = self._beating.push(heard, tick.ppg, moved, off, found, rows=rows)
        for name in found:
            found[name][silent] = np.nan
        self._usual.push(found, rows=rows)
        features = np.stack([found[name] for name in NAMES], axis=-1)
        features[silent] = np.nan
        return Signals(tick.start_s, features, beats, beat_lag_s, responses, response_lag_s)


def _heard(tick: Tick) -> Off:
    """Return in which seconds any sample of any channel arrived, (k, n)."""
    heard = np.zeros((len(tick.start_s), tick.seconds), bool)
    for name, channel in CHANNELS.items():
        known = np.isfinite(getattr(tick, name)).reshape(len(heard), channel.axes, tick.seconds, channel.grid_hz)
        heard |= known.any(axis=(1, 3))
    return heard


def _checked(tick: Tick, *, rows: int) -> Tick:
    """Return ``tick`` laid out for kernels, NaN for what no working sensor says (``ingest.types.CHANNELS``); raises
    SignalError where its arrays do not fit each other."""
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
        fitting = _fitting(x, name, shape)
        arrays[name] = np.where((fitting < channel.low) | (fitting > channel.high), np.nan, fitting)
    if tick.contact is not None:
        arrays["contact"] = _fitting(tick.contact, "contact", (rows, tick.seconds))
    return Tick(start_s=start_s.astype(np.int64), **arrays)


def _fitting(x: object, name: str, shape: tuple[int, ...]) -> Array:
    """Return ``x`` laid out for kernels where it is an array of ``shape``; raises SignalError elsewhere."""
    if not isinstance(x, np.ndarray) or x.shape != shape:
        raise SignalError(f"Engine.tick.{name}: must be an array of {shape}, got {getattr(x, 'shape', type(x))}")
    if x.dtype.kind != "f" or x.dtype.itemsize not in (4, 8):
        raise SignalError(f"Engine.tick.{name}: must be float64 or float32, got {x.dtype}")
    return laid_out(x, np.float64)


def _silence(length: int, *, rows: int) -> Tick:
    """Return ``length`` seconds of nothing."""
    nothing = {
        name: np.full((rows, *((channel.axes,) if channel.axes > 1 else ()), channel.grid_hz * length), np.nan)
        for name, channel in CHANNELS.items()
    }
    return Tick(start_s=np.zeros(rows, np.int64), **nothing)
