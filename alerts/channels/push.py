"""A message in; it is encrypted for each device of a carer and handed to the devices' push services (Web Push) out.

RFC 8030 (delivery), 8291 (encryption), 8292 (VAPID: who sends). The push service sees when a message goes to which
device, how urgent it is, and an id that stands for the matter; what it says only the device can read. What a device is
given carries neither pseudonym nor matter's id: ``tag`` stands for the matter.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError

from alerts.channels.channel import Because, ChannelError, Message
from alerts.channels.patience import Patience, Underway
from alerts.channels.saying import titled
from alerts.channels.shade import shade
from alerts.channels.vapid import Vapid
from alerts.delivery.matter import Priority
from alerts.errors import AlertError

CONNECT_S: Final = 3.0  # a service that takes longer is no help within the seconds that count
ANSWER_S: Final = 5.0
DEVICE_S: Final = 10.0  # for one device in all: a service that drips its answer is given up on
DEVICES_MOST: Final = 20  # of one carer; more are forgotten phones
PAYLOAD_MOST: Final = 3_993  # bytes that every push service takes (RFC 8291, 4)
URGENCY: Final = {Priority.HIGH: "high", Priority.MEDIUM: "normal", Priority.LOW: "low"}
# Seconds for which a service keeps a message for a phone without a network: an alert older than that is over or has
# been told to somebody else; it is sent again and again meanwhile.
TTL_S: Final = {Priority.HIGH: 600, Priority.MEDIUM: 3_600, Priority.LOW: 12 * 3_600}
GONE: Final = (404, 410)
NOT_US: Final = (401, 403)
NOT_TAKEN: Final = (429, 500, 503)  # beside 4xx: said by the service itself, which kept nothing


class Misaddressed(AlertError):
    """What a browser gave is no subscription that may be sent to; says what would be right, never the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where one browser is reached, as its ``PushSubscription.toJSON()`` says. ``endpoint`` is a secret: who has it and
    the keys can write to the device."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


class Device(Protocol):
    """What a push service is told; see ``Subscription``, and the registry's own."""

    @property
    def endpoint(self) -> str: ...
    @property
    def p256dh(self) -> str: ...
    @property
    def auth(self) -> str: ...


class Subscriptions(Protocol):
    """The devices on which carers have allowed messages."""

    def of(self, carer: str) -> Sequence[Device]:
        """Those of ``carer``, the newest last; () where there are none."""
        ...

    def remove(self, device: Device) -> None:
        """Forget one that has ended; no matter if it is forgotten already."""
        ...


def check_subscription(subscription: Device, *, loopback: bool = False) -> None:
    """Raise Misaddressed where ``subscription`` may not be sent to. ``loopback`` allows this machine (tests).

    It comes from a browser, and would have us call any address: none but https, no address inside the house. A name
    that leads inside is found when it is called: see ``Push``.
    """
    try:
        url = urlsplit(subscription.endpoint)
        port = url.port
    except ValueError:
        raise Misaddressed("endpoint: is no URL: send what the browser's pushManager gave") from None
    if loopback and _is_loopback(url.hostname or ""):
        pass
    elif url.scheme != "https" or not url.hostname or url.username or url.password or port not in (None, 443):
        raise Misaddressed("endpoint: must be https://host/… without user or port, as browsers give it")
    elif _is_inside(url.hostname):
        raise Misaddressed("endpoint: leads into the house: push services are on the internet")
    _pusher(subscription)


