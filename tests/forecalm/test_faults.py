"""Whatever goes wrong: what a gateway heard is stored once, in its place; and nobody is watched by dead data."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from device_sim.faults.fault import parse_fault
from device_sim.scenario import Episode, Scenario, Wearer
from tests.forecalm.fault_house import START_S, FaultHouse, fault_house, plain, scenario_of

SECONDS = 60
NEAR_S = 0.1  # a band's clock is known so well, from the first packet on


def assert_all_there_once(house: FaultHouse, *, within_s: float = NEAR_S) -> None:
    """Everything heard is stored once, as the band made it, where it was; and the account leaves nothing out."""
    stored = house.stored()
    assert {name: len(found) for name, found in stored.items()} == dict.fromkeys(house.heard, 1)
    for name, (received,) in stored.items():
        reception = house.heard[name]
        assert plain(received.packet) == plain(reception.packet)
        off_s = received.utc_s(received.packet.tick_us) - (START_S + reception.sensed_s)
        known_s = within_s + house.hidden_s(received.packet)
        assert abs(off_s) < known_s, f"{name} lies {off_s:.3f} s off"
    never = house.playing.lost + house.playing.in_bands()
    assert len(house.made()) == len(house.heard) + sum(never.values())
    assert house.store.counts().quarantined == 0


ALONE = {
    "loss": "loss share=0.3 start_s=5 hold_s=40",
    "loss on the wire": "loss where=wire share=0.3 start_s=5 hold_s=40",
    "duplicates": "duplicates share=0.5 start_s=5 hold_s=40",
    "reordering": "reordering share=0.5 delay_s=3 start_s=5 hold_s=40",
    "doubled": "doubled start_s=5 hold_s=20",
    "flat battery": "flat_battery bands=band-02 start_s=20 hold_s=15 fall_s=15",
    "reboot with a 2019 clock": "reboot bands=band-01,band-03 start_s=10 hold_s=4 every_s=20",
    "drift": "drift ppm=500 start_s=5 hold_s=50",
    "clocks go forward": "dst by_s=3600 start_s=20",
    "clocks go back": "dst by_s=-3600 start_s=20 hold_s=20",
    "radio silent": "silent_radio start_s=10 hold_s=20",
    "two gateways": "two_gateways turn_s=7 start_s=5 hold_s=50",
    "broker restarts": "broker_restart start_s=15 hold_s=3 every_s=20",
    "late backfill": "away bands=band-01 start_s=5 hold_s=40 backfill_hz=20",
}


@pytest.mark.parametrize("fault", ALONE.values(), ids=ALONE)
def test_each_fault_alone(fault: str, tmp_path: Path) -> None:
    with fault_house(tmp_path, scenario_of(fault)) as house:
        house.play(SECONDS)
        assert_all_there_once(house)


def times(start: int, hold: int) -> st.SearchStrategy[str]:
    every = st.sampled_from(["", f" every_s={hold + 7}"])
    return st.tuples(st.integers(0, start), st.integers(1, hold), every).map(
        lambda t: f" start_s={t[0]} hold_s={t[1]}{t[2]}"
    )


SOME = st.sampled_from(["", " bands=band-01", " bands=band-02,band-03"])
STORM = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                [
                    "loss share=0.3",
                    "loss where=wire share=0.4",
                    "duplicates share=0.4",
                    "reordering share=0.4 delay_s=2",
                    "doubled",
                    "frozen",
                    "off_wrist",
                    "loose_electrode",
                    "flat_battery fall_s=10",
                    "reboot",
                    "drift ppm=200",
                    "two_gateways turn_s=5",
                    "away backfill_hz=30",
                ]
            ),
            SOME,
            times(30, 20),
        ),
        st.tuples(st.sampled_from(["silent_radio", "broker_restart"]), st.just(""), times(30, 6)),
    ).map("".join),
    min_size=2,
    max_size=6,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(faults=["silent_radio start_s=0 hold_s=1", "reordering share=0.4 delay_s=2 start_s=0 hold_s=3"])
@given(faults=STORM)
def test_any_of_them_together(faults: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    with fault_house(tmp_path_factory.mktemp("storm"), scenario_of(*faults)) as house:
        house.play(50)
        assert_all_there_once(house, within_s=0.6)  # two gateways' clocks lie 0.4 s apart


BLINDING = {
    "a stuck pulse sensor and a loose electrode": [
        "frozen start_s=30 hold_s=300",
        "loose_electrode share=1 start_s=30",
    ],
    "off the wrist": ["off_wrist start_s=30 hold_s=300"],
    "out of range": ["away start_s=30 hold_s=300"],
    "a deaf gateway that is online": ["silent_radio start_s=30 hold_s=300"],
    "a flat battery": ["flat_battery start_s=30 hold_s=300"],
}
BLIND_S = 60.0  # after so long, of a fault that begins at second 30, nobody is shown as watched any more
PLAYED_S = 90


@pytest.mark.parametrize("faults", BLINDING.values(), ids=BLINDING)
def test_nobody_is_shown_as_watched_by_data_that_is_dead(faults: list[str], tmp_path: Path) -> None:
    with fault_house(tmp_path, scenario_of(*faults, wearers=1, past_s=900), watched=True) as house:
        house.play(PLAYED_S)
        views = house.views["w-01"]
        assert any(view.sight.reason is None and view.at_s < START_S + 30 for view in views), "watched before"
        late = [view for view in views if view.at_s >= START_S + BLIND_S]
        assert late
        assert all(view.sight.reason is not None for view in late)
        assert house.alerts() == []


def test_a_heart_rate_that_is_frozen_is_not_shown_and_one_that_moves_again_is(tmp_path: Path) -> None:
    scenario = scenario_of("frozen start_s=30 hold_s=40", wearers=1, past_s=900)
    with fault_house(tmp_path, scenario, watched=True) as house:
        house.play(110)
        views = house.views["w-01"]
        shown = {round(view.at_s - START_S): view.heart_rate_bpm for view in views}
    assert shown[25] is not None
    assert all(rate is None for at_s, rate in shown.items() if BLIND_S <= at_s < 69)
    assert shown[109] is not None


def test_what_comes_out_of_a_bands_memory_raises_no_alert_and_fills_its_place(tmp_path: Path) -> None:
    """A build-up that would alert happens while the band is away; it is over when the band is back."""
    build_up = Episode(kind="anxiety", start_s=30, rise_s=40, hold_s=100, fall_s=20, strength=1.0)
    part = Wearer(responds="both", activity="still", episodes=(build_up,))
    anxious = Scenario(name="x", title="", past_s=900, wearers=1, parts=(part,))
    with fault_house(tmp_path, anxious, watched=True) as heard:
        heard.play(220)
        assert heard.alerts(), "heard as it happens it alerts"
    (tmp_path / "away").mkdir()
    away = parse_fault("away start_s=1 hold_s=190 backfill_hz=100")
    with fault_house(tmp_path / "away", replace(anxious, faults=(away,)), watched=True) as house:
        house.play(220)
        assert house.alerts() == []
        assert_all_there_once(house)
        assert len(house.heard) == 220
