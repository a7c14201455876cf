"""What the pages of ``console.research`` need of the rest, as protocols. May block; times are UTC seconds."""

from typing import Protocol


class Research(Protocol):
    """See ``forecalm.offices.research``."""
