"""Sessions small enough to be worked through by hand, and moments to ask of."""

from collections.abc import Callable

import numpy as np
import pytest

from ingest.types import CHANNELS, Tick
from models.datasets.dataset import Session
from models.datasets.rows import Recorded

Make = Callable[..., Recorded]


def tick(*, start_s: int, seconds: int, seed: int = 1) -> Tick:
    """Skin at 33 degC and 3 uS, a pulse of 70, an arm that rests and swings."""
    rng = np.random.default_rng(seed)
    t = {name: start_s + np.arange(seconds * c.grid_hz) / c.grid_hz for name, c in CHANNELS.items()}
    swing = 0.3 * np.sin(2 * np.pi * 1.7 * t["motion"]) * (t["motion"] % 200 < 60)
    return Tick(
        start_s=np.array([start_s], np.int64),
        eda=3 + 0.5 * np.sin(t["eda"] / 40)[None] + 0.01 * rng.standard_normal((1, 4 * seconds)),
        temperature=33 + 0.1 * np.sin(t["temperature"] / 90)[None] + 0.02 * rng.standard_normal((1, 4 * seconds)),
        ppg=50 * np.sin(2 * np.pi * 70 / 60 * t["ppg"])[None] + rng.standard_normal((1, 64 * seconds)),
        motion=np.array([0.1, 0.2, 0.97])[None, :, None]
        + np.array([0.5, 0.3, 0.8])[None, :, None] * swing[None, None]
        + 0.01 * rng.standard_normal((1, 3, 32 * seconds)),
        ibi=np.full((1, 64 * seconds), np.nan),
    )


@pytest.fixture(scope="session")
def make() -> Make:
    """``make(person, start_s, seconds, labels)`` records a session."""

    def one(person: str, start_s: int, seconds: int, labels: tuple[object, ...] = (), study: str = "lab") -> Recorded:
        return Recorded(
            session=Session(
                name=f"{person}-{start_s}",
                person=person,
                study=study,
                start_s=float(start_s),
                end_s=float(start_s + seconds),
            ),
            tick=tick(start_s=start_s, seconds=seconds, seed=start_s % 97 + sum(map(ord, person))),
            labels=labels,  # type: ignore[arg-type]  # labels, whatever a test gives
        )

    return one
