"""What gateways have on their radio and who wears what in, the bands nearby with who wears them out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingest.control.messages import Seen
from ingest.control.picture import BandNear
from ingest.registry.stretches import Stretch


@dataclass(frozen=True, slots=True)
class Found:
    """A band nearby as the gateway that hears it best has it, the others that hear it, and who wears it by pseudonym;
    None: nobody is known to. Of ``seen`` None is not known, and all of it is the band's own word."""

    band: str
    gateway: str
    others: tuple[str, ...]
    seen: Seen
    worn_by: Stretch | None


def found(near: Iterable[BandNear], worn: Mapping[str, Stretch]) -> list[Found]:
    """Return the bands nearby: free ones first, for that is what is looked for, and the best heard of them first."""
    each = [Found(one.band, one.gateway, one.others, one.seen, worn.get(one.band)) for one in near]
    return sorted(each, key=lambda one: one.worn_by is not None)
