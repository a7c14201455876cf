"""Conductance whose faults are known: what is believed, why not, what was shaken, whether the electrodes touch."""

import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from device_sim.director import Director
from device_sim.physiology.motion import Motion
from device_sim.physiology.sweat import Sweat
from device_sim.scenario import load
from device_sim.ward import cast
from signals.eda import quality
from signals.eda.artefacts import Artefacts
from signals.eda.contact import Contact
from signals.eda.quality import REASONS, Reasons, validity
from signals.errors import SignalError
from signals.laws.streams import response
from signals.types import Array

Flags = NDArray[np.bool_]

T_S = np.arange(4 * 120) / 4
ANY_EDA = arrays(np.float64, (1, 100), elements=st.one_of(st.sampled_from([0.0, 1.0, 2.0, 4.9, 61.0]), st.just(np.nan)))


def alive(seconds: int, *, level_us: float = 2.0) -> Array:
    """Skin that nothing happens to, (1, 4 n): no two samples in a row are the same."""
    return level_us * (1 + 0.0005 * (np.arange(4.0 * seconds) % 7))[None]


@settings(max_examples=40, deadline=None)
@given(ANY_EDA)
def test_validity_has_a_plain_twin(x: Array) -> None:
    found = validity(Reasons(rows=1, rate_hz=4, around_s=1.0, frozen_s=1.5, hold_s=0.5).push(x))
    bad: list[int] = []
    last, run, restarted = None, 0, 0
    for i, value in enumerate(x[0]):
        if np.isnan(value):
            assert np.isnan(found[0, i])
            continue
        if last is None or i - last > 3:
            restarted, run = i, 1
            steep = False
        else:
            run = run + 1 if value == x[0, last] else 1
            steep = abs(value - x[0, last]) > 2.5 * (i - last)
        if not 0.05 <= value <= 60 or steep or run >= 6:
            bad.append(i)
        near = [b for b in bad if b >= restarted and i - b <= 4]
        assert found[0, i] == (0.0 if near else 1.0)
        last = i


def test_what_no_skin_conducts_is_invalid_for_five_seconds_more() -> None:
    x = 2 + 0.001 * np.arange(200.0)[None] % 0.01
    x[0, 100] = 0.01
    valid = validity(Reasons(rows=1, rate_hz=4).push(x))
    assert (valid[0, :100] == 1).all()
    assert (valid[0, 100:121] == 0).all()
    assert (valid[0, 122:] == 1).all()


def test_a_stuck_sensor_is_invalid() -> None:
    valid = validity(Reasons(rows=1, rate_hz=4).push(np.full((1, 200), 2.0)))
    assert (valid[0, :58] == 1).all()
    assert (valid[0, 60:] == 0).all()


@pytest.mark.parametrize("argument", ["steepest_us_per_s", "drop_c"])
def test_a_limit_that_cannot_be_is_refused(argument: str) -> None:
    with pytest.raises(SignalError, match=rf"^Reasons\.{argument}"):
        Reasons(rows=1, rate_hz=4, **{argument: -1})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x: np.where(T_S == 60, 0.01, x), "too low"),
        (lambda x: np.where(T_S == 60, 61.0, x), "too high"),
        (lambda x: np.where(T_S >= 60, x + 3, x), "too steep"),
        (lambda x: np.where((T_S >= 45) & (T_S < 60.25), 2.0, x), "frozen"),
    ],
)
def test_every_invalid_sample_says_why(change: object, reason: str) -> None:
    codes = Reasons(rows=1, rate_hz=4).push(change(alive(120)))  # type: ignore[operator]
    first = int(np.flatnonzero(codes[0])[0])
    assert REASONS[int(codes[0, first])] == reason
    later = [REASONS[int(code)] for code in codes[0, first:]]
    assert set(later) <= {reason, "around", "believed", "too steep"}
    assert later[-1] == "believed"
    assert "around" in later


