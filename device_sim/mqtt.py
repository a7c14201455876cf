"""A scenario in, its bands' packets on a real MQTT broker out, each at its own moment; and an exact account of them."""

import dataclasses
import logging
import math
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from device_sim.errors import PublishError, ScenarioError
from device_sim.faults.plan import UNTOUCHED, Carried
from device_sim.faults.playing import Playing, Reception
from device_sim.faults.relay import Relay
from device_sim.scenario import Scenario
from device_sim.ward import Ward, wearer_name
from ingest.errors import SourceError, SpoolError
from ingest.sending.broker import Broker
from ingest.sending.sender import RESEND_HZ, Sender, Sendings
from ingest.sending.spool import Spool
from ingest.types import CHANNELS
from ingest.wire import Packet, name_of

log = logging.getLogger(__name__)

CONNECT_S: Final = 10.0  # a broker that does not answer by then is not there
DRAIN_S: Final = 10.0  # how long the end waits without any progress for what is outstanding,
HASTE_S: Final = 0.5  # and how long if somebody wants it to stop
LOOK_S: Final = 0.1  # how often a waiting publisher looks up
DRAIN_LOOK_S: Final = 0.02
STATUS_S: Final = 1.0  # between two times that a gateway says how its radio does
SPOOL_MAX: Final = 128 << 20  # bytes: six bands' packets of nine hours, a thousand bands' of three minutes
RESEND_PER_BAND_HZ: Final = 2.0  # a simulator stands for as many gateways as its bands need
GATEWAYS: Final = ("simulator", "simulator-2")  # who sends; the second where two fight over bands


@dataclass(frozen=True, slots=True)
class BandSent:
    """What one band sent in one of its lives: of ``boot`` ``packets``, from ``first_seq`` to ``last_seq`` (None: none)
    with all between them but those that nobody ever heard; and its samples a channel.

    ``lost`` packets nobody will ever hear, ``in_band`` were still in the band's memory at the end. A number of samples
    counts instants: three axes at one instant are one sample.
    """

    band: str
    wearer: str
    boot: int
    first_seq: int | None
    last_seq: int | None
    packets: int
    samples: dict[str, int]
    lost: int = 0
    in_band: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """The account of a run: every packet is counted once, however often it was sent and whoever sent it.

    ``bands`` has an entry for every life of every band, at least one each. ``publishes`` counts messages, ``resent``
    those among them that came out of the spool, ``acknowledged`` PUBACKs; ``unstored`` packets were kept to the end
    because nobody said they are stored, ``let_go`` did not fit in the spool and were declared lost. ``behind_s``: by
    how much the worst packet missed its moment. ``seconds`` were played.
    """

    bands: tuple[BandSent, ...]
    publishes: int
    resent: int
    acknowledged: int
    unstored: int
    let_go: int
    behind_s: float
    seconds: int

    @property
    def packets(self) -> int:
        return sum(band.packets for band in self.bands)

    @property
    def samples(self) -> int:
        return sum(sum(band.samples.values()) for band in self.bands)


