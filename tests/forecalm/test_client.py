"""The board's client without a screen: whatever breaks off, it goes on until an alert is taken."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forecalm import client as module
from forecalm.client import BoardClient
from tests.servers import until


class Board(BaseHTTPRequestHandler):
    """A stream tells of one alert, and ends; the first who takes the alert is not answered, and has not taken it."""

    taken: list[str]
    streams: list[str]

    def do_GET(self) -> None:
        self.streams.append(self.headers["Authorization"])
        self.send_response(200)
        self.end_headers()
        row = {"alert_id": "a-1", "acknowledged_by": "Jo" if len(self.taken) > 1 else ""}
        self.wfile.write(f"event: row\ndata: {json.dumps(row)}\n\n".encode())

    def do_POST(self) -> None:
        self.taken.append(self.path)
        if len(self.taken) > 1:
            self.send_response(200)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def board() -> Iterator[tuple[type[Board], str]]:
    kind = type("Kind", (Board,), {"taken": [], "streams": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    yield kind, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    serving.join()
    server.server_close()


def test_a_stream_that_ends_is_followed_anew_by_a_new_seal_until_the_alert_is_taken(
    board: tuple[type[Board], str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    kind, address = board
    seals = iter(range(1_000_000))
    client = BoardClient(address, name="Jo", shown=lambda: f"seal {next(seals)}")
    client.start()
    until(lambda: client.acknowledged == {"a-1"})
    client.stop()
    assert client.alerts == {"a-1"}
    assert kind.taken == ["/alerts/a-1/acknowledge"] * 2
    assert len(set(kind.streams)) == len(kind.streams) >= 3
    assert caplog.text.count("broke off") == 1