def test_what_others_say_of_the_same_samples_joins_in() -> None:
    x, yes, no = alive(20), np.ones((1, 80)), np.zeros((1, 80))
    unknown = np.full((1, 80), np.nan)
    assert (Reasons(rows=1, rate_hz=4).push(x, None, yes, yes) == quality.ARTEFACT).all()
    assert (Reasons(rows=1, rate_hz=4).push(x, None, yes, no) == quality.NO_CONTACT).all()
    assert (Reasons(rows=1, rate_hz=4).push(x, unknown, unknown, unknown) == quality.BELIEVED).all()
    assert (validity(Reasons(rows=1, rate_hz=4).push(x, None, yes)) == 0).all()
    with pytest.raises(SignalError, match=r"^Reasons\.artefact: must be \(1, 80\)"):
        Reasons(rows=1, rate_hz=4).push(x, None, yes[:, :4])


@settings(max_examples=40, deadline=None)
@given(ANY_EDA, st.sampled_from([0.5, 1.0]))
def test_a_delay_reaches_as_far_back(x: Array, delay_s: float) -> None:
    """What comes out late is what came out at once, and what precedes an invalid sample by less than the delay."""
    once = Reasons(rows=1, rate_hz=4, around_s=1.0, frozen_s=1.5, hold_s=0.5).push(x)[0]
    late = Reasons(rows=1, rate_hz=4, around_s=1.0, delay_s=delay_s, frozen_s=1.5, hold_s=0.5).push(x)[0]
    n = round(4 * delay_s)
    assert np.isnan(late[:n]).all()
    by_itself = np.isin(once, [quality.TOO_LOW, quality.TOO_HIGH, quality.TOO_STEEP, quality.FROZEN])
    for i in range(len(once) - n):
        follows = by_itself[i + 1 : i + n + 1].any()
        wanted = quality.AROUND if once[i] == quality.BELIEVED and follows else once[i]
        np.testing.assert_array_equal(late[i + n], wanted)


def test_a_delay_beyond_the_neighbourhood_is_refused() -> None:
    with pytest.raises(SignalError, match=r"^Reasons\.delay_s"):
        Reasons(rows=1, rate_hz=4, delay_s=6.0)


@settings(max_examples=25, deadline=None)
@given(arrays(np.float64, 200, elements=st.floats(0.06, 59)))
def test_what_is_too_steep_after_smoothing_was_too_steep_before(x: Array) -> None:
    """Any mean of a second and a half, each weight at least 0: its slope is a mean of slopes."""
    weights = np.hanning(8)[1:-1]
    smooth = np.convolve(x, weights / weights.sum(), "valid")
    codes = Reasons(rows=1, rate_hz=4, around_s=0.0).push(x[None])[0]
    steep = np.flatnonzero(np.abs(np.diff(smooth)) > 2.5 * (1 + 1e-9)) + 1
    for at in steep:
        assert (codes[at : at + 6] == quality.TOO_STEEP).any()


def test_the_floor_of_skin_temperature_is_the_persons_own() -> None:
    """27 degC is usual for one and 34 degC for the other; both cool by 5 degC, and a fixed floor voids the first."""
    x = np.repeat(alive(1200), 2, axis=0)
    celsius = np.repeat([[27.0], [34.0]], x.shape[1], axis=1)
    celsius[:, 4 * 900 :] -= 5
    codes = Reasons(rows=2, rate_hz=4).push(x, celsius)
    assert (codes[:, : 4 * 900] == quality.BELIEVED).all()
    assert (codes[:, 4 * 900 :] == quality.TOO_COLD).all()
    fixed = Reasons(rows=2, rate_hz=4, coldest_c=30.0).push(x, celsius)
    assert (fixed[0] == quality.TOO_COLD).all()
    assert (Reasons(rows=2, rate_hz=4).push(x, celsius + 12)[1, : 4 * 900] == quality.TOO_HOT).all()


