"""Configuration in, a running service out: the only place where the rooms meet."""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fastapi import FastAPI

from alerts.desk import Desk
from alerts.journal import Journal
from alerts.policy import Policy
from console.app import create_app
from console.hub import Hub
from console.serve import run
from forecalm.config import Config
from forecalm.live import Live
from forecalm.peers import START_S, PeerError
from forecalm.pipeline import Pipeline
from forecalm.wearing import Wearing
from ingest.clock import Clocks
from ingest.intake import Intake
from ingest.mqtt import Subscriber
from ingest.registry import Registry
from ingest.sqlite_store import SqliteStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Files:
    """Where a service keeps what it knows, below one folder."""

    folder: Path

    @property
    def readings(self) -> Path:
        """Every packet that was received."""
        return self.folder / "readings.sqlite"

    @property
    def registry(self) -> Path:
        """Who wears what."""
        return self.folder / "registry.sqlite"

    @property
    def journal(self) -> Path:
        """Every alert and what became of it."""
        return self.folder / "journal.jsonl"

    @property
    def learnt(self) -> Path:
        """What is usual for each wearer."""
        return self.folder / "learnt.npz"


class Service:
    """Ingest, engine, alerts and board in one process; see docs/processes.md. Use as a context manager."""

    def __init__(self, config: Config) -> None:
        self._failed = threading.Event()
        self._stop = threading.Event()
        self._listening = threading.Event()
        self.address = ""
        files = Files(config.folder)
        files.folder.mkdir(parents=True, exist_ok=True)
        self.registry = open_registry(files)
        self.names = self.registry.names()
        self.journal = Journal(files.journal)
        self.desk = Desk(wearers=list(self.names), policy=Policy(), journal=self.journal, started_s=time.time())
        self.hub = Hub()
        self.desk.subscribe(self.hub.publish)
        self._live = Live(
            Pipeline(wearers=list(self.names), desk=self.desk),
            wearer_of=Wearing(self.registry).wearer_of,
            learnt=files.learnt,
            clock=time.time,
            on_failure=self._failed.set,
        )
        self.store = SqliteStore(files.readings)
        self._subscriber = Subscriber(
            host=config.mqtt.host,
            port=config.mqtt.port,
            site=config.site.name,
            on_message=lambda topic, payload, ack: self.intake.receive(topic, payload, ack),
            username=config.mqtt.username,
            password=config.mqtt.password,
            client_id=f"forecalm-{config.site.name}",
        )
        self.intake = Intake(
            store=self.store,
            clocks=Clocks(),
            on_received=self._live.receive,
            publish_stored=self._subscriber.publish_stored,
            clock=time.time,
        )
        app = create_app(
            desk=self.desk,
            hub=self.hub,
            place=config.site.place,
            names=self.names,
            carers=self.registry.carers(),
            time_zone=config.zone,
            clock=time.time,
        )
        self._config = config
        self._server = threading.Thread(target=self._serve, args=(app,), name="board", daemon=True)

    def _serve(self, app: FastAPI) -> None:
        """The board's thread. Whatever ends it early ends the service."""
        host, port = self._config.console.host, self._config.console.port
        try:
            run(app, hub=self.hub, host=host, port=port, stop=self._stop, ready=self._ready)
        except Exception:
            log.critical("the board has stopped", exc_info=True)
        if not self._stop.is_set():
            self._failed.set()
        self._listening.set()

    def _ready(self, address: str) -> None:
        self.address = address
        self._listening.set()

    def works(self) -> bool:
        """Whether engine, store and board still run; where one does not, the service must end, and boards say so."""
        return not (self._failed.is_set() or self.intake.failed.is_set())

    def wait_until_subscribed(self) -> None:
        """Return when the broker sends us what bands publish; raises PeerError where it does not within ``START_S``."""
        if not self._subscriber.connected.wait(START_S):
            raise PeerError(
                f"no broker at {self._config.mqtt.host} port {self._config.mqtt.port} after {START_S:.0f} s"
            )

    def __enter__(self) -> Self:
        self._live.start()
        self.intake.start()
        self._subscriber.start()
        self._server.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop from the outside in, so that whatever was received is stored and decided."""
        self._stop.set()
        self._server.join()
        self.intake.stop()
        self._subscriber.stop()
        self._live.stop()
        self.store.close()
        self.journal.close()
        self.registry.close()


def open_registry(files: Files) -> Registry:
    """The registry of a folder, its tables up to date."""
    registry = Registry(f"sqlite:///{files.registry}")
    registry.upgrade()
    return registry
