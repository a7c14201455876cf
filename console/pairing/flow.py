"""What staff and bands do, one thing at a time, in; what to do and say next out: pairing as a pure state machine.

    ASK -agree-> CONNECT -readings-> CONFIRM -this band-> WEAR -on the wrist-> FIT -sits well, or so be it-> DONE
     |               |                 | another, several, nobody: again, three times; unsure:   | mend: again
     |               |                 | again, five times                                       |
     +---------------+-----------------+----------- cancel, or too long --------------+----------+-> STOPPED

``ASK`` only where something is taken from somebody. Where the band comes first and its wearer is said later, ``WHO``
stands between ``CONFIRM`` and ``WEAR``; whoever names the wearer agrees to what is taken in the same word.

A pairing is entered once, at the step to ``DONE``, and only for a band that was confirmed by hand; whatever happens
before changes nothing, so nobody is ever without a record of which band is theirs. A band of which nothing arrived
since its fit check began is never taken as it sits: whoever wears it would be thought watched. A swap is the same with
the wearer's old band in ``held``: it is given up in that one step.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from console.pairing.fit import NOTHING, Fit, Mend
from console.pairing.gesture import Answer, Rhythm
from ingest.registry.stretches import Held

CONNECT_S: Final = 45.0  # scanning, the race of gateways, bonding and services, on a bad day
ATTEMPTS: Final = 3  # of the gesture; then somebody should look at which band this is
UNSURE: Final = 5  # prompts that were nobody's fault: bands came and went; then somebody should look at the gateways
WEAR_S: Final = 300.0  # to put it on somebody who may not want it
FIT_S: Final = 25.0  # what is asked for takes 15 s; readings come late
DECIDE_S: Final = 300.0


class Stage(StrEnum):
    """Where a pairing stands."""

    ASK = "ask"
    CONNECT = "connect"
    CONFIRM = "confirm"
    WHO = "who"
    WEAR = "wear"
    FIT = "fit"
    MEND = "mend"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Pairing:
    """One pairing under way: what is wanted, where it stands since when [s, our clock], and what was found.

    ``held`` is what would be taken (who wears the band, what the wearer wears), as it was told to whoever agreed.
    ``wearer`` is empty until somebody has said who it is.
    """

    band: str
    wearer: str
    held: Held
    stage: Stage
    since_s: float
    attempts: int = 0
    prompt_s: float = 0.0
    rhythm: Rhythm | None = None
    unsure: int = 0
    confirmed: bool = False
    fit: Fit | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Agreed:
    """Somebody said that it may be taken."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Readings of the band arrive, and with them its movement."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """The rhythm that is asked for from now on."""

    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of the prompt at ``prompt_s``."""

    answer: Answer
    prompt_s: float


@dataclass(frozen=True, slots=True)
class Named:
    """Who is to wear it, and what is taken for it, to which whoever says so agrees."""

    wearer: str
    held: Held


@dataclass(frozen=True, slots=True)
class PutOn:
    """It is on the wrist."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the readings since it was put on say."""

    fit: Fit


@dataclass(frozen=True, slots=True)
class Again:
    """Somebody mended it, and wants it checked again."""


@dataclass(frozen=True, slots=True)
class SoBeIt:
    """Somebody takes it as it sits."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody, or something, stops it."""

    why: str = "stopped by hand"


@dataclass(frozen=True, slots=True)
class Passed:
    """Time passed, and nothing else; ``why`` is what gateways say of a band that does not come."""

    why: str = ""


Event = Agreed | Arrived | Prompted | Answered | Named | PutOn | Checked | Again | SoBeIt | Cancel | Passed


class Do(StrEnum):
    """What whoever runs it is to do."""

    CONNECT = "connect"  # ask gateways for the band, and let it vibrate
    PROMPT = "prompt"  # draw a rhythm, show it, and say ``Prompted``
    ASK_WHO = "ask who"  # wears it from now on
    ASK_TO_WEAR = "ask to wear"
    CHECK = "check"  # look at the readings from now on, and say ``Checked``
    ASK_TO_MEND = "ask to mend"
    ENTER = "enter"  # the one step that changes who wears what
    LET_GO = "let go"  # of the band: nothing was entered


