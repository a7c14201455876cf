"""Lab Streaming Layer streams in, packets on a broker out: a gateway for any device that speaks LSL. Needs pylsl.

Streams are looked for all the time: one that comes, goes or comes back is taken up by itself. See docs/guides/lsl.md.
"""

import logging
import math
import re
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

import numpy as np

from ingest.errors import SourceError
from ingest.ids import HOW, fitted, is_id
from ingest.lsl.channels import Described, MappingFile, Plan, Stream, band_of_source, plan
from ingest.lsl.packets import OTHER_CLOCK, BandSource, Now
from ingest.sending.sender import Sender

log = logging.getLogger(__name__)

BUFFER_S: Final = 360  # what an inlet keeps while we are busy: liblsl's own default
LOOK_S: Final = 0.02  # how often is looked for samples: what an outlet sent last, before it ends, is lost after that
LIST_S: Final = 0.5  # and how often for streams
OPEN_S: Final = 2.0  # for a stream to tell its description: milliseconds, and nothing else is read meanwhile
SYNC_S: Final = 2.0  # for the first measurement of the sender's clock, which takes 0.6 s
FORGET_S: Final = 5.0  # an outlet that has not answered for that long is gone from the list
CHUNK_MAX: Final = 8_192  # samples pulled at once
FORMS: Final = ("undefined", "float32", "double64", "string", "int32", "int16", "int8", "int64")  # by liblsl's number
RETRY_S: Final = 15.0  # before a stream that was refused, or did not answer, is tried again
RESOLVE_SCOPE: Final = "machine"  # multicast beside known peers: this computer only


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which streams to take: by exact ``name``, ``kind`` (LSL's type) and ``source_id``, None: any. ``band`` names the
    one band that all of them make; None: each source id is a band."""

    name: str | None = None
    kind: str | None = None
    source_id: str | None = None
    band: str | None = None

    def takes(self, stream: Stream) -> bool:
        """Whether a stream is one of them."""
        pairs = ((self.name, stream.name), (self.kind, stream.kind), (self.source_id, stream.source_id))
        return all(wanted is None or wanted == said for wanted, said in pairs)


@dataclass(frozen=True, slots=True)
class Taken:
    """The account of a run. ``samples`` by channel and what was left out, by reason; ``unstored`` packets were not
    known to be stored at the end, ``let_go`` had no room and were declared lost."""

    bands: tuple[str, ...]
    boots: int
    packets: int
    samples: dict[str, int]
    resent: int
    unstored: int
    let_go: int


def use_peers(peers: Sequence[str]) -> None:
    """Look for streams on these computers (names or addresses) and on this one, without multicast: for networks, and
    containers, that have none. Takes the place of any ``lsl_api.cfg``; call before anything else of LSL.

    Raises SourceError for what no computer is called, or where pylsl is missing or older than 1.18.
    """
    for peer in peers:
        if not re.fullmatch(r"[A-Za-z0-9._:-]{1,255}", peer):
            raise SourceError(f"--peers: {peer!r} is no name or address of a computer")
    content = f"[multicast]\nResolveScope = {RESOLVE_SCOPE}\n[lab]\nKnownPeers = {{{', '.join(peers)}}}\n"
    try:
        _library().set_config_content(content + "[log]\nlevel = -2\n")
    except (AttributeError, NotImplementedError):
        raise SourceError("pylsl is too old for --peers: install 1.18 or later, or write an lsl_api.cfg") from None


def found(wait_s: float) -> list[Stream]:
    """Every stream there is, with its channels where it tells them within ``wait_s``, in order of name."""
    library = _library()
    streams = []
    for info in library.resolve_streams(wait_s):
        inlet = library.StreamInlet(info, recover=False)
        try:
            streams.append(_stream(inlet.info(OPEN_S)))
        except RuntimeError as error:  # pylsl's errors are RuntimeErrors, its own TimeoutError too
            log.warning("%s: %s", _stream(info, described=False).shown, error)
    return sorted(streams, key=lambda stream: (stream.name, stream.source_id, stream.uid))


def _library() -> ModuleType:
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError) as error:
        raise SourceError(f"pylsl cannot be loaded ({error}): pip install 'forecalm[formats]'") from None
    library: ModuleType = pylsl
    return library


def _stream(info: Any, *, described: bool = True) -> Stream:  # noqa: ANN401 - pylsl has no types
    """What an outlet says of itself."""
    channels: list[Described] = []
    count = info.channel_count()
    one = info.desc().child("channels").child("channel") if described else None
    for _ in range(count):
        texts = ["", "", ""]
        if one is not None and not one.empty():
            texts = [str(one.child_value(field) or "") for field in ("label", "type", "unit")]
            one = one.next_sibling("channel")
        channels.append(Described(*texts))
    form = info.channel_format()
    return Stream(
        uid=info.uid(),
        name=info.name(),
        kind=info.type(),
        source_id=info.source_id(),
        host=info.hostname(),
        rate_hz=info.nominal_srate(),
        form=FORMS[form] if 0 <= form < len(FORMS) else "unknown",
        channels=tuple(channels),
        created_s=info.created_at(),
    )


@dataclass(slots=True)
class _Inlet:
    """A stream that is open; ``ahead_s`` is what the sender's clock lacks to ours, None while that is not known."""

    stream: Stream
    plan: Plan
    inlet: Any
    key: str
    ahead_s: float | None


@dataclass(slots=True)
class _Band:
    source: BandSource
    inlets: dict[str, _Inlet] = field(default_factory=dict)
    warned: bool = False


class Gateway:
    """Takes streams up, and makes packets of them: ``look`` often, from one thread."""

    def __init__(
        self,
        wanted: Wanted,
        *,
        mapping: MappingFile | None = None,
        gateway: str | None = None,
        say: Callable[[str], None] = log.info,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if wanted.band is not None and not is_id(wanted.band):
            raise SourceError(f"--band: {wanted.band!r} must be {HOW}")
        self._lsl = _library()
        self._wanted = wanted
        self._mapping = mapping
        self._clock = clock
        self._say = say
        self._listed_s = -math.inf
        self._name = gateway or "lsl-" + fitted(socket.gethostname(), "_")[:60]
        self._run = secrets.token_hex(16)
        self._resolver = self._lsl.ContinuousResolver(forget_after=FORGET_S)
        self._bands: dict[str, _Band] = {}
        self._told: dict[str, tuple[str, float]] = {}
        self._lost: set[str] = set()
        self.packets = 0

    @property
    def name(self) -> str:
        """What this gateway is called."""
        return self._name

    @property
    def bands(self) -> list[str]:
        """Every band that was ever taken up."""
        return list(self._bands)

    @property
    def counts(self) -> Counter[str]:
        """How many samples of each channel were packed, and what was left out."""
        return sum((band.source.counts for band in self._bands.values()), Counter[str]())

    @property
    def boots(self) -> int:
        """How many boots began."""
        return sum(band.source.boots for band in self._bands.values())

    @property
    def open(self) -> int:
        """How many streams are open."""
        return sum(len(band.inlets) for band in self._bands.values())

    def look(self, publish: Callable[[Any], None], *, everything: bool = False) -> None:
        """Take up what has come, pull what waits, and ``publish`` the packets that are complete."""
        if time.monotonic() - self._listed_s >= LIST_S:
            self._listed_s = time.monotonic()
            self._take_up()
        for band in self._bands.values():
            for inlet in list(band.inlets.values()):
                self._pull(band, inlet)
            if band.source.counts[OTHER_CLOCK] and not band.warned:
                band.warned = True
                log.warning(
                    "band %s: one of its streams is %s: give it a band of its own", band.source.band, OTHER_CLOCK
                )
            for packet in band.source.cut(self._now(band), everything=everything):
                self.packets += 1
                publish(packet)

    def close(self) -> None:
        """Let all streams go."""
        for band in self._bands.values():
            band.inlets.clear()
        del self._resolver

    def _take_up(self) -> None:
        known = {inlet.stream.uid for band in self._bands.values() for inlet in band.inlets.values()}
        infos = [(info, _stream(info, described=False)) for info in self._resolver.results()]
        there = {stream.uid for _, stream in infos}
        for info, stream in sorted(infos, key=lambda pair: -pair[1].created_s):
            told = self._told.get(stream.uid)
            patience_s = LIST_S if stream.uid in self._lost else RETRY_S
            waits = told is not None and time.monotonic() - told[1] < patience_s
            if stream.uid in known or waits or not self._wanted.takes(stream):
                continue
            known.add(stream.uid)
            try:
                self._open(info, there)
            except SourceError as error:
                self._complain(stream.uid, str(error))
            except RuntimeError as error:
                self._complain(stream.uid, f"{stream.shown}: cannot be opened: {error}")

    def _complain(self, uid: str, reason: str) -> None:
        """Say once why a stream is not taken; of one that was lost, and is still on the list, that is known."""
        before = self._told.get(uid)
        if uid not in self._lost and (before is None or before[0] != reason):
            log.warning("not taken: %s", reason)
        self._told[uid] = reason, time.monotonic()

    def _open(self, info: Any, there: set[str]) -> None:  # noqa: ANN401 - pylsl has no types
        """Take a stream up, in the place of its earlier outlet where that one is no longer ``there``."""
        inlet = self._lsl.StreamInlet(info, max_buflen=BUFFER_S, recover=False)
        stream = _stream(inlet.info(OPEN_S))
        wanted = plan(stream, self._mapping)
        name = self._wanted.band or band_of_source(stream.source_id)
        band = self._bands.get(name) or _Band(BandSource(name, self._name, self._run))
        key = f"{stream.name}\0{stream.kind}\0{stream.source_id}"
        before = band.inlets.get(key)
        if before is not None and before.stream.uid not in there:
            self._lose(band, before, "its outlet was made anew")
        _require_room(name, band, key, stream, wanted)
        inlet.open_stream(OPEN_S)
        opened = _Inlet(stream, wanted, inlet, key, self._ahead_s(inlet, stream))
        self._bands[name] = band
        band.inlets[key] = opened
        band.source.begin(key, stream, wanted)
        self._told.pop(stream.uid, None)
        self._lost.discard(stream.uid)
        left = f"; left out: {', '.join(wanted.left_out)}" if wanted.left_out else ""
        channels = ", ".join(one.channel for one in (*wanted.even, *([wanted.beats] if wanted.beats else [])))
        self._say(f"band {name}: {stream.shown} gives {channels}{left}")

    def _ahead_s(self, inlet: Any, stream: Stream) -> float | None:  # noqa: ANN401 - pylsl has no types
        try:
            return float(inlet.time_correction(SYNC_S))
        except RuntimeError:
            log.warning("%s: its clock cannot be measured; its times are as good as its network", stream.shown)
            return None

    def _pull(self, band: _Band, one: _Inlet) -> None:
        dtype, columns = one.inlet.np_dtype, len(one.stream.channels)
        buffer = np.empty((CHUNK_MAX, columns), dtype)
        try:
            while True:
                _, stamps = one.inlet.pull_chunk(timeout=0.0, max_samples=CHUNK_MAX, dest_obj=buffer)
                count = len(stamps)
                if count:
                    values = buffer[:count].astype(f"<{one.plan.dtype}")
                    band.source.add(one.key, np.array(stamps, np.float64), values, self._lsl.local_clock())
                if count < CHUNK_MAX:
                    break
            one.ahead_s = self._measured_s(one)
        except RuntimeError as error:
            self._lose(band, one, str(error))

    def _lose(self, band: _Band, one: _Inlet, why: str) -> None:
        log.warning("band %s: %s is lost (%s); looking for it", band.source.band, one.stream.shown, why)
        self._lost.add(one.stream.uid)
        band.source.end(one.key)
        del band.inlets[one.key]

    def _measured_s(self, one: _Inlet) -> float | None:
        """What the sender's clock lacks to ours, measured every few seconds in the background."""
        try:
            return float(one.inlet.time_correction(0.0))
        except self._lsl.util.TimeoutError:
            return one.ahead_s

    def _now(self, band: _Band) -> Now:
        local_s: float = self._lsl.local_clock()
        ahead = next((one.ahead_s for one in band.inlets.values() if one.ahead_s is not None), None)
        return Now(local_s, self._clock(), None if ahead is None else local_s - ahead)


def _require_room(name: str, band: _Band, key: str, stream: Stream, wanted: Plan) -> None:
    """Raise SourceError where a stream cannot be part of a band."""
    if key in band.inlets:
        raise SourceError(
            f"{stream.shown}: is there twice, and one is taken: end the other, or give it its own source id"
        )
    hosts = {inlet.stream.host for inlet in band.inlets.values()}
    if hosts - {stream.host}:
        raise SourceError(
            f"{stream.shown}: band {name} has streams of {', '.join(sorted(hosts))}: those of one band share a clock"
        )
    taken = {one.channel for inlet in band.inlets.values() for one in _channels(inlet.plan)}
    for one in _channels(wanted):
        if one.channel in taken:
            raise SourceError(f"{stream.shown}: band {name} has {one.channel} already from another stream")


def _channels(wanted: Plan) -> list[Any]:
    return [*wanted.even, *([] if wanted.beats is None else [wanted.beats])]


def run(
    gateway: Gateway,
    sender: Sender,
    *,
    stop: threading.Event,
    seconds: float | None = None,
) -> Taken:
    """Take streams and publish until ``stop`` is set or ``seconds`` are over; then send what is here, wait until it is
    stored (as long as that goes on), and return the account."""
    until_s = None if seconds is None else time.monotonic() + seconds
    while not stop.is_set() and (until_s is None or time.monotonic() < until_s):
        gateway.look(sender.send)
        stop.wait(LOOK_S)
    gateway.look(sender.send, everything=True)
    gateway.close()
    unstored = sender.drain(threading.Event())
    sendings = sender.sendings()
    return Taken(
        bands=tuple(gateway.bands),
        boots=gateway.boots,
        packets=gateway.packets,
        samples={name: count for name, count in sorted(gateway.counts.items()) if count},
        resent=sendings.resent,
        unstored=unstored,
        let_go=sendings.spool.let_go,
    )
