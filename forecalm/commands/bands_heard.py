"""A configuration in; what the gateways of its site say of themselves and of their bands, asked of the broker, out.

Looks only: it listens as the pairing commands do, and says to nobody that anything is to be done.
"""

import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from console.errors import PairingError
from console.pairing.line import Line
from forecalm.commands.pairing_ear import BEAT_S, SPEAK_S, Ear, broker_of
from forecalm.config import Config
from ingest.control.picture import BandAt, GatewayAt

STATUS_S: Final = 0.5  # what a broker keeps comes at once
REACH_S: Final = 2.0  # a broker of the house answers at once; this command is waited for


@dataclass(frozen=True, slots=True)
class Told:
    """What gateways said at ``now_s`` [UTC s], by name. ``reasons``: of each band, why which gateway does not have it.
    ``missing`` says why nothing is known of any of it: the broker was not reached; empty: it was."""

    now_s: float
    missing: str = ""
    gateways: Mapping[str, GatewayAt] = field(default_factory=dict)
    bands: Mapping[str, BandAt] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def told_at(config: Config) -> Told:
    """Ask the broker what it keeps of the site's gateways; who says to be there is waited for, for one beat of theirs:
    what a broker keeps may be of long ago."""
    said = config.mqtt
    try:
        socket.create_connection((said.host, said.port), timeout=REACH_S).close()
        with ExitStack() as stack:
            return _heard(Ear(stack.enter_context(Line(broker_of(config), site=config.site.name))))
    except (OSError, UnicodeError, PairingError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        missing = (
            f"broker {said.host}:{said.port} not reached ({why}): what gateways say of themselves and of their bands"
            " is not known here"
        )
        return Told(time.time(), missing)


def as_json(told: Told) -> dict[str, Any]:
    """The same for scripts; moments are UTC seconds, ``since_s`` by the clock of the gateway that says so."""
    return {
        "missing": told.missing,
        "gateways": [_gateway(each) for each in told.gateways.values()],
        "bands": [_band(each, told.reasons.get(each.band, {})) for each in told.bands.values()],
    }


def radio_ago_s(at: GatewayAt, now_s: float) -> float | None:
    """How long ago a gateway's radio heard anything at all [s]; None: never. Its own clock is held against itself."""
    radio_us = at.status.radio_us
    return None if radio_us is None else now_s - at.heard_us * 1e-6 + (at.status.at_us - radio_us) * 1e-6


def _heard(ear: Ear) -> Told:
    began_s = time.time()
    while True:
        now_s = time.time()
        gateways = ear.listen().gateways(now_s)
        perhaps = any(each.status.online and not each.online for each in gateways)
        if now_s - began_s > (SPEAK_S if perhaps else STATUS_S):
            break
        time.sleep(BEAT_S)
    bands = {each.band: each for each in ear.hearing.bands(now_s)}
    reasons = {band: ear.hearing.reasons(band, now_s) for band in bands}
    return Told(now_s, "", {each.gateway: each for each in gateways}, bands, reasons)


def _gateway(at: GatewayAt) -> dict[str, Any]:
    status, heard_s = at.status, at.heard_us * 1e-6
    ago_s = radio_ago_s(at, heard_s)
    return {
        "gateway": at.gateway,
        "online": at.online,
        "deaf": at.deaf,
        "heard_s": heard_s,
        "radio_s": None if ago_s is None else heard_s - ago_s,
        "links": status.links,
        "links_max": status.links_max,
        "waiting": status.kept_packets,
        "let_go": status.let_go,
        "trouble": status.trouble,
        "version": status.version,
    }


def _band(at: BandAt, reasons: Mapping[str, str]) -> dict[str, Any]:
    held = at.gateway is not None
    return {
        "band": at.band,
        "connected": held,
        "gateway": at.gateway,
        "state": at.status.state,
        "said_by": at.status.gateway,
        "since_s": (at.since_us if held and at.since_us is not None else at.status.since_us) * 1e-6,
        "reasons": dict(reasons),
        "backlog": at.status.backlog,
    }
