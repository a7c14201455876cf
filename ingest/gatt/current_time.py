"""Current Time (2A2B): ten bytes to a local time and back (Current Time Service 1.1, Bluetooth SIG)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from ingest.gatt.fields import Fields, pack

_NAME: Final = "current time (2A2B)"


@dataclass(frozen=True, slots=True)
class CurrentTime:
    """``local`` time of day where the band is, without zone, to 1/256 s; ``reasons`` it was adjusted for (bits)."""

    local: datetime
    reasons: int = 0

    def __bytes__(self) -> bytes:
        at = self.local
        numbers = (at.year, at.month, at.day, at.hour, at.minute, at.second)
        return pack(_NAME, "<H5BBBB", *numbers, at.isoweekday(), at.microsecond * 256 // 1_000_000, self.reasons)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the time; raises GattError, naming the field, where there is no such moment."""
        fields = Fields(_NAME, data)
        year = fields.u16("year")
        month, day, hour, minute, second = (fields.u8(f) for f in ("month", "day", "hour", "minute", "second"))
        weekday, fraction, reasons = fields.u8("weekday"), fields.u8("fraction"), fields.u8("reasons")
        fields.end()
        try:
            local = datetime(year, month, day, hour, minute, second, -(-fraction * 1_000_000 // 256))  # noqa: DTZ001  local
        except ValueError as error:
            raise fields.wrong("moment", str(error)) from None
        if weekday not in (0, local.isoweekday()):
            raise fields.wrong("weekday", f"must be {local.isoweekday()} or 0 (unknown) on that day, got {weekday}")
        return cls(local, reasons)
