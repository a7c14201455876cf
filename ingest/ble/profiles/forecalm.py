"""A forecalm band (docs/gatt.md) in, its records as packets out: live first, then what waits in its memory."""

import asyncio
import logging
import math
from typing import Final

import msgspec

from ingest.ble.about import need, read_about, seen_as
from ingest.ble.backfill import Backfill, Request, Waits
from ingest.ble.dating import Dates
from ingest.ble.pacing import Paces
from ingest.ble.profile import Advert, Conversation, Link, Profile, Sink
from ingest.ble.talking import Talk, loop_s
from ingest.control.messages import Seen
from ingest.errors import GattError, LinkError
from ingest.gatt import uuids
from ingest.gatt.device_information import decode_serial
from ingest.gatt.forecalm import control
from ingest.gatt.forecalm.adverts import BandAdvert
from ingest.gatt.forecalm.fragments import BACKFILLED, HeardRecord, Reassembly
from ingest.gatt.forecalm.packets import packet_of
from ingest.ids import is_id
from ingest.wire import Stored

log = logging.getLogger(__name__)

NEEDED: Final = {
    "records (0101)": uuids.RECORDS,
    "state (0103)": uuids.STATE,
    "control point (0201)": uuids.CONTROL_POINT,
    "events (0202)": uuids.EVENTS,
    "clock (0301)": uuids.CLOCK,
    "time mark (0302)": uuids.TIME_MARK,
    "serial (2A25)": uuids.SERIAL,
}
LOOK_S: Final = 0.5  # how often it is seen to what is due
STATE_S: Final = 5.0  # how often a band is asked how it stands: a hole is asked for within as long
MARK_S: Final = 600.0  # how often the clocks are compared: a crystal is off by 50 ppm, 30 ms until then
GRACE_S: Final = 3.0  # before the first backfill: what another gateway has just sent is stored by then
STORED_S: Final = 2.0  # how often a band is told at most what it may let go of
ANSWER_S: Final = 5.0  # for a control point to answer: it has nothing else to do
SET_US: Final = 30_000_000  # live records are never so late: our clock was set since it was compared with the band's
STALLED_S: Final = 30.0  # it makes records, and none comes: it has forgotten the subscription, whatever else it answers
BOOT_MAX: Final = (1 << 32) - 1


class ForecalmBand:
    """The profile."""

    name: Final = "forecalm"
    bonds: Final = True

    def __init__(self) -> None:
        self._waits: dict[str, Waits] = {}  # by band, from one link to the next

    def recognise(self, advert: Advert) -> Seen | None:
        """See ``Profile``: the name is its id, if it can be one; what else it says is left out where it is nonsense."""
        if uuids.STREAM_SERVICE not in advert.services or advert.name is None or not is_id(advert.name):
            return None
        seen = seen_as(self.name, advert.name, advert)
        if seen is None:
            return None
        try:
            said = BandAdvert.from_bytes(advert.makers.get(uuids.NO_COMPANY, b""))
        except GattError:
            return seen
        return msgspec.structs.replace(
            seen,
            battery=said.battery,
            firmware=".".join(map(str, said.firmware)),
            worn=said.worn,
            charging=said.charging,
            pairing=said.pairing,
        )

    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        """See ``Profile``."""
        return ForecalmConversation(band, link, sink, self._waits.setdefault(band, {}))


