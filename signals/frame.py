"""Features in, a pandas DataFrame out: indexed by UTC time, columns in the registry's order, units beside them.

A row's time is the end of what it says: it is made of samples before that moment alone, so that joining frames on time
never looks ahead.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ingest.types import CHANNELS, Tick
from signals.errors import SignalError
from signals.features import FEATURES
from signals.sets import flirt, imbiriba, wesad
from signals.sets.registry import Entry, Table
from signals.types import Array, Feature, Signals

if TYPE_CHECKING:
    import pandas as pd

LATEST_S = 1e11  # UTC seconds: what lies beyond is no time, or in milliseconds


def of_signals(signals: Signals, *, wearers: Sequence[str] | None = None) -> "pd.DataFrame":
    """Return the features of one push of the engine, float64, NaN where unknown.

    With ``wearers``, one name a row, the index is (wearer, time), wearers in the order of the rows; without it there
    must be one row only, and the index is time. ``attrs["units"]`` and ``attrs["windows_s"]`` are by column.
    """
    seconds: Array = np.arange(signals.features.shape[1], dtype=np.float64)
    end_s: Array = signals.start_s.astype(np.float64)[:, None] + seconds + 1.0
    return _frame("of_signals", signals.features, end_s, FEATURES, wearers)


def of_table(table: Table, *, start_s: NDArray[np.int64], wearers: Sequence[str] | None = None) -> "pd.DataFrame":
    """Return a feature set; ``start_s`` (rows,): the UTC seconds at which each row's recording began. Index, columns
    and ``attrs`` as of ``of_signals``."""
    if (
        not isinstance(start_s, np.ndarray)
        or start_s.shape != table.values.shape[:1]
        or start_s.dtype.kind not in "iuf"
    ):
        raise SignalError(f"of_table.start_s: must be {table.values.shape[0]} UTC seconds, one a row")
    return _frame("of_table", table.values, start_s[:, None] + table.end_s, table.entries, wearers)


def of_recording(
    tick: Tick,
    *,
    feature_set: Literal["flirt", "imbiriba", "wesad"],
    window_s: float,
    hop_s: float,
    beats: Array | None = None,
    wearers: Sequence[str] | None = None,
) -> "pd.DataFrame":
    """Return a feature set of recordings on the analysis grid, as ``of_table`` does.

    ``beats`` (rows, 64 n) are the intervals to take, as ``Signals.beats``; by default those that the bands sent. Of the
    set of Imbiriba there are conductance, temperature and the three axes of acceleration.
    """
    rates = {name: float(channel.grid_hz) for name, channel in CHANNELS.items()}
    intervals = tick.ibi if beats is None else beats
    match feature_set:
        case "flirt":
            table = flirt.features(
                eda=tick.eda,
                eda_hz=rates["eda"],
                motion=tick.motion,
                motion_hz=rates["motion"],
                intervals=intervals,
                interval_hz=rates["ibi"],
                window_s=window_s,
                hop_s=hop_s,
            )
        case "imbiriba":
            channels = {
                "eda": imbiriba.Channel(tick.eda, rates["eda"], "uS"),
                "temperature": imbiriba.Channel(tick.temperature, rates["temperature"], "degC"),
                **{f"acc_{a}": imbiriba.Channel(tick.motion[:, i], rates["motion"], "g") for i, a in enumerate("xyz")},
            }
            table = imbiriba.features(channels, window_s=window_s, hop_s=hop_s)
        case "wesad":
            table = wesad.features(
                eda=tick.eda,
                eda_hz=rates["eda"],
                temperature=tick.temperature,
                temperature_hz=rates["temperature"],
                motion=tick.motion,
                motion_hz=rates["motion"],
                intervals=intervals,
                interval_hz=rates["ibi"],
                window_s=window_s,
                hop_s=hop_s,
            )
        case _:
            raise SignalError(
                f"of_recording.feature_set: there is no {feature_set!r}; there are flirt, imbiriba, wesad"
            )
    return of_table(table, start_s=tick.start_s, wearers=wearers)


def _frame(
    name: str,
    values: Array,
    end_s: Array,
    entries: Sequence[Feature | Entry],
    wearers: Sequence[str] | None,
) -> "pd.DataFrame":
    import pandas as pd  # here, so that whoever needs no frame does not wait for it

    rows, count, width = values.shape
    if wearers is None and rows != 1:
        raise SignalError(f"{name}.wearers: {rows} rows need {rows} names")
    if wearers is not None and (len(wearers) != rows or len(set(wearers)) != rows):
        raise SignalError(f"{name}.wearers: must be {rows} different names, got {len(set(wearers))}")
    if not (np.abs(end_s) < LATEST_S).all():
        raise SignalError(f"{name}.start_s: must be UTC seconds, finite and before the year 5138")
    moments = pd.to_datetime(np.round(1e6 * end_s.ravel()).astype(np.int64), unit="us", utc=True).as_unit("us")
    if wearers is None:
        index: pd.Index = moments.rename("time")
    else:
        index = pd.MultiIndex.from_arrays(
            [np.repeat(np.array(wearers, object), count), moments], names=["wearer", "time"]
        )
    frame = pd.DataFrame(values.reshape(rows * count, width), index, [entry.name for entry in entries], copy=True)
    frame.attrs["units"] = {entry.name: entry.unit for entry in entries}
    frame.attrs["windows_s"] = {entry.name: entry.window_s for entry in entries}
    return frame
