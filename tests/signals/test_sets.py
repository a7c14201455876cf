"""The sets of others: statistics against their plain twins, windows, unknown samples, nothing from the future."""

import contextlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal, stats

from signals.errors import SignalError
from signals.laws.streams import stream
from signals.sets import flirt, imbiriba, wesad
from signals.sets.registry import Table
from signals.sets.statistics import NAMES, of_pieces, of_windows

Array = NDArray[np.float64]
SECONDS = 240


def twin(x: Array) -> list[float]:
    """The 22 statistics of a window, as NumPy and SciPy have them."""
    rises = (x[:-3] <= x[3:]).mean()
    order = -sum(p * np.log2(p) for p in (rises, 1 - rises) if p > 0)
    singular = np.linalg.svd(np.stack([x[:-3], x[3:]], axis=1), compute_uv=False)
    singular = singular / singular.sum() if singular.sum() > 0 else singular * np.nan
    low, quarter, three, high = np.percentile(x, [5, 25, 75, 95])
    flat = np.ptp(x) == 0
    shares_of_nothing = abs(x.sum()) < 1e-9 and x.min() < 0 < x.max()
    entropy = -np.inf if shares_of_nothing else stats.entropy(x)
    return [
        x.mean(),
        x.std(),
        x.min(),
        x.max(),
        np.ptp(x),
        x.sum(),
        (x * x).sum(),
        np.nan if flat else stats.skew(x),
        np.nan if flat else stats.kurtosis(x),
        len(signal.find_peaks(x, prominence=0.9)[0]),
        np.sqrt((x * x).mean()),
        abs(np.diff(x)).sum(),
        (x > x.mean()).sum(),
        (x < x.mean()).sum(),
        (np.diff(np.sign(x)) != 0).sum(),
        three - quarter,
        high - low,
        low,
        high,
        entropy,
        order,
        -(singular[singular > 0] * np.log2(singular[singular > 0])).sum() if not np.isnan(singular).any() else np.nan,
    ]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    levels=st.sampled_from([2, 5, 40, 100_000]),
    offset=st.sampled_from([0.0, 3.0, -200.0]),
    window=st.integers(2, 8),
    hop=st.integers(1, 9),
    grain=st.sampled_from([4, 5]),
)
def test_sliding_and_piecewise_statistics_are_those_of_numpy_and_scipy(
    seed: int, levels: int, offset: float, window: int, hop: int, grain: int
) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(0, 3, 200) * levels) / levels + offset
    window, hop = window * grain, hop * grain
    count = (len(x) - window) // hop + 1
    start = hop * np.arange(count)
    wanted = np.array([twin(x[s : s + window]) for s in start])
    slack = {"rtol": 1e-7, "atol": 1e-7}
    means = [NAMES.index(name) for name in ("n_above_mean", "n_below_mean")]
    rest = [i for i in range(len(NAMES)) if i not in means]
    for found in (of_pieces(x, start, start + window), of_windows(x, window=window, hop=hop, count=count)):
        np.testing.assert_allclose(found[:, rest], wanted[:, rest], **slack)
        for w, s in enumerate(start):  # a sample that is the mean but for rounding counts for neither or for both
            piece = x[s : s + window]
            close = np.isclose(piece, piece.mean(), rtol=1e-12, atol=1e-12).sum()
            assert abs(found[w, means] - wanted[w, means]).max() <= close


def test_flat_series_have_no_shape() -> None:
    found = dict(zip(NAMES, of_pieces(np.full(240, 2.5), np.array([0]), np.array([240]))[0], strict=True))
    assert found["std"] == found["ptp"] == found["lineintegral"] == 0
    assert np.isnan(found["skewness"])
    assert np.isnan(found["kurtosis"])


def test_a_long_plateau_of_maxima_costs_no_more_than_its_window() -> None:
    x = np.tile([0.0, 0.5], 40_000)
    assert of_windows(x, window=320, hop=32, count=100)[:, NAMES.index("peaks")].max() == 0


def channels(seed: int, *, rows: int = 2) -> dict[str, Array]:
    return {
        "eda": stream("eda", seed, rows=rows, seconds=SECONDS),
        "motion": stream("motion", seed, rows=rows, seconds=SECONDS),
        "intervals": stream("ibi", seed, rows=rows, seconds=SECONDS),
        "temperature": stream("temperature", seed, rows=rows, seconds=SECONDS),
    }


def flirt_of(x: dict[str, Array], *, window_s: float = 60.0, hop_s: float = 7.0) -> Table:
    return flirt.features(
        eda=x["eda"],
        eda_hz=4,
        motion=x["motion"],
        motion_hz=32,
        intervals=x["intervals"],
        interval_hz=64,
        window_s=window_s,
        hop_s=hop_s,
    )


