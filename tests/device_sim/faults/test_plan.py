"""Plans of faults: functions of band and second alone, so that it does not matter how a run is cut."""

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device_sim.faults.bodies import StuckPulse
from device_sim.faults.fault import parse_fault
from device_sim.faults.plan import CLOCK_2019_US, Plan
from device_sim.faults.playing import Playing
from device_sim.physiology.body import Samples
from device_sim.scenario import Scenario, load
from device_sim.ward import Ward
from ingest.wire import Packet

BANDS = ("band-01", "band-02", "band-03")
BOOTS = (7, 8, 2**32 - 1)


def plan_of(*faults: str, past_s: int = 100) -> Plan:
    return Plan([parse_fault(one) for one in faults], seed=3, bands=BANDS, boots=BOOTS, past_s=past_s)


def scenario_of(*faults: str, wearers: int = 2) -> Scenario:
    given = tuple(parse_fault(one) for one in faults)
    return Scenario(name="x", title="", past_s=5, wearers=wearers, parts=load("quiet").parts, faults=given)


STORM = (
    "loss share=0.4 start_s=3 hold_s=50",
    "reboot start_s=11 hold_s=2 every_s=17",
    "flat_battery start_s=40 hold_s=9 fall_s=20 bands=band-02",
    "away start_s=20 hold_s=8 every_s=30 bands=band-01",
    "silent_radio start_s=26 hold_s=5",
    "drift ppm=300 start_s=5 hold_s=40",
    "two_gateways turn_s=4",
)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 200)), min_size=1, max_size=30))
def test_who_asks_first_makes_no_difference(asked: list[tuple[int, int]]) -> None:
    one, other = plan_of(*STORM), plan_of(*STORM)
    for row, second in [*asked, *reversed(asked)]:
        other.name(row, second)
        other.apart(row, second)
    for row, second in asked:
        assert one.name(row, second) == other.name(row, second)
        assert one.apart(row, second) == other.apart(row, second)
        assert one.lost(row, second) == other.lost(row, second)
        assert one.lost_before(row, second) == other.lost_before(row, second)
        assert one.shift_s(row, second) == other.shift_s(row, second)


def test_no_two_seconds_of_a_band_have_one_name_and_the_lives_have_boots_of_their_own() -> None:
    plan = plan_of(*STORM)
    for row in range(3):
        names = [name for second in range(300) if (name := plan.name(row, second)) is not None]
        assert len(set(names)) == len(names) < 300
        assert names[0] == (BOOTS[row], 100)
        assert len({boot for boot, _ in names}) == len([seq for _, seq in names if seq == 0]) + 1


def test_a_band_that_restarts_begins_with_the_clock_of_2019() -> None:
    ward = Ward(scenario_of("reboot start_s=3 hold_s=2"), seed=1)
    ward.past()
    before = ward.bands[0].boot
    playing = Playing(ward)
    heard = [one.packet for _ in range(8) for one in playing.push() if one.row == 0]
    assert [packet.seq for packet in heard] == [5, 6, 7, 0, 1, 2]
    assert [packet.boot == before for packet in heard] == [True] * 3 + [False] * 3
    first = heard[3]
    assert first.tick_us == CLOCK_2019_US + 1_000_000
    assert {samples.tick_us for samples in first.samples().values()} == {CLOCK_2019_US}


def test_a_battery_falls_before_it_is_flat_and_comes_back_charged() -> None:
    ward = Ward(scenario_of("flat_battery start_s=20 hold_s=5 fall_s=20"), seed=1)
    ward.past()
    playing = Playing(ward)
    levels = [one.packet.battery or 0 for _ in range(30) for one in playing.push() if one.row == 0]
    assert levels[:20] == sorted(levels[:20], reverse=True)
    assert levels[19] < 6
    assert levels[20] == 100


def test_what_a_band_kept_while_it_was_away_comes_at_once_and_in_order() -> None:
    ward = Ward(scenario_of("away start_s=2 hold_s=10 backfill_hz=100", wearers=1), seed=1)
    ward.past()
    playing = Playing(ward)
    heard = [one for _ in range(16) for one in playing.push()]
    late = [one for one in heard if one.due_s != one.sensed_s]
    assert [one.packet.seq for one in late] == list(range(7, 16)), "that of second 11 is complete when the band is back"
    assert all(12.0 <= one.due_s < 12.2 or one.due_s - one.sensed_s < 1 for one in late)
    assert [one.due_s for one in heard] == sorted(one.due_s for one in heard)


