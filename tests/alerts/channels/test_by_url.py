"""Channels by Apprise URL: what arrives, what is refused beforehand, and how sure a failure is."""

import contextlib
import gzip
import io
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.by_url import ByUrl, check_url, why
from alerts.channels.channel import Because, ChannelError, Message
from tests.receivers import Behaviour, HttpReceiver, Receiver, SmtpReceiver
from tests.servers import LONG_S

MakeMessage = Callable[..., Message]


@pytest.fixture
def hook() -> Iterator[HttpReceiver]:
    with HttpReceiver() as receiver:
        yield receiver


@pytest.fixture
def post() -> Iterator[SmtpReceiver]:
    with SmtpReceiver() as receiver:
        yield receiver


def by(url: str, *, patience_s: float = LONG_S) -> ByUrl:
    return ByUrl({"sam": url}.get, patience_s=patience_s)


def failing(url: str, message: Message, *, patience_s: float = LONG_S) -> ChannelError:
    with pytest.raises(ChannelError) as failure:
        by(url, patience_s=patience_s).send(message)
    return failure.value


def json_url(hook: HttpReceiver) -> str:
    return f"json://sam:s3cret@{hook.address}/hook?cto={LONG_S}&rto={LONG_S}"


def mail_url(post: SmtpReceiver, to: str = "sam@example.org") -> str:
    return f"{post.url(to).partition('&cto=')[0]}&cto={LONG_S}&rto={LONG_S}"


def test_a_webhook_is_given_title_body_and_link(hook: HttpReceiver, a_message: MakeMessage) -> None:
    by(json_url(hook)).send(a_message())
    said = hook.kept[0].json()
    assert said["title"] == "Forecalm"
    assert said["message"].splitlines() == [
        "Somebody at Alder House may need you now.",
        "https://board.example.org/take/t0ken",
    ]
    assert said["type"] == "failure"


def test_somebody_has_it_is_told_as_a_success(hook: HttpReceiver, a_message: MakeMessage) -> None:
    by(json_url(hook)).send(a_message(over=True))
    assert hook.kept[0].json()["type"] == "success"


def test_an_e_mail_arrives(post: SmtpReceiver, a_message: MakeMessage) -> None:
    by(mail_url(post)).send(a_message())
    (mail,) = post.kept
    assert mail.where == "sam@example.org"
    assert "Subject: Forecalm" in mail.what


def test_ntfy_is_given_its_topic(hook: HttpReceiver, a_message: MakeMessage) -> None:
    by(f"ntfy://{hook.address}/house?priority=max&cto={LONG_S}&rto={LONG_S}").send(a_message())
    assert hook.kept[0].json()["topic"] == "house"
    assert hook.kept[0].about["x-priority"] == "max"


def test_the_address_is_the_one_that_the_rules_have_when_a_message_goes(
    hook: HttpReceiver, a_message: MakeMessage
) -> None:
    addresses = {"sam": "json://127.0.0.1:1/old"}
    channel = ByUrl(addresses.get, patience_s=LONG_S)
    addresses["sam"] = json_url(hook)
    channel.send(a_message())
    assert len(hook.kept) == 1


def test_whoever_has_no_address_is_an_unknown_receiver(a_message: MakeMessage) -> None:
    with pytest.raises(ChannelError) as failure:
        ByUrl({"sam": ""}.get).send(a_message())
    assert (failure.value.because, failure.value.certain) == (Because.UNKNOWN_RECEIVER, True)


def urls(receiver: Receiver) -> str:
    return mail_url(receiver) if isinstance(receiver, SmtpReceiver) else json_url(receiver)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [HttpReceiver, SmtpReceiver])
def test_a_service_that_says_no_or_is_not_there_has_certainly_not_taken_it(
    kind: type[Receiver], a_message: MakeMessage
) -> None:
    with kind(Behaviour.REFUSE) as receiver:
        refused = failing(urls(receiver), a_message())
        receiver.kill()
        away = failing(urls(receiver), a_message())
    assert (refused.because, refused.certain) == (Because.REFUSED, True)
    assert (away.because, away.certain) == (Because.UNREACHABLE, True)


