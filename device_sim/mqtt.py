"""A scenario in, its bands' packets on a real MQTT broker out, each at its own moment; and an exact account of them."""

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from device_sim.errors import PublishError, ScenarioError
from device_sim.scenario import Scenario
from device_sim.ward import PAST_CHUNK_S, Ward, wearer_name
from ingest.errors import SourceError, SpoolError
from ingest.sending.broker import Broker
from ingest.sending.sender import RESEND_HZ, Sender
from ingest.sending.spool import Spool
from ingest.types import CHANNELS
from ingest.wire import Packet

log = logging.getLogger(__name__)

CONNECT_S: Final = 10.0  # a broker that does not answer by then is not there
DRAIN_S: Final = 10.0  # how long the end waits without any progress for what is outstanding,
HASTE_S: Final = 0.5  # and how long if somebody wants it to stop
LOOK_S: Final = 0.1  # how often a waiting publisher looks up
DRAIN_LOOK_S: Final = 0.02
STATUS_S: Final = 1.0  # between two times that a gateway says how its radio does
SPOOL_MAX: Final = 128 << 20  # bytes: six bands' packets of nine hours, a thousand bands' of three minutes
RESEND_PER_BAND_HZ: Final = 2.0  # a simulator stands for as many gateways as its bands need
GATEWAY: Final = "simulator"  # who sends


@dataclass(frozen=True, slots=True)
class BandSent:
    """What one band sent: packets ``first_seq`` to ``last_seq`` of ``boot`` (None: none) and its samples a channel.

    A number of samples counts instants: three axes at one instant are one sample.
    """

    band: str
    wearer: str
    boot: int
    first_seq: int | None
    last_seq: int | None
    packets: int
    samples: dict[str, int]


@dataclass(frozen=True, slots=True)
class Sent:
    """The account of a run: every packet is counted once, however often it was sent.

    ``publishes`` counts messages, ``resent`` those among them that came out of the spool, ``acknowledged`` PUBACKs;
    ``unstored`` packets were kept to the end because nobody said they are stored, ``let_go`` did not fit in the spool
    and were declared lost. ``behind_s``: by how much the worst packet missed its moment. ``seconds`` were played.
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
    is over; ``made`` with every packet as it is kept: without ``sent_us``, which is each publication's own. ``clock``
    (UTC, s) is read as each packet is made, and as it is published.

    Raises PublishError if the broker cannot be reached or refuses us (later losses are waited out), and ScenarioError,
    naming the argument, for a speed, seconds, a seed, a boot, or a number of wearers that cannot be.
    """
    if not speed > 0:
        raise ScenarioError(f"speed: must be more than 0, got {speed}")
    if seconds is not None and not seconds >= 0:
        raise ScenarioError(f"seconds: must be 0 or more, got {seconds}")
    ward = Ward(scenario, wearers=wearers, seed=seed, boot=boot)
    broker = Broker(host, port, username, password)
    with _stopping(stop) as halt, _Edge(ward, broker, site=site, made=made, clock=clock) as edge:
        edge.connect()
        while ward.now_s < 0 and not halt.is_set():
            ward.skip(min(PAST_CHUNK_S, -ward.now_s))
        if started is not None:
            started()
        _play(ward, edge, speed, seconds, halt)
        edge.drain(halt)
        return edge.account()


def _play(ward: Ward, edge: "_Edge", speed: float, seconds: float | None, halt: threading.Event) -> None:
    began: float | None = None
    while not halt.is_set() and (seconds is None or ward.now_s < seconds):
        second = ward.now_s
        packets = [of_band[0] for of_band in ward.push(1).packets]
        began = time.monotonic() if began is None else began  # not before the first second: it may have been compiled
        since = packets[0].seq - second
        dues = [band.due_s(packet.seq, since=since) for band, packet in zip(ward.bands, packets, strict=True)]
        for row in sorted(range(len(packets)), key=dues.__getitem__):
            if not edge.wait_until(began + dues[row] / speed, halt, paced=not math.isinf(speed)):
                return
            edge.send(row, packets[row])


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


