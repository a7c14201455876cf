"""What the first seconds of a band say of its fit: never fine where it is off, and unknown where it is unknown."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pairing.fit import LONGEST_S, SHORTEST_S, WORDS, Mend, check, check_tick, judge
from ingest.received import Received
from ingest.types import CHANNELS, Array, Tick
from signals.engine import Engine
from signals.features import NAMES, column
from tests.console.pairing.bands import packet_of, shaken


def seen(**values: float) -> Array:
    """15 s of features, all unknown but these."""
    x = np.full((15, len(NAMES)), np.nan)
    for name, value in values.items():
        x[:, column(name)] = value
    return x


WELL = {
    "worn": 1.0,
    "eda_level_uS": 0.5,
    "eda_contact": 1.0,
    "temperature_C": 32.0,
    "motion_g": 0.01,
    "ppg_quality": 0.9,
    "beat_coverage": 0.8,
}
PULSELESS = {**WELL, "ppg_quality": 0.0, "beat_coverage": 0.0}


@pytest.mark.parametrize(
    ("features", "mend"),
    [
        (WELL, Mend.FINE),
        ({**WELL, "motion_g": 0.4}, Mend.FINE),
        ({**WELL, "eda_level_uS": 0.01}, Mend.DRY),
        ({**WELL, "eda_contact": 0.6}, Mend.TOO_LOOSE),
        (PULSELESS, Mend.NO_PULSE),
        ({**PULSELESS, "temperature_C": 25.0}, Mend.COLD_SKIN),
        ({**PULSELESS, "eda_level_uS": 0.01}, Mend.TOO_LOOSE),
        ({**PULSELESS, "eda_contact": 0.6}, Mend.TOO_LOOSE),
        ({**PULSELESS, "motion_g": 0.4}, Mend.MOVING),
        ({**PULSELESS, "worn": 0.0}, Mend.NOT_ON_SKIN),
        ({**PULSELESS, "worn": np.nan}, Mend.CANNOT_TELL),
        ({}, Mend.CANNOT_TELL),
    ],
)
def test_each_fault_has_its_mend(features: dict[str, float], mend: Mend) -> None:
    assert judge(seen(**features))[0] is mend
    assert WORDS[mend]


UNKNOWN = st.just(float("nan"))
VALUES = st.fixed_dictionaries(
    {"worn": st.sampled_from([0.0, 1.0, float("nan")])},
    optional={name: UNKNOWN | st.floats(0.0, 40.0) for name in sorted(WELL) if name != "worn"},
)


@given(values=VALUES)
def test_fine_is_said_only_of_a_band_that_is_on_or_has_a_pulse(values: dict[str, float]) -> None:
    mend, _ = judge(seen(**values))
    if mend is Mend.FINE:
        assert values["worn"] == 1.0 or values.get("ppg_quality", 0) >= 0.4 or values.get("beat_coverage", 0) >= 0.25


def received(seconds: int, *, on: bool = True, moving: bool = False) -> list[Received]:
    packets = [
        packet_of("b", i, shaken(i, lambda _: True) if moving else None, on=on) for i in range(100, 100 + seconds)
    ]
    return [Received(packet, 1e6, 1e6 + packet.tick_us * 1e-6, b"") for packet in packets]


def test_a_simulated_wrist_fits_within_15_s_and_an_empty_band_does_not() -> None:
    assert check(received(15)).mend is Mend.FINE
    assert check(received(15, on=False)).mend is not Mend.FINE
    assert check(received(15, moving=True)).mend in (Mend.MOVING, Mend.FINE)


def test_too_few_seconds_are_said_to_be_too_few() -> None:
    for seconds in (1, SHORTEST_S - 2):
        fit = check(received(seconds))
        assert fit.mend in (Mend.CANNOT_TELL, Mend.MOVING)  # an arm that moves is seen to move at once
        assert not fit.final
    assert check(received(LONGEST_S + 20)).seconds == LONGEST_S


def test_a_band_that_is_not_heard_is_told_from_one_of_which_too_little_is_known() -> None:
    fit = check([])
    assert (fit.mend, fit.final, fit.heard) == (Mend.NOTHING_ARRIVES, False, False)
    assert fit.words == "Nothing of it has arrived yet.", "the first reading takes a second"
    assert check(received(1)).heard


def windows(tick: Tick, worn: Array, state: float) -> list[int]:
    """Starts of stretches that are so throughout, a minute apart."""
    return [at for at in range(60, tick.seconds - 45, 60) if (worn[at - 30 : at + 45] == state).all()]


def cut(tick: Tick, at: int) -> Tick:
    parts = {
        name: getattr(tick, name)[..., at * channel.grid_hz : (at + LONGEST_S) * channel.grid_hz]
        for name, channel in CHANNELS.items()
    }
    return Tick(start_s=tick.start_s + at, **parts)


def test_on_a_real_day_a_band_in_a_bag_is_never_fine_and_one_that_is_worn_never_off(shared_data: Path) -> None:
    from forecalm.features import session

    tick = session(shared_data / "exam_stress" / "S04_Midterm1.zip")
    worn = Engine(rows=1).push(tick).features[0, :, column("worn")]
    off = [check_tick(cut(tick, at)).mend for at in windows(tick, worn, 0.0)[:40]]
    on = [check_tick(cut(tick, at)).mend for at in windows(tick, worn, 1.0)[:40]]
    assert len(off) >= 20
    assert len(on) >= 20
    assert Mend.FINE not in off
    assert off.count(Mend.NOT_ON_SKIN) >= 0.9 * len(off)
    assert Mend.NOT_ON_SKIN not in on
