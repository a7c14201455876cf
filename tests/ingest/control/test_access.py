"""A real Mosquitto with the access list that we ship: a gateway speaks for itself alone, and gives no orders."""

import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers import free_port, mosquitto_at

GUIDES = Path(__file__).parents[3] / "docs" / "guides"
WAIT_S = 60.0  # a bound, never waited out where things work
TOP = "forecalm/v1/home"

Client = tuple[paho.Client, "queue.Queue[str]"]


@pytest.fixture
def port(mosquitto: str, tmp_path: Path) -> Iterator[int]:
    """A broker with the users forecalm, hall and attic, and the rules of the guide."""
    password = Path(mosquitto).parents[1] / "bin" / "mosquitto_passwd"
    if not password.exists():
        pytest.skip("mosquitto_passwd is not installed")
    users, port = tmp_path / "users", free_port()
    for i, user in enumerate(("forecalm", "hall", "attic")):
        made = [] if i else ["-c"]
        subprocess.run([password, "-b", *made, users, user, user], check=True, capture_output=True)
    lines = (GUIDES / "mosquitto.conf").read_text().splitlines()
    kept = [line for line in lines if line.startswith(("allow_anonymous", "acl_file"))]
    assert len(kept) == 2
    ours = [line.replace("/etc/mosquitto/forecalm.acl", str(GUIDES / "mosquitto.acl")) for line in kept]
    with mosquitto_at(mosquitto, tmp_path, port, *ours, f"password_file {users}"):
        yield port


@contextmanager
def client(port: int, user: str, password: str | None = None) -> Iterator[Client]:
    """A client that has asked for everything, and the topics that it hears."""
    heard: queue.Queue[str] = queue.Queue()
    ready = threading.Event()
    made = paho.Client(CallbackAPIVersion.VERSION2)
    made.username_pw_set(user, password or user)

    def subscribe(*_: object) -> None:
        made.subscribe("forecalm/#", qos=1)

    made.on_connect = subscribe
    made.on_subscribe = lambda *_: ready.set()
    made.on_message = lambda _, __, message: heard.put(message.topic)
    made.connect("127.0.0.1", port)
    made.loop_start()
    try:
        assert ready.wait(WAIT_S)
        yield made, heard
    finally:
        made.disconnect()
        made.loop_stop()


def say(speaker: Client, *topics: str) -> None:
    for topic in topics:
        speaker[0].publish(f"{TOP}/{topic}", b"{}", qos=1, retain=topic.endswith("status")).wait_for_publish(WAIT_S)


def heard_until(listener: Client, last: str) -> list[str]:
    """What was heard, up to the last that was said: what one client says comes in order."""
    found: list[str] = []
    while not found or found[-1] != f"{TOP}/{last}":
        found.append(listener[1].get(timeout=WAIT_S))
    return [topic.removeprefix(f"{TOP}/") for topic in found]


def test_a_gateway_writes_its_own_topics_and_nobody_elses_nor_a_roster_nor_a_command(port: int) -> None:
    own = [
        "band/b/data",
        "band/b/event",
        "band/b/status/hall",
        "gateway/hall/nearby",
        "gateway/hall/status",
    ]
    others = [
        "roster",
        "band/b/stored",
        "band/b/command",
        "band/b/status/attic",
        "gateway/attic/status",
        "gateway/attic/nearby",
        "gateway/attic/command",
        "gateway/hall/command",
    ]
    with client(port, "forecalm") as service, client(port, "hall") as hall:
        say(hall, *others, *own)
        assert heard_until(service, own[-1]) == own


def test_a_gateway_hears_what_is_for_it_and_no_reading_of_anybody(port: int) -> None:
    theirs = ["gateway/attic/command", "gateway/attic/status", "band/b/data", "band/b/event", "band/b/status/attic"]
    its = ["roster", "band/b/stored", "band/b/command", "gateway/hall/command"]
    with client(port, "forecalm") as service, client(port, "hall") as hall:
        say(service, *theirs, *its)
        assert heard_until(hall, its[-1]) == its


def test_nobody_without_a_password_comes_in(port: int) -> None:
    refused = threading.Event()
    with ExitStack() as stack:
        made = paho.Client(CallbackAPIVersion.VERSION2)
        made.username_pw_set("hall", "guessed")

        def answered(*said: object) -> None:
            if str(said[3]) == "Not authorized":
                refused.set()

        made.on_connect = answered
        made.connect("127.0.0.1", port)
        made.loop_start()
        stack.callback(made.loop_stop)
        stack.callback(made.disconnect)
        assert refused.wait(WAIT_S)
