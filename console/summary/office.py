"""What the pages of ``console.summary`` need of the rest, as protocols. May block; times are UTC seconds."""

from typing import Protocol

from console.summary.facts import Facts, Sharing


class Summaries(Protocol):
    """See ``forecalm.offices.summaries``. Called from threads, several at once. Raises StoreError where the registry is
    away: nothing leaves the house then."""

    def sharing(self, wearer: str, at_s: float) -> Sharing | None:
        """Return whether a consent to share holds at ``at_s``; None: nobody of that name is known here."""
        ...

    def facts(self, wearer: str, since_s: float, until_s: float) -> Facts:
        """Return what is kept of a wearer in the range."""
        ...
