"""Responses whose samples are missing here and there: told all the same, and counted once."""

import numpy as np
import pytest

from ingest.types import CHANNELS, Tick
from signals.eda.responses import Responses
from signals.engine import Engine
from signals.features import column
from signals.laws.streams import response
from signals.types import Array

SECONDS = 600
ONSETS_S = np.arange(20.0, SECONDS - 20, 15)  # four a minute
CONDUCTANCE = 2.0 + 0.3 * response(np.arange(4 * SECONDS) / 4 - ONSETS_S[:, None]).sum(axis=0)


def told(x: Array) -> tuple[Array, Array]:
    """Return the sizes told of one row, and when each response peaked."""
    found = Responses(rows=1, rate_hz=4).push(x[None])
    at = np.flatnonzero(found.amplitude_us[0] > 0)
    return found.amplitude_us[0, at], at / 4 - found.lag_s[0, at]


def of_conductance(eda: Array) -> Tick:
    """Return a tick of one row, whose band sends conductance and temperature alone."""
    channels = {name: np.full((1, SECONDS * c.grid_hz), np.nan) for name, c in CHANNELS.items() if c.axes == 1}
    channels["motion"] = np.full((1, 3, 32 * SECONDS), np.nan)
    return Tick(start_s=np.zeros(1, np.int64), **channels | {"eda": eda[None], "temperature": np.full((1, 2400), 33.0)})


def lost(kind: str) -> Array:
    """Return the conductance without what was lost."""
    x: Array = CONDUCTANCE.copy()
    rng = np.random.default_rng(5)
    match kind:
        case "every other sample":
            x[1::2] = np.nan
        case "a third of the samples":
            x[rng.random(x.size) < 0.33] = np.nan
        case "a tenth of the seconds":
            x[np.repeat(rng.random(SECONDS) < 0.1, 4)] = np.nan
    return x


@pytest.mark.parametrize("kind", ["every other sample", "a third of the samples", "a tenth of the seconds"])
def test_responses_are_told_across_short_gaps(kind: str) -> None:
    size, peak_s = told(lost(kind))
    whole_size, whole_peak_s = told(CONDUCTANCE)
    assert len(whole_size) == len(ONSETS_S)
    assert len(size) >= 0.9 * len(ONSETS_S)
    away = np.abs(peak_s[:, None] - whole_peak_s)
    assert away.min(axis=1).max() <= 1.0
    assert np.median(np.abs(size - whole_size[away.argmin(axis=1)]) / 0.3) < 0.1


@pytest.mark.parametrize("kind", ["every other sample", "a third of the samples", "a tenth of the seconds"])
def test_the_rate_of_responses_counts_each_once_however_much_of_its_second_is_missing(kind: str) -> None:
    signals = Engine(rows=1).push(of_conductance(lost(kind)))
    rate = signals.features[0, :, column("response_rate_per_min")]
    amount = signals.features[0, :, column("response_sum_uS")]
    events = np.nan_to_num(signals.responses[0]).reshape(SECONDS, 4)
    for second in range(60, SECONDS):
        minute = events[second - 59 : second + 1]
        assert (minute > 0).sum() <= rate[second] * (1 + 1e-9) <= 1.2 * (minute > 0).sum() + 1e-9
        assert minute.sum() <= amount[second] * (1 + 1e-9) <= 1.2 * minute.sum() + 1e-9
