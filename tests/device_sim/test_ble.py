"""A scenario's bands on the air: all of them, at their moments, and an account that can be held against a store."""

import asyncio
import re
from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bumble.keys import PairingKeys

from device_sim.ble import BandsOnAir, advertise, until_stopped
from device_sim.errors import RadioError, ScenarioError, SimulationError
from device_sim.scenario import load
from device_sim.wristband.forecalm import ForecalmBand
from ingest.gatt.forecalm.packets import packet_of
from ingest.gatt.forecalm.records import Record
from ingest.wire import Packet

QUIET = load("quiet")
FAST = 200.0  # simulated seconds a second


def run(test: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
    return asyncio.run(asyncio.wait_for(test, 60))


def test_every_record_is_accounted_for_and_kept_until_it_is_stored() -> None:
    made: list[Packet] = []

    async def test() -> None:
        bands = BandsOnAir(QUIET, seed=1, wearers=3, speed=FAST, boot=7, made=made.append)
        await bands.start()
        await bands.play(5)
        account = bands.account()
        assert account.records == len(made) == 15
        for number, band in enumerate(account.bands, 1):
            assert (band.band, band.wearer, band.kind) == (f"band-{number:02d}", f"w-{number:02d}", "forecalm")
            assert (band.boot, band.unstored, band.let_go, band.seconds) == (7, 5, 0, 5)
            assert band.first_seq is not None
            assert band.last_seq == band.first_seq + 4
        for packet in made:
            band_on_air = bands.bands[packet.band]
            assert isinstance(band_on_air, ForecalmBand)
            kept = band_on_air.firmware.memory.record(packet.boot, packet.seq)
            assert kept is not None
            assert packet_of(Record.from_bytes(kept), packet.band) == packet
        await bands.stop()

    run(test())


def test_a_mixed_drawer_of_bands_is_dealt_out_in_turn() -> None:
    async def test() -> None:
        bands = BandsOnAir(QUIET, seed=1, wearers=5, speed=FAST, kinds=("forecalm", "strap", "polar", "infinitime"))
        await bands.start()
        assert bands.air.hosts() == [f"band-{number:02d}" for number in range(1, 6)]
        await bands.play(2)
        account = bands.account()
        assert [band.kind for band in account.bands] == ["forecalm", "strap", "polar", "infinitime", "forecalm"]
        assert account.records == 4
        assert [band.boot is None for band in account.bands] == [False, True, True, True, False]
        await bands.stop()
        assert bands.air.hosts() == []

    run(test())


def test_a_clock_that_a_gateway_has_read_before_time_began_does_not_jump() -> None:
    made: list[Packet] = []

    async def test() -> None:
        loop = asyncio.get_running_loop()
        bands = BandsOnAir(QUIET, seed=1, wearers=2, speed=FAST, boot=7, made=made.append)
        read, unread = bands.bands.values()
        assert isinstance(read, ForecalmBand)
        assert isinstance(unread, ForecalmBand)
        first_us = unread.tick_us()
        await bands.start()
        since = loop.time() - 1.0  # they were switched on so long ago, and a gateway has had one of them since
        for band in (read, unread):
            band.set_clock(band.tick_us(), at_s=since)
        read.links = 1
        before_us = read.tick_us(since)
        await bands.play(3)
        now_s = loop.time()
        assert read.tick_us(now_s) - before_us == pytest.approx((now_s - since) * FAST * 1e6, abs=0.1e6 * FAST / 100)
        seconds = [packet for packet in made if packet.band == read.name]
        assert seconds[0].tick_us > before_us + FAST * 1e6
        assert [b.tick_us - a.tick_us for a, b in pairwise(seconds)] == [1_000_000, 1_000_000]
        assert seconds[0].motion is not None
        assert seconds[0].motion.tick_us == seconds[0].tick_us - 1_000_000
        (first, *_) = (packet for packet in made if packet.band == unread.name)
        assert 1_000_000 <= first.tick_us - first_us < 2_000_000  # its phase is less than a second: nothing passed
        await bands.stop()

    run(test())


def test_others_are_told_where_the_radio_is_and_a_stop_ends_it_with_its_account() -> None:
    told: list[str] = []

    async def test() -> None:
        stop = asyncio.Event()

        def started(where: str) -> None:
            told.append(where)
            stop.set()

        sensed = await advertise(QUIET, seed=1, wearers=2, speed=FAST, stop=stop, started=started)
        assert sensed.records == 0

    run(test())
    assert told[0].startswith("tcp-client:127.0.0.1:")


def test_a_program_without_a_loop_gets_the_account_too() -> None:
    sensed = until_stopped(
        lambda stop: advertise(QUIET, seed=1, wearers=1, kinds=("strap",), speed=FAST, seconds=1, stop=stop)
    )
    assert [band.seconds for band in sensed.bands] == [1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kinds": ("garmin",)}, "kinds: .*garmin"),
        ({"kinds": ()}, "kinds"),
        ({"speed": 0.0}, "speed"),
        ({"speed": float("inf")}, "speed"),
        ({"boot": 2**32}, "boot"),
        ({"wearers": 0}, "wearers"),
    ],
)
def test_what_cannot_be_is_refused_and_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ScenarioError, match=named):
        BandsOnAir(QUIET, seed=1, **options)


