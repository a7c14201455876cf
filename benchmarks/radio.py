"""Virtual bands on a virtual radio in; how long connecting takes, first and after the radio was lost, out.

Over a bumble central, and by bleak's own Linux backend over a facade of BlueZ (with ``dbus-daemon`` installed). Bands,
air and client share one event loop; there is no air time. Each figure is from an advert being possible to the link
being encrypted and subscribed to: the wait for the next advert (every 250 ms) is in it.
``python -m benchmarks.radio [--json]``
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from device_sim.radio.air import Air
from device_sim.radio.server import serve
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.memory import Memory
from ingest.ble.adapters import Adapter
from ingest.ble.link import BleakLink
from ingest.ble.profile import Advert
from ingest.gatt import uuids
from tests.bluez.daemon import private_bus
from tests.bluez.facade import facade_at
from tests.bluez.house import leave_the_bus
from tests.bluez.plug import Plug

BAND: Final = "fc-bench"
TRIALS: Final = 60
PULLS: Final = 10  # of the adapter: each takes seconds
PHASE_S: Final = 0.25  # a radio comes back at any moment between two adverts
SEED: Final = 5
QUANTILES: Final = {"median": 0.5, "p95": 0.95, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one way; ``seconds`` by what was measured and by quantile."""

    way: str
    trials: int
    seconds: dict[str, dict[str, float]]


class Bench:
    """One band, one adapter, one link at a time; ``connected`` is what a gateway does when it hears its band."""

    def __init__(self, air: Air, plug: Plug, adapter: Adapter) -> None:
        self.air = air
        self.plug = plug
        self.adapter = adapter
        self._band = ForecalmBand(BAND, boot=1, memory=Memory(), always_pairing=True, clock_us=0)
        self._heard = asyncio.Event()
        self._random = random.Random(SEED)  # noqa: S311  no secret: when a radio comes back

    async def start(self) -> None:
        """Power the band on."""
        await self._band.start(self.air.transport(BAND))

    def hear(self, advert: Advert) -> None:
        """For ``Adapter.scan``."""
        if advert.address == self._band.address:
            self._heard.set()

    async def connected(self) -> BleakLink:
        """Wait for the next advert, connect, encrypt, subscribe."""
        self._heard.clear()
        await self._heard.wait()
        link = await self.adapter.open(self._band.address, may_pair=True)
        await link.secure()
        await link.subscribe(uuids.RECORDS, lambda _fragment: None)
        return link

    async def connecting(self) -> float:
        """Seconds from wanting to be connected, at any moment, to being so."""
        await asyncio.sleep(self._random.uniform(0, PHASE_S))
        began = _now()
        link = await self.connected()
        took = _now() - began
        await link.close()
        return took

    async def after_radio_loss(self) -> tuple[float, float]:
        """Seconds until a silence is noticed; seconds from its end until the link is there again."""
        link = await self.connected()
        lost = _now()
        self.air.silence(BAND)
        await link.lost()
        noticed = _now() - lost
        await asyncio.sleep(self._random.uniform(0, PHASE_S))
        self.air.restore(BAND)
        return noticed, await self._again()

    async def after_pulling_out(self) -> float:
        """Seconds from the adapter being there again to the link being there again."""
        link = await self.connected()
        await self.plug.pull_out()
        await link.lost()
        await asyncio.sleep(1 + self._random.uniform(0, PHASE_S))
        await self.plug.put_in()
        return await self._again()

    async def _again(self) -> float:
        began = _now()
        link = await self.connected()
        took = _now() - began
        await link.close()
        return took


async def measure(way: str, bus: str | None, trials: int) -> Figures:
    """All figures of one way; ``bus`` is where the facade of BlueZ is served, None for bumble."""
    air = Air(seed=SEED)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(await serve(air, port=0))
        plug = Plug(server.sockets[0].getsockname()[1])
        await plug.put_in()
        stack.push_async_callback(plug.pull_out)
        spec = f"tcp-client:127.0.0.1:{plug.port}"
        if bus is not None:
            await stack.enter_async_context(facade_at(bus, spec))
            stack.push_async_callback(leave_the_bus)
        adapter = await stack.enter_async_context(Adapter("hci0" if bus is not None else spec))
        bench = Bench(air, plug, adapter)
        await bench.start()
        scanning = asyncio.get_running_loop().create_task(adapter.scan(bench.hear))
        stack.push_async_callback(_called_off, scanning)
        connecting = [await bench.connecting() for _ in range(trials)]
        losses = [await bench.after_radio_loss() for _ in range(trials)]
        pulls = [await bench.after_pulling_out() for _ in range(min(PULLS, trials))]
    noticed, again = zip(*losses, strict=True)
    seconds = {
        "connected": _quantiles(connecting),
        "radio loss noticed": _quantiles(noticed),
        "connected again after radio loss": _quantiles(again),
        "connected again after a pull-out": _quantiles(pulls),
    }
    return Figures(way, trials, seconds)


def main() -> None:
    """Measure both ways, or those that can be had."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.radio", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--trials", type=int, default=TRIALS)
    arguments = parser.parse_args()
    found = [asyncio.run(measure("bumble", None, arguments.trials))]
    program = shutil.which("dbus-daemon")
    if program is None:
        print("no dbus-daemon: BlueZ's way is left out", file=sys.stderr)
    else:
        with tempfile.TemporaryDirectory() as folder, private_bus(program, Path(folder)) as bus:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus
            found.append(asyncio.run(measure("bluez", bus, arguments.trials)))
    if arguments.json:
        print(json.dumps([asdict(figures) for figures in found], indent=1))
        return
    for figures in found:
        print(f"{figures.way}, {figures.trials} trials")
        for what, seconds in figures.seconds.items():
            print(f"  {what:36}" + "".join(f" {name} {value:6.3f} s" for name, value in seconds.items()))


def _quantiles(seconds: "list[float] | tuple[float, ...]") -> dict[str, float]:
    return {name: round(float(np.quantile(seconds, q)), 3) for name, q in QUANTILES.items()}


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _called_off(scanning: "asyncio.Task[None]") -> None:
    scanning.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await scanning


if __name__ == "__main__":
    main()