@pytest.mark.parametrize("kind", [HttpReceiver, SmtpReceiver])
def test_a_service_that_hangs_may_have_taken_it(kind: type[Receiver], a_message: MakeMessage) -> None:
    with kind(Behaviour.HANG) as receiver:
        given_up = failing(urls(receiver), a_message(), patience_s=0.5)
    assert (given_up.because, given_up.certain) == (Because.SILENT, False)


def test_a_service_that_answers_too_late_may_have_taken_it(hook: HttpReceiver, a_message: MakeMessage) -> None:
    hook.behave(Behaviour.HANG)
    silent = failing(f"json://{hook.address}?rto=0.2", a_message())
    assert (silent.because, silent.certain) == (Because.SILENT, False)


def test_one_of_several_receivers_that_failed_is_never_certain(post: SmtpReceiver, a_message: MakeMessage) -> None:
    post.behave(Behaviour.REFUSE)
    refused = failing(mail_url(post, "sam@example.org,jo@example.org"), a_message())
    assert not refused.certain


def test_a_failure_that_nobody_understands_is_uncertain() -> None:
    assert not why(["something else"], receivers=1).certain
    assert not why([], receivers=1).certain


def test_a_text_about_errors_is_not_taken_for_one() -> None:
    assert not why(["JSON Payload: {'message': 'error=403 Connection refused'}"], receivers=1).certain
    assert not why(["error=500", "Response Details:\r\nConnection refused by 10.0.0.1"], receivers=1).certain


@given(
    st.text(max_size=40), st.sampled_from(["", "json://", "ntfys://", "tgram://", "mailto://", "https://", "twilio://"])
)
def test_any_text_is_taken_or_refused_and_never_repeated(text: str, before: str) -> None:
    wrong = check_url(before + text)
    assert wrong is None or len(text) < 12 or text not in wrong


def test_two_messages_at_once_are_not_taken_for_each_other(hook: HttpReceiver, a_message: MakeMessage) -> None:
    """Both are told apart by Apprise's log, which is one."""
    with HttpReceiver(Behaviour.REFUSE) as other:
        urls_by_name = {"sam": json_url(hook), "jo": json_url(other), "kim": "json://127.0.0.1:1"}
        channel = ByUrl(urls_by_name.get, patience_s=LONG_S)

        def became(to: str) -> tuple[Because, bool] | None:
            try:
                channel.send(a_message(to=to))
            except ChannelError as error:
                return error.because, error.certain
            return None

        with ThreadPoolExecutor(12) as threads:
            said = list(threads.map(became, ["sam", "jo", "kim"] * 8))
    assert said == [None, (Because.REFUSED, True), (Because.UNREACHABLE, True)] * 8


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("", "mailtos://"),
        ("not a url", "mailtos://"),
        ("json://", "write service://"),
        ("nfty://s3cret/t", "did you mean ntfy://?"),
        ("s3cret://x", "appriseit.com"),
        ("tgram://s3cret", "{bot_token}"),
        ("http://s3cret.example.org", "json://"),
        ("syslog://s3cret", "on the server itself"),
        ("json://s3cret@h/?optional=yes", "take it out"),
        ("json://s3cret@h/?retry=3", "take it out"),
        ("jsons://s3cret@h/?verify=no", "take it out"),
    ],
)
def test_a_bad_url_is_refused_with_the_remedy_and_without_its_secrets(url: str, remedy: str) -> None:
    wrong = check_url(url)
    assert wrong is not None
    assert remedy in wrong
    assert "s3cret" not in wrong


@pytest.mark.parametrize(
    "url",
    [
        "mailtos://user:word@example.org",
        "ntfys://ntfy.example.org/topic",
        "tgram://123456789:abcdefg_hijklmnop/12345",
        "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551234567/15557654321",
        "https://discord.com/api/webhooks/123456789012345678/" + "a" * 64,
    ],
)
def test_a_good_url_is_taken(url: str) -> None:
    assert check_url(url) is None


