"""A folder in; a whole house out: simulated bands, the broker, the service as a process of its own under the TLS of its
own authority, push services, and a home folder whose Chromium trusts the house."""

import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
from cryptography.hazmat.primitives.serialization import Encoding

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from device_sim.director import Director
from device_sim.scenario import Episode, Scenario, Wearer
from device_sim.ward import Ward, band_name, wearer_name
from forecalm.certificates.secured import local_of
from forecalm.config import Config, load
from forecalm.demo import KNOWN_S
from forecalm.installation import Installation
from forecalm.live import save_learnt
from forecalm.peers import Peer
from forecalm.pipeline import Pipeline
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.sending.broker import Broker
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from ingest.wire import encode
from tests.forecalm.certificates.nss import trust
from tests.receivers import PushReceiver
from tests.servers import LONG_S, free_port, listens, until

ROOT: Final = Path(__file__).parents[2]
NAME: Final = "board.home"
SEEDS: Final = {
    **{"Aidan": 147, "Callum": 187, "Esme": 200, "Femi": 78, "Noor": 105},
    **{"Tom": 80, "Vera": 126, "Yann": 306, "Zoe": 303},
}
"""Everybody, and what each is drawn of: somebody in whom the signs of ``BUILD_UP`` are plain within half a minute,
whenever they begin, and who is so calm for twenty minutes (0.2 at most) that no late second tells of them."""
NAMES: Final = tuple(SEEDS)
BANDS: Final = tuple(band_name(number) for number, _ in enumerate(NAMES, 1))
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
SITTING: Final = Wearer(activity="still", responds="both")
CALM: Final = Scenario(name="calm", title="Somebody sits", past_s=1500, wearers=1, parts=(SITTING,))
BUILD_UP: Final = Episode(start_s=0, rise_s=1, hold_s=120, fall_s=60, kind="anxiety", strength=1.0)


def wearer_of(name: str) -> str:
    """Somebody's pseudonym."""
    return wearer_name(NAMES.index(name) + 1)


class Bands(threading.Thread):
    """A packet a second of everybody's simulated band, by a gateway's own sender; ``wards`` are of one person each."""

    def __init__(self, config: Config, wards: Mapping[str, Ward]) -> None:
        super().__init__(name="bands", daemon=True)
        self._config = config
        self._wards = wards
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def build_up(self, name: str) -> None:
        """From the next second on somebody's signs rise."""
        ward = self._wards[name]
        with self._lock:
            rising = replace(SITTING, episodes=(replace(BUILD_UP, start_s=ward.now_s),))
            # What befalls people is a function of time: from here on another one, their bodies go on
            ward._director = Director(replace(CALM, parts=(rising,)), ward.people, seed=SEEDS[name])

    def waiting(self) -> int:
        """How many packets the gateway keeps because nobody has said yet that they are stored."""
        return self._sender.sendings().spool.packets

    def run(self) -> None:
        mqtt = self._config.mqtt
        broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password)
        due, seconds = time.monotonic(), itertools.count()
        with Sender(broker, site=self._config.site.name, gateway=GATEWAY, spool=Spool.in_memory()) as sender:
            self._sender = sender
            while not self._ended.wait(due - time.monotonic()):
                due += 1
                if next(seconds) % 5 == 0:
                    sender.status(radio_us=None, links=len(NAMES), links_max=len(NAMES))
                for band, ward in zip(BANDS, self._wards.values(), strict=True):
                    with self._lock:
                        ((packet,),) = ward.push(1).packets
                    sender.send(msgspec.structs.replace(packet, band=band, heard_us=round(time.time() * 1e6)))

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
            wards = self._learn_past()
            stack.callback(self.kill)
            broker.wait_for_port(mqtt.port)
            self.start()
            self.bands = Bands(self.config, wards)
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
        with closing(self.here.open_registry()) as registry:
            for band, name in zip(BANDS, NAMES, strict=True):
                registry.pair(
                    band=band,
                    wearer=wearer_of(name),
                    since_s=since_s,
                    name=name,
                    carers=(),
                    consent=agreed,
                    by="test",
                )

    def _learn_past(self) -> dict[str, Ward]:
        """Let everybody live through their past, of which their usual is learnt; return them as they are now."""
        wards = {name: Ward(CALM, seed=seed) for name, seed in SEEDS.items()}
        wearers, now_s = [wearer_of(name) for name in NAMES], time.time()
        desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=now_s)
        pipeline = Pipeline(wearers=wearers, desk=desk)
        for wearer, ward in zip(wearers, wards.values(), strict=True):
            clocks, (packets,) = Clocks(), ward.past()
            heard = zip(packets, np.arange(now_s - len(packets), now_s).tolist(), strict=True)
            pipeline.study(wearer, [Received(it, clocks.map(it, at_s), at_s, encode(it)) for it, at_s in heard])
        save_learnt(pipeline, self.here.learnt)
        return wards

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