def publish(
    scenario: Scenario,
    *,
    host: str,
    port: int,
    site: str,
    wearers: int | None = None,
    seed: int,
    speed: float = 1.0,
    seconds: float | None = None,
    username: str | None = None,
    password: str | None = None,
    tls: bool = False,
    ca: str = "",
    boot: int | None = None,
    stop: threading.Event | None = None,
    started: Callable[[], None] | None = None,
    made: Callable[[Packet], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> Sent:
    """Live through the scenario's past in silence, then publish ``seconds`` of simulated time (None: until stopped).

    ``speed`` is in simulated seconds a second; ``math.inf`` is as fast as the broker takes them. Leave ``boot`` out to
    go on where ``past_packets`` ended; see ``Ward``. Setting ``stop`` ends the run within a second; without one SIGINT
    and SIGTERM do the same (in the main thread). ``started`` is called once, when the broker was reached and the past
    is over; ``made`` with every packet that is heard, once: without ``sent_us``, which is each publication's own.
    ``clock`` (UTC, s) is read as each packet is heard, and as it is published. ``tls`` and ``ca`` are as in ``Broker``.

    Raises PublishError if the broker cannot be reached or refuses us (later losses are waited out), and ScenarioError,
    naming the argument, for a speed, seconds, a seed, a boot, or a number of wearers that cannot be.
    """
    if not speed > 0:
        raise ScenarioError(f"speed: must be more than 0, got {speed}")
    if seconds is not None and not seconds >= 0:
        raise ScenarioError(f"seconds: must be 0 or more, got {seconds}")
    ward = Ward(scenario, wearers=wearers, seed=seed, boot=boot)
    ward.plan.require("mqtt")
    broker = Broker(host, port, username, password, tls=tls, ca=ca)
    on_wire = next((fault for fault in ward.plan.faults if fault.layer == "wire"), None)
    if tls and on_wire is not None:
        raise on_wire.wrong(
            "kind", "faults of the wire cannot be played by TLS, which hides what is on it: use a plain port"
        )
    edge_of = _Edge(ward, broker, site=site, speed=speed, made=made, clock=clock)
    with _stopping(stop) as halt, edge_of as edge:
        while ward.now_s < 0 and not halt.is_set():
            ward.skip(min(ward.chunk_s(), -ward.now_s))
        if started is not None:
            started()
        _play(ward, edge, seconds, halt)
        edge.drain(halt)
        return edge.account()


def _play(ward: Ward, edge: "_Edge", seconds: float | None, halt: threading.Event) -> None:
    playing = edge.playing
    while not halt.is_set() and (seconds is None or ward.now_s < seconds):
        receptions = playing.push()
        edge.begin()
        if not edge.hear(receptions, halt):
            return
    edge.hear(playing.rest(), halt)


@contextmanager
def _stopping(stop: threading.Event | None) -> Iterator[threading.Event]:
    if stop is not None or threading.current_thread() is not threading.main_thread():
        yield stop or threading.Event()
        return
    halt = threading.Event()
    before = {number: signal.signal(number, lambda *_: halt.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Tally:
    """What of one life of a band was heard."""

    first: int
    last: int
    packets: int
    samples: Counter[str]


class _Edge:
    """The gateways of all bands, the wire between them and the broker, and an exact account of what they were given."""

    def __init__(
        self,
        ward: Ward,
        broker: Broker,
        *,
        site: str,
        speed: float,
        made: Callable[[Packet], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self.playing = Playing(ward)
        self._ward = ward
        self._plan = ward.plan
        self._broker = broker
        self._site = site
        self._speed = speed
        self._made = made
        self._clock = clock
        self._open = ExitStack()
        self._relay: Relay | None = None
        self._senders: list[Sender] = []
        self._attempts: Counter[tuple[str, int, int]] = Counter()
        self._rows = {band.name: row for row, band in enumerate(ward.bands)}
        self._given = 0
        self._radio_us = [0, 0]
        self._told_s = -math.inf
        self._began = math.inf
        self._now_s = 0.0  # simulated
        self._behind_s = 0.0
        self._tallies: dict[tuple[int, int], _Tally] = {}

    def __enter__(self) -> "_Edge":
        """Connect; raises PublishError."""
        with ExitStack() as opening:
            broker = self._broker
            if any(fault.layer == "wire" for fault in self._plan.faults):
                self._relay = opening.enter_context(Relay(broker.host, broker.port, judge=self._judge))
                broker = dataclasses.replace(broker, host="127.0.0.1", port=self._relay.port)
            for gateway in range(2 if self._plan.any("two_gateways") else 1):
                self._senders.append(opening.enter_context(self._sender(gateway, broker)))
                self._wait_online(self._senders[-1])
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _sender(self, gateway: int, broker: Broker) -> Sender:
        return Sender(
            broker,
            site=self._site,
            gateway=GATEWAYS[gateway],
            spool=Spool.in_memory(limit=SPOOL_MAX),
            resend_hz=max(RESEND_HZ, RESEND_PER_BAND_HZ * len(self._ward.bands)),
            clock=lambda: self._utc_s(gateway),
        )

    def _wait_online(self, sender: Sender) -> None:
        try:
            sender.wait_online(CONNECT_S)
        except SourceError as error:
            through = "" if self._relay is None else f"broker {self._broker.host}:{self._broker.port}, by way of "
            raise PublishError(f"{through}{error}") from error

    def begin(self) -> None:
        """Time starts, once: not before the first second was lived, which may have been compiled."""
        if math.isinf(self._began):
            self._began = time.monotonic()

    def hear(self, receptions: list[Reception], halt: threading.Event) -> bool:
        """Hand over what is heard, each at its moment; False if told to halt meanwhile."""
        for reception in receptions:
            if not self._wait_until(reception.due_s, halt):
                return False
            self._weather(reception.due_s)
            self._hear(reception)
        return True

    def _hear(self, reception: Reception) -> None:
        packet, row = reception.packet, reception.row
        now_s = self._clock()
        waited_s = (reception.due_s - reception.sensed_s) / self._speed
        for gateway in reception.gateways:
            error_s = self._plan.clock_error_s(gateway, reception.due_s)
            heard_us = max(round((now_s + error_s - waited_s) * 1e6), 0)
            heard = msgspec.structs.replace(packet, gateway=GATEWAYS[gateway], heard_us=heard_us)
            self._radio_us[gateway] = heard_us
            if gateway == reception.gateways[0]:
                self._count(row, heard)
            self._given += 1
            for _ in range(reception.times):
                self._send(gateway, heard)

    def _send(self, gateway: int, packet: Packet) -> None:
        try:
            self._senders[gateway].send(packet)
        except SpoolError as error:
            raise PublishError(str(error)) from error

    def _count(self, row: int, packet: Packet) -> None:
        tally = self._tallies.get((row, packet.boot))
        if tally is None:
            tally = self._tallies[row, packet.boot] = _Tally(packet.seq, packet.seq, 0, Counter())
        tally.first, tally.last = min(tally.first, packet.seq), max(tally.last, packet.seq)
        tally.packets += 1
        for name, samples in packet.samples().items():
            tally.samples[name] += len(samples.values) // (2 * CHANNELS[name].axes)  # int16
        if self._made is not None:
            self._made(packet)

    def _weather(self, due_s: float) -> None:
        """Let the broker be as it is to be now, and the gateways say how their radio does."""
        before, self._now_s = self._now_s, max(self._now_s, due_s)
        if self._relay is not None:
            if math.isinf(self._speed):
                if self._plan.restarts(before, self._now_s):
                    self._relay.cut()
            else:
                self._relay.set_down(down=self._plan.broker_down(self._now_s))
        if time.monotonic() - self._told_s >= STATUS_S:
            self._told_s = time.monotonic()
            bands = len(self._ward.bands)
            for gateway, sender in enumerate(self._senders):
                sender.status(radio_us=self._radio_us[gateway] or None, links=bands, links_max=bands)

    def _wait_until(self, due_s: float, halt: threading.Event) -> bool:
        """Wait for a simulated moment and until few packets are under way; False if told to halt meanwhile.

        A lost connection stops no band: packets are kept. Without pace they would fill the spool, so that waits.
        """
        paced = not math.isinf(self._speed)
        due = self._began + due_s / self._speed
        while not halt.is_set():
            left = due - time.monotonic() if paced else 0.0
            if left > 0:
                self._weather((time.monotonic() - self._began) * self._speed)
                halt.wait(min(left, LOOK_S))
            elif not all(sender.wait_room(LOOK_S) if sender.online else paced for sender in self._senders):
                halt.wait(DRAIN_LOOK_S)
            else:
                self._behind_s = max(self._behind_s, -left)
                return True
        return False

    def _utc_s(self, gateway: int) -> float:
        return max(self._clock() + self._plan.clock_error_s(gateway, self._now_s), 0.0)

    def _judge(self, payload: bytes) -> Carried:
        name = name_of(payload)
        row = None if name is None else self._rows.get(name[0])
        if name is None or row is None:
            return UNTOUCHED
        self._attempts[name] += 1
        return self._plan.carried(row, name[1], name[2], self._attempts[name], self._now_s)

    def drain(self, halt: threading.Event) -> None:
        """Wait until all is acknowledged, and stored where somebody tells; not for ever, and hardly if told to halt.
        The wire is a good one from here on."""
        if self._relay is not None:
            self._relay.calm()
        began = moved = time.monotonic()
        before = [sender.sendings() for sender in self._senders]
        while time.monotonic() < (began + HASTE_S if halt.is_set() else moved + DRAIN_S):
            now = [sender.sendings() for sender in self._senders]
            online = all(sender.online for sender in self._senders)
            if online and self._all_taken_in(now) and (all(n.spool.settled for n in now) or halt.is_set()):
                return
            if now != before:
                before, moved = now, time.monotonic()
            time.sleep(DRAIN_LOOK_S)
        unacknowledged = sum(one.publishes - one.acknowledged for one in before)
        unstored = sum(one.spool.packets for one in before)
        log.warning(
            "%d messages were not acknowledged, %d packets are not known to be stored", unacknowledged, unstored
        )

    def account(self) -> Sent:
        """What was sent until now."""
        bands = []
        in_bands = self.playing.in_bands()
        lives = dict.fromkeys([(row, band.boot) for row, band in enumerate(self._ward.bands)])
        lives.update(dict.fromkeys([*self._tallies, *self.playing.lost, *in_bands]))
        for row, boot in sorted(lives, key=lambda life: life[0]):
            tally = self._tallies.get((row, boot))
            bands.append(
                BandSent(
                    self._ward.bands[row].name,
                    wearer_name(row + 1),
                    boot,
                    first_seq=None if tally is None else tally.first,
                    last_seq=None if tally is None else tally.last,
                    packets=0 if tally is None else tally.packets,
                    samples={} if tally is None else dict(tally.samples),
                    lost=self.playing.lost[row, boot],
                    in_band=in_bands[row, boot],
                )
            )
        now = [sender.sendings() for sender in self._senders]
        return Sent(
            tuple(bands),
            publishes=sum(one.publishes for one in now),
            resent=sum(one.resent for one in now),
            acknowledged=sum(one.acknowledged for one in now),
            unstored=sum(one.spool.packets for one in now),
            let_go=sum(one.spool.let_go for one in now),
            behind_s=self._behind_s,
            seconds=max(self._ward.now_s, 0),
        )

    def _all_taken_in(self, now: list[Sendings]) -> bool:
        """Whether every packet that senders were given was published, or let go of, and acknowledged."""
        taken_in = sum(one.publishes + one.spool.let_go for one in now) >= self._given
        return taken_in and all(one.acknowledged >= one.publishes for one in now)
