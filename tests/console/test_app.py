"""The routes, asked in process: pages, taking an alert with and without a script, and who may not."""

import asyncio
import re

import httpx
import pytest

from console.errors import ConsoleError
from console.serve import run
from tests.console.house import House, Serve

JSON = {"accept": "application/json"}


def ask(house: House, method: str, path: str, *, base: str = "http://localhost", **request: object) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=house.app())
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


def test_the_first_paint_shows_everybody_by_name_in_their_place(house: House) -> None:
    page = ask(house, "GET", "/").text
    assert re.findall(r'class="name" dir="auto">(\w+)<', page) == ["Aidan", "Bea", "Callum"]
    assert "All 3 protected" in page
    assert "14:32:08" in page
    assert "Research use only" in page


def test_the_first_paint_shows_an_open_alert_with_a_form_that_needs_no_script(house: House) -> None:
    house.alert("w2")
    page = ask(house, "GET", "/").text
    assert "may need you now" in page
    assert 'action="/alerts/w2-1/acknowledge"' in page
    assert 'data-alerts="one"' in page


def test_names_and_reasons_are_shown_as_text_never_as_markup(house: House) -> None:
    house.alert("w2", "<script>alert(1)</script>")
    assert "<script>alert(1)" not in ask(house, "GET", "/").text


def test_every_answer_forbids_what_is_inline_or_from_outside(house: House) -> None:
    for path in ("/", "/static/board.js", "/healthz"):
        answer = ask(house, "GET", path)
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_with_names_are_kept_by_no_cache(house: House) -> None:
    assert ask(house, "GET", "/").headers["cache-control"] == "no-store"


def test_page_style_and_script_are_light(house: House) -> None:
    page = ask(house, "GET", "/").text
    parts = ["/static/tokens.css", "/static/board.css", "/static/mark.svg"]
    parts += [f"/static/{name}.js" for name in ("board", "rows", "sound", "picker", "watch", "lost")]
    assert len(page) + sum(len(ask(house, "GET", part).raise_for_status().content) for part in parts) < 150_000


def test_health_is_said_to_whoever_asks(house: House) -> None:
    assert ask(house, "GET", "/healthz").json() == {
        "status": "ok",
        "wearers": 3,
        "storing": True,
        "journal": True,
    }


def test_a_form_without_a_script_takes_an_alert_and_returns_to_the_board(house: House) -> None:
    house.alert("w2")
    answer = ask(house, "POST", "/alerts/w2-1/acknowledge", data={"by": " maryam "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert house.views()[1].alert.acknowledged_by == "Maryam"
    assert "Maryam has it since 14:32" in ask(house, "GET", "/").text


def test_a_form_without_a_name_is_asked_for_one_and_takes_nothing(house: House) -> None:
    house.alert("w2")
    answer = ask(house, "POST", "/alerts/w2-1/acknowledge")
    assert "Who are you?" in answer.text
    assert 'name="by" value="Maryam"' in answer.text
    assert house.views()[1].alert.acknowledged_by is None


def test_a_script_takes_an_alert_and_is_told_who_has_it(house: House) -> None:
    house.alert("w2")
    answer = ask(house, "POST", "/alerts/w2-1/acknowledge", data={"by": "Jo"}, headers=JSON)
    assert answer.json() == {"alert_id": "w2-1", "wearer": "w2", "name": "Bea", "by": "Jo", "at_s": house.now_s}


def test_whoever_comes_second_is_told_who_was_first(house: House) -> None:
    house.alert("w2")
    ask(house, "POST", "/alerts/w2-1/acknowledge", data={"by": "Jo"}, headers=JSON)
    assert ask(house, "POST", "/alerts/w2-1/acknowledge", data={"by": "Maryam"}, headers=JSON).json()["by"] == "Jo"


@pytest.mark.parametrize(
    ("alert_id", "content", "status"),
    [
        ("w9-1", b"by=Jo", 404),
        ("w2-1", b"", 422),
        ("w2-1", b"by=%ff", 422),
        ("w2-1", "by=Zoë".encode(), 422),
        ("w2-1", b"by=" + b"J" * 5000, 413),
    ],
)
def test_what_cannot_be_granted_is_refused_with_a_problem_and_takes_nothing(
    house: House, alert_id: str, content: bytes, status: int
) -> None:
    house.alert("w2")
    answer = ask(house, "POST", f"/alerts/{alert_id}/acknowledge", content=content, headers=JSON)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["title"]
    assert house.views()[1].alert.acknowledged_by is None


def test_without_a_script_a_refusal_is_a_page_with_a_way_back(house: House) -> None:
    answer = ask(house, "POST", "/alerts/w9-1/acknowledge", data={"by": "Jo"})
    assert answer.status_code == 404
    assert "That alert is no longer open" in answer.text
    assert 'href="/"' in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost"}, 200),
        ({"origin": "http://localhost"}, 200),
        ({}, 200),
    ],
)
def test_only_the_board_itself_may_take_an_alert(house: House, headers: dict[str, str], status: int) -> None:
    house.alert("w2")
    answer = ask(house, "POST", "/alerts/w2-1/acknowledge", data={"by": "Jo"}, headers=JSON | headers)
    assert answer.status_code == status
    assert (house.views()[1].alert.acknowledged_by == "Jo") == (status == 200)


@pytest.mark.parametrize("base", ["http://evil.example", "http://192.168.1.7:8000"])
def test_a_foreign_name_for_this_computer_is_not_served(house: House, base: str) -> None:
    assert ask(house, "GET", "/", base=base).status_code == 421


@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://LOCALHOST"])
def test_every_name_of_loopback_is_served(house: House, base: str) -> None:
    assert ask(house, "GET", "/", base=base).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.org"])  # noqa: S104
def test_without_accounts_nothing_is_served_beyond_loopback(house: House, host: str) -> None:
    with pytest.raises(ConsoleError, match="this machine only"):
        run(house.app(), hub=house.hub, host=host, port=0, stop=house.stop)


def test_a_port_that_is_taken_is_named(house: House, serve: Serve) -> None:
    port = httpx.URL(serve(house, port=0)).port
    with pytest.raises(ConsoleError, match=f"port {port}"):
        run(house.app(), hub=house.hub, host="127.0.0.1", port=port, stop=house.stop)
