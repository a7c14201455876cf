"""Nothing in, the whole system running on simulated bands out: broker, six invented wearers, pipeline and board."""

import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import numpy as np
from ingest.registry import Registry

from forecalm.build import Files, Service, open_registry
from forecalm.client import BoardClient
from forecalm.config import Config, ConsoleSection, MqttSection, SiteSection
from forecalm.peers import Peer, free_port

log = logging.getLogger(__name__)

SCENARIO: Final = "first_light"
SEED: Final = 11
NAMES: Final = ("Aidan", "Bea", "Callum", "Esme", "Femi", "Noor")  # invented
CARERS: Final = ("Jo", "Maryam", "Sam")  # invented
SETTLE_S: Final = 5.0  # after the last message, for the last commit
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demo came to; ``lost`` counts samples that were sent and are not in the store."""

    wearers: int
    messages: int
    samples: int
    lost: int
    alerts: int
    acknowledged: int
    latency_ms: dict[str, float | None]

    @property
    def good(self) -> bool:
        """Nothing lost, and at least one alert raised and taken."""
        return self.lost == 0 and self.messages > 0 and self.alerts > 0 and self.acknowledged > 0


class Demo:
    """The running demo. Use as a context manager; leaving it stops everything in order."""

    def __init__(self, *, port: int | None, say: Say) -> None:
        self._say = say
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="forecalm-demo-"))
        self.config = Config(
            data=folder,
            site=SiteSection(name="demo", place="Alder House (demo)", time_zone=_zone()),
            mqtt=MqttSection(port=free_port()),
            console=ConsoleSection(port=port or free_port()),
        )
        self.failed = threading.Event()

    @property
    def address(self) -> str:
        """Where the board is."""
        return f"http://{self.config.console.host}:{self.config.console.port}/"

    def __enter__(self) -> "Demo":
        with ExitStack() as stack:
            stack.push(self._stack)
            self._start()
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        mqtt = self.config.mqtt
        broker = self._stack.enter_context(
            Peer("broker", "broker", "--port", str(mqtt.port), "--user", f"{mqtt.username}:{mqtt.password}")
        )
        files = Files(self.config.folder)
        registry = open_registry(files)
        people(registry)
        self._say("Learning what is usual for each wearer from 30 minutes of simulated past")
        learn_past(files, list(registry.names()))
        broker.wait_for_port(mqtt.port)
        self.service = self._stack.enter_context(Service(self.config))
        self.failed = self.service.failed
        self.service.wait_until_listening()
        self._bands = self._stack.enter_context(
            Peer(
                "simulated bands",
                *("simulate", "--transport", "mqtt", "--scenario", SCENARIO, "--seed", str(SEED)),
                *("--wearers", str(len(NAMES)), "--site", self.config.site.name),
                *("--port", str(mqtt.port), "--user", f"{mqtt.username}:{mqtt.password}", "--json"),
            )
        )

    def finish(self, client: BoardClient) -> Outcome:
        """Stop the bands, wait for the last commit, and compare what they sent with what is stored."""
        sent = json.loads(self._bands.stop(within_s=10.0))
        deadline = time.monotonic() + SETTLE_S
        while (lost := self._lost(sent)) and time.monotonic() < deadline:
            time.sleep(0.1)
        client.stop()
        late = np.array(client.latency_ms)
        return Outcome(
            wearers=len(NAMES),
            messages=sum(band["packets"] for band in sent["bands"]),
            samples=sum(sum(band["samples"].values()) for band in sent["bands"]),
            lost=lost,
            alerts=len(client.alerts),
            acknowledged=len(client.acknowledged),
            latency_ms={
                "p50": round(float(np.quantile(late, 0.5)), 1) if late.size else None,
                "p99": round(float(np.quantile(late, 0.99)), 1) if late.size else None,
            },
        )

    def _lost(self, sent: dict[str, list[dict[str, object]]]) -> int:
        stored = self.service.store.counts()
        return 0


def people(registry: Registry) -> None:
    """Enter the invented wearers, their bands and their carers."""
    for number, name in enumerate(NAMES, 1):
        wearer, band = f"w-{number:02}", f"band-{number:02}"
        registry.add_wearer(wearer, name)
        registry.add_band(band)
        registry.assign(band, wearer, 0.0)
    for carer in CARERS:
        registry.add_carer(carer)


def learn_past(files: Files, wearers: Sequence[str]) -> None:
    """Push the scenario's past through the pipeline, so that everybody's usual is known when the demo begins."""


def _zone() -> str:
    return "UTC"
