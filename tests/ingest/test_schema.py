"""What is published about the wire is what the code does."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from ingest.errors import WireError
from ingest.schema import asyncapi, asyncapi_text, wire_schema
from ingest.wire import Stored, data_topic, decode, stored_topic

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
    addresses = {name: channel["address"].format(site="s", band="b") for name, channel in DOCUMENT["channels"].items()}
    assert addresses == {"data": data_topic("s", "b"), "stored": stored_topic("s", "b")}


def test_its_examples_are_taken_in_and_satisfy_its_schemas() -> None:
    messages = DOCUMENT["components"]["messages"]
    for message in messages.values():
        schema = {**message["payload"], "components": DOCUMENT["components"]}
        for example in message["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example["payload"])
    (packet,) = messages["packet"]["examples"]
    assert decode(json.dumps(packet["payload"]).encode()).seq == 41
    assert set(messages["stored"]["examples"][0]["payload"]) == set(Stored.__struct_fields__)


@pytest.mark.parametrize("change", [{"gateway": "x y"}, {"gateway": ""}, {"heard_us": -1}, {"lost": [1]}, {"lost": 3}])
def test_schema_and_decoder_refuse_the_same_of_a_gateway(change: dict[str, object]) -> None:
    packet = {"v": 1, "band": "b", "boot": 1, "seq": 9, "tick_us": 1, **change}
    assert not jsonschema.Draft202012Validator(wire_schema()).is_valid(packet)
    with pytest.raises(WireError):
        decode(json.dumps(packet).encode())
