"""A virtual band on a virtual radio is paired through a real gateway and a real broker, once it was tapped."""

import asyncio
import io
import json
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from paho.mqtt import publish

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import GatewayProcess, VirtualBand, radio_house
from console.pairing import fit, flow, line
from forecalm.cli import main
from forecalm.commands import pairing_ear, pairing_talk
from forecalm.config import load
from forecalm.installation import Installation
from ingest.control.messages import Roster, encode_message, roster_topic
from ingest.registry.consents import Consent, Scope
from tests.servers import LONG_S, free_port, mosquitto_at

pytestmark = [pytest.mark.service, pytest.mark.long]
PAIR = ("pair", "band-01", "w-1", "--as-it-sits", "--json")


async def drum(prompts: Sequence[str], *bands: VirtualBand) -> None:
    """Somebody does as each of ``prompts`` says: taps the bands that they have in their hand, one a moment after the
    other, twice, and once more in case that one of these was not heard."""
    seen = 0
    while True:
        while len(prompts) == seen:
            await asyncio.sleep(0.05)
        seen = len(prompts)
        for pause_s in (1.0, 2.0, 5.0):
            await asyncio.sleep(pause_s)
            if len(prompts) != seen:
                break
            for band in bands:
                if band.held and band.band is not None:
                    band.band.happen("double_tap")
                await asyncio.sleep(0.15)


async def held_by(band: VirtualBand, port: int) -> None:
    """Let gateways bond with a band that is worn already, and wait until one has it."""
    now_us = time.time_ns() // 1000
    roster = Roster(v=1, at_us=now_us, bands=[band.name], pairing=[band.name], pairing_until_us=now_us + 60_000_000)
    publish.single(roster_topic("home"), encode_message(roster), qos=1, retain=True, port=port)
    while not band.held:
        await asyncio.sleep(0.1)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house in which Ann (w-1) may be paired, and Bo (w-2) wears band-02."""
    path = tmp_path / "forecalm.toml"
    path.write_text(f'data = "{tmp_path / "house"}"\n[mqtt]\nport = {free_port()}\n')
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr(line, "REACH_S", LONG_S)
    monkeypatch.setitem(flow._PATIENCE, flow.Stage.CONNECT, (LONG_S, "no readings of it arrive"))
    monkeypatch.setattr(flow, "FIT_S", LONG_S)
    monkeypatch.setattr(fit, "LONGEST_S", 3)  # it is taken as it sits
    monkeypatch.setattr(pairing_talk, "SCRIPTED_WEAR_S", 0.5)
    monkeypatch.setattr(pairing_ear, "NOBODY_S", LONG_S)
    with closing(Installation(load(path)).open_registry()) as registry:
        for wearer, name in (("w-1", "Ann"), ("w-2", "Bo")):
            registry.add_wearer(wearer, name, by="test")
            registry.give_consent(wearer, Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0), by="test")
        registry.add_band("band-02", by="test")
        registry.assign("band-02", "w-2", time.time(), by="test")
    return path


@pytest.fixture
def prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What staff have been told to do with a band in their hand."""
    told, tell = list[str](), pairing_talk.Talk._tell

    def telling(text: str) -> None:
        tell(text)
        if "in your hand" in text:
            told.append(text)

    monkeypatch.setattr(pairing_talk.Talk, "_tell", staticmethod(telling))
    return told


async def paired(config: Path, folder: Path, prompts: Sequence[str], *, drummed: Sequence[int]) -> int:
    """What the command says while somebody drums on bands, by their place in the house."""
    port = load(config).mqtt.port
    async with radio_house(bands=2, doors=1, seed=5) as house:
        for band in house.bands:
            await band.start()
        gateway = GatewayProcess("hall", folder, air_ports=house.doors, broker=port)
        gateway.start()
        await asyncio.wait_for(held_by(house.bands[1], port), LONG_S)
        drumming = asyncio.create_task(drum(prompts, *(house.bands[i] for i in drummed)))
        try:
            return await asyncio.to_thread(main, [*PAIR, "--config", str(config)])
        finally:
            drumming.cancel()
            await asyncio.gather(drumming, return_exceptions=True)
            await gateway.end()


def test_the_band_in_the_hand_is_paired_and_the_one_beside_it_is_not(
    mosquitto: str, tmp_path: Path, config: Path, prompts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with mosquitto_at(mosquitto, tmp_path, load(config).mqtt.port):
        code = asyncio.run(paired(config, tmp_path / "hall", prompts, drummed=[0]))
    out, err = capsys.readouterr()
    assert code == 0, err
    said = json.loads(out)
    assert (said["band"], said["confirmed"]) == ("band-01", True)
    assert "YES, THAT IS band-01" in err
    with closing(Installation(load(config)).open_registry()) as registry:
        assert {band: each.wearer for band, each in registry.worn(time.time()).items()} == {
            "band-01": "w-1",
            "band-02": "w-2",
        }


def test_two_bands_that_are_tapped_a_moment_after_each_other_pair_nobody(
    mosquitto: str,
    tmp_path: Path,
    config: Path,
    prompts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(flow, "ATTEMPTS", 1)
    with mosquitto_at(mosquitto, tmp_path, load(config).mqtt.port):
        code = asyncio.run(paired(config, tmp_path / "hall", prompts, drummed=[0, 1]))
    out, err = capsys.readouterr()
    assert code == 1, err
    assert "YES" not in err
    assert json.loads(out)["reason"].startswith("several bands moved as asked")
