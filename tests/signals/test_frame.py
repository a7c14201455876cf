"""The pandas face: what stands in the index, that a label is the end of its window, and what is refused."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ingest.types import Tick
from signals import frame
from signals.engine import Engine
from signals.errors import SignalError
from signals.features import FEATURES, NAMES
from signals.laws.streams import stream
from signals.sets import flirt

START_S = 1_700_000_000


def tick(*, rows: int, seconds: int, seed: int = 1) -> Tick:
    names = ("eda", "temperature", "ppg", "motion", "ibi")
    made = {name: stream(name, seed, rows=rows, seconds=seconds) for name in names}
    return Tick(START_S + 1000 * np.arange(rows), **made)


def test_features_of_one_row_are_indexed_by_the_utc_end_of_their_second() -> None:
    signals = Engine(rows=1).push(tick(rows=1, seconds=90))
    found = frame.of_signals(signals)
    assert found.shape == (90, len(FEATURES))
    assert tuple(found.columns) == NAMES
    assert (found.dtypes == np.float64).all()
    assert found.index[0] == pd.Timestamp(START_S + 1, unit="s", tz="UTC")
    assert found.index[-1] == pd.Timestamp(START_S + 90, unit="s", tz="UTC")
    assert str(found.index.tz) == "UTC"
    np.testing.assert_array_equal(found.to_numpy(), signals.features[0])
    assert found.attrs["units"]["heart_rate_bpm"] == "1/min"


def test_several_people_are_told_apart_by_the_first_level() -> None:
    signals = Engine(rows=2).push(tick(rows=2, seconds=70))
    found = frame.of_signals(signals, wearers=["ada", "ben"])
    assert found.index.names == ["wearer", "time"]
    np.testing.assert_array_equal(found.loc["ben"].to_numpy(), signals.features[1])
    assert found.loc["ben"].index[0] == pd.Timestamp(START_S + 1001, unit="s", tz="UTC")


def test_writing_to_a_frame_leaves_the_signals_alone() -> None:
    signals = Engine(rows=1).push(tick(rows=1, seconds=10))
    kept = signals.features.copy()
    found = frame.of_signals(signals)
    found.iloc[:] = -1.0
    np.testing.assert_array_equal(signals.features, kept)


@pytest.mark.parametrize(("name", "width"), [("flirt", 184), ("wesad", 57), ("imbiriba", 202)])
def test_a_set_of_a_recording_is_labelled_with_the_end_of_its_windows(name: str, width: int) -> None:
    found = frame.of_recording(tick(rows=2, seconds=130), feature_set=name, window_s=60, hop_s=5, wearers=["a", "b"])
    assert found.shape == (2 * 15, width)
    assert found.loc["a"].index[0] == pd.Timestamp(START_S + 60, unit="s", tz="UTC")
    assert (np.diff(found.loc["a"].index) == np.timedelta64(5, "s")).all()
    assert (found.dtypes == np.float64).all()


def test_a_label_lies_behind_every_sample_that_it_speaks_of() -> None:
    x = tick(rows=1, seconds=130)
    later = x.motion.copy()
    later[:, :, 32 * 100 :] += 1.0
    both = [
        frame.of_recording(
            Tick(x.start_s, x.eda, x.temperature, x.ppg, m, x.ibi), feature_set="flirt", window_s=60, hop_s=1
        )
        for m in (x.motion, later)
    ]
    cut = pd.Timestamp(START_S + 100, unit="s", tz="UTC")
    pd.testing.assert_frame_equal(both[0][:cut], both[1][:cut], check_exact=True)
    assert (both[0][cut:].iloc[1:]["acc_x_mean"] < both[1][cut:].iloc[1:]["acc_x_mean"]).all()


def test_half_seconds_keep_their_place() -> None:
    table = flirt.movement(stream("motion", 1, rows=1, seconds=70), rate_hz=32, window_s=60.5, hop_s=0.5)
    found = frame.of_table(table, start_s=np.array([START_S]))
    assert found.index[0] == pd.Timestamp("2023-11-14T22:14:20.5Z")


def test_people_without_names_of_their_own_are_refused() -> None:
    signals = Engine(rows=2).push(tick(rows=2, seconds=4))
    for wearers in (None, ["a"], ["a", "a"]):
        with pytest.raises(SignalError, match=r"^of_signals\.wearers: "):
            frame.of_signals(signals, wearers=wearers)


def test_a_set_there_is_none_of_is_refused() -> None:
    with pytest.raises(SignalError, match=r"^of_recording\.feature_set: there is no 'tsfel'"):
        frame.of_recording(tick(rows=1, seconds=70), feature_set="tsfel", window_s=60, hop_s=5)
    table = flirt.movement(stream("motion", 1, rows=1, seconds=70), rate_hz=32, window_s=60, hop_s=1)
    with pytest.raises(SignalError, match=r"^of_table\.start_s: "):
        frame.of_table(table, start_s=np.array([1, 2]))


def test_importing_the_frame_does_not_wait_for_pandas() -> None:
    code = "import sys, signals.frame; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
