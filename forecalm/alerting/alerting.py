"""A desk, its journal, a registry and how the rest of the service stands in; people who are told, and what the console
needs of that, out."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Self
from zoneinfo import ZoneInfo

from alerts.channels.counts import Counts
from alerts.channels.counts import Standing as Counted
from alerts.channels.deadman import DeadMan
from alerts.channels.home_assistant import Light
from alerts.channels.mqtt import Mqtt
from alerts.channels.saying import say
from alerts.delivery.again import Taken, taken_of
from alerts.delivery.dispatch import Dispatch
from alerts.delivery.matter import Matter
from alerts.delivery.proof import BOARD, MQTT, PUSH, Proof
from alerts.delivery.rules import DeadMan as DeadManRules
from alerts.delivery.rules import SiteRules
from alerts.delivery.seals import Seals
from alerts.desk import Desk
from alerts.duty.duty import Duty
from alerts.duty.notices import is_long_overdue
from alerts.journal import ReadableLog
from alerts.names import same
from alerts.outcomes.outcomes import Outcomes
from alerts.protection.cover import Level
from alerts.protection.tablets import Tablets
from alerts.protection.watch import Watch
from alerts.views import RiskState
from console.care import Care, Outside
from console.standing import ModelsAt
from forecalm.alerting.entering import Entering
from forecalm.alerting.links import Gathering, Guard, Probe, Pulse
from forecalm.alerting.notices import Notices
from forecalm.alerting.site import Said
from forecalm.alerting.ways import Devices, Ways, contact_of, pushing
from forecalm.installation import Installation
from ingest.control.picture import Standing
from ingest.intake.counts import HeldBack
from ingest.registry.registry import Registry
from ingest.sending.broker import Broker

LINK_S: Final = 3600.0
"""A link takes an alert for an hour: whoever finds the message later looks at the board."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """How the rest of the service stands, each asked at any time from any thread: see ``links.Gathering``."""

    standing: Callable[[], Standing]
    connected: Callable[[], bool]
    engine: Pulse
    models: Callable[[], ModelsAt]
    held: Callable[[], HeldBack | None]
    carried: Callable[[], Mapping[str, str | None]]
    wearer_of: Callable[[str, float], str | None]
    watched: Callable[[], Collection[str]]
    works: Callable[[], bool]


class Alerting:
    """Delivery, protection, duty and outcomes of one house, each at work while this context lasts.

    ``names`` maps pseudonyms to names, and may grow; ``clock`` gives UTC seconds. ``refresh`` after each change of the
    registry. ``care`` is what the console is given. Entering raises IngestError, or OSError where the secret cannot be
    read or made.
    """

    def __init__(
        self,
        here: Installation,
        *,
        desk: Desk,
        journal: ReadableLog,
        registry: Registry,
        around: Around,
        names: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        config = here.config
        self._config, self._around = config, around
        self._desk, self._names, self._clock = desk, names, clock
        self._dead_man: DeadMan | None = None
        self._url = config.console.url.rstrip("/")
        self._said = Said(registry, config.site.name, clock=clock)
        self._said.refresh()
        self._seals = Seals(here.secret())
        self.duty = Duty(
            journal, watched=around.watched, left=lambda: self._said.left, names=lambda: names, zone=config.zone
        )
        self.tablets = Tablets(muted_until=self.duty.muted_until)
        self._devices = Devices(registry)
        push, push_key = pushing(here.push_key, self._devices, contact=contact_of(self._url))
        self._pushes = push is not None
        self._mqtt = self._open_mqtt()
        self._ways = Ways(lambda: self._said.rules, push=push, mqtt=self._mqtt)
        self._ways.use(self._said.rules)
        self.dispatch = self._make_dispatch(journal)
        self.outcomes = Outcomes(journal, registry)
        self._entering = Entering(self.outcomes)
        self._probe = Probe(here.folder)
        self._watch = self._make_watch(journal)
        self._notices = Notices(
            duty=self.duty,
            delivery=self.dispatch,
            watched=around.watched,
            views=desk.views,
            grace_s=lambda: self._said.rules.grace.uncovered_s,
            taken=self._who_took,
            clock=partial(_at, zone=config.zone),
        )
        self._counts = Counts(self._standing, since_s=clock())
        self.guard = Guard(facts=self._gather().facts, watch=self._watch, clock=clock, on_look=self._look)
        self.care = Care(
            delivery=self.dispatch,
            tablets=self.tablets,
            covers=self.guard,
            duty=self.duty,
            outcomes=self.outcomes,
            plans=self._said,
            push=registry,
            push_key=push_key,
            seals=self._seals,
            refusals=registry,
            counts=self._counts,
            outside=self.outside,
        )

    def _make_dispatch(self, journal: ReadableLog) -> Dispatch:
        return Dispatch(
            journal=journal,
            rules=self._said.rules,
            channels=self._ways,
            on_shift=lambda wearer: self.duty.on_shift(wearer, self._clock()),
            tablets=lambda: self.tablets.standing(self._clock()),
            link=self._link,
            reachable=self.reachable,
            say=self._say,
            clock=self._clock,
        )

    def _make_watch(self, journal: ReadableLog) -> Watch:
        return Watch(
            journal=journal,
            tell=self.dispatch.tell,
            over=self.dispatch.over,
            clock=partial(_at, zone=self._config.zone),
            told=self._who_was_told,
            taken=self._who_took,
            grace_s=lambda: self._said.rules.grace.protection_s,
        )

    def _gather(self) -> Gathering:
        around = self._around
        return Gathering(
            views=self._desk.views,
            standing=around.standing,
            connected=around.connected,
            engine=around.engine,
            models=around.models,
            not_kept=self._not_kept,
            disk_hangs=lambda: self._probe.hangs or not self.dispatch.tells(),
            held=around.held,
            tablets=self.tablets.standing,
            shifts=self.duty.shifts,
            pushable=lambda: self.reachable(PUSH),
            carried=around.carried,
            wearer_of=around.wearer_of,
        )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._desk.subscribe(self.outcomes.hear)
            stack.callback(self._desk.subscribe(self.dispatch.hear))
            self.dispatch.subscribe(self._counts.hear)
            self._mqtt.start()
            stack.callback(self._mqtt.stop)
            self.dispatch.start()
            stack.callback(self.dispatch.stop)
            stack.enter_context(self._entering)
            stack.enter_context(self._probe)
            stack.enter_context(self.guard)
            stack.callback(self._ping, DeadManRules())
            self._ping(self._said.rules.dead_man)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def refresh(self) -> None:
        """Go by what the registry says now; raises IngestError where it does not answer."""
        self._devices.refresh()
        if self._said.refresh():
            self._go_by(self._said.rules)

    def _go_by(self, rules: SiteRules) -> None:
        """What is under way keeps its steps."""
        self._ways.use(rules)
        self.dispatch.use(rules)
        self._ping(rules.dead_man)

    def _ping(self, rules: DeadManRules) -> None:
        """Give a sign of life as the rules have it, in place of whatever was given before."""
        if self._dead_man is not None:
            self._dead_man.stop()
        self._dead_man = DeadMan(rules.url, works=self._works, every_s=rules.every_s) if rules.url else None
        if self._dead_man is not None:
            self._dead_man.start()

    def _works(self) -> bool:
        """Whether everything that an alert needs in here runs."""
        return self._around.works() and self.guard.judges() and self.dispatch.tells() and not self._not_kept()

    def _say(self, matter: Matter, over: bool) -> tuple[str, str]:
        """What may leave the house."""
        proof = self.dispatch.proof(matter.matter_id)
        return say(
            matter,
            self._said.rules.privacy,
            house=self._config.site.place,
            name=self._names.get(matter.wearer, ""),
            over=over,
            by="" if proof is None else proof.ended_by,
        )

    def _open_mqtt(self) -> Mqtt:
        """The house's broker, which is told of alerts too."""
        mqtt = self._config.mqtt
        broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password, tls=mqtt.tls, ca=mqtt.ca)
        return Mqtt(broker, site=self._config.site.name, lights=self._lights)

    def _look(self, now_s: float) -> None:
        """Once a second, behind protection's own look."""
        self._notices.look(now_s)
        if self.outcomes.waiting:
            self._entering.soon()

    def _not_kept(self) -> str:
        """Why the journal cannot be written, by whoever found out first; "" where it can."""
        return self._desk.journal_fault or self.dispatch.journal_fault or self._watch.journal_fault or self._probe.fault

    def _link(self, matter_id: str, to: str) -> str:
        if not self._url:
            return ""
        return f"{self._url}/take/{self._seals.link(matter_id, to, until_s=self._clock() + LINK_S)}"

    def reachable(self, channel: str) -> tuple[str, ...]:
        """Return who has a device that takes messages, where this house sends any."""
        return self._devices.carers() if channel == PUSH and self._pushes else ()

    def outside(self) -> Outside:
        """Return whom an alert reaches beside the tablets, by the rules that hold and the devices that are known."""
        steps = self._said.rules.alert
        contacts = (step.who for step in steps if self._said.rules.address(step.who, step.channel) is not None)
        pushes = any(step.channel == PUSH for step in steps)
        return Outside(tuple(dict.fromkeys(contacts)), self.reachable(PUSH) if pushes else ())

    def _who_was_told(self, matter_id: str) -> str:
        """Who outside the tablets knows of it, in words; "" while nobody does."""
        proof = self.dispatch.proof(matter_id)
        return "" if proof is None else told_of(proof, zone=self._config.zone)

    def _who_took(self, matter_id: str) -> Taken | None:
        """Who has it, and whether they are on shift."""
        shifts, now_s = self.duty.shifts(), self._clock()
        on = [shift.carer for shift in shifts if not is_long_overdue(shift, now_s)]
        return taken_of(self.dispatch.proof(matter_id), on_shift=lambda carer: any(same(carer, each) for each in on))

    def _standing(self) -> Counted:
        """How the house stands, for whoever counts."""
        tablets, ping = self.tablets.standing(self._clock()), self._dead_man
        return Counted(
            levels=Counter(cover.level for cover in self.guard.covers().values()),
            tablets=len(tablets),
            tablets_that_sound=sum(each.can_sound for each in tablets),
            open_matters=Counter(proof.matter.kind.value for proof in self.dispatch.proofs()),
            journal_fault=bool(self._not_kept()),
            pings=0 if ping is None else ping.pinged,
            pings_failed=0 if ping is None else ping.failed,
        )

    def _lights(self) -> Sequence[Light] | None:
        """How everybody stands, for lights in the house; None where the rules want none."""
        if not self._said.rules.mqtt.home_assistant:
            return None
        covers, named = self.guard.covers(), self._said.rules.privacy.name
        return [
            Light(
                wearer=view.wearer,
                alerting=view.risk is RiskState.ALERTING,
                protected=view.wearer in covers and covers[view.wearer].level is Level.PROTECTED,
                name=self._names.get(view.wearer, "") if named else "",
            )
            for view in self._desk.views()
        ]


def told_of(proof: Proof, *, zone: ZoneInfo) -> str:
    """Return who has been told of a matter outside the tablets, and when: "Sam told 14:03."; "" where nobody was."""
    first: dict[str, float] = {}
    for leg in proof.legs:
        if leg.proved and leg.channel not in (BOARD, MQTT):
            first.setdefault(leg.to, leg.at_s)
    if not first:
        return ""
    who = ", ".join(first)
    return f"{who} told {_at(min(first.values()), zone=zone)}."


def _at(at_s: float, *, zone: ZoneInfo) -> str:
    try:
        return f"{datetime.fromtimestamp(at_s, zone):%H:%M}"
    except (ValueError, OverflowError, OSError):  # a journal may hold what no calendar has
        return "?"
