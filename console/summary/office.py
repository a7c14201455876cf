"""What the pages of ``console.summary`` need of the rest, as protocols. May block; times are UTC seconds."""

from typing import Protocol


class Summaries(Protocol):
    """See ``forecalm.offices.summary``."""