class ForecalmConversation(Talk):
    """See ``Conversation``."""

    def __init__(self, band: str, link: Link, sink: Sink, waits: Waits) -> None:
        super().__init__(band, link, sink)
        self._backfill = Backfill(waits)
        self._records = Reassembly()
        self._paces = Paces()
        self._dates = Dates()
        self._live: tuple[int, int] | None = None
        self._live_s = loop_s()
        self._marked_s = loop_s()
        self._boots: set[int] = set()
        self._answer: asyncio.Future[control.Response] | None = None
        self._asking = asyncio.Lock()
        self._storing: dict[int, tuple[int, int]] = {}
        self._told: dict[int, tuple[int, int]] = {}
        self._battery: int | None = None
        self._undated: set[int] = set()

    async def identify(self, seconds: float) -> bool:
        """See ``Conversation``."""
        whole = min(control.IDENTIFY_MAX_S, max(1, round(seconds)))
        return await self._ask(control.Identify(whole)) is control.Status.DONE

    async def said_stored(self, stored: Stored) -> None:
        """See ``Conversation``; the band is told with the next look."""
        self._backfill.stored(stored, loop_s())
        if stored.boot <= BOOT_MAX and stored.seq <= BOOT_MAX:
            self._storing[stored.boot] = (stored.since, stored.seq)

    async def _talk(self) -> None:
        await self._greet()
        began_s = state_s = stored_s = loop_s()
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = loop_s()
            if now_s - state_s >= STATE_S:
                state_s = now_s
                await self._read_state()
            if now_s - self._marked_s >= MARK_S:
                await self._mark()
            if now_s - stored_s >= STORED_S:
                stored_s = now_s
                await self._tell_stored()
            if now_s - began_s >= GRACE_S:
                await self._ask_for(self._backfill.ask(now_s, live=self._live, timed=self._dates.boots))

    async def _greet(self) -> None:
        """Make sure of whom this is, subscribe, and see how it stands."""
        need(self._band, self._link, NEEDED)
        await self._link.secure()
        serial = decode_serial(await self._link.read(uuids.SERIAL))
        if serial != self._band:
            raise GattError(f"{self._band}: serial (2A25): says {serial!r}; it must be the name in the advert")
        await self._tell_about()
        for stored in self._sink.stored():
            await self.said_stored(stored)
        await self._link.subscribe(uuids.CONTROL_POINT, self._judged(self._hear_response))
        await self._link.subscribe(uuids.EVENTS, self._judged(self._hear_event))
        await self._mark()
        await self._link.subscribe(uuids.RECORDS, self._judged(self._hear_record))
        await self._link.subscribe(uuids.STATE, self._judged(self._hear_state))
        await self._read_state()

    async def _tell_about(self) -> None:
        firmware, model = await read_about(self._link)
        self._sink.about(firmware=firmware, model=model)

    async def _mark(self) -> None:
        """Compare the clocks, and leave with the band what time it is.

        A mark of a time that is still to come was left by a gateway whose clock was wrong, or ours is, until it is set:
        what was dated by it would pass for the present.
        """
        self._marked_s = loop_s()
        for known in control.decode_marks(await self._link.read(uuids.TIME_MARK)):
            if known.boot not in self._dates.boots and known.utc_us <= self._link.now_us() + SET_US:
                self._dates.take(known)
        asked_us = self._link.now_us()
        clock = control.Clock.from_bytes(await self._link.read(uuids.CLOCK))
        answered_us = self._link.now_us()
        error_us = min(BOOT_MAX, max(0, answered_us - asked_us) // 2)
        mark = control.TimeMark(clock.boot, clock.tick_us, answered_us - error_us, error_us)
        self._dates.take(mark)
        await self._link.write(uuids.TIME_MARK, bytes(mark))

    async def _read_state(self) -> None:
        state = control.State.from_bytes(await self._link.read(uuids.STATE))
        self._take_state(state)
        made = self._live is not None and state.next_seq > self._live[1]
        if made and loop_s() - self._live_s > STALLED_S:
            raise LinkError(f"{self._band}: records (0101): it makes them, and none has come for {STALLED_S:.0f} s")

    def _hear_state(self, data: bytes) -> None:
        self._paces.states.count(loop_s())
        self._take_state(control.State.from_bytes(data))

    def _take_state(self, state: control.State) -> None:
        now_s = loop_s()
        self._paces.boot(state.boot, live=True)
        for run in state.earlier:
            self._paces.boot(run.boot, live=False)
        if self._live is None or self._live[0] != state.boot:
            self._live = (state.boot, state.next_seq)
        self._backfill.keeps(state.boot, state.oldest, state.next_seq, now_s)
        for run in state.earlier:
            self._backfill.keeps(run.boot, run.first, run.last + 1, now_s)
            if run.boot not in self._dates.boots and run.boot not in self._undated:
                self._undated.add(run.boot)
                log.warning(
                    "%s: boot %d: %d records cannot be dated, for no gateway was there; they stay in the band",
                    *(self._band, run.boot, run.last - run.first + 1),
                )
        boots = {state.boot, *(run.boot for run in state.earlier)}
        for boot in boots - self._boots:
            self._backfill.here(boot, self._sink.kept(boot))
        self._boots = boots
        self._tell_battery(state.battery)
        packets, undated = self._backfill.backlog(self._dates.boots)
        self._sink.backlog(packets, undated=undated)

    def _tell_battery(self, battery: int | None) -> None:
        if battery is not None and battery != self._battery:
            self._battery = battery
            self._sink.about(battery=battery)

    def _hear_record(self, data: bytes) -> None:
        now_s = loop_s()
        self._paces.pieces.count(now_s)
        whole = self._whole(data, now_s)
        if whole is None:
            return
        record = whole.record
        self._paces.records.count(now_s)
        self._paces.boot(record.boot, live=not whole.backfilled)
        if not whole.backfilled:
            self._live_s = now_s
            self._see_clock_set(record.boot, record.tick_us)
        if not whole.backfilled and (self._live is None or record.boot == self._live[0]):
            self._live = (record.boot, max(record.seq + 1, self._live[1] if self._live else 0))
        now_us = self._link.now_us()
        heard_us = self._dates.heard_us(record.boot, record.tick_us) if whole.backfilled else now_us
        if heard_us is None or not self._backfill.hear(record.boot, record.seq, now_s):
            return
        packet = msgspec.structs.replace(
            packet_of(record, self._band),
            heard_us=min(heard_us, now_us),  # a mark is the band's word: nothing was heard in the future
            lost=self._backfill.lost(record.boot, record.seq, now_s),
        )
        self._tell_battery(record.battery)
        self._sink.packet(packet)

    def _see_clock_set(self, boot: int, tick_us: int) -> None:
        """A live record tells when our clock was set: what the band had kept would else be dated by what it showed."""
        now_us, heard_us = self._link.now_us(), self._dates.heard_us(boot, tick_us)
        if heard_us is not None and abs(now_us - heard_us) > SET_US:
            self._dates.take(control.TimeMark(boot, tick_us, now_us, 0))
            self._marked_s = -math.inf

    def _whole(self, data: bytes, now_s: float) -> HeardRecord | None:
        """The record that a piece completes. One from the band's memory that is damaged, or not as the profile wants,
        is left there: were it to end the link, it would do so again each time, and nothing be heard of the wearer."""
        bad = self._records.bad
        try:
            whole = self._records.take(data)
        except GattError as error:
            if not data or not data[0] & BACKFILLED:
                raise
            log.warning("%s: of what it had kept: %s", self._band, error)
            return None
        if not data[0] & BACKFILLED:
            self._paces.bad.count(now_s, self._records.bad - bad)
        return whole

    def _hear_event(self, data: bytes) -> None:
        self._paces.events.count(loop_s())
        event = control.Event.from_bytes(data)
        self._sink.event(event.kind, boot=event.boot, tick_us=event.tick_us)

    def _hear_response(self, data: bytes) -> None:
        response = control.Response.from_bytes(data)
        if response.status is control.Status.FINISHED:
            self._backfill.finished()
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(response)

    async def _tell_stored(self) -> None:
        for boot, run in list(self._storing.items()):
            if boot in self._boots and self._told.get(boot) != run:
                self._told[boot] = run
                await self._ask(control.Storing(control.Run(boot, *run)))

    async def _ask_for(self, wanted: Request | None) -> None:
        if wanted is not None:
            await self._ask(control.Backfill(control.Run(wanted.boot, wanted.first, wanted.last)))

    async def _ask(self, request: control.Request) -> control.Status:
        """Write to the control point, and wait for its answer; raises LinkError where none comes."""
        async with self._asking:
            self._answer = asyncio.get_running_loop().create_future()
            await self._link.write(uuids.CONTROL_POINT, bytes(request))
            try:
                response = await asyncio.wait_for(self._answer, ANSWER_S)
            except TimeoutError:
                raise LinkError(f"{self._band}: control point (0201): no answer within {ANSWER_S:g} s") from None
            finally:
                self._answer = None
            return response.status


def profile() -> Profile:
    """The one of this file."""
    return ForecalmBand()
