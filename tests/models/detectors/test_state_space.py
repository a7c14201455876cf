"""The motion-gated state-space detector: its kernel against the textbook's matrices, and what it makes of a day."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detectors import state_space_kernel as k
from models.detectors.state_space import DRIVERS, StateSpace
from models.risk import Abstention, Risk
from signals.features import column

Array = NDArray[np.float64]
LEARNT = int(k.LEARN_S)


def watch(features: Array) -> Risk:
    return StateSpace(rows=1).push(np.zeros(1, np.int64), features)


class Twin:
    """The same by NumPy's matrices, one voice after the other, in the order of the textbook."""

    def __init__(self) -> None:
        self.level = [np.array([at, at + more[0], at + more[1]]) for at, more in zip(k.STILL_AT, k.MORE, strict=True)]
        self.doubt = [
            np.full((3, 3), own**2) + np.diag([0.0, more[0] ** 2, more[1] ** 2])
            for own, more in zip(k.STRANGE, k.MORE_STRANGE, strict=True)
        ]
        self.spread = [s / k.DEVIATIONS for s in k.SPREAD]
        self.known = [0.0] * 4
        self.shares: Array | None = None
        self.odds = k.BASE

    def second(self, features: Array) -> float:
        get = {name: float(features[column(name)]) for name in (*k.READS, "motion_g")}
        effort = math.log1p(get["motion_g"] / k.EXERTION_G)
        now = np.array([np.interp(effort, [0, k.ACTIVE, k.EXERTING], each) for each in np.eye(3)])
        before = np.stack([now, now]) if self.shares is None else self.shares
        self.shares = before + (now - before) / np.array([[k.FAST_S], [k.SLOW_S]])
        h = k.FAST_SHARE * self.shares[0] + (1 - k.FAST_SHARE) * self.shares[1]
        seen = (
            get["heart_rate_bpm"],
            math.log(get["eda_driver_uS"] + 0.05),
            math.sqrt(get["response_rate_per_min"]),
            math.log(get["eda_level_uS"]),
        )
        ready = max(self.known[0], self.known[3]) >= k.LEARN_S
        says = 0.0
        for v, x in enumerate(seen):
            weighed = self.known[v] >= k.LEARN_S
            z = self.filter(v, x, h)
            if weighed and ready:
                says += (k.SHIFT * min(max(z, k.LOWEST), k.HIGHEST) - k.SHIFT**2 / 2) / k.ALIKE_S[v]
        aroused = 1 / (1 + math.exp(-self.odds))
        after = aroused * (1 - k.LEAVE) + (1 - aroused) * k.ENTER
        self.odds = math.log(after / (1 - after)) + says
        return 1 / (1 + math.exp(-self.odds)) if ready else math.nan

    def filter(self, v: int, x: float, h: Array) -> float:
        level, doubt = self.level[v], self.doubt[v]
        expected, reach = h @ level, h @ doubt @ h
        added = k.DOUBT * (expected - level[0])
        noise = max(k.DEVIATIONS * self.spread[v], k.SPREAD[v]) ** 2
        spread = math.sqrt(reach + noise + added**2)
        off = x - expected
        cut = min(max(off, -k.HUBER * spread), k.HUBER * spread)
        gain = doubt @ h / (reach + noise * k.ALIKE_S[v] + added**2)
        self.level[v] = level + gain * cut
        self.doubt[v] = doubt - np.outer(gain, h @ doubt) + np.eye(3) * k.DRIFT[v] ** 2 / 3600
        self.spread[v] += (abs(cut) - self.spread[v]) / (min(self.known[v], k.MEMORY_S) + k.LEARN_S)
        self.known[v] += 1.0
        return float(off / spread)


def test_the_kernel_is_the_textbooks_filter(day: type) -> None:
    scene = day(1500)
    scene.exercise(0.4, 700, 1000)
    scene.sweat(1100, 1300)
    scene.pulse(20.0, 1100, 1300)
    for name in ("stereotypy", "repetition_hz"):  # nothing that only the hand does
        scene.change(name, lambda x: 0 * np.nan_to_num(x))
    twin = Twin()
    expected = [twin.second(second) for second in scene.features[0]]
    np.testing.assert_allclose(watch(scene.features).probability[0], expected, rtol=1e-7)


def test_nothing_is_said_of_somebody_new(day: type) -> None:
    risk = watch(day(LEARNT + 60).features)
    assert (risk.abstention[0, : LEARNT - 1] == Abstention.LEARNING).all()
    assert (risk.abstention[0, LEARNT:] == Abstention.NONE).all()


def test_rest_is_low_and_sitting_still_with_sweat_and_pulse_rising_is_high(day: type) -> None:
    scene = day(3600)
    scene.sweat(2400, 2700)
    scene.pulse(20.0, 2400, 2700)
    probability = watch(scene.features).probability[0]
    assert probability[LEARNT + 60 : 2400].max() < 0.1
    assert probability[2520:2700].min() > 0.5
    assert probability[3300:].max() < 0.1


def test_the_pulse_of_exercise_is_expected_where_there_is_movement_and_alarming_where_there_is_none(day: type) -> None:
    scene = day(5400)
    for since in (1500, 3900):
        scene.exercise(0.4, since, since + 600)
    moved = watch(scene.features).probability[0]
    for name in ("motion_g", "motion_minute_g"):
        scene.change(name, lambda x: 0 * x + 0.02)
    still = watch(scene.features).probability[0]
    assert moved[3900:4500].max() < 0.2
    assert still[3900:4500].max() > 0.9


def test_a_pulse_that_exercise_does_not_explain_is_told_in_exercise_too(day: type) -> None:
    scene = day(5400)
    for since in (1500, 3900):
        scene.exercise(0.4, since, since + 600)
    usual = watch(scene.features).drivers[0, 4300:4500].sum(axis=-1)
    scene.pulse(45.0, 4200, 4500)
    told = watch(scene.features).drivers[0, 4300:4500].sum(axis=-1)
    assert (told > usual + 0.5).all()
    assert told.max() > usual.max() + 1.5


def test_an_episode_does_not_become_usual(day: type) -> None:
    scene = day(6000)
    for since in (2000, 4500):
        scene.sweat(since, since + 600)
        scene.pulse(25.0, since, since + 600)
    probability = watch(scene.features).probability[0]
    assert probability[2500:2600].min() > 0.5
    assert probability[5000:5100].min() > 0.5


@pytest.mark.parametrize("lost", ["heart_rate_bpm", "eda_level_uS"])
def test_sweat_or_pulse_alone_is_judged(day: type, lost: str) -> None:
    scene = day(2400)
    scene.change(lost, lambda x: x * np.nan)
    risk = watch(scene.features)
    assert (risk.abstention[0, LEARNT:] == Abstention.NONE).all()
    gone = DRIVERS.index("pulse" if lost == "heart_rate_bpm" else "sweat_level")
    assert not risk.drivers[0, LEARNT:, gone].any()


def test_a_band_that_is_off_is_said_to_be_off(day: type) -> None:
    scene = day(1200)
    scene.change("worn", lambda x: 0 * x, 900, 1000)
    assert (watch(scene.features).abstention[0, 900:1000] == Abstention.NOT_WORN).all()
