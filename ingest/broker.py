"""An embedded MQTT broker for one computer: nothing to install, loopback by default, quiet."""

import asyncio
import hmac
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import amqtt.errors
from amqtt.broker import Broker
from amqtt.contexts import BaseContext
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from ingest.errors import BrokerError


class OneUser(BaseAuthPlugin):  # type: ignore[misc]
    """Lets one user in. Sessions of a named user persist on this broker; anonymous ones would be dropped."""

    @dataclass
    class Config:
        """The user."""

        username: str = ""
        password: str = ""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._expected = (self.config.username, self.config.password)

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the session has the user's name and password."""
        said = (session.username or "", session.password or "")
        right = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(said, self._expected, strict=True)]
        return all(right) and bool(self._expected[1])


def run_broker(
    *,
    host: str,
    port: int,
    username: str,
    password: str,
    stop: threading.Event,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve one user until ``stop`` is set; ``started`` is called once it listens. Raises BrokerError where it cannot
    listen at ``host`` and ``port``.

    Not a place to keep readings: messages delivered and not yet acknowledged die with it (amqtt 0.12), which is why
    senders keep them until the service says that they are stored.
    """
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(_serve(host, port, username, password, stop, started))


async def _serve(
    host: str, port: int, username: str, password: str, stop: threading.Event, started: Callable[[], None]
) -> None:
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {f"{OneUser.__module__}.{OneUser.__name__}": {"username": username, "password": password}},
        }
    )
    try:
        await broker.start()
    except amqtt.errors.BrokerError as error:
        reason = error.__cause__ or error
        raise BrokerError(
            f"broker {host}:{port}: cannot listen: {reason}; stop whoever is there or choose another port"
        ) from error
    try:
        started()
        await asyncio.to_thread(stop.wait)
    finally:
        stop.set()
        await broker.shutdown()
