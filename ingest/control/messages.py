"""Bytes to control messages and back: JSON, one struct a topic. No clocks, no sockets, no names of people.

Layout and examples: docs/wire.md. Times are UTC microseconds of the sender's clock.
"""

import re
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from ingest.errors import WireError
from ingest.ids import HOW, PART
from ingest.wire import Count, Id, data_topic

MESSAGE_MAX: Final = 1 << 16  # bytes: more is a mistake or an attack
TEXT_MAX: Final = 200  # characters of anything that a band says of itself: adverts are not to be trusted

Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


BandState = Literal["connected", "connecting", "lost", "refused", "released"]
EventKind = Literal["double_tap", "button", "put_on", "taken_off", "charging", "off_charger"]
Do = Literal["look", "identify", "release"]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all have."""

    v: Literal[1]
    at_us: Count


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A band as a gateway has it on its radio. None: not known.

    ``band`` is the id it would have in topics; ``profile`` names how it is spoken to; ``rssi`` is in dBm, the last
    heard; ``heard_us`` is when anything was last heard from it. ``pairing``: it says that it waits to be paired.
    """

    band: Id
    profile: Id
    address: Text
    heard_us: Count
    rssi: Annotated[int, msgspec.Meta(ge=-127, le=20)] | None = None
    battery: Percent | None = None
    firmware: Text | None = None
    model: Text | None = None
    worn: bool | None = None
    charging: bool | None = None
    pairing: bool | None = None
    connected: bool = False


class GatewayStatus(Message, frozen=True, kw_only=True):
    """``…/gateway/{gateway}/status``, retained; the Last Will is the same with ``online`` false.

    ``radio_us`` is when anything at all was last heard by radio: a gateway may be online and deaf. ``links`` and
    ``links_max`` count connections over all adapters. Of the spool: what waits, its bound, what was let go of,
    and in plain words why what is new is in memory alone (empty: it is not, or no disk is wanted).
    """

    online: bool
    version: Text = ""
    since_us: Count = 0
    radio_us: Count | None = None
    links: int = 0
    links_max: int = 0
    kept_packets: int = 0
    kept_bytes: int = 0
    kept_max_bytes: int = 0
    let_go: int = 0
    trouble: Text = ""


class BandStatus(Message, frozen=True, kw_only=True):
    """``…/band/{band}/status/{gateway}``, retained: how one gateway stands with a band of its site; empty where it has
    nothing to do with it any more.

    ``reason`` says in plain words why it is not connected, or what else is wrong. ``backlog`` packets are still in the
    band's memory, and will come.
    ``bonded`` of the gateway's ``adapters`` are known to have a bond with it; None: it is a band that asks for none.
    """

    gateway: Id
    state: BandState
    since_us: Count
    reason: Text = ""
    seen: Seen | None = None
    backlog: int | None = None
    bonded: int | None = None
    adapters: int | None = None


class Nearby(Message, frozen=True, kw_only=True):
    """``…/gateway/{gateway}/nearby``, not retained: every band on the radio, once a second or so while asked for."""

    gateway: Id
    bands: list[Seen]


class BandEvent(Message, frozen=True, kw_only=True):
    """``…/band/{band}/event``, QoS 1, not retained: what a wearer or a member of staff did to a band, as it said so.

    ``at_us`` is when the gateway heard it; ``tick_us`` the band's clock.
    """

    gateway: Id
    band: Id
    kind: EventKind
    boot: Count | None = None
    tick_us: Count | None = None


class Roster(Message, frozen=True, kw_only=True):
    """``forecalm/v1/{site}/roster``, retained, from the service: the bands that gateways of the site connect to.

    A gateway keeps the last one on disk and goes on by it while the broker is away. ``pairing`` are bands that are
    being paired, until ``pairing_until_us``: connected to although nobody wears them yet.
    """

    bands: list[Id]
    pairing: list[Id] = []
    pairing_until_us: Count = 0


