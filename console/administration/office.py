"""What the pages of ``console.administration`` need of the rest, as protocols. May block; times are UTC seconds."""

from typing import Protocol


class Administration(Protocol):
    """See ``forecalm.offices.administration``."""
