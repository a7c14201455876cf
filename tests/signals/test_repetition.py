"""Rocking, flapping, noise and rest: what repeats is told, with its rhythm, however the band sits; whose it is, too."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.accuracy.stereotypy import fullest_ten_minutes, ten_single_minutes
from benchmarks.movements import clock_s, in_g, intervals, on_grid, session
from signals.errors import SignalError
from signals.motion.repetition import LAG_S, LAGS, LEAST_G, PLAIN, TRAITS, Repetition
from signals.motion.stereotypy import CENTRE, LIKELY_OWN, POPULATION, SCALE, Stereotypy, calibrate, score
from signals.types import Array

NAN = float("nan")
HEIGHTS = [i for i, name in enumerate(TRAITS) if name.startswith(("height", "prominence"))]


def repeated(x: Array) -> tuple[Array, Array, Array, Array]:
    """Return what is said second by second of one wrist, (3, n) g."""
    strength, frequency_hz, amplitude_g, traits = Repetition(rows=1, rate_hz=32).push(x[None])
    return strength[0], frequency_hz[0], amplitude_g[0], traits[0]


def rocking(hz: float, g: float = 0.3, *, seconds: int = 20, noise_g: float = 0.02) -> Array:
    """Return a wrist that swings at ``hz`` with amplitude ``g`` across gravity."""
    rng = np.random.default_rng(4)
    x = noise_g * rng.standard_normal((3, 32 * seconds))
    x[2] += 1.0
    x[0] += g * np.sin(2 * np.pi * hz * np.arange(32 * seconds) / 32)
    return x


def turned(x: Array, seed: int) -> Array:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return turn @ x


@pytest.mark.parametrize("hz", [0.5, 0.7, 1.0, 1.6, 2.3, 3.0, 3.6, 4.0])
def test_a_rhythm_is_told_with_its_frequency_and_its_amplitude(hz: float) -> None:
    strength, frequency_hz, amplitude_g, _ = repeated(rocking(hz))
    assert (strength[10:] > 0.9).all()
    np.testing.assert_allclose(frequency_hz[10:], hz, rtol=0.03)
    np.testing.assert_allclose(amplitude_g[10:], 0.3, rtol=0.05)


@pytest.mark.parametrize("hz", [0.25, 6.0])
def test_what_is_slower_or_faster_is_no_rhythm_of_that_frequency(hz: float) -> None:
    _, frequency_hz, _, _ = repeated(rocking(hz))
    assert not np.any(np.abs(frequency_hz[10:] - hz) < 0.1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**20), hz=st.floats(0.5, 4.0))
def test_nothing_depends_on_how_the_band_sits(seed: int, hz: float) -> None:
    rng = np.random.default_rng(seed)
    x = rocking(hz, 0.2) + 0.05 * rng.standard_normal((3, 640))
    for one, other in zip(repeated(x), repeated(turned(x, seed)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(times=st.floats(1.0, 8.0), hz=st.floats(0.6, 4.0))
def test_a_larger_movement_has_a_larger_amplitude_and_the_same_rhythm(times: float, hz: float) -> None:
    x = rocking(hz, noise_g=0.0)
    up = np.array([0.0, 0.0, 1.0])[:, None]
    small, large = repeated(x), repeated(up + times * (x - up))
    np.testing.assert_allclose(large[0], small[0], atol=1e-9)
    np.testing.assert_allclose(large[1], small[1], rtol=1e-9)
    np.testing.assert_allclose(large[2], times * small[2], rtol=1e-9)


def test_a_wrist_at_rest_repeats_nothing() -> None:
    rng = np.random.default_rng(1)
    still = np.array([0.1, 0.2, 0.97])[:, None] + 0.003 * rng.standard_normal((3, 960))
    e4 = np.round(still * 64) / 64
    for x in (still, e4, np.round(still), np.zeros((3, 960))):
        strength, frequency_hz, amplitude_g, traits = repeated(x)
        assert (strength[2:] == 0).all()
        assert np.isnan(frequency_hz).all()
        assert (amplitude_g[2:] == 0).all()
        assert (score(traits)[10:] < 0.05).all()


def test_movement_without_rhythm_has_neither_frequency_nor_amplitude() -> None:
    strength, frequency_hz, amplitude_g, _ = repeated(0.2 * np.random.default_rng(2).standard_normal((3, 32 * 600)))
    assert (strength[2:] < PLAIN).all()
    assert np.isnan(frequency_hz).all()
    assert (amplitude_g[2:] == 0).all()


def test_a_single_jolt_is_no_rhythm() -> None:
    x = np.zeros((3, 640))
    x[2] = 1.0
    x[0, 320:326] = 1.5
    assert (repeated(x)[0][3:] < PLAIN).all()


def test_strides_are_a_rhythm_too() -> None:
    """Walking repeats: nobody is promised that strength alone tells it from rocking."""
    at_s = np.arange(640) / 32
    x = np.stack([0.15 * np.sin(2 * np.pi * 0.9 * at_s), 0 * at_s, 1 + 0.25 * np.sin(2 * np.pi * 1.8 * at_s)])
    strength, frequency_hz, _, _ = repeated(x)
    assert (strength[10:] > PLAIN).all()
    assert np.isin(np.round(frequency_hz[10:], 1), [0.9, 1.8]).all()


def test_the_rhythm_is_told_within_four_seconds_of_its_beginning_and_forgotten_six_after_its_end() -> None:
    x = rocking(1.5, seconds=40)
    x[0, : 32 * 10] = x[0, 32 * 30 :] = 0.0
    strength = repeated(x)[0]
    assert (strength[2:10] < PLAIN).all()
    assert (strength[13:30] > PLAIN).all()
    assert (strength[37:] < PLAIN).all()


def test_less_than_half_of_a_window_known_is_unknown() -> None:
    x = rocking(1.5, seconds=40)
    x[1, 32 * 20 : 32 * 20 + 28] = NAN  # and a second more, in which the filter settles
    assert (repeated(x)[0][10:] > 0.9).all()
    x[1, 32 * 20 : 32 * 23] = NAN
    strength, frequency_hz, amplitude_g, traits = repeated(x)
    assert np.isnan(strength[22])
    assert np.isnan(frequency_hz[22])
    assert np.isnan(amplitude_g[22])
    assert np.isnan(traits[20 + LAG_S : 24 + LAG_S]).all()
    assert np.isfinite(traits[30:]).all()


def test_gaps_do_not_move_the_frequency() -> None:
    x = rocking(2.2, seconds=60)
    rng = np.random.default_rng(5)
    for start in rng.integers(0, 32 * 60, 40):
        x[:, start : start + 5] = NAN
    _, frequency_hz, _, _ = repeated(x)
    np.testing.assert_allclose(frequency_hz[10:], 2.2, rtol=0.05)


def autocorrelation(moved: Array, now: int, length: int) -> Array:
    """Return the plain twin of the kernel's: ``length`` seconds of ``moved`` (3, n) up to second ``now``, inclusive."""
    late = moved[:, 32 * (now + 1 - length) : 32 * (now + 1)]
    found = []
    for lag in range(LAGS):
        early = moved[:, 32 * (now + 1 - length) - lag : 32 * (now + 1) - lag]
        found.append((late * early).sum() / np.sqrt((late**2).sum() * (early**2).sum()))
    return np.array(found)


