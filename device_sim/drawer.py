"""A kind of band and its name in, such a band out, still switched off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from device_sim.errors import ScenarioError
from device_sim.handled import AnyBand, Kind
from device_sim.wristband.bonds import BondFile
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.infinitime import InfiniTimeWatch
from device_sim.wristband.peripheral import address_of
from device_sim.wristband.polar import PolarSense
from device_sim.wristband.strap import Strap

KINDS: Final[tuple[Kind, ...]] = ("forecalm", "strap", "polar", "infinitime")


def require_kinds(kinds: Sequence[Kind]) -> None:
    """Raise ScenarioError for none, or for one that is not known."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise ScenarioError(f"kinds: must be one or more of {', '.join(KINDS)}; got {', '.join(unknown) or 'none'}")


def new_band(
    kind: Kind, name: str, *, boot: int, clock_us: int, speed: float, always_pairing: bool, bonds: Path | None
) -> AnyBand:
    """Return a band of that kind. ``boot``, ``clock_us``, ``always_pairing`` and ``bonds`` are a forecalm band's."""
    match kind:
        case "strap":
            return Strap(name)
        case "polar":
            return PolarSense(name)
        case "infinitime":
            return InfiniTimeWatch(name, speed=speed)
        case "forecalm":
            keys = None if bonds is None else BondFile(bonds, address_of(name))
            return ForecalmBand(
                name, boot=boot, keys=keys, clock_us=clock_us, speed=speed, always_pairing=always_pairing
            )
