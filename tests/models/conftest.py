"""Invented wearers for detectors: features a second, as the engine would say them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from signals.features import NAMES, column
from signals.heart.explained import Explained
from signals.motion.exertion import exertion

Array = NDArray[np.float64]
REST = {
    "eda_level_uS": 2.0,
    "eda_slope_uS_per_min": 0.0,
    "eda_driver_uS": 0.05,
    "response_rate_per_min": 3.0,
    "response_sum_uS": 0.3,
    "heart_rate_bpm": 75.0,
    "beat_coverage": 1.0,
    "temperature_C": 33.0,
    "temperature_slope_C_per_min": 0.0,
    "motion_g": 0.02,
    "motion_minute_g": 0.02,
    "worn": 1.0,
    "eda_valid": 1.0,
    "ppg_quality": 1.0,
}


class Day:
    """n seconds of one wearer at rest, with the small wanderings of a real one; ``change`` makes something of them.

    What ``REST`` does not name is unknown.
    """

    def __init__(self, n: int, *, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.features = np.tile([REST.get(name, np.nan) for name in NAMES], (1, n, 1))
        t = np.arange(n) + rng.uniform(0, 300)
        self.change("heart_rate_bpm", lambda x: x + 3 * np.sin(t / 25) + rng.normal(0, 1, n))
        self.change("eda_level_uS", lambda x: x * np.exp(0.05 * np.sin(t / 130) + rng.normal(0, 0.01, n)))
        self.change("eda_driver_uS", lambda x: x * rng.uniform(0.5, 1.5, n))
        self.change("response_rate_per_min", lambda x: x + 2 * np.sin(t / 60))
        self.change("temperature_slope_C_per_min", lambda x: x + 0.02 * np.sin(t / 90))

    def change(self, name: str, to: Callable[[Array], Array | float], since: int = 0, until: int | None = None) -> None:
        values = self.features[0, since:until, column(name)]
        values[:] = to(values.copy())
        if name in ("heart_rate_bpm", "motion_g", "stereotypy", "repetition_hz"):
            self._explain()

    def _explain(self) -> None:
        """Say what movement explains of the pulse, as the engine would."""
        x = {name: self.features[:, :, column(name)] for name in NAMES}
        moved = exertion(x["motion_g"], x["stereotypy"], x["repetition_hz"])
        said = Explained(rows=1).push(x["heart_rate_bpm"], moved)
        x["heart_rate_expected_bpm"][:], x["heart_rate_unexplained_bpm"][:] = said

    def sweat(self, since: int, until: int) -> None:
        """Sweat as an anxious minute brings it: the drive at once, the counts within their minute."""
        self.change("eda_driver_uS", lambda x: 5 * x, since, until)
        self.change("eda_level_uS", lambda x: x * (1 + 0.6 * np.minimum(np.arange(x.size) / 60, 1)), since, until)
        self.change("response_rate_per_min", lambda x: x + 8 * np.minimum(np.arange(x.size) / 60, 1), since, until)
        self.change("response_sum_uS", lambda x: x + 2 * np.minimum(np.arange(x.size) / 60, 1), since, until)

    def pulse(self, by_bpm: float, since: int, until: int) -> None:
        self.change("heart_rate_bpm", lambda x: x + by_bpm * np.minimum(np.arange(x.size) / 15, 1), since, until)

    def flap(self, hz: float, since: int, until: int) -> None:
        """Hands that flap, or arms that swing, as hard as in running."""
        for name, value in (("motion_g", 0.5), ("stereotypy", 1.0), ("repetition_hz", hz)):
            self.change(name, lambda x, value=value: 0 * np.nan_to_num(x) + value, since, until)

    def exercise(self, g: float, since: int, until: int) -> None:
        """Movement, and the pulse and sweat that follow it, up within a minute or two and down again over minutes."""
        self.change("motion_g", lambda x: 0 * x + g, since, until)
        n = self.features.shape[1]
        minute = np.convolve(self.features[0, :, column("motion_g")], np.ones(60) / 60)[:n]
        self.change("motion_minute_g", lambda x: np.maximum(minute, x))
        drive = np.zeros(n)
        drive[since:until] = 1
        for name, most, tau in (("heart_rate_bpm", 30, 50), ("eda_driver_uS", 0.2, 60), ("eda_level_uS", 2, 150)):
            up = np.zeros(n)
            for i in range(1, n):
                up[i] = up[i - 1] + (drive[i] - up[i - 1]) / tau
            self.change(name, lambda x, up=up, most=most: x + most * up)


@pytest.fixture(scope="session")
def day() -> type[Day]:
    """The class of invented days."""
    return Day
