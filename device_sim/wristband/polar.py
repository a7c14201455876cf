"""A Polar Verity Sense: light, movement and beats in, its measurement data (PMD) and the standard heart rate out."""

import struct
from typing import Final

import numpy as np
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from device_sim.wristband.peripheral import FLAGS, Peripheral, advert_bytes, characteristic, device_information, named
from device_sim.wristband.seconds import Second
from device_sim.wristband.strap import HEART_RATE_ID, Pulse
from ingest.errors import GattError
from ingest.gatt import uuids
from ingest.gatt.battery import encode_battery
from ingest.gatt.polar import (
    Counts,
    Frame,
    Kind,
    Op,
    Ppi,
    Request,
    Response,
    Setting,
    Settings,
    Status,
    encode_delta,
)
from ingest.types import Array

ACC_HZ: Final = 52
PPG_HZ: Final = 55
G_PER_COUNT: Final = 8 / 32768  # 16 bits over +-8 g
PPG_BASE, PPG_PER_UNIT, AMBIENT = 400_000, 40, 30_000  # counts: light that comes back, what a pulse adds, the room's
CLOCK_2019_NS: Final = 599_616_000 * 10**9  # 2019-01-01: what its clock says until a phone sets it
PPI_ERROR_MS: Final = 10
FEATURES: Final = bytes((0x0F, 1 << Kind.PPG | 1 << Kind.ACCELERATION | 1 << Kind.PPI)) + bytes(15)
ATT_HEAD: Final = 3
_FACTOR: Final = int.from_bytes(struct.pack("<f", G_PER_COUNT), "little")
OFFERED: Final[dict[int, Settings]] = {
    Kind.ACCELERATION: {
        Setting.RATE: (ACC_HZ,),
        Setting.RESOLUTION: (16,),
        Setting.RANGE: (8,),
        Setting.CHANNELS: (3,),
    },
    Kind.PPG: {Setting.RATE: (PPG_HZ,), Setting.RESOLUTION: (22,), Setting.CHANNELS: (4,)},
    Kind.PPI: {},
}
_WRONG: Final = {
    Setting.RATE: Status.WRONG_RATE,
    Setting.RESOLUTION: Status.WRONG_RESOLUTION,
    Setting.RANGE: Status.WRONG_RANGE,
    Setting.CHANNELS: Status.WRONG_CHANNELS,
}
P = Characteristic.Properties


