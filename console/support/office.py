"""What the pages of ``console.support`` need of the rest, as protocols. May block; times are UTC seconds."""

from typing import Protocol


class Support(Protocol):
    """See ``forecalm.offices.support``."""
