"""A bumble transport in, what bleak needs to use it out: virtual radios, and USB and serial adapters of any system."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from ingest.ble.bumble_bonds import Bonds
from ingest.ble.bumble_central import Central
from ingest.ble.bumble_client import BumbleClient
from ingest.ble.bumble_scanner import BumbleScanner

PUBLIC: Final = "/P"  # bumble's mark of an address that is not random


class BumbleRadio:
    """A Bluetooth host stack in Python, for adapters that the operating system does not hold. Raises LinkError where
    the file of bonds cannot be read."""

    hangs_up_on_lost_bonds = False

    def __init__(self, spec: str, bonds: Path | None) -> None:
        Bonds(bonds)  # a file that is spoilt is told of now, not when the first band is near
        self._spec = spec
        self._bonds = bonds
        where = {"transport": spec, "bonds": bonds}
        self.scanner_arguments: Mapping[str, Any] = {"backend": BumbleScanner, **where}
        self.client_arguments: Mapping[str, Any] = {"backend": BumbleClient, **where}

    async def bonded(self, device: BLEDevice, said: AdvertisementData) -> bool | None:
        """Whether a bond with the band is kept."""
        central = await Central.get(self._spec, self._bonds)
        return central.bonds.holds(str(device.details))

    async def remembers(self, address: str) -> bool | None:
        """The same of a band that was not heard yet, whether its address is public or random."""
        central = await Central.get(self._spec, self._bonds)
        return any(central.bonds.holds(name) for name in (address, f"{address}{PUBLIC}"))

    async def gone(self) -> None:
        """Return when the transport has gone."""
        central = await Central.get(self._spec, self._bonds)
        await central.gone()

    async def close(self) -> None:
        """Close the transport."""
        await Central.release(self._spec)
