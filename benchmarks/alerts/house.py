"""A folder and a broker's program in; a whole house as processes, each of which can be killed and started anew, out."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Self

from benchmarks.alerts.notes import Notes
from benchmarks.alerts.receiver import AUTH, KINDS, key_of
from benchmarks.alerts.service import PUSH_HOST
from benchmarks.enrolled import COOKIE, cookie
from benchmarks.kill_house import House as Files
from forecalm.installation import Installation
from tests.receivers import unpadded
from tests.servers import free_port

ROOT: Final = Path(__file__).parents[2]
START_S: Final = 120.0  # the first start on a machine compiles kernels
WAIT_S: Final = 60.0
LOOK_S: Final = 0.05
SHIFT_S: Final = 8 * 3600.0
URL: Final = "https://house.example.org"  # by which phones reach the house; asked for by its name on this machine
CARERS: Final = ("Jo", "Maryam")

MAIL: Final = "smtp=127.0.0.1&mode=insecure&from=house@example.org&to=office@example.org&cto=2&rto=2"
RULES: Final = """
deliver_within_s = 2
answer_within_s = 2
again_s = 30

[[contact]]
name = "Jo"
reach = {{ phone = "json://127.0.0.1:{phone}/jo?cto=2&rto=2" }}

[[contact]]
name = "Sam"
reach = {{ ntfy = "ntfy://127.0.0.1:{ntfy}/sam?cto=2&rto=2" }}

[[contact]]
name = "Office"
reach = {{ mail = "mailto://127.0.0.1:{mail}?{to}" }}

[[alert]]
after_s = 0
who = "on shift"
channel = "board"

[[alert]]
after_s = 0
who = "on shift"
channel = "push"

[[alert]]
after_s = 4
who = "on shift"
channel = "phone"

[[alert]]
after_s = 8
who = "Sam"
channel = "ntfy"

[[alert]]
after_s = 14
who = "Office"
channel = "mail"

[[notice]]
after_s = 0
who = "on shift"
channel = "board"

