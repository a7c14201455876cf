"""A message that came from a site's broker in, who said what of which band or gateway out. Pure."""

from dataclasses import dataclass

from ingest.control.messages import (
    BandEvent,
    BandStatus,
    GatewayStatus,
    Nearby,
    Roster,
    decode_band_status,
    decode_message,
    named_in,
)
from ingest.errors import WireError


@dataclass(frozen=True, slots=True)
class GatewaySaid:
    """How a gateway does."""

    gateway: str
    status: GatewayStatus


@dataclass(frozen=True, slots=True)
class BandSaid:
    """How a gateway stands with a band; None: it has nothing to do with it any more."""

    band: str
    gateway: str
    status: BandStatus | None


Said = GatewaySaid | BandSaid | Nearby | BandEvent | Roster


def read(topic: str, payload: bytes) -> Said | None:
    """Return what was said; None: by its topic it is none of these. Raises WireError where it cannot be read, or names
    another band or gateway than its topic."""
    match named_in(topic):
        case ("gateway", gateway, "status"):
            return GatewaySaid(gateway, decode_message(payload, GatewayStatus))
        case ("band", band, "status"):
            return BandSaid(band, *decode_band_status(topic, payload))
        case ("gateway", gateway, "nearby"):
            nearby = decode_message(payload, Nearby)
            if nearby.gateway != gateway:
                raise WireError(f"gateway: the topic names {gateway}, the message {nearby.gateway}")
            return nearby
        case ("band", band, "event"):
            event = decode_message(payload, BandEvent)
            if event.band != band:
                raise WireError(f"band: the topic names {band}, the message {event.band}")
            return event
        case None if topic.endswith("/roster"):
            return decode_message(payload, Roster)
    return None
