"""What hands do to simulated bands in; a whole system around them out, for tests in Chromium: the service, the broker
that we ship, a gateway process, bands on a virtual radio."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TypeVar

from benchmarks.gateway_house import GatewayProcess
from device_sim.ble import BandsOnAir
from device_sim.radio.server import serve
from device_sim.scenario import load
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection, SiteSection
from forecalm.installation import Installation
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from tests.console.whole import let_in
from tests.servers import LONG_S, embedded_at, free_port, until

USER, PASSWORD = "house", "of-bands"
_T = TypeVar("_T")


class Radio:
    """Bands on a virtual radio, in a loop of its own thread; what hands do is asked for from any other."""

    def __init__(self, *, bands: int, seed: int = 4) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="radio")
        self._bands = bands
        self._seed = seed
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        self.bands = self.run(self._start())

    async def _start(self) -> BandsOnAir:
        bands = BandsOnAir(load("quiet"), seed=self._seed, wearers=self._bands)
        self._server = await serve(bands.air, port=0)
        self.port = self._server.sockets[0].getsockname()[1]
        await bands.start()
        self._playing = asyncio.create_task(bands.play())
        return bands

    def stop(self) -> None:
        async def end() -> None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
            await self.bands.stop()
            self._server.close()

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LONG_S)
        self._loop.close()

    def run(self, doing: Coroutine[object, None, _T]) -> _T:
        waiting: Future[_T] = asyncio.run_coroutine_threadsafe(doing, self._loop)
        return waiting.result(LONG_S)

    def do(self, act: str, *bands: str) -> None:
        """``shake``, ``still``, ``tap``, as anybody may type it, for all ``bands`` in the same moment."""
        self.run(self.bands.obey(f"{act} {' '.join(bands)}"))

    def carry(self, band: str, *, within: bool) -> None:
        """Out of everybody's earshot, or back."""

        async def carry() -> None:
            self.bands.range(band, within=within)

        self.run(carry())

    def near(self) -> None:
        """Everything is in one room with every gateway."""

        async def bring() -> int:
            hosts = set(self.bands.air.hosts()) - set(self.bands.bands)
            for host in hosts:
                for band in self.bands.bands:
                    self.bands.air.set_rssi(host, band, -50.0)
            return len(hosts)

        until(lambda: self.run(bring()) > 0, "no gateway came on the air")


class Gateway:
    """A gateway process on the radio."""

    def __init__(self, radio: Radio, folder: Path, *, broker: int) -> None:
        self._radio = radio
        user = f"{USER}:{PASSWORD}"
        self._process = GatewayProcess("hall", folder, air_ports=[radio.port], broker=broker, user=user)

    def start(self) -> None:
        async def start() -> None:
            self._process.start()

        self._radio.run(start())
        self._radio.near()

    def kill(self) -> None:
        async def kill() -> None:
            self._process.kill()

        self._radio.run(kill())

    def end(self) -> None:
        self._radio.run(self._process.end())


class System:
    """Everything that a house has. Ann (w-1) and Bo (w-2) agreed, and wear nothing yet."""

    def __init__(self, service: Service, here: Installation, radio: Radio, gateway: Gateway) -> None:
        self.service, self.here, self.radio, self.gateway = service, here, radio, gateway

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        with closing(self.here.open_registry()) as registry:
            yield registry


@contextmanager
def whole_system(folder: Path, *, bands: int) -> Iterator[System]:
    """For as long as it lasts."""
    mqtt = MqttSection(port=free_port(), username=USER, password=PASSWORD)
    config = Config(
        data=str(folder / "house"),
        site=SiteSection(name="home", place="Alder House", time_zone="Europe/London"),
        mqtt=mqtt,
        console=ConsoleSection(port=free_port()),
    )
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        for number in range(1, bands + 1):
            registry.add_band(f"band-{number:02}", by="test")
        for wearer, name in (("w-1", "Ann"), ("w-2", "Bo")):
            registry.add_wearer(wearer, name, by="test")
            registry.give_consent(wearer, Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0), by="test")
    with ExitStack() as stack:
        stack.enter_context(embedded_at(mqtt.port, USER, PASSWORD))
        radio = Radio(bands=bands)
        radio.start()
        stack.callback(radio.stop)
        gateway = Gateway(radio, folder / "hall", broker=mqtt.port)
        stack.callback(gateway.end)
        gateway.start()
        stack.enter_context(let_in())
        service = stack.enter_context(Service(config))
        service.wait_until_subscribed()
        yield System(service, here, radio, gateway)
