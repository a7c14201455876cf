"""Whoever opens connections to the board and says nothing, or half of it, is hung up on; whoever listens is not."""

import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from console import serve as serving
from tests.console.house import House, Serve
from tests.console.test_stream import events, first
from tests.servers import LONG_S, until

Connect = Callable[[], socket.socket]
HALVES = [
    b"",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    b"POST /api/v1/tablets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n{",
    b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /",
]


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=LONG_S)


def answered(address: str) -> bool:
    try:
        return httpx.get(address, timeout=LONG_S).status_code == 200
    except httpx.TransportError:
        return False  # turned away: a browser asks again


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
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=LONG_S) as answer:
        stream = events(answer)
        first(stream, "beat")
        monkeypatch.setattr(serving, "REQUEST_S", 0.1)  # the stream's own request has come, however long it took
        for _ in range(3):
            connection = connected(address)
            connection.sendall(half)
            assert hung_up(connection)
        first(stream, "beat")
        assert first(stream, "row", alert_id=house.alert("w2"))


def test_whoever_keeps_connections_open_and_says_nothing_keeps_no_board_out(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MOST", 4)
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=LONG_S) as answer:
        stream = events(answer)
        first(stream, "beat")
        silent = [connected(address) for _ in range(8)]
        assert hung_up(silent[0])
        assert httpx.get(f"{address}healthz", timeout=LONG_S).status_code == 200
        assert first(stream, "row", alert_id=house.alert("w2"))
        for each in silent:
            each.close()


def test_more_boards_than_there_can_be_are_turned_away_and_those_there_are_go_on(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MOST", 1)
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=LONG_S) as answer:
        stream = events(answer)
        first(stream, "beat")
        assert hung_up(connected(address))
        assert first(stream, "row", alert_id=house.alert("w2"))


def test_whoever_reads_no_answer_keeps_no_board_out(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MOST", 3)
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=LONG_S) as answer:
        stream = events(answer)
        first(stream, "beat")
        deaf = [connected(address) for _ in range(2)]
        for each in deaf:
            each.sendall(b"GET /static/board.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 600)
        until(lambda: answered(f"{address}healthz"))
        assert first(stream, "row", alert_id=house.alert("w2"))
        for each in deaf:
            each.close()


def test_whoever_reads_no_answer_keeps_nobody_from_stopping_the_service(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause, paused = FlowControl.pause_writing, threading.Event()

    def told(flow: FlowControl) -> None:
        pause(flow)
        paused.set()

    monkeypatch.setattr(FlowControl, "pause_writing", told)
    with connected(serve(house)) as deaf:
        deaf.sendall(b"GET /static/board.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 600)
        assert paused.wait(LONG_S)
        serve.end(house)


def test_a_greeting_of_tls_that_is_never_given_keeps_no_board_out() -> None:
    """Before TLS stands there is nothing that the protocol could count: the listener does."""
    silent, held = [], []
    with socket.create_server(("127.0.0.1", 0)) as plain:
        listener = serving.Listener(plain, shaking_most=3)
        for _ in range(5):
            silent.append(socket.create_connection(listener.getsockname(), timeout=LONG_S))
            held.append(listener.accept()[0])
        assert [hung_up(each) for each in silent[:2]] == [True, True]
        last = silent[-1]
        last.settimeout(0.05)
        assert not hung_up(last)
        for each in (*silent, *held, listener):
            each.close()


def test_who_has_greeted_is_not_hung_up_on_for_those_who_have_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        listener = serving.Listener(plain, shaking_most=1)
        ours = socket.create_connection(listener.getsockname(), timeout=LONG_S)
        accepted, _ = listener.accept()
        listener.stands(accepted.fileno())
        others = [socket.create_connection(listener.getsockname(), timeout=LONG_S) for _ in range(3)]
        held = [listener.accept()[0] for _ in others]
        ours.settimeout(0.05)
        assert not hung_up(ours)
        for each in (*others, *held, accepted, listener):
            each.close()
