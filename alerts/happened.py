"""What every line of the journal has: when it happened, and to whom. Each room's own events stand in its ``events``."""

import msgspec


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", forbid_unknown_fields=True):
    """Something that happened in the house at ``at_s`` [UTC s]."""

    at_s: float


class HappenedTo(Happened, frozen=True, kw_only=True):
    """Something that happened to ``wearer``, a pseudonym; it goes with them when they are erased."""

    wearer: str
