"""TCP connections in, each a host with its own controller on one air out: ``tcp-client:127.0.0.1:PORT`` to bumble."""

import asyncio
import logging
from typing import cast

from bumble.transport.common import ParserSource

from device_sim.errors import RadioError
from device_sim.radio.air import Air
from device_sim.radio.controller import RadioController

log = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"  # HCI is not protected: nobody else may speak it


class _Sink:
    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def on_packet(self, packet: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(packet)


class _Host(asyncio.Protocol):
    """One TCP connection that speaks H4 HCI."""

    def __init__(self, air: Air) -> None:
        self._air = air
        self._source = ParserSource()
        self._controller: RadioController | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sink = _Sink(cast(asyncio.WriteTransport, transport))
        self._controller = self._air.attach(source=self._source, sink=sink)
        log.info("%s is on the air", self._controller.name)

    def data_received(self, data: bytes) -> None:
        self._source.parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._controller is not None:
            log.info("%s has left the air", self._controller.name)
            self._controller.close()


async def serve(air: Air, *, port: int, host: str = LOOPBACK) -> asyncio.Server:
    """Listen; port 0 takes a free one (``server.sockets[0].getsockname()[1]``). Close the server to stop.

    Raises RadioError where the port cannot be had.
    """
    try:
        return await asyncio.get_running_loop().create_server(lambda: _Host(air), host, port)
    except OSError as error:
        raise RadioError(f"{host}:{port}: the radio cannot listen there: {error.strerror}; take another port") from None
