"""What somebody began to pair, what they say and what is heard in; how it stands, and why it waits or ends, out."""

import random
from dataclasses import dataclass, replace
from typing import Final

from console.pairing.attending import Attending, said_of
from console.pairing.flow import Agreed, Cancel, Do, Event, Pairing, Stage, Step
from console.pairing.hearing import Hearing
from console.pairing.near import gateways_away

LEFT_S: Final = 300.0  # a phone sleeps in a pocket while both hands are at somebody's wrist
AWAY_S: Final = 20.0  # a broker or a gateway that starts again is back by then, and that is no fault of the band
STOPPED_S: Final = 5.0  # a band sends each second: what is silent for longer is not being heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is entered beside the band and its wearer: until when [UTC s] (None: until it is changed), and of somebody
    who is new the name to show, who agrees that they are recorded and watched, and carers."""

    until_s: float | None = None
    name: str | None = None
    consent_by: str | None = None
    carers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Now:
    """How a pairing stands. ``turn``: shake (True), hold still (False), or neither now; ``asked``: a gesture is looked
    for; ``trouble``: why nothing goes on, in words; ``entered``: it is on record; ``called``: who is new."""

    id: str
    by: str
    pairing: Pairing
    turn: bool | None
    asked: bool
    trouble: str
    entered: bool
    called: str = ""


@dataclass(slots=True)
class One:
    """A pairing under way. ``looked_s`` is when its page last asked, ``refused`` why it cannot go on or be entered,
    ``ended_s`` when it was over; all times [UTC s]."""

    id: str
    by: str
    begun: Step
    looked_s: float
    attending: Attending | None = None
    wish: Wish = Wish()
    trouble: str = ""
    troubled_s: float | None = None
    entered: bool = False
    refused: str = ""
    ended_s: float | None = None

    @property
    def pairing(self) -> Pairing:
        """How far it is."""
        found = self.begun.pairing if self.attending is None else self.attending.pairing
        return replace(found, stage=Stage.STOPPED, reason=self.refused) if self.refused else found

    @property
    def live(self) -> bool:
        """Whether anything can come of it yet."""
        return not self.refused and not self.entered and self.pairing.stage is not Stage.STOPPED

    def now(self, now_s: float) -> Now:
        """How it stands."""
        pairing = self.pairing
        turn = None if pairing.rhythm is None else pairing.rhythm.shaking_at(now_s - pairing.prompt_s)
        asked = pairing.stage is Stage.CONFIRM and pairing.rhythm is not None
        return Now(self.id, self.by, pairing, turn, asked, self.trouble, self.entered, self.wish.name or "")

    def say(self, event: Event, wish: Wish | None, now_s: float) -> None:
        """Take in what somebody said; what makes no sense where it stands changes nothing."""
        if isinstance(event, Cancel) and self.attending is None:
            self.end(event.why, now_s)
        if self.attending is None or not self.live:
            return
        if wish is not None and self.pairing.stage is Stage.WHO:
            self.wish = wish
        self.attending.say(event, now_s)

    def prompt(self, now_s: float) -> None:
        """Ask for the gesture from now on."""
        if self.attending is not None and self.pairing.stage is Stage.CONFIRM:
            self.attending.prompt(now_s)

    def look(self, hearing: Hearing, fault: str, chance: random.Random, now_s: float) -> list[Do]:
        """Go on by what was heard; return what is to be done. ``fault``: why nothing at all is heard."""
        if self.attending is None:
            self.attending = Attending(self.begun, hearing, chance)
            if self.pairing.stage is Stage.ASK:
                self.attending.say(Agreed(), now_s)
        self.attending.hearing = hearing
        if now_s - self.looked_s > LEFT_S:
            self.end("the page was left", now_s)
        elif self._waits(hearing, fault, now_s):
            return []
        due = self.attending.look(now_s)
        if self.pairing.stage is Stage.CONNECT:
            self.trouble = said_of(hearing, self.pairing.band, now_s)
        return due

    def _waits(self, hearing: Hearing, fault: str, now_s: float) -> bool:
        """Whether it waits for a broker, a gateway or a band that was there; it ends where they stay away."""
        stage, band = self.pairing.stage, self.pairing.band
        needs = stage in (Stage.CONFIRM, Stage.FIT)
        silent = needs and now_s - max(hearing.last_heard_s(band), self.pairing.since_s) > STOPPED_S
        if not fault and not silent:
            again = self.troubled_s is not None and self.pairing.rhythm is not None
            self.trouble, self.troubled_s = "", None
            if again:
                self.prompt(now_s)
            return False
        away = gateways_away(hearing, now_s) or said_of(hearing, band, now_s)
        self.hold(fault or f"no readings of {band} arrive any more" + (f": {away}" if away else ""), now_s)
        return self.live

    def hold(self, why: str, now_s: float) -> None:
        """Wait because of ``why``, and end where that lasts."""
        self.trouble = why
        self.troubled_s = now_s if self.troubled_s is None else self.troubled_s
        if now_s - self.troubled_s > AWAY_S:
            self.end(why, now_s)

    def end(self, why: str, now_s: float) -> None:
        """End it, with nothing entered."""
        if self.attending is None:
            self.refused, self.ended_s = f"{why}; nothing was entered", now_s
        else:
            self.attending.say(Cancel(why), now_s)
