"""Somebody's hands on one simulated band in, what the band senses and tells of it out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Literal, Protocol

import msgspec
from bumble.transport.common import Transport

from device_sim.band import quantise
from device_sim.errors import HandError
from device_sim.hands import WORDS, Act, Grip, Lives
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.infinitime import InfiniTimeWatch
from device_sim.wristband.polar import PolarSense
from device_sim.wristband.seconds import Second
from device_sim.wristband.strap import Strap
from ingest.wire import Packet

Kind = Literal["forecalm", "strap", "polar", "infinitime"]
AnyBand = ForecalmBand | Strap | PolarSense | InfiniTimeWatch
MOVES: Final = ("forecalm", "polar", "infinitime")  # kinds that sense movement


class Room(Protocol):
    """What hands can do to where a band is; all by its name."""

    def wear(self, band: str, *, worn: bool) -> None:
        """From the next second on it is on its wearer, or not, whatever the scenario says."""

    def range(self, band: str, *, within: bool) -> None:
        """Carry it away, or back; raises HandError where the air is not simulated."""


class Handled:
    """The ``band`` of a ``kind``, in a ``room``; ``opened`` gives it a transport when it starts anew, ``speed`` is how
    many of its seconds pass in one of ours."""

    def __init__(
        self, kind: Kind, band: AnyBand, room: Room, *, opened: Callable[[], Awaitable[Transport]], speed: float
    ) -> None:
        self.kind: Kind = kind
        self.band = band
        self._room = room
        self._opened = opened
        self._speed = speed
        self._grip = Grip()
        self._lives = Lives(band.firmware.boot) if isinstance(band, ForecalmBand) else None
        self._charging = False
        self._worn: bool | None = None  # None: nobody has touched it
        self._tells_contact = False

    async def do(self, act: Act) -> str:
        """Do it now, and return what was done; raises HandError for what that kind of band cannot have done to it."""
        name = self.band.name
        now_s = asyncio.get_running_loop().time()
        match act:
            case "tap":
                self._forecalm(act).happen("double_tap")
            case "shake" | "still":
                self._lift(act, now_s)
            case "off" | "on" | "charge":
                self._lay(act, now_s)
            case "hold":
                self._forecalm(act).open_pairing()
            case "reboot":
                await self._forecalm(act).restart(await self._opened())
            case "away" | "back":
                self._room.range(name, within=act == "back")
        return f"{name}: {WORDS[act]}"

    def felt(self, second: Second, *, begin_s: float, end_s: float) -> Second | None:
        """Return a second as the band in those hands senses it, which lasted so long by the loop's clock; None: its
        restart fell into it."""
        packet: Packet | None = second.packet
        self._tells_contact = second.packet.contact is not None
        if self._lives is not None and isinstance(self.band, ForecalmBand):
            began_us = self.band.tick_us(begin_s)
            packet = self._lives.named(second.packet, self.band.firmware.boot, began_us=began_us)
        if packet is None:
            return None
        motion = self._grip.felt(second.motion, begin_s=begin_s * self._speed, end_s=end_s * self._speed)
        if motion is not second.motion and packet.motion is not None:
            values = quantise("motion", motion.T).tobytes()
            packet = msgspec.structs.replace(packet, motion=msgspec.structs.replace(packet.motion, values=values))
        return replace(second, packet=packet, motion=motion)

    def _forecalm(self, act: Act) -> ForecalmBand:
        if isinstance(self.band, ForecalmBand):
            return self.band
        raise HandError(f"{self.band.name}: cannot {act}: it is a {self.kind}; only forecalm bands can")

    def _lift(self, act: Act, now_s: float) -> None:
        if self.kind not in MOVES:
            raise HandError(f"{self.band.name}: cannot {act}: a {self.kind} senses no movement")
        self._off_charger()
        self._wear(worn=False)
        self._grip.turn(now_s * self._speed, shaken=act == "shake")

    def _lay(self, act: Act, now_s: float) -> None:
        if act == "charge":
            self._forecalm(act)
        self._grip.turn(now_s * self._speed, shaken=False)
        self._wear(worn=act == "on")
        if act != "charge":
            self._off_charger()
        elif not self._charging:
            self._charging = True
            self._forecalm(act).happen("charging")

    def _off_charger(self) -> None:
        if self._charging and isinstance(self.band, ForecalmBand):
            self.band.happen("off_charger")
        self._charging = False

    def _wear(self, *, worn: bool) -> None:
        if self._worn is worn:
            return
        self._worn = worn
        self._room.wear(self.band.name, worn=worn)
        if isinstance(self.band, ForecalmBand) and self._tells_contact:
            self.band.happen("put_on" if worn else "taken_off")
