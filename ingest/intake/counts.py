"""What the threads of the intake do in, one value that says how much of it out."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from ingest.errors import WireError

KINDS: Final = (
    "topic",
    "band",
    "size",
    "form",
    "value",
    "ours",
)  # of quarantined messages: see WireError; ours: our own


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the start. ``messages`` came in; of them ``quarantined`` could not be used, by kind (see ``WireError``;
    ``ours``: an error of our own), ``dropped`` were of wearers who have not consented, ``duplicates`` were stored
    before.

    ``samples`` are instants and beats of what could be used, ``repaired`` numbers in them that no sensor can say.
    ``unassigned`` packets came from bands that nobody is known to wear, ``late`` ones after their last second had been
    decided without them. ``lost`` numbers were declared lost by gateways and had not come, each counted once.
    ``held_back_s`` is how long the store could not write, ``waiting`` and ``waiting_bytes`` what is not stored yet.
    """

    messages: int = 0
    samples: int = 0
    duplicates: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    unassigned: int = 0
    late: int = 0
    lost: int = 0
    repaired: int = 0
    held_back_s: float = 0.0
    waiting: int = 0
    waiting_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Nothing has been stored for ``for_s``, because of what ``reason`` says; senders are held back as soon as too much
    waits."""

    for_s: float
    reason: str


@dataclass(slots=True)
class Tally:
    """The same while it grows; each number has one thread that adds to it."""

    messages: int = 0
    samples: int = 0
    duplicates: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    unassigned: int = 0
    late: int = 0
    lost: int = 0
    repaired: int = 0
    held_back_s: float = 0.0

    def refuse(self, error: WireError | None) -> None:
        """A message goes to quarantine, for ``error`` or by one of our own."""
        kind = "ours" if error is None else error.kind
        self.quarantined[kind if kind in KINDS else "value"] += 1

    def counters(self, *, waiting: int, waiting_bytes: int, holding_s: float) -> Counters:
        """The numbers as they are; ``holding_s`` is how long the store cannot write already."""
        return Counters(
            messages=self.messages,
            samples=self.samples,
            duplicates=self.duplicates,
            quarantined=dict(self.quarantined.copy()),
            dropped=self.dropped,
            unassigned=self.unassigned,
            late=self.late,
            lost=self.lost,
            repaired=self.repaired,
            held_back_s=self.held_back_s + holding_s,
            waiting=waiting,
            waiting_bytes=waiting_bytes,
        )
