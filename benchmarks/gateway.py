"""Virtual bands over the virtual radio, gateways, Mosquitto and the service to its store, while things break.

python -m benchmarks.gateway [--minutes M] [--bands N] [--gateways N] [--seed N] [--quiet]

Every sample that a band sensed is compared with the store. Faults: a link is cut, a radio falls silent, a band's
battery falls out, a gateway, the broker or the service is killed. ``--quiet``: none of them, for connect times and CPU.
Needs Mosquitto. Bands, radio and this programme share one process; each gateway is one of its own with three adapters.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.command import broker, options
from benchmarks.gateway_house import LOOK_S, GatewayProcess, RadioHouse, VirtualBand, plain, publish_roster, radio_house
from benchmarks.kill_house import House
from device_sim.wristband.memory import Memory
from forecalm.installation import Installation
from ingest.store.protocol import Store

ADAPTERS: Final = 3  # of each gateway: 21 links
PAUSE_S: Final = (4.0, 12.0)  # between two faults
SILENT_S: Final = (1.0, 6.0)
DRAIN_S: Final = 180.0
PAIR_S: Final = 30.0  # for a band to be paired with every adapter


@dataclass
class Play:
    """What takes part, and what was measured [s]."""

    radio: RadioHouse
    house: House
    gateways: list[GatewayProcess]
    rng: random.Random
    pair_s: list[float] = field(default_factory=list)
    connect_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    handed_s: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def held(self) -> list[VirtualBand]:
        """The bands that somebody holds."""
        return [band for band in self.radio.bands if band.held]


Fault = Callable[[Play], Awaitable[None]]


async def _free(band: VirtualBand) -> None:
    while band.held:
        await asyncio.sleep(LOOK_S)


async def time_until_held(band: VirtualBand, since_s: float, into: list[float]) -> None:
    """Note how long it takes until somebody holds it, if that is within a minute."""
    async with asyncio.timeout(60):
        while not band.held:
            await asyncio.sleep(LOOK_S)
        into.append(asyncio.get_running_loop().time() - since_s)


async def _all_again(bands: list[VirtualBand], into: list[float]) -> None:
    since_s = asyncio.get_running_loop().time()
    await asyncio.gather(*(time_until_held(band, since_s, into) for band in bands), return_exceptions=True)


async def link_cut(play: Play) -> None:
    pairs = play.radio.air.links()
    if pairs:
        one, other = play.rng.choice(pairs)
        hit = [band for band in play.radio.bands if band.name in (one, other)]
        play.radio.air.cut(one, other)
        await asyncio.gather(*(_free(band) for band in hit))
        await _all_again(hit, play.again_s)


async def radio_silent(play: Play) -> None:
    """One adapter of some gateway hears nothing for a while: its bands go to others, or come back."""
    host = play.rng.choice(play.radio.hosts())
    names = {name for pair in play.radio.air.links() if host in pair for name in pair}
    hit = [band for band in play.held() if band.name in names]
    play.radio.air.silence(host)
    try:
        await asyncio.gather(*(_free(band) for band in hit))
        coming = asyncio.create_task(_all_again(hit, play.again_s))
        await asyncio.sleep(play.rng.uniform(*SILENT_S))
    finally:
        if host in play.radio.air.hosts():
            play.radio.air.restore(host)
    await coming


async def band_dies(play: Play) -> None:
    band = play.rng.choice(play.radio.bands)
    await band.die()
    await asyncio.sleep(play.rng.uniform(0.5, 5.0))
    await band.start()
    await _all_again([band], play.connect_s)


async def gateway_killed(play: Play) -> None:
    gateway = play.rng.choice(play.gateways)
    before = play.held()
    gateway.kill()
    await asyncio.sleep(1.5)
    hit = [band for band in before if not band.held]
    into = play.handed_s if len(play.gateways) > 1 else play.again_s
    coming = asyncio.create_task(_all_again(hit, into))
    if len(play.gateways) == 1 or play.rng.random() < 0.5:
        gateway.start()
    await coming
    gateway.start()


async def broker_killed(play: Play) -> None:
    await asyncio.to_thread(lambda: play.house.kill_broker(wipe=play.rng.random() < 0.3))
    await asyncio.sleep(play.rng.uniform(0.0, 3.0))
    await asyncio.to_thread(play.house.start_broker)


async def service_killed(play: Play) -> None:
    await asyncio.to_thread(play.house.kill_service)
    await asyncio.sleep(play.rng.uniform(0.0, 5.0))
    play.house.start_service()


FAULTS: Final[tuple[Fault, ...]] = (link_cut, radio_silent, band_dies, gateway_killed, broker_killed, service_killed)


async def _pair(play: Play) -> None:
    """One band after another with every adapter of every gateway, as staff do it; then it is switched off."""
    mqtt, loop = play.house.config.mqtt, asyncio.get_running_loop()
    while len(play.radio.hosts()) < ADAPTERS * len(play.gateways):
        await asyncio.sleep(LOOK_S)
    for band in play.radio.bands:
        await asyncio.to_thread(publish_roster, mqtt.port, [band.name], user=f"{mqtt.username}:{mqtt.password}")
        began_s = loop.time()
        await band.start()
        async with asyncio.timeout(PAIR_S):
            while band.bonds < ADAPTERS * len(play.gateways):
                await asyncio.sleep(LOOK_S)
        play.pair_s.append(loop.time() - began_s)
        await band.die()
        band.memory, band.sensed = Memory(), []  # of a life in which nobody heard it: that cannot be dated


async def run(play: Play, *, seconds: float, faults: tuple[Fault, ...]) -> list[str]:
    """Let it run so long; then wait until everything has come, and say what is wrong."""
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(play.house.start_broker)
    for gateway in play.gateways:
        gateway.start()
    await _pair(play)
    play.house.start_service()
    await asyncio.to_thread(play.house.wait_until_it_serves)
    began_s = loop.time()
    for band in play.radio.bands:
        await band.start()
    await _all_again(play.radio.bands, play.connect_s)
    coming: list[Fault] = []
    while faults and loop.time() - began_s < seconds:
        coming = coming or play.rng.sample(faults, len(faults))
        fault = coming.pop()
        play.faults[fault.__name__] += 1
        print(f"  {loop.time() - began_s:5.0f} s  {fault.__name__.replace('_', ' ')}", flush=True)
        await fault(play)
        play.house.tend()
        await asyncio.sleep(min(play.rng.uniform(*PAUSE_S), max(0.0, seconds - (loop.time() - began_s))))
    await asyncio.sleep(max(0.0, seconds - (loop.time() - began_s)))
    for band in play.radio.bands:
        await band.rest()
    return await _judged(play)


async def _judged(play: Play) -> list[str]:
    sensed = sum(len(band.sensed) for band in play.radio.bands)
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline and (await asyncio.to_thread(play.house.stored))[1] < sensed:
        play.house.tend()
        await asyncio.sleep(0.5)
    await asyncio.sleep(2.0)
    accounts = [await gateway.end() for gateway in play.gateways]
    print("\n".join(f"  {account}" for account in accounts))
    play.house.kill_service()
    with closing(Installation(play.house.config).open_store()) as store:
        store.settle(time.time(), everything=True)
        return [line for band in play.radio.bands for line in compare(band, store)]


def compare(band: VirtualBand, store: Store) -> list[str]:
    """Say what of a band is not in the store exactly once, to the last sample; or that its times are off."""
    there: Counter[tuple[int, int]] = Counter()
    packets = {(packet.boot, packet.seq): packet for packet in band.sensed}
    wrong: list[str] = []
    for received in store.packets(band.name):
        name = received.packet.boot, received.packet.seq
        there[name] += 1
        if name not in packets or plain(received.packet) != packets[name]:
            wrong.append(f"{band.name} {name}: not what was sensed")
    twice = sum(times > 1 for times in there.values())
    lost = sorted(set(packets) - set(there))
    if twice or lost:
        wrong.append(f"{band.name}: {len(lost)} lost {lost[:5]}, {twice} twice, of {len(packets)}")
    return wrong


def _said(name: str, seconds: list[float]) -> str:
    if not seconds:
        return f"{name}: none"
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    worst = f"worst {ordered[-1]:.2f} s, n {len(ordered)}"
    return f"{name}: median {statistics.median(ordered):.2f} s, p95 {p95:.2f} s, {worst}"


async def measure(chosen: argparse.Namespace, folder: Path, mosquitto: str) -> int:
    """One run; 1: something was wrong."""
    with House(folder, mosquitto=mosquitto, wearers=chosen.bands, seed=chosen.seed) as house:
        mqtt = house.config.mqtt
        async with radio_house(bands=chosen.bands, doors=ADAPTERS * chosen.gateways, seed=chosen.seed) as radio:
            gateways = [
                GatewayProcess(
                    f"gw-{i}",
                    folder / f"gw-{i}",
                    air_ports=radio.doors[ADAPTERS * i : ADAPTERS * (i + 1)],
                    broker=mqtt.port,
                    user=f"{mqtt.username}:{mqtt.password}",
                )
                for i in range(chosen.gateways)
            ]
            play = Play(radio, house, gateways, random.Random(chosen.seed))  # noqa: S311 - luck to be had again
            try:
                wrong = await run(play, seconds=60 * chosen.minutes, faults=() if chosen.quiet else FAULTS)
            except BaseException:
                print(*(gateway.said()[-4000:] for gateway in gateways), sep="\n")
                raise
            finally:
                for gateway in gateways:
                    gateway.kill()
            sensed = sum(len(band.sensed) for band in radio.bands)
            print(
                f"{chosen.bands} bands, {chosen.gateways} gateways, {chosen.minutes:g} min, faults {dict(play.faults)}"
            )
            print(f"{sensed:,} records sensed: {'WRONG' if wrong else 'each stored once, to the last sample'}")
            print(_said(f"power-on to bonds with {ADAPTERS * chosen.gateways} adapters", play.pair_s))
            print(_said("connect (advert to encrypted link)", play.connect_s))
            print(_said("reconnect after radio loss", play.again_s))
            print(_said("hand-over between gateways", play.handed_s))
            for gateway in gateways:
                print(f"CPU of {gateway.name}: {100 * gateway.cpu_s / max(gateway.ran_s, 1e-9):.1f} % of a core")
            if wrong:
                print("\n".join(wrong[:40]), *(gateway.said()[-4000:] for gateway in gateways), sep="\n")
            return 1 if wrong else 0


def main() -> int:
    """Run once, and say what it came to."""
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--bands", type=int, default=20)
    parser.add_argument("--gateways", type=int, default=2)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--quiet", action="store_true", help="no faults")
    chosen = parser.parse_args()
    program = broker()
    with tempfile.TemporaryDirectory(prefix="forecalm-gateway-") as name:
        return asyncio.run(measure(chosen, Path(name), program))


if __name__ == "__main__":
    sys.exit(main())
