"""The name of a real adapter in, its transport out; whatever goes wrong with one is told with its name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bumble.transport import open_transport
from bumble.transport.common import Transport

from device_sim.errors import RadioError

OPEN_S: Final = (
    10.0  # as gateways wait: a controller answers in milliseconds, a USB adapter may load its firmware first
)


@asynccontextmanager
async def answering(adapter: str) -> AsyncIterator[None]:
    """Whatever is done with an adapter in here is done within ``OPEN_S``, or RadioError names the adapter."""
    try:
        async with asyncio.timeout(OPEN_S):
            yield
    except Exception as error:  # each transport has errors of its own
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        raise RadioError(
            f"hci: {adapter}: cannot be opened: {reason}; name one as usb:0 or tcp-client:HOST:PORT"
        ) from error


async def opened(adapter: str) -> Transport:
    """Open it; raises RadioError where it cannot be."""
    async with answering(adapter):
        return await open_transport(adapter)
