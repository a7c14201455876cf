"""A bumble transport in, a powered central out, that scanners and clients of one event loop share."""

import asyncio
import logging
import weakref
from pathlib import Path
from typing import ClassVar, Final, Protocol

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from bumble import core, hci
from bumble.device import Advertisement, Connection, ConnectionParametersPreferences, Device, DeviceConfiguration
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport
from bumble.transport.common import Transport

from ingest.ble.bumble_bonds import Bonds
from ingest.errors import LinkError

log = logging.getLogger(__name__)

OPEN_S: Final = 10.0  # a controller answers in milliseconds, but a USB adapter may load its firmware first
ABORT_S: Final = 2.0  # a controller gives up dialling at once; one that does not is stuck
ABORT_AGAIN_S: Final = 0.05  # asked before it has begun to dial, a controller has nothing to give up yet
INTERVAL_MIN_MS: Final = 30.0  # ten links at 30 to 50 ms leave each of them 3 ms of air
INTERVAL_MAX_MS: Final = 50.0
SUPERVISION_MS: Final = 2_000  # a body in between for a second costs no link; a band that died is missed soon


class Hearer(Protocol):
    """Who hears adverts; ``active`` asks bands for the rest of what they have to say."""

    active: bool

    def on_advertisement(self, heard: Advertisement) -> None:
        """One advert."""


class Central:
    """One transport and the bumble device on it."""

    _open: ClassVar["weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[Central]]]"] = (
        weakref.WeakKeyDictionary()
    )

    def __init__(self, transport: Transport, device: Device, bonds: Bonds) -> None:
        self.device = device
        self.bonds = bonds
        self._transport = transport
        self._hearers: dict[Hearer, bool] = {}
        self._lock = asyncio.Lock()  # what is scanned for, and the one band that is dialled
        device.on(device.EVENT_ADVERTISEMENT, self._heard)

    @classmethod
    async def get(cls, spec: str, bonds: Path | None = None) -> "Central":
        """The one that is open, or a new one where there is none or its transport has gone.

        Raises BleakBluetoothNotAvailableError.
        """
        table = cls._open.setdefault(asyncio.get_running_loop(), {})
        task = table.get(spec)
        if task is None or (task.done() and not _alive(task)):
            task = table[spec] = asyncio.ensure_future(cls._start(spec, bonds))
        return await asyncio.shield(task)

    @classmethod
    async def release(cls, spec: str) -> None:
        """Close the transport."""
        task = cls._open.get(asyncio.get_running_loop(), {}).pop(spec, None)
        if task is None:
            return
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is None:
            await task.result()._close()

    @classmethod
    async def _start(cls, spec: str, bonds_path: Path | None) -> "Central":
        try:
            bonds = Bonds(bonds_path)
            async with asyncio.timeout(OPEN_S):
                transport = await open_transport(spec)
        except LinkError:
            raise
        except Exception as error:  # each transport has errors of its own
            raise _unavailable(spec, error) from error
        settings = DeviceConfiguration(name="forecalm", address=bonds.address)
        device = _Device.from_config_with_hci(settings, transport.source, transport.sink)
        device.pairing_config_factory = _pairing
        try:
            async with asyncio.timeout(OPEN_S):
                await device.power_on()
        except BaseException as error:
            await transport.close()
            if isinstance(error, Exception):
                raise _unavailable(spec, error) from error
            raise
        device.keystore = bonds  # powering on has put another in its place
        return cls(transport, device, bonds)

    @property
    def alive(self) -> bool:
        """Whether the transport is still there."""
        return not self._transport.source.terminated.done()

    async def gone(self) -> None:
        """Return when the transport has gone."""
        await asyncio.wait({self._transport.source.terminated})

    async def scan(self, hearer: Hearer, *, on: bool) -> None:
        """Let a hearer hear, or no longer. Raises BleakError."""
        async with self._lock:
            before = dict(self._hearers)
            if on:
                self._hearers[hearer] = hearer.active
            else:
                self._hearers.pop(hearer, None)
            active = any(self._hearers.values())
            if not self.alive or (any(before.values()) == active and bool(before) == bool(self._hearers)):
                return
            try:
                if before:
                    await self.device.stop_scanning()
                if self._hearers:
                    await self.device.start_scanning(active=active, filter_duplicates=False)
            except core.BaseBumbleError as error:
                raise BleakError(f"scanning: {error}") from error

    async def dial(self, address: hci.Address) -> Connection:
        """Connect. Raises BleakError; a caller that is cancelled leaves no controller dialling behind."""
        preferences = ConnectionParametersPreferences(
            connection_interval_min=INTERVAL_MIN_MS,
            connection_interval_max=INTERVAL_MAX_MS,
            supervision_timeout=SUPERVISION_MS,
        )
        async with self._lock:
            dialling = asyncio.ensure_future(
                self.device.connect(
                    address, timeout=None, connection_parameters_preferences={hci.HCI_LE_1M_PHY: preferences}
                )
            )
            try:
                return await asyncio.shield(dialling)
            except asyncio.CancelledError:
                await self._abort(dialling)
                raise
            except core.BaseBumbleError as error:
                raise BleakError(f"dialling: {error}") from error

    async def _abort(self, dialling: "asyncio.Future[Connection]") -> None:
        try:
            async with asyncio.timeout(ABORT_S):
                while not dialling.done():
                    await self._stop_dialling()
                    await asyncio.wait({dialling}, timeout=ABORT_AGAIN_S)
        except (TimeoutError, core.BaseBumbleError) as error:
            log.warning("the controller does not stop dialling (%s): it is closed and opened anew", error)
            dialling.cancel()
            await self._close()
            return
        if not dialling.cancelled() and dialling.exception() is None:
            await dialling.result().disconnect()  # it came through at the last moment

    async def _stop_dialling(self) -> None:
        try:
            await self.device.cancel_connection()  # type: ignore[no-untyped-call]
        except hci.HCI_Error as error:
            if error.error_code != hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR:  # that is: it has just come through
                raise

    def _heard(self, advertisement: Advertisement) -> None:
        for hearer in list(self._hearers):
            hearer.on_advertisement(advertisement)

    async def _close(self) -> None:
        source = self._transport.source
        if not source.terminated.done():  # links end and waits are broken off now, whatever the transport says later
            source.terminated.set_result(None)
            self.device.host.on_transport_lost()  # type: ignore[no-untyped-call]
        source.set_packet_sink(_Nobody())
        await self._transport.close()


class _Device(Device):
    """Dials at once whom it is told to, by the address that was heard a moment ago."""

    async def find_peer_by_identity_address(self, identity_address: hci.Address) -> hci.Address:
        """Return it as it is: bumble would scan until it hears a bonded band, and nothing could call that off."""
        return identity_address


class _Nobody:
    """Whom packets are for once a transport is closed."""

    def on_packet(self, packet: bytes) -> None:
        """Not at home."""


def _alive(task: "asyncio.Task[Central]") -> bool:
    return not task.cancelled() and task.exception() is None and task.result().alive


def _unavailable(spec: str, error: Exception) -> BleakBluetoothNotAvailableError:
    reason = str(error) or type(error).__name__
    return BleakBluetoothNotAvailableError(f"{spec}: {reason}", BleakBluetoothNotAvailableReason.NO_BLUETOOTH)


def _pairing(_connection: Connection) -> PairingConfig:
    """LE Secure Connections, bonding, nothing to show and nothing to press: Just Works."""
    return PairingConfig(
        sc=True,
        mitm=False,
        bonding=True,
        delegate=PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT),
        identity_address_type=PairingConfig.AddressType.RANDOM,
    )
