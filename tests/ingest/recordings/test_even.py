"""Samples with times of their own become even pieces: each near its stamp, none lost, none made up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ingest.errors import RecordingError
from ingest.recordings.even import DEVIATION, DEVIATION_MAX_S, even, steady

START = 1_600_000_000.0


def times_of(pieces: tuple) -> np.ndarray:
    return np.concatenate([p.start_s + np.arange(p.values.shape[-1]) / p.rate_hz for p in pieces])


def values_of(pieces: tuple) -> np.ndarray:
    return np.concatenate([p.values for p in pieces], axis=-1)


def test_even_samples_are_one_piece_at_their_rate() -> None:
    for rate_hz in (4.0, 25.0, 63.9995, 0.1):
        times = START + np.arange(1000) / rate_hz
        (piece,), notes = even("ppg", times, np.arange(1000.0), name="x")
        assert piece.rate_hz == pytest.approx(rate_hz, rel=1e-8)
        assert piece.start_s == START
        assert piece.values.tolist() == list(range(1000))
        assert notes == []


def test_a_gap_ends_a_piece_and_is_told() -> None:
    times = START + np.concatenate([np.arange(100), np.arange(130, 200)]) / 25
    pieces, notes = even("ppg", times, np.arange(170.0), name="x")
    assert [p.values.size for p in pieces] == [100, 70]
    assert pieces[1].start_s == times[100]
    assert notes == ["x: 2 even pieces, 1 gaps of up to 1.24 s; no sample is more than " + notes[0].split("than ")[1]]


def test_a_lost_sample_is_a_gap() -> None:
    pieces, _ = even("eda", START + np.delete(np.arange(40), 17) / 4, np.arange(39.0), name="x")
    assert [p.values.size for p in pieces] == [17, 22]


@settings(deadline=None)  # the first call compiles
@given(
    steps=arrays(np.float64, st.integers(2, 300), elements=st.floats(0.001, 0.2)),
    drift=st.floats(-2e-3, 2e-3),
)
def test_every_sample_is_kept_in_order_near_its_stamp_however_they_come(steps: np.ndarray, drift: float) -> None:
    times = START + np.cumsum(steps) * (1 + drift)
    values = np.arange(float(times.size))
    pieces, notes = even("ppg", times, values, name="x")
    assert values_of(pieces).tolist() == values.tolist()
    placed = times_of(pieces)
    tolerance = min(DEVIATION * np.median(np.diff(times)), DEVIATION_MAX_S)
    assert np.abs(placed - times).max() <= tolerance + 1e-5
    assert (np.diff(placed) >= -1e-5).all()
    assert len(pieces) == 1 or f"{len(pieces)} even pieces" in notes[-1]


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_any_times_are_cut_or_refused(times: np.ndarray) -> None:
    values = np.zeros((3, times.size)) + np.arange(times.size)
    try:
        pieces, notes = even("motion", times, values, name="x")
    except RecordingError:
        return
    kept = sum(p.values.shape[-1] for p in pieces)
    assert kept == times.size or any("twice" in note for note in notes)
    assert (np.diff([p.start_s for p in pieces]) >= 0).all()
    assert all(p.values.shape[0] == 3 and p.values.shape[1] for p in pieces)


def test_samples_out_of_order_are_sorted_and_told() -> None:
    order = np.array([0, 1, 2, 4, 5, 3, 6, 7])
    pieces, notes = even("ppg", START + order / 25, order.astype(float), name="x")
    assert values_of(pieces).tolist() == list(range(8))
    assert notes[0] == "x: time goes back 1 times: repaired, samples sorted by time"


def test_a_stretch_that_is_there_twice_is_kept_once() -> None:
    times = START + np.concatenate([np.arange(100), np.arange(50, 150)]) / 25
    values = np.concatenate([np.arange(100.0), np.arange(50.0, 150.0)])
    (piece,), notes = even("ppg", times, values, name="x")
    assert piece.values.tolist() == list(range(150))
    assert "x: 50 samples are there twice: kept once" in notes


def test_samples_that_share_a_second_are_spread_over_it_and_none_is_lost() -> None:
    times = START + np.repeat([0, 1, 2, 10, 11], [25, 25, 11, 25, 26])
    pieces, notes = even("ppg", times, np.zeros(112), name="x", rate_hz=25.0)
    placed = times_of(pieces)
    assert placed.size == 112
    assert (np.floor(placed + 0.011) >= times).all()
    assert (placed < times + 1 + 0.011).all()
    assert "x: 112 samples share time stamps: repaired, spread evenly, each known to 1 s" in notes


def test_coarse_stamps_out_of_order_go_into_their_second() -> None:
    times = START + np.array([0] * 20 + [1] * 3 + [0] * 5 + [1] * 22 + [2] * 25, float)
    pieces, _ = even("ppg", times, np.arange(75.0), name="x", rate_hz=25.0)
    assert values_of(pieces).size == 75


def test_what_no_sensor_says_is_unknown() -> None:
    (piece,), notes = even("eda", START + np.arange(4) / 4, np.array([1.0, 500.0, np.inf, 2.0]), name="x")
    np.testing.assert_array_equal(piece.values, [1.0, np.nan, np.nan, 2.0])
    assert notes == ["x: 2 samples are outside -1 to 120 uS: unknown"]


@pytest.mark.parametrize(
    ("times", "what"),
    [
        ([START, np.nan], "sample 2 has no time"),
        ([START, START * 1000], "sample 2 has no time"),
        ([-1.0, 0.0], "sample 1 has no time"),
        ([START] * 5, "same time"),
        ([START], "one moment has no rate"),
        ([START, START + 3600], "samples come every 3600 s"),
        ([START, START + 1e-5], "samples come every 1.00136e-05 s"),
        ([0.0, 1.0, START], "span 18519 days"),
    ],
)
def test_times_that_cannot_be_are_refused(times: list[float], what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        even("eda", np.array(times), np.arange(float(len(times))), name="x")


def test_inputs_are_never_written_to() -> None:
    times, values = START + np.array([0.0, 0.5, 0.25, 0.75]), np.array([1.0, 999.0, 3.0, 4.0])
    for array in (times, values):
        array.flags.writeable = False
    even("eda", times, values, name="x")
    steady("eda", times, values, name="x", rate_hz=4.0)


def test_a_steady_sensor_lies_on_the_line_that_its_trembling_times_fit() -> None:
    rng = np.random.default_rng(1)
    true = START + np.arange(6400) / 64.01
    (piece,), notes = steady("ppg", true + rng.uniform(0, 0.02, 6400), np.arange(6400.0), name="x", rate_hz=64.0)
    assert piece.rate_hz == pytest.approx(64.01, rel=1e-5)
    assert np.abs(times_of((piece,)) - true - 0.01).max() < 1e-3
    assert "10" in notes[0]


def test_a_pause_ends_a_steady_piece() -> None:
    times = START + np.concatenate([np.arange(100) / 25, 60 + np.arange(50) / 25])
    pieces, _ = steady("ppg", times, np.arange(150.0), name="x", rate_hz=25.0)
    assert [p.values.size for p in pieces] == [100, 50]


def test_a_rate_that_is_not_the_sensors_is_refused() -> None:
    with pytest.raises(RecordingError, match="which is not 100 Hz"):
        steady("ppg", START + np.arange(100) / 25, np.arange(100.0), name="x", rate_hz=100.0)
