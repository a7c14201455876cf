"""A second of a ward in, what one band's sensors see of it out: what peripherals are fed with."""

from dataclasses import dataclass

from msgspec.structs import replace

from device_sim.ward import Stretch
from ingest.types import Array
from ingest.wire import Packet


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """One second of one wearer: ``packet`` is what a forecalm band makes of it; ``motion`` (3, 32) g; ``ppg`` (64,);
    ``beats`` the intervals [s] of the beats in it, oldest first; none while the band is not ``worn``."""

    packet: Packet
    worn: bool
    beats: tuple[float, ...]
    motion: Array
    ppg: Array


def second_of(stretch: Stretch, row: int, *, later_us: int = 0) -> Second:
    """Return the one second of ``row`` in a stretch of one second, by a clock that shows ``later_us`` more."""
    samples = stretch.samples
    worn = bool(samples.drive.worn[row, 0])
    beats = samples.beats.value[samples.beats.row == row] if worn else ()
    (packet,) = stretch.packets[row]
    if later_us:
        packet = _later(packet, later_us)
    return Second(packet, worn, tuple(float(s) for s in beats), samples.motion[row], samples.ppg[row])


def _later(packet: Packet, us: int) -> Packet:
    samples = {name: replace(each, tick_us=each.tick_us + us) for name, each in packet.samples().items()}
    return replace(packet, tick_us=packet.tick_us + us, **samples)
