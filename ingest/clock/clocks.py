"""Packets and when they arrived in, the mapping of each band's clock to UTC out. Reads no clock itself."""

import math
import zlib
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec

from ingest.clock.band import BandClock
from ingest.clock.gateway import GatewayClock
from ingest.errors import ClockError
from ingest.wire import Packet

BANDS_MAX: Final = 65_536  # mappings kept; the one longest unused goes first
GATEWAYS_MAX: Final = 4_096  # the same for gateways
WAIT_MAX_S: Final = 7 * 86_400.0  # a sender that says it kept a reading for longer had its clock set in between
SNAPSHOT_S: Final = 86_400.0  # boots not heard for a day before the last that was are left to ``restore``
VERSION: Final = b"forecalm clocks 1\n"


@dataclass(frozen=True, slots=True)
class ClockState:
    """How one boot of a band keeps time: ``utc_s = tick_us * 1e-6 + offset_s`` now.

    ``drift_ppm`` is how much faster UTC runs than the band, None while unknown; ``residual_s`` by how much the least
    delay of a minute typically lies above the fitted line, None while unknown; ``first_s`` and ``last_s`` when it was
    heard first and last [UTC s], None since a restart without a snapshot; ``sets`` how often it was mapped anew;
    ``is_proven`` whether the mapping is more than a guess from the first packets.
    """

    band: str
    boot: int
    offset_s: float
    drift_ppm: float | None
    residual_s: float | None
    first_s: float | None
    last_s: float | None
    sets: int
    is_proven: bool


@dataclass(frozen=True, slots=True)
class GatewayState:
    """How a sender's clock stands to ours: its least (received - sent) is ``offset_s``, None while that is not known;
    ``sets`` is how often its clock was found set, ``last_s`` when it was heard last [UTC s]."""

    gateway: str
    offset_s: float | None
    last_s: float
    sets: int


class _Snapshot(msgspec.Struct, array_like=True):
    clocks: list[tuple[str, BandClock]]
    gateways: list[tuple[str, GatewayClock]]