class Measuring:
    """Seconds and requests in, frames and responses out: what the band does without its radio.

    ``clock_ns`` is what its clock shows (since 2000) when it is switched on.
    """

    def __init__(self, *, clock_ns: int = CLOCK_2019_NS) -> None:
        self.running: set[int] = set()
        self._clock_ns = clock_ns
        self._pulse = Pulse(tells_contact=True)
        self._last_motion: Array | None = None
        self._last_light: float | None = None

    def ask(self, data: bytes) -> bytes:
        """Return what the control point indicates in answer."""
        try:
            request = Request.from_bytes(data)
        except GattError:
            op, kind = (*data[:2], 0, 0)[:2]
            return bytes(Response(op, kind, Status.WRONG_LENGTH, {}))
        settings: Settings = {}
        status = Status.SUCCESS
        if request.op not in list(Op):
            status = Status.UNKNOWN_OP
        elif request.kind not in OFFERED:
            status = Status.NOT_SUPPORTED
        elif request.op == Op.SETTINGS:
            settings = OFFERED[request.kind]
        elif request.op == Op.START:
            status = self._start(request)
            settings = {Setting.FACTOR: (_FACTOR,)} if request.kind == Kind.ACCELERATION and not status else {}
        else:
            self.running.discard(request.kind)
        return bytes(Response(request.op, request.kind, status, settings))

    def push(self, second: Second, *, mtu: int) -> list[bytes]:
        """Return the frames of a second that has just ended, none longer than the MTU allows."""
        begin_ns = self._clock_ns
        self._clock_ns += 10**9
        motion, light = self._motion(second), self._light(second)
        frames: list[bytes] = []
        if Kind.ACCELERATION in self.running:
            frames += _frames(Kind.ACCELERATION, motion, begin_ns + 31 * 10**9 // 32, ACC_HZ, 16, mtu)
        if Kind.PPG in self.running:
            frames += _frames(Kind.PPG, light, begin_ns + 63 * 10**9 // 64, PPG_HZ, 22, mtu)
        bpm = self._pulse.push(second).bpm
        if Kind.PPI in self.running and second.beats:
            told = [Ppi(bpm, round(beat * 1000), PPI_ERROR_MS, blocked=False, contact=True) for beat in second.beats]
            frames.append(bytes(Frame(Kind.PPI, 0, 0, compressed=False, content=b"".join(map(bytes, told)))))
        return frames

    def _start(self, request: Request) -> Status:
        if request.kind in self.running:
            return Status.ALREADY
        offered = OFFERED[request.kind]
        for setting, values in request.settings.items():
            if setting not in offered or len(values) != 1 or values[0] not in offered[setting]:
                return _WRONG.get(setting, Status.WRONG_PARAMETER)
        self.running.add(request.kind)
        return Status.SUCCESS

    def _motion(self, second: Second) -> Counts:
        """(52, 3) counts, drawn through the last sample of the second before and the 32 of this one."""
        before = second.motion[:, :1] if self._last_motion is None else self._last_motion
        self._last_motion = second.motion[:, -1:]
        known = np.concatenate([before, second.motion], axis=1)
        at = np.arange(-1, 32) / 32
        wanted = 31 / 32 - np.arange(ACC_HZ - 1, -1, -1) / ACC_HZ
        drawn = np.stack([np.interp(wanted, at, axis) for axis in known], axis=1)
        return np.clip(np.rint(drawn / G_PER_COUNT), -32768, 32767).astype(np.int32)

    def _light(self, second: Second) -> Counts:
        """(55, 4) counts: three colours alike, and the light of the room."""
        before = second.ppg[0] if self._last_light is None else self._last_light
        self._last_light = float(second.ppg[-1])
        known = np.concatenate([[before], second.ppg])
        wanted = 63 / 64 - np.arange(PPG_HZ - 1, -1, -1) / PPG_HZ
        pulse = np.rint(PPG_BASE + PPG_PER_UNIT * np.interp(wanted, np.arange(-1, 64) / 64, known))
        room = np.full(PPG_HZ, AMBIENT)
        return np.stack([pulse + room, pulse + room, pulse + room, room], axis=1).astype(np.int32)


class PolarSense(Peripheral):
    """The band; it calls itself Polar Sense and its id, as theirs do, which are made of ``name``."""

    def __init__(self, name: str, *, clock_ns: int = CLOCK_2019_NS) -> None:
        super().__init__(name)
        self.seconds = 0
        self.measuring = Measuring(clock_ns=clock_ns)
        self.id = self.address.replace(":", "")[:8]
        self._pulse = Pulse(tells_contact=True)
        self._battery = 100
        self._heart = characteristic(uuids.HEART_RATE, P.NOTIFY)
        self._control = characteristic(
            uuids.POLAR_CONTROL, P.READ | P.WRITE | P.INDICATE, read=lambda _: FEATURES, write=self._on_control
        )
        self._data = characteristic(uuids.POLAR_DATA, P.NOTIFY)

    def sense(self, second: Second) -> None:
        """A second has just ended."""
        self._battery = second.packet.battery or 0
        self.seconds += 1
        heart = bytes(self._pulse.push(second))
        mtu = 23 if self.connection is None else self.connection.att_mtu
        frames = self.measuring.push(second, mtu=mtu)
        if self.connection is not None:
            self.spawn(self._tell(heart, frames))

    def link_closed(self) -> None:
        self.measuring.running.clear()

    async def _tell(self, heart: bytes, frames: list[bytes]) -> None:
        await self.tell(self._heart, heart)
        for frame in frames:
            await self.tell(self._data, frame)

    def _on_control(self, _: Connection | None, data: bytes) -> None:
        self.spawn(self.tell(self._control, self.measuring.ask(bytes(data))))

    def services(self) -> list[Service]:
        battery = characteristic(uuids.BATTERY_LEVEL, P.READ, read=lambda _: encode_battery(self._battery))
        return [
            device_information(maker="Polar Electro Oy", model="Sense", serial=self.id, firmware="2.2.4"),
            Service(UUID(uuids.BATTERY_SERVICE), [battery]),
            Service(UUID(uuids.HEART_RATE_SERVICE), [self._heart]),
            Service(UUID(uuids.POLAR_SERVICE), [self._control, self._data]),
        ]

    def advert(self) -> tuple[bytes, bytes]:
        services = (int(AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS), HEART_RATE_ID)
        return advert_bytes(FLAGS, services), advert_bytes(named(f"Polar Sense {self.id}"))


def _frames(kind: Kind, counts: Counts, last_ns: int, rate_hz: int, resolution: int, mtu: int) -> list[bytes]:
    """Return ``counts``, the last of them taken at ``last_ns``, in as few compressed frames as fit."""
    whole = bytes(Frame(kind, last_ns, 0, compressed=True, content=encode_delta(counts, resolution=resolution)))
    if len(whole) <= mtu - ATT_HEAD or len(counts) == 1:
        return [whole]
    half = len(counts) // 2
    early_ns = last_ns - round((len(counts) - half) * 10**9 / rate_hz)
    early = _frames(kind, counts[:half], early_ns, rate_hz, resolution, mtu)
    return early + _frames(kind, counts[half:], last_ns, rate_hz, resolution, mtu)
