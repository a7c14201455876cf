"""Every other kind of band over the virtual radio through a whole gateway: what it sensed is what its packets say."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import numpy as np
import pytest

pytest.importorskip("bumble", reason="the extra radio is not installed")

from device_sim.radio.air import Air
from device_sim.radio.server import serve
from device_sim.wristband.infinitime import PER_SECOND, InfiniTimeWatch
from device_sim.wristband.polar import ACC_HZ, G_PER_COUNT, PPG_HZ, PolarSense
from device_sim.wristband.seconds import Second
from device_sim.wristband.strap import Strap
from ingest.ble.about import band_of_address
from ingest.types import Array
from ingest.wire import Packet, check
from tests.ingest.ble.radio_bench import LONG_S, RadioGateway, until

RNG_SEED: Final = 4
ENOUGH: Final = 4  # packets of each band
KINDS: Final = ("heart-rate", "polar", "infinitime")


def second(at: int) -> Second:
    """Movement and light, and beats, that no other second has."""
    rng = np.random.default_rng([RNG_SEED, at])
    motion = np.array([[0.1], [0.3], [0.9]]) + 0.1 * rng.standard_normal((3, 32))
    packet = Packet(v=1, band="b", boot=0, seq=at, tick_us=1_000_000 * (at + 1), battery=66)
    return Second(packet, True, tuple(rng.uniform(0.5, 1.1, 1 + at % 2)), motion, 100 * rng.standard_normal(64))


def came(packets: list[Packet], channel: str) -> Array:
    """All samples of a channel (n, axes), in the order of their packets."""
    found = [check(packet) for packet in packets]
    return np.concatenate([np.atleast_2d(one[channel]).T for one in found if channel in one])


def drawn(sensed: Array, before_hz: int, after_hz: int) -> Array:
    """Samples (n, axes) of whole seconds at ``before_hz`` as drawn at ``after_hz``, the last of each second kept."""
    n = len(sensed) // before_hz
    ends = np.arange(1, n + 1) - 1 / before_hz
    at = (ends[:, None] - np.arange(after_hz - 1, -1, -1) / after_hz).ravel()
    have = np.arange(len(sensed)) / before_hz
    return np.stack([np.interp(at, have, axis) for axis in sensed.T], axis=1)


def misses(part: Array, whole: Array) -> float:
    """By how much ``part`` misses the run of ``whole`` that it is most like."""
    assert len(part) <= len(whole)
    return min(float(np.abs(part - whole[at : at + len(part)]).max()) for at in range(len(whole) - len(part) + 1))


def test_what_a_strap_a_polar_and_an_infinitime_sense_arrives_as_it_was_sensed_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.ble.packing.LAG_MAX_US", 60_000_000)  # this computer may stand still for some seconds
    made: list[Second] = []
    told: dict[str, list[Packet]] = {}

    async def story() -> None:
        bands: list[Strap | PolarSense | InfiniTimeWatch] = [Strap("s"), PolarSense("p"), InfiniTimeWatch("i")]
        names = [band_of_address(kind, band.address) or "" for kind, band in zip(KINDS, bands, strict=True)]
        async with AsyncExitStack() as stack:
            air = Air(seed=1)
            server = await stack.enter_async_context(await serve(air, port=0))
            door = f"tcp-client:127.0.0.1:{server.sockets[0].getsockname()[1]}"
            one = await stack.enter_async_context(RadioGateway(tmp_path, [door], roster=names))
            await until(lambda: len(air.hosts()) == 1)
            (host,) = air.hosts()
            for kind, band in zip(KINDS, bands, strict=True):
                await band.start(air.transport(kind))
                stack.push_async_callback(band.stop)
                air.set_rssi(host, kind, -50.0)
            one.pair(names, 120.0)
            while any(sum(packet.band == name for packet in one.outbox.packets) < ENOUGH for name in names):
                made.append(second(len(made)))
                for band in bands:
                    band.sense(made[-1])
                await asyncio.sleep(1.0)  # and never sooner: two seconds told in one are no seconds of such a band
        told.update(
            {
                kind: [packet for packet in one.outbox.packets if packet.band == name]
                for kind, name in zip(KINDS, names, strict=True)
            }
        )

    asyncio.run(asyncio.wait_for(story(), 4 * LONG_S))
    for packets in told.values():
        assert [packet.seq for packet in packets] == list(range(packets[0].seq, packets[0].seq + len(packets)))

    beats = [round(s * 1024) for p in told["heart-rate"] if p.ibi is not None for s in p.ibi.interval_s]
    sensed = [round(beat * 1024) for one in made for beat in one.beats]
    assert len(beats) >= ENOUGH
    assert beats in [sensed[at : at + len(beats)] for at in range(len(sensed))]
    assert {packet.contact for packet in told["heart-rate"]} == {True}

    motion = np.concatenate([one.motion.T for one in made])
    assert misses(came(told["polar"], "motion"), drawn(motion, 32, ACC_HZ)) <= G_PER_COUNT
    light, sent = drawn(np.concatenate([one.ppg for one in made])[:, None], 64, PPG_HZ), came(told["polar"], "ppg")
    likeness = [
        np.corrcoef(sent[:, 0], light[at : at + len(sent), 0])[0, 1] for at in range(len(light) - len(sent) + 1)
    ]
    assert max(likeness) > 0.999
    _, *rates = (packet.motion.rate_hz for packet in told["polar"] if packet.motion is not None)
    assert rates
    assert all(50 < rate < 54 for rate in rates), rates

    assert misses(came(told["infinitime"], "motion"), motion[:: 32 // PER_SECOND]) <= 1 / 1024
    assert {packet.contact for packet in told["infinitime"]} == {None}