def test_a_band_that_is_not_back_keeps_what_it_has() -> None:
    ward = Ward(scenario_of("away start_s=2 hold_s=100", wearers=1), seed=1)
    ward.past()
    playing = Playing(ward)
    heard = [one for _ in range(10) for one in playing.push()] + playing.rest()
    assert len(heard) == 2
    assert playing.in_bands() == {(0, ward.bands[0].boot): 8}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_where_a_ward_is_cut_its_broken_sensors_say_the_same(cuts: list[int]) -> None:
    faults = ("frozen start_s=2 hold_s=5", "loose_electrode share=0.5", "off_wrist start_s=8 hold_s=3")
    scenario = dataclasses.replace(scenario_of(*faults), past_s=0)
    whole, parts = Ward(scenario, seed=1), Ward(scenario, seed=1)
    one = whole.skip(sum(cuts))
    many = [parts.skip(n) for n in cuts]
    for name in ("eda", "ppg"):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, name) for part in many], axis=1), getattr(one, name)
        )


def test_broken_sensors_are_told_as_artefacts_and_the_body_goes_on() -> None:
    sound = samples_of()
    broken = samples_of("frozen start_s=2 hold_s=3 bands=band-01", "loose_electrode share=1 start_s=4 hold_s=2")
    assert len(set(broken.ppg[0, 2 * 64 : 5 * 64].tolist())) == 1
    assert broken.artefacts.ppg[0, 2:5].all()
    assert (broken.eda[:, 16:24] == 0).all()
    assert broken.artefacts.eda[:, 4:6].all()
    np.testing.assert_array_equal(broken.ppg[1], sound.ppg[1])
    np.testing.assert_array_equal(broken.beats.value, sound.beats.value)


def samples_of(*faults: str) -> Samples:
    return Ward(dataclasses.replace(scenario_of(*faults), past_s=0), seed=1).skip(8)


def test_a_strap_that_is_stuck_says_its_last_beat_again_and_again() -> None:
    pulse = StuckPulse()
    assert pulse.feel((0.7, 0.75), frozen=False) == (0.7, 0.75)
    told = [beat for _ in range(8) for beat in pulse.feel((0.5, 0.6), frozen=True)]
    assert told == [0.75] * 10
    assert pulse.feel((0.5,), frozen=False) == (0.5,)


def test_clocks_turns_and_the_wire_are_as_planned() -> None:
    plan = plan_of(
        "two_gateways turn_s=10 apart_s=0.4 start_s=0 hold_s=60",
        "dst by_s=-3600 start_s=30",
        "broker_restart start_s=5 hold_s=2",
        "duplicates share=1 start_s=10 hold_s=5",
    )
    assert [plan.gateways(0, at_s) for at_s in (1, 11, 13, 21, 23, 61)] == [(0,), (0, 1), (1,), (0, 1), (0,), (0,)]
    assert (plan.clock_error_s(0, 10), plan.clock_error_s(1, 10), plan.clock_error_s(0, 31)) == (0, 0.4, -3600)
    assert [plan.broker_down(at_s) for at_s in (4.9, 5, 6.9, 7)] == [False, True, True, False]
    assert plan.restarts(4, 6)
    assert not plan.restarts(6, 9)
    assert plan.carried(0, 7, 1, 1, 12.0).copies == 2
    assert plan.carried(0, 7, 1, 1, 9.0).copies == 1


def test_a_publication_that_was_swallowed_comes_through_when_it_is_sent_again() -> None:
    plan = plan_of("loss where=wire share=0.5")
    tries = [[plan.carried(0, 7, seq, attempt, 1.0).swallowed for attempt in range(1, 12)] for seq in range(50)]
    assert 10 < sum(first for first, *_ in tries) < 40
    assert all(not all(one) for one in tries)


def test_without_faults_packets_are_those_of_the_ward() -> None:
    one, other = Ward(scenario_of(), seed=1), Ward(scenario_of(), seed=1)
    one.past(), other.past()
    playing = Playing(one)
    heard: list[Packet] = [r.packet for _ in range(5) for r in [*playing.push()] if r.row == 1]
    heard += [r.packet for r in playing.rest() if r.row == 1]
    assert heard == other.push(5).packets[1]