def wesad_of(x: dict[str, Array], *, window_s: float = 60.0, hop_s: float = 7.0) -> Table:
    return wesad.features(
        eda=x["eda"],
        eda_hz=4,
        temperature=x["temperature"],
        temperature_hz=4,
        motion=x["motion"],
        motion_hz=32,
        intervals=x["intervals"],
        interval_hz=64,
        window_s=window_s,
        hop_s=hop_s,
    )


def imbiriba_of(x: dict[str, Array], *, window_s: float = 60.0, hop_s: float = 7.0) -> Table:
    rows = len(x["eda"])
    return imbiriba.features(
        {
            "eda": imbiriba.Channel(x["eda"], 4, "uS"),
            "acc_x": imbiriba.Channel(x["motion"][:, 0], 32, "g"),
        },
        incidents_s=[np.array([40.0, 74.0, 100.0])] * rows,
        window_s=window_s,
        hop_s=hop_s,
    )


every_set = pytest.mark.parametrize("of", [flirt_of, wesad_of, imbiriba_of])
Of = Callable[..., Table]


@every_set
def test_every_column_has_a_name_of_its_own_a_unit_and_a_definition(of: Of) -> None:
    table = of(channels(1))
    assert table.values.shape == (2, len(table.end_s), len(table.entries))
    assert len(set(table.names)) == len(table.names)
    assert all(one.unit and one.definition and one.source and one.unknown_when for one in table.entries)
    assert np.isfinite(table.values).any(axis=(0, 1)).all()


@every_set
def test_a_window_is_what_it_holds_wherever_the_recording_began(of: Of) -> None:
    x = channels(2)
    rates = {"eda": 4, "motion": 32, "intervals": 64, "temperature": 4}
    later = {name: a[..., 70 * rates[name] :] for name, a in x.items()}
    whole, cut = of(x), of(later)
    skip = len(whole.names) - (2 if of is imbiriba_of else 0)  # but for the time since an incident
    np.testing.assert_allclose(whole.values[:, 10:, :skip], cut.values[:, :, :skip], rtol=1e-6, atol=1e-9)


@every_set
def test_changing_the_future_changes_nothing(of: Of) -> None:
    x, other = channels(3), channels(4)
    rates = {"eda": 4, "motion": 32, "intervals": 64, "temperature": 4}
    table = of(x)
    for end in (0, 5, 17):
        at_s = round(table.end_s[end])
        mixed = {
            name: np.concatenate([a[..., : at_s * rates[name]], other[name][..., at_s * rates[name] :]], axis=-1)
            for name, a in x.items()
        }
        np.testing.assert_array_equal(of(mixed).values[:, : end + 1], table.values[:, : end + 1])


@every_set
def test_a_row_knows_nothing_of_its_neighbours(of: Of) -> None:
    x = channels(5)
    np.testing.assert_array_equal(of({k: a[1:] for k, a in x.items()}).values[0], of(x).values[1])


@every_set
@pytest.mark.parametrize(("window_s", "hop_s", "count"), [(60, 1, 181), (45, 15, 14), (30, 0.5, 421), (300, 5, 0)])
def test_windows_of_any_length_and_hop_lie_wholly_inside(of: Of, window_s: float, hop_s: float, count: int) -> None:
    table = of(channels(6, rows=1), window_s=window_s, hop_s=hop_s)
    assert table.values.shape[1] == count
    np.testing.assert_allclose(table.end_s, window_s + hop_s * np.arange(count))


@every_set
def test_a_window_that_is_too_little_known_is_unknown_and_inputs_are_left_alone(of: Of) -> None:
    x = channels(7)
    for name, rate in {"eda": 4, "motion": 32, "intervals": 64, "temperature": 4}.items():
        x[name][0, ..., 100 * rate : 150 * rate] = np.nan
        x[name][1, ..., 100 * rate] = np.nan
    kept = {name: a.copy() for name, a in x.items()}
    table = of(x)
    never = {"num_ibis", "incident_before", "since_incident_s"}
    columns = [i for i, name in enumerate(table.names) if name not in never and "000s" in name + "000s"]
    inside = (table.end_s > 145) & (table.end_s <= 155)
    wholly = [i for i in columns if table.entries[i].window_s <= 45 or of is not imbiriba_of]
    latest = [i for i in wholly if of is not imbiriba_of or table.entries[i].window_s == 15]
    assert np.isnan(table.values[0][inside][:, latest]).all()
    assert np.isfinite(table.values[1][inside][:, latest]).mean() > 0.95
    for name, a in kept.items():
        np.testing.assert_array_equal(x[name], a)


