"""Heart Rate Measurement (2A37): bytes to a value and back (Heart Rate Service 1.0, Bluetooth SIG)."""

from dataclasses import dataclass
from typing import Final, Self

from ingest.gatt.fields import Fields, pack

INTERVAL_HZ: Final = 1024  # intervals count 1/1024 s
VALUE_MAX: Final = 512  # bytes of any attribute (Core Specification 5.4, vol. 3, part F, 3.2.9): 255 intervals
_WIDE, _TOUCHES, _TELLS_CONTACT, _ENERGY, _INTERVALS = 1, 2, 4, 8, 16
_NAME: Final = "heart rate (2A37)"


@dataclass(frozen=True, slots=True)
class HeartRate:
    """``contact`` None: it cannot tell; ``energy_kj`` None: not told. ``intervals`` between beats in 1/1024 s, oldest
    first: those that ended since the last notification, as far as they fit into one."""

    bpm: int
    contact: bool | None = None
    energy_kj: int | None = None
    intervals: tuple[int, ...] = ()

    def __bytes__(self) -> bytes:
        wide = self.bpm > 0xFF
        flags = wide * _WIDE | (self.energy_kj is not None) * _ENERGY | bool(self.intervals) * _INTERVALS
        if self.contact is not None:
            flags |= _TELLS_CONTACT | self.contact * _TOUCHES
        energy = b"" if self.energy_kj is None else pack(_NAME, "<H", self.energy_kj)
        head = pack(_NAME, "<BH" if wide else "<BB", flags, self.bpm)
        return head + energy + pack(_NAME, f"<{len(self.intervals)}H", *self.intervals)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the value; raises GattError, naming the field. Reserved flags are passed over."""
        fields = Fields(_NAME, data)
        if fields.left > VALUE_MAX:
            raise fields.wrong("length", f"{fields.left} bytes are more than {VALUE_MAX}")
        flags = fields.u8("flags")
        bpm = fields.u16("bpm") if flags & _WIDE else fields.u8("bpm")
        contact = bool(flags & _TOUCHES) if flags & _TELLS_CONTACT else None
        energy_kj = fields.u16("energy") if flags & _ENERGY else None
        intervals: list[int] = []
        while flags & _INTERVALS and fields.left:
            intervals.append(fields.u16("interval"))
        fields.end()
        return cls(bpm, contact, energy_kj, tuple(intervals))
