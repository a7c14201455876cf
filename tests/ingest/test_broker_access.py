"""Who comes in at a broker, and what each may do: the same files in a real Mosquitto and in the broker that we ship."""

import queue
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from ingest.broker_access import (
    ITERATIONS,
    Entry,
    covers,
    hashed,
    is_right,
    read_access,
    rules_text,
    users_text,
)
from ingest.errors import BrokerError
from tests.servers import LONG_S, free_port, until, wait_for_port

pytestmark = pytest.mark.long

TOP: Final = "forecalm/v1/home"
SERVICE: Final = ("forecalm", "the service's own")
SECRETS: Final = {"hall-1": "hall's", "hall-2": "hall's next", "attic-1": "attic's", "school-1": "another site's"}
WHERE: Final = {"hall-1": ("hall", "home"), "hall-2": ("hall", "home"), "attic-1": ("attic", "home")} | {
    "school-1": ("hall", "school")
}


def entries(*users: str) -> list[Entry]:
    return [Entry(user, hashed(SECRETS[user], salt=user.encode().ljust(12)[:12]), *WHERE[user]) for user in users]


def replace(path: Path, text: str) -> None:
    """Write a file that nobody finds half written."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.chmod(0o600)
    part.replace(path)


def write(folder: Path, *users: str) -> None:
    """Let these in, and nobody else but the service."""
    folder.mkdir(exist_ok=True)
    known = entries(*users)
    for name, text in (
        ("acl", rules_text(SERVICE[0], known)),
        ("users", users_text((SERVICE[0], hashed(SERVICE[1], salt=b"twelve bytes")), known)),
    ):
        replace(folder / name, text)


class Broker:
    """One that runs, and takes up its files anew when it is ``told``."""

    def __init__(self, folder: Path, port: int, told: Callable[[], None]) -> None:
        self.folder = folder
        self.port = port
        self.told = told

    def let_in(self, *users: str) -> None:
        write(self.folder, *users)
        self.told()


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    folder, port = tmp_path / "broker", free_port()
    write(folder, *SECRETS)
    if request.param == "embedded":
        with running(embedded(port, folder), port):
            yield Broker(folder, port, lambda: None)
        return
    program = request.getfixturevalue("mosquitto")
    conf = tmp_path / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous false", "user root"]
    conf.write_text("\n".join([*lines, f"password_file {folder / 'users'}", f"acl_file {folder / 'acl'}", ""]))
    with running([program, "-c", str(conf)], port) as process:
        with service(port):  # whom it takes in once it hears signals, which it does not as soon as it listens
            pass
        yield Broker(folder, port, lambda: process.send_signal(signal.SIGHUP))


def embedded(port: int, folder: Path, *more: str) -> list[str]:
    user = ":".join(SERVICE)
    command = [sys.executable, "-P", "-m", "forecalm", "broker", "--while-stdin-is-open"]
    return [*command, "--port", str(port), "--user", user, "--access", str(folder), *more]


@contextmanager
def running(command: list[str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=LONG_S)


class Client:
    """Somebody who comes in, or does not."""

    def __init__(self, port: int, user: str, password: str, **named: object) -> None:
        self.heard: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.granted: queue.Queue[list[int]] = queue.Queue()
        self.said: queue.Queue[int] = queue.Queue()
        self.refused = threading.Event()
        self.lost = threading.Event()
        self.online = threading.Event()
        will, tls = named.pop("will", None), named.pop("tls", None)
        made = self.client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False, **named)  # type: ignore[arg-type]
        made.username_pw_set(user, password)
        if isinstance(will, str):
            made.will_set(will, b"a will", qos=1, retain=True)
        if isinstance(tls, ssl.SSLContext):
            made.tls_set_context(tls)
        made.on_connect = lambda _, __, ___, reason, ____: (self.refused if reason.is_failure else self.online).set()
        made.on_disconnect = lambda *_: self.lost.set()
        made.on_subscribe = lambda _, __, ___, codes, ____: self.granted.put([code.value for code in codes])
        made.on_publish = lambda _, __, mid, ___, ____: self.said.put(mid)
        made.on_message = lambda _, __, message: self.heard.put(message)
        made.connect("127.0.0.1" if tls is None else "localhost", port)
        made.loop_start()

    def __enter__(self) -> "Client":
        until(lambda: self.online.is_set() or self.refused.is_set(), "neither let in nor refused")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_connect = self.client.on_disconnect = self.client.on_subscribe = None
        self.client.on_publish = self.client.on_message = None

    def listen(self, *topics: str) -> list[int]:
        self.client.subscribe([(topic, 1) for topic in topics])
        return self.granted.get(timeout=LONG_S)

    def say(self, topic: str, *, retain: bool = False) -> None:
        self.client.publish(topic, topic.encode(), qos=1, retain=retain)

    def hears(self, topic: str) -> None:
        """This comes next, and nothing before it."""
        assert self.heard.get(timeout=LONG_S).topic == topic


def service(port: int) -> Client:
    return Client(port, *SERVICE)


def gateway(port: int, user: str, **named: object) -> Client:
    return Client(port, user, SECRETS[user], **named)


def test_a_gateway_does_its_work(broker: Broker) -> None:
    with service(broker.port) as house, gateway(broker.port, "hall-1") as hall:
        house.listen(f"{TOP}/#")
        wanted = [f"{TOP}/roster", f"{TOP}/band/+/command", f"{TOP}/band/+/stored", f"{TOP}/gateway/hall/command"]
        assert hall.listen(*wanted, f"{TOP}/band/+/status/hall") == [1] * 5
        for topic in ("gateway/hall/status", "band/b1/data", "band/b1/event", "gateway/hall/nearby"):
            hall.say(f"{TOP}/{topic}")
            house.hears(f"{TOP}/{topic}")
        for topic in ("roster", "band/b1/command", "band/b1/stored", "gateway/hall/command"):
            house.say(f"{TOP}/{topic}")
            house.hears(f"{TOP}/{topic}")
            hall.hears(f"{TOP}/{topic}")


NOT_ITS_OWN: Final = (
    f"{TOP}/gateway/attic/status",
    f"{TOP}/gateway/attic/nearby",
    f"{TOP}/gateway/hall/command",
    f"{TOP}/band/b1/status/attic",
    f"{TOP}/band/b1/command",
    f"{TOP}/band/b1/stored",
    f"{TOP}/roster",
    f"{TOP}/alert/w-01",
    "forecalm/v1/school/band/b1/data",
    "forecalm/v1/school/gateway/hall/status",
    "homeassistant/light/x/config",
    "anything",
)


def test_a_stolen_secret_passes_for_no_other_gateway_site_or_service(broker: Broker) -> None:
    with service(broker.port) as house, gateway(broker.port, "hall-1") as thief:
        house.listen("forecalm/#", "homeassistant/#", "anything")
        for topic in NOT_ITS_OWN:
            thief.say(topic, retain=True)
        thief.say(f"{TOP}/gateway/hall/status")
        house.hears(f"{TOP}/gateway/hall/status")  # of all that it said, its own alone
    with service(broker.port) as late:
        late.listen("forecalm/#", "homeassistant/#", "anything")
        late.say("forecalm/v1/home/done")
        late.hears("forecalm/v1/home/done")  # nor is any of it retained


SECRET_TOPICS: Final = (
    f"{TOP}/band/b1/data",
    f"{TOP}/band/b1/event",
    f"{TOP}/alert/w-01",
    f"{TOP}/gateway/attic/status",
    f"{TOP}/band/b1/status/attic",
    f"{TOP}/gateway/attic/command",
    "forecalm/v1/school/roster",
    "forecalm/v1/school/gateway/hall/command",
)


def test_a_stolen_secret_hears_no_readings_no_alerts_and_no_other_gateway(broker: Broker) -> None:
    with service(broker.port) as house, gateway(broker.port, "hall-1") as thief:
        house.listen("forecalm/#")
        for topic in SECRET_TOPICS:
            house.say(topic, retain=True)  # what is kept for whoever asks later, too
            house.hears(topic)
        for asked in ("#", "forecalm/#", f"{TOP}/band/+/data", f"{TOP}/+/+/status", f"{TOP}/alert/#", *SECRET_TOPICS):
            thief.listen(asked)
        assert thief.listen(f"{TOP}/roster") == [1]
        for topic in SECRET_TOPICS:
            house.say(topic)
        house.say(f"{TOP}/roster")
        thief.hears(f"{TOP}/roster")  # of all that was said, this alone


def test_a_last_will_says_no_more_than_its_gateway_may(broker: Broker) -> None:
    with service(broker.port) as house:
        house.listen("forecalm/#")
        for will in (f"{TOP}/gateway/attic/status", f"{TOP}/gateway/hall/status"):
            with gateway(broker.port, "hall-1", will=will) as dying:
                if dying.online.is_set():
                    dying.client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
                    until(dying.lost.is_set)
        house.hears(f"{TOP}/gateway/hall/status")
    with service(broker.port) as late:
        late.listen("forecalm/#")
        late.hears(f"{TOP}/gateway/hall/status")
        late.say(f"{TOP}/done")
        late.hears(f"{TOP}/done")


def test_whoever_knows_anothers_client_id_gets_nothing_of_what_waits_for_it(broker: Broker) -> None:
    with Client(broker.port, *SERVICE, client_id="service", clean_session=False) as house:
        house.listen("forecalm/#")
    with gateway(broker.port, "hall-1") as hall:
        hall.say(f"{TOP}/band/b1/data")
        hall.said.get(timeout=LONG_S)
    with gateway(broker.port, "attic-1", client_id="service", clean_session=False) as thief:
        if thief.online.is_set():
            assert thief.listen(f"{TOP}/roster") == [1]
            with service(broker.port) as other:
                other.say(f"{TOP}/roster")
                thief.hears(f"{TOP}/roster")


def test_two_secrets_work_while_one_takes_the_others_place_and_then_one(broker: Broker) -> None:
    with gateway(broker.port, "hall-1") as old, gateway(broker.port, "hall-2") as new:
        assert old.online.is_set()
        assert new.online.is_set()
        broker.let_in("hall-2", "attic-1")
        until(old.lost.is_set, "the old secret still works")
        with service(broker.port) as house:
            house.listen(f"{TOP}/#")
            new.say(f"{TOP}/gateway/hall/status")
            house.hears(f"{TOP}/gateway/hall/status")
        assert not new.lost.is_set(), "who is let in is not disturbed"
    with gateway(broker.port, "hall-1") as again:
        assert again.refused.is_set()


def test_whoever_is_let_in_later_needs_no_restart(broker: Broker) -> None:
    broker.let_in("attic-1")

    def comes_in() -> bool:
        with gateway(broker.port, "hall-2") as hall:
            return hall.online.is_set()

    until(lambda: not comes_in())
    broker.let_in("attic-1", "hall-2")
    until(comes_in)


def test_nobody_comes_in_by_a_wrong_name_or_secret(broker: Broker) -> None:
    for user, password in (("hall-1", "wrong"), ("hall-1", ""), ("nobody", "hall's"), ("forecalm", "hall's")):
        with Client(broker.port, user, password) as stranger:
            assert stranger.refused.is_set(), (user, password)


def test_files_that_cannot_be_read_leave_those_in_who_were(tmp_path: Path) -> None:
    folder, port = tmp_path / "broker", free_port()
    write(folder, "hall-1")
    with running(embedded(port, folder), port), gateway(port, "hall-1") as hall:
        replace(folder / "users", "no colon here\n")
        replace(folder / "acl", "topic read forecalm/#\n")
        write(tmp_path / "next", "attic-1")
        with gateway(port, "hall-1") as still:
            assert still.online.is_set()
        for name in ("acl", "users"):
            (tmp_path / "next" / name).replace(folder / name)
        until(hall.lost.is_set)


def test_the_embedded_broker_speaks_tls_and_takes_up_a_new_certificate(tmp_path: Path) -> None:
    from tests.ingest.certificates import make_certificates

    made = make_certificates(tmp_path / "certificates").parent
    folder, port = tmp_path / "broker", free_port()
    write(folder, "hall-1")
    more = ("--host", "0.0.0.0", "--certificate", str(made / "broker.crt"), "--key", str(made / "broker.key"))  # noqa: S104
    trusting = ssl.create_default_context(cafile=made / "ca.crt")
    with running(embedded(port, folder, *more), port), gateway(port, "hall-1", tls=trusting) as hall:
        assert hall.online.is_set()
        assert hall.listen(f"{TOP}/roster") == [1]


def test_off_this_machine_the_embedded_broker_speaks_tls_or_not_at_all(tmp_path: Path) -> None:
    command = embedded(free_port(), tmp_path, "--host", "0.0.0.0")  # noqa: S104
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2
    assert "--certificate" in done.stderr


# The rules themselves

_LEVEL = st.sampled_from(["forecalm", "v1", "home", "band", "b1", "data", "+"])
_TOPIC = st.lists(st.sampled_from(["forecalm", "v1", "home", "band", "b1"]), min_size=1, max_size=5).map("/".join)
_ENDS = st.sampled_from(["", "/#"])
_SECRET = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)  # HMAC pads a key by zeros
_FILTER = st.builds(lambda levels, end: "/".join(levels) + end, st.lists(_LEVEL, min_size=1, max_size=4), _ENDS)


@given(allowed=_FILTER, asked=_FILTER, topic=_TOPIC)
def test_a_filter_that_is_granted_hears_no_topic_that_is_not(allowed: str, asked: str, topic: str) -> None:
    if covers(allowed, asked) and paho.topic_matches_sub(asked, topic):
        assert paho.topic_matches_sub(allowed, topic)


@given(allowed=_FILTER, topic=_TOPIC)
def test_topics_match_as_others_match_them(allowed: str, topic: str) -> None:
    if "#" not in allowed:  # "a/#" takes in "a", too, which we refuse: no rule of ours needs it
        assert covers(allowed, topic) == paho.topic_matches_sub(allowed, topic)


@given(password=_SECRET, other=_SECRET, salt=st.binary(min_size=12, max_size=12))
def test_a_secret_is_known_by_its_hash_alone(password: str, other: str, salt: bytes) -> None:
    secret = hashed(password, salt=salt)
    assert is_right(password, secret)
    assert is_right(other, secret) == (other == password)
    assert secret.startswith(f"$7${ITERATIONS}$")


@pytest.mark.parametrize(
    "secret", ["", "x", "$6$abc$def", "$7$x$AA==$AA==", "$7$0$AA==$AA==", "$7$101$!$AA==", "$7$1$AA==$"]
)
def test_what_is_no_hash_of_ours_is_nobodys_password(secret: str) -> None:
    assert not is_right("", secret)


def test_the_guides_own_rules_are_read_too_and_what_is_not_understood_is_named() -> None:
    guide = Path(__file__).parents[2] / "docs" / "guides" / "mosquitto.acl"
    access = read_access("hall:$7$101$AA==$AA==\n", guide.read_text())
    assert access.may_say("hall", f"{TOP}/gateway/hall/status")
    assert not access.may_say("hall", f"{TOP}/gateway/attic/status")
    assert not access.may_say("+", f"{TOP}/gateway/attic/status")
    for users, rules in (("x", ""), ("", "topic read x"), ("", "user a\nnonsense"), ("", "pattern read %c/x")):
        with pytest.raises(BrokerError, match="line"):
            read_access(users, rules)
    assert "AA==" not in repr(access)