_SAID: Final = {
    Answer.NONE: "this band did not move as asked",
    Answer.OTHER: "another band moved as asked, and not this one: look at the label of the one in your hand",
    Answer.SEVERAL: "several bands moved as asked: hold one alone",
    Answer.UNSURE: "another band came or went meanwhile, so nobody can tell whether that one moved too",
}
_UNTOLD: Final = "is it charged, near a gateway, and free of other phones?"
_PATIENCE: Final = {  # [s], and what is said when it ends
    Stage.ASK: (DECIDE_S, "nobody agreed in time"),
    Stage.CONNECT: (CONNECT_S, "no readings of it arrive"),
    Stage.CONFIRM: (DECIDE_S, "nobody did as asked in time"),
    Stage.WHO: (DECIDE_S, "nobody said in time who wears it"),
    Stage.WEAR: (WEAR_S, "it was not put on in time"),
    Stage.MEND: (DECIDE_S, "nobody said how to go on"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """Where it stands after an event, and what to do about it, in order."""

    pairing: Pairing
    do: tuple[Do, ...] = ()


def begin(band: str, wearer: str, held: Held, *, now_s: float) -> Step:
    """Begin; ASK where somebody else wears the band, or the wearer another one."""
    if held.wearer not in (None, wearer) or held.band not in (None, band):
        return Step(Pairing(band, wearer, held, Stage.ASK, now_s))
    return Step(Pairing(band, wearer, held, Stage.CONNECT, now_s), (Do.CONNECT,))


def begin_with(band: str, *, now_s: float) -> Step:
    """Begin with the band in somebody's hand; who is to wear it is said once it is confirmed."""
    return Step(Pairing(band, "", Held(), Stage.CONNECT, now_s), (Do.CONNECT,))


def advance(pairing: Pairing, event: Event, *, now_s: float) -> Step:
    """Return what an event changes; what makes no sense where it stands changes nothing."""
    if pairing.stage in (Stage.DONE, Stage.STOPPED):
        return Step(pairing)
    if isinstance(event, Cancel):
        return _stop(pairing, f"{event.why}; nothing was entered", now_s)
    match pairing.stage, event:
        case Stage.ASK, Agreed():
            return _to(pairing, Stage.CONNECT, now_s, Do.CONNECT)
        case Stage.CONNECT, Arrived():
            return _to(pairing, Stage.CONFIRM, now_s, Do.PROMPT)
        case Stage.CONFIRM, Prompted(rhythm):
            return Step(replace(pairing, rhythm=rhythm, prompt_s=now_s, since_s=now_s))
        case Stage.CONFIRM, Answered(answer, prompt_s) if prompt_s == pairing.prompt_s and pairing.rhythm is not None:
            return _answered(pairing, answer, now_s)
        case Stage.WHO, Named(wearer, held):
            return _to(replace(pairing, wearer=wearer, held=held), Stage.WEAR, now_s, Do.ASK_TO_WEAR)
        case Stage.WEAR, PutOn():
            return _to(pairing, Stage.FIT, now_s, Do.CHECK)
        case Stage.FIT, Checked(fit) if fit.final:
            return _checked(pairing, fit, now_s)
        case Stage.FIT, Checked(fit):
            return Step(replace(pairing, fit=fit))
        case Stage.MEND, Again():
            return _to(replace(pairing, fit=None), Stage.FIT, now_s, Do.CHECK)
        case Stage.MEND, SoBeIt():
            if pairing.fit is None or not pairing.fit.heard:
                return Step(pairing, (Do.ASK_TO_MEND,))
            return _to(pairing, Stage.DONE, now_s, Do.ENTER)
    return _late(pairing, now_s, event.why if isinstance(event, Passed) else "")


def _answered(pairing: Pairing, answer: Answer, now_s: float) -> Step:
    if answer is Answer.WAITING:
        return Step(pairing)
    if answer is Answer.THIS:
        sure = replace(pairing, confirmed=True, rhythm=None)
        if not pairing.wearer:
            return _to(sure, Stage.WHO, now_s, Do.ASK_WHO)
        return _to(sure, Stage.WEAR, now_s, Do.ASK_TO_WEAR)
    unsure = answer is Answer.UNSURE
    attempts, open_ = pairing.attempts + (not unsure), pairing.unsure + unsure
    tried = replace(pairing, attempts=attempts, unsure=open_, rhythm=None, reason=_SAID[answer], since_s=now_s)
    if tried.attempts >= ATTEMPTS or tried.unsure >= UNSURE:
        return _stop(tried, f"{_SAID[answer]}; nothing was entered", now_s)
    return Step(tried, (Do.PROMPT,))


def _checked(pairing: Pairing, fit: Fit, now_s: float) -> Step:
    if fit.mend is Mend.FINE:
        return _to(replace(pairing, fit=fit), Stage.DONE, now_s, Do.ENTER)
    return _to(replace(pairing, fit=fit), Stage.MEND, now_s, Do.ASK_TO_MEND)


def _late(pairing: Pairing, now_s: float, why: str) -> Step:
    if pairing.stage is Stage.FIT and now_s - pairing.since_s > FIT_S:
        fit = (pairing.fit or NOTHING).ended(why)
        return _to(replace(pairing, fit=fit), Stage.MEND, now_s, Do.ASK_TO_MEND)
    patience, reason = _PATIENCE.get(pairing.stage, (float("inf"), ""))
    if pairing.stage is Stage.CONNECT:
        reason = f"{reason}: {why or _UNTOLD}"
    if now_s - pairing.since_s > patience:
        return _stop(pairing, f"{reason}; nothing was entered", now_s)
    return Step(pairing)


def _to(pairing: Pairing, stage: Stage, now_s: float, *do: Do) -> Step:
    return Step(replace(pairing, stage=stage, since_s=now_s, reason=""), do)


def _stop(pairing: Pairing, reason: str, now_s: float) -> Step:
    do = () if pairing.stage is Stage.ASK else (Do.LET_GO,)
    return Step(replace(pairing, stage=Stage.STOPPED, since_s=now_s, reason=reason), do)
