"""Every route of the document, asked with whatever anybody may send: a problem or an answer, never an error of ours."""

import json
import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.askers import NeverTheSame, open_to
from tests.console.api.rooms import Rooms

pytestmark = pytest.mark.long

ROOMS = Rooms(access=open_to(NeverTheSame()))
DOCUMENT = ROOMS.ask("GET", "/api/v1/openapi.json").json()
ACTS = sorted((path, method) for path, acts in DOCUMENT["paths"].items() for method in acts)
NASTY = (
    "",
    " ",
    "\u0000",
    "\u202e",
    "\ud800",
    "<script>alert(1)</script>",
    "'; DROP TABLE wearer; --",
    "{{ 7*7 }}",
    "../../etc/passwd",
    "J" * 10_000,
    "\U0001f469\u200d\U0001f467" * 50,
    "Z\u0351\u036b\u0343" * 200,
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**301)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=30)
    | st.sampled_from(NASTY)
    | st.sampled_from(("Jo", "w1", "incident", "sounded", 1_763_562_728.0))
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def schema_of(path: str, method: str) -> dict[str, Any]:
    body = DOCUMENT["paths"][path][method].get("requestBody", {}).get("content", {}).get("application/json", {})
    return resolve(body.get("schema", {}))


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def bodies(path: str, method: str) -> st.SearchStrategy[Any]:
    """Whatever JSON there is, and what has the right fields with anything in them."""
    schema = schema_of(path, method)
    item = resolve(schema["items"]) if schema.get("type") == "array" else schema
    fields = st.fixed_dictionaries({}, optional={name: JSON for name in item.get("properties", {})})
    shaped = st.lists(fields, max_size=3) if schema.get("type") == "array" else fields
    return JSON | shaped


def filled(path: str, name: str) -> str:
    for part in ("alert_id", "matter_id", "outcome_id", "shift_id", "wearer", "tablet"):
        path = path.replace(f"{{{part}}}", name)
    return path


def check(answer: Any) -> None:  # noqa: ANN401
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem.keys() <= {"title", "status", "detail", "field"}
        assert problem["status"] == answer.status_code
        assert problem["title"]
        assert problem["detail"]
        assert len(answer.content) < 2000
        assert "Traceback" not in answer.text


@pytest.fixture(autouse=True, scope="module")
def _closed() -> Iterator[None]:
    yield
    ROOMS.close()


@pytest.mark.parametrize(("path", "method"), ACTS)
@settings(max_examples=25)
@given(data=st.data())
def test_no_body_makes_the_server_fail(path: str, method: str, data: st.DataObject) -> None:
    body = data.draw(bodies(path, method))
    name = data.draw(st.sampled_from(("t-1", "w1", "none")))
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    ROOMS.now_s += 60
    headers = ROOMS.key() | {"content-type": "application/json"}
    check(ROOMS.ask(method.upper(), filled(path, name), content=content, headers=headers))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 20_000, b"\xff\xfe", b"NaN", b"1" * 5000, b"null", b'{"by":"J","by":"K"}']
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize(("path", "method"), [act for act in ACTS if act[1] != "get"])
def test_what_is_no_json_is_a_problem(path: str, method: str, kind: str, content: bytes) -> None:
    headers = ROOMS.key() | {"content-type": kind}
    check(ROOMS.ask(method.upper(), filled(path, "t-1"), content=content, headers=headers))


@pytest.mark.parametrize(("path", "method"), [act for act in ACTS if act[1] != "get"])
def test_what_is_too_long_is_refused_before_it_is_read_to_its_end(path: str, method: str) -> None:
    headers = ROOMS.key() | {"content-type": "application/json"}
    answer = ROOMS.ask(method.upper(), filled(path, "t-1"), content=b'"' + b"a" * 400_000 + b'"', headers=headers)
    check(answer)
    assert answer.status_code == 413 or schema_of(path, method) == {}


@settings(max_examples=60)
@given(name=st.text(min_size=1, max_size=60) | st.sampled_from(NASTY[1:]), act=st.sampled_from(ACTS))
def test_no_name_in_a_path_makes_the_server_fail(name: str, act: tuple[str, str]) -> None:
    path, method = act
    quoted = quote(name.encode("utf-8", "surrogatepass"), safe="")
    check(ROOMS.ask(method.upper(), filled(path, quoted), json={}, headers=ROOMS.key()))


TOKENS = st.text(min_size=1, max_size=60) | st.sampled_from(NASTY[1:])
UPWARDS = (".", "..")
"""What a client takes for a way to another page, and never sends."""


@settings(max_examples=60)
@given(token=TOKENS.filter(lambda token: token not in UPWARDS), method=st.sampled_from(("GET", "POST")))
def test_no_token_takes_anything_or_makes_the_server_fail(token: str, method: str) -> None:
    quoted = quote(token.encode("utf-8", "surrogatepass"), safe="")
    answer = ROOMS.ask(method, f"/take/{quoted}")
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(("path", "method"), ACTS)
def test_every_route_without_a_key_answers_as_its_document_says(path: str, method: str) -> None:
    answer = ROOMS.ask(method.upper(), filled(path, "t-1"))
    described = DOCUMENT["paths"][path][method]
    if "security" in described:
        assert answer.status_code == 401
        check(answer)
    else:
        assert (path, method) in {("/api/v1/tablets", "post"), ("/api/v1/push/key", "get")}
    assert str(answer.status_code) in described["responses"]


def test_every_route_of_a_board_alone_is_not_there(board: Rooms) -> None:
    for path, method in ACTS:
        answer = board.ask(method.upper(), filled(path, "t-1"), headers=board.key())
        assert answer.status_code == 404, (path, method)
        check(answer)


def test_html_that_somebody_sends_is_text_wherever_it_is_shown() -> None:
    rooms = Rooms(carers=())  # whoever knows no carer takes any name
    alert_id = rooms.alert()
    rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": "<img src=x onerror=alert(1)>Jo"})
    assert "&lt;img" in rooms.ask("GET", rooms.link(alert_id, "Sam")).text
    assert "<img" not in rooms.ask("GET", rooms.link(alert_id, "Sam")).text
    assert "<img" not in rooms.ask("GET", "/").text
    rooms.close()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_that_is_none_gets_in(rooms: Rooms, value: float) -> None:
    said = {"carer": "Jo", "wearers": [], "until_s": value, "by": "Jo"}
    headers = rooms.key() | {"content-type": "application/json"}
    answer = rooms.ask("POST", "/api/v1/shifts", content=json.dumps(said), headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "until_s")
    assert rooms.duty.shifts() == ()
