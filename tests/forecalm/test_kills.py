"""Kill -9 at random moments under load, a wiped broker, a full disk, a locked file: every reading is stored once.

The long form is ``python -m benchmarks.kills``.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks import kills
from benchmarks.kill_compare import compare
from benchmarks.kill_house import House
from device_sim.scenario import Scenario, load
from device_sim.ward import Ward
from forecalm.installation import Installation
from ingest.received import Received
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, encode

pytestmark = pytest.mark.long

WEARERS = 40
PAUSE_S = (0.2, 1.2)
BUSY_S = 1.0  # how long the store waits for a locked file here
LOCKED_S = 2.5
FULL_S = 2.0
LATE_S = 0.5  # what waited at the edge would be seconds off


@pytest.fixture
def house(mosquitto: str, tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, mosquitto=mosquitto, wearers=WEARERS, seed=7) as made:
        yield made


def test_whichever_process_is_killed_every_reading_is_stored_once(house: House) -> None:
    faults = (kills.service_killed, kills.broker_killed, kills.broker_wiped, kills.both_killed)
    found = kills.play(house, seconds=24.0, speed=4.0, faults=faults, say=print, pause_s=PAUSE_S, serving=0.0)
    assert found.wrong == []
    assert (found.packets, found.lost) == (24 * WEARERS, 0)
    assert found.samples == found.packets * (4 + 4 + 64 + 32)
    assert min(house.starts["service"], house.starts["broker"]) >= 2, "each was killed"


def hidden_s(house: House) -> float:
    """How long the first message of a band lay on the wire at most: nobody can know it who had heard none before, so
    that a band's times are late by so much where a loaded machine hands over late."""
    with closing(Installation(house.config).open_store()) as store:
        firsts = [min(store.packets(band), key=lambda each: each.packet.seq) for band in store.counts().packets]
    return max(each.received_s - (each.packet.sent_us or 0) * 1e-6 for each in firsts)


def test_a_locked_file_and_a_full_disk_lose_nothing(house: House) -> None:
    house.busy_s = BUSY_S
    kills.begin(house, seconds=6.0, speed=1.0)
    house.wait_until_all_are_heard()
    with house.locked():
        time.sleep(LOCKED_S)
    with house.full():
        with house.locked():  # a commit that was nearly done has ended
            _, before = house.stored()
        time.sleep(FULL_S)
        assert house.stored() == (WEARERS, before), "nothing could be written"
    found = house.finish()
    assert found.wrong == []
    assert found.packets == 6 * WEARERS
    assert found.late_s < LATE_S + hidden_s(house), "what had to wait is not taken for new"
    assert house.starts["service"] == 1, "the service lived through it"


@pytest.fixture(scope="module")
def sent() -> list[Packet]:
    """Four seconds of one band."""
    scenario = Scenario(name="load", title="", past_s=0, wearers=1, parts=load("quiet").parts)
    return Ward(scenario, wearers=1, seed=1).push(4).packets[0]


def differences(sent: list[Packet], stored: list[Packet], file: Path) -> list[str]:
    with closing(SqliteStore(file)) as store:
        store.commit([Received(packet, 0.0, 0.0, encode(packet)) for packet in stored])
        store.settle(0.0, everything=True)
        return compare(sent, store).wrong


def test_what_is_missing_or_was_never_sent_is_noticed(sent: list[Packet], tmp_path: Path) -> None:
    assert differences(sent, sent, tmp_path / "whole") == []
    assert differences(sent, [sent[0], *sent[2:]], tmp_path / "hole") == ["band-01: 1 not stored: [1]"]
    assert "band-01: 1 never sent: [3]" in differences(sent[:3], sent, tmp_path / "more")


def test_one_bit_of_one_sample_is_noticed(sent: list[Packet], tmp_path: Path) -> None:
    assert sent[1].eda is not None
    other = bytearray(sent[1].eda.values)
    other[0] ^= 1
    changed = replace(sent[1], eda=replace(sent[1].eda, values=bytes(other)))
    assert differences(sent, [sent[0], changed, *sent[2:]], tmp_path / "changed") == [
        "band-01 1: not the packet that was sent",
        "band-01 1: eda differs",
        "band-01: eda as read is not what was sent",
    ]


def test_what_the_edge_says_is_lost_is_not_missed(sent: list[Packet], tmp_path: Path) -> None:
    said = [*sent[:2], replace(sent[2], lost=(1, 1)), sent[3]]
    assert differences(said, [said[0], *said[2:]], tmp_path / "said") == []
