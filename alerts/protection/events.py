"""Protection that was lost and came back: lines of the journal."""

from alerts.happened import HappenedTo
from alerts.protection.cover import Level, Link


class CoverChanged(HappenedTo, frozen=True, kw_only=True, tag="cover changed"):
    """From ``since_s`` on the person is protected at ``level``; ``link`` is what is broken, None where nothing is."""

    level: Level
    link: Link | None
    since_s: float


ProtectionEvent = CoverChanged
