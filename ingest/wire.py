"""Bytes to packets and back: one message is about one second of every channel of one band. No clocks, no sockets.

A packet is MessagePack (samples packed as little-endian bytes: fast) or JSON (samples as lists: typable with
``mosquitto_pub``); the first byte tells them apart, ``{`` is JSON. Layout and examples: docs/wire.md.
"""

import contextlib
import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import WireError
from ingest.ids import HOW, ID, PART, is_id
from ingest.types import CHANNELS, Array

SAMPLES_MAX: Final = 16_384  # a channel of a packet: 64 Hz for 4 min; more is a mistake or an attack
PACKET_MAX: Final = 1 << 20  # bytes: the same bound before anything is decoded
RATE_MIN_HZ: Final = 0.01  # a sample in 100 s: slower is no stream
RATE_MAX_HZ: Final = 4096.0  # no wristband samples faster
SPAN_MAX_US: Final = 900_000_000  # a packet reaches back 15 min at most: a band's own memory comes in many packets
AHEAD_MAX_US: Final = 2_000_000  # and no sample is later than the packet's own end, give or take a second's batch

EVEN: Final = tuple(name for name in CHANNELS if name != "ibi")  # channels with even samples

Id = Annotated[str, msgspec.Meta(pattern=ID)]
KnownId = Annotated[
    str, msgspec.Meta(extra_json_schema={"pattern": ID})
]  # as Id; checked by ``unpack``, which is faster
Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]  # 53 bits: what JSON numbers hold exactly everywhere


