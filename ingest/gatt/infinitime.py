"""What InfiniTime (PineTime) tells of motion and steps: bytes to values and back (its docs/MotionService.md).

Its heart rate is 2A37 with the flags always 0: no contact, no intervals.
"""

from typing import Final

from ingest.gatt.fields import Fields, pack

COUNTS_PER_G: Final = 1024
_MOTION, _STEPS = "InfiniTime motion (00030002)", "InfiniTime steps (00030001)"


def decode_motion(data: bytes) -> tuple[int, int, int]:
    """Return x, y and z in 1/1024 g; raises GattError."""
    fields = Fields(_MOTION, data)
    axes = fields.i16("x"), fields.i16("y"), fields.i16("z")
    fields.end()
    return axes


def encode_motion(x: int, y: int, z: int) -> bytes:
    """Return the six bytes of x, y and z in 1/1024 g."""
    return pack(_MOTION, "<hhh", x, y, z)


def decode_steps(data: bytes) -> int:
    """Return the steps of the day; raises GattError."""
    fields = Fields(_STEPS, data)
    steps = fields.u32("steps")
    fields.end()
    return steps


def encode_steps(steps: int) -> bytes:
    """Return the four bytes."""
    return pack(_STEPS, "<I", steps)
