"""A plain heart-rate strap: beats in, the standard heart rate (180D) out; no clock, no numbers, no memory, no bond."""

from collections import deque
from typing import Final

from bumble.core import UUID, AdvertisingData
from bumble.gatt import Characteristic, Service

from device_sim.wristband.peripheral import FLAGS, Peripheral, advert_bytes, characteristic, device_information, named
from device_sim.wristband.seconds import Second
from ingest.gatt import uuids
from ingest.gatt.battery import encode_battery
from ingest.gatt.heart_rate import INTERVAL_HZ, HeartRate

AVERAGE: Final = 8  # beats that the rate is taken from, as such straps do
HEART_RATE_ID: Final = (0x180D).to_bytes(2, "little")
P = Characteristic.Properties


class Pulse:
    """Beats in, what the standard heart rate says second by second out."""

    def __init__(self, *, tells_contact: bool) -> None:
        self._tells_contact = tells_contact
        self._last: deque[float] = deque(maxlen=AVERAGE)

    def push(self, second: Second) -> HeartRate:
        """Return what is notified at the end of ``second``; 0 while there is no pulse to be found."""
        if not second.worn:
            self._last.clear()
        self._last.extend(second.beats)
        bpm = round(60 * len(self._last) / sum(self._last)) if self._last else 0
        intervals = tuple(round(beat * INTERVAL_HZ) for beat in second.beats)
        return HeartRate(bpm, contact=second.worn if self._tells_contact else None, intervals=intervals)


class Strap(Peripheral):
    """The strap ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.beats = 0  # how many it has seen
        self._pulse = Pulse(tells_contact=True)
        self._battery = 100
        self._heart = characteristic(uuids.HEART_RATE, P.NOTIFY)

    def sense(self, second: Second) -> None:
        """A second has just ended."""
        self._battery = second.packet.battery or 0
        self.beats += len(second.beats)
        if self.connection is not None:
            self.spawn(self.tell(self._heart, bytes(self._pulse.push(second))))
        else:
            self._pulse.push(second)

    def services(self) -> list[Service]:
        battery = characteristic(uuids.BATTERY_LEVEL, P.READ, read=lambda _: encode_battery(self._battery))
        return [
            device_information(maker="Simulated", model="Strap", serial=self.name, firmware="1.0"),
            Service(UUID(uuids.BATTERY_SERVICE), [battery]),
            Service(UUID(uuids.HEART_RATE_SERVICE), [self._heart]),
        ]

    def advert(self) -> tuple[bytes, bytes]:
        services = (int(AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS), HEART_RATE_ID)
        return advert_bytes(FLAGS, services), advert_bytes(named(self.name))