def test_an_unknown_sample_is_the_last_known_one() -> None:
    x = channels(8, rows=1)
    holed, bridged = x["eda"].copy(), x["eda"].copy()
    holed[0, 300:310], bridged[0, 300:310] = np.nan, bridged[0, 299]
    found = [flirt.conductance(eda, rate_hz=4, window_s=60, hop_s=5).values for eda in (holed, bridged)]
    np.testing.assert_array_equal(*found)


def test_flirts_names_are_flirts() -> None:
    names = [entry.name for entry in flirt.entries(window_s=60)]
    assert len(names) == 184
    assert names[0] == "tonic_mean"
    assert names[22:24] == ["phasic_mean", "phasic_std"]
    assert names[44] == "acc_x_mean"
    assert names[110] == "l2_mean"
    assert names[132:135] == ["num_ibis", "hrv_mean_nni", "hrv_median_nni"]
    assert names[-1] == "hrv_svd_entropy"


def test_flirts_cleaning_drops_impossible_intervals_and_jumps() -> None:
    x = np.zeros((1, 64 * 60))
    x[0, 640:3840:64] = 0.9
    x[0, 1280], x[0, 1344], x[0, 1920] = 0.6, 0.9, 2.2
    found = flirt.heart(x, rate_hz=64, window_s=60, hop_s=60)
    raw = flirt.heart(x, rate_hz=64, window_s=60, hop_s=60, clean=False)
    assert raw.column("num_ibis")[0, 0] == 50
    assert found.column("num_ibis")[0, 0] == 46  # 0.6 and 0.9 after it; 2.2 and 0.9 after it
    assert found.column("hrv_range_nni")[0, 0] == 0


def test_flirts_numbers_of_ten_minutes_are_ours(shared_data) -> None:  # noqa: ANN001
    path = shared_data.parent / "bench" / "ref" / "flirt_10min.npz"
    if not path.is_file():
        pytest.skip("no reference of FLIRT's features beside the recordings")
    kept = np.load(path)
    beat_s = kept["beat_t"]
    intervals = np.zeros((1, 600 * 64))
    intervals[0, np.minimum(np.floor(beat_s[1:] * 64 + 1e-6).astype(int), 600 * 64 - 1)] = np.diff(beat_s)
    table = flirt.features(
        eda=kept["eda"][None],
        eda_hz=4,
        motion=(kept["acc"].T / 64.0)[None],
        motion_hz=32,
        intervals=intervals,
        interval_hz=64,
        window_s=60,
        hop_s=1,
        clean=False,
    )
    apart = []
    for part in ("eda", "acc", "hrv"):
        which = np.round(kept[f"{part}_end_s"] - 60).astype(int)
        inside = which < len(table.end_s)
        for k, name in enumerate(kept[f"{part}_names"]):
            found, wanted = table.column(str(name))[0, which[inside]], kept[f"{part}_features"][inside, k]
            same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
            scale = abs(wanted) + np.std(wanted[np.isfinite(wanted)]) + 1e-9
            if not (same | (abs(np.where(same, 0, found) - np.where(same, 0, wanted)) <= 1e-3 * scale)).all():
                apart.append(str(name))
    assert len(apart) <= 12
    assert all(name.startswith(("tonic", "phasic")) for name in apart)


def test_imbiribas_bins_are_what_numpy_says_of_them() -> None:
    x = channels(9, rows=1)
    table = imbiriba.features({"eda": imbiriba.Channel(x["eda"], 4, "uS")}, hop_s=10)
    for back in (0, 5, 11):
        end = 200 - 15 * back
        piece = x["eda"][0, 4 * (end - 15) : 4 * end]
        wanted = [piece[0], piece[-1], piece.min(), piece.max(), piece.mean(), np.median(piece), len(np.unique(piece))]
        wanted += [piece.sum(), piece.std(ddof=1), piece.var(ddof=1)]
        names = [f"eda_{15 * back:03g}s_{name}" for name, _, _ in imbiriba.STATISTICS]
        np.testing.assert_allclose([table.column(name)[0, 2] for name in names], wanted, rtol=1e-9)


def test_an_incident_counts_from_the_moment_after_its_onset() -> None:
    table = imbiriba_of(channels(10, rows=1), window_s=60, hop_s=7)  # onsets at 40, 74 and 100 s
    at = dict(zip(table.end_s, table.values[0, :, -2:], strict=True))
    np.testing.assert_array_equal(at[60.0], [1, 20])
    np.testing.assert_array_equal(at[74.0], [1, 34])  # the one of this very moment is not known yet
    np.testing.assert_array_equal(at[81.0], [1, 7])
    none = imbiriba.features({"eda": imbiriba.Channel(np.ones((1, 800)), 4, "uS")}, hop_s=10)
    np.testing.assert_array_equal(none.values[0, 0, -2:], [0, 180])


