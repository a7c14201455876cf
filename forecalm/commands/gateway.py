"""The command that holds a house's bands: gateway."""

import argparse
import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import msgspec

from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import err, number, print_json
from forecalm.edge import MEGA, EdgeConfig, load_edge
from forecalm.notify import Notify

if TYPE_CHECKING:
    from ingest.ble.gateway import Gateway
    from ingest.sending.sender import Sender

log = logging.getLogger(__name__)

FLUSH_S: Final = 5.0  # at the end, for what was just heard to be stored; what is not is kept on disk


def gateway(chosen: argparse.Namespace) -> int:
    """Hold the bands of a site and pass on what they tell, until Ctrl-C or SIGTERM."""
    from ingest.sending.broker import Broker
    from ingest.sending.sender import Sender
    from ingest.sending.spool import Spool

    config = load_edge(chosen.config, said=_said(chosen))
    mqtt = config.mqtt
    post = _Post()
    spool = Spool.on_disk(config.folder / "spool", limit=config.gateway.spool_mb * MEGA)
    with Sender(
        Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password, tls=mqtt.tls, ca=mqtt.ca),
        site=config.gateway.site,
        gateway=config.gateway.name,
        spool=spool,
        on_stored=lambda band, stored: post(lambda to: to.stored(band, stored)),
        on_roster=lambda roster, retained: post(lambda to: to.roster(roster, retained=retained)),
        on_command=lambda command, band: post(lambda to: to.command(command, band)),
        version=version("forecalm"),
    ) as sender:
        connections = asyncio.run(_hold(config, sender, post))
        sender.drain(threading.Event(), patience_s=FLUSH_S)
        account = sender.sendings()
    if chosen.json:
        summary = {"gateway": config.gateway.name, "connections": connections, **msgspec.to_builtins(account)}
        print_json(summary)
    elif account.spool.packets:
        packets = number(account.spool.packets, "packet is", "packets are")
        err.print(f"{packets} kept on disk until the service has them.")
    return FELL_SHORT if account.spool.trouble or sender.failed.is_set() else 0


class _Post:
    """Carries what the sender's thread hears over to the loop of the gateway, once there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._to: tuple[asyncio.AbstractEventLoop, Gateway] | None = None
        self._waiting: list[Callable[[Gateway], None]] = []

    def __call__(self, word: "Callable[[Gateway], None]") -> None:
        with self._lock:
            if self._to is None:
                self._waiting.append(word)
                return
            loop, to = self._to
            if not loop.is_closed():
                loop.call_soon_threadsafe(word, to)

    def open(self, to: "Gateway") -> None:
        """From now on it goes there; what came before goes first."""
        with self._lock:
            self._to = (asyncio.get_running_loop(), to)
            for word in self._waiting:
                word(to)
            self._waiting.clear()

    def close(self) -> None:
        """Nobody is there any more."""
        with self._lock:
            self._to = None


async def _hold(config: EdgeConfig, sender: "Sender", post: _Post) -> int:
    """Run the gateway until somebody stops it, or sending fails: bands that it held on to would be heard by nobody.
    Return how many connections there were."""
    from ingest.ble.adapters import Adapter, utc_us
    from ingest.ble.gateway import Gateway
    from ingest.ble.known import known_profiles
    from ingest.ble.numbering import Numbering
    from ingest.ble.rostered import Rostered

    folder, section = config.folder, config.gateway
    stop, notify = asyncio.Event(), Notify()
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, stop.set)
    adapters = [
        Adapter(spec, links_max=section.links_max, bonds=folder / f"bonds-{i}.json")
        for i, spec in enumerate(section.adapters)
    ]
    running = Gateway(
        adapters,
        known_profiles(),
        sender,
        rostered=Rostered(folder / "roster.json"),
        numbering=Numbering(folder / "numbers.json", now_us=utc_us()),
        now_us=utc_us,
        beat=lambda: stop.set() if sender.failed.is_set() else notify.beat(time.monotonic()),
    )
    post.open(running)
    err.print(f"Gateway {section.name} of site {section.site} listens by {', '.join(a.name for a in adapters)}.")
    notify.ready()
    try:
        await running.run(stop)
    finally:
        notify.stopping()
        post.close()
    return running.connections


def _said(chosen: argparse.Namespace) -> dict[str, dict[str, object]]:
    """What was said on the command line, by section; what was not is left out."""
    name, password = chosen.user or (None, None)
    said: dict[str, dict[str, object | None]] = {
        "gateway": {"adapters": chosen.adapter, "site": chosen.site, "name": chosen.name, "data": chosen.data},
        "mqtt": {"host": chosen.host, "port": chosen.port, "username": name, "password": password}
        | {"tls": chosen.tls, "ca": chosen.ca},
    }
    return {section: {key: v for key, v in values.items() if v is not None} for section, values in said.items()}
