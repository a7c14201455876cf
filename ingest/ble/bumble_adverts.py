"""An advert as bumble hears it in, as bleak knows it out. Whatever a band shouts, nothing is raised."""

import struct
import uuid
from typing import Final

from bleak.backends.scanner import AdvertisementData
from bleak.uuids import normalize_uuid_16, normalize_uuid_32
from bumble.core import AdvertisingData
from bumble.device import Advertisement

Kind = AdvertisingData.Type
SERVICES: Final = {  # width of an element, by kind of list
    Kind.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    Kind.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    Kind.INCOMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS: 4,
    Kind.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS: 4,
    Kind.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    Kind.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
}
SERVICE_DATA: Final = {
    Kind.SERVICE_DATA_16_BIT_UUID: 2,
    Kind.SERVICE_DATA_32_BIT_UUID: 4,
    Kind.SERVICE_DATA_128_BIT_UUID: 16,
}


def parse_advertisement(heard: Advertisement) -> AdvertisementData:
    """Structures that are too short for their kind are left out; of doubled ones the last counts, the whole name
    before a shortened one."""
    name: str | None = None
    power: int | None = None
    makers: dict[int, bytes] = {}
    services: dict[str, None] = {}
    service_data: dict[str, bytes] = {}
    for kind, data in heard.data.ad_structures:
        if kind == Kind.COMPLETE_LOCAL_NAME or (kind == Kind.SHORTENED_LOCAL_NAME and name is None):
            name = data.decode("utf-8", "replace")
        elif kind == Kind.TX_POWER_LEVEL and len(data) == 1:
            (power,) = struct.unpack("b", data)
        elif kind == Kind.MANUFACTURER_SPECIFIC_DATA and len(data) >= 2:
            makers[int.from_bytes(data[:2], "little")] = data[2:]
        elif width := SERVICES.get(kind):
            services |= {_uuid(data[i : i + width]): None for i in range(0, len(data) - width + 1, width)}
        elif (width := SERVICE_DATA.get(kind)) and len(data) >= width:
            service_data[_uuid(data[:width])] = data[width:]
    return AdvertisementData(
        local_name=name,
        manufacturer_data=makers,
        service_data=service_data,
        service_uuids=list(services),
        tx_power=power,
        rssi=heard.rssi,
        platform_data=(heard,),
    )


def _uuid(data: bytes) -> str:
    number = int.from_bytes(data, "little")
    if len(data) == 2:
        return normalize_uuid_16(number)
    if len(data) == 4:
        return normalize_uuid_32(number)
    return str(uuid.UUID(int=number))
