"""Events of deliveries in; written before anything comes of them, and the proofs that they make, out."""

import logging
from collections.abc import Iterable
from typing import Final

from alerts.delivery.events import DeliveryBegun, DeliveryEnded, DeliveryEvent
from alerts.delivery.proof import Proof, after, begin
from alerts.errors import JournalError
from alerts.journal import Log

log = logging.getLogger(__name__)

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
        self._journal = journal
        self._open: dict[str, Proof] = {}
        self._closed: dict[str, Proof] = {}
        self._batch: list[DeliveryEvent] = []
        self._unwritten: list[DeliveryEvent] = []
        self.changed: dict[str, None] = {}
        self.fault: str | None = None

    def __contains__(self, matter_id: object) -> bool:
        return matter_id in self._open or matter_id in self._closed

    def proof(self, matter_id: str) -> Proof | None:
        """The proof of a matter, None where it is not known, or not any more."""
        return self._open.get(matter_id) or self._closed.get(matter_id)

    def unsettled(self) -> tuple[Proof, ...]:
        """Proofs of matters that nobody has, or whose messages are still on their way."""
        return tuple(self._open.values())

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
        if not (self._batch or self._unwritten):
            return
        batch, self._batch = self._batch, []
        try:
            self._journal.append([*self._unwritten, *batch])
        except JournalError as error:
            if self.fault is None:
                log.critical("deliveries go on, but are not kept: %s", error)
            self.fault = str(error)
            self._unwritten = [*self._unwritten, *batch][:UNWRITTEN_MOST]
        else:
            if self.fault is not None:
                log.warning("deliveries are kept again")
            self.fault, self._unwritten = None, []

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


def ends(proof: Proof, *, by: str, because: str, at_s: float) -> DeliveryEnded:
    """The event that ends a delivery."""
    matter = proof.matter
    return DeliveryEnded(wearer=matter.wearer, at_s=at_s, matter_id=matter.matter_id, by=by, because=because)