def test_a_stay_in_the_cold_becomes_usual_in_hours_and_what_is_dry_teaches_nothing() -> None:
    x = alive(4 * 3600)
    celsius = np.full_like(x, 33.0)
    celsius[:, 4 * 3600 :] = 28.5
    codes = Reasons(rows=1, rate_hz=4).push(x, celsius)
    assert (codes[0, 4 * 3600 : 4 * 3900] == quality.TOO_COLD).all()
    assert codes[0, -1] == quality.BELIEVED
    dry = np.where(celsius < 33, 0.01, x)
    taught = Reasons(rows=1, rate_hz=4)
    taught.push(dry, celsius)
    assert (taught.push(alive(10), np.full((1, 40), 28.5)) == quality.TOO_COLD).all()


def test_the_usual_temperature_outlives_gaps() -> None:
    operator = Reasons(rows=1, rate_hz=4)
    operator.push(alive(900), np.full((1, 3600), 33.0))
    operator.push(np.full((1, 4 * 7200), np.nan), np.full((1, 4 * 7200), np.nan))
    assert (operator.push(alive(10), np.full((1, 40), 28.0)) == quality.TOO_COLD).all()


@pytest.mark.parametrize("level_us", [0.2, 2.0, 12.0])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_lifted_electrode_is_an_artefact_for_whoever_wears_it(level_us: float, share: float) -> None:
    x = alive(120, level_us=level_us) if share * level_us > 0.05 else alive(120, level_us=0.8)
    x[0, 240:244] *= 1 - share
    found = Artefacts(rows=1, rate_hz=4).push(x)
    assert np.isnan(found[0, :19]).all()
    assert (found[0, 19:240] == 0).all()
    assert (found[0, 240:260] == 1).all()
    assert (found[0, 265:] == 0).all()


@settings(max_examples=30, deadline=None)
@given(
    level_us=st.floats(0.1, 15),
    sizes=st.lists(st.floats(0.02, 1), min_size=1, max_size=12),
    seed=st.integers(0, 2**20),
)
def test_responses_that_pile_up_are_no_artefacts(level_us: float, sizes: list[float], seed: int) -> None:
    gaps_s = np.random.default_rng(seed).uniform(2, 5, len(sizes))
    gaps_s[::3] = 12  # the rule holds for skin that comes to rest within the 25 s that it looks back
    x = np.full((1, len(T_S)), level_us)
    for size, at_s in zip(sizes, np.cumsum(gaps_s), strict=True):
        x += size * response(T_S - at_s)
    assert np.nanmax(Artefacts(rows=1, rate_hz=4).push(x)) == 0


def test_how_fast_a_fall_is_decides_not_how_far() -> None:
    slow = 2 + 1.5 * np.exp(-np.maximum(T_S - 60, 0) / 2)  # 1.5 uS given back by a response
    fast = np.where(T_S < 60, 2.2, 2.0)
    low = np.where(T_S < 60, 2.0, 1.8)
    slow[:220] = 2
    slow[220:240] = 2 + 1.5 * np.linspace(0, 1, 20)
    found = Artefacts(rows=3, rate_hz=4).push(np.stack([slow, fast, low]))
    assert np.nanmax(found[0]) == 0
    assert np.nanmax(found[1]) == np.nanmax(found[2]) == 1


def test_a_fall_seen_only_across_a_gap_is_no_evidence() -> None:
    x = alive(60)
    x[0, 120:] *= 0.8
    x[0, 116:121] = np.nan
    found = Artefacts(rows=1, rate_hz=4).push(x)
    assert np.nanmax(found) == 0


def test_an_artefact_in_the_first_seconds_is_told_though_their_peace_is_not() -> None:
    x = alive(10)
    x[0, 8:] *= 0.5
    found = Artefacts(rows=1, rate_hz=4).push(x)
    assert np.isnan(found[0, :8]).all()
    assert (found[0, 8:28] == 1).all()


