"""An app, its hub and a stop event in; pages by TLS, or on a loopback address, out, until the event is set."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from threading import Event

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from console.errors import ConsoleError
from console.hub import Hub

GRACE_S = 2
"""How long open requests may take to end; streams are told at once, and without a limit uvicorn waits for ever."""

REQUEST_S = 15.0
"""How long the rest of a request may take: tablets send a few kilobytes at once; twice as long on a connection that was
used before."""

CONNECTIONS_MOST = 800
"""At a time: 500 boards with a stream each, and what they ask meanwhile; most systems allow a process 1024 files."""


class _Protocol(H11Protocol):
    """HTTP that waits for no request for ever, so that whoever opens connections and says nothing, or half of it, uses
    up neither the files nor the memory that alerts need. An answer may take as long as it likes."""

    _waits: object = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MOST:
            transport.abort()
        else:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Hang up where the same request has been awaited since the last look."""
        state = self.conn.their_state
        waits = (state, self.cycle) if state in (h11.IDLE, h11.SEND_BODY) else None
        if waits is not None and waits == self._waits:
            self.transport.abort()
            return
        self._waits = waits
        self._timer = self.loop.call_later(REQUEST_S, self._look)


class _Server(uvicorn.Server):
    """uvicorn that ends with ``stop``, tells the hub first, and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config, *, hub: Hub | None, stop: Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._hub = hub
        self._stop = stop
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._hub is not None:
            self._hub.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(
    app: ASGIApp,
    *,
    hub: Hub | None,
    host: str,
    port: int,
    stop: Event,
    ready: Callable[[str], None] = lambda address: None,
    tls: ssl.SSLContext | None = None,
    shown: str = "",
    public: bool = False,
) -> None:
    """Serve ``app`` at ``host`` and ``port`` (0: any free one) until ``stop`` is set; then return within 3 s.

    ``ready`` is called once with the address of the board, from the serving thread: that of the name ``shown``, else of
    ``host``. Streams of ``hub`` end at once at the stop. ``tls`` is asked at each connection, so that it may change
    its certificate meanwhile. Raises ConsoleError where ``host`` is off this machine and there is no ``tls``, unless
    all of it is ``public``, and where the port is taken.
    """
    if tls is None and not (public or host == "localhost" or _is_loopback(host)):
        raise ConsoleError(f"without TLS the board is served on this machine only (127.0.0.1), not on {host!r}")
    try:
        listener = _listener(host, port)
    except OSError as error:
        raise ConsoleError(f"cannot serve the board on {host} port {port}: {error.strerror}; choose another") from error
    name = shown or host
    scheme = "http" if tls is None else "https"
    address = f"{scheme}://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}/"
    config = uvicorn.Config(
        app,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls,
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    with listener:
        _Server(config, hub=hub, stop=stop, ready=lambda: ready(address)).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    """Return what listens there; "::" is every address, those of IPv4 too, where this machine can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, dualstack_ipv6=both)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