def test_wesads_numbers_are_those_of_known_signals() -> None:
    t = np.arange(4 * 60) / 4
    moment = np.arange(32 * 60) / 32
    intervals = np.zeros((1, 64 * 60))
    intervals[0, 64::64] = np.where(np.arange(59) % 2, 1.06, 0.94)
    table = wesad.features(
        eda=(2 + 0.01 * t)[None],
        eda_hz=4,
        temperature=(33 - 0.02 * t)[None],
        temperature_hz=4,
        motion=np.stack([np.sin(2 * np.pi * 2.5 * moment), np.zeros_like(moment), np.ones_like(moment)])[None],
        motion_hz=32,
        intervals=intervals,
        interval_hz=64,
        window_s=60,
        hop_s=60,
    )
    said = dict(zip(table.names, table.values[0, 0], strict=True))
    assert said["eda_slope"] == pytest.approx(0.01)
    assert said["temperature_slope"] == pytest.approx(-0.02)
    assert said["scl_time_correlation"] == pytest.approx(1, abs=1e-3)
    assert said["acc_x_peak_hz"] == 2.5
    assert said["acc_z_abs_integral"] == pytest.approx(60)
    assert said["nn50"] == 58
    assert said["pnn50"] == 100
    assert said["hrv_rms"] == pytest.approx(120)
    assert said["hrv_mean"] == pytest.approx(1000, abs=2)


@pytest.mark.parametrize(
    ("argument", "changes"),
    [
        ("eda", {"eda": np.zeros(960)}),
        ("eda", {"eda": np.zeros((2, 960), int)}),
        ("motion", {"motion": np.zeros((2, 2, 7680))}),
        ("motion", {"motion": np.zeros((2, 3, 7000))}),
        ("intervals", {"intervals": np.zeros((3, 64 * SECONDS))}),
        ("intervals", {"intervals": np.full((2, 64 * SECONDS), -1.0)}),
        ("intervals", {"intervals": np.full((2, 64 * SECONDS), 1e9)}),
        ("eda", {"eda_hz": 0.0}),
        ("window_s", {"window_s": 0.0}),
        ("window_s", {"window_s": 60.1}),
        ("window_s", {"window_s": 5.0}),
        ("hop_s", {"hop_s": -1.0}),
        ("hop_s", {"hop_s": np.nan}),
        ("least", {"least": 1.5}),
        ("least_beats", {"least_beats": 0.0}),
    ],
)
def test_what_cannot_be_is_refused_by_name(argument: str, changes: dict[str, object]) -> None:
    x = channels(11)
    given = {
        "eda": x["eda"],
        "eda_hz": 4.0,
        "motion": x["motion"],
        "motion_hz": 32.0,
        "intervals": x["intervals"],
        "interval_hz": 64.0,
        "window_s": 60.0,
        "hop_s": 5.0,
    }
    with pytest.raises(SignalError, match=rf"^flirt\.{argument}\b"):
        flirt.features(**(given | changes))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**20), scale=st.sampled_from([1e-300, 1e-9, 1.0, 1e6, 1e30]), holes=st.floats(0, 0.5))
def test_whatever_comes_in_a_number_or_a_named_refusal_comes_out(seed: int, scale: float, holes: float) -> None:
    rng, x = np.random.default_rng(seed), channels(seed, rows=1)
    for one in x.values():
        one *= scale
        one[rng.random(one.shape) < holes] = rng.choice([np.nan, np.inf, -np.inf])
    for of in (flirt_of, wesad_of, imbiriba_of):
        with contextlib.suppress(SignalError):
            table = of(x, hop_s=30.0)
            assert table.values.shape == (1, 7, len(table.entries))


@pytest.mark.parametrize(
    ("argument", "changes"),
    [
        ("bin_s", {"bin_s": 50.0}),
        ("bin_s", {"bin_s": 0.0}),
        ("incidents_s", {"incidents_s": [np.zeros(0)]}),
        ("incidents_s", {"incidents_s": [np.array([2.0, 1.0]), np.zeros(0)]}),
        ("eda", {"channels": {"eda": imbiriba.Channel(np.zeros(7), 4, "uS")}}),
        ("channels", {"channels": {}}),
    ],
)
def test_what_cannot_be_binned_is_refused_by_name(argument: str, changes: dict[str, object]) -> None:
    given = {"channels": {"eda": imbiriba.Channel(np.ones((2, 960)), 4, "uS")}, "hop_s": 5.0}
    with pytest.raises(SignalError, match=rf"^imbiriba\.{argument}\b"):
        imbiriba.features(**(given | changes))