def test_a_real_adapter_is_one_band_and_one_that_is_not_there_is_named() -> None:
    with pytest.raises(ScenarioError, match="hci"):
        run(BandsOnAir(QUIET, seed=1, wearers=2).start(["usb:0"]))
    with pytest.raises(RadioError, match=r"hci: tcp-client:127\.0\.0\.1:1"):
        run(BandsOnAir(QUIET, seed=1, wearers=1).start(["tcp-client:127.0.0.1:1"]))
    with pytest.raises(RadioError, match="hci: nonsense"):
        run(BandsOnAir(QUIET, seed=1, wearers=1).start(["nonsense"]))


class USBError(Exception):
    """As ``usb1`` has it: an error of neither the operating system nor bumble."""


@pytest.mark.parametrize("error", [USBError("LIBUSB_ERROR_OTHER [-99]"), AssertionError(), OSError(19, "No device")])
def test_whatever_an_adapter_fails_with_it_is_named(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fail(_: str) -> None:
        raise error

    monkeypatch.setattr("device_sim.radio.adapter.open_transport", fail)
    reason = re.escape(str(error) or "AssertionError")
    with pytest.raises(RadioError, match=f"^hci: usb:0: cannot be opened: {reason}; name one as usb:0 or"):
        run(BandsOnAir(QUIET, seed=1, wearers=1).start(["usb:0"]))


def test_an_adapter_that_says_nothing_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_sim.radio.adapter.OPEN_S", 0.1)

    async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)

    async def test() -> None:
        async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
            bands = BandsOnAir(QUIET, seed=1, wearers=1)
            with pytest.raises(RadioError, match=r"^hci: tcp-client:.*: cannot be opened: no answer in time"):
                await bands.start([f"tcp-client:127.0.0.1:{server.sockets[0].getsockname()[1]}"])
            await bands.stop()
            while not silent:
                await asyncio.sleep(0)
            for writer in silent:
                writer.close()

    silent: list[asyncio.StreamWriter] = []
    run(test())


def test_bonds_are_kept_in_a_file_for_the_next_run_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "bonds.json"
    keys = PairingKeys(ltk=PairingKeys.Key(bytes(range(16)), authenticated=False))

    async def test() -> None:
        one, other = BandsOnAir(QUIET, seed=1, wearers=2, bonds=path).bands.values()
        for gateway in ("kitchen", "attic"):
            await one.keys.update(gateway, keys)
        await one.keys.delete("nobody")
        assert await other.keys.get_all() == []
        again, _ = BandsOnAir(QUIET, seed=1, wearers=2, bonds=path).bands.values()
        assert [name for name, _ in await again.keys.get_all()] == ["kitchen", "attic"]
        kept = await again.keys.get("attic")
        assert kept is not None
        assert kept.ltk is not None
        assert kept.ltk.value == bytes(range(16))

    run(test())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["bonds.json"]


@pytest.mark.parametrize("text", ["", "[]", "7", '{"a": 7}', '{"a": {"b": {"ltk": {"value": "nonsense"}}}}'])
def test_a_file_that_holds_no_bonds_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bonds.json"
    path.write_text(text)
    with pytest.raises(SimulationError, match=r"bonds\.json: holds no bonds"):
        BandsOnAir(QUIET, seed=1, wearers=1, bonds=path)


def test_a_file_of_bonds_where_none_can_be_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="there is no folder"):
        BandsOnAir(QUIET, seed=1, wearers=1, bonds=tmp_path / "nowhere" / "bonds.json")


def test_bands_that_are_still_being_switched_on_can_be_stopped() -> None:
    async def test() -> None:
        stop = asyncio.Event()
        stop.set()
        assert (await advertise(QUIET, seed=1, wearers=100, stop=stop)).seconds == 0

    run(test())
