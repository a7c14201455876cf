"""A folder in; a whole house out: simulated bands, the broker, the service as a process of its own under the TLS of its
own authority, push services, and a home folder whose Chromium trusts the house."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from device_sim.director import Director
from device_sim.scenario import Episode, Scenario, Wearer
from device_sim.ward import Ward, band_name, wearer_name
from forecalm.certificates.secured import local_of
from forecalm.config import Config, load
from forecalm.demo import KNOWN_S, learn_past
from forecalm.installation import Installation
from forecalm.peers import Peer
from ingest.registry.consents import Consent, Scope
from ingest.sending.broker import Broker
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from tests.forecalm.certificates.nss import trust
from tests.receivers import PushReceiver
from tests.servers import LONG_S, free_port, listens, until

ROOT: Final = Path(__file__).parents[2]
NAME: Final = "board.home"
NAMES: Final = (
    *("Aidan", "Bea", "Callum", "Esme", "Femi", "Noor", "Rosa"),
    *("Tom", "Uma", "Vera", "Wim", "Xena", "Yann", "Zoe"),
)
SEED: Final = 11  # by it signs are plain after 11 to 18 s, those of Bea, Rosa, Uma to Xena later
GATEWAY: Final = "hall"
START_S: Final = 120.0  # the first start on a machine compiles kernels
WRITTEN: Final = """
data = {data}
[site]
name = "alder"
place = "Alder House"
time_zone = "Europe/London"
[mqtt]
port = {mqtt}
[console]
port = {port}
tls = "local"
names = ["{name}"]
trust_port = 0
url = "https://{name}:{port}"
"""
CALM: Final = Scenario(
    name="calm",
    title="Everybody sits",
    past_s=1500,
    wearers=len(NAMES),
    parts=tuple(Wearer(activity="still", responds="both") for _ in NAMES),
)
BUILD_UP: Final = Episode(start_s=0, rise_s=1, hold_s=120, fall_s=60, kind="anxiety", strength=1.0)


class Bands(threading.Thread):
    """A packet a second of everybody's simulated band, by a gateway's own sender."""

    def __init__(self, config: Config) -> None:
        super().__init__(name="bands", daemon=True)
        self._config = config
        self._ward = Ward(CALM, seed=SEED)
        while self._ward.now_s < 0:
            self._ward.skip(min(60, -self._ward.now_s))
        self._parts = list(CALM.parts)
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def build_up(self, name: str) -> None:
        """From the next second on somebody's signs rise."""
        row = NAMES.index(name)
        with self._lock:
            self._parts[row] = replace(self._parts[row], episodes=(replace(BUILD_UP, start_s=self._ward.now_s),))
            # What befalls people is a function of time: from here on another one, their bodies go on
            self._ward._director = Director(replace(CALM, parts=tuple(self._parts)), self._ward.people, seed=SEED)

    def waiting(self) -> int:
        """How many packets the gateway keeps because nobody has said yet that they are stored."""
        return self._sender.sendings().spool.packets

    def run(self) -> None:
        mqtt = self._config.mqtt
        broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password)
        due = time.monotonic()
        with Sender(broker, site=self._config.site.name, gateway=GATEWAY, spool=Spool.in_memory()) as sender:
            self._sender = sender
            while not self._ended.wait(due - time.monotonic()):
                due += 1
                with self._lock:
                    stretch = self._ward.push(1)
                if self._ward.now_s % 5 == 1:
                    sender.status(radio_us=None, links=len(NAMES), links_max=len(NAMES))
                for (packet,) in stretch.packets:
                    sender.send(msgspec.structs.replace(packet, heard_us=round(time.time() * 1e6)))

    def stop(self) -> None:
        self._ended.set()
        self.join(LONG_S)


class House:
    """Use as a context manager. ``address`` ends without a slash; ``home`` is for Chromium; ``pushes`` is what a
    phone's push service was given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        port = free_port()
        said = WRITTEN.format(data=json.dumps(str(folder / "var")), mqtt=free_port(), port=port, name=NAME)
        (folder / "forecalm.toml").write_text(said)
        self.config = load(folder / "forecalm.toml", {})
        self.here = Installation(self.config)
        self.address = f"https://{NAME}:{port}"
        self.pushes = PushReceiver()
        self._stack = ExitStack()
        self._service: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.pushes)
            (self.folder / "push.port").write_text(str(self.pushes.port))
            mqtt = self.config.mqtt
            broker = stack.enter_context(
                Peer("broker", "broker", "--port", str(mqtt.port), "--user", f"{mqtt.username}:{mqtt.password}")
            )
            self._enter_people()
            stack.callback(self.kill)
            broker.wait_for_port(mqtt.port)
            self.start()
            self.bands = Bands(self.config)
            self.bands.start()
            stack.callback(self.bands.stop)
            trust(self.home, local_of(self.config).authority(time.time()).certificate.public_bytes(Encoding.DER))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _enter_people(self) -> None:
        """Whoever has worn a band for a month, whose usual is known; nobody cares for them yet."""
        since_s = float(round(time.time()) - KNOWN_S)
        agreed = Consent(frozenset({Scope.CARE}), "simulated", since_s)
        wearers = [wearer_name(number) for number in range(1, len(NAMES) + 1)]
        with closing(self.here.open_registry()) as registry:
            for number, (wearer, name) in enumerate(zip(wearers, NAMES, strict=True), 1):
                registry.pair(
                    band=band_name(number),
                    wearer=wearer,
                    since_s=since_s,
                    name=name,
                    carers=(),
                    consent=agreed,
                    by="test",
                )
        learn_past(self.here, wearers, CALM)

    def start(self) -> None:
        """Start the service, where it does not run, and return when it is reached."""
        if self._service is not None and self._service.poll() is None:
            return
        command = [sys.executable, "-m", "tests.whole.service", str(self.folder)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (self.folder / "service.log").open("ab") as log:
            self._service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + START_S
        while not listens(self.config.console.port):
            assert self._service.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            threading.Event().wait(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        if self._service is not None:
            self._service.kill()
            self._service.wait(LONG_S)

    def said(self) -> str:
        """What the service has printed so far."""
        return (self.folder / "service.log").read_text()

    def set_up_link(self) -> str:
        """The link by which the first administrator comes in."""
        until(lambda: "/welcome/" in self.said(), "no link was printed")
        found = re.search(r"https://\S+/welcome/\S+", self.said())
        assert found
        return found[0]