class Clocks:
    """One mapping per (band, boot), fixed by its first packet and refined by the least delays since.

    The first packet's end happened when it arrived, less what is known to have kept it: in its sender (``sent_us -
    heard_us``) and in a queue behind it (see ``GatewayClock``). Later ones follow a line fitted below the least delays
    of half an hour, slewed so slowly that a band's time never runs backwards (see ``BandClock``). So a clock that says
    1970 or 2019 is mapped like any other. A clock that is set within one boot (which the wire forbids) is mapped anew,
    and so is one whose packets stay level further off than a queue would.
    """

    def __init__(self) -> None:
        self._clocks: OrderedDict[tuple[str, int], BandClock] = OrderedDict()
        self._gateways: OrderedDict[str, GatewayClock] = OrderedDict()

    def map(self, packet: Packet, received_s: float) -> float:
        """Return the offset [s] of this packet: ``utc_s = tick_us * 1e-6 + offset``. Raises ValueError unless
        ``received_s`` is finite."""
        if not math.isfinite(received_s):
            raise ValueError(f"received_s must be a time, got {received_s}")
        received_s = float(received_s)  # NumPy's own are no numbers to msgspec
        waited_s = queued_s = 0.0
        sent_us = packet.sent_us
        if sent_us is not None:
            if packet.heard_us is not None:
                waited_s = (sent_us - packet.heard_us) * 1e-6
                if not 0 <= waited_s <= WAIT_MAX_S:
                    waited_s = 0.0
            if packet.gateway is not None:
                queued_s = self._queued_s(packet.gateway, received_s, received_s - sent_us * 1e-6)
        key = (packet.band, packet.boot)
        clock = self._clocks.get(key)
        if clock is None:
            offset_s = received_s - waited_s - queued_s - packet.tick_us * 1e-6
            clock = BandClock.at(packet.boot, packet.seq, packet.tick_us, offset_s)
            clock.first_s = clock.last_s = received_s
            self._keep(key, clock)
            return offset_s
        self._clocks.move_to_end(key)
        return clock.map(packet.seq, packet.tick_us, received_s, waited_s=waited_s, queued_s=queued_s)

    def restore(self, band: str, boot: int, tick_us: int, offset_s: float) -> None:
        """Go on from a stored mapping, so that a restart of the service bends nobody's time; what a snapshot says of
        the drift stays. One that is older than the snapshot changes nothing."""
        clock = self._clocks.get((band, boot))
        if clock is None:
            self._keep((band, boot), BandClock.at(boot, -1, tick_us, offset_s))
        elif tick_us > clock.tick_us:
            clock.go_on(tick_us, offset_s)
            self._clocks.move_to_end((band, boot))

    def snapshot(self) -> bytes:
        """Return what was learnt, of every boot heard in the last day, for ``resume`` after a restart."""
        last_s = max((clock.last_s for clock in self._clocks.values()), default=0.0)
        clocks = [(band, each) for (band, _), each in self._clocks.items() if last_s - each.last_s <= SNAPSHOT_S]
        body = _ENCODER.encode(_Snapshot(clocks, list(self._gateways.items())))
        return VERSION + zlib.crc32(body).to_bytes(4, "little") + body

    def resume(self, snapshot: bytes) -> None:
        """Go on from a snapshot; ``restore`` what is newer than it afterwards. Raises ClockError, having taken nothing,
        where it is damaged or of another version: the clocks are then learnt anew."""
        if not snapshot.startswith(VERSION):
            raise ClockError("the snapshot of the clocks is of another version: they are learnt anew")
        crc, body = snapshot[len(VERSION) : len(VERSION) + 4], snapshot[len(VERSION) + 4 :]
        if zlib.crc32(body).to_bytes(4, "little") != crc:
            raise ClockError("the snapshot of the clocks is damaged: they are learnt anew")
        try:
            kept = _DECODER.decode(body)
        except msgspec.MsgspecError as error:
            raise ClockError(f"the snapshot of the clocks is damaged: {error}: they are learnt anew") from None
        for band, clock in kept.clocks:
            self._keep((band, clock.boot), clock)
        self._gateways.update(kept.gateways)

    def states(self) -> list[ClockState]:
        """Say how each clock does, the one heard last at the end."""
        return [_state(band, clock) for (band, _), clock in self._clocks.items()]

    def gateways(self) -> list[GatewayState]:
        """Say how each sender's clock does, the one heard last at the end."""
        return [GatewayState(n, _known(each.offset_s), each.last_s, each.sets) for n, each in self._gateways.items()]

    def _queued_s(self, name: str, received_s: float, delay_s: float) -> float:
        gateway = self._gateways.get(name)
        if gateway is None:
            gateway = self._gateways[name] = GatewayClock()
            if len(self._gateways) > GATEWAYS_MAX:
                self._gateways.popitem(last=False)
        else:
            self._gateways.move_to_end(name)
        return gateway.hear(received_s, delay_s)

    def _keep(self, key: tuple[str, int], clock: BandClock) -> None:
        self._clocks[key] = clock
        self._clocks.move_to_end(key)
        if len(self._clocks) > BANDS_MAX:
            self._clocks.popitem(last=False)


def _state(band: str, clock: BandClock) -> ClockState:
    fitted = not math.isnan(clock.residual_s)
    return ClockState(
        band=band,
        boot=clock.boot,
        offset_s=clock.offset_s,
        drift_ppm=clock.drift * 1e6 if fitted else None,
        residual_s=_known(clock.residual_s),
        first_s=_known(clock.first_s),
        last_s=_known(clock.last_s),
        sets=clock.sets,
        is_proven=clock.is_proven,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _pack(numbers: object) -> bytes:
    if isinstance(numbers, array):
        return numbers.tobytes()
    raise NotImplementedError


def _unpack(wanted: type, packed: object) -> object:
    if wanted is array and isinstance(packed, bytes):
        return array("d", packed)
    raise NotImplementedError


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_pack)
_DECODER: Final = msgspec.msgpack.Decoder(_Snapshot, dec_hook=_unpack)
