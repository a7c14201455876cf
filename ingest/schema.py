"""The types of the wire in; docs/wire.schema.json (JSON Schema) and docs/asyncapi.json (AsyncAPI) out."""

import json
from typing import Any, Final

import msgspec

from ingest.control.messages import (
    MESSAGE_MAX,
    BandEvent,
    BandStatus,
    Command,
    GatewayStatus,
    Message,
    Nearby,
    Roster,
    Seen,
    encode_message,
)
from ingest.ids import HOW
from ingest.wire import PACKET_MAX, Intervals, Packet, Samples, Stored, encode_json

_EXAMPLE: Final = Packet(
    v=1,
    band="band-01",
    boot=7,
    seq=41,
    tick_us=42_000_000,
    heard_us=1_795_000_000_120_000,
    sent_us=1_795_000_000_125_000,
    gateway="hall",
    battery=81,
    contact=True,
    eda=Samples(rate_hz=4.0, tick_us=41_000_000, values=[0.51, 0.52, None, 0.53]),
    ibi=Intervals(tick_us=[41_400_000], interval_s=[0.81]),
)
_AT_US: Final = 1_795_000_000_125_000
_SEEN: Final = Seen(
    band="band-01",
    profile="forecalm",
    address="C4:10:00:00:00:01",
    heard_us=_AT_US - 400_000,
    rssi=-61,
    battery=81,
    firmware="1.2.0",
    worn=True,
    connected=True,
)
_CONTROL: Final[dict[str, tuple[str, str, Message]]] = {
    "gatewayStatus": (
        "gateway/{gateway}/status",
        "How a gateway does, every 10 s; the Last Will is the same with online false.",
        GatewayStatus(
            v=1,
            at_us=_AT_US,
            online=True,
            version="1.0",
            since_us=_AT_US - 3_600_000_000,
            radio_us=_AT_US - 20_000,
            links=3,
            links_max=7,
            kept_packets=6,
            kept_bytes=4_100,
            kept_max_bytes=2 << 30,
        ),
    ),
    "nearby": (
        "gateway/{gateway}/nearby",
        "Every band on a gateway's radio, once a second or so while asked for.",
        Nearby(v=1, at_us=_AT_US, gateway="hall", bands=[_SEEN]),
    ),
    "gatewayCommand": (
        "gateway/{gateway}/command",
        "What a gateway is asked to do.",
        Command(v=1, at_us=_AT_US, id="c-17", do="look", seconds=10.0, expires_us=_AT_US + 15_000_000),
    ),
    "bandStatus": (
        "band/{band}/status/{gateway}",
        "How a gateway stands with a band; emptied when it has nothing to do with it any more.",
        BandStatus(
            v=1,
            at_us=_AT_US,
            gateway="hall",
            state="connected",
            since_us=_AT_US - 60_000_000,
            seen=_SEEN,
            backlog=0,
            bonded=2,
            adapters=2,
        ),
    ),
    "event": (
        "band/{band}/event",
        "What somebody did to a band, as it said so.",
        BandEvent(v=1, at_us=_AT_US, gateway="hall", band="band-01", kind="double_tap", boot=7, tick_us=41_900_000),
    ),
    "bandCommand": (
        "band/{band}/command",
        "What whichever gateway holds the band is asked to do with it.",
        Command(v=1, at_us=_AT_US, id="c-18", do="identify", seconds=5.0, expires_us=_AT_US + 15_000_000),
    ),
    "roster": (
        "roster",
        "Which bands the gateways of the site connect to.",
        Roster(
            v=1, at_us=_AT_US, bands=["band-01", "band-02"], pairing=["band-03"], pairing_until_us=_AT_US + 600_000_000
        ),
    ),
}
_RETAINED: Final = ("gatewayStatus", "bandStatus", "roster")
_SAID_BY_US: Final = ("roster", "gatewayCommand", "bandCommand")


def wire_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a packet in its JSON form; ``$defs`` also holds ``Stored``, the watermark.

    What no schema can say (lengths that belong together, times near each other) is in docs/wire.md.
    """
    packet, definitions = _schemas("#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "forecalm packet, version 1",
        **packet,
        "$defs": definitions,
    }


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document: who publishes what on which topic, and how."""
    kinds = dict.fromkeys(type(example) for _, _, example in _CONTROL.values())
    _, schemas = _schemas("#/components/schemas/{name}", *kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "forecalm wire",
            "version": "1",
            "description": "Packets of wristbands in, how far they are stored out; how gateways do, and what they are"
            " asked. MQTT 3.1.1. More: docs/wire.md.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "data": _channel("band/{band}/data", "packet", "About one second of one band a message."),
            "stored": _channel("band/{band}/stored", "stored", "How far the packets of a band are on disk."),
            **{name: _channel(topic, name, text) for name, (topic, text, _) in _CONTROL.items()},
        },
        "operations": {
            "takeIn": _operation("receive", "data", retain=False),
            "tellStored": _operation("send", "stored", retain=True),
            **{
                ("tell" if name in _SAID_BY_US else "hear") + name[0].upper() + name[1:]: _operation(
                    "send" if name in _SAID_BY_US else "receive", name, retain=name in _RETAINED
                )
                for name in _CONTROL
            },
        },
        "components": {
            "messages": {
                "packet": _message(
                    "Packet",
                    json.loads(encode_json(_EXAMPLE)),
                    f"JSON, or MessagePack of the same keys: the first byte tells. At most {PACKET_MAX} bytes.",
                ),
                "stored": _message(
                    "Stored", msgspec.to_builtins(Stored(v=1, boot=7, since=3, seq=41)), "At most once a second a band."
                ),
                **{
                    name: _message(
                        type(example).__name__, json.loads(encode_message(example)), f"At most {MESSAGE_MAX} bytes."
                    )
                    for name, (_, _, example) in _CONTROL.items()
                },
            },
            "schemas": schemas,
        },
    }


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(wire_schema(), indent=2) + "\n"


def asyncapi_text() -> str:
    """The AsyncAPI document as the committed file holds it."""
    return json.dumps(asyncapi(), indent=2) + "\n"


def _schemas(template: str, *more: type[Message]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a packet, and what it, the watermark and ``more`` are made of, referred to by ``template``."""
    (packet, *_), definitions = msgspec.json.schema_components((Packet, Stored, *more), ref_template=template)
    for definition in definitions.values():
        definition["description"] = " ".join(definition["description"].split())
        for field in definition["properties"].values():
            for kind in (field, *field.get("anyOf", ())):
                if "pattern" in kind:
                    kind["pattern"] = kind["pattern"].replace(r"\Z", "$")  # JSON Schema's expressions know no \Z
    return packet, definitions


_PARAMETERS: Final = {
    "site": f"the site: {HOW}",
    "band": f"the band, as in the packet: {HOW}; no name of a person",
    "gateway": f"the gateway: {HOW}; no name of a person",
}


def _channel(topic: str, message: str, description: str) -> dict[str, Any]:
    address = f"forecalm/v1/{{site}}/{topic}"
    return {
        "address": address,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "parameters": {name: {"description": text} for name, text in _PARAMETERS.items() if f"{{{name}}}" in address},
    }


def _operation(action: str, channel: str, *, retain: bool) -> dict[str, Any]:
    """What the service does; AsyncAPI describes it from its side."""
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": 1, "retain": retain, "bindingVersion": "0.2.0"}},
    }


def _message(schema: str, example: object, description: str) -> dict[str, Any]:
    return {
        "name": schema,
        "description": description,
        "payload": {"$ref": f"#/components/schemas/{schema}"},
        "examples": [{"payload": example}],
    }
