"""A pairing with staff at a terminal: what arrives and what they type in, what to do next in few words out."""

import queue
import random
import sys
import threading
import time
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from rich.markup import escape

from console.errors import PairingError
from console.pairing.alone import Alone
from console.pairing.attending import Attending
from console.pairing.fit import NOTHING, warm
from console.pairing.flow import ATTEMPTS, Again, Agreed, Cancel, Do, Pairing, PutOn, SoBeIt, Stage, begin
from console.pairing.label import band_in
from console.pairing.near import gateways_away
from forecalm.commands.pairing_ear import LOOK_S, Ear, look_around
from forecalm.commands.pairing_listed import called, clock, listed
from forecalm.commands.pairing_offer import Offer
from forecalm.commands.terminal import err, operator
from forecalm.config import Config
from ingest.registry.registry import Registry
from ingest.registry.stretches import Held

BEAT_S: Final = 0.1  # how often is looked up: words must come when they are meant
IDENTIFY_S: Final = 3.0
AWAY_S: Final = 10.0  # a broker that starts again is back by then, and what is between is no fault of the band
SCRIPTED_WEAR_S: Final = 5.0  # nobody is there to press Enter


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who is to wear a band, as somebody asked for it.

    ``taken_from`` and ``instead_of`` are the wearer who loses it and the band that is given up, where that was agreed
    to beforehand; ``until_s`` [s, UTC] is when it ends by itself, None: never. ``name`` to show, ``consent_by`` and
    ``carers`` are for somebody who is new.
    """

    wearer: str
    taken_from: str | None
    instead_of: str | None
    until_s: float | None
    as_it_sits: bool
    name: str | None = None
    consent_by: str | None = None
    carers: tuple[str, ...] = ()


class Words:
    """Lines that somebody types or scans, one at a time and only while they are asked for."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting = False
        self.over = False
        threading.Thread(target=self._read, name="words", daemon=True).start()

    def poll(self) -> str | None:
        """The next line, where there is one; ``over`` says that none will ever come."""
        if not self._waiting and not self.over:
            self._asked.put(None)
            self._waiting = True
        try:
            line = self._said.get_nowait()
        except queue.Empty:
            return None
        self._waiting = False
        self.over = line is None
        return line

    def wait(self) -> str | None:
        """The next line; None: none will ever come."""
        while not self.over:
            line = self.poll()
            if line is not None:
                return line
            time.sleep(BEAT_S / 10)
        return None

    def _read(self) -> None:
        line: str | None = ""
        while line is not None:
            self._asked.get()
            line = _typed()
            self._said.put(line)


def _typed() -> str | None:
    """A line of standard input; None where none will come: it has ended, was closed, or holds what is no text."""
    try:
        line = "" if sys.stdin is None else sys.stdin.readline()
    except (OSError, ValueError):
        return None
    return line.strip() if line else None