@pytest.mark.parametrize(("argument", "value"), [("least_us", 0.0), ("share", -0.1), ("share", 1.5), ("window_s", 0)])
def test_artefacts_refuse_limits_that_cannot_be(argument: str, value: float) -> None:
    with pytest.raises(SignalError, match=rf"^Artefacts\.{argument}"):
        Artefacts(rows=1, rate_hz=4, **{argument: value})


@settings(max_examples=20, deadline=None)
@given(
    arrays(np.float64, (1, 160), elements=st.one_of(st.floats(0.5, 3), st.sampled_from([1.0, 1.02]))),
    st.lists(st.integers(0, 159), max_size=4),
)
def test_artefacts_have_a_plain_twin(x: Array, holes: list[int]) -> None:
    for hole in holes:
        x[0, hole : hole + 1 + hole % 4] = np.nan
    found = Artefacts(rows=1, rate_hz=4, hold_s=0.5).push(x)[0]
    began, known, fallen = 0, np.isfinite(x[0]), -100
    for i, value in enumerate(x[0]):
        if not known[i]:
            assert np.isnan(found[i])
            continue
        if not known[max(i - 3, 0) : i].any():
            began, fallen = i, -100
        seen = [j for j in range(began, i + 1) if known[j]]
        level = 0.0
        for count, j in enumerate(seen):
            level += (x[0, j] - level) / min(count + 1, 120)
        for span in (1, 2):
            j = i - span
            if j < began or not known[j : i + 1].all():
                continue
            lowest = x[0, began]
            if len([q for q in seen if q <= j]) >= 100:
                lowest = np.inf
            for q in [q for q in seen if q <= j][-100:]:
                crest = x[0, q]
                for back in range(1, 8):
                    if q - back < began or not known[q - back]:
                        break
                    crest = max(crest, x[0, q - back])
                lowest = min(lowest, crest)
            before = x[0, j]
            given_back = (1 - np.exp(-span / 8)) * (before - min(before, lowest))
            if before - value - given_back > 0.01 + 0.028 * level:
                fallen = i
        if i - fallen < 20:
            assert found[i] == 1
        else:
            np.testing.assert_array_equal(found[i], 0.0 if len(seen) >= 20 else np.nan)


@cache
def simulated() -> tuple[Array, Array, Flags]:
    """Conductance of eight people for half an hour, without and with what movement does to it; whether worn."""
    scenario = load("first_light")
    who = cast(scenario, wearers=8, seed=5)
    drive = Director(scenario, who, seed=5).drive(0, 1800)
    _, moving = Motion(who, seed=5).push(drive, first=0)
    clean, *_ = Sweat(who, seed=5).push(drive, np.zeros_like(moving), first=0)
    shaken, *_ = Sweat(who, seed=5).push(drive, moving, first=0)
    return clean, shaken, np.repeat(drive.worn, 4, axis=1)


def test_simulated_skin_is_believed_and_its_shaking_is_found() -> None:
    clean, shaken, worn = simulated()
    assert np.nanmean(Artefacts(rows=8, rate_hz=4).push(clean)[worn]) <= 0.001
    found = Artefacts(rows=8, rate_hz=4).push(shaken)
    falls = -np.diff(shaken - clean, axis=1, prepend=0.0)
    strong: Flags = worn & (falls > 0.02 + 0.1 * clean)
    windows = (8, 360, 20)
    told = found.reshape(windows)[:, :, -1][strong.reshape(windows).any(axis=2)]
    assert len(told) > 30
    assert np.nanmean(told) >= 0.9


def test_electrodes_that_touch_are_said_to_and_lost_ones_are_told_in_three_seconds() -> None:
    x = alive(120)
    x[0, 240:320] = 0.01
    contact = Contact(rows=1, rate_hz=4).push(x)
    assert np.isnan(contact[0, :11]).all()
    assert (contact[0, 11:251] == 1).all()
    assert (contact[0, 251:331] == 0).all()
    assert (contact[0, 331:] == 1).all()


