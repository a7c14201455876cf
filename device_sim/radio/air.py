"""Host stacks in, each with a Bluetooth controller of its own on one air out; and the faults of that air as calls.

No air time is simulated: no connection interval, no collisions, no loss of single packets; rates are what the CPU
gives. A link that is out of earshot holds what is sent over it, as link layers send again, until it is heard again or
the supervision timeout ends it.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import Transport, TransportSink, TransportSource

from device_sim.errors import RadioError
from device_sim.radio.controller import RadioController

SUPERVISION_S: Final = 0.72  # a link that hears nothing for so long is lost: what phones and Linux ask for by default
RSSI_NEAR, RSSI_FAR = -45, -80  # dBm between which a pair lies where nobody said
WANDER_DB: Final = 6.0  # either way: people move, and bodies are in between
_STEP_DB: Final = 1.5
_HEARD_MIN, _HEARD_MAX = -100, -30  # dBm

Pair = frozenset[Controller]


class Ether(LocalLink):
    """What carries everything between controllers: who hears whom, how loudly, and what waits to be heard."""

    def __init__(self, *, seed: int, supervision_s: float, wander_db: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._random = random.Random(seed)  # noqa: S311  no secret: how loudly a band is heard
        self._supervision_s = supervision_s
        self._wander_db = wander_db
        self._rssi: dict[Pair, float | None] = {}
        self._walk: dict[Pair, float] = {}
        self._silent: set[Controller] = set()
        self._held: dict[Pair, list[Callable[[], None]]] = {}
        self._timers: dict[Pair, asyncio.TimerHandle] = {}

    def audible(self, one: Controller, other: Controller) -> bool:
        """Whether the two hear each other."""
        if one in self._silent or other in self._silent:
            return False
        return self._rssi.get(frozenset((one, other)), 0.0) is not None

    def rssi(self, one: Controller, other: Controller) -> int:
        """How loudly they hear each other now [dBm]: about the pair's own level, which wanders."""
        pair = frozenset((one, other))
        level = self._rssi.setdefault(pair, float(self._random.randint(RSSI_FAR, RSSI_NEAR)))
        step = self._walk.get(pair, 0.0) + self._random.uniform(-_STEP_DB, _STEP_DB)
        self._walk[pair] = max(-self._wander_db, min(self._wander_db, step))
        heard = round((level or 0.0) + self._walk[pair])
        return max(_HEARD_MIN, min(_HEARD_MAX, heard))

    def set_rssi(self, one: Controller, other: Controller, rssi: float | None) -> None:
        """Put the two so far apart; None: out of range."""
        pair = frozenset((one, other))
        self._rssi[pair] = rssi
        self._walk.pop(pair, None)
        self._settle(one, other)

    def silence(self, controller: Controller) -> None:
        """Kill its radio: it hears nobody and nobody hears it."""
        self._silent.add(controller)
        self._settle_all(controller)

    def restore(self, controller: Controller) -> None:
        """Switch its radio on again."""
        self._silent.discard(controller)
        self._settle_all(controller)

    def leave(self, controller: RadioController) -> None:
        """Its host is gone; it is forgotten once every peer has noticed."""
        if controller not in self.controllers:
            return
        controller.fall_silent()
        self.silence(controller)
        self.controllers.discard(controller)
        asyncio.get_running_loop().call_later(2 * self._supervision_s, self._forget, controller)

    def cut(self, one: Controller, other: Controller) -> None:
        """Lose the connection between the two at once, as after a supervision timeout; nothing where there is none."""
        pair = frozenset((one, other))
        self._held.pop(pair, None)
        timer = self._timers.pop(pair, None)
        if timer is not None:
            timer.cancel()
        for here, there in ((one, other), (other, one)):
            for connection in list(here.le_connections.values()):
                if isinstance(here, RadioController) and connection.peer_address in _addresses(there):
                    here.lose(connection.peer_address)

    def find_le_controller(self, address: hci.Address) -> Controller | None:
        """Return who is called ``address``, by connection, by advertising set or by its own address."""
        found = super().find_le_controller(address)
        if found is not None:
            return found
        return next((c for c in self.controllers if address in _addresses(c)), None)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Only to those who listen, and who hear it."""
        for controller in self.controllers:
            if controller is sender_controller or not self.audible(sender_controller, controller):
                continue
            if isinstance(packet, ll.ConnectInd):
                wanted = packet.advertiser_address in _addresses(controller)
            else:
                wanted = isinstance(controller, RadioController) and controller.listens
            if wanted:
                asyncio.get_running_loop().call_soon(controller.on_ll_advertising_pdu, packet)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """To the other end of the connection; the sender is who the connection says, public or random."""
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is not None and receiver is not None:
            heard_from = connection.self_address
            self._carry(sender_controller, receiver, lambda: receiver.on_link_acl_data(heard_from, transport, data))

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """As data; to nobody where the peer is gone."""
        sender, receiver = self.find_le_controller(sender_address), self.find_le_controller(receiver_address)
        if sender is not None and receiver is not None:
            self._carry(sender, receiver, lambda: _control(receiver, sender_address, packet))

    def _carry(self, sender: Controller, receiver: Controller, deliver: Callable[[], None]) -> None:
        if self.audible(sender, receiver):
            asyncio.get_running_loop().call_soon(deliver)
        else:
            self._held.setdefault(frozenset((sender, receiver)), []).append(deliver)

    def _settle_all(self, controller: Controller) -> None:
        for other in list(self.controllers - {controller}):
            self._settle(controller, other)

    def _settle(self, one: Controller, other: Controller) -> None:
        """Deliver what was held where the two hear each other again; where not, let their link time out."""
        pair = frozenset((one, other))
        loop = asyncio.get_running_loop()
        timer = self._timers.pop(pair, None)
        if timer is not None:
            timer.cancel()
        if self.audible(one, other):
            for deliver in self._held.pop(pair, []):
                loop.call_soon(deliver)
        else:
            self._timers[pair] = loop.call_later(self._supervision_s, self.cut, one, other)

    def _forget(self, controller: Controller) -> None:
        self._silent.discard(controller)
        for table in (self._rssi, self._walk, self._held):
            for pair in [pair for pair in table if controller in pair]:
                del table[pair]
        for pair in [pair for pair in self._timers if controller in pair]:
            self._timers.pop(pair).cancel()


class Air:
    """One house's worth of radio. Hosts are named as they were attached, or by any address that they go by."""

    def __init__(self, *, seed: int = 0, supervision_s: float = SUPERVISION_S, wander_db: float = WANDER_DB) -> None:
        self._ether = Ether(seed=seed, supervision_s=supervision_s, wander_db=wander_db)
        self._count = 0

    def attach(
        self, name: str | None = None, *, source: TransportSource | None = None, sink: TransportSink | None = None
    ) -> RadioController:
        """Give a host a controller; ``source`` and ``sink`` are what bumble calls a transport's two ends. Without them
        the controller is itself both ends: see ``transport``."""
        self._count += 1
        controller = RadioController(
            name or f"host-{self._count}",
            host_source=source,
            host_sink=sink,
            link=self._ether,
            public_address=f"F0:F1:F2:00:{self._count >> 8 & 255:02X}:{self._count & 255:02X}",
        )
        return controller

    def transport(self, name: str | None = None) -> Transport:
        """Return a bumble transport in this process, for a host that is called ``name``."""
        controller = self.attach(name)
        return Transport(controller, controller)

    def hosts(self) -> list[str]:
        """The names of all hosts."""
        return sorted(controller.name for controller in self._ether.controllers)

    def links(self) -> list[tuple[str, str]]:
        """The pairs of hosts that are connected, each once."""
        pairs = set()
        for controller in self._ether.controllers:
            for connection in controller.le_connections.values():
                peer = self._ether.find_le_controller(connection.peer_address)
                if peer is not None:
                    pairs.add((min(controller.name, peer.name), max(controller.name, peer.name)))
        return sorted(pairs)

    def silence(self, host: str) -> None:
        """Kill the radio of ``host``: it hears nothing, and its links die of the supervision timeout."""
        self._ether.silence(self._named(host))

    def restore(self, host: str) -> None:
        """Switch the radio of ``host`` on again; links that have not died yet go on without loss."""
        self._ether.restore(self._named(host))

    def set_rssi(self, one: str, other: str, rssi: float | None) -> None:
        """Put two hosts so far apart that they hear each other at about ``rssi`` dBm; None: out of range."""
        self._ether.set_rssi(self._named(one), self._named(other), rssi)

    def cut(self, one: str, other: str) -> None:
        """End the link between two hosts at once; what was on its way is lost."""
        self._ether.cut(self._named(one), self._named(other))

    def remove(self, host: str) -> None:
        """As if the process of ``host`` were killed."""
        controller = self._named(host)
        if isinstance(controller, RadioController):
            controller.close()

    def _named(self, host: str) -> Controller:
        for controller in self._ether.controllers:
            known = {controller.name, *(str(a).split("/")[0] for a in _addresses(controller))}
            if host in known:
                return controller
        raise RadioError(f"{host}: nobody on the air is called so; there are {', '.join(self.hosts()) or 'none'}")


def _addresses(controller: Controller) -> tuple[hci.Address, ...]:
    if isinstance(controller, RadioController):
        return controller.addresses
    return (controller.random_address, controller.public_address)


def _control(receiver: Controller, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
    if sender_address in receiver.le_connections:
        receiver.on_ll_control_pdu(sender_address, packet)
