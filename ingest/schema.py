"""The types of the wire in; docs/wire.schema.json (JSON Schema) and docs/asyncapi.json (AsyncAPI) out."""

import json
from typing import Any, Final

import msgspec

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
    _, schemas = _schemas("#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "forecalm wire",
            "version": "1",
            "description": "Packets of wristbands in, how far they are stored out. MQTT 3.1.1. More: docs/wire.md.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "data": _channel("data", "packet", "About one second of one band a message."),
            "stored": _channel("stored", "stored", "How far the packets of a band are on disk."),
        },
        "operations": {
            "takeIn": _operation("receive", "data", retain=False),
            "tellStored": _operation("send", "stored", retain=True),
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


def _schemas(template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a packet, and what it and the watermark are made of, referred to by ``template``."""
    (packet, _), definitions = msgspec.json.schema_components((Packet, Stored), ref_template=template)
    for definition in definitions.values():
        definition["description"] = " ".join(definition["description"].split())
        for field in definition["properties"].values():
            for kind in (field, *field.get("anyOf", ())):
                if "pattern" in kind:
                    kind["pattern"] = kind["pattern"].replace(r"\Z", "$")  # JSON Schema's expressions know no \Z
    return packet, definitions


def _channel(name: str, message: str, description: str) -> dict[str, Any]:
    part = "1 to 64 of A-Z a-z 0-9 _ -"
    return {
        "address": f"forecalm/v1/{{site}}/band/{{band}}/{name}",
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "parameters": {
            "site": {"description": f"the site: {part}"},
            "band": {"description": f"the band, as in the packet: {part}; no name of a person"},
        },
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