def test_the_kernel_does_what_it_says() -> None:
    rng = np.random.default_rng(8)
    operator = Repetition(rows=1, rate_hz=32)
    x = rocking(1.1, 0.1) + 0.05 * np.cumsum(rng.standard_normal((3, 640)), axis=1) / 4
    traits = operator.push(x[None])[3][0]
    moved = Repetition(rows=1, rate_hz=32)._filter.push(x)
    now = 19
    for length, last, at in ((4, now - LAG_S + 1, 4), (8, now, 10)):
        window = moved[:, 32 * (last + 1 - length) : 32 * (last + 1)]
        r = autocorrelation(moved, last, length)
        peaks = [lag for lag in range(8, 65) if r[lag] >= r[lag - 1] and r[lag] > r[lag + 1] and r[lag] > 0]
        best = max(peaks, key=lambda lag: r[lag])
        shares = np.linalg.eigvalsh(window @ window.T) / (window**2).sum()
        before = moved[:, 32 * (last + 1 - length) - 1 : 32 * (last + 1)]
        wanted = [
            np.log(np.sqrt((window**2).sum() / window.shape[1]) + 0.01),
            np.log(32 * np.sqrt((np.diff(before, axis=1) ** 2).sum() / window.shape[1]) + 0.1),
            r[best],
            r[best] - r[1 : best + 1].min(),
            shares[2],
            shares[0],
        ]
        np.testing.assert_allclose(traits[now, at : at + 6], wanted, rtol=1e-9)


