"""How far a matter has come, a plan, a cover and the time in; the words and stations that stand with it out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from alerts.protection.cover import Cover, Level, Link
from alerts.views import AlertView
from console.beside import Going, Next, Plan

Clock = Callable[[float], str]
"""UTC seconds in, the time as the house's clock shows it out."""

_BY: Final = {
    "push": "{who} gets a message on the phone",
    "sms": "{who} gets a text message",
    "mail": "{who} gets an e-mail",
    "e-mail": "{who} gets an e-mail",
    "call": "{who}\N{RIGHT SINGLE QUOTATION MARK}s phone rings",
    "phone": "{who}\N{RIGHT SINGLE QUOTATION MARK}s phone rings",
    "mqtt": "the house\N{RIGHT SINGLE QUOTATION MARK}s own signal goes on",
    "board": "every tablet is told again",
}

UNHEARD: Final = "This tablet cannot sound yet"
"""What a row says where no tablet can: whoever reads it stands before one, and the strip above says what to do."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One station of the proof: ``label`` in bold, ``detail`` beside it, and whether it is done."""

    label: str
    detail: str
    done: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What stands with an alert, or with protection that was lost: its proof, who is told next, how long its sound is
    paused, the person's plan. ``terms`` are the rules it was raised by, in small; ``taken`` says who sees to a loss."""

    matter_id: str
    snoozed_until_s: float | None
    snoozed: str
    told: str
    chain: tuple[Stage, ...]
    plan: Plan
    terms: str
    taken: str = ""


def told_of_alert(alert: AlertView, going: Going | None, plan: Plan | None, *, clock: Clock, now_s: float) -> Told:
    """Return what stands with ``alert``; where delivery has not begun, that is what its proof says."""
    by = alert.acknowledged_by or ""
    taken = clock(alert.acknowledged_s) if alert.acknowledged_s is not None else ""
    last = (
        Stage(f"{by} has it", taken, True)
        if by
        else Stage("I\N{RIGHT SINGLE QUOTATION MARK}m on it", "by nobody yet", False)
    )
    paused = going.snoozed_until_s if going and not by else None
    return Told(
        matter_id=alert.alert_id,
        snoozed_until_s=paused,
        snoozed="" if paused is None else f"Sound paused until {clock(paused)}. A new alert still sounds.",
        told=_next(going, clock=clock, now_s=now_s) if not by else "",
        chain=(
            Stage("Raised", clock(alert.raised_s), True),
            *_stations(going, alert.acknowledged_s if by else None, clock=clock),
            last,
        ),
        plan=plan or Plan(),
        terms=f"Rules {alert.policy}, {alert.model}, level {alert.probability:.2f}"
        if alert.policy
        else "What raised it was not kept: the disk failed",
    )


def told_of_loss(going: Going, plan: Plan | None, *, clock: Clock, now_s: float) -> Told:
    """Return what stands with protection that somebody lost."""
    paused = going.snoozed_until_s
    return Told(
        matter_id=going.matter_id,
        snoozed_until_s=paused,
        snoozed="" if paused is None else f"Sound paused until {clock(paused)}. Look in meanwhile.",
        told=_next(going, clock=clock, now_s=now_s) if not going.over else "",
        chain=(
            Stage("Lost", clock(going.since_s), True),
            *_stations(going, going.ended_s if going.by else None, clock=clock),
        ),
        plan=plan or Plan(),
        terms="",
        taken=taken_words(going, clock=clock),
    )


def taken_words(going: Going, *, clock: Clock) -> str:
    """Return who sees to what is no alert, "" while nobody does."""
    if not going.by or going.ended_s is None:
        return ""
    return f"{going.by} is seeing to it, since {clock(going.ended_s)}."


def cover_words(cover: Cover, *, clock: Clock) -> tuple[str, str]:
    """Return the headline of a cover that is not whole, in lower case, and why and who was told of it."""
    since = f"{cover.level.value} since {clock(cover.since_s)}"
    why = UNHEARD if cover.link is Link.TABLET and cover.level is Level.NOT else cover.why
    return since, " ".join(ended(part) for part in (why, cover.told) if part)


def sounds_lost(cover: Cover) -> bool:
    """Return whether the loss sounds by itself: something between band and tablet has gone. What the band says is told
    by sight, that no tablet can sound where one can, and that the server has just started passes."""
    beyond = (Link.GATEWAY, Link.BROKER, Link.PIPELINE, Link.MODEL, Link.JOURNAL, Link.SERVER, Link.CARER)
    return cover.level is Level.NOT and cover.link in beyond and not cover.passing


def ended(sentence: str) -> str:
    """Return a sentence with its full stop."""
    return sentence if re.search(r"[.!?…]$", sentence) else f"{sentence}."


def _next(going: Going | None, *, clock: Clock, now_s: float) -> str:
    if going is None or going.next is None:
        return ""
    if going.next.at_s <= now_s:
        return _now(going.next)
    return f"If nobody takes it, {_doing(going.next)} at {clock(going.next.at_s)}."


def _now(coming: Next) -> str:
    """Return what is under way, or late: it is promised for no time that has passed."""
    if coming.channel in ("board", "mqtt"):
        doing = _doing(coming)
        return f"{doing[0].upper()}{doing[1:]} now."
    who = "Everybody on shift" if coming.who == "on shift" else coming.who
    return f"{who} {'are' if ',' in who else 'is'} being told now."


def _doing(coming: Next) -> str:
    who = "everybody on shift" if coming.who == "on shift" else coming.who
    doing = _BY.get(coming.channel, "{who} is told")
    if "," in who:
        doing = doing.replace(" gets ", " get ").replace(" is ", " are ")
    return doing.format(who=who)


def _stations(going: Going | None, taken_s: float | None, *, clock: Clock) -> tuple[Stage, ...]:
    """Return how far it came; whoever took it, at ``taken_s`` [UTC s], has seen it, by whichever way."""
    shown_s = going.on_tablet_s if going else None
    sounded_s = going.sounded_s if going else None
    seen_s = min((it for it in (going.seen_s if going else None, taken_s) if it is not None), default=None)
    many = f"On {going.tablets} tablets" if going and going.tablets > 1 else "On the tablet"
    return (
        Stage(many, "not yet" if shown_s is None else clock(shown_s), shown_s is not None),
        Stage("Sounded", "not yet" if sounded_s is None else clock(sounded_s), sounded_s is not None),
        Stage("Seen", "by nobody yet" if seen_s is None else clock(seen_s), seen_s is not None),
    )
