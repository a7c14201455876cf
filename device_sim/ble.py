"""A scenario in, its wearers' bands as real GATT peripherals on a radio out; and an exact account of what they sensed.

The radio is simulated, reached by other processes over TCP (``tcp-client:127.0.0.1:PORT`` to bumble), unless adapters
are given: then every band is a real one on the air. Needs the extra ``radio``.
"""

import asyncio
import contextlib
import heapq
import logging
import math
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bumble.transport.common import Transport

from device_sim.band import SECOND_US, Band
from device_sim.drawer import new_band, require_kinds
from device_sim.errors import HandError, ScenarioError, SimulationError
from device_sim.faults.bodies import StuckPulse
from device_sim.faults.on_air import Weather
from device_sim.handled import AnyBand, Handled, Kind
from device_sim.hands import HELP, deed_of
from device_sim.radio import adapter
from device_sim.radio.air import Air
from device_sim.radio.server import serve
from device_sim.scenario import Scenario
from device_sim.sensed import BandSensed, LifeSensed, Sensed
from device_sim.ward import Stretch, Ward, wearer_name
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.seconds import Second, second_of
from device_sim.wristband.strap import Pulse
from ingest.gatt.forecalm.packets import record_of
from ingest.wire import Packet

log = logging.getLogger(__name__)

BOOT_MAX: Final = (1 << 32) - 1  # what a record holds
BANDS_MAX: Final = 100  # each is a host stack in this process, and adverts of more fill a radio
DRAIN_S: Final = 10.0  # how long the end waits without any progress for what nobody said is stored
_LOOK_S: Final = 0.1
_Coming = tuple[float, int, int, Second]  # when it is due, simulated [s]; row and second, which no two share


