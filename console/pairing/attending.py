"""Messages, words of staff and the time in, a pairing that goes on and what to do about it out: no sockets, no clock.

This is what the command line and the console's pages run: they hand over what arrives and what is said, and carry out
what comes back (``flow.Do``), of which only ``ENTER`` changes who wears what.
"""

import random
from typing import Final

from console.pairing.fit import check
from console.pairing.flow import Answered, Arrived, Checked, Do, Event, Passed, Prompted, PutOn, Stage, Step, advance
from console.pairing.gesture import Answer, new_rhythm, told
from console.pairing.hearing import Hearing

CHECK_EVERY_S: Final = 1.0  # a second of readings comes a second
PUT_ON_S: Final = 2.0  # before it counts as put on: it is still being closed
UNKNOWN: Final = "it is heard, but no gateway could bond with it: hold it in pairing mode near one, and pair it again"


class Attending:
    """One pairing under way. ``chance`` draws what is asked for. Times are seconds of the one clock that also says when
    messages arrived."""

    def __init__(self, begun: Step, hearing: Hearing, chance: random.Random) -> None:
        self.pairing = begun.pairing
        self.hearing = hearing
        self._chance = chance
        self._due = list(begun.do)
        self._checked_s = 0.0

    def say(self, event: Event, now_s: float) -> None:
        """Take in what somebody said or did."""
        step = advance(self.pairing, event, now_s=now_s)
        self.pairing = step.pairing
        self._due += step.do

    def prompt(self, now_s: float) -> None:
        """Draw a rhythm and begin to look for it: call it in the moment in which it is shown."""
        self.say(Prompted(new_rhythm(self._chance)), now_s)

    def look(self, now_s: float) -> list[Do]:
        """Look at what was heard since; return what is to be done now, each once."""
        event = self._happened(now_s)
        self.say(Passed(said_of(self.hearing, self.pairing.band, now_s)) if event is None else event, now_s)
        due, self._due = self._due, []
        return due

    def _happened(self, now_s: float) -> Event | None:
        pairing, hearing = self.pairing, self.hearing
        match pairing.stage:
            case Stage.CONNECT if hearing.last_heard_s(pairing.band) >= pairing.since_s:
                return Arrived()
            case Stage.CONFIRM if pairing.rhythm is not None:
                return Answered(self._answer(now_s), pairing.prompt_s)
            case Stage.WEAR:
                put_on_s = hearing.put_on_s.get(pairing.band, 0.0)
                return PutOn() if pairing.since_s <= put_on_s <= now_s - PUT_ON_S else None
            case Stage.FIT if now_s - self._checked_s >= CHECK_EVERY_S:
                self._checked_s = now_s
                return Checked(check(hearing.received(pairing.band, pairing.since_s)))
        return None

    def _answer(self, now_s: float) -> Answer:
        pairing, hearing = self.pairing, self.hearing
        if pairing.rhythm is None:
            return Answer.WAITING
        return told(
            hearing.moved,
            hearing.taps,
            pairing.band,
            pairing.rhythm,
            prompt_s=pairing.prompt_s,
            now_s=now_s,
            unheard=hearing.unheard(pairing.prompt_s, now_s),
        )


def said_of(hearing: Hearing, band: str, now_s: float) -> str:
    """Why no readings of a band arrive, as far as gateways say; empty: they do not."""
    reasons = hearing.reasons(band, now_s)
    if reasons:
        return "; ".join(f"{gateway} says: {reason}" for gateway, reason in reasons.items())
    said = [each.status for each in hearing.bands(now_s) if each.band == band and each.gateway is None]
    return UNKNOWN if any(status.bonded == 0 and status.seen is not None for status in said) else ""
