"""Virtual bands on a virtual radio, and real gateway processes that hear them; what the bands sensed is remembered.

Everything but the gateways runs in the loop of whoever uses it.
"""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import paho.mqtt.client as paho
from bumble.keys import MemoryKeyStore
from paho.mqtt.enums import CallbackAPIVersion

from device_sim.radio.air import SUPERVISION_S, Air
from device_sim.radio.server import serve
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.memory import Memory
from ingest.control.messages import Roster, encode_message, roster_topic
from ingest.gatt.forecalm.packets import packet_of
from ingest.gatt.forecalm.records import Beat, Even, Record
from ingest.wire import Packet

ROOT: Final = Path(__file__).parents[1]
LONG_S: Final = 120.0  # a bound, never waited out where things work
LOOK_S: Final = 0.02
TICKS: Final = os.sysconf("SC_CLK_TCK")
RATES: Final = {"eda": (4, 1, 0.001), "temperature": (4, 1, 0.01), "ppg": (64, 1, 1.0), "motion": (32, 3, 1 / 1024)}


@dataclass
class VirtualBand:
    """A band that senses a second every second, whoever hears it; ``sensed`` is all that it ever did.

    Without bonds it is in pairing mode for two minutes from power-on.
    """

    name: str
    air: Air
    rng: np.random.Generator
    keys: MemoryKeyStore = field(default_factory=MemoryKeyStore)
    memory: Memory = field(default_factory=Memory)
    boot: int = 1
    seq: int = 0
    sensed: list[Packet] = field(default_factory=list)
    band: ForecalmBand | None = None
    ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Power on: a new boot, with the memory of the last one."""
        self.seq = 0
        self.band = ForecalmBand(self.name, boot=self.boot, memory=self.memory, keys=self.keys, clock_us=5_000_000)
        await self.band.start(self.air.transport(self.name))
        self.ticking = asyncio.create_task(self._tick(self.band))

    async def die(self) -> None:
        """As if the battery fell out: what was sensed is in the memory."""
        if self.ticking is not None:
            self.ticking.cancel()
            await asyncio.gather(self.ticking, return_exceptions=True)
        if self.band is not None:
            await self.band.stop()
        self.band, self.boot = None, self.boot + 1

    async def rest(self) -> None:
        """Sense nothing more, and stay on the radio."""
        if self.ticking is not None:
            self.ticking.cancel()
            await asyncio.gather(self.ticking, return_exceptions=True)

    @property
    def bonds(self) -> int:
        """How many adapters it knows."""
        return len({keys.ltk.value for keys in self.keys.all_keys.values() if keys.ltk is not None})

    @property
    def held(self) -> bool:
        """Whether somebody has connected and encrypted the link."""
        return self.band is not None and self.band.encrypted

    async def _tick(self, band: ForecalmBand) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + float(self.rng.uniform(0, 1))
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += 1.0
            record = self._record()
            self.sensed.append(packet_of(record, self.name))
            band.sense(record)

    def _record(self) -> Record:
        tick_us = 6_000_000 + 1_000_000 * self.seq
        evens = tuple(
            Even(name, 1000 * hz, 1_000_000, scale, self.rng.integers(100, 3000, hz * axes).astype("<i2").tobytes())
            for name, (hz, axes, scale) in RATES.items()
        )
        beats = (Beat(400_000, 810_000),)
        record = Record(self.boot, self.seq, tick_us, 80, True, tuple(e for e in evens if e.channel != "ppg"), beats)
        if self.boot % 2:
            record = Record(self.boot, self.seq, tick_us, 80, True, evens, None)
        self.seq += 1
        return record


class GatewayProcess:
    """``forecalm gateway`` as a process of its own, on ports of the air; ``folder`` is what it keeps."""

    def __init__(self, name: str, folder: Path, *, air_ports: list[int], broker: int, user: str = "a:a") -> None:
        self.name = name
        self.folder = folder
        self._air_ports, self._broker, self._user = air_ports, broker, user
        self.process: subprocess.Popen[bytes] | None = None
        self.cpu_s = 0.0
        self.ran_s = 0.0
        self._since = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it, if it does not run."""
        if self.process is not None and self.process.poll() is None:
            return
        adapters = [part for port in self._air_ports for part in ("--adapter", f"tcp-client:127.0.0.1:{port}")]
        command = [sys.executable, "-P", "-m", "forecalm", "-v", "gateway", *adapters, "--name", self.name, "--json"]
        where = ["--port", str(self._broker), "--user", self._user, "--data", str(self.folder)]
        with (self.folder / "log").open("ab") as log, (self.folder / "out").open("wb") as out:
            self.process = subprocess.Popen([*command, *where], stdout=out, stderr=log, cwd=ROOT)  # noqa: S603
        self._since = asyncio.get_running_loop().time()

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.look()
            self.process.kill()
            self.process.wait(LONG_S)

    async def end(self) -> dict[str, object]:
        """SIGTERM; what it says at the end."""
        if self.process is None:
            return {}
        self.look()
        self.process.terminate()
        await asyncio.to_thread(self.process.wait, LONG_S)
        said = (self.folder / "out").read_bytes()
        found: dict[str, object] = json.loads(said) if said else {}
        return found

    def look(self) -> None:
        """Add up the CPU that it has had; before it ends."""
        if self.process is None or self.process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            self.cpu_s += (int(fields[11]) + int(fields[12])) / TICKS
            self.ran_s += asyncio.get_running_loop().time() - self._since

    def said(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text(errors="replace")


@dataclass
class RadioHouse:
    """An air with doors for gateways, and bands."""

    air: Air
    doors: list[int]
    bands: list[VirtualBand]

    def held(self) -> int:
        """How many bands somebody holds."""
        return sum(band.held for band in self.bands)

    async def until_bonded(self, adapters: int, within_s: float = LONG_S) -> None:
        """Return when every band knows so many adapters. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while any(band.bonds < adapters for band in self.bands):
                await asyncio.sleep(LOOK_S)

    def hosts(self) -> list[str]:
        """The controllers of gateways."""
        names = {band.name for band in self.bands}
        return [host for host in self.air.hosts() if host not in names]

    async def until_held(self, number: int, *, near: bool = False) -> None:
        """Return when so many bands are held; ``near``: gateways hear them as from the same room. Raises
        TimeoutError."""
        async with asyncio.timeout(LONG_S):
            while self.held() < number:
                if near:
                    self.bring_near()
                await asyncio.sleep(LOOK_S)

    def bring_near(self) -> None:
        """Let gateways hear the bands as from the same room."""
        for host in self.hosts():
            for band in self.bands:
                self.air.set_rssi(host, band.name, -50.0)


@contextlib.asynccontextmanager
async def radio_house(
    *, bands: int, doors: int, seed: int, supervision_s: float = SUPERVISION_S
) -> AsyncIterator[RadioHouse]:
    """For as long as it lasts; the bands are off."""
    air = Air(seed=seed, supervision_s=supervision_s)
    servers = [await serve(air, port=0) for _ in range(doors)]
    made = [VirtualBand(f"band-{n:02}", air, np.random.default_rng([seed, n])) for n in range(1, bands + 1)]
    house = RadioHouse(air, [server.sockets[0].getsockname()[1] for server in servers], made)
    try:
        yield house
    finally:
        for band in made:
            await band.die()
        for server in servers:
            server.close()


def publish_roster(port: int, bands: list[str], *, user: str, site: str = "home", pairing_s: float = 120.0) -> None:
    """As the service does: these are the site's, and are being paired for so long."""
    now_us = round(time.time() * 1e6)
    until_us = now_us + round(pairing_s * 1e6)
    roster = Roster(v=1, at_us=now_us, bands=bands, pairing=bands, pairing_until_us=until_us)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(*user.split(":"))
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(roster_topic(site), encode_message(roster), qos=1, retain=True).wait_for_publish(LONG_S)
    client.disconnect()
    client.loop_stop()


def plain(packet: Packet) -> Packet:
    """What a band said of it: without who heard and sent it."""
    return msgspec.structs.replace(packet, heard_us=None, sent_us=None, gateway=None, lost=None)


def lucky(seed: int) -> random.Random:
    """Luck that can be had again."""
    return random.Random(seed)  # noqa: S311
