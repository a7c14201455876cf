"""An app, its hub and a stop event in; pages by TLS, or on a loopback address, out, until the event is set."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Event

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from console.errors import ConsoleError
from console.hub import Hub

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

GRACE_S = 2
"""How long open requests may take to end; streams are told at once. Then whoever is still there is hung up on: whoever
reads no answer would be waited for, for ever."""

ENDING_S = 1
"""How long what is left of a request may take to end when nobody is there any more; then uvicorn cancels it."""

REQUEST_S = 15.0
"""How long the rest of a request may take: tablets send a few kilobytes at once; twice as long on a connection that was
used before."""

CONNECTIONS_MOST = 800
"""At a time: 500 boards with a stream each, and what they ask meanwhile. Whoever comes then takes the place of who has
said nothing for longest: connections that are kept open, and nothing else, keep no board out."""

SHAKING_MOST = 512
"""Connections on which TLS does not stand yet: as many as boards that come back all at once. Then the oldest goes: one
that stands asks for something within milliseconds."""

FILES = 4096
"""Which a process may have open, where the system lets it say so: most begin with 1024, which these could use up."""


class Listener(socket.socket):
    """Listens in the place of ``plain``, and hangs up on the oldest of more than ``shaking_most`` connections for which
    nobody said that they stand: a protocol hears of a connection only when TLS does."""

    def __init__(self, plain: socket.socket, *, shaking_most: int = SHAKING_MOST) -> None:
        super().__init__(fileno=plain.detach())
        self._shaking: OrderedDict[int, socket.socket] = OrderedDict()
        self._most = shaking_most

    def accept(self) -> tuple[socket.socket, object]:
        """See ``socket.socket.accept``."""
        connection, address = super().accept()
        self._shaking[connection.fileno()] = connection
        self._shaking.move_to_end(connection.fileno())  # a number that was another's before
        if len(self._shaking) > self._most:
            oldest = self._shaking.popitem(last=False)[1]
            with contextlib.suppress(OSError):  # gone already
                oldest.shutdown(socket.SHUT_RDWR)
        return connection, address

    def stands(self, number: int) -> None:
        """Say that the connection of that file number stands."""
        self._shaking.pop(number, None)


class _Protocol(H11Protocol):
    """HTTP that waits for no request for ever, so that whoever opens connections and says nothing, or half of it, uses
    up neither the files nor the memory that alerts need. An answer may take as long as it likes."""

    listener: Listener | None = None
    _waits: object = None
    _timer: asyncio.TimerHandle | None = None
    _idle_s = 0.0  # since when nothing is answered here, by the loop's clock

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._idle_s = self.loop.time()
        if self.listener is not None:
            self.listener.stands(transport.get_extra_info("socket").fileno())
        if len(self.connections) > CONNECTIONS_MOST and not self._make_room():
            transport.abort()
        else:
            self._look()

    def on_response_complete(self) -> None:
        self._idle_s = self.loop.time()
        super().on_response_complete()

    def _make_room(self) -> bool:
        """Hang up on who has said nothing for longest, or else on who does not read what they asked for; return whether
        there was anybody."""
        others = [
            each
            for each in self.connections
            if isinstance(each, _Protocol) and each is not self and not each.transport.is_closing()
        ]
        silent = [each for each in others if each.conn.their_state in (h11.IDLE, h11.SEND_BODY)]
        found = silent or [each for each in others if each.flow.write_paused]
        if found:
            min(found, key=lambda each: each._idle_s).transport.abort()
        return bool(found)

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
        hang_up = asyncio.get_running_loop().call_later(GRACE_S, self._hang_up)
        await super().shutdown(sockets)
        hang_up.cancel()

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

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
    _allow_files()
    try:
        listener = Listener(_listener(host, port))
    except OSError as error:
        raise ConsoleError(f"cannot serve the board on {host} port {port}: {error.strerror}; choose another") from error
    name = shown or host
    scheme = "http" if tls is None else "https"
    address = f"{scheme}://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}/"
    config = uvicorn.Config(
        app,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls,
        http=type("_Protocol", (_Protocol,), {"listener": listener}),
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S + ENDING_S,
    )
    with listener:
        _Server(config, hub=hub, stop=stop, ready=lambda: ready(address)).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    """Return what listens there; "::" is every address, those of IPv4 too, where this machine can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, dualstack_ipv6=both)


def _allow_files() -> None:
    """Let this process have ``FILES`` open, where it may say so and may not yet."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
