"""How a gateway stands with a band in, the status that says so out."""

from dataclasses import dataclass

from ingest.control.messages import BandState, BandStatus, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A ``BandStatus`` before it is known who says it, and when: see there for the fields."""

    state: BandState
    since_us: int
    reason: str = ""
    seen: Seen | None = None
    backlog: int | None = None
    bonded: int | None = None
    adapters: int | None = None

    def said(self, *, gateway: str, at_us: int) -> BandStatus:
        """By ``gateway``, at ``at_us`` [us, UTC]."""
        return BandStatus(
            v=1,
            at_us=at_us,
            gateway=gateway,
            state=self.state,
            since_us=self.since_us,
            reason=self.reason,
            seen=self.seen,
            backlog=self.backlog,
            bonded=self.bonded,
            adapters=self.adapters,
        )
