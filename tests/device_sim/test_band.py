"""Bands: what a body did, quantised, numbered and timed, in packets that the wire accepts."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.band import STEPS, Band, quantise
from device_sim.errors import ScenarioError
from device_sim.past import past_packets
from device_sim.scenario import Scenario, load
from device_sim.ward import Stretch, Ward
from ingest.assemble import whole
from ingest.received import Received
from ingest.types import CHANNELS
from ingest.wire import Packet, decode, encode, values
from signals.engine import Engine
from signals.features import column

SHORT = Scenario(name="short", title="", past_s=30, wearers=3, parts=load("quiet").parts)


@cache
def short() -> list[list[Packet]]:
    return past_packets(SHORT, seed=1)


def row_of(stretch: Stretch, row: int) -> bytes:
    return b"".join(encode(packet) for packet in stretch.packets[row])


def test_packets_survive_the_wire() -> None:
    for packet in short()[0]:
        assert decode(encode(packet)) == packet


def test_numbers_and_ticks_go_on_without_a_gap() -> None:
    for packets in short():
        assert [packet.seq for packet in packets] == list(range(30))
        assert set(np.diff([packet.tick_us for packet in packets])) == {1_000_000}
        for packet in packets:
            assert {samples.tick_us for samples in packet.samples().values()} == {packet.tick_us - 1_000_000}


def test_a_packet_holds_one_second_of_every_even_channel() -> None:
    for name, samples in short()[0][0].samples().items():
        assert samples.rate_hz == CHANNELS[name].grid_hz
        assert values(name, samples).shape[-1] == CHANNELS[name].grid_hz
    assert list(short()[0][0].samples()) == ["eda", "temperature", "ppg", "motion"]


def test_what_a_packet_says_is_what_the_body_did_within_half_a_step() -> None:
    ward = Ward(SHORT, seed=1)
    stretch = ward.push(3)
    for name in STEPS:
        told = np.concatenate([values(name, packet.samples()[name]) for packet in stretch.packets[1]], axis=-1)
        np.testing.assert_allclose(told, getattr(stretch.samples, name)[1], atol=STEPS[name] / 2 + 1e-9)


@given(st.sampled_from(sorted(STEPS)), st.floats(-1e6, 1e6))
def test_a_sensor_saturates_and_never_wraps(channel: str, value: float) -> None:
    count = int(quantise(channel, np.array([value]))[0])
    assert count * value >= 0
    assert abs(count) * STEPS[channel] <= abs(value) + STEPS[channel]
    assert count != -32768


def test_the_past_and_what_follows_are_one_recording() -> None:
    ward = Ward(SHORT, seed=1)
    assert ward.past() == short()
    following = ward.push(2).packets
    for before, after in zip(short(), following, strict=True):
        assert after[0].seq == before[-1].seq + 1
        assert after[0].tick_us == before[-1].tick_us + 1_000_000
        assert after[0].boot == before[-1].boot


def test_skipping_the_past_changes_nothing_that_follows() -> None:
    through, over = Ward(SHORT, seed=1), Ward(SHORT, seed=1)
    through.past()
    over.skip(30)
    one, other = through.push(2), over.push(2)
    assert [row_of(one, row) for row in range(3)] == [row_of(other, row) for row in range(3)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, again = Ward(SHORT, seed=7).push(5), Ward(SHORT, seed=7).push(5)
    assert [row_of(one, row) for row in range(3)] == [row_of(again, row) for row in range(3)]


def test_more_wearers_change_nobody() -> None:
    few, many = Ward(SHORT, wearers=1, seed=7).push(2), Ward(SHORT, wearers=4, seed=7).push(2)
    assert row_of(few, 0) == row_of(many, 0)


def test_bands_have_clocks_and_moments_of_their_own() -> None:
    ward = Ward(SHORT, wearers=6, seed=1)
    moments = [band.due_s(0) % 1 for band in ward.bands]
    assert len({round(moment, 3) for moment in moments}) == 6
    assert len({packets[0].tick_us for packets in ward.push(1).packets}) == 6


def test_a_fast_clock_ends_its_second_early() -> None:
    assert Band("b", boot=1, drift_ppm=20).due_s(999_999) == pytest.approx(1_000_000 - 20, abs=0.01)


def test_a_new_life_has_another_boot_and_the_same_body() -> None:
    old, new = Ward(SHORT, seed=1).push(1).packets[0][0], Ward(SHORT, seed=1, boot=42).push(1).packets[0][0]
    assert new.boot == 42
    assert old.boot != 42
    assert old.ppg == new.ppg


def test_batteries_fall_and_end_at_nothing() -> None:
    ward = Ward(SHORT, wearers=1, seed=1)
    first = ward.push(1).packets[0][0].battery
    ward.bands[0].skip(2 * 3600)
    later = ward.push(1).packets[0][0].battery
    ward.bands[0].skip(100 * 3600)
    assert first is not None
    assert later is not None
    assert 4 <= first - later <= 6
    assert ward.push(1).packets[0][0].battery == 0


def test_only_bands_that_can_tell_report_contact() -> None:
    ward = Ward(load("first_light"), seed=1)
    ward.skip(1800 + 119)
    before, after = ward.push(1).packets, ward.push(1).packets
    assert [row[0].contact for row in before] == [None, True, None, True, None, True]
    assert [row[0].contact for row in after] == [None, True, None, False, None, True]


def test_contact_arrives_on_the_grid_as_it_was_and_the_engine_hears_it() -> None:
    ward = Ward(load("first_light"), seed=1)
    ward.skip(1800)
    stretch, row = ward.push(180), 3
    sent = stretch.packets[row]
    tick = whole([Received(packet, -sent[0].tick_us * 1e-6, 0.0, b"") for packet in sent])
    worn = stretch.samples.drive.worn[row]
    assert 60 < worn.argmin() < 175
    np.testing.assert_array_equal(tick.contact[0], worn)
    said = Engine(rows=1).push(tick).features[0, :, column("worn")]
    off, silent_on_it = worn.argmin(), replace(tick, contact=None)
    assert said[off + 2] == 0
    assert said[off - 1] == 1
    assert Engine(rows=1).push(silent_on_it).features[0, off + 2, column("worn")] == 1


def test_the_past_may_say_when_it_was_sent() -> None:
    ends_us = 1_767_607_200_000_000
    for packets in past_packets(SHORT, seed=1, ends_us=ends_us):
        sent = [packet.sent_us or 0 for packet in packets]
        assert ends_us <= sent[-1] < ends_us + 1_000_000
        assert all(abs(step - 1_000_000) < 1000 for step in np.diff(sent))


def test_names_are_pseudonyms_in_order() -> None:
    assert [packets[0].band for packets in short()] == ["band-01", "band-02", "band-03"]


def test_a_ward_without_wearers_is_refused() -> None:
    with pytest.raises(ScenarioError, match="wearers: must be a whole number from 1"):
        Ward(SHORT, wearers=0, seed=1)
