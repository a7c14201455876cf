"""A site in, where its gateways speak and what is asked of them out. Reads no clock."""

import secrets
from typing import Final

from ingest.control.messages import Command, Do, band_status_topic, band_topic, gateway_topic

EXPIRES_S: Final = 15.0  # a command that comes later is not wanted any more


def spoken_topics(site: str) -> list[str]:
    """Where all gateways of a site say how they and their bands do; raises WireError for a site no topic may hold."""
    return [
        gateway_topic(site, "+", "status"),
        gateway_topic(site, "+", "nearby"),
        band_status_topic(site, "+", "+"),
        band_topic(site, "+", "event"),
    ]


def command(do: Do, seconds: float, *, now_us: int) -> Command:
    """A command with an id of its own, for ``seconds`` from when it is carried out, in time ``now_us`` [us, UTC]."""
    return Command(
        v=1,
        at_us=now_us,
        id=secrets.token_hex(8),
        do=do,
        seconds=seconds,
        expires_us=now_us + round(EXPIRES_S * 1e6),
    )
