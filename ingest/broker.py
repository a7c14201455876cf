"""An embedded MQTT broker: nothing to install, loopback by default, quiet; each user may do what its rules say.

amqtt 0.12 leaves three doors open, which are shut here: it hands whoever comes back the retained messages of
everybody's subscriptions, publishes a Last Will anywhere, and lets one user take over another's session by its id.
"""

import asyncio
import contextlib
import hmac
import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import amqtt.errors
from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from ingest.broker_access import Access, read_access
from ingest.errors import BrokerError

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0  # how soon a gateway that is shut out is cut off
USERS: Final = "users"  # the files of a folder of access, as Mosquitto takes them
RULES: Final = "acl"


class Door:
    """Who comes in, and what each may do: one user who may do everything, and those of the files in ``folder``."""

    def __init__(self, username: str, password: str, folder: Path | None) -> None:
        self._expected = (username, password)
        self._folder = folder
        self._stamp: tuple[object, ...] = ()
        self._access = Access()
        self._wrong = ""
        self._by_client: dict[str, tuple[str, str]] = {}  # user, and the secret by which it came in

    def look(self) -> bool:
        """Take up files that changed; return whether they did. What cannot be read lets in whom it let in before."""
        if self._folder is None:
            return False
        try:
            paths = [self._folder / name for name in (USERS, RULES)]
            stamp = tuple((each.stat().st_mtime_ns, each.stat().st_ino, each.stat().st_size) for each in paths)
            if stamp == self._stamp:
                return False
            self._access = read_access(*(path.read_text() for path in paths))
        except (OSError, UnicodeDecodeError, BrokerError) as error:
            unwritten = isinstance(error, FileNotFoundError) and not self._stamp  # no service has run yet
            if str(error) != self._wrong and not unwritten:
                self._wrong = str(error)
                log.error("%s: who may come in stays as it was: %s", self._folder, error)
            return False
        self._stamp, self._wrong = stamp, ""
        return True

    def lets_in(self, session: Session) -> bool:
        """Whether a session's user is known, its Last Will is its own to leave, and its client id no other user's."""
        name, password = session.username or "", session.password or ""
        if not (self._is_first(name, password) or self._access.knows(name, password)):
            return False
        if session.will_topic and not self.may(session, session.will_topic, Action.PUBLISH):
            return False
        client = session.client_id or ""
        if self._by_client.get(client, (name, ""))[0] != name:
            return False
        self._by_client[client] = name, self._secret(name)
        return True

    def may(self, session: Session, topic: str, action: Action) -> bool:
        """Whether a session may publish, subscribe to, or receive ``topic``."""
        name = session.username or ""
        if name == self._expected[0]:
            return True
        if action == Action.PUBLISH:
            return self._access.may_say(name, topic)
        return self._access.may_hear(name, topic)

    def is_shut_out(self, client: str) -> bool:
        """Whether the user who came in as ``client`` would not come in again by what it said then."""
        name, secret = self._by_client.get(client, ("", ""))
        return bool(name) and self._secret(name) != secret

    def _is_first(self, name: str, password: str) -> bool:
        pairs = zip((name, password), self._expected, strict=True)
        right = [hmac.compare_digest(said.encode(), expected.encode()) for said, expected in pairs]
        return all(right) and bool(self._expected[1])

    def _secret(self, name: str) -> str:
        return "first" if name == self._expected[0] else self._access.users.get(name, "")


class Doorkeeping(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]
    """Asks a ``Door``. Sessions of a named user persist on this broker; anonymous ones would be dropped."""

    @dataclass
    class Config:
        """The door."""

        door: Any = field(default=None)

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._door: Door = self.config.door

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the session may begin."""
        return self._door.lets_in(session)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether the session may do that with the topic."""
        if session is None or action is None or not topic:
            return False
        return self._door.may(session, topic, action)


class Guarded(Broker):  # type: ignore[misc]
    """amqtt's broker, with its doors shut."""

    def __init__(self, config: dict[str, object], door: Door, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._door = door
        self._tls = tls

    def _create_ssl_context(self, _: object) -> ssl.SSLContext | None:
        return self._tls

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """Hand what is retained below a filter to a session that has subscribed to it, as far as it may hear it."""
        asked, qos = subscription
        handler = self._get_handler(session)
        if handler is None or not any(one is session for one, _ in self._subscriptions.get(asked, ())):
            return
        for topic, kept in list(self._retained_messages.items()):
            if self._matches(topic, asked) and self._door.may(session, topic, Action.RECEIVE):
                await handler.mqtt_publish(kept.topic, kept.data, min(qos, kept.qos or qos), retain=True)

    async def shut_out(self) -> None:
        """Cut off whoever would not come in again."""
        for client, (session, handler) in list(self._sessions.items()):
            if self._door.is_shut_out(client):
                log.info("user %s is let in no more", session.username)
                with contextlib.suppress(OSError, AttributeError):  # gone already
                    await handler.writer.close()


def run_broker(
    *,
    host: str,
    port: int,
    username: str,
    password: str,
    stop: threading.Event,
    started: Callable[[], None] = lambda: None,
    access: Path | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until ``stop`` is set; ``started`` is called once it listens. The user ``username`` may do everything;
    others are those of the files ``users`` and ``acl`` in the folder ``access``, which are read again when they change:
    who is not in them any longer is cut off within ``LOOK_S``. Raises BrokerError where it cannot listen.

    Not a place to keep readings: messages delivered and not yet acknowledged die with it (amqtt 0.12), which is why
    senders keep them until the service says that they are stored.
    """
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    door = Door(username, password, access)
    door.look()
    asyncio.run(_serve(host, port, door, tls, stop, started))


async def _serve(
    host: str, port: int, door: Door, tls: ssl.SSLContext | None, stop: threading.Event, started: Callable[[], None]
) -> None:
    listener = {"type": "tcp", "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "ssl": tls is not None}
    plugin = f"{Doorkeeping.__module__}.{Doorkeeping.__name__}"
    broker = Guarded({"listeners": {"default": listener}, "plugins": {plugin: {"door": door}}}, door, tls)
    try:
        await broker.start()
    except amqtt.errors.BrokerError as error:
        reason = error.__cause__ or error
        raise BrokerError(
            f"broker {host}:{port}: cannot listen: {reason}; stop whoever is there or choose another port"
        ) from error
    try:
        started()
        watching = asyncio.create_task(_watch(broker, door))
        await asyncio.to_thread(stop.wait)
        watching.cancel()
    finally:
        stop.set()
        await broker.shutdown()


async def _watch(broker: Guarded, door: Door) -> None:
    """Take up what changes of who may come in."""
    while True:
        await asyncio.sleep(LOOK_S)
        if door.look():
            await broker.shut_out()
