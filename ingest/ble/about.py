"""A link in, what a band says of itself in the standard services out; and ids for bands that say too little."""

import logging
import re
from typing import Final

from ingest.ble.profile import Advert, Link
from ingest.control.messages import Seen
from ingest.errors import GattError
from ingest.gatt import uuids
from ingest.gatt.battery import decode_battery
from ingest.gatt.device_information import decode_text
from ingest.ids import is_id

log = logging.getLogger(__name__)

ADDRESS_MAX: Final = 64  # six bytes in hexadecimal; a UUID on macOS
RSSI_MIN, RSSI_MAX = -127, 20  # dBm, by the standard
_OTHER: Final = re.compile(r"[^A-Za-z0-9]")


async def read_about(link: Link) -> tuple[str | None, str | None]:
    """Return (firmware, model) as far as the band tells; raises GattError where it tells nonsense."""
    told: list[str | None] = [None, None]
    for i, (uuid, what) in enumerate(((uuids.FIRMWARE, "firmware (2A26)"), (uuids.MODEL, "model (2A24)"))):
        if link.has(uuid):
            told[i] = decode_text(await link.read(uuid), what)
    return told[0], told[1]


async def read_battery(link: Link) -> int | None:
    """Return the battery in per cent, if the band tells; raises GattError where that is nonsense."""
    return decode_battery(await link.read(uuids.BATTERY_LEVEL)) if link.has(uuids.BATTERY_LEVEL) else None


def band_of_address(profile: str, address: str) -> str | None:
    """An id for a band without a serial: its kind and its address; None where a topic cannot hold that."""
    band = f"{profile}-{_OTHER.sub('', address).lower()}"
    return band if is_id(band) else None


def seen_by_address(profile: str, advert: Advert) -> Seen | None:
    """What the advert of a band without a serial says. Its name is what it likes, so it is no id."""
    band = band_of_address(profile, advert.address)
    return None if band is None else seen_as(profile, band, advert)


def seen_as(profile: str, band: str, advert: Advert) -> Seen | None:
    """An advert of ``band``; None where no stack would call anything by such an address."""
    if len(advert.address) > ADDRESS_MAX:
        return None
    rssi = min(RSSI_MAX, max(RSSI_MIN, advert.rssi))
    return Seen(band=band, profile=profile, address=advert.address, heard_us=advert.heard_us, rssi=rssi)


def need(band: str, link: Link, characteristics: dict[str, str]) -> None:
    """Raise GattError, naming the first of ``characteristics`` (name to UUID) that the band does not have."""
    for what, uuid in characteristics.items():
        if not link.has(uuid):
            raise GattError(f"{band}: {what}: is missing; a band of this kind has it")