def _pusher(subscription: Device) -> Callable[[bytes], bytes]:
    """What encrypts for the device. Raises Misaddressed where its keys are none."""
    from pywebpush import WebPusher, WebPushException

    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    try:
        pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
        pusher.encode(b"?")
    except (WebPushException, ValueError, IndexError):
        raise Misaddressed("keys: p256dh and auth must be those that the browser's pushManager gave") from None
    return lambda text: bytes(pusher.encode(text)["body"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_inside(host: str) -> bool:
    """Whether ``host``, an address or a name, is known to be none of the internet's without asking anybody."""
    try:
        return not public(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan", ".home.arpa"))


def public(address: str) -> bool:
    """Whether an IP address is the internet's. Raises ValueError where it is no address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)  # ::ffff:10.0.0.1 is 10.0.0.1
    ip = mapped or ip
    return ip.is_global and not ip.is_multicast


class _Inside(HTTPError):
    """The name leads to an address inside the house."""


class _PublicOnly(HTTPSConnection):
    """Hangs up on an address inside the house before a word is said. A name may lead anywhere, and elsewhere the next
    time it is asked: so the address judged is the one that has answered."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if not public(sock.getpeername()[0]):
            sock.close()
            raise _Inside("leads into the house")
        return sock


class _PublicPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicOnly


class Push:
    """The channel "push". ``loopback`` sends to this machine too, without TLS (tests). ``device_s``: see ``DEVICE_S``.

    Goes straight to the services: a proxy that the environment names is not taken, since it would hide which address
    answers.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        vapid: Vapid,
        *,
        loopback: bool = False,
        connect_s: float = CONNECT_S,
        answer_s: float = ANSWER_S,
        device_s: float = DEVICE_S,
    ) -> None:
        self._subscriptions = subscriptions
        self._vapid = vapid
        self._loopback = loopback
        self._patience = Patience(device_s)
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=connect_s, read=answer_s), retries=False, maxsize=DEVICES_MOST
        )
        if not loopback:
            self._http.pool_classes_by_scheme = {"https": _PublicPool}

    def send(self, message: Message) -> None:
        """Send ``message`` to each device of its receiver at the same time; return when one service has taken it.

        Raises ChannelError where none has. It is certain only where each device's is. A subscription that has ended is
        removed.
        """
        devices = list(self._subscriptions.of(message.to))[-DEVICES_MOST:]
        if not devices:
            raise ChannelError(Because.UNKNOWN_RECEIVER, "no device of theirs allows messages", certain=True)
        text = payload(message)
        until_s = time.monotonic() + self._patience.most_s
        failures: list[ChannelError] = []
        begun: list[tuple[Device, Underway]] = []
        for device in devices:
            try:
                begun.append((device, self._patience.begin(partial(self._to, device, message, text))))
            except ChannelError as error:
                failures.append(error)
        for device, underway in begun:
            try:
                underway.result(until_s - time.monotonic())
            except ChannelError as error:
                failures.append(error)
                if error.because is Because.GONE:
                    self._subscriptions.remove(device)
        if len(failures) == len(devices):
            raise _together(failures)

    def _to(self, device: Device, message: Message, text: bytes) -> None:
        try:
            check_subscription(device, loopback=self._loopback)
        except Misaddressed as error:
            raise ChannelError(Because.REFUSED, str(error), certain=True) from None
        url = urlsplit(device.endpoint)
        headers = {
            "TTL": str(TTL_S[message.priority]),
            "Urgency": URGENCY[message.priority],
            "Topic": shade(message.matter_id),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._vapid.authorization(_origin(url), now_s=time.time()),
        }
        body = _pusher(device)(text)
        try:
            answer = self._http.request(
                "POST", device.endpoint, body=body, headers=headers, redirect=False, preload_content=False
            )
        except HTTPError as error:
            raise _failure(error) from None
        answer.close()  # what else it says is of no use, and may have no end
        _judge(answer.status)


def payload(message: Message) -> bytes:
    """What the device is given: JSON of ``id`` (the same for a repeat), ``tag`` (the same for one matter), ``at_s``,
    ``kind``, ``priority``, ``title``, ``body``, ``link``, ``repeat``, ``over``. A body too long is cut."""
    said = {
        "id": shade(message.message_id),
        "tag": shade(message.matter_id),
        "at_s": message.at_s,
        "kind": message.kind,
        "priority": message.priority,
        "title": titled(message),
        "body": message.body,
        "link": message.link,
        "repeat": message.repeat,
        "over": message.over,
    }
    text = json.dumps(said, ensure_ascii=False).encode()
    while len(text) > PAYLOAD_MOST and said["body"]:
        said["body"] = str(said["body"])[: -max(1, (len(text) - PAYLOAD_MOST) // 6)]
        text = json.dumps(said, ensure_ascii=False).encode()
    return text


def _origin(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc}"


def _judge(status: int) -> None:
    """Raise ChannelError where ``status`` is not that a push service has taken the message."""
    if status in GONE:
        raise ChannelError(Because.GONE, "the browser has ended its subscription", certain=True)
    if status in NOT_US:
        raise ChannelError(
            Because.REFUSED,
            f"the push service answered {status}: it may know this house by another key; put the key file back from"
            " the backup, or allow messages anew in that browser",
            certain=True,
        )
    if not 200 <= status < 300:
        certain = 300 <= status < 500 or status in NOT_TAKEN
        raise ChannelError(Because.REFUSED, f"the push service answered {status}", certain=certain)


def _failure(error: HTTPError) -> ChannelError:
    """What went wrong, and whether anything was said before it did."""
    match error:
        case _Inside():
            return ChannelError(Because.REFUSED, "the endpoint leads into the house", certain=True)
        case ConnectTimeoutError() | NewConnectionError():
            return ChannelError(Because.UNREACHABLE, "the push service does not answer", certain=True)
        case SSLError():
            return ChannelError(Because.UNREACHABLE, "the push service's certificate is not trusted", certain=True)
        case ReadTimeoutError():
            return ChannelError(Because.SILENT, "the push service may have taken it", certain=False)
    return ChannelError(Because.UNREACHABLE, "the push service broke off; it may have taken it", certain=False)


def _together(failures: Sequence[ChannelError]) -> ChannelError:
    """One failure for all devices: the first that leaves hope, or else the first."""
    told = next((failure for failure in failures if not failure.certain), failures[0])
    devices = f" (each of {len(failures)} devices failed)" if len(failures) > 1 else ""
    detail = str(told).partition(": ")[2]
    return ChannelError(told.because, detail + devices, certain=told.certain)
