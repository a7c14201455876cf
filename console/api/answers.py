"""What is answered, as models: times in UTC seconds, wearers as pseudonyms with the names that the house uses."""

from typing import Self

from pydantic import BaseModel

from alerts.delivery.proof import Leg, Proof
from alerts.duty.roster import Shift
from alerts.outcomes.events import OutcomeTold
from ingest.registry.plans import Plan


class NewTablet(BaseModel):
    """``key`` is sent back as ``Authorization: Tablet <tablet>.<key>``; it does not end."""

    tablet: str
    key: str


class BeatAnswer(BaseModel):
    """``why`` it cannot sound is a plain sentence, "" where it can. ``now_s`` sets a page's clock."""

    muted_until_s: float | None
    can_sound: bool
    why: str
    now_s: float


class ReceiptsAnswer(BaseModel):
    """How many were taken in, and of which matters nobody here knows: they need not be sent again."""

    taken: int
    unknown: list[str]


class Muted(BaseModel):
    """Until when: no longer than the shift."""

    muted_until_s: float | None


class Taken(BaseModel):
    """``by`` has it, which need not be who asked: the first who took it has it."""

    alert_id: str
    wearer: str
    name: str
    by: str
    at_s: float


class MatterTaken(BaseModel):
    """``by`` has it since ``at_s``: the first who took it."""

    matter_id: str
    by: str
    at_s: float


class SnoozedUntil(BaseModel):
    """The matter's sound is paused until then; whoever is told next is told all the same."""

    matter_id: str
    snoozed_until_s: float


class StationAt(BaseModel):
    """When a message came how far."""

    station: str
    at_s: float


class LegAnswer(BaseModel):
    """One message to one receiver. ``repeat``: whoever has it already may have got it again."""

    step: int
    to: str
    channel: str
    attempt: int
    repeat: bool
    station: str
    at_s: float
    times: list[StationAt]
    detail: str

    @classmethod
    def of(cls, leg: Leg) -> Self:
        """Return what is said of ``leg``."""
        return cls(
            step=leg.step,
            to=leg.to,
            channel=leg.channel,
            attempt=leg.attempt,
            repeat=leg.repeat,
            station=leg.station,
            at_s=leg.at_s,
            times=[StationAt(station=station, at_s=at_s) for station, at_s in leg.times],
            detail=leg.detail,
        )


class StepAnswer(BaseModel):
    """``after_s`` from the beginning, ``who`` is told by ``channel``."""

    after_s: float
    who: str
    channel: str


class NextAnswer(BaseModel):
    """Who is told next, and when, if nobody takes it."""

    who: str
    channel: str
    at_s: float
    again: bool


class MatterAnswer(BaseModel):
    """One matter from hand to hand. ``ended_s`` null: nobody has it yet; ``ended_by`` "": it was over by itself."""

    matter_id: str
    kind: str
    priority: str
    wearer: str
    name: str
    since_s: float
    words: list[str]
    version: str
    steps: list[StepAnswer]
    legs: list[LegAnswer]
    next: NextAnswer | None
    snoozed_until_s: float | None
    ended_by: str
    ended_s: float | None

    @classmethod
    def of(cls, proof: Proof, *, name: str) -> Self:
        """Return what is said of ``proof``; ``name`` is what the house calls its wearer."""
        matter, coming = proof.matter, proof.next()
        return cls(
            matter_id=matter.matter_id,
            kind=matter.kind,
            priority=matter.priority,
            wearer=matter.wearer,
            name=name,
            since_s=matter.since_s,
            words=list(matter.words),
            version=proof.version,
            steps=[StepAnswer(after_s=step.after_s, who=step.who, channel=step.channel) for step in proof.steps],
            legs=[LegAnswer.of(leg) for leg in proof.legs],
            next=None
            if coming is None
            else NextAnswer(who=coming.who, channel=coming.channel, at_s=coming.at_s, again=coming.again),
            snoozed_until_s=proof.snoozed_until_s,
            ended_by=proof.ended_by,
            ended_s=proof.ended_s,
        )


class CoverAnswer(BaseModel):
    """How one person is protected; ``link`` and ``why`` say what is broken, null and "" where nothing is."""

    wearer: str
    name: str
    level: str
    since_s: float
    link: str | None
    why: str
    told: str


class Notice(BaseModel):
    """What is wrong for more than one person."""

    matter_id: str
    kind: str
    since_s: float
    words: list[str]


class CoversAnswer(BaseModel):
    """Everybody's protection, and what the house should know."""

    covers: list[CoverAnswer]
    notices: list[Notice]


class ShiftAnswer(BaseModel):
    """A shift; no ``wearers``: everybody. ``overdue``: nobody took over in time, so that ``carer`` has them still."""

    shift_id: str
    carer: str
    wearers: list[str]
    until_s: float
    overdue: bool
    offered_to: str
    note: str

    @classmethod
    def of(cls, shift: Shift, *, now_s: float) -> Self:
        """Return what is said of ``shift`` at ``now_s``."""
        return cls(
            shift_id=shift.shift_id,
            carer=shift.carer,
            wearers=list(shift.wearers),
            until_s=shift.until_s,
            overdue=shift.is_overdue(now_s),
            offered_to=shift.offered_to,
            note=shift.note,
        )


class SummaryAnswer(BaseModel):
    """What happened on a shift, in plain sentences."""

    shift_id: str
    lines: list[str]


class OutcomeAnswer(BaseModel):
    """What it was; ``corrects`` is the outcome that this stands in for, "" where it is the first."""

    outcome_id: str
    wearer: str
    alert_id: str
    by: str
    at_s: float
    what: str
    helped: list[str]
    began_s: float
    uncertainty_s: float
    ended_s: float
    corrects: str

    @classmethod
    def of(cls, told: OutcomeTold) -> Self:
        """Return what is said of an outcome."""
        return cls(
            outcome_id=told.outcome_id,
            wearer=told.wearer,
            alert_id=told.alert_id,
            by=told.by,
            at_s=told.at_s,
            what=told.what,
            helped=list(told.helped),
            began_s=told.began_s,
            uncertainty_s=told.uncertainty_s,
            ended_s=told.ended_s,
            corrects=told.corrects,
        )


class PlanAnswer(BaseModel):
    """What helps somebody, and what to avoid; both empty, ``by`` "" and ``at_s`` null: nobody wrote a plan."""

    wearer: str
    helps: list[str]
    avoid: list[str]
    by: str
    at_s: float | None

    @classmethod
    def of(cls, wearer: str, plan: Plan | None) -> Self:
        """Return what is said of a plan."""
        if plan is None:
            return cls(wearer=wearer, helps=[], avoid=[], by="", at_s=None)
        return cls(wearer=wearer, helps=list(plan.helps), avoid=list(plan.avoid), by=plan.by, at_s=plan.at_s)


class PushKey(BaseModel):
    """What a browser subscribes with: URL-safe base64 without padding."""

    key: str