class _Edge:
    """The gateway of all bands: one sender, and an exact account of what it was given."""

    def __init__(
        self,
        ward: Ward,
        broker: Broker,
        *,
        site: str,
        made: Callable[[Packet], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self._ward = ward
        self._made = made
        self._clock = clock
        resend_hz = max(RESEND_HZ, RESEND_PER_BAND_HZ * len(ward.bands))
        spool = Spool.in_memory(limit=SPOOL_MAX)
        self._sender = Sender(broker, site=site, gateway=GATEWAY, spool=spool, resend_hz=resend_hz, clock=clock)
        self._told_s = -math.inf
        self._behind_s = 0.0
        self._first = [0] * len(ward.bands)
        self._packets = [0] * len(ward.bands)
        self._samples: list[dict[str, int]] = [{} for _ in ward.bands]

    def __enter__(self) -> "_Edge":
        self._sender.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._sender.__exit__()

    def connect(self) -> None:
        """Wait for the broker; raises PublishError."""
        try:
            self._sender.wait_online(CONNECT_S)
        except SourceError as error:
            raise PublishError(str(error)) from error

    def send(self, row: int, packet: Packet) -> None:
        """Hand over ``packet``, which has just been heard from its band; raises PublishError if no more can be kept."""
        heard_us = round(self._clock() * 1e6)
        packet = msgspec.structs.replace(packet, gateway=GATEWAY, heard_us=heard_us)
        if self._packets[row] == 0:
            self._first[row] = packet.seq
        self._packets[row] += 1
        for name, samples in packet.samples().items():
            size = len(samples.values) // (2 * CHANNELS[name].axes)  # int16
            self._samples[row][name] = self._samples[row].get(name, 0) + size
        if self._made is not None:
            self._made(packet)
        try:
            self._sender.send(packet)
        except SpoolError as error:
            raise PublishError(str(error)) from error
        if time.monotonic() - self._told_s >= STATUS_S:
            self._told_s = time.monotonic()
            bands = len(self._ward.bands)
            self._sender.status(radio_us=heard_us, links=bands, links_max=bands)

    def wait_until(self, due: float, halt: threading.Event, *, paced: bool) -> bool:
        """Wait for the moment ``due`` (monotonic) and until few packets are under way; False if told to halt meanwhile.

        A lost connection stops no band: packets are kept. Without pace they would fill the spool, so that waits.
        """
        while not halt.is_set():
            left = due - time.monotonic() if paced else 0.0
            if left > 0:
                halt.wait(min(left, LOOK_S))
            elif (not self._sender.wait_room(LOOK_S)) if self._sender.online else not paced:
                halt.wait(0.0 if self._sender.online else LOOK_S)
            else:
                self._behind_s = max(self._behind_s, -left)
                return True
        return False

    def drain(self, halt: threading.Event) -> None:
        """Wait until all is acknowledged, and stored where somebody tells; not for ever, and hardly if told to halt."""
        began = moved = time.monotonic()
        before = self._sender.sendings()
        while time.monotonic() < (began + HASTE_S if halt.is_set() else moved + DRAIN_S):
            now = self._sender.sendings()
            taken_in = now.publishes + now.spool.let_go >= sum(self._packets)
            acknowledged = taken_in and now.acknowledged >= now.publishes and self._sender.online
            if acknowledged and (now.spool.settled or halt.is_set()):
                return
            if (now.acknowledged, now.spool.packets) != (before.acknowledged, before.spool.packets):
                before, moved = now, time.monotonic()
            time.sleep(DRAIN_LOOK_S)
        kept = self._sender.sendings()
        unacknowledged = kept.publishes - kept.acknowledged
        log.warning(
            "%d messages were not acknowledged, %d packets are not known to be stored",
            unacknowledged,
            kept.spool.packets,
        )

    def account(self) -> Sent:
        """What was sent until now."""
        bands = []
        for row, (band, first, packets) in enumerate(zip(self._ward.bands, self._first, self._packets, strict=True)):
            first_seq, last_seq = (first, first + packets - 1) if packets else (None, None)
            wearer, samples = wearer_name(row + 1), dict(self._samples[row])
            bands.append(BandSent(band.name, wearer, band.boot, first_seq, last_seq, packets, samples))
        now = self._sender.sendings()
        counts = (now.publishes, now.resent, now.acknowledged, now.spool.packets, now.spool.let_go)
        return Sent(tuple(bands), *counts, self._behind_s, max(self._ward.now_s, 0))
