"""An InfiniTime watch: movement and beats in, its motion service and a bare heart rate out."""

import asyncio
from typing import Final

import numpy as np
from bumble.core import UUID
from bumble.gatt import Characteristic, Service

from device_sim.wristband.peripheral import FLAGS, Peripheral, advert_bytes, characteristic, device_information, named
from device_sim.wristband.seconds import Second
from device_sim.wristband.strap import Pulse
from ingest.gatt import uuids
from ingest.gatt.battery import encode_battery
from ingest.gatt.heart_rate import HeartRate
from ingest.gatt.infinitime import COUNTS_PER_G, encode_motion, encode_steps

PER_SECOND: Final = 8  # motion samples that it notifies: about what its firmware does
STEP_G: Final = 1.3  # a peak of acceleration above it is taken for a step
P = Characteristic.Properties


class InfiniTimeWatch(Peripheral):
    """The watch; every one of them calls itself InfiniTime, so ``name`` only makes its address.
    ``speed`` is how many of its seconds pass in one of ours."""

    def __init__(self, name: str, *, speed: float = 1.0) -> None:
        super().__init__(name)
        self._speed = speed
        self.samples = 0  # motion samples that it has taken
        self._battery = 100
        self._telling = asyncio.Lock()
        self._steps = 0
        self._pulse = Pulse(tells_contact=False)
        self._motion = characteristic(uuids.INFINITIME_MOTION, P.READ | P.NOTIFY, read=lambda _: self._now)
        self._stepped = characteristic(
            uuids.INFINITIME_STEPS, P.READ | P.NOTIFY, read=lambda _: encode_steps(self._steps)
        )
        self._heart = characteristic(uuids.HEART_RATE, P.READ | P.NOTIFY, read=lambda _: self._rate)
        self._now = encode_motion(0, 0, COUNTS_PER_G)
        self._rate = bytes(HeartRate(0))

    def sense(self, second: Second) -> None:
        """A second has just ended."""
        self._battery = second.packet.battery or 0
        self._rate = bytes(HeartRate(self._pulse.push(second).bpm))
        length = np.sqrt((second.motion**2).sum(0))
        self._steps += int(((length[1:] > STEP_G) & (length[:-1] <= STEP_G)).sum())
        taken = second.motion[:, :: second.motion.shape[1] // PER_SECOND]
        counts = np.clip(np.rint(taken * COUNTS_PER_G), -32768, 32767).astype(int)
        motions = [encode_motion(*map(int, column)) for column in counts.T]
        self.samples += len(motions)
        self._now = motions[-1]
        if self.connection is not None:
            self.spawn(self._tell(motions, asyncio.get_running_loop().time()))

    async def _tell(self, motions: list[bytes], since_s: float) -> None:
        """Evenly over the second that follows ``since_s`` by the loop's clock, and none before those of the second
        before: who listens dates them by their arrival."""
        loop = asyncio.get_running_loop()
        async with self._telling:
            await self.tell(self._stepped, encode_steps(self._steps))
            await self.tell(self._heart, self._rate)
            for number, motion in enumerate(motions):
                due_s = since_s + number / (PER_SECOND * self._speed)
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                await self.tell(self._motion, motion)

    def services(self) -> list[Service]:
        battery = characteristic(uuids.BATTERY_LEVEL, P.READ, read=lambda _: encode_battery(self._battery))
        return [
            device_information(maker="PINE64", model="InfiniTime", serial="0", firmware="1.14.0"),
            Service(UUID(uuids.BATTERY_SERVICE), [battery]),
            Service(UUID(uuids.HEART_RATE_SERVICE), [self._heart]),
            Service(UUID(uuids.INFINITIME_SERVICE), [self._stepped, self._motion]),
        ]

    def advert(self) -> tuple[bytes, bytes]:
        return advert_bytes(FLAGS, named("InfiniTime")), b""
