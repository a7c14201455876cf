"""A developer's whole way: simulated bands, a gateway, a broker, the service; staff pair, swap and unpair."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import GatewayProcess
from console.pairing import attending, fit, flow, gesture, line
from device_sim.ble import BandsOnAir
from device_sim.radio.server import serve
from device_sim.scenario import load
from device_sim.wristband.forecalm import ForecalmBand
from forecalm.build import Service
from forecalm.cli import main
from forecalm.commands import pairing_ear, pairing_talk
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from ingest.registry.consents import Consent, Scope
from ingest.wire import Packet
from tests.servers import LONG_S, free_port, mosquitto_at

pytestmark = [pytest.mark.service, pytest.mark.long]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A house where Ann (w-1) agreed and wears nothing yet; prompts are as short as they may be, and come as often as a
    busy machine misses one. How a band sits is not waited for, but that something of it arrives."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr(line, "REACH_S", LONG_S)
    monkeypatch.setattr(flow, "FIT_S", LONG_S)
    monkeypatch.setattr(attending, "check", lambda received: replace(fit.check(received), final=bool(received)))
    monkeypatch.setattr(flow, "ATTEMPTS", 30)
    monkeypatch.setattr(flow, "UNSURE", 30)
    monkeypatch.setattr(gesture, "TURNS", 2)
    monkeypatch.setattr(gesture, "LONGEST_S", gesture.SHORTEST_S)
    monkeypatch.setattr(gesture, "LATEST_S", 1.5)
    monkeypatch.setattr(pairing_talk, "SCRIPTED_WEAR_S", 0.5)
    monkeypatch.setattr(pairing_ear, "NOBODY_S", LONG_S)
    config = Config(
        data=str(tmp_path / "house"), mqtt=MqttSection(port=free_port()), console=ConsoleSection(port=free_port())
    )
    (tmp_path / "forecalm.toml").write_text(f'data = "{config.data}"\n[mqtt]\nport = {config.mqtt.port}\n')
    with closing(Installation(config).open_registry()) as registry:
        registry.add_wearer("w-1", "Ann", by="test")
        registry.give_consent("w-1", Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0), by="test")
    return config


class Staff:
    """Does with a simulated band what the terminal says, by the lines that anybody can type."""

    def __init__(self, band: str, lines: "asyncio.Queue[str]", *, taps: bool) -> None:
        self._band, self._lines, self._taps = band, lines, taps
        self._loop = asyncio.get_running_loop()

    def told(self, text: str) -> None:
        """From the thread of the command."""
        self._loop.call_soon_threadsafe(self._act, text)

    def _act(self, text: str) -> None:
        if "YES, THAT IS" in text:
            self._type("on")
        elif self._taps and "in your hand" in text:
            for after_s in (0.5, 2.0):
                self._loop.call_later(after_s, self._type, "tap")
        elif not self._taps and "SHAKE IT" in text:
            self._type("shake")
        elif not self._taps and "HOLD STILL" in text:
            self._type("still")

    def _type(self, act: str) -> None:
        self._lines.put_nowait(f"{act} {self._band}")


@asynccontextmanager
async def on_the_air(made: Callable[[Packet], None]) -> AsyncIterator[tuple[BandsOnAir, "asyncio.Queue[str]", int]]:
    """Two bands, where to type what hands do to them, and where others reach their radio."""
    bands = BandsOnAir(load("quiet"), seed=4, wearers=2, made=made)
    lines: asyncio.Queue[str] = asyncio.Queue()

    async def hands() -> None:
        while True:
            await bands.obey(await lines.get())

    server = await serve(bands.air, port=0)
    await bands.start()
    living = [asyncio.create_task(bands.play()), asyncio.create_task(hands())]
    try:
        yield bands, lines, server.sockets[0].getsockname()[1]
    finally:
        for task in living:
            task.cancel()
        for task in living:
            with suppress(asyncio.CancelledError):
                await task
        await bands.stop()
        server.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_S):
        while not true():
            await asyncio.sleep(0.05)


def test_a_band_is_paired_by_shaking_swapped_by_tapping_and_given_up_and_every_second_is_stored(
    mosquitto: str, tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here, made, upto, service = Installation(config), list[Packet](), dict[str, int](), ExitStack()

    async def live() -> None:
        async with on_the_air(made.append) as (bands, lines, port):
            gateway = GatewayProcess("hall", tmp_path / "hall", air_ports=[port], broker=config.mqtt.port)
            gateway.start()
            await until(lambda: len(bands.air.hosts()) > len(bands.bands))
            for host in set(bands.air.hosts()) - set(bands.bands):
                for band in bands.bands:
                    bands.air.set_rssi(host, band, -50.0)

            async def staff(*words: str, band: str, taps: bool) -> None:
                monkeypatch.setattr(pairing_talk.Talk, "_tell", staticmethod(Staff(band, lines, taps=taps).told))
                code = await asyncio.to_thread(main, [*words, "--json", "--config", str(tmp_path / "forecalm.toml")])
                assert code == 0, capsys.readouterr().err

            def stored(upto: dict[str, int]) -> bool:
                """Whether the bands were told so."""
                for packet in made:
                    band = bands.bands[packet.band]
                    assert isinstance(band, ForecalmBand)
                    if packet.seq <= upto[packet.band] and band.firmware.memory.record(packet.boot, packet.seq):
                        return False
                last = {packet.band: packet.seq for packet in made}
                return all(last[band] >= seq for band, seq in upto.items())

            try:
                await staff("pair", "band-01", "w-1", "--as-it-sits", band="band-01", taps=False)
                serving = asyncio.to_thread(lambda: service.enter_context(Service(config)))
                swapping = staff("swap", "band-01", "band-02", "--as-it-sits", band="band-02", taps=True)
                await asyncio.gather(serving, swapping)
                upto.update({packet.band: packet.seq + 1 for packet in made})
                await until(lambda: stored(upto))
                await staff("unpair", "band-02", band="band-02", taps=False)
            finally:
                await gateway.end()
                await asyncio.to_thread(service.close)

    with mosquitto_at(mosquitto, tmp_path, config.mqtt.port):
        asyncio.run(live())
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["band"], each.get("confirmed")) for each in said] == [
        ("band-01", True),
        ("band-02", True),
        ("band-02", None),
    ]
    paired_s, swapped_s, ended_s = said[0]["since_s"], said[1]["since_s"], said[2]["until_s"]
    with closing(here.open_registry()) as registry:
        worn = [(each.band, each.since_s, each.until_s) for each in registry.worn_by("w-1")]
    assert worn == [("band-01", paired_s, swapped_s), ("band-02", swapped_s, ended_s)], "no moment without a band"
    with closing(here.open_store()) as store:
        kept = {band: sorted(each.packet.seq for each in store.packets(band)) for band in ("band-01", "band-02")}
        ends = {band: sorted(each.utc_s(each.packet.tick_us) for each in store.packets(band)) for band in kept}
    for band, seqs in kept.items():
        first = min(packet.seq for packet in made if packet.band == band)
        told = [seq for seq in seqs if seq <= upto[band]]
        assert told == list(range(first, upto[band] + 1)), "every second since it was switched on, once"
    assert ends["band-01"][0] <= paired_s
    assert ends["band-01"][-1] >= swapped_s, "the old band tells until the new one counts"
    assert ends["band-02"][0] <= swapped_s
    assert ends["band-02"][-1] > swapped_s
