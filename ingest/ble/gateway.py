"""Adapters, kinds of bands and a roster in; the site's bands held, and all they tell passed on, out. One event loop.

Every band has a task of its own, and nothing that happens in it reaches another. Who of several gateways connects to a
band is a race (``ingest.ble.racing``); that nothing is lost when it changes hands is the watermark's doing.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

import msgspec

from ingest.ble.bonding import Bonds
from ingest.ble.heard import Heard, Radio, Way
from ingest.ble.holding import REASON_MAX, Adapter, BandSink, Held, OpenLink, Outbox
from ingest.ble.numbering import Numbering
from ingest.ble.pairing import make_bond
from ingest.ble.profile import Advert, Profile
from ingest.ble.racing import Load, choose
from ingest.ble.rostered import Rostered
from ingest.ble.talking import loop_s
from ingest.control.messages import BandState, Command, Roster, Seen
from ingest.errors import GattError, IngestError, LinkError
from ingest.wire import Stored

log = logging.getLogger(__name__)

TEND_S: Final = 0.25  # how often it is seen to what is due
STATUS_S: Final = 2.0  # how often the sender is told how the radio does; it publishes what changed
DETAILS_S: Final = 5.0  # how often a band's battery or backlog is told again at most
NEARBY_S: Final = 1.0
NEARBY_MAX: Final = 100  # bands told of at once, ours first, then the loudest: a message has room for twice as many
OPEN_S: Final = 4.0  # for the first dial: adverts are a second apart at most, finding 30 attributes takes 3 s at worst
OPEN_MAX_S: Final = 16.0
SILENT_S: Final = 30.0  # a link over which nothing comes for so long is none, whatever the radio says
AWAY: Final = {"lost", "refused"}
PAIR_HERE: Final = "hold it in pairing mode near the gateway"
Details = tuple[int | None, int | None, int | None, int, str | None, str | None]
PAIRING_US: Final = 120_000_000  # a band is in pairing mode for so long: docs/gatt.md
END_S: Final = 15.0  # for all links to be hung up at the end


class Gateway:
    """Use ``run``; the other methods are for the loop's own thread. ``beat`` is called as long as all is tended to.

    ``now_us`` is UTC, ``luck`` even over 0 to 1.
    """

    def __init__(
        self,
        adapters: Sequence[Adapter],
        profiles: Sequence[Profile],
        outbox: Outbox,
        *,
        rostered: Rostered,
        numbering: Numbering,
        now_us: Callable[[], int],
        luck: Callable[[], float] = random.random,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._adapters = list(adapters)
        self._profiles = {profile.name: profile for profile in profiles}
        self._outbox, self._rostered, self._numbering = outbox, rostered, numbering
        self._now_us, self._luck, self._beat = now_us, luck, beat
        self._radio = Radio(luck)
        self._held: dict[str, Held] = {}
        self._deaf: dict[int, str] = {}
        self._radio_us: int | None = None
        self._look_until_s = self._looked_s = self._status_s = self._details_s = 0.0
        self._dialling: dict[int, str] = {}  # which band, by adapter
        self._due = asyncio.Event()  # something has changed
        self._broken: set[str] = set()
        self._identifying: set[asyncio.Task[None]] = set()
        self._showing: set[str] = set()
        self.connections = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the site's bands until ``stop`` is set; then hang up."""
        scans = [asyncio.create_task(self._scan(i)) for i in range(len(self._adapters))]
        try:
            while not stop.is_set():
                self.tend()
                self._beat()
                for scan in scans:
                    if scan.done():
                        scan.result()
                self._due.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), TEND_S)
        finally:
            await self._end(scans)

    def roster(self, roster: Roster, *, retained: bool = False) -> None:
        """The service says which bands are the site's; ``retained``: it did some time ago."""
        now_us = self._now_us()
        before = {band for band in self._held if self._rostered.pairs(band, now_us)}
        self._rostered.take(roster, now_us, retained=retained)
        for held in self._held.values():
            seen = held.seen
            waits = seen is not None and self._may_bond(seen) and now_us - seen.heard_us < PAIRING_US
            if waits and held.band not in before and self._rostered.pairs(held.band, now_us):
                self._let_go(held, "released", "it is being paired: every adapter has its turn")

    def stored(self, band: str, stored: Stored) -> None:
        """The service says what it has of a band."""
        held = self._held.get(band)
        if held is not None and held.conversation is not None:
            self._soon(held.conversation.said_stored(stored), f"{band}: telling it what is stored")

    def command(self, command: Command, band: str | None) -> None:
        """Somebody asks for something, in time; ``band`` None: of the gateway itself."""
        now_s = loop_s()
        if command.do == "look":
            self._look_until_s = now_s + command.seconds
            return
        held = None if band is None else self._held.get(band)
        if held is None:
            return
        log.info("command %s: %s %s", command.id, command.do, held.band)
        if command.do == "release":
            held.released_until_s = now_s + command.seconds
            self._let_go(held, "released", "somebody asked to leave it alone for a while")
        elif held.conversation is not None:
            self._soon(self._identify(held, command), f"{held.band}: identifying it")

    def tend(self) -> None:
        """Do what is due: connect, let go, tell."""
        now_s, now_us = loop_s(), self._now_us()
        for held in list(self._held.values()):
            self._tend_held(held, now_s, now_us)
        for band, heard in list(self._radio.bands.items()):
            if self._rostered.allows(band, now_us):
                self._have(heard, now_s, now_us)
        self._radio.forget(now_s, wanted=lambda band: band in self._held or self._rostered.allows(band, now_us))
        self._tell(now_s)

    def links(self) -> int:
        """How many bands are held or being connected to."""
        return sum(self._taken(i) for i in range(len(self._adapters)))

    async def _scan(self, number: int) -> None:
        adapter = self._adapters[number]

        def tell(reason: str | None) -> None:
            if reason is None:
                self._deaf.pop(number, None)
            else:
                self._deaf[number] = reason

        await adapter.scan(lambda advert: self.hear(number, advert), tell)

    def hear(self, adapter: int, advert: Advert) -> None:
        """An advert came to an adapter (by its place in the list)."""
        self._radio_us = self._now_us()
        found = [seen for profile in self._profiles.values() if (seen := self._recognise(profile, advert)) is not None]
        if not found:
            return
        wanted = [seen for seen in found if self._rostered.allows(seen.band, self._radio_us)]
        seen, now_s = (wanted or found)[0], loop_s()
        bonds = self._profiles[seen.profile].bonds
        way = self._radio.hear(adapter, seen, now_s, wanted=self._is_wanted, bonds=bonds)
        if wanted and way is not None and way.bonds is not None:
            for i in range(len(self._adapters)):
                if way.bonds.asks(i, now_s):
                    self._soon(self._ask(way, way.bonds, i), f"{seen.band}: looking for a bond")

    def _recognise(self, profile: Profile, advert: Advert) -> Seen | None:
        try:
            return profile.recognise(advert)
        except Exception:  # a kind of band that errs must not deafen the gateway to all others
            if profile.name not in self._broken:
                self._broken.add(profile.name)
                log.exception("profile %s failed on an advert; such bands may be missed", profile.name)
            return None

    def _is_wanted(self, band: str) -> bool:
        return self._rostered.allows(band, self._now_us())

    def _tend_held(self, held: Held, now_s: float, now_us: int) -> None:
        if held.task is None:
            if not self._rostered.allows(held.band, now_us) and held.released_until_s <= now_s:
                del self._held[held.band]
                self._outbox.forget_band(held.band)
        elif not self._rostered.allows(held.band, now_us):
            self._let_go(held, "released", "it is no longer one of this site's bands")
        elif held.conversation is not None and now_s - held.heard_s > SILENT_S:
            self._let_go(held, "lost", f"connected, but nothing was heard for {SILENT_S:.0f} s")

    def _have(self, heard: Heard, now_s: float, now_us: int) -> None:
        """Bond with a band where staff pair it, connect to it if it is due, or say why neither can be."""
        seen = heard.seen
        held = self._held.get(seen.band) or Held(seen.band)
        if held.task is not None or held.released_until_s > now_s:
            return
        pairing = self._may_bond(seen) and self._rostered.pairs(seen.band, now_us)
        for way in heard.ways.values():
            if way.bonds is not None:
                way.bonds.pair(now_s, on=pairing)
                if self._bond(held, seen, way, now_s):
                    return
        if (due := heard.way(now_s)) is not None:
            number = choose([self._load(i, due.rssi(now_s).get(i)) for i in range(len(self._adapters))])
            if number is not None:
                self._begin(held, seen, number, self._hold(held, due, number))
        elif not pairing and held.state != "refused":
            self._say_strange(held, heard, now_s)

    def _may_bond(self, seen: Seen) -> bool:
        """Whether it says, as far as such bands do, that it is in pairing mode."""
        return self._profiles[seen.profile].bonds and seen.pairing is not False

    def _bond(self, held: Held, seen: Seen, way: Way, now_s: float) -> bool:
        """Let the next adapter make a bond; False: none is to."""
        number = way.bonder(now_s, able=lambda i, rssi: choose([self._load(i, rssi)]) is not None)
        if number is None:
            return False

        def say(how: str) -> None:
            self._due.set()
            self._say(held, "connecting", f"being paired: {how}")

        making = make_bond(
            self._adapters, number, way, luck=self._luck, say=say, dialled=lambda: self._may_dial(number)
        )
        self._begin(held, seen, number, making)
        return True

    def _load(self, adapter: int, rssi: int | None) -> Load:
        works = adapter not in self._deaf and adapter not in self._dialling
        return Load(self._taken(adapter), self._adapters[adapter].links_max, rssi, works=works)

    def _begin(self, held: Held, seen: Seen, adapter: int, doing: Coroutine[None, None, None]) -> None:
        self._held[seen.band] = held
        held.adapter, held.seen, held.heard_s = adapter, seen, loop_s()
        self._dialling[adapter] = held.band
        held.task = asyncio.create_task(doing, name=f"band {seen.band}")
        held.task.add_done_callback(lambda task: self._over(held, task))

    def _say_strange(self, held: Held, heard: Heard, now_s: float) -> None:
        """Nobody who hears it may dial it: only staff can change that."""
        lacking = {i for way in heard.ways.values() for i in way.lacking(now_s)}
        if lacking and not any(way.rssi(now_s) for way in heard.ways.values()):
            self._held[held.band], held.seen = held, heard.seen
            names = ", ".join(sorted(self._adapters[i].name for i in lacking))
            self._say(held, "refused", f"not bonded with this adapter ({names}): {PAIR_HERE}")

    async def _ask(self, way: Way, bonds: Bonds, adapter: int) -> None:
        answer = await self._adapters[adapter].bonded(way.address)
        if answer is not None or adapter in way.loud:
            bonds.known[adapter] = answer
            self._due.set()

    def _taken(self, adapter: int) -> int:
        """How many links of an adapter are open, or are about to be."""
        return sum(held.task is not None and held.adapter == adapter for held in self._held.values())

    def _over(self, held: Held, task: "asyncio.Task[None]") -> None:
        if held.task is task:
            held.task = None
            if held.adapter is not None and self._dialling.get(held.adapter) == held.band:
                del self._dialling[held.adapter]  # it was cancelled before it began

    async def _hold(self, held: Held, way: Way, adapter: int) -> None:
        """Connect to a band and talk to it until that ends, however it does."""
        if way.attempts.failures == 0:
            self._say(held, "connecting", "")
        link: OpenLink | None = None
        state: BandState = "lost"
        reason = "the connection was lost"
        try:
            may_pair = self._rostered.pairs(held.band, self._now_us())
            link = await self._open(way, adapter, may_pair=may_pair)
            self.connections += 1
            way.attempts.opened(loop_s())
            held.heard_s = loop_s()
            sink = BandSink(held, self._outbox, self._numbering, now_us=self._now_us, alive=self._alive)
            profile = self._profiles[held.seen.profile if held.seen is not None else ""]
            held.conversation = profile.converse(held.band, link, sink)
            await held.conversation.run()
        except asyncio.CancelledError:
            state, reason = held.state, held.reason
            raise
        except GattError as error:
            state, reason = "refused", str(error)
        except IngestError as error:
            reason = str(error)
        except Exception:  # our own error with one band must not end the others
            log.exception("%s: our own error; it is connected to again", held.band)
            reason = "an error of the gateway itself; see its log"
        finally:
            held.conversation = None
            way.attempts.ended(loop_s(), self._luck(), refused=state == "refused")
            way.race(loop_s(), self._luck())
            if way.bonds is not None and held.state != "connected":
                way.bonds.doubt(adapter)
            self._say(held, state, reason)
            if link is not None:
                await link.close()

    async def _open(self, way: Way, adapter: int, *, may_pair: bool) -> OpenLink:
        """Dial; an adapter dials one band at a time, so one that does not answer holds it up but briefly at first."""
        within_s = min(OPEN_MAX_S, OPEN_S * 2.0 ** min(way.attempts.failures, 8))
        try:
            async with asyncio.timeout(within_s):
                return await self._adapters[adapter].open(way.address, may_pair=may_pair)
        except TimeoutError:
            raise LinkError(f"it did not answer within {within_s:g} s, or another gateway was quicker") from None
        finally:
            self._may_dial(adapter)

    def _may_dial(self, adapter: int) -> None:
        self._dialling.pop(adapter, None)
        self._due.set()

    def _let_go(self, held: Held, state: BandState, reason: str) -> None:
        self._say(held, state, reason)
        if held.task is not None and not held.task.cancelling():
            held.task.cancel()

    def _alive(self, held: Held) -> None:
        """Something came over a band's link."""
        held.heard_s, self._radio_us = loop_s(), self._now_us()
        if held.state != "connected" and held.task is not None and not held.task.cancelling():
            self._say(held, "connected", "")

    def _say(self, held: Held, state: BandState, reason: str) -> None:
        reason = reason[:REASON_MAX]
        if held.since_us and (state, reason) == (held.state, held.reason):
            return
        if not (held.since_us and {state, held.state} <= AWAY):  # tried again in vain, it is lost since it was lost
            held.since_us = self._now_us()
        held.state, held.reason = state, reason
        log.info("%s: %s%s", held.band, state, f": {reason}" if reason else "")
        self._tell_band(held)

    def _tell_band(self, held: Held) -> None:
        held.told = self._details(held)
        bonded = held.told[0]
        self._outbox.band_status(held.band, held.standing(bonded=bonded, adapters=len(self._adapters)))

    def _details(self, held: Held) -> Details:
        """What is told again when it changes; first, how many adapters it knows."""
        ways = self._radio.bands[held.band].ways if held.band in self._radio.bands else {}
        way = None if held.seen is None else ways.get(held.seen.address)
        bonded = None if way is None or way.bonds is None else way.bonds.count()
        return bonded, held.battery, held.backlog, held.undated, held.firmware, held.model

    def _tell(self, now_s: float) -> None:
        if now_s - self._status_s >= STATUS_S:
            self._status_s = now_s
            links_max = sum(adapter.links_max for adapter in self._adapters)
            self._outbox.status(radio_us=self._radio_us, links=self.links(), links_max=links_max)
        if now_s - self._details_s >= DETAILS_S:
            self._details_s = now_s
            for held in self._held.values():
                if held.since_us and held.told != self._details(held):
                    self._tell_band(held)
        if now_s < self._look_until_s and now_s - self._looked_s >= NEARBY_S:
            self._looked_s = now_s
            self._outbox.nearby(self._nearby(now_s))

    def _nearby(self, now_s: float) -> list[Seen]:
        """What is heard, and what is held: a band that is connected does not advertise."""
        found = {seen.band: seen for seen in self._radio.fresh(now_s)}
        for held in self._held.values():
            if held.conversation is not None and (seen := held.shown()) is not None:
                found[held.band] = msgspec.structs.replace(seen, heard_us=self._now_us(), connected=True)
        ours = {band for band in found if band in self._held or self._is_wanted(band)}
        by_loudness = sorted(found.values(), key=lambda seen: 127 if seen.rssi is None else -seen.rssi)
        return sorted(by_loudness, key=lambda seen: seen.band not in ours)[:NEARBY_MAX]

    async def _identify(self, held: Held, command: Command) -> None:
        if held.conversation is None or held.band in self._showing:  # however often it is asked for, once at a time
            return
        self._showing.add(held.band)
        try:
            if not await held.conversation.identify(command.seconds):
                log.info("command %s: %s cannot show itself", command.id, held.band)
        finally:
            self._showing.discard(held.band)

    def _soon(self, doing: Coroutine[None, None, None], what: str) -> None:
        """Do it beside everything else; what goes wrong with the link ends the link, not us."""

        async def do() -> None:
            try:
                await doing
            except LinkError as error:
                log.info("%s: %s", what, error)

        task = asyncio.create_task(do())
        self._identifying.add(task)
        task.add_done_callback(self._identifying.discard)

    async def _end(self, scans: list["asyncio.Task[None]"]) -> None:
        tasks = [*scans, *self._identifying]
        for task in tasks:
            task.cancel()
        for held in self._held.values():
            if held.task is not None:
                tasks.append(held.task)
                self._let_go(held, "released", "the gateway was stopped")
        if tasks:
            await asyncio.wait(tasks, timeout=END_S)
        await asyncio.gather(*(adapter.close() for adapter in self._adapters))
        self._outbox.status(radio_us=self._radio_us, links=0, links_max=sum(a.links_max for a in self._adapters))
