"""Web Push: what a device is given, which endpoints are refused, and how sure a failure is."""

import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alerts.channels import push
from alerts.channels.channel import Because, ChannelError, Message
from alerts.channels.push import PAYLOAD_MOST, Misaddressed, Push, Subscription, check_subscription, payload, public
from alerts.channels.shade import shade
from alerts.channels.vapid import TOKEN_S, KeyFault, Vapid
from alerts.delivery.matter import Priority
from tests.receivers import Behaviour, PushReceiver
from tests.servers import LONG_S, free_port, until

MakeMessage = Callable[..., Message]
CONTACT = "mailto:house@example.org"


class Devices:
    """The devices of one carer."""

    def __init__(self, *receivers: PushReceiver) -> None:
        self.all = [from_browser(each.subscription()) for each in receivers]

    def of(self, carer: str) -> list[Subscription]:
        """Those of ``carer``: Sam's."""
        return list(self.all) if carer == "sam" else []

    def remove(self, subscription: Subscription) -> None:
        """Forget one."""
        self.all.remove(subscription)


def from_browser(said: dict[str, Any]) -> Subscription:
    return Subscription(endpoint=said["endpoint"], **said["keys"])


@pytest.fixture(scope="module")
def vapid(tmp_path_factory: pytest.TempPathFactory) -> Vapid:
    return Vapid(tmp_path_factory.mktemp("keys") / "vapid.pem", contact=CONTACT)


@pytest.fixture
def phone(vapid: Vapid) -> Iterator[PushReceiver]:
    with PushReceiver(public_key=vapid.public_key) as receiver:
        yield receiver


@pytest.fixture
def tablet(vapid: Vapid) -> Iterator[PushReceiver]:
    with PushReceiver(public_key=vapid.public_key) as receiver:
        yield receiver


def pushing(devices: Devices, vapid: Vapid, *, device_s: float = LONG_S, answer_s: float = LONG_S) -> Push:
    return Push(devices, vapid, loopback=True, device_s=device_s, answer_s=answer_s)