class Command(Message, frozen=True, kw_only=True):
    """``…/band/{band}/command`` and ``…/gateway/{gateway}/command``, QoS 1, not retained.

    ``look``: tell what is nearby for ``seconds``. ``identify``: let the band vibrate or blink for so long.
    ``release``: disconnect it, and leave it alone for so long (so that another gateway or a phone may have it). A
    command older than ``expires_us`` is not carried out. ``id`` is repeated in the log of whoever carries it out.
    """

    id: Id
    do: Do
    seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 10.0
    expires_us: Count


_Kind = TypeVar("_Kind", bound=Message)
_ENCODER: Final = msgspec.json.Encoder()
_NAME: Final = f"({PART})"
_TOPIC: Final = re.compile(
    rf"^forecalm/v1/{_NAME}/(?:(gateway)/{_NAME}/(status|nearby|command)|(band)/{_NAME}/(event|command))\Z"
)
_BAND_STATUS: Final = re.compile(rf"^forecalm/v1/{_NAME}/band/{_NAME}/status/{_NAME}\Z")


def encode_message(message: Message) -> bytes:
    """Return the JSON form."""
    return _ENCODER.encode(message)


def decode_message(data: bytes, kind: type[_Kind]) -> _Kind:
    """Return the message of that ``kind``; raises WireError, naming the field, where ``data`` is none."""
    if len(data) > MESSAGE_MAX:
        raise WireError(f"{len(data)} bytes is more than a control message may have ({MESSAGE_MAX})", kind="size")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"not a {kind.__name__}: {error}", kind="form") from None


def gateway_topic(site: str, gateway: str, what: Literal["status", "nearby", "command"]) -> str:
    """Where a gateway's messages go; raises WireError on a name no topic may hold. ``+`` as gateway: all of them."""
    return _topic(site, "gateway", gateway, what)


def band_topic(site: str, band: str, what: Literal["event", "command"]) -> str:
    """Where a band's messages go; raises WireError on a name no topic may hold. ``+`` as band: all of them."""
    return _topic(site, "band", band, what)


def band_status_topic(site: str, band: str, gateway: str) -> str:
    """Where a gateway says how it stands with a band; raises WireError on a name no topic may hold. ``+`` as band or
    gateway: all of them."""
    topic = f"forecalm/v1/{site}/band/{band}/status/{gateway}"
    if not _BAND_STATUS.match(topic.replace("/+", "/x")):
        raise WireError(f"site {site!r}, band {band!r} and gateway {gateway!r} must be {HOW}")
    return topic


def roster_topic(site: str) -> str:
    """Where the service says which bands are a site's; raises WireError on a name no topic may hold."""
    return data_topic(site, "x").removesuffix("band/x/data") + "roster"


def named_in(topic: str) -> tuple[str, str, str] | None:
    """Return ("band" or "gateway", its name, what) of a topic made here; None for any other."""
    if (match := _BAND_STATUS.match(topic)) is not None:
        return "band", match.group(2), "status"
    if (match := _TOPIC.match(topic)) is None:
        return None
    kind, name, what = (group for group in match.groups()[1:] if group is not None)
    return kind, name, what


def decode_band_status(topic: str, payload: bytes) -> tuple[str, BandStatus | None]:
    """Return the gateway that a band's status is of, and the status; None: it has nothing to do with the band any more.

    Raises WireError where ``payload`` is none, or says another gateway than its topic.
    """
    match = _BAND_STATUS.match(topic)
    if match is None:
        raise WireError(f"topic {topic!r} is not one of a band's status at a gateway")
    if not payload:
        return match.group(3), None
    status = decode_message(payload, BandStatus)
    if status.gateway != match.group(3):
        raise WireError(f"gateway: the topic names {match.group(3)}, the message {status.gateway}")
    return status.gateway, status


def _topic(site: str, kind: str, name: str, what: str) -> str:
    topic = f"forecalm/v1/{site}/{kind}/{name}/{what}"
    if not _TOPIC.match(topic.replace("/+/", "/x/")):
        raise WireError(f"site {site!r} and {kind} {name!r} must be {HOW}")
    return topic
