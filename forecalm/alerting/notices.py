"""Who has nobody, whose shift is overdue, which alert stays open in; what staff are told of that, and its end, out."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.proof import Proof
from alerts.duty.duty import Duty
from alerts.duty.notices import due_matters, is_of_duty
from alerts.views import WearerView

OPEN_LONG = "open-long"
OVER = "it is so no more"


class Delivery(Protocol):
    """See ``alerts.delivery.dispatch.Dispatch``."""

    def tell(self, matter: Matter) -> None:
        """Tell a matter."""

    def over(self, matter_id: str, because: str) -> None:
        """It is over by itself."""

    def proofs(self) -> tuple[Proof, ...]:
        """What is open."""


class Notices:
    """Begins and ends notices that neither desk nor protection gives. ``look`` about once a second, from one thread."""

    def __init__(
        self,
        *,
        duty: Duty,
        delivery: Delivery,
        watched: Callable[[], Collection[str]],
        views: Callable[[], Sequence[WearerView]],
        grace_s: Callable[[], float],
    ) -> None:
        self._duty = duty
        self._delivery = delivery
        self._watched = watched
        self._views = views
        self._grace_s = grace_s
        self._before: dict[str, Matter] | None = None

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
        due = {each.matter_id: each for each in (*of_duty, *open_long(self._views()))}
        for matter_id in self._before.keys() - due.keys():
            self._delivery.over(matter_id, OVER)
        for matter_id in due.keys() - self._before.keys():
            self._delivery.tell(due[matter_id])
        self._before = due


def open_long(views: Sequence[WearerView]) -> list[Matter]:
    """Return a notice for each alert that was taken and has been open for hours."""
    return [
        Matter(
            matter_id=f"{OPEN_LONG}-{view.alert.alert_id}",
            kind=Kind.OPEN_LONG,
            priority=Priority.LOW,
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
