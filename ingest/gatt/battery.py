"""Battery Level (2A19): one byte to per cent and back."""

from ingest.gatt.fields import Fields, pack

_NAME = "battery (2A19)"


def decode_battery(data: bytes) -> int:
    """Return 0 to 100 per cent; raises GattError."""
    fields = Fields(_NAME, data)
    level = fields.u8("level")
    fields.end()
    if level > 100:
        raise fields.wrong("level", f"must be 0 to 100, got {level}")
    return level


def encode_battery(level: int) -> bytes:
    """Return the byte."""
    return pack(_NAME, "<B", level)
