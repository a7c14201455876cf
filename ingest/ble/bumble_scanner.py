"""Adverts that a bumble central hears in, bleak's devices out: ``BleakScanner(backend=BumbleScanner, …)``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from bleak.backends.scanner import AdvertisementDataCallback, BaseBleakScanner
from bumble.device import Advertisement

from ingest.ble.bumble_adverts import parse_advertisement
from ingest.ble.bumble_central import Central


class BumbleScanner(BaseBleakScanner):
    """``transport`` is bumble's name of the adapter, ``bonds`` the file of its bonds; the rest is bleak's."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: Literal["active", "passive"],
        *,
        transport: str,
        bonds: Path | None = None,
        **_other_stacks: Mapping[str, Any],
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self.active = scanning_mode == "active"
        self._transport = transport
        self._bonds = bonds
        self._central: Central | None = None

    async def start(self) -> None:
        """Begin; raises BleakError."""
        self._central = await Central.get(self._transport, self._bonds)
        self.seen_devices = {}
        await self._central.scan(self, on=True)

    async def stop(self) -> None:
        """End; raises BleakError."""
        if self._central is not None:
            await self._central.scan(self, on=False)

    def on_advertisement(self, heard: Advertisement) -> None:
        """One advert."""
        data = parse_advertisement(heard)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = heard.address.to_string(with_type_qualifier=False)
        known = self.seen_devices.get(address)
        name = data.local_name or (known[0].name if known else None)
        device = self.create_or_update_device(address, address, name, heard.address, data)
        self.call_detection_callbacks(device, data)