def test_a_bad_url_fails_before_anything_is_sent(a_message: MakeMessage) -> None:
    error = failing("json://sam:s3cret@h/?retry=3", a_message())
    assert (error.because, error.certain) == (Because.REFUSED, True)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("behaviour", [Behaviour.TAKE, Behaviour.REFUSE])
def test_neither_keys_nor_texts_get_into_the_log(
    hook: HttpReceiver, a_message: MakeMessage, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour
) -> None:
    """As a service has it that logs everything; pytest's own capture listens to loggers that tell nobody, too."""
    log, house = io.StringIO(), logging.getLogger()
    monkeypatch.setattr(house, "handlers", [logging.StreamHandler(log)])
    monkeypatch.setattr(house, "level", house.level)  # and is so again
    house.setLevel(logging.DEBUG)  # which forgets what was asked before
    hook.behave(behaviour)
    with contextlib.suppress(ChannelError):
        by(json_url(hook)).send(a_message())
    house.debug("the end")
    for secret in ("s3cret", "Alder House", "t0ken", "/hook"):
        assert secret not in log.getvalue()
    assert "the end" in log.getvalue()


def test_a_redirect_is_not_followed(hook: HttpReceiver, a_message: MakeMessage) -> None:
    class Elsewhere(HttpReceiver):
        no = 307

    with Elsewhere(Behaviour.REFUSE) as elsewhere:
        elsewhere.headers["Location"] = hook.url
        failing(json_url(elsewhere), a_message())
    assert hook.got == ()


def test_nobody_loads_apprise_who_sends_nothing() -> None:
    code = (
        "import sys, alerts.channels.by_url, alerts.channels.push, alerts.channels.mqtt;"
        "print({'apprise', 'pywebpush', 'aiohttp', 'requests'} & sys.modules.keys())"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


@pytest.mark.parametrize("url", ["gio://[::1", "json://h/\ud800"])
def test_an_address_at_which_a_service_fails_itself_is_refused_as_any_other(url: str) -> None:
    assert "is built as" in (check_url(url) or "")


@contextlib.contextmanager
def answering(head: bytes, each: bytes) -> Iterator[tuple[str, list[int], threading.Event]]:
    """A service that begins with ``head`` and goes on with ``each`` for good: its URL, how many bytes of that went, and
    whether somebody hung up."""
    went, ended = [0], threading.Event()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            while not ended.wait(0.01 if len(each) == 1 else 0.0):
                connection.sendall(each)
                went[0] += len(each)
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        try:
            yield f"json://127.0.0.1:{listener.getsockname()[1]}/hook?cto={LONG_S}&rto={LONG_S}", went, ended
        finally:
            ended.set()


@pytest.mark.parametrize("how", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_an_answer_without_an_end_is_not_read_to_its_end(how: bytes, a_message: MakeMessage) -> None:
    piece = b"x" * 65536 if how == b"\r\n" else b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with answering(b"HTTP/1.1 200 OK\r\n" + how, piece) as (url, went, ended):
        failed = failing(url, a_message())
        assert (failed.because, failed.certain) == (Because.UNREACHABLE, False)
        assert ended.wait(LONG_S)
        assert went[0] < 32 << 20  # what the network holds, and no more


def test_an_answer_that_unfolds_to_much_more_than_it_is_is_not_unfolded(a_message: MakeMessage) -> None:
    packed = 200 * gzip.compress(bytes(1 << 20))  # one behind the other are one
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with answering(head, packed) as (url, *_):
        assert not failing(url, a_message()).certain


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_for_ever_is_given_up_and_its_thread_ends(head: bytes, a_message: MakeMessage) -> None:
    with answering(head, b"x") as (url, _, ended):
        assert failing(url, a_message(), patience_s=0.3).because is Because.SILENT
        assert ended.wait(LONG_S)


def test_only_what_services_answer_is_bounded() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536) as (url, *_):
        answer = urllib3.request("GET", url.replace("json", "http"), preload_content=False, retries=False)
        assert len(answer.read(4 << 20)) == 4 << 20
        answer.close()
