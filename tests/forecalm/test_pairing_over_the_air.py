"""A virtual band on a virtual radio is paired through a real gateway and a real broker, once it was tapped."""

import asyncio
import io
import json
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import GatewayProcess, VirtualBand, radio_house
from console.pairing import flow
from forecalm.cli import main
from forecalm.commands import pairing_ear, pairing_talk
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.registry.consents import Consent, Scope
from tests.servers import LONG_S, free_port, mosquitto_at

pytestmark = [pytest.mark.service, pytest.mark.long]
PAIR = ("pair", "band-01", "w-1", "--as-it-sits", "--json")


async def drum(band: VirtualBand) -> None:
    """Somebody taps the band that they have in their hand, slowly, as soon as it may be heard."""
    while True:
        await asyncio.sleep(2.5)
        if band.held and band.band is not None:
            band.band.happen("double_tap")


def test_the_band_in_the_hand_is_paired_and_the_one_beside_it_is_not(
    mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    config = tmp_path / "forecalm.toml"
    config.write_text(f'data = "{tmp_path / "house"}"\n[mqtt]\nport = {port}\n')
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr(flow, "FIT_S", 2.0)
    monkeypatch.setattr(pairing_talk, "SCRIPTED_WEAR_S", 0.5)
    monkeypatch.setattr(pairing_ear, "STATUS_S", LONG_S)
    here = Installation(Config(data=str(tmp_path / "house")))
    with closing(here.open_registry()) as registry:
        registry.add_wearer("w-1", "Ann", by="test")
        registry.give_consent("w-1", Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0), by="test")

    async def live() -> int:
        async with radio_house(bands=2, doors=1, seed=5) as house:
            for band in house.bands:
                await band.start()
            gateway = GatewayProcess("hall", tmp_path / "hall", air_ports=house.doors, broker=port)
            gateway.start()
            drumming = asyncio.create_task(drum(house.bands[0]))
            try:
                return await asyncio.to_thread(main, [*PAIR, "--config", str(config)])
            finally:
                drumming.cancel()
                await asyncio.gather(drumming, return_exceptions=True)
                await gateway.end()

    with mosquitto_at(mosquitto, tmp_path, port):
        code = asyncio.run(live())
    out, err = capsys.readouterr()
    assert code == 0, err
    said = json.loads(out)
    assert (said["band"], said["confirmed"]) == ("band-01", True)
    assert "YES, THAT IS band-01" in err
    with closing(here.open_registry()) as registry:
        assert [(band, each.wearer) for band, each in registry.worn(time.time()).items()] == [("band-01", "w-1")]
