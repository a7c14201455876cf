"""How each person stands in; what Home Assistant finds, and switches on and off, out. Pure.

MQTT discovery: each person, and the house, is a device with two binary sensors: an open alert, and protection. All
become "unavailable", never "off", when this service is gone or says nothing for ``EXPIRE_S``.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.channels.cloud_events import level
from ingest.notice import NOTICE

PREFIX: Final = "homeassistant"  # its own default
REFRESH_S: Final = 30.0  # how often every state is said again, changed or not
EXPIRE_S: Final = 90  # three of them: one may be lost; silence is never "no alert"
ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
LIGHTS: Final = {"alert": ("Alert", "mdi:hand-wave"), "protected": ("Protected", "mdi:shield-account")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How ``wearer`` stands now. ``alerting``: an alert is open that nobody has. ``protected``: somebody would be told.
    ``name`` is what the house may read; "" is the pseudonym."""

    wearer: str
    alerting: bool
    protected: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Retained:
    """What the broker is to keep under ``topic``; b"" takes away what it kept."""

    topic: str
    payload: bytes


def availability_topic(site: str) -> str:
    """Whether this service lives: said by it, and by the broker when it is gone."""
    return f"forecalm/v1/{site}/lights/status"


def state_topic(site: str, wearer: str) -> str:
    """Where a person's lights are; "" is the house."""
    return f"forecalm/v1/{site}/lights/person/{level(wearer)}" if wearer else f"forecalm/v1/{site}/lights/house"


def own_topics(site: str, prefix: str) -> tuple[str, ...]:
    """What to listen to in order to find what we told the broker to keep, perhaps of people who are no more here."""
    return f"{prefix}/binary_sensor/{_node(site)}/+/config", f"forecalm/v1/{site}/lights/person/+"


def birth_topic(prefix: str) -> str:
    """Where Home Assistant says that it has started and wants to be told everything."""
    return f"{prefix}/status"


def states(site: str, lights: Sequence[Light]) -> tuple[Retained, ...]:
    """Every light as it is now. The house alerts where anybody does, and is protected where everybody is."""
    house = {
        "alert": _on(any(light.alerting for light in lights)),
        "protected": _on(bool(lights) and all(light.protected for light in lights)),
    }
    persons = (
        Retained(state_topic(site, light.wearer), _json(alert=_on(light.alerting), protected=_on(light.protected)))
        for light in lights
    )
    return *persons, Retained(state_topic(site, ""), _json(**house))


def discovery(site: str, lights: Iterable[Light], prefix: str) -> tuple[Retained, ...]:
    """What makes Home Assistant show the lights."""
    house = f"Forecalm {site}"
    named = (("", house), *((light.wearer, f"Forecalm {light.name or light.wearer}") for light in lights))
    return tuple(_sensor(site, wearer, what, device, prefix) for wearer, device in named for what in LIGHTS)


def _sensor(site: str, wearer: str, what: str, device: str, prefix: str) -> Retained:
    house = f"{_node(site)}_house"
    who = f"person_{level(wearer)}" if wearer else "house"
    about: dict[str, object] = {
        "identifiers": [f"{_node(site)}_{who}"],
        "name": device,
        "manufacturer": "Forecalm",
        "model": NOTICE,
    }
    if wearer:
        about["via_device"] = house
    name, icon = LIGHTS[what]
    config: dict[str, object] = {
        "name": name,
        "icon": icon,
        "unique_id": f"{_node(site)}_{who}_{what}",
        "state_topic": state_topic(site, wearer),
        "value_template": f"{{{{ value_json.{what} }}}}",
        "payload_on": "ON",
        "payload_off": "OFF",
        "availability_topic": availability_topic(site),
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
        "expire_after": EXPIRE_S,
        "qos": 1,
        "device": about,
        "origin": {"name": "Forecalm"},
    }
    return Retained(f"{prefix}/binary_sensor/{_node(site)}/{who}_{what}/config", _json(**config))


def _node(site: str) -> str:
    return f"forecalm_{site}"


def _on(on: bool) -> str:
    return "ON" if on else "OFF"


def _json(**values: object) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()