def test_a_level_that_drops_in_a_step_is_a_lost_electrode_until_it_lasts() -> None:
    x = alive(240)
    x[0, 4 * 60 :] *= 0.3
    contact = Contact(rows=1, rate_hz=4).push(x)
    lost = np.flatnonzero(contact[0] == 0)
    assert lost[0] == 4 * 60 + 11
    assert len(lost) == 4 * 60
    back = x.copy()
    back[0, 4 * 80 :] /= 0.3
    assert (Contact(rows=1, rate_hz=4).push(back)[0, 4 * 80 + 11 :] == 1).all()


def test_neither_a_dip_nor_a_slow_fall_nor_a_response_is_a_lost_electrode() -> None:
    dip = alive(120)[0]
    dip[240:248] = 0.01
    slow = 4 * np.exp(-T_S / 15) + 0.06
    burst = 0.2 + 2 * response(T_S - 60) + 0.001 * (np.arange(480) % 2)
    contact = Contact(rows=3, rate_hz=4).push(np.stack([dip, slow, burst]))
    assert (contact[:, 11:] == 1).all()


def test_simulated_bands_touch_while_they_are_worn() -> None:
    _, shaken, worn = simulated()
    contact = Contact(rows=8, rate_hz=4).push(shaken)
    assert np.nanmean(contact[worn]) >= 0.99


def laboratory(shared_data: Path, name: str) -> Array:
    with zipfile.ZipFile(shared_data / "neurokit_bio" / "neurokit_bio_100hz.zip") as archive:
        text = archive.read(name).decode()
    at = text.partition("\n")[0].strip().split(",").index("EDA")
    return np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1, usecols=at)[None, ::25]


@pytest.mark.parametrize("name", ["bio_eventrelated_100hz.csv", "bio_resting_8min_100hz.csv"])
def test_clean_responses_of_the_laboratory_are_believed(name: str, shared_data: Path) -> None:
    x = laboratory(shared_data, name)
    shaken = Artefacts(rows=1, rate_hz=4).push(x)
    contact = Contact(rows=1, rate_hz=4).push(x)
    assert np.nanmax(shaken) == 0
    assert np.nanmin(contact) == 1
    assert (Reasons(rows=1, rate_hz=4).push(x, None, shaken, contact) == 0).all()


def column(shared_data: Path, session: str, name: str) -> Array:
    with zipfile.ZipFile(shared_data / "stress_predict" / f"{session}.zip") as archive:
        path = next(entry for entry in archive.namelist() if Path(entry).name == name)
        return np.loadtxt(io.BytesIO(archive.read(path)), delimiter=",", ndmin=2)[2:].T


@pytest.mark.parametrize("session", ["S05", "S07", "S12"])
def test_artefacts_are_where_the_wrist_moves_though_nobody_tells_of_it(session: str, shared_data: Path) -> None:
    x = column(shared_data, session, "EDA.csv")
    size = np.linalg.norm(column(shared_data, session, "ACC.csv") / 64, axis=0)
    n = min(x.shape[1] // 20, len(size) // 160)
    stir = size[: 160 * n].reshape(n, 160).std(axis=1)
    told = Artefacts(rows=1, rate_hz=4).push(x)[0, 19 : 20 * n : 20] == 1
    assert told[stir < 0.01].mean() < 0.03
    assert told[stir > 0.05].mean() > 5 * told[stir < 0.01].mean()


@pytest.mark.parametrize("session", [f"S{i:02}" for i in range(2, 14)])
def test_no_cool_skinned_person_is_voided(session: str, shared_data: Path) -> None:
    x, celsius = column(shared_data, session, "EDA.csv"), column(shared_data, session, "TEMP.csv")
    n = min(x.shape[1], celsius.shape[1])
    codes = Reasons(rows=1, rate_hz=4).push(x[:, :n], celsius[:, :n])
    assert (codes == quality.TOO_COLD).mean() < 0.01
    assert (codes == quality.BELIEVED).mean() > 0.98
