"""A pairing with staff at a terminal: what arrives and what they type in, what to do next in few words out."""

import queue
import random
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.markup import escape

from console.errors import PairingError
from console.pairing.attending import Attending
from console.pairing.flow import ATTEMPTS, Again, Agreed, Cancel, Do, Pairing, PutOn, SoBeIt, Stage, begin
from console.pairing.hearing import Hearing
from console.pairing.label import band_in
from console.pairing.line import Line
from console.pairing.nearby import Found, found
from forecalm.commands.terminal import err
from forecalm.config import Config
from ingest.control.messages import Roster
from ingest.registry.registry import Registry
from ingest.registry.stretches import Held

STATUS_S: Final = 0.5  # what a broker keeps comes at once
LOOK_S: Final = 4.0  # bands say that they are there every second or two
BEAT_S: Final = 0.1  # how often is looked up: words must come when they are meant
OFFER_S: Final = 120.0  # how long gateways may connect to a band for a pairing; said anew while it goes on
IDENTIFY_S: Final = 3.0
SCRIPTED_WEAR_S: Final = 5.0  # nobody is there to press Enter


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
        while True:
            self._asked.get()
            line = sys.stdin.readline()
            self._said.put(line.strip() if line else None)
            if not line:
                return


class Ear:
    """A site's line, and what was heard over it so far: what a broker keeps comes only once."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.hearing = Hearing()

    def listen(self) -> Hearing:
        """Take in what has arrived."""
        for heard in self.line.heard():
            self.hearing.hear(heard.topic, heard.payload, heard.at_s)
        return self.hearing


class Talk:
    """Takes staff through one pairing. ``agreed`` (a wearer, a band) was said to be taken beforehand."""

    def __init__(
        self,
        ear: Ear,
        registry: Registry,
        config: Config,
        *,
        words: Words,
        chance: random.Random,
        agreed: tuple[str | None, str | None],
        as_it_sits: bool,
        name: str | None,
    ) -> None:
        self._ear, self._line, self._registry, self._config = ear, ear.line, registry, config
        self._words, self._chance, self._agreed = words, chance, agreed
        self._as_it_sits = as_it_sits
        self._name = name
        self._offered_s = 0.0
        self._turn: bool | None = None

    def attend(self, held: Held, *, band: str, wearer: str) -> Pairing:
        """Go through it; the ``reason`` of what comes back is empty where it is to be entered. Ctrl-C lets go of the
        band."""
        began = begin(band, wearer, held, now_s=time.time())
        attending = Attending(began, self._ear.hearing, self._chance)
        if attending.pairing.stage is Stage.ASK:
            ask_to_take(self._words, self._registry, self._config, held, band=band, wearer=wearer, agreed=self._agreed)
            attending.say(Agreed(), time.time())
        threading.Thread(target=_warm, name="warm", daemon=True).start()
        try:
            while attending.pairing.stage not in (Stage.DONE, Stage.STOPPED):
                self._ear.listen()
                for due in attending.look(time.time()):
                    self._do(due, attending)
                self._follow(attending)
                self._keep_offering(attending.pairing)
                time.sleep(BEAT_S)
        finally:
            self._offer([])
        return attending.pairing

    def _do(self, due: Do, attending: Attending) -> None:
        pairing, now_s = attending.pairing, time.time()
        match due:
            case Do.CONNECT:
                self._tell(f"[bold]{pairing.band}[/bold]: connecting. Keep it near.")
                self._offer([pairing.band])
                self._line.identify(pairing.band, IDENTIFY_S)
            case Do.PROMPT:
                if pairing.reason:
                    again = f"Again ({pairing.attempts + 1} of {ATTEMPTS})."
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
                fit = pairing.fit
                words = "" if fit is None else fit.words
                self._tell(f"[bold yellow]FIT[/bold yellow]: {words}")
                if self._as_it_sits:
                    attending.say(SoBeIt(), now_s)
                    return
                self._tell(
                    "Mended? Enter: check again. [bold]ok[/bold]: take it as it sits. [bold]stop[/bold]: end it."
                )
            case Do.ENTER:
                if pairing.fit is not None and pairing.fit.mend.value == "fine":
                    self._tell("[bold green]FITS[/bold green].")
            case Do.LET_GO:
                self._offer([])

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

    def _keep_offering(self, pairing: Pairing) -> None:
        """Say again that the band is being paired, in time, and where the service has published another roster."""
        roster, now_s = self._ear.hearing.roster, time.time()
        stage = pairing.stage
        if stage in (Stage.ASK, Stage.DONE, Stage.STOPPED) or now_s - self._offered_s < 1.0:
            return
        if roster is None or pairing.band not in roster.pairing or now_s - self._offered_s > OFFER_S / 2:
            self._offer([pairing.band])

    def _offer(self, pairing: Sequence[str]) -> None:
        now_s = time.time()
        self._offered_s = now_s
        self._line.offer(
            Roster(
                v=1,
                at_us=round(now_s * 1e6),
                bands=sorted(self._registry.worn(now_s, site=self._config.site.name)),
                pairing=list(pairing),
                pairing_until_us=round((now_s + OFFER_S) * 1e6) if pairing else 0,
            )
        )

    def _who(self, wearer: str) -> str:
        return _called(wearer, {**self._registry.names(), **({wearer: self._name} if self._name else {})})

    @staticmethod
    def _tell(text: str) -> None:
        err.print(text)


def ask_to_take(
    words: Words,
    registry: Registry,
    config: Config,
    held: Held,
    *,
    band: str,
    wearer: str,
    agreed: tuple[str | None, str | None] = (None, None),
    bands: bool = True,
) -> None:
    """Let somebody type what is to be taken from whom; raises PairingError where they do not. What was ``agreed`` to
    beforehand is not asked for."""
    names, now_s = registry.names(), time.time()
    if held.wearer not in (None, wearer) and held.wearer is not None and agreed[0] != held.wearer:
        since = _clock(registry.worn(now_s)[band].since_s, config.zone)
        err.print(
            f"[bold red]STOP[/bold red]: {band} is worn by {_called(held.wearer, names)} since {since}."
            f" To take it from them type {held.wearer}, or their name:"
        )
        if words.wait() not in (held.wearer, names.get(held.wearer)):
            raise PairingError(
                f"{band} is worn by {held.wearer} since {since}, and was not taken from them; --from {held.wearer}"
                " agrees beforehand"
            )
    if bands and held.band not in (None, band) and agreed[1] != held.band:
        err.print(
            f"[bold red]STOP[/bold red]: {_called(wearer, names)} wears {held.band}. One person, one band: to give"
            f" {held.band} up type {held.band}:"
        )
        if words.wait() != held.band:
            raise PairingError(
                f"{wearer} wears {held.band}, and keeps it; to change bands: forecalm swap {held.band} {band}"
            )


def gateways_online(ear: Ear) -> tuple[list[str], list[str]]:
    """Which gateways the broker knows of, and which of them are there."""
    end_s = time.time() + STATUS_S
    while time.time() < end_s and not any(each.online for each in ear.listen().gateways(time.time())):
        time.sleep(BEAT_S / 10)
    known = ear.hearing.gateways(time.time())
    return [each.gateway for each in known], [each.gateway for each in known if each.online]


def look_around(ear: Ear, registry: Registry, *, seconds: float = LOOK_S) -> list[Found]:
    """Ask the gateways what is nearby, and say who wears it."""
    end_s, asked = time.time() + seconds, set[str]()
    while time.time() < end_s:
        for each in ear.listen().gateways(time.time()):
            if each.gateway not in asked:
                asked.add(each.gateway)
                ear.line.look_at(each.gateway, seconds)
        time.sleep(BEAT_S)
    return found(ear.hearing.nearby(time.time()), registry.worn(time.time()))


def pick(ear: Ear, registry: Registry, config: Config) -> str:
    """Let somebody pick a band by its number in the list or its id, or scan its code."""
    near = look_around(ear, registry, seconds=LOOK_S)
    err.print(escape(listed(near, registry.names(), config.zone)), end="")
    err.print("Which? Scan its code, or type its number or id:")
    said = Words().wait() or ""
    if said.isascii() and said.isdigit() and 1 <= int(said) <= len(near):
        return near[int(said) - 1].band
    if any(each.band == said for each in near):
        return said
    return band_in(said)


def listed(near: Sequence[Found], names: Mapping[str, str], zone: ZoneInfo) -> str:
    """What a person reads of bands nearby."""
    if not near:
        return "No band is nearby. Is it charged, and near a gateway?\n"
    return "".join(f"{i:3}  {_told(each, names, zone)}\n" for i, each in enumerate(near, 1))


def as_json(each: Found) -> dict[str, Any]:
    """The same for scripts: pseudonyms, no names."""
    seen, worn = each.seen, each.worn_by
    return {
        "band": each.band,
        "gateway": each.gateway,
        "others": list(each.others),
        "rssi": seen.rssi,
        "battery": seen.battery,
        "firmware": seen.firmware,
        "model": seen.model,
        "worn": seen.worn,
        "charging": seen.charging,
        "pairing": seen.pairing,
        "connected": seen.connected,
        "wearer": None if worn is None else worn.wearer,
        "since_s": None if worn is None else worn.since_s,
    }


def _told(each: Found, names: Mapping[str, str], zone: ZoneInfo) -> str:
    seen, worn = each.seen, each.worn_by
    said = [each.band]
    said.append("signal unknown" if seen.rssi is None else f"{_bars(seen.rssi)} {seen.rssi} dBm")
    said.append("battery unknown" if seen.battery is None else f"battery {seen.battery} %")
    if seen.firmware:
        said.append(f"firmware {_printable(seen.firmware)}")
    said += [
        word for word, so in (("charging", seen.charging), ("on skin", seen.worn), ("pairing", seen.pairing)) if so
    ]
    said.append(f"at {each.gateway}")
    since = "" if worn is None else f" since {_clock(worn.since_s, zone)}"
    who = "free" if worn is None or worn.wearer is None else f"worn by {_called(worn.wearer, names)}{since}"
    return "  ".join([*said, who])


def _bars(rssi: int) -> str:
    return "near" if rssi >= -60 else "in the room" if rssi >= -75 else "far"


def _printable(text: str) -> str:
    """What a band says of itself, harmless to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _called(wearer: str, names: Mapping[str, str]) -> str:
    return f"{wearer} ({escape(names[wearer])})" if wearer in names else wearer


def _clock(at_s: float, zone: ZoneInfo) -> str:
    then = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    today = datetime.now(UTC).astimezone(zone).date() == then.date()
    return then.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


def _warm() -> None:
    """Compile what looks at the fit while somebody reads: it must not be waited for with an arm held still."""
    from console.pairing.fit import warm

    warm()
