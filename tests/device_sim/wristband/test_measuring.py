"""A Polar band and a strap without their radio: what they make of seconds."""

import numpy as np
import pytest

from device_sim.wristband.polar import ACC_HZ, OFFERED, PPG_HZ, Measuring
from device_sim.wristband.seconds import Second
from device_sim.wristband.strap import Pulse
from ingest.gatt.polar import (
    Frame,
    Kind,
    Op,
    Request,
    Response,
    Setting,
    Settings,
    Status,
    acceleration,
    ppg,
    ppi,
)
from ingest.wire import Packet

PACKET = Packet(v=1, band="b", boot=0, seq=0, tick_us=1_000_000)


def second(at: int = 0, *, beats: tuple[float, ...] = (0.8,), worn: bool = True) -> Second:
    times = at + np.arange(32) / 32
    motion = np.stack([np.sin(times), np.cos(times), 1 + 0 * times])
    return Second(PACKET, worn, beats, motion, 30 * np.sin(2 * np.pi * (at + np.arange(64) / 64)))


def start(measuring: Measuring, kind: Kind, settings: Settings | None = None) -> Response:
    chosen = OFFERED[kind] if settings is None else settings
    return Response.from_bytes(measuring.ask(bytes(Request(Op.START, kind, chosen))))


@pytest.mark.parametrize("mtu", [100, 247, 517])
def test_motion_comes_at_its_rate_without_a_seam_whatever_the_mtu(mtu: int) -> None:
    measuring = Measuring(clock_ns=10**18)
    answer = start(measuring, Kind.ACCELERATION)
    (bits,) = answer.settings[Setting.FACTOR]
    factor = float(np.uint32(bits).view(np.float32))
    times, values = [], []
    for at in range(4):
        frames = [Frame.from_bytes(data) for data in measuring.push(second(at), mtu=mtu)]
        assert all(len(bytes(frame)) <= mtu - 3 for frame in frames)
        for frame in frames:
            counts = acceleration(frame)
            last_s = (frame.last_ns - 10**18) / 1e9
            times += [last_s - (len(counts) - 1 - i) / ACC_HZ for i in range(len(counts))]
            values += (counts * factor).tolist()
    assert len(times) == 4 * ACC_HZ
    assert np.allclose(np.diff(times), 1 / ACC_HZ, atol=1e-6)
    assert np.allclose(np.array(values)[1:, 0], np.sin(times[1:]), atol=0.002)


def test_light_comes_at_its_rate_with_the_room_beside_it() -> None:
    measuring = Measuring()
    start(measuring, Kind.PPG)
    counts = np.concatenate([ppg(Frame.from_bytes(data)) for data in measuring.push(second(), mtu=247)])
    assert counts.shape == (PPG_HZ, 4)
    assert np.ptp(counts[:, 0] - counts[:, 3]) > 1000


def test_intervals_are_told_undated_as_the_band_does() -> None:
    measuring = Measuring()
    start(measuring, Kind.PPI)
    (data,) = measuring.push(second(beats=(0.8, 0.75)), mtu=247)
    frame = Frame.from_bytes(data)
    assert frame.last_ns == 0
    assert [told.interval_ms for told in ppi(frame)] == [800, 750]
    assert measuring.push(second(beats=()), mtu=247) == []


def test_nothing_is_told_that_was_not_started_or_was_stopped() -> None:
    measuring = Measuring()
    assert measuring.push(second(), mtu=247) == []
    start(measuring, Kind.PPG)
    measuring.ask(bytes(Request(Op.STOP, Kind.PPG, {})))
    assert measuring.push(second(), mtu=247) == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (bytes(Request(Op.SETTINGS, Kind.ECG, {})), Status.NOT_SUPPORTED),
        (bytes(Request(9, Kind.PPG, {})), Status.UNKNOWN_OP),
        (bytes(Request(Op.START, Kind.PPG, {Setting.RATE: (1000,)})), Status.WRONG_RATE),
        (bytes(Request(Op.START, Kind.ACCELERATION, {Setting.RANGE: (16,)})), Status.WRONG_RANGE),
        (bytes(Request(Op.START, Kind.PPG, {Setting.RANGE: (16,)})), Status.WRONG_RANGE),
        (b"\x02", Status.WRONG_LENGTH),
        (b"", Status.WRONG_LENGTH),
        (b"\x02\x01\x00\x01\x34", Status.WRONG_LENGTH),
    ],
)
def test_requests_that_cannot_be_are_refused_with_their_reason(asked: bytes, status: Status) -> None:
    measuring = Measuring()
    assert Response.from_bytes(measuring.ask(asked)).status == status
    assert not measuring.running


def test_a_measurement_that_runs_is_not_started_twice_and_says_what_it_offers() -> None:
    measuring = Measuring()
    offered = Response.from_bytes(measuring.ask(bytes(Request(Op.SETTINGS, Kind.PPG, {}))))
    assert offered.settings == OFFERED[Kind.PPG]
    assert start(measuring, Kind.PPG).status == Status.SUCCESS
    assert start(measuring, Kind.PPG).status == Status.ALREADY


def test_a_strap_tells_every_beat_and_no_pulse_where_it_is_not_worn() -> None:
    pulse = Pulse(tells_contact=True)
    said = pulse.push(second(beats=(0.75, 0.8)))
    assert (said.intervals, said.bpm, said.contact) == ((768, 819), 77, True)
    said = pulse.push(second(beats=(), worn=False))
    assert (said.intervals, said.bpm, said.contact) == ((), 0, False)
    assert Pulse(tells_contact=False).push(second()).contact is None
