"""What every line of the journal has: when it happened, and to whom. Each room's own events stand in its ``events``."""

from typing import Self

import msgspec


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", forbid_unknown_fields=True):
    """Something that happened in the house at ``at_s`` [UTC s]."""

    at_s: float

    def without(self, wearer: str) -> Self | None:
        """Return what stays of it once ``wearer`` is erased: itself where it tells nothing of them, None where nothing
        does. An event that names several, or holds free words, says so for itself."""
        return self


class HappenedTo(Happened, frozen=True, kw_only=True):
    """Something that happened to ``wearer``, a pseudonym; it goes with them when they are erased."""

    wearer: str

    def without(self, wearer: str) -> Self | None:
        """See ``Happened.without``."""
        return None if self.wearer == wearer else self
