"""What the way in stands on: the registry's accounts, the doorkeeper, second factors, and threads for what is slow."""

from dataclasses import dataclass, field
from typing import Final

from console.access.doorkeeper import Doorkeeper
from console.access.totp import Factors
from console.access.tries import Tries
from console.api.here import Lane
from ingest.registry.accounts_face import Accounts

HASHING: Final = 2
"""Threads for passwords, of 19 MiB each while they reckon: whoever tries many at once waits, and slows nobody else."""

WAITING_MOST: Final = 24
"""People who wait for one of them: some two seconds' worth. Beyond, they are asked to try again."""


@dataclass(slots=True, kw_only=True)
class Door:
    """``registry`` may block, and raises StoreError where it is away. ``waiting`` counts who waits for ``slow``."""

    registry: Accounts
    keeper: Doorkeeper
    factors: Factors
    tries: Tries = field(default_factory=Tries)
    slow: Lane = field(default_factory=lambda: Lane(HASHING))
    waiting: int = 0
