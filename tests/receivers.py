"""Services that tests send to on loopback: how each is to behave in, what it was given out.

Each receiver is a context manager: a server in threads of this process, on the same port until it is left.

    with HttpReceiver() as ntfy:
        ...send to ntfy.url...
        ntfy.behave(Behaviour.HANG)
        ntfy.kill()      # nobody listens there any more
        ntfy.revive()
    ntfy.got             # what has arrived, in its order, whatever was answered
    ntfy.kept            # of these, what was passed on to whoever it was for

Behaviour: TAKE says yes and passes on; REFUSE says no and does not; HANG answers nothing; DROP says yes and passes
nothing on (a lie); DENY passes on and says no (a lie). Safe to use from many threads.
"""

import base64
import contextlib
import http.server
import json
import os
import socket
import socketserver
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from tests.servers import free_port, until


class Behaviour(StrEnum):
    """What a receiver does with what it is given."""

    TAKE = "take"
    REFUSE = "refuse"
    HANG = "hang"
    DROP = "drop"
    DENY = "deny"


YES = (Behaviour.TAKE, Behaviour.DROP)
PASSES_ON = (Behaviour.TAKE, Behaviour.DENY)


@dataclass(frozen=True, slots=True)
class Got:
    """One thing that arrived: ``what`` is its text, ``about`` the headers (HTTP) or the envelope (SMTP); ``where`` is
    the path, or the receivers of an e-mail."""

    what: str
    about: dict[str, str]
    where: str
    kept: bool

    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """``what``, where it is JSON."""
        return json.loads(self.what)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    receiver: "Receiver"

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hung up, or was hung up on: nothing to tell."""


class Receiver:
    """A service of no kind yet: see the module."""

    handler: ClassVar[type[socketserver.BaseRequestHandler]]

    def __init__(self, behaviour: Behaviour = Behaviour.TAKE) -> None:
        self.port = free_port()
        self.behaviour = behaviour
        self._lock = threading.Lock()
        self._got: list[Got] = []
        self._released = threading.Event()  # whoever hangs may go
        self._connections: set[socket.socket] = set()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.revive()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def got(self) -> tuple[Got, ...]:
        """All that arrived whole."""
        with self._lock:
            return tuple(self._got)

    @property
    def kept(self) -> tuple[Got, ...]:
        """What was passed on to whoever it was for."""
        return tuple(each for each in self.got if each.kept)

    def wait_for(self, number: int) -> tuple[Got, ...]:
        """Return all that arrived once it is ``number`` at least; fail where it never is."""
        until(lambda: len(self.got) >= number, f"{len(self.got)} of {number} arrived")
        return self.got

    def behave(self, behaviour: Behaviour) -> None:
        """Behave so from the next message on; whoever hangs is hung up on."""
        with self._lock:
            self.behaviour = behaviour
            released, self._released = self._released, threading.Event()
        released.set()

    def kill(self) -> None:
        """Go away as a process does that is killed: connections end, nobody listens."""
        self.behave(self.behaviour)
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def revive(self) -> None:
        """Listen again, at the same port; what had arrived is still there."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self.port), self.handler)
            self._server.receiver = self
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def began(self, connection: socket.socket, server: _Server) -> None:
        """Somebody has called; for handlers. Whoever called just before it was killed is hung up on, too."""
        with self._lock:
            self._connections.add(connection)
        if server is not self._server:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def take(self, what: str, about: dict[str, str], where: str) -> bool:
        """Note what arrived, and say whether to say yes; raises ConnectionError after hanging. For handlers."""
        with self._lock:
            behaviour, released = self.behaviour, self._released
            self._got.append(Got(what, about, where, kept=behaviour in PASSES_ON))
        if behaviour is Behaviour.HANG:
            released.wait()
            raise ConnectionAbortedError
        return behaviour in YES


