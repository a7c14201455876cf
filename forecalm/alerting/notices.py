"""Who has nobody, whose shift is overdue, which alert stays open in; what staff are told of that, again where somebody
took it and it stays so, and its end, out."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

from alerts.alarm_words import PRIORITIES
from alerts.delivery.again import Again, Taken, anew, next_id
from alerts.delivery.matter import Kind, Matter
from alerts.delivery.proof import Proof
from alerts.duty.duty import Duty
from alerts.duty.notices import due_matters, is_of_duty
from alerts.protection.damping import Watched
from alerts.views import WearerView

OPEN_LONG = "open-long"
OVER = "it is so no more"


class Delivery(Protocol):
    """See ``alerts.delivery.dispatch.Dispatch``."""

    def tell(self, matter: Matter) -> None:
        """Tell a matter."""

    def over(self, matter_id: str, because: str) -> None:
        """It is over by itself."""

    def proof(self, matter_id: str) -> Proof | None:
        """How far one came."""

    def proofs(self) -> tuple[Proof, ...]:
        """What is open."""


class Notices:
    """Begins and ends notices that neither desk nor protection gives. ``look`` about once a second, from one thread.

    ``taken(matter_id)`` says who took one; ``clock`` writes a moment for people.
    """

    def __init__(
        self,
        *,
        duty: Duty,
        delivery: Delivery,
        watched: Callable[[], Collection[str]],
        views: Callable[[], Sequence[WearerView]],
        grace_s: Callable[[], float],
        taken: Callable[[str], Taken | None],
        clock: Callable[[float], str],
    ) -> None:
        self._duty = duty
        self._delivery = delivery
        self._watched = watched
        self._views = views
        self._grace_s = grace_s
        self._clock = clock
        self._again = Again(taken)
        self._seconds = Watched()
        self._before: dict[str, Matter] | None = None
        self._newest: dict[str, Matter] = {}  # by the id under which it was told first

    def look(self, now_s: float) -> None:
        """Tell what is new at ``now_s`` [UTC s], and end what is over."""
        if self._before is None:  # only now: delivery has read the journal
            going = (proof.matter for proof in self._delivery.proofs())
            self._before = {each.matter_id: each for each in going if is_of_duty(each) or each.kind is Kind.OPEN_LONG}
        self._duty.tick(now_s)
        of_duty = due_matters(
            now_s,
            alone=self._duty.uncovered(self._watched(), now_s),
            overdue=self._duty.overdue(now_s),
            before=[each for each in self._before.values() if is_of_duty(each)],
            grace_s=self._grace_s(),
        )
        watched_s = self._seconds.at(now_s)
        self._newest = {
            each.matter_id: self._as_told_last(each, now_s, watched_s) for each in (*of_duty, *open_long(self._views()))
        }
        due = {each.matter_id: each for each in self._newest.values()}
        self._again.keep(due)
        for matter_id in self._before.keys() - due.keys():
            self._delivery.over(matter_id, OVER)
        for matter_id in due.keys() - self._before.keys():
            self._delivery.tell(due[matter_id])
        self._before = due

    def _as_told_last(self, matter: Matter, now_s: float, watched_s: float) -> Matter:
        """Return what must be open of a matter: itself, or as it was told again, also before a restart."""
        last = self._newest.get(matter.matter_id, matter)
        while self._delivery.proof(next_id(last.matter_id)) is not None:
            last = replace(last, matter_id=next_id(last.matter_id))
        taken = self._again.is_due(last.matter_id, now_s=now_s, watched_s=watched_s)
        return last if taken is None else anew(replace(matter, matter_id=last.matter_id), taken, clock=self._clock)


def open_long(views: Sequence[WearerView]) -> list[Matter]:
    """Return a notice for each alert that was taken and has been open for hours."""
    return [
        Matter(
            matter_id=f"{OPEN_LONG}-{view.alert.alert_id}",
            kind=Kind.OPEN_LONG,
            priority=PRIORITIES[Kind.OPEN_LONG],
            wearer=view.wearer,
            since_s=view.alert.raised_s,
            words=(
                "An alert has been open for hours.",
                "While it is, no other can come: say that it is over, if it is.",
            ),
        )
        for view in views
        if view.open_long and view.alert is not None
    ]
