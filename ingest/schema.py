"""The types of the wire in, the JSON Schema that docs/wire.schema.json publishes out."""

import json
from typing import Any

import msgspec

from ingest.wire import Packet, Stored


def wire_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a packet in its JSON form; ``$defs`` also holds ``Stored``, the watermark.

    What no schema can say (lengths that belong together, times near each other) is in docs/wire.md.
    """
    (packet, _), definitions = msgspec.json.schema_components((Packet, Stored), ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["description"] = " ".join(definition["description"].split())
    band = definitions["Packet"]["properties"]["band"]
    band["pattern"] = band["pattern"].replace(r"\Z", "$")  # JSON Schema's regular expressions know no \Z
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "forecalm packet, version 1",
        **packet,
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(wire_schema(), indent=2) + "\n"
