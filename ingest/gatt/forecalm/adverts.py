"""What a forecalm band says to everybody in its manufacturer data: bytes to a value and back."""

from dataclasses import dataclass
from typing import Final, Self

from ingest.gatt.fields import Fields, pack

VERSION: Final = 1
_NAME: Final = "advert (manufacturer data)"


@dataclass(frozen=True, slots=True)
class BandAdvert:
    """Not to be trusted. ``pairing``: it waits to be paired; ``backlog``: it keeps records that are not stored.
    ``firmware`` is (major, minor, patch); ``battery`` in per cent, None: unknown."""

    battery: int | None
    worn: bool
    charging: bool
    pairing: bool
    backlog: bool
    firmware: tuple[int, int, int]

    def __bytes__(self) -> bytes:
        flags = self.worn | self.charging << 1 | self.pairing << 2 | self.backlog << 3
        return pack(_NAME, "<6B", VERSION, 255 if self.battery is None else self.battery, flags, *self.firmware)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the value; raises GattError, naming the field."""
        fields = Fields(_NAME, data)
        if (version := fields.u8("version")) != VERSION:
            raise fields.wrong("version", f"must be {VERSION}, got {version}")
        battery, flags = fields.u8("battery"), fields.u8("flags")
        if battery > 100 and battery != 255:
            raise fields.wrong("battery", f"must be 0 to 100 or 255, got {battery}")
        firmware = (fields.u8("firmware"), fields.u8("firmware"), fields.u8("firmware"))
        fields.end()
        worn, charging, pairing, backlog = (bool(flags & bit) for bit in (1, 2, 4, 8))
        return cls(None if battery == 255 else battery, worn, charging, pairing, backlog, firmware)
