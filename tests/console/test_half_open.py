"""Whoever opens connections to the board and says nothing, or half of it, is hung up on; whoever listens is not."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from console import serve as serving
from tests.console.house import House, Serve
from tests.console.test_stream import events, first

Connect = Callable[[], socket.socket]
HALVES = [
    b"",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    b"POST /api/v1/tablets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n{",
    b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /",
]


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def hung_up(connection: socket.socket) -> bool:
    with connection:
        try:
            while connection.recv(65536):
                continue
        except ConnectionResetError:
            return True  # one way to hang up
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize("half", HALVES)
def test_half_a_request_is_not_awaited_for_ever_and_boards_go_on(
    half: bytes, house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "REQUEST_S", 0.1)
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=10) as answer:
        stream = events(answer)
        first(stream, "beat")
        for _ in range(3):
            connection = connected(address)
            connection.sendall(half)
            assert hung_up(connection)
        first(stream, "beat")
        assert first(stream, "row", alert_id=house.alert("w2"))


def test_more_connections_than_boards_can_have_are_turned_away_and_boards_go_on(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MOST", 4)
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=10) as answer:
        stream = events(answer)
        first(stream, "beat")
        others = [connected(address) for _ in range(3)]
        assert hung_up(connected(address))
        others.pop().close()
        assert first(stream, "row", alert_id=house.alert("w2"))
        for each in others:
            each.close()
