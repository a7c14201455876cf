"""Faults of bands on the air: they sense and keep what was planned; what a radio cannot do is refused by name."""

import asyncio
from dataclasses import replace

import pytest

from device_sim.ble import BandsOnAir
from device_sim.errors import ScenarioError
from device_sim.faults.fault import parse_fault
from device_sim.scenario import Scenario, load
from device_sim.sensed import Sensed
from device_sim.wristband.forecalm import ForecalmBand
from ingest.wire import Packet

FAST = 40.0  # simulated seconds a second


def scenario_of(*faults: str) -> Scenario:
    return replace(load("quiet"), past_s=0, faults=tuple(parse_fault(text) for text in faults))


def test_a_band_that_restarts_keeps_what_it_had_and_numbers_anew() -> None:
    made: list[Packet] = []
    sensed: list[Sensed] = []

    async def story() -> None:
        scenario = scenario_of("reboot start_s=4 hold_s=3 bands=band-01", "away start_s=2 hold_s=4", "silent_radio")
        bands = BandsOnAir(scenario, seed=1, wearers=2, speed=FAST, boot=7, made=made.append)
        await bands.start()
        await bands.play(12)
        plan = bands._ward.plan
        for row, name in enumerate(bands.bands):
            names = [of for second in range(12) if (of := plan.name(row, second)) is not None]
            assert [(packet.boot, packet.seq) for packet in made if packet.band == name] == names
            band = bands.bands[name]
            assert isinstance(band, ForecalmBand)
            assert all(band.firmware.memory.record(*of) is not None for of in names)
            assert band.firmware.boot == names[-1][0]
        sensed.append(bands.account())
        assert sensed[0].seconds == 12
        assert bands.air.hosts() == ["band-01", "band-02"]
        await bands.stop()

    asyncio.run(asyncio.wait_for(story(), 60))
    lives = {band.band: band.lives for band in sensed[0].bands}
    for name, named in lives.items():
        seqs = [[packet.seq for packet in made if (packet.band, packet.boot) == (name, life.boot)] for life in named]
        assert [(life.first_seq, life.last_seq) for life in named] == [(min(each), max(each)) for each in seqs]
        assert sum(map(len, seqs)) == sum(packet.band == name for packet in made), "no record of no life"
    assert [len(named) for named in lives.values()] == [2, 1]
    assert [(band.boot, band.first_seq, band.last_seq) for band in sensed[0].bands] == [
        (named[-1].boot, named[-1].first_seq, named[-1].last_seq) for named in lives.values()
    ]


def test_what_a_radio_cannot_do_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match=r"^--fault 'reordering': kind: reordering is for --transport mqtt, not"):
        BandsOnAir(scenario_of("reordering"), seed=1)
    bands = BandsOnAir(scenario_of("away"), seed=1, wearers=1)
    with pytest.raises(ScenarioError, match=r"^--fault 'away': kind: away needs the simulated radio"):
        asyncio.run(bands.start(["usb:0"]))
