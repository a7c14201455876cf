"""What is published about the wire is what the code does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from ingest.control.messages import (
    BandEvent,
    BandStatus,
    Command,
    GatewayStatus,
    Nearby,
    Roster,
    Seen,
    band_status_topic,
    band_topic,
    decode_message,
    gateway_topic,
    roster_topic,
)
from ingest.errors import WireError
from ingest.schema import asyncapi, asyncapi_text, wire_schema
from ingest.wire import Packet, Stored, data_topic, decode, stored_topic

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = asyncapi()


def references(inside: object) -> Iterator[str]:
    if isinstance(inside, dict):
        for key, value in inside.items():
            yield from [value] if key == "$ref" else references(value)
    elif isinstance(inside, list):
        for value in inside:
            yield from references(value)


def test_the_committed_asyncapi_document_is_the_generated_one() -> None:
    assert (DOCS / "asyncapi.json").read_text() == asyncapi_text()


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        at = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def test_its_topics_are_the_ones_we_use() -> None:
    names = {"site": "s", "band": "b", "gateway": "g"}
    addresses = {name: channel["address"].format(**names) for name, channel in DOCUMENT["channels"].items()}
    assert addresses == {
        "data": data_topic("s", "b"),
        "stored": stored_topic("s", "b"),
        "bandStatus": band_status_topic("s", "b", "g"),
        "event": band_topic("s", "b", "event"),
        "bandCommand": band_topic("s", "b", "command"),
        "gatewayStatus": gateway_topic("s", "g", "status"),
        "nearby": gateway_topic("s", "g", "nearby"),
        "gatewayCommand": gateway_topic("s", "g", "command"),
        "roster": roster_topic("s"),
    }
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


def test_the_page_names_every_topic_and_how_it_is_published() -> None:
    """And none but these, and the doctor's own."""
    rows = re.findall(r"^\| `(forecalm/v1/[^`]+)` \| (\S+) .*?\| (QoS 1[^|]*) \|", (DOCS / "wire.md").read_text(), re.M)
    page = {topic: (who, retained) for topic, who, retained in rows if "/doctor/" not in topic}
    operations = {one["channel"]["$ref"].rpartition("/")[2]: one for one in DOCUMENT["operations"].values()}
    document = {}
    for name, channel in DOCUMENT["channels"].items():
        who = "service" if operations[name]["action"] == "send" else "gateway"
        retain = operations[name]["bindings"]["mqtt"]["retain"]
        will = ", Last Will" if name == "gatewayStatus" else ""
        document[channel["address"]] = who, "QoS 1, " + ("retained" + will if retain else "never retained")
    assert page == document


def test_the_page_names_every_field_of_every_message() -> None:
    page = (DOCS / "wire.md").read_text()
    kinds = (Packet, Stored, GatewayStatus, BandStatus, BandEvent, Nearby, Seen, Roster, Command)
    fields = {field for kind in kinds for field in kind.__struct_fields__}
    assert [field for field in sorted(fields) if f"`{field}`" not in page and f'"{field}"' not in page] == []


def test_its_examples_are_taken_in_and_satisfy_its_schemas() -> None:
    messages = DOCUMENT["components"]["messages"]
    for message in messages.values():
        schema = {**message["payload"], "components": DOCUMENT["components"]}
        for example in message["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example["payload"])
    (packet,) = messages["packet"]["examples"]
    assert decode(json.dumps(packet["payload"]).encode()).seq == 41
    assert set(messages["stored"]["examples"][0]["payload"]) == set(Stored.__struct_fields__)
    kinds = {kind.__name__: kind for kind in (GatewayStatus, BandStatus, BandEvent, Nearby, Roster, Command)}
    decoded = 0
    for message in messages.values():
        if message["name"] in kinds:
            decode_message(json.dumps(message["examples"][0]["payload"]).encode(), kinds[message["name"]])
            decoded += 1
    assert decoded == 7


@pytest.mark.parametrize("change", [{"gateway": "x y"}, {"gateway": ""}, {"heard_us": -1}, {"lost": [1]}, {"lost": 3}])
def test_schema_and_decoder_refuse_the_same_of_a_gateway(change: dict[str, object]) -> None:
    packet = {"v": 1, "band": "b", "boot": 1, "seq": 9, "tick_us": 1, **change}
    assert not jsonschema.Draft202012Validator(wire_schema()).is_valid(packet)
    with pytest.raises(WireError):
        decode(json.dumps(packet).encode())
