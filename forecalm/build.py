"""Configuration in, a running service out: the only place where the rooms meet."""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from console.app import create_app
from ingest.clock import Clocks
from ingest.intake import Intake
from ingest.mqtt import Subscriber
from ingest.registry import Registry
from ingest.sqlite_store import SqliteStore

from alerts.desk import Desk
from alerts.journal import Journal
from alerts.policy import Policy
from console.hub import Hub
from console.serve import Server
from forecalm.config import Config
from forecalm.live import Live
from forecalm.pipeline import Pipeline
from forecalm.wearing import Wearing

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
        self.failed = threading.Event()
        files = Files(config.folder)
        files.folder.mkdir(parents=True, exist_ok=True)
        self.registry = open_registry(files)
        names = self.registry.names()
        self.journal = Journal(files.journal)
        self.desk = Desk(wearers=list(names), policy=Policy(), journal=self.journal, started_s=time.time())
        self.hub = Hub()
        self.desk.subscribe(self.hub.publish)
        self._live = Live(
            Pipeline(wearers=list(names), desk=self.desk),
            wearer_of=Wearing(self.registry).wearer_of,
            learnt=files.learnt,
            clock=time.time,
            on_beat=self.hub.beat,
            on_failure=self.failed.set,
        )
        self.store = SqliteStore(files.readings)
        self._subscriber = Subscriber(
            host=config.mqtt.host,
            port=config.mqtt.port,
            site=config.site.name,
            on_message=self._on_message,
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
            names=names,
            carers=self.registry.carers(),
            time_zone=config.zone,
            clock=time.time,
        )
        self._server = Server(app, host=config.console.host, port=config.console.port)

    def _on_message(self, topic: str, payload: bytes, ack: "callable[[], None]") -> None:
        self.intake.receive(topic, payload, ack)

    def __enter__(self) -> Self:
        self._live.start()
        self.intake.start()
        self._subscriber.start()
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop from the outside in, so that whatever was received is stored and decided."""
        self._server.stop()
        self._subscriber.stop()
        self.intake.stop()
        self._live.stop()
        self.store.close()
        self.journal.close()


def open_registry(files: Files) -> Registry:
    """The registry of a folder, its tables up to date."""
    registry = Registry(f"sqlite:///{files.registry}")
    registry.upgrade()
    return registry
