"""Faults over a real broker: what was given to gateways arrives, whatever the wire does; the rest is in the account."""

import math
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from device_sim.faults.fault import parse_fault
from device_sim.mqtt import GATEWAYS, Sent
from ingest.wire import Packet
from tests.device_sim.test_mqtt import SHORT, Service, broker_at, published
from tests.servers import free_port

BAD_WIRE = (
    "loss where=wire share=0.3",
    "duplicates share=0.3",
    "reordering share=0.3 delay_s=0.2",
    "broker_restart start_s=8",
)
BAD_BANDS = (
    "loss share=0.2 bands=band-01",
    "reboot start_s=6 hold_s=2 bands=band-02",
    "away start_s=3 hold_s=5 bands=band-03",
    "two_gateways turn_s=3",
    "doubled start_s=2 hold_s=5",
    "dst start_s=10",
)


def names_of(made: list[Packet]) -> set[tuple[str, int, int]]:
    return {(packet.band, packet.boot, packet.seq) for packet in made}


def account_of(sent: Sent, made: list[Packet], *, seconds: int) -> None:
    """The account says what was made of every packet."""
    assert sent.packets == len(made) == len(names_of(made))
    for band in sent.bands:
        mine = [packet.seq for packet in made if (packet.band, packet.boot) == (band.band, band.boot)]
        assert (band.packets, band.first_seq, band.last_seq) == (len(mine), min(mine), max(mine))
    off = 2  # band-02, while it restarted
    assert sum(band.packets + band.lost + band.in_band for band in sent.bands) == 3 * seconds - off
    assert sent.seconds == seconds


@pytest.mark.parametrize("speed", [20.0, math.inf])
def test_what_gateways_heard_arrives_over_a_bad_wire(
    mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    monkeypatch.setattr("ingest.sending.boots.PATIENCE_S", 0.3)
    scenario = replace(SHORT, faults=tuple(parse_fault(text) for text in (*BAD_WIRE, *BAD_BANDS)))
    port, made = free_port(), list[Packet]()
    with broker_at(mosquitto, tmp_path, port), Service(port, stores=True) as service:
        sent = published(port, scenario, speed=speed, seconds=16, made=made.append)
        service.wait_for(lambda: len(service.packets) >= sent.packets)
        assert set(service.packets) == names_of(made)
    account_of(sent, made, seconds=16)
    assert (sent.unstored, sent.let_go) == (0, 0)
    assert sent.resent > 0
    assert len({band.boot for band in sent.bands if band.band == "band-02"}) == 2
    assert {packet.gateway for packet in service.packets.values()} == set(GATEWAYS)


def test_a_run_ends_when_it_is_told_to_while_the_broker_is_away(mosquitto: str, tmp_path: Path) -> None:
    scenario = replace(SHORT, faults=(parse_fault("broker_restart start_s=1 hold_s=1000"),))
    port, stop, made = free_port(), threading.Event(), list[Packet]()

    def count(packet: Packet) -> None:
        made.append(packet)
        if len(made) == 15:
            stop.set()

    with broker_at(mosquitto, tmp_path, port):
        sent = published(port, scenario, speed=20.0, seconds=None, stop=stop, made=count)
    assert sent.packets >= 15
