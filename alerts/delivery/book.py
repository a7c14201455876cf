"""Events of deliveries in; written before anything comes of them, and the proofs that they make, out."""

from collections.abc import Iterable, Sequence
from typing import Final

from alerts.delivery.events import DeliveryBegun, DeliveryEnded, DeliveryEvent
from alerts.delivery.proof import Proof, after, begin
from alerts.events import Event
from alerts.journal import Log
from alerts.kept import Kept

KEPT: Final = 1_000
"""Closed proofs in memory: more than a shift has. The journal keeps all."""

KEPT_S: Final = 86_400.0
"""A closed proof is looked at on the day it happened."""

UNWRITTEN_MOST: Final = 100_000
"""Events that wait for a disk: hours of a full house."""


class Book:
    """The proofs of all matters, open and lately closed. For one thread at a time; reading ``proof`` and ``proofs`` is
    safe from any."""

    def __init__(self, journal: Log) -> None:
        self._kept = Kept(journal, anyway="deliveries go on", wait=_up_to_most)
        self._open: dict[str, Proof] = {}
        self._closed: dict[str, Proof] = {}
        self._batch: list[DeliveryEvent] = []
        self.changed: dict[str, None] = {}

    @property
    def fault(self) -> str | None:
        """Why the journal cannot be written, or None."""
        return self._kept.fault

    def __contains__(self, matter_id: object) -> bool:
        return matter_id in self._open or matter_id in self._closed

    def proof(self, matter_id: str) -> Proof | None:
        """The proof of a matter, None where it is not known, or not any more."""
        return self._open.get(matter_id) or self._closed.get(matter_id)

    def unsettled(self) -> tuple[Proof, ...]:
        """Proofs of matters that nobody has, or whose messages are still on their way."""
        return tuple(self._open.values())

    def closed(self) -> tuple[Proof, ...]:
        """Proofs of matters that are over, lately."""
        return tuple(self._closed.values())

    def recall(self, proofs: Iterable[Proof], now_s: float) -> None:
        """Take up proofs of the past, the open ones and those lately closed."""
        for proof in proofs:
            matter_id = proof.matter.matter_id
            if proof.is_open or proof.orphans():
                self._open[matter_id] = proof
            elif now_s - (proof.ended_s or 0.0) <= KEPT_S:
                self._closed[matter_id] = proof
        self._forget(now_s)

    def note(self, event: DeliveryEvent) -> bool:
        """Fold ``event``, and keep it for ``write``; False where it is known already, or too late to matter."""
        proof = self._open.get(event.matter_id)
        if proof is None and isinstance(event, DeliveryBegun):
            moved = begin(event)
        elif proof is None:
            return False
        else:
            moved = after(proof, event)
            if (moved.legs, moved.taken_steps, moved.snoozes, moved.ended) == (
                proof.legs,
                proof.taken_steps,
                proof.snoozes,
                proof.ended,
            ):
                return False
        self._open[event.matter_id] = moved
        self._batch.append(event)
        self.changed[event.matter_id] = None
        return True

    def write(self) -> None:
        """Write what was noted. Where the disk does not take it, it is told all the same, and written when it does."""
        batch, self._batch = self._batch, []
        self._kept.write(batch)

    def close(self, proof: Proof, now_s: float) -> None:
        """Put a proof aside in which nothing can happen any more."""
        matter_id = proof.matter.matter_id
        self._closed[matter_id] = proof  # first: whoever reads meanwhile finds it
        self._open.pop(matter_id, None)
        self._forget(now_s)

    def _forget(self, now_s: float) -> None:
        while self._closed:
            oldest = next(iter(self._closed))
            if len(self._closed) <= KEPT and now_s - (self._closed[oldest].ended_s or 0.0) <= KEPT_S:
                return
            del self._closed[oldest]


def _up_to_most(waiting: list[Event], events: Sequence[Event]) -> list[Event]:
    return [*waiting, *events][:UNWRITTEN_MOST]


def ends(proof: Proof, *, by: str, because: str, at_s: float) -> DeliveryEnded:
    """The event that ends a delivery."""
    matter = proof.matter
    return DeliveryEnded(wearer=matter.wearer, at_s=at_s, matter_id=matter.matter_id, by=by, because=because)
