"""A house in which nothing is broken, to break what a test is about; a watch over it on a virtual clock."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from alerts.delivery.again import Taken
from alerts.delivery.events import DeliveryBegun, DeliveryEnded
from alerts.delivery.matter import Matter
from alerts.delivery.rules import PROTECTION_GRACE_S
from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import Log, Scratch
from alerts.protection.cover import Cover
from alerts.protection.links import Facts, Gateway, Person
from alerts.protection.tablets import Tablet
from alerts.protection.watch import Watch
from alerts.views import Blind, RiskState, Sight, WearerView

START_S = 1_767_607_200.0


def view(
    wearer: str = "w-01", at_s: float = START_S, reason: Blind | None = None, since_s: float = START_S
) -> WearerView:
    return WearerView(
        wearer=wearer,
        at_s=at_s,
        risk=RiskState.WATCHING,
        risk_since_s=START_S,
        sight=Sight(since_s, reason),
        probability=None,
        trend=(),
        why=(),
        learnt=1.0,
        battery_pct=80,
    )


def tablet(at_s: float = START_S, *, can_sound: bool = True, push: bool = False, carer: str = "Jo") -> Tablet:
    why = "" if can_sound else "The board is not in front."
    return Tablet(tablet="t-1", at_s=at_s, can_sound=can_sound, why=why, push=push, carer=carer)


def whole(at_s: float = START_S, *, people: int = 1, gateway: str | None = None) -> Facts:
    """Nothing is broken."""
    return Facts(
        at_s=at_s,
        people=tuple(
            Person(view=view(f"w-{row + 1:02d}", at_s - 2.0), gateway=gateway, carers=("Jo",)) for row in range(people)
        ),
        tablets=(tablet(at_s),),
        engine_s=at_s,
        gateways={} if gateway is None else {gateway: Gateway(online=True)},
    )


def with_view(facts: Facts, wearer: str = "w-01", **changes: object) -> Facts:
    """The same, but for what the desk shows of one person."""
    people = [
        replace(each, view=replace(each.view, **changes)) if each.view.wearer == wearer else each  # type: ignore[arg-type]
        for each in facts.people
    ]
    return replace(facts, people=tuple(people))


def silent(facts: Facts, *wearers: str, since_s: float | None = None) -> Facts:
    """Bands of ``wearers`` (none: everybody) are silent."""
    for person in facts.people:
        if not wearers or person.view.wearer in wearers:
            since = facts.at_s - 10.0 if since_s is None else since_s
            facts = with_view(facts, person.view.wearer, sight=Sight(since, Blind.SILENT))
    return facts


class Shift:
    """A watch, the time, and what staff were told of."""

    def __init__(
        self,
        journal: Log | None = None,
        *,
        now_s: float = START_S,
        people: int = 1,
        grace_s: float = PROTECTION_GRACE_S,
    ) -> None:
        self.now_s = now_s
        self.people = people
        self.journal = Scratch() if journal is None else journal
        self.told: list[Matter] = []
        self.over: list[str] = []
        self.because: list[str] = []
        self.proofs: dict[str, str] = {}
        self.taken: dict[str, Taken] = {}
        self.watch = Watch(
            journal=self.journal,
            tell=self.tell,
            over=self.end,
            clock=lambda at_s: f"+{at_s - START_S:.0f} s",
            told=lambda matter_id: self.proofs.get(matter_id, ""),
            taken=lambda matter_id: self.taken.get(matter_id),
            grace_s=lambda: grace_s,
        )

    def tell(self, matter: Matter) -> None:
        """As delivery does, which writes it first."""
        self.told.append(matter)
        begun = DeliveryBegun(
            wearer=matter.wearer,
            at_s=self.now_s,
            matter_id=matter.matter_id,
            kind=matter.kind,
            priority=matter.priority,
            words=matter.words,
            version="test",
            steps=(),
            again_s=60.0,
        )
        self.note(begun)

    def take(self, by: str, *, on_shift: bool = False) -> None:
        """Somebody takes the newest notice."""
        matter_id = self.told[-1].matter_id
        self.taken[matter_id] = Taken(by=by, at_s=self.now_s, on_shift=on_shift)
        self.note(DeliveryEnded(wearer="", at_s=self.now_s, matter_id=matter_id, by=by, because="somebody has it"))

    def end(self, matter_id: str, because: str) -> None:
        """The same."""
        self.over.append(matter_id)
        self.because.append(because)
        self.note(DeliveryEnded(wearer="", at_s=self.now_s, matter_id=matter_id, by="", because=because))

    def note(self, event: Event) -> None:
        with contextlib.suppress(JournalError):
            self.journal.append([event])

    def again(self) -> "Shift":
        """A watch that starts where this one was killed."""
        shift = Shift(Scratch(self.journal.history), now_s=self.now_s + 5, people=self.people)
        shift.proofs = self.proofs
        return shift

    def go(
        self, seconds: int, broken: Callable[[Facts], Facts] = lambda facts: facts, gateway: str | None = None
    ) -> Cover:
        """Let ``seconds`` pass, each with facts that ``broken`` has changed; return the cover of the first person."""
        covers: Mapping[str, Cover] = {}
        for _ in range(seconds):
            self.now_s += 1.0
            covers = self.watch.tick(broken(whole(self.now_s, people=self.people, gateway=gateway)), self.now_s)
        return covers["w-01"]