class BandsOnAir:
    """The bands of a scenario's wearers; wearer i wears one of kind ``kinds[i % len(kinds)]``.

    ``bands`` by name, and the ``air`` they are on, are there for whoever wants to tap, silence or separate them.
    ``made`` is called with every packet of a forecalm band, as a gateway will have it but for ``heard_us``. With
    ``always_pairing`` forecalm bands bond with any gateway at any time, which real ones do not. ``bonds`` is a file in
    which they keep their bonds when the program ends. ``obey`` does by hand
    what a line asks for.

    Raises ScenarioError, naming the argument, for a kind, a speed, a boot, a number of wearers or a fault that cannot
    be.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int,
        kinds: Sequence[Kind] = ("forecalm",),
        wearers: int | None = None,
        speed: float = 1.0,
        boot: int | None = None,
        always_pairing: bool = True,
        made: Callable[[Packet], None] | None = None,
        air: Air | None = None,
        bonds: Path | None = None,
    ) -> None:
        require_kinds(kinds)
        if not (speed > 0 and math.isfinite(speed)):
            raise ScenarioError(f"speed: must be more than 0 and finite on a radio, got {speed}")
        if boot is not None and not 0 <= boot <= BOOT_MAX:
            raise ScenarioError(f"boot: must be a whole number from 0 to {BOOT_MAX} on a radio, got {boot}")
        count = scenario.wearers if wearers is None else wearers
        if count > BANDS_MAX:
            raise ScenarioError(
                f"wearers: at most {BANDS_MAX} bands are on one radio, got {count}: take --transport mqtt"
            )
        self.air = Air(seed=seed) if air is None else air
        self._ward = Ward(scenario, wearers=wearers, seed=seed, boot=boot)
        self._plan = self._ward.plan
        self._plan.require("ble")
        self._speed = speed
        self._made = made
        self._kinds: list[Kind] = [kinds[i % len(kinds)] for i in range(len(self._ward.bands))]
        self.bands: dict[str, AnyBand] = {
            band.name: new_band(
                kind,
                band.name,
                boot=band.boot,
                clock_us=_clock_us(band, band.tick_us + scenario.past_s * SECOND_US),
                speed=speed,
                always_pairing=always_pairing,
                bonds=bonds,
            )
            for kind, band in zip(self._kinds, self._ward.bands, strict=True)
        }
        self._adapters: dict[str, str] = {}
        self._handled = {
            name: Handled(kind, band, self, opened=partial(self._transport, name), speed=speed)
            for kind, (name, band) in zip(self._kinds, self.bands.items(), strict=True)
        }
        self._weather = Weather(self._plan, self.bands, self.air, opened=self._transport, speed=speed)
        self._stuck = [StuckPulse() for _ in self._kinds]
        self._pulses = [Pulse(tells_contact=True) for _ in self._kinds]
        self._lives: list[dict[int, LifeSensed]] = [{} for _ in self._kinds]  # by boot, the latest last
        self._seconds = [0 for _ in self._kinds]
        self._later_us = [0 for _ in self._kinds]  # by how much clocks ran before time began
        self._behind_s = 0.0

    async def start(self, adapters: Sequence[str] = ()) -> None:
        """Live through the scenario's past in silence, then switch every band on.

        ``adapters`` are bumble's names of real ones, ``usb:0``, one a band; none: the bands are on ``air``. Raises
        ScenarioError where there are fewer adapters than bands, or for a fault that they cannot do, and RadioError
        where one cannot be opened.
        """
        if adapters and len(adapters) < len(self.bands):
            raise ScenarioError(
                f"hci: {len(self.bands)} bands need as many adapters, got {len(adapters)}: a controller has one address"
            )
        if adapters:
            self._weather.require_air()
        while self._ward.now_s < 0:
            await asyncio.to_thread(self._ward.skip, min(self._ward.chunk_s(), -self._ward.now_s))
        self._adapters = dict(zip(self.bands, adapters, strict=False))
        for name, band in self.bands.items():
            transport = await self._transport(name)
            async with adapter.answering(self._adapters[name]) if adapters else contextlib.nullcontext():
                await band.start(transport)

    async def play(self, seconds: float | None = None, *, stop: asyncio.Event | None = None) -> None:
        """Let ``seconds`` of simulated time pass (None: until ``stop`` is set), each second of each band when due."""
        halt = asyncio.Event() if stop is None else stop
        loop = asyncio.get_running_loop()
        end_s = math.inf if seconds is None else self._ward.now_s + seconds
        began: float | None = None
        coming: list[_Coming] = []
        first_s = self._ward.now_s
        while self._ward.now_s < end_s and not halt.is_set():
            second = self._ward.now_s - first_s
            stretch = await asyncio.to_thread(self._ward.push, 1)
            if began is None:  # not before the first second: it may have been compiled
                began = loop.time()
                self._set_clocks(stretch, began)
            at_s = self._ward.now_s - 1
            shifts = [self._plan.shift_s(row, at_s) for row in range(len(self.bands))]
            dues = [band.due_s(second) + shift for band, shift in zip(self._ward.bands, shifts, strict=True)]
            for due_s, row, felt in self._before_the_end(coming, at_s):
                self._sense(row, felt, began + due_s / self._speed)
            await self._weather.turn(at_s, [began + due_s / self._speed for due_s in dues])
            for row, due_s in enumerate(dues):
                sensed = self._felt(row, at_s, second_of(stretch, row, later_us=self._later_us[row]))
                if sensed is not None:
                    heapq.heappush(coming, (due_s, row, second, sensed))
            until_s = math.inf if self._ward.now_s >= end_s else second + 2 - self._plan.lead_s(at_s)
            while coming and coming[0][0] < until_s:
                due_s, row, _, felt = heapq.heappop(coming)
                due = began + due_s / self._speed
                await self._wait_until(due, halt)
                if halt.is_set():
                    return
                self._behind_s = max(self._behind_s, loop.time() - due)
                self._sense(row, felt, due)

    async def drain(self, *, stop: asyncio.Event | None = None) -> None:
        """Wait until a gateway has said that all is stored; not for ever where nothing moves."""
        halt = asyncio.Event() if stop is None else stop
        loop = asyncio.get_running_loop()
        left, moved = self._unstored(), loop.time()
        while left and loop.time() < moved + DRAIN_S and not halt.is_set():
            await self._wait_until(loop.time() + _LOOK_S, halt)
            if (now := self._unstored()) != left:
                left, moved = now, loop.time()

    async def obey(self, line: str) -> list[str]:
        """Do what a line of ``hands.HELP`` asks for, and return what was done, a line each; raises HandError."""
        deed = deed_of(line, list(self.bands))
        if deed is None:
            return []
        if deed == "help":
            return HELP.splitlines()
        return [await self._handled[band].do(deed.act) for band in deed.bands]

    def wear(self, band: str, *, worn: bool) -> None:
        """From the next second on it is on its wearer, or not, whatever the scenario says."""
        self._ward.worn_by_hand[list(self.bands).index(band)] = worn

    def range(self, band: str, *, within: bool) -> None:
        """Carry it out of everybody's earshot, or back; raises HandError where the bands are on real adapters."""
        if self._adapters:
            raise HandError(f"{band}: is on a real adapter: carry that away")
        (self.air.restore if within else self.air.silence)(band)

    async def stop(self) -> None:
        """Switch every band off."""
        await asyncio.gather(*(band.stop() for band in self.bands.values()))

    def account(self) -> Sensed:
        """Return what was sensed until now."""
        bands = []
        for row, (name, band) in enumerate(self.bands.items()):
            of_all = (name, wearer_name(row + 1), self._kinds[row], band.address, self._seconds[row], band.links)
            if isinstance(band, ForecalmBand):
                memory, boot, lives = band.firmware.memory, band.firmware.boot, self._lives[row]
                first, last = (lives[boot].first_seq, lives[boot].last_seq) if boot in lives else (None, None)
                kept = (len(memory), memory.let_go, tuple(lives.values()))
                bands.append(BandSensed(*of_all, boot, first, last, *kept))
            else:
                bands.append(BandSensed(*of_all))
        return Sensed(tuple(bands), self._behind_s, max(self._ward.now_s, 0))

    def _set_clocks(self, stretch: Stretch, began: float) -> None:
        """Time begins to pass. A band that somebody has linked to since it was switched on keeps its clock, which may
        have been read; of the others it begins now, so that the same seed senses the same to the bit."""
        for row, (sensing, band) in enumerate(zip(self._ward.bands, self.bands.values(), strict=True)):
            if not isinstance(band, ForecalmBand) or band.firmware.boot != sensing.boot:  # somebody restarted it
                continue
            first_us = _clock_us(sensing, stretch.packets[row][0].tick_us - SECOND_US)
            if band.links:
                self._later_us[row] = band.tick_us(began) - first_us
            else:
                band.set_clock(first_us, at_s=began)

    def _before_the_end(self, coming: list[_Coming], at_s: int) -> list[tuple[float, int, Second]]:
        """Take out what bands that are off now have sensed before, and a slow clock has kept."""
        if not self._plan.any("reboot", "flat_battery"):
            return []
        due = sorted(entry for entry in coming if self._plan.life(entry[1], at_s) is None)
        coming[:] = [entry for entry in coming if entry not in due]
        heapq.heapify(coming)
        return [(due_s, row, felt) for due_s, row, _, felt in due]

    def _felt(self, row: int, at_s: int, second: Second) -> Second | None:
        """A second as the faults leave it; None: the band is off."""
        if not self._plan.faults:
            return second
        packet = self._plan.packet(row, at_s, second.packet)
        if packet is None:
            return None
        beats = self._stuck[row].feel(second.beats, frozen=self._plan.on("frozen", row, at_s) is not None)
        return replace(second, packet=packet, beats=beats)

    def _sense(self, row: int, second: Second, due: float) -> None:
        band, handled = self.bands[second.packet.band], self._handled[second.packet.band]
        felt = handled.felt(second, begin_s=due - 1 / self._speed, end_s=due)
        if felt is None:
            return
        second = felt
        self._seconds[row] += 1
        if not isinstance(band, ForecalmBand):
            band.sense(second)
            return
        if self._made is not None:
            self._made(second.packet)
        boot, seq = second.packet.boot, second.packet.seq
        life = self._lives[row].get(boot)
        self._lives[row][boot] = LifeSensed(boot, seq if life is None else life.first_seq, seq)
        band.sense(record_of(second.packet), heart=self._pulses[row].push(second), at_s=due)

    async def _wait_until(self, due: float, halt: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        if due > loop.time():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await halt.wait()

    async def _transport(self, band: str) -> Transport:
        return await adapter.opened(self._adapters[band]) if self._adapters else self.air.transport(band)

    def _unstored(self) -> int:
        bands = (band for band in self.bands.values() if isinstance(band, ForecalmBand))
        return sum(len(band.firmware.memory) for band in bands)


async def advertise(
    scenario: Scenario,
    *,
    seed: int,
    kinds: Sequence[Kind] = ("forecalm",),
    wearers: int | None = None,
    speed: float = 1.0,
    seconds: float | None = None,
    boot: int | None = None,
    port: int = 0,
    adapters: Sequence[str] = (),
    always_pairing: bool = True,
    lines: asyncio.Queue[str] | None = None,
    said: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
    started: Callable[[str], None] | None = None,
    made: Callable[[Packet], None] | None = None,
    bonds: Path | None = None,
) -> Sensed:
    """Put a scenario's bands on a radio for ``seconds`` of simulated time (None: until ``stop``), and wait until a
    gateway has said that all is stored.

    ``lines`` are what somebody types (``hands.HELP``); ``said`` is called with what was done of it, or what was wrong.
    ``started`` is called once with how others reach the radio: ``tcp-client:127.0.0.1:PORT``, or the adapters. Raises
    as ``BandsOnAir`` and its ``start`` do, and RadioError where ``port`` cannot be had.
    """
    bands = BandsOnAir(
        scenario,
        seed=seed,
        kinds=kinds,
        wearers=wearers,
        speed=speed,
        boot=boot,
        always_pairing=always_pairing,
        made=made,
        bonds=bonds,
    )
    halt = asyncio.Event() if stop is None else stop
    server = None if adapters else await serve(bands.air, port=port)
    hands = asyncio.create_task(_obey(bands, asyncio.Queue() if lines is None else lines, said or log.info))
    try:
        if not await _unless(halt, bands.start(adapters)):
            return bands.account()
        if started is not None:
            taken = "" if server is None else f"tcp-client:127.0.0.1:{server.sockets[0].getsockname()[1]}"
            started(taken or ", ".join(adapters))
        await bands.play(seconds, stop=halt)
        await bands.drain(stop=halt)
        return bands.account()
    finally:
        hands.cancel()
        await asyncio.gather(hands, return_exceptions=True)
        await bands.stop()
        if server is not None:
            server.close()


async def _unless(halt: asyncio.Event, doing: Coroutine[object, None, None]) -> bool:
    """Do it, unless ``halt`` is set before it is done: say which."""
    doer, halted = asyncio.create_task(doing), asyncio.create_task(halt.wait())
    try:
        await asyncio.wait({doer, halted}, return_when=asyncio.FIRST_COMPLETED)
        if doer.done():
            await doer
        return doer.done()
    finally:
        for task in (doer, halted):
            task.cancel()
        await asyncio.gather(doer, halted, return_exceptions=True)


def until_stopped(run: Callable[[asyncio.Event], Coroutine[object, None, Sensed]]) -> Sensed:
    """Run ``advertise`` from a program without a loop: SIGINT and SIGTERM set the event that ``run`` is given.

    ``until_stopped(lambda stop: advertise(scenario, seed=1, stop=stop))``
    """

    async def running() -> Sensed:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        return await run(stop)

    return asyncio.run(running())


async def _obey(bands: BandsOnAir, lines: asyncio.Queue[str], said: Callable[[str], None]) -> None:
    while True:
        line = await lines.get()
        try:
            for words in await bands.obey(line):
                said(words)
        except SimulationError as error:
            said(str(error))


def _clock_us(band: Band, begin_us: int) -> int:
    """What a band's clock shows [us] when time begins to pass, if it shows ``begin_us`` when its first packet does."""
    return begin_us + SECOND_US - round(band.due_s(0) * SECOND_US)
