"""A connection ends when it is told to, whatever the broker does."""

import socket
import threading
from contextlib import closing
from typing import Final

import pytest

from ingest.sending import connection
from ingest.sending.broker import Broker
from ingest.sending.connection import Connection

WELCOME: Final = b"\x20\x02\x00\x00"
MORE_THAN_BUFFERS_HOLD: Final = bytes(30_000_000)


def test_a_broker_that_takes_nothing_more_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LEAVE_S", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        online = Connection(Broker(port=server.getsockname()[1]), topics=[], tell=lambda _note: None)
        online.start()
        taken, _ = server.accept()
        with closing(taken):
            taken.recv(1)
            taken.sendall(WELCOME)
            online.wait_online(30.0)
            online.publish("forecalm/v1/home/band/b/data", MORE_THAN_BUFFERS_HOLD)
            stopping = threading.Thread(target=online.stop, daemon=True)
            stopping.start()
            stopping.join(connection.KEEPALIVE_S / 2)
            assert not stopping.is_alive()


def test_a_broker_that_cuts_us_off_again_and_again_is_told_of_with_the_cause_to_look_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "RECONNECT_MIN_S", 0)
    monkeypatch.setattr(connection, "RECONNECT_MAX_S", 0)
    monkeypatch.setattr(connection, "SHORT_S", 60.0)
    monkeypatch.setattr(connection, "LEAVE_S", 60.0)
    with closing(socket.create_server(("127.0.0.1", 0))) as server, caplog.at_level("INFO"):
        broker = Broker(port=server.getsockname()[1], username="attic")
        client = Connection(broker, topics=[], tell=lambda _: None)
        client.start()
        for _ in range(connection.SHORT_MAX + 3):
            with closing(server.accept()[0]) as taken:
                taken.recv(1024)
                taken.sendall(WELCOME)
        client.stop()
    said = [record.message for record in caplog.records if record.name == connection.__name__]
    assert sum("user 'attic'" in each for each in said) == 1
    assert "again and again" in said[-1], "and then no more"