class Talk:
    """Takes staff through one pairing, as it was asked for."""

    def __init__(
        self,
        ear: Ear,
        registry: Registry,
        config: Config,
        *,
        asked: Asked,
        words: Words,
        chance: random.Random,
    ) -> None:
        self._ear, self._line, self._registry, self._config = ear, ear.line, registry, config
        self._asked, self._words, self._chance = asked, words, chance
        self._offer = Offer(ear, registry, config)
        self._turn: bool | None = None
        self._away_s: float | None = None
        self._reasons: dict[str, str] = {}

    def attend(self, held: Held, band: str) -> Pairing:
        """Go through it; the ``reason`` of what comes back is empty where it is to be entered. Ctrl-C lets go of the
        band. Raises PairingError, before anything is typed too, where somebody else is pairing."""
        alone, by = Alone(self._config.folder), operator()
        alone.require_free(band, by)
        began = begin(band, self._asked.wearer, held, now_s=time.time())
        attending = Attending(began, self._ear.hearing, self._chance)
        if attending.pairing.stage is Stage.ASK:
            ask_what_is_taken(self._words, self._registry, self._config, held, self._asked, band)
            attending.say(Agreed(), time.time())
        with alone.held(band, by):
            return self._attended(attending)

    def _attended(self, attending: Attending) -> Pairing:
        threading.Thread(target=warm, name="warm", daemon=True).start()  # or an arm is held still while it compiles
        try:
            while attending.pairing.stage not in (Stage.DONE, Stage.STOPPED):
                self._ear.listen()
                if self._broker_is_away(attending):
                    time.sleep(BEAT_S)
                    continue
                for due in attending.look(time.time()):
                    self._do(due, attending)
                self._follow(attending)
                if attending.pairing.stage not in (Stage.ASK, Stage.DONE, Stage.STOPPED):
                    self._offer.keep(attending.pairing.band)
                time.sleep(BEAT_S)
        finally:
            self._offer.say([])
        return attending.pairing

    def _broker_is_away(self, attending: Attending) -> bool:
        """Hold on without it for a while, then stop; where it comes back in a gesture, that is asked for anew."""
        now_s = time.time()
        if not self._line.online:
            if self._away_s is None:
                self._away_s = now_s
                self._tell(
                    f"[bold yellow]WAIT[/bold yellow]: the {self._line.broker} has gone: nothing of a band arrives."
                )
            if now_s - self._away_s > AWAY_S:
                attending.say(Cancel(f"the {self._line.broker} has gone, so nothing of any band arrives"), now_s)
            return True
        if self._away_s is not None:
            self._away_s = None
            self._tell("It is back.")
            if attending.pairing.stage is Stage.CONFIRM:
                self._do(Do.PROMPT, attending)
        return False

    def _do(self, due: Do, attending: Attending) -> None:
        pairing, now_s = attending.pairing, time.time()
        match due:
            case Do.CONNECT:
                self._tell(f"[bold]{pairing.band}[/bold]: connecting. Keep it near.")
                self._offer.say([pairing.band])
                self._line.identify(pairing.band, IDENTIFY_S)
            case Do.PROMPT:
                if pairing.reason:
                    tries = f" ({pairing.attempts + 1} of {ATTEMPTS})" if pairing.attempts else ""
                    again = f"Again{tries}."
                    self._tell(f"[bold red]NO[/bold red]: {escape(pairing.reason)}. {again}")
                self._line.identify(pairing.band, IDENTIFY_S)
                self._tell(f"Take {pairing.band} in your hand. Do as it says here, or double-tap it twice, 2 s apart.")
                self._turn = None
                attending.prompt(now_s)
            case Do.ASK_TO_WEAR:
                self._tell(f"[bold green]YES, THAT IS {pairing.band}[/bold green].")
                self._tell(f"Put it on {self._who(pairing.wearer)}; then press Enter.")
            case Do.CHECK:
                self._tell("Keep the arm still for 15 s ...")
            case Do.ASK_TO_MEND:
                self._ask_to_mend(attending, now_s)
            case Do.ENTER:
                if pairing.fit is not None and pairing.fit.mend.value == "fine":
                    self._tell("[bold green]FITS[/bold green].")
            case Do.LET_GO:
                self._offer.say([])

    def _ask_to_mend(self, attending: Attending, now_s: float) -> None:
        """Say what to mend; a band of which nothing arrives is not taken as it sits, whoever agreed to that."""
        fit = attending.pairing.fit or NOTHING
        away = "" if fit.heard else gateways_away(self._ear.hearing, now_s)
        self._tell(f"[bold yellow]FIT[/bold yellow]: {escape(fit.words)}{f' {escape(away)}.' if away else ''}")
        if self._asked.as_it_sits:
            why = f"nothing of the band arrives: {fit.why.rstrip('.')}"
            attending.say(SoBeIt() if fit.heard else Cancel(why), now_s)
        elif fit.heard:
            self._tell("Mended? Enter: check again. [bold]ok[/bold]: take it as it sits. [bold]stop[/bold]: end it.")
        else:
            self._tell("It cannot be taken as it sits. Enter: check again. [bold]stop[/bold]: end it.")

    def _follow(self, attending: Attending) -> None:
        """Say when to shake and when to hold still; take what is typed where something was asked."""
        pairing, now_s = attending.pairing, time.time()
        if pairing.stage is Stage.CONFIRM and pairing.rhythm is not None:
            turn = pairing.rhythm.shaking_at(now_s - pairing.prompt_s)
            if turn is not None and turn is not self._turn:
                self._tell("[bold]SHAKE IT[/bold] hard" if turn else "[bold]HOLD STILL[/bold]")
            if turn is None and self._turn is not None:
                self._tell("... looking")
            self._turn = turn
        elif pairing.stage is Stage.CONNECT:
            reasons = self._ear.hearing.reasons(pairing.band, now_s)
            for gateway, reason in reasons.items():
                if self._reasons.get(gateway) != reason:
                    self._tell(f"{gateway} says: {escape(reason)}")
            self._reasons = reasons
        elif pairing.stage in (Stage.WEAR, Stage.MEND):
            self._listen(attending, now_s)

    def _listen(self, attending: Attending, now_s: float) -> None:
        line, wearing = self._words.poll(), attending.pairing.stage is Stage.WEAR
        if line is not None and line.lower() in ("stop", "q"):
            attending.say(Cancel(), now_s)
        elif line is not None:
            attending.say(PutOn() if wearing else SoBeIt() if line.lower() == "ok" else Again(), now_s)
        elif self._words.over and wearing and now_s - attending.pairing.since_s > SCRIPTED_WEAR_S:
            attending.say(PutOn(), now_s)
        elif self._words.over and not wearing:
            attending.say(Cancel(), now_s)

    def _who(self, wearer: str) -> str:
        new = {} if self._asked.name is None else {wearer: self._asked.name}
        return called(wearer, {**self._registry.names(), **new})

    @staticmethod
    def _tell(text: str) -> None:
        err.print(text)