def test_a_device_reads_what_was_written_and_the_service_learns_how_urgent_it_is(
    phone: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    pushing(Devices(phone), vapid).send(a_message())
    (got,) = phone.kept
    assert got.json()["body"] == "Somebody at Alder House may need you now."
    assert got.json()["link"].endswith("/take/t0ken")
    assert (got.about["urgency"], got.about["ttl"]) == ("high", "600")


def test_a_repeat_replaces_what_the_phone_has_not_shown_yet_and_is_known_as_one(
    phone: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    channel = pushing(Devices(phone), vapid)
    channel.send(a_message())
    channel.send(a_message(repeat=True))
    channel.send(a_message(matter_id="bea-2", message_id="bea-2/0/sam", priority=Priority.LOW))
    first, again, other = phone.kept
    assert first.about["topic"] == again.about["topic"] != other.about["topic"]
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert (first.json()["repeat"], again.json()["repeat"]) == (False, True)
    assert len(first.about["topic"]) == 32
    assert other.about["urgency"] == "low"


def test_neither_pseudonym_nor_carer_is_in_what_leaves(a_message: MakeMessage) -> None:
    said = payload(a_message())
    assert b"bea" not in said
    assert b"sam" not in said


def test_a_long_body_is_cut_and_not_refused_by_the_service(a_message: MakeMessage) -> None:
    assert len(payload(a_message(body='ä"' * 9_000))) <= PAYLOAD_MOST


def test_every_device_of_a_carer_is_told_and_one_that_fails_does_not_fail_the_others(
    phone: PushReceiver, tablet: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    phone.behave(Behaviour.REFUSE)
    pushing(Devices(phone, tablet), vapid).send(a_message())
    assert len(tablet.kept) == 1


def test_a_device_that_hangs_holds_the_other_up_no_longer_than_it_is_given(
    phone: PushReceiver, tablet: PushReceiver, vapid: Vapid, a_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())

    def telling() -> int:
        return sum(each.name == "channel" for each in set(threading.enumerate()) - before)

    def now_s() -> float:
        """What each is given has passed as soon as the phone alone is still being told."""
        if not telling():
            return 0.0
        until(lambda: telling() == 1)
        return 2 * LONG_S

    monkeypatch.setattr(push, "time", SimpleNamespace(monotonic=now_s, time=time.time))
    phone.behave(Behaviour.HANG)
    pushing(Devices(phone, tablet), vapid).send(a_message())
    assert len(tablet.kept) == 1


def test_a_subscription_that_has_ended_is_removed(
    phone: PushReceiver, tablet: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    phone.gone = True
    devices = Devices(phone, tablet)
    channel = pushing(devices, vapid)
    channel.send(a_message())
    assert devices.all == [from_browser(tablet.subscription())]
    tablet.gone = True
    with pytest.raises(ChannelError) as failure:
        channel.send(a_message())
    assert (failure.value.because, failure.value.certain) == (Because.GONE, True)
    assert devices.all == []


def failing(phone: PushReceiver, vapid: Vapid, message: Message, **given: float) -> ChannelError:
    with pytest.raises(ChannelError) as failure:
        pushing(Devices(phone), vapid, **given).send(message)
    return failure.value


def test_a_service_that_refuses_or_is_not_there_has_certainly_not_taken_it(
    phone: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    phone.behave(Behaviour.REFUSE)
    refused = failing(phone, vapid, a_message())
    phone.kill()
    away = failing(phone, vapid, a_message())
    assert (refused.because, refused.certain) == (Because.REFUSED, True)
    assert (away.because, away.certain) == (Because.UNREACHABLE, True)


def test_a_house_that_lost_its_key_is_told_what_to_do(
    phone: PushReceiver, tmp_path: Path, a_message: MakeMessage
) -> None:
    error = failing(phone, Vapid(tmp_path / "another.pem", contact=CONTACT), a_message())
    assert (error.because, error.certain) == (Because.REFUSED, True)
    assert "allow messages anew" in str(error)
    assert phone.got == ()


def test_a_service_that_does_not_answer_or_breaks_off_may_have_taken_it(
    phone: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    phone.behave(Behaviour.HANG)
    silent = failing(phone, vapid, a_message(), answer_s=0.2)
    given_up = failing(phone, vapid, a_message(), device_s=0.2)
    assert {silent.because, given_up.because} == {Because.SILENT}
    assert not silent.certain
    assert not given_up.certain


def test_a_service_that_breaks_off_after_it_was_told_may_have_taken_it(vapid: Vapid, a_message: MakeMessage) -> None:
    class BreaksOff(PushReceiver):
        def take(self, what: str, about: dict[str, str], where: str) -> bool:
            super().take(what, about, where)
            raise ConnectionAbortedError

    with BreaksOff() as phone:
        error = failing(phone, vapid, a_message())
    assert (error.because, error.certain) == (Because.UNREACHABLE, False)


def test_one_uncertain_device_makes_the_whole_uncertain(
    phone: PushReceiver, tablet: PushReceiver, vapid: Vapid, a_message: MakeMessage
) -> None:
    phone.behave(Behaviour.REFUSE)
    tablet.behave(Behaviour.HANG)
    with pytest.raises(ChannelError) as failure:
        pushing(Devices(phone, tablet), vapid, answer_s=0.2).send(a_message())
    assert not failure.value.certain


def test_whoever_has_no_device_is_an_unknown_receiver(vapid: Vapid, a_message: MakeMessage) -> None:
    with pytest.raises(ChannelError) as failure:
        pushing(Devices(), vapid).send(a_message(to="jo"))
    assert (failure.value.because, failure.value.certain) == (Because.UNKNOWN_RECEIVER, True)


def test_no_error_repeats_an_endpoint_or_a_key(phone: PushReceiver, vapid: Vapid, a_message: MakeMessage) -> None:
    device = from_browser(phone.subscription("/push/s3cret"))
    phone.kill()
    devices = Devices()
    devices.all = [device]
    with pytest.raises(ChannelError) as failure:
        pushing(devices, vapid).send(a_message())
    for secret in ("s3cret", str(phone.port), device.auth, device.p256dh):
        assert secret not in str(failure.value)
        assert secret not in repr(device)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/a",
        "https://10.0.0.1/a",
        "https://192.168.1.1/a",
        "https://169.254.169.254/latest",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://[fd00::1]/a",
        "https://127.0.0.1/a",
        "https://localhost/a",
        "https://printer/a",
        "https://printer.local/a",
        "https://user:word@push.example.org/a",
        "https://push.example.org:8443/a",
        "https:///a",
        "https://[bad/a",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_browser_cannot_make_us_call_into_the_house(phone: PushReceiver, endpoint: str) -> None:
    keys = phone.subscription()["keys"]
    with pytest.raises(Misaddressed) as refused:
        check_subscription(Subscription(endpoint=endpoint, **keys))
    assert not endpoint or endpoint not in str(refused.value)


def test_a_subscription_of_a_browser_is_taken(phone: PushReceiver) -> None:
    keys = phone.subscription()["keys"]
    check_subscription(Subscription(endpoint="https://updates.push.services.mozilla.com/wpush/v2/gAAA", **keys))


@pytest.mark.parametrize("broken", [{"p256dh": "AAAA"}, {"auth": ""}, {"p256dh": "ä"}, {"p256dh": ""}, {"auth": "A"}])
def test_a_subscription_whose_keys_are_none_is_refused(phone: PushReceiver, broken: dict[str, str]) -> None:
    keys = {**phone.subscription()["keys"], **broken}
    with pytest.raises(Misaddressed):
        check_subscription(Subscription(endpoint="https://push.example.org/a", **keys))


def test_a_name_that_leads_into_the_house_is_hung_up_on_before_a_word_is_said(
    phone: PushReceiver, vapid: Vapid, a_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a name is none that ``check_subscription`` can know."""
    port = free_port()
    with closing(socket.create_server(("127.0.0.1", port))) as inside:
        plain = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda _host, _port, *rest: plain("127.0.0.1", port, *rest))
        devices = Devices()
        devices.all = [from_browser({**phone.subscription(), "endpoint": "https://push.example.org/a"})]
        with pytest.raises(ChannelError) as failure:
            Push(devices, vapid, device_s=LONG_S).send(a_message())
        called, _ = inside.accept()
        with closing(called):
            called.settimeout(LONG_S)
            assert called.recv(1) == b""
    assert (failure.value.because, failure.value.certain) == (Because.REFUSED, True)


@pytest.mark.parametrize(
    ("address", "is_public"),
    [("8.8.8.8", True), ("2a00:1450::1", True), ("10.1.2.3", False), ("100.64.0.1", False), ("224.0.0.1", False)],
)
def test_which_addresses_are_the_internets(address: str, is_public: bool) -> None:
    assert public(address) is is_public


def test_the_key_is_made_at_first_use_for_its_owner_alone_and_is_the_same_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vapid.pem"
    first = Vapid(path, contact=CONTACT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vapid(path, contact=CONTACT).public_key == first.public_key
    assert len(first.public_key) == 87
    assert [each.name for each in path.parent.iterdir()] == ["vapid.pem"]


def test_a_key_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "vapid.pem"
    public_key = Vapid(path, contact=CONTACT).public_key
    path.chmod(0o644)
    assert Vapid(path, contact=CONTACT).public_key == public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_broken_key_is_refused_with_the_remedy_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vapid.pem"
    path.write_bytes(content)
    with pytest.raises(KeyFault, match="backup"):
        Vapid(path, contact=CONTACT)
    assert path.read_bytes() == content


def test_whom_to_write_to_must_be_an_address(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match="mailto:"):
        Vapid(tmp_path / "vapid.pem", contact="house@example.org")


def test_a_signature_is_made_anew_before_it_ends_and_when_the_clock_went_back(tmp_path: Path) -> None:
    vapid = Vapid(tmp_path / "vapid.pem", contact=CONTACT)
    first = vapid.authorization("https://push.example.org", now_s=1_000_000.0)
    assert vapid.authorization("https://push.example.org", now_s=1_000_010.0) == first
    assert vapid.authorization("https://other.example.org", now_s=1_000_010.0) != first
    assert vapid.authorization("https://push.example.org", now_s=1_000_000.0 + TOKEN_S) != first
    later = vapid.authorization("https://push.example.org", now_s=1_000_000.0 + TOKEN_S)
    assert vapid.authorization("https://push.example.org", now_s=1_000_000.0) != later


def test_a_pseudonym_cannot_be_read_from_what_stands_for_it() -> None:
    assert "bea" not in shade("bea-1")
    assert shade("bea-1") == shade("bea-1") != shade("bea-2")
