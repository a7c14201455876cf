"""The bytes of a characteristic in, its fields out one by one; what is missing or left over is a GattError."""

import struct

from ingest.errors import GattError


class Fields:
    """Takes ``data`` of the characteristic that messages call ``characteristic`` apart from the front.

    Numbers are little-endian, as all of GATT. Each of them raises GattError, naming the field, where too few bytes are
    left.
    """

    def __init__(self, characteristic: str, data: bytes) -> None:
        self._characteristic = characteristic
        self._data = bytes(data)
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are not taken yet."""
        return len(self._data) - self._at

    def u8(self, field: str) -> int:
        """Take a byte."""
        return self._number(field, 1, signed=False)

    def u16(self, field: str) -> int:
        """Take two bytes without sign."""
        return self._number(field, 2, signed=False)

    def u32(self, field: str) -> int:
        """Take four bytes without sign."""
        return self._number(field, 4, signed=False)

    def u64(self, field: str) -> int:
        """Take eight bytes without sign."""
        return self._number(field, 8, signed=False)

    def i16(self, field: str) -> int:
        """Take two bytes with a sign."""
        return self._number(field, 2, signed=True)

    def f32(self, field: str) -> float:
        """Take an IEEE 754 number of four bytes; it may be infinite, or none."""
        value: float = struct.unpack("<f", self.take(field, 4))[0]
        return value

    def take(self, field: str, size: int) -> bytes:
        """Return the next ``size`` bytes; raises GattError, naming the field, where there are fewer."""
        if size > self.left:
            raise self.wrong(field, f"ends after {self.left} of {size} bytes")
        self._at += size
        return self._data[self._at - size : self._at]

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take("rest", self.left)

    def end(self) -> None:
        """Raise GattError where anything is left."""
        if self.left:
            raise self.wrong("length", f"{self.left} bytes follow the last field; {self._at} would be right")

    def wrong(self, field: str, why: str) -> GattError:
        """Return the error that says what is wrong with ``field``."""
        return GattError(f"{self._characteristic}: {field}: {why}")

    def _number(self, field: str, size: int, *, signed: bool) -> int:
        return int.from_bytes(self.take(field, size), "little", signed=signed)


def pack(characteristic: str, layout: str, *values: float) -> bytes:
    """Return ``struct.pack``; raises GattError where a value does not fit its field."""
    try:
        return struct.pack(layout, *values)
    except (struct.error, OverflowError) as error:
        raise GattError(f"{characteristic}: cannot be written: {error}") from None