[grace]
protection_s = {grace_s}
uncovered_s = {grace_s}
"""
"""The shortest times that rules may have, and notices that stay in the house: what goes outside is of an alert."""


class AlertHouse:
    """Use as a context manager: whatever runs at the end is killed. ``kills`` in the folder says who was, and when."""

    def __init__(
        self,
        folder: Path,
        *,
        mosquitto: str | None,
        wearers: int,
        tablets: int,
        seed: int,
        soon_s: float,
        grace_s: float = 3600.0,
        full: bool = False,
        hanging: float = 1.0,
    ) -> None:
        """``hanging``: how often receivers hang, see there. ``full``: bands send every channel, so that somebody can be
        wholly protected."""
        self.folder, self.wearers, self.seed = folder, wearers, seed
        self._files = Files(folder, mosquitto=mosquitto or "", wearers=wearers, seed=seed)
        self.config = self._files.config
        self.ports = {kind: free_port() for kind in KINDS}
        text = (folder / "forecalm.toml").read_text()
        (folder / "forecalm.toml").write_text(re.sub(r"(?m)^url = .*$", f'url = "{URL}"', text))
        (folder / "push.port").write_text(str(self.ports["push"]))
        python, mqtt = (sys.executable, "-m"), self.config.mqtt
        built_in = (
            *python,
            "forecalm",
            "broker",
            "--port",
            str(mqtt.port),
            "--user",
            f"{mqtt.username}:{mqtt.password}",
        )
        self._commands: dict[str, tuple[str, ...]] = {
            "broker": built_in if mosquitto is None else (mosquitto, "-c", str(folder / "mosquitto.conf")),
            "service": (*python, "benchmarks.alerts.service", str(folder)),
            "bands": (*python, "benchmarks.alerts.bands", str(folder), str(wearers), *(["full"] if full else [])),
            "tablets": (
                *(*python, "benchmarks.alerts.tablets", str(folder), str(self.config.console.port)),
                *(str(tablets), str(seed), str(soon_s)),
            ),
        }
        for place, (kind, port) in enumerate(self.ports.items()):
            arguments = (str(folder), kind, str(port), str(seed + place), str(hanging))
            self._commands[kind] = (*python, "benchmarks.alerts.receiver", *arguments)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._kills = Notes(folder / "kills")
        if full:
            (folder / "full").touch()
        self._say_so(grace_s)

    def _say_so(self, grace_s: float) -> None:
        """Rules, whose browsers are told, and who is on shift."""
        here = Installation(self.config)
        (self.folder / COOKIE).write_text(cookie(self.config))
        with closing(here.open_registry()) as registry:
            rules = RULES.format(**self.ports, to=MAIL, grace_s=grace_s)
            registry.set_alerting_rules(self.config.site.name, rules, by="benchmark")
            from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

            point = key_of(self.folder).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            for carer in CARERS:
                registry.add_push(
                    endpoint=f"{PUSH_HOST}/{carer}",
                    p256dh=unpadded(point),
                    auth=unpadded(AUTH),
                    carer=carer,
                    tablet=f"phone-{carer}",
                    by="benchmark",
                )
        now_s = time.time()
        from alerts.duty.duty import Duty
        from alerts.journal import Journal

        with closing(Journal(here.journal)) as journal:
            duty = Duty(journal, watched=lambda: ())
            for carer in CARERS:
                duty.begin(carer, (), until_s=now_s + SHIFT_S, by=carer, at_s=now_s)

    @property
    def journal(self) -> Path:
        """Of the service."""
        return Installation(self.config).journal

    @property
    def names(self) -> tuple[str, ...]:
        """Every process, as it is called."""
        return tuple(self._commands)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._processes:
            self._end(name)
        self._files._log.close()

    def start(self, name: str) -> None:
        """Start it, where it does not run."""
        if not self.runs(name):
            with (self.folder / f"{name}.log").open("ab") as log:
                environment = {**os.environ, "PYTHONPATH": str(ROOT)}
                self._processes[name] = subprocess.Popen(  # noqa: S603
                    self._commands[name], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=environment
                )
            self._kills.write(what="start", process=name)

    def runs(self, name: str) -> bool:
        """Whether it does."""
        return name in self._processes and self._processes[name].poll() is None

    def kill(self, name: str) -> None:
        """SIGKILL."""
        if self.runs(name):
            self._end(name)
            self._kills.write(what="kill", process=name)

    def _end(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait(WAIT_S)

    @contextmanager
    def stands_still(self, name: str) -> Iterator[None]:
        """SIGSTOP meanwhile."""
        self._processes[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[name].send_signal(signal.SIGCONT)

    def pid(self, name: str) -> int:
        """Of a process that runs."""
        return self._processes[name].pid

    def start_all(self) -> None:
        """Return when the board is served."""
        for name in self.names:
            self.start(name)
        self.wait_until_served()

    def wait_until_served(self) -> None:
        """Return when somebody listens at the board's port; raises TimeoutError."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.start("service")
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.config.console.port)) == 0:
                    return
            time.sleep(LOOK_S)
        raise TimeoutError(f"the service is not there after {START_S:.0f} s:\n{self.said()}")

    def tend(self) -> None:
        """What an init system does: start the service again where it ended by itself. Raises RuntimeError where one of
        ours did: then nothing is measured."""
        for name, process in self._processes.items():
            if process.poll() in (None, -signal.SIGKILL):
                continue
            if name != "service":
                raise RuntimeError(f"{name} has ended by itself:\n{(self.folder / f'{name}.log').read_text()[-2000:]}")
            self._kills.write(what="kill", process="service", by="itself")
            self.start(name)

    def say(self, name: str, wearers: frozenset[str]) -> None:
        """Tell the bands who is warm, or off, or unworn; no reader ever sees half of it."""
        part = self.folder / f"{name}.part"
        part.write_text("\n".join(sorted(wearers)))
        part.replace(self.folder / name)

    def said(self) -> str:
        """The end of what the service has complained of."""
        log = self.folder / "service.log"
        return log.read_text(errors="replace")[-4000:] if log.exists() else ""


def dumped(found: object) -> str:
    """As JSON that a person can read."""
    return json.dumps(found, indent=1, ensure_ascii=False)