def ask_what_is_taken(words: Words, registry: Registry, config: Config, held: Held, asked: Asked, band: str) -> None:
    """Let somebody type from whom the band is taken, and which one its wearer gives up, as far as that was not agreed
    to. Raises PairingError where they do not: a slip in a pseudonym must leave nobody unwatched."""
    _ask_for_band(words, registry, config, held, asked, band)
    _ask_for_wrist(words, registry, held, asked, band)


def _ask_for_band(words: Words, registry: Registry, config: Config, held: Held, asked: Asked, band: str) -> None:
    if held.wearer is None or held.wearer in (asked.wearer, asked.taken_from):
        return
    names = registry.names()
    since = clock(registry.worn(time.time())[band].since_s, config.zone)
    err.print(
        f"[bold red]STOP[/bold red]: {band} is worn by {called(held.wearer, names)} since {since}."
        f" To take it from them type {held.wearer}, or their name:"
    )
    if words.wait() not in (held.wearer, names.get(held.wearer)):
        raise PairingError(
            f"{band} is worn by {held.wearer} since {since}, and was not taken from them; --from {held.wearer}"
            " agrees beforehand"
        )


def _ask_for_wrist(words: Words, registry: Registry, held: Held, asked: Asked, band: str) -> None:
    if held.band in (None, band, asked.instead_of):
        return
    err.print(
        f"[bold red]STOP[/bold red]: {called(asked.wearer, registry.names())} wears {held.band}. One person, one band:"
        f" to give {held.band} up type {held.band}:"
    )
    if words.wait() != held.band:
        raise PairingError(
            f"{asked.wearer} wears {held.band}, and keeps it: was another wearer meant? To change bands:"
            f" forecalm swap {held.band} {band}; --instead-of {held.band} agrees beforehand"
        )


def pick(ear: Ear, registry: Registry, zone: ZoneInfo) -> str:
    """Let somebody pick a band by its number in the list or its id, or scan its code."""
    near = look_around(ear, registry, seconds=LOOK_S)
    err.print(escape(listed(near, registry.names(), zone)), end="", soft_wrap=True)
    err.print("Which? Scan its code, or type its number or id:")
    said = Words().wait() or ""
    if said.isascii() and said.isdigit() and 1 <= int(said) <= len(near):
        return near[int(said) - 1].band
    if any(each.band == said for each in near):
        return said
    return band_in(said)
