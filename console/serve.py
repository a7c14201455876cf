"""An app, its hub and a stop event in; pages on a loopback address out, until the event is set."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from threading import Event

import h11
import uvicorn
from fastapi import FastAPI
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

    def __init__(self, config: uvicorn.Config, *, hub: Hub, stop: Event, ready: Callable[[], None]) -> None:
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
        self._hub.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(
    app: FastAPI,
    *,
    hub: Hub,
    host: str,
    port: int,
    stop: Event,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve ``app`` at ``host`` and ``port`` (0: any free one) until ``stop`` is set; then return within 3 s.

    ``ready`` is called once with the address of the board, from the serving thread. Streams end at once at the stop.
    Raises ConsoleError unless ``host`` is a loopback address, because there are no accounts yet, and where the port is
    taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if host != "localhost" and not _is_loopback(host):
        raise ConsoleError(
            f"the board has no accounts yet, so it is served on loopback only (127.0.0.1), not on {host!r}"
        )
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConsoleError(f"cannot serve the board on {host} port {port}: {error.strerror}; choose another") from error
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    config = uvicorn.Config(
        app,
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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