class Samples(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Even samples of one channel; sample i was taken at ``tick_us + i * 1e6 / rate_hz`` on the band's clock.

    ``values`` is packed little-endian numbers of type ``dtype`` (base64 in JSON) or a list of numbers, null where
    unknown. Axes are interleaved (x0 y0 z0 x1 ...). The physical value is ``scale * number``; ``i2`` -32768 is unknown.
    """

    rate_hz: Annotated[float, msgspec.Meta(ge=RATE_MIN_HZ, le=RATE_MAX_HZ)]
    tick_us: Count
    values: bytes | list[float | None]
    dtype: Literal["f4", "i2", "f8"] = "f4"
    scale: float = 1.0


class Intervals(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Beats as a band reports them: beat i happened at ``tick_us[i]`` on the band's clock, ``interval_s[i]`` after the
    one before it."""

    tick_us: list[Count]
    interval_s: list[Annotated[float, msgspec.Meta(gt=0, le=10)]]


class Packet(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """About one second of one band. ``(band, boot, seq)`` names it for ever: sent again, it is the same packet.

    ``boot`` changes whenever the band's clock or counter starts anew. ``tick_us`` is the band's clock at the end of the
    packet [us]. ``heard_us`` is the UTC clock of the sender [us] when the packet reached it from the band, ``sent_us``
    the same clock when it published: their difference is how long it waited. Sent again, ``heard_us`` stays and
    ``sent_us`` may change. ``gateway`` names the sender. ``battery`` is in per cent, ``contact`` what the band itself
    says of its skin contact (absent: it cannot tell). ``lost`` are the first and the last of a run of numbers of this
    boot that the sender never had and that will never come: they count as stored.
    """

    v: Literal[1]
    band: KnownId
    boot: Count
    seq: Count
    tick_us: Count
    sent_us: Count | None = None
    heard_us: Count | None = None
    gateway: KnownId | None = None
    lost: tuple[Count, Count] | None = None
    battery: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    contact: bool | None = None
    eda: Samples | None = None
    temperature: Samples | None = None
    ppg: Samples | None = None
    motion: Samples | None = None
    ibi: Intervals | None = None

    def samples(self) -> dict[str, Samples]:
        """The even channels that this packet carries, in the order of ``CHANNELS``."""
        return {name: value for name in EVEN if (value := getattr(self, name)) is not None}


_PACK = msgspec.msgpack.Encoder()
_UNPACK = msgspec.msgpack.Decoder(Packet).decode
_FROM_JSON = msgspec.json.Decoder(Packet).decode
_BRACE: Final = ord("{")
_SEEN: Final[set[str | None]] = {None}
SEEN_MAX: Final = 65_536  # names; more than one service has bands, and few enough if somebody makes them up
DTYPES: Final[dict[str, np.dtype[np.float32] | np.dtype[np.int16] | np.dtype[np.float64]]] = {
    "f4": np.dtype("<f4"),
    "i2": np.dtype("<i2"),
    "f8": np.dtype("<f8"),  # recordings: decimal numbers survive to the last bit
}
_SIZES: Final = {name: dtype.itemsize for name, dtype in DTYPES.items()}
UNKNOWN_I2: Final = -32768


def encode(packet: Packet) -> bytes:
    """Return the MessagePack form."""
    return _PACK.encode(packet)


def encode_json(packet: Packet) -> bytes:
    """Return the JSON form; packed samples are written out as lists, so that a person can read them."""
    listed = {
        name: msgspec.structs.replace(
            samples, values=[None if math.isnan(v) else v for v in _numbers(name, samples).tolist()]
        )
        for name, samples in packet.samples().items()
    }
    return msgspec.json.encode(msgspec.structs.replace(packet, **listed))


def decode(data: bytes) -> Packet:
    """Return the packet in ``data``; raises WireError, naming the field, unless every value in it can be used.

    ``ingest.wire_batch.decode_many`` is the same for many messages at once.
    """
    packet = unpack(data)
    check(packet)
    return packet


def unpack(data: bytes) -> Packet:
    """Return a packet whose fields have their types; raises WireError where ``data`` is none. See ``decode``."""
    size = len(data)
    if size > PACKET_MAX:
        raise WireError(f"{size} bytes is more than a packet may have ({PACKET_MAX})", kind="size")
    if size == 0:
        raise WireError("the message is empty", kind="size")
    try:
        packet = _UNPACK(data) if data[0] != _BRACE else _FROM_JSON(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        form = "JSON" if data[0] == _BRACE else "MessagePack"
        raise WireError(f"not a {form} packet: {error}", kind="form") from None
    if packet.band not in _SEEN or packet.gateway not in _SEEN:
        _see(packet)
    return packet


def unpack_many(payloads: Sequence[bytes]) -> list[Packet | WireError]:
    """Return what ``unpack`` returns or raises of each; fast where all are good MessagePack of known senders."""
    sizes, firsts = [len(data) for data in payloads], [data[:1] for data in payloads]
    if payloads and min(sizes) > 0 and max(sizes) <= PACKET_MAX and b"{" not in firsts:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            packets = [_UNPACK(data) for data in payloads]
            if {p.band for p in packets} <= _SEEN and {p.gateway for p in packets} <= _SEEN:
                return [*packets]
    answers: list[Packet | WireError] = []
    for data in payloads:
        try:
            answers.append(unpack(data))
        except WireError as error:
            answers.append(error)
    return answers


def _see(packet: Packet) -> None:
    """Remember names that are as they must be: looking is five times as fast as matching. Raises WireError."""
    for field, name in (("band", packet.band), ("gateway", packet.gateway)):
        if name is not None and not is_id(name):
            raise WireError(f"not a packet: {field} must be {HOW}", kind="form")
        if len(_SEEN) >= SEEN_MAX:
            _SEEN.intersection_update({None})
        _SEEN.add(name)


def check(packet: Packet) -> dict[str, Array]:
    """Return ``values`` of every even channel; raises WireError, naming the field, unless all can be used."""
    arrays = {}
    for name, samples in packet.samples().items():
        arrays[name] = values(name, samples)
        n = arrays[name].shape[-1]
        _require_near(f"{name}.tick_us", samples.tick_us, packet)
        _require_near(f"{name}: the last sample", samples.tick_us + round((n - 1) * 1e6 / samples.rate_hz), packet)
    check_others(packet)
    return arrays


def check_others(packet: Packet) -> None:
    """Raise WireError unless all but the even samples of a packet can be used."""
    if packet.lost is not None and packet.lost[0] > packet.lost[1]:
        raise WireError(f"lost: {packet.lost[0]} to {packet.lost[1]} is no run: the first number comes first")
    ibi = packet.ibi
    if ibi is None:
        return
    if len(ibi.tick_us) > SAMPLES_MAX:
        raise WireError(f"ibi.tick_us: {len(ibi.tick_us)} beats are more than {SAMPLES_MAX}")
    for tick_us in ibi.tick_us:
        _require_near("ibi.tick_us", tick_us, packet)
    if len(ibi.tick_us) != len(ibi.interval_s):
        raise WireError(f"ibi: {len(ibi.tick_us)} times for {len(ibi.interval_s)} intervals; they go in pairs")
    if any(b < a for a, b in zip(ibi.tick_us, ibi.tick_us[1:], strict=False)):
        raise WireError("ibi.tick_us: beats must be in time order")


class _Name(msgspec.Struct):
    band: Id
    boot: Count
    seq: Count


_NAME = msgspec.msgpack.Decoder(_Name)
_NAME_JSON = msgspec.json.Decoder(_Name)


def name_of(data: bytes) -> tuple[str, int, int] | None:
    """Return (band, boot, seq) of bytes that ``decode`` refuses, where they say at least that; else None."""
    if len(data) > PACKET_MAX:
        return None
    try:
        name = (_NAME_JSON if data[:1] == b"{" else _NAME).decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return name.band, name.boot, name.seq


def _require_near(what: str, tick_us: int, packet: Packet) -> None:
    if not packet.tick_us - SPAN_MAX_US <= tick_us <= packet.tick_us + AHEAD_MAX_US:
        raise WireError(f"{what} is {tick_us}: not within 15 min before the packet's own tick_us ({packet.tick_us})")


def values(channel: str, samples: Samples) -> Array:
    """Return physical values, float64, (n,) or (axes, n), NaN where unknown or outside what the sensor can say.

    Raises WireError where the bytes are no whole number of samples, a number is infinite, or there are too many.
    """
    if not math.isfinite(samples.scale) or samples.scale == 0:
        raise WireError(f"{channel}.scale: must be finite and not 0, got {samples.scale}")
    numbers = _numbers(channel, samples)
    axes = CHANNELS[channel].axes
    if numbers.size == 0 or numbers.size % axes:
        raise WireError(f"{channel}.values: {numbers.size} numbers are not one or more whole samples of {axes} axes")
    if numbers.size > SAMPLES_MAX * axes:
        raise WireError(f"{channel}.values: {numbers.size // axes} samples are more than {SAMPLES_MAX}")
    if np.isinf(numbers).any():
        raise WireError(f"{channel}.values: sample {int(np.isinf(numbers).argmax()) // axes} is infinite")
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float64 is beyond any sensor: unknown
        physical, _ = in_units(channel, numbers, samples.scale)
    return physical if axes == 1 else np.ascontiguousarray(physical.reshape(-1, axes).T)


def in_units(channel: str, numbers: NDArray[np.number[Any]], scale: float) -> tuple[Array, NDArray[np.bool_] | None]:
    """Return ``scale * numbers``, float64 of the same shape, NaN where no sensor can say so; and where that is, None
    for nowhere. NaN counts as a place; that ``i2`` has a number for unknown is not seen to here."""
    physical: Array = np.multiply(numbers, scale, dtype=np.float64, order="C")
    believable = (physical >= CHANNELS[channel].low) & (physical <= CHANNELS[channel].high)
    if believable.all():
        return physical, None
    outside = ~believable
    physical[outside] = np.nan
    return physical, outside


def count(channel: str, samples: Samples) -> int:
    """How many samples ``values`` would return, without decoding them."""
    size = _SIZES[samples.dtype] if isinstance(samples.values, bytes) else 1
    return len(samples.values) // (size * CHANNELS[channel].axes)


def _numbers(channel: str, samples: Samples) -> Array:
    if isinstance(samples.values, bytes):
        dtype = DTYPES[samples.dtype]
        if len(samples.values) % dtype.itemsize:
            raise WireError(f"{channel}.values: {len(samples.values)} bytes are no whole number of {samples.dtype}")
        raw = np.frombuffer(samples.values, dtype=dtype)
        numbers: Array = raw.astype(np.float64)
        if samples.dtype == "i2":
            numbers[raw == UNKNOWN_I2] = np.nan
        return numbers
    return np.array([math.nan if v is None else v for v in samples.values], np.float64)


_TOPIC = re.compile(rf"^forecalm/v1/({PART})/band/({PART})/data\Z")


def data_topic(site: str, band: str) -> str:
    """Where a band's packets are published (QoS 1, never retained); raises WireError on a name no topic may hold."""
    topic = f"forecalm/v1/{site}/band/{band}/data"
    if not _TOPIC.match(topic):
        raise WireError(f"site {site!r} and band {band!r} must be {HOW}")
    return topic


def bands_topic(site: str) -> str:
    """What to subscribe to for the packets of every band of a site; raises WireError as ``data_topic`` does."""
    return data_topic(site, "x").removesuffix("x/data") + "+/data"


def band_of(topic: str) -> str:
    """Return the band that a data topic names; raises WireError on any other topic."""
    match = _TOPIC.match(topic)
    if match is None:
        raise WireError(f"topic {topic!r} is not forecalm/v1/SITE/band/BAND/data", kind="topic")
    return match.group(2)


def stored_topic(site: str, band: str) -> str:
    """Where the service publishes how far a band's packets are stored (QoS 1, retained)."""
    return data_topic(site, band).removesuffix("/data") + "/stored"


def all_stored_topic(site: str) -> str:
    """What to subscribe to for how far every band of a site is stored; raises WireError as ``data_topic`` does."""
    return bands_topic(site).removesuffix("/data") + "/stored"


class Stored(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every packet of ``boot`` from ``since`` up to and including ``seq`` is on disk: its sender may let these go.

    ``since`` is the first that came, or what has come just below it later. What lies lower may have been lost on the
    way: nothing is said of it.
    """

    v: Literal[1]
    boot: Count
    since: Count
    seq: Count
