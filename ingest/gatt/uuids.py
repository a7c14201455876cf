"""The 128-bit names of services and characteristics, lower case: standard, forecalm's, Polar's, InfiniTime's."""

from typing import Final


def standard(number: int) -> str:
    """Return the 128-bit form of a 16-bit id that the Bluetooth SIG assigned."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


def forecalm(number: int) -> str:
    """Return the 128-bit form of a number of the forecalm band profile (docs/gatt.md)."""
    return f"f0ca{number:04x}-6d1e-4a52-9b3c-2e7f5d8a41c0"


STREAM_SERVICE: Final = forecalm(0x0100)
RECORDS: Final = forecalm(0x0101)
STATE: Final = forecalm(0x0103)
CONTROL_SERVICE: Final = forecalm(0x0200)
CONTROL_POINT: Final = forecalm(0x0201)
EVENTS: Final = forecalm(0x0202)
TIME_SERVICE: Final = forecalm(0x0300)
CLOCK: Final = forecalm(0x0301)
TIME_MARK: Final = forecalm(0x0302)

HEART_RATE_SERVICE: Final = standard(0x180D)
HEART_RATE: Final = standard(0x2A37)
BATTERY_SERVICE: Final = standard(0x180F)
BATTERY_LEVEL: Final = standard(0x2A19)
DEVICE_INFORMATION_SERVICE: Final = standard(0x180A)
MODEL: Final = standard(0x2A24)
SERIAL: Final = standard(0x2A25)
FIRMWARE: Final = standard(0x2A26)
MAKER: Final = standard(0x2A29)

POLAR_SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
POLAR_CONTROL: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
POLAR_DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

INFINITIME_SERVICE: Final = "00030000-78fc-48fe-8e23-433b3a1942d0"
INFINITIME_STEPS: Final = "00030001-78fc-48fe-8e23-433b3a1942d0"
INFINITIME_MOTION: Final = "00030002-78fc-48fe-8e23-433b3a1942d0"

NO_COMPANY: Final = 0xFFFF  # "not assigned": manufacturer data of products without a company number of their own