def test_traits_describe_the_second_three_before() -> None:
    x = rocking(1.0, 0.0, seconds=30)
    x[:, 32 * 15 : 32 * 16] += 0.5 * np.random.default_rng(3).standard_normal((3, 32))
    traits = repeated(x)[3]
    assert np.nanargmax(traits[:, 2]) == 15 + LAG_S
    assert np.nanargmax(traits[:, 0]) == 15 + 1 + LAG_S


def test_stereotypy_is_the_score_of_the_traits_by_each_rows_own_coefficients() -> None:
    x = np.stack([rocking(1.5), rocking(2.5), rocking(0.8, 0.05)])
    operator = Stereotypy(rows=3, rate_hz=32)
    own = np.random.default_rng(6).standard_normal((1, len(POPULATION)))
    operator.adopt(own, rows=np.array([1]))
    likely, *rest = operator.push(x)
    *plain, traits = Repetition(rows=3, rate_hz=32).push(x)
    np.testing.assert_array_equal(likely[0], score(traits[0]))
    np.testing.assert_array_equal(likely[1], score(traits[1], coefficients=own[0]))
    np.testing.assert_array_equal(likely[2], score(traits[2]))
    for one, other in zip(rest, plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_persons_own_coefficients_outlive_a_restart() -> None:
    operator, x = Stereotypy(rows=1, rate_hz=32), rocking(1.5)[None]
    operator.adopt(np.full((1, len(POPULATION)), 0.1), rows=np.array([0]))
    again = Stereotypy(rows=1, rate_hz=32)
    again.restore(operator.snapshot())
    np.testing.assert_array_equal(again.push(x)[0], operator.push(x)[0])


def test_a_snapshot_does_not_freeze_the_populations_coefficients() -> None:
    operator = Stereotypy(rows=1, rate_hz=32)
    operator.push(rocking(1.5)[None])
    assert np.isnan(operator.snapshot()["own"]).all()


def test_the_score_is_a_plain_logistic_function() -> None:
    traits = np.random.default_rng(7).standard_normal((50, len(TRAITS)))
    z = POPULATION[0] + ((traits - CENTRE) / SCALE) @ np.array(POPULATION[1:])
    np.testing.assert_allclose(score(traits), 1 / (1 + np.exp(-z)), rtol=1e-12)
    traits[3, 2] = NAN
    assert np.isnan(score(traits)[3])


def test_vigorous_rocking_scores_high_and_sitting_low() -> None:
    assert (score(repeated(rocking(2.0, 0.8))[3])[12:] > 0.9).all()
    assert (score(repeated(rocking(2.0, 0.0, noise_g=0.01))[3])[12:] < 0.1).all()


def labelled(seed: int, *, n: int = 600) -> tuple[Array, Array, Array]:
    """Return traits and labels that obey coefficients of their own, and those."""
    rng = np.random.default_rng(seed)
    own = np.append(-0.5, rng.normal(0, 1, len(TRAITS)))
    traits = np.array(CENTRE) + np.array(SCALE) * rng.standard_normal((n, len(TRAITS)))
    return traits, rng.random(n) < score(traits, coefficients=own), own


def test_ten_minutes_teach_a_persons_own_way() -> None:
    traits, seen, own = labelled(1)
    fresh, truth, _ = labelled(1, n=20_000)
    taught = score(fresh, coefficients=calibrate(traits, seen))
    usual = score(fresh)
    agree = score(fresh, coefficients=own) >= LIKELY_OWN
    assert ((taught >= LIKELY_OWN) == agree).mean() > 0.9 > ((usual >= LIKELY_OWN) == agree).mean()
    assert abs(taught.mean() - truth.mean()) < 0.05


def test_calibrating_ends_where_the_loss_is_least() -> None:
    traits, seen, _ = labelled(2)
    z = np.column_stack([np.ones(len(seen)), (traits - CENTRE) / SCALE])

    def loss(at: Array) -> float:
        ridge = np.append(1e-3, np.full(len(TRAITS), 10.0))
        likely = z @ at
        return float((np.logaddexp(0, likely) - seen * likely).sum() + (ridge * (at - POPULATION) ** 2).sum() / 2)

    best = calibrate(traits, seen)
    rng = np.random.default_rng(3)
    assert all(loss(best) < loss(best + 0.01 * rng.standard_normal(len(best))) for _ in range(50))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_calibrating_ends_well_from_any_prior(seed: int) -> None:
    traits, seen, _ = labelled(3)
    far = np.random.default_rng(seed).normal(0, 20, len(POPULATION))
    found = calibrate(traits, seen, prior=far, pull=1e-6)
    np.testing.assert_allclose(found, calibrate(traits, seen, pull=1e-6), atol=1e-2)


def test_what_little_is_known_changes_little_and_a_strong_pull_nothing() -> None:
    traits, seen, _ = labelled(4)
    weights = np.array(POPULATION[1:])
    few = np.abs(calibrate(traits[:60], seen[:60])[1:] - weights).mean()
    many = np.abs(calibrate(traits, seen)[1:] - weights).mean()
    assert few < many
    np.testing.assert_allclose(calibrate(traits, seen, pull=1e9)[1:], weights, atol=1e-5)


def test_unknown_seconds_teach_nothing() -> None:
    traits, seen, _ = labelled(5)
    gaps = np.concatenate([traits, np.full((30, len(TRAITS)), NAN)])
    found = calibrate(gaps, np.append(seen, np.ones(30, bool)))
    np.testing.assert_array_equal(found, calibrate(traits, seen))


def test_what_cannot_teach_is_refused() -> None:
    traits, seen, _ = labelled(6)
    with pytest.raises(SignalError, match=r"^calibrate\.stereotyped: needs 60 known seconds of both kinds, got 59"):
        calibrate(traits[:59], seen[:59])
    with pytest.raises(SignalError, match=r"^calibrate\.stereotyped: needs 60 known seconds of both kinds"):
        calibrate(traits, np.ones(len(seen), bool))
    with pytest.raises(SignalError, match=r"^calibrate\.traits: must be \(n, 16\)"):
        calibrate(traits[:, :3], seen)
    with pytest.raises(SignalError, match=r"^calibrate\.stereotyped: must be bool"):
        calibrate(traits, seen[:-1])
    with pytest.raises(SignalError, match=r"^calibrate\.pull: must be above 0"):
        calibrate(traits, seen, pull=0.0)
    with pytest.raises(SignalError, match=r"^calibrate\.prior: must be finite"):
        calibrate(traits, seen, prior=np.full(len(POPULATION), NAN))


def test_operators_name_what_they_refuse() -> None:
    with pytest.raises(SignalError, match=r"^Repetition\.rate_hz: must be 32"):
        Repetition(rows=1, rate_hz=64)
    with pytest.raises(SignalError, match=r"^Repetition\.x: 33 samples are no whole number of 32"):
        Repetition(rows=1, rate_hz=32).push(np.zeros((1, 3, 33)))
    operator = Stereotypy(rows=2, rate_hz=32)
    with pytest.raises(SignalError, match=r"^Stereotypy\.coefficients: must be \(1, 17\)"):
        operator.adopt(np.zeros((2, len(POPULATION))), rows=np.array([0]))
    with pytest.raises(SignalError, match=r"^Stereotypy\.rows: there is no row 5"):
        operator.adopt(np.zeros((1, len(POPULATION))), rows=np.array([5]))


def test_annotations_have_labels_and_a_clock_with_unpadded_milliseconds() -> None:
    xml = b"""<DATA><ANNOTATION><LABEL>Rock</LABEL><START_DT>2008-02-07 10:46:30.46</START_DT>
    <STOP_DT>2008-02-07 10:46:31</STOP_DT></ANNOTATION></DATA>"""
    (span,) = intervals(xml)["Rock"]
    assert span[1] - span[0] == pytest.approx(0.954, abs=1e-6)
    assert clock_s("2008-02-07 11:20:42.144") - clock_s("2008-02-07 11:20:42.0") == pytest.approx(0.144, abs=1e-6)


def test_counts_become_g_by_what_stillness_says() -> None:
    rng = np.random.default_rng(9)
    held = np.repeat(rng.standard_normal((60, 3)), 55, axis=0)
    held /= np.linalg.norm(held, axis=1, keepdims=True)
    counts = np.round(np.array([249.0, 244.0, 257.0]) + 60.0 * held + rng.normal(0, 0.5, held.shape))
    counts[55 * 7 : 55 * 9] += 100 * rng.standard_normal((110, 3))
    g = in_g(np.arange(len(counts)) / 55, counts)
    assert np.median(np.abs(np.linalg.norm(g, axis=1) - 1)) < 0.02


def test_on_the_grid_silence_is_unknown_and_broken_words_are_silence() -> None:
    time_s = np.concatenate([np.arange(0, 5, 1 / 50), np.arange(7, 10, 1 / 50)])
    g = np.tile([0.0, 0.0, 1.0], (len(time_s), 1))
    g[10] = 12.0
    x = on_grid(time_s, g, start_s=0.0, seconds=9)
    assert np.isnan(x[:, 32 * 5 + 2 : 32 * 7]).all()
    np.testing.assert_allclose(x[:, : 32 * 4], np.array([0.0, 0.0, 1.0])[:, None] * np.ones(32 * 4))


def test_ten_minutes_are_chosen_by_their_labels_and_hold_both_kinds() -> None:
    marks = np.zeros(3600, bool)
    marks[1200:1700] = marks[3000:3030] = True
    ten = fullest_ten_minutes(marks)
    assert len(ten) == 600
    assert (np.diff(ten) == 1).all()
    assert marks[ten].sum() >= 300
    assert not marks[ten].all()
    clips = ten_single_minutes(marks)
    assert len(np.unique(clips)) == 600
    assert marks[clips].sum() == 300
    assert clips.max() > 3400
    assert len(fullest_ten_minutes(marks[:400])) == 400


def test_people_who_rock_are_told_from_their_own_quiet_minutes(shared_data: Path) -> None:
    """What the population's coefficients say of a session, one wrist; accuracy is measured in benchmarks/accuracy."""
    one = session(shared_data / "autism_smm" / "Study1_URI-004-01-17-08.zip")
    assert one.person == "004"
    assert one.stereotyped[one.good].mean() == pytest.approx(0.323, abs=0.002)
    for motion in one.motion.values():
        assert np.nanmedian(np.linalg.norm(motion, axis=0)) == pytest.approx(1.0, abs=0.02)
    strength, frequency_hz, _, traits = repeated(one.motion["left"])
    likely = score(traits)[LAG_S:]
    seen, good = one.stereotyped[:-LAG_S], one.good[:-LAG_S] & np.isfinite(likely)
    assert np.median(likely[good & seen]) > 2 * np.median(likely[good & ~seen])
    plain = strength[1:] >= PLAIN
    assert plain[one.stereotyped[:-1]].mean() > 4 * plain[~one.stereotyped[:-1]].mean()
    assert 0.5 <= np.nanmedian(frequency_hz[1:][one.stereotyped[:-1]]) <= 4.0


def test_below_the_least_movement_even_a_perfect_rhythm_is_not_told() -> None:
    assert (repeated(rocking(1.5, LEAST_G, noise_g=0.0))[0] == 0)[3:].all()
    assert (repeated(rocking(1.5, 2 * LEAST_G, noise_g=0.0))[0] > 0.9)[10:].all()
