"""An adapter's name in, what bleak needs to use it out: the one place that tells Bluetooth stacks apart."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from ingest.errors import LinkError

BLUEZ: Final = re.compile(r"hci\d+")
# The schemes of bumble.transport: what is not among them can never be opened, whatever is plugged in.
ALONE: Final = ("android-emulator", "android-netsim", "hci-socket", "pty", "vhci")  # they need no more than their name
NAMED: Final = ("file", "pyusb", "serial", "tcp-client", "tcp-server", "udp", "unix", "unix-client", "unix-server")
SCHEMES: Final = tuple(sorted((*ALONE, *NAMED, "usb", "ws-client", "ws-server")))
HEAR_ALL: Final = {"DuplicateData": True}  # else BlueZ is silent about a band whose advert and strength stay the same


class Radio(Protocol):
    """What one Bluetooth stack has of its own."""

    @property
    def scanner_arguments(self) -> Mapping[str, Any]:
        """For BleakScanner."""

    @property
    def client_arguments(self) -> Mapping[str, Any]:
        """For BleakClient."""

    @property
    def hangs_up_on_lost_bonds(self) -> bool:
        """Whether a link is encrypted while it is made, and ended without a reason where the band lost its bond."""

    async def bonded(self, device: BLEDevice, said: AdvertisementData) -> bool | None:
        """Whether a bond with the band is kept; None: only the operating system knows."""

    async def remembers(self, address: str) -> bool | None:
        """The same of a band that was not heard yet."""

    async def gone(self) -> None:
        """Return when the adapter is known to have gone; for ever where a stack does not say."""

    async def close(self) -> None:
        """Let go of the adapter."""


class PlatformRadio:
    """The operating system's own Bluetooth, by bleak: BlueZ, Windows, macOS. ``adapter`` picks one of BlueZ's."""

    hangs_up_on_lost_bonds = True

    def __init__(self, adapter: str | None) -> None:
        chosen = {} if adapter is None else {"adapter": adapter}
        self.scanner_arguments: Mapping[str, Any] = {"bluez": {**chosen, "filters": HEAR_ALL}}
        self.client_arguments: Mapping[str, Any] = {"bluez": chosen}

    async def bonded(self, device: BLEDevice, said: AdvertisementData) -> bool | None:
        """What BlueZ said with the latest advert; the others keep it to themselves."""
        told = said.platform_data[1] if len(said.platform_data) == 2 else None
        paired = told.get("Paired") if isinstance(told, dict) else None
        return paired if isinstance(paired, bool) else None

    async def remembers(self, address: str) -> bool | None:
        """BlueZ says it with the first advert."""
        return None

    async def gone(self) -> None:
        """Never: a scanner that has died here is known by its silence alone."""
        await asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        """Nothing is held."""


def radio_of(adapter: str, bonds: Path | None) -> Radio:
    """``""`` or ``hci0`` for the operating system's, else a bumble transport such as ``usb:0``.

    ``bonds`` is the file in which a bumble radio keeps its bonds; None: in memory. Raises LinkError for a name that is
    neither, and where bumble is not installed. A transport that is not there now is no error: it may be plugged in.
    """
    if adapter == "" or BLUEZ.fullmatch(adapter):
        return PlatformRadio(adapter or None)
    if ":" not in adapter:
        raise LinkError(
            f"adapter {adapter!r}: give nothing, hci0, or a transport such as usb:0 or tcp-client:host:port"
        )
    scheme, _, where = adapter.partition(":")
    if scheme not in SCHEMES:
        raise LinkError(f"adapter {adapter!r}: there is no transport {scheme!r}; there are {', '.join(SCHEMES)}")
    if not where and scheme not in ALONE:
        raise LinkError(f"adapter {adapter!r}: say which after the colon, as in usb:0 or tcp-client:host:port")
    try:
        from ingest.ble.bumble_radio import BumbleRadio  # an extra: most gateways use the operating system's stack
    except ImportError as error:
        raise LinkError(f"adapter {adapter!r} needs bumble: install forecalm[radio]") from error
    return BumbleRadio(adapter, bonds)