class _Http(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.receiver.began(self.connection, self.server)

    def do_POST(self) -> None:
        receiver = self.server.receiver
        assert isinstance(receiver, HttpReceiver)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        about = {key.lower(): value for key, value in self.headers.items()}
        status = receiver.answer(body, about, self.path)
        said = b"{}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    do_PUT = do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class HttpReceiver(Receiver):
    """Takes whatever is posted, put or got over HTTP: a webhook, ntfy, a service that waits for pings."""

    handler = _Http
    yes = 200
    no = 403

    def __init__(self, behaviour: Behaviour = Behaviour.TAKE) -> None:
        super().__init__(behaviour)
        self.headers: dict[str, str] = {}  # of each answer

    @property
    def address(self) -> str:
        """``127.0.0.1:port``, for URLs: ``f"json://{address}/path"``, ``f"ntfy://{address}/topic"``."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its address over HTTP."""
        return f"http://{self.address}"

    def answer(self, body: bytes, about: dict[str, str], path: str) -> int:
        """The status for what was sent."""
        return self.yes if self.take(body.decode(), about, path) else self.no


class PushReceiver(HttpReceiver):
    """A push service and the browser behind it: checks who sends (VAPID) and decrypts. What is no proper message is
    answered with 400 or 401 and not taken. ``gone`` answers 410: its user has withdrawn the permission.

    ``public_key`` is the ``applicationServerKey`` that subscriptions were made with; "" believes any.
    """

    yes = 201

    def __init__(self, behaviour: Behaviour = Behaviour.TAKE, *, public_key: str = "") -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        super().__init__(behaviour)
        self.public_key = public_key
        self.gone = False
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    def subscription(self, path: str = "/push/a") -> dict[str, Any]:
        """What a browser's ``PushSubscription.toJSON()`` would say."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": f"{self.url}{path}", "keys": {"p256dh": unpadded(point), "auth": unpadded(self._auth)}}

    def answer(self, body: bytes, about: dict[str, str], path: str) -> int:
        """The status for what was sent."""
        import http_ece

        if self.gone:
            return 410
        if not self._is_signed(about.get("authorization", "")):
            return 401
        try:
            text = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm").decode()
        except (http_ece.ECEException, ValueError):
            return 400
        return self.yes if self.take(text, about, path) else self.no

    def _is_signed(self, authorization: str) -> bool:
        """Whether it is a VAPID token for this service by the key of the subscription (RFC 8292)."""
        from py_vapid import Vapid02

        scheme, _, rest = authorization.partition(" ")
        fields = dict(each.strip().split("=", 1) for each in rest.split(",") if "=" in each)
        if scheme.lower() != "vapid" or fields.keys() != {"t", "k"}:
            return False
        claims = json.loads(padded(fields["t"].split(".")[1]))
        return (
            claims["aud"] == self.url
            and str(claims["sub"]).startswith(("mailto:", "https:"))
            and bool(Vapid02.verify(authorization))
            and self.public_key in ("", fields["k"].rstrip("="))
        )


def unpadded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def padded(text: str) -> bytes:
    """What base64url without padding says."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Smtp(socketserver.StreamRequestHandler):
    """RFC 5321 as far as a client of ours goes."""

    server: _Server

    def handle(self) -> None:
        receiver = self.server.receiver
        receiver.began(self.connection, self.server)
        self._say("220 receiver")
        to: list[str] = []
        sender = ""
        while line := self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n"):
            verb = line[:4].upper()
            if verb in ("HELO", "EHLO"):
                self._say("250 receiver")
            elif verb == "MAIL":
                sender, to = line[10:], []
                self._say("250 yes")
            elif verb == "RCPT":
                to.append(line[8:].strip("<>"))
                self._say("250 yes")
            elif verb == "DATA":
                self._say("354 go on")
                yes = receiver.take(self._text(), {"from": sender}, ",".join(to))
                self._say("250 yes" if yes else "554 no")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes" if verb in ("RSET", "NOOP") else "502 no")

    def _text(self) -> str:
        lines: list[str] = []
        while (line := self.rfile.readline()) and line != b".\r\n":
            lines.append(line.decode().removeprefix("."))
        return "".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class SmtpReceiver(Receiver):
    """An e-mail server."""

    handler = _Smtp

    def url(self, to: str = "sam@example.org") -> str:
        """An Apprise URL of ``to`` by this server."""
        return f"mailto://127.0.0.1:{self.port}?smtp=127.0.0.1&mode=insecure&from=house@example.org&to={to}&cto=2&rto=2"
