"""What is packed on its way to a browser is the same as what is not, and no page that may hold a secret is packed."""

import asyncio

import httpx
import pytest
from starlette.datastructures import Headers

from console.packed import takes
from tests.console.caring import Caring
from tests.console.house import NAMES, House


def ask(house: House, path: str, taking: str = "gzip, deflate, br", **headers: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=house.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers={"accept-encoding": taking} | headers)

    return asyncio.run(asked())


def is_packed(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("content-encoding") == "gzip")


@pytest.mark.parametrize("path", ["/", "/static/board.js", "/static/board.css"])
def test_what_is_packed_is_the_same_and_shorter(house: House, path: str) -> None:
    plain, packed = ask(house, path, "identity"), ask(house, path)
    assert not is_packed(plain)
    assert is_packed(packed)
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < 0.6 * len(plain.content)
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert answer.headers["cache-control"] == plain.headers["cache-control"]
        assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("first", ["identity", "gzip"])
def test_what_a_browser_has_is_not_sent_again_however_it_came(house: House, first: str) -> None:
    had = ask(house, "/static/board.js", first)
    again = ask(house, "/static/board.js", **{"if-none-match": had.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert had.headers["etag"].startswith("W/") is (first == "gzip")


def test_a_part_of_a_file_goes_as_it_is(house: House) -> None:
    part = ask(house, "/static/board.js", range="bytes=0-9")
    assert part.status_code == 206
    assert not is_packed(part)
    assert part.content == ask(house, "/static/board.js").content[:10]


@pytest.mark.parametrize(
    "path", ["/shift", "/outcome", "/who", "/api/v1/cover", "/nothing", "/static/mark-192.png", "/static/mark.svg"]
)
def test_forms_answers_and_pictures_are_not_packed(house: House, path: str) -> None:
    house.caring = Caring(list(NAMES))
    assert not is_packed(ask(house, path))


@pytest.mark.parametrize(
    ("said", "reads"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000", False),
        ("identity", False),
        ("xgzip", False),
        ("", False),
    ],
)
def test_only_who_says_so_is_sent_it(said: str, *, reads: bool) -> None:
    assert takes(Headers({"accept-encoding": said})) is reads
