"""A plan and bands on a simulated air in; what is to go wrong in a second goes wrong: power, earshot, doubled words."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from bumble.transport.common import Transport

from device_sim.faults.plan import CLOCK_2019_US, Plan
from device_sim.handled import AnyBand
from device_sim.radio.air import Air
from device_sim.wristband.forecalm import ForecalmBand

NEEDS_AIR: Final = ("away", "silent_radio", "doubled")
_SECOND_US: Final = 1_000_000


class Weather:
    """What ``plan`` does to ``bands`` (by name, in the order of its rows); ``opened`` gives a band a transport when it
    is switched on again, and ``speed`` is how many of its seconds pass in one of ours."""

    def __init__(
        self,
        plan: Plan,
        bands: Mapping[str, AnyBand],
        air: Air,
        *,
        opened: Callable[[str], Awaitable[Transport]],
        speed: float,
    ) -> None:
        self._plan = plan
        self._bands = bands
        self._air = air
        self._opened = opened
        self._speed = speed
        self._off: set[str] = set()
        self._away: set[str] = set()
        self._deaf: set[str] = set()

    def require_air(self) -> None:
        """Raise ScenarioError, saying where the fault stands, for one that real adapters cannot do."""
        for fault in self._plan.faults:
            if fault.kind in NEEDS_AIR:
                raise fault.wrong("kind", f"{fault.kind} needs the simulated radio: take it, or --hci, out")

    async def turn(self, second: int, dues: Sequence[float]) -> None:
        """Second ``second`` is going on; band by band, what it senses in it is due when the loop's clock shows
        ``dues``."""
        if not self._plan.faults:
            return
        for row, (name, band) in enumerate(self._bands.items()):
            await self._power(row, band, second, dues[row])
            self._carry(row, name, second)
            self._double(row, band, second)
        self._deafen(second)

    async def _power(self, row: int, band: AnyBand, second: int, due: float) -> None:
        life = self._plan.life(row, second)
        if life is None and band.name not in self._off:
            self._off.add(band.name)
            self._away.discard(band.name)
            await band.stop()
        elif life is not None and band.name in self._off:
            self._off.discard(band.name)
            transport = await self._opened(band.name)
            if isinstance(band, ForecalmBand):
                left_us = round((due - asyncio.get_running_loop().time()) * self._speed * 1e6)
                clock_us = CLOCK_2019_US + _SECOND_US - left_us
                await band.restart(transport, boot=life.boot, clock_us=clock_us)
            else:
                await band.start(transport)

    def _carry(self, row: int, name: str, second: int) -> None:
        away = self._plan.on("away", row, second) is not None and name not in self._off
        if away and name not in self._away:
            self._away.add(name)
            self._air.silence(name)
        elif not away and name in self._away:
            self._away.discard(name)
            self._air.restore(name)

    def _double(self, row: int, band: AnyBand, second: int) -> None:
        """The link breaks, and from the next one on every notification comes twice."""
        doubled = self._plan.on("doubled", row, second) is not None
        if doubled and not band.doubles:
            for one, other in self._air.links():
                if band.name in (one, other):
                    self._air.cut(one, other)
        band.doubles = doubled

    def _deafen(self, second: int) -> None:
        """Every gateway's radio hears nothing, also of one that comes meanwhile."""
        hosts = {host for host in self._air.hosts() if host not in self._bands}
        if self._plan.on("silent_radio", 0, second) is not None:
            for host in hosts - self._deaf:
                self._air.silence(host)
            self._deaf = hosts
        elif self._deaf:
            for host in hosts & self._deaf:
                self._air.restore(host)
            self._deaf = set()
