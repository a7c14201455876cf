"""What gateways have on their radio and who wears what in, the bands nearby, the strongest first, out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.control.messages import Nearby, Seen

FORGET_S: Final = 10.0  # gateways tell once a second or so, and adverts come every second or two
SILENT_DBM: Final = -128  # weaker than anything a radio says


@dataclass(frozen=True, slots=True)
class Worn:
    """Who wears a band, by pseudonym, since when and until when [UTC s]; None: nobody said until when."""

    wearer: str
    since_s: float
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A band nearby, as the gateway that hears it best has it; ``heard_by`` are all that do. None: not known."""

    band: str
    gateway: str
    heard_by: tuple[str, ...]
    rssi: int | None
    battery: int | None
    firmware: str | None
    model: str | None
    worn: bool | None
    charging: bool | None
    pairing: bool | None
    connected: bool
    worn_by: Worn | None


class Surroundings:
    """Every gateway's last word on every band, by our own clock: theirs may stand anywhere."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], tuple[float, Seen]] = {}

    def hear(self, said: Nearby, at_s: float) -> None:
        """Take in what a gateway said, which arrived at ``at_s``. What it has not heard for long itself is left out;
        what it leaves out is not forgotten before its time, for a gateway may tell in parts."""
        for seen in said.bands:
            age_s = max(0.0, (said.at_us - seen.heard_us) * 1e-6)
            if age_s <= FORGET_S:
                self._heard[said.gateway, seen.band] = (at_s - age_s, seen)

    def found(self, now_s: float, worn: Mapping[str, Worn]) -> list[Found]:
        """Return the bands heard in the last ``FORGET_S``; connected ones may have no signal and come after."""
        by_band: dict[str, list[tuple[str, Seen]]] = {}
        for (gateway, band), (at_s, seen) in self._heard.items():
            if now_s - at_s <= FORGET_S:
                by_band.setdefault(band, []).append((gateway, seen))
        found = [_best(band, heard, worn.get(band)) for band, heard in by_band.items()]
        return sorted(found, key=lambda each: (-_strength(each.rssi), each.band))


def _best(band: str, heard: list[tuple[str, Seen]], worn_by: Worn | None) -> Found:
    gateway, best = max(heard, key=lambda each: (each[1].connected, _strength(each[1].rssi), each[0]))
    return Found(
        band=band,
        gateway=gateway,
        heard_by=tuple(sorted(name for name, _ in heard)),
        rssi=max((seen.rssi for _, seen in heard if seen.rssi is not None), default=None),
        battery=best.battery,
        firmware=best.firmware,
        model=best.model,
        worn=best.worn,
        charging=best.charging,
        pairing=best.pairing,
        connected=best.connected,
        worn_by=worn_by,
    )


def _strength(rssi: int | None) -> int:
    return SILENT_DBM if rssi is None else rssi
