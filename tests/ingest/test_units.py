"""Units as people write them become ours; what is none of a channel is said to be none."""

import pytest

from ingest.types import CHANNELS
from ingest.units import UNITS, into_ours


@pytest.mark.parametrize(
    ("channel", "unit", "value", "ours"),
    [
        ("eda", "µS", 3.0, 3.0),
        ("eda", "nanoSiemens", 500.0, 0.5),
        ("motion", "m / s²", 9.80665, 1.0),
        ("motion", "g/64", 64.0, 1.0),
        ("temperature", "°C", 33.5, 33.5),
        ("temperature", "K", 306.65, 33.5),
        ("ibi", "ms", 800.0, 0.8),
        ("ppg", "counts", 7.0, 7.0),
    ],
)
def test_a_value_in_a_unit_is_so_much_in_ours(channel: str, unit: str, value: float, ours: float) -> None:
    found = into_ours(channel, unit)
    assert found is not None
    scale, offset = found
    assert value * scale + offset == pytest.approx(ours)


@pytest.mark.parametrize(("channel", "unit"), [("eda", "degC"), ("eda", "kOhm"), ("temperature", "F"), ("motion", "")])
def test_a_unit_of_something_else_is_none(channel: str, unit: str) -> None:
    assert into_ours(channel, unit) is None


def test_every_channel_has_units_but_ppg() -> None:
    assert set(UNITS) == set(CHANNELS) - {"ppg"}
