"""A folder and a broker's program in; a real service, broker and simulated bands as processes, and ways to hurt them.

Nothing here is gentle on purpose: processes end by SIGKILL, files are locked and filled up. Beside the
bands somebody sends nonsense all the time.
"""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.kill_compare import Found, compare, read_sent
from benchmarks.kill_nonsense import BAND, Nonsense
from forecalm.config import Config, ConsoleSection, MqttSection, StoreSection
from forecalm.demo import people
from forecalm.installation import Installation
from ingest.store.database import BUSY_S
from ingest.wire import Stored, all_stored_topic
from tests.servers import free_port

ROOT: Final = Path(__file__).parents[1]
WAIT_S: Final = 120.0  # for what comes at once unless something is broken
START_S: Final = 300.0  # for a service whose kernels are compiled at the first start on a machine
LOOK_S: Final = 0.05
SCENARIO: Final = 'title = "Load"\npast_s = 0\nwearers = 1\n'
BALLAST: Final = "ballast"  # the file that fills the disk

# ``forecalm serve`` that settles everything again and again, so that it is killed in the middle of it, and waits for a
# locked file as long as it is told.
SERVICE: Final = """
import sys, threading, time
from forecalm.cli import main
from forecalm.installation import Installation
from ingest.errors import IngestError

from ingest.store.sqlite import SqliteStore

every_s = float(sys.argv.pop(1))
SqliteStore.__init__.__kwdefaults__["busy_s"] = float(sys.argv.pop(1))
open_store = Installation.open_store

def opened(self):
    store = open_store(self)
    def settle():
        while True:
            time.sleep(every_s)
            try:
                store.settle(time.time(), everything=True)
            except IngestError as error:
                print("settling:", error, file=sys.stderr, flush=True)
    threading.Thread(target=settle, daemon=True).start()
    return store

Installation.open_store = opened
sys.exit(main(sys.argv[1:]))
"""
# ``forecalm simulate`` with less patience, so that minutes take seconds, and a spool of a given size. It waits for a
# word.
BANDS: Final = """
import sys
import device_sim.mqtt, ingest.sending.boots
from forecalm.cli import main

ingest.sending.boots.PATIENCE_S = float(sys.argv.pop(1))
device_sim.mqtt.SPOOL_MAX = int(sys.argv.pop(1))
device_sim.mqtt.CONNECT_S = 60.0
device_sim.mqtt.DRAIN_S = 300.0
sys.stdin.readline()
sys.exit(main(sys.argv[1:]))
"""


class House:
    """Broker, service and bands in ``folder``. ``disk`` is where the service keeps its files (default: in the folder),
    ``store`` what its readings settle in.

    Use as a context manager: whatever runs at the end is killed. ``tend`` starts again what has ended by itself.
    """

    def __init__(
        self,
        folder: Path,
        *,
        mosquitto: str,
        wearers: int,
        seed: int,
        disk: Path | None = None,
        store: StoreSection | None = None,
    ) -> None:
        self.folder = folder
        self.wearers = wearers
        self.seed = seed
        self.config = Config(
            data=str((disk or folder) / "var"),
            mqtt=MqttSection(port=free_port()),
            store=store or StoreSection(),
            console=ConsoleSection(port=free_port()),
        )
        self.settle_every_s = 0.2
        self.busy_s = BUSY_S
        self.patience_s = 1.0
        self.spool_max = 128 << 20
        self.starts = Counter[str]()
        self._mosquitto = mosquitto
        self._service: subprocess.Popen[bytes] | None = None
        self._broker: subprocess.Popen[bytes] | None = None
        self._bands: subprocess.Popen[bytes] | None = None
        self._nonsense = Nonsense(self.config)
        self._log = (folder / "log").open("ab")
        people(Installation(self.config), wearers)
        self._write_files()

    def __enter__(self) -> Self:
        self._nonsense.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._nonsense.__exit__()
        for process in (self._bands, self._service, self._broker):
            _kill(process)
        self._log.close()

    @property
    def readings(self) -> Path:
        """The store's file."""
        return Installation(self.config).readings

    def _write_files(self) -> None:
        mqtt = self.config.mqtt
        (self.folder / "load.toml").write_text(SCENARIO)
        lines = [f"data = {json.dumps(self.config.data)}"]
        for section in ("mqtt", "store", "console"):
            said = msgspec.structs.asdict(getattr(self.config, section))
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in said.items())]
        (self.folder / "forecalm.toml").write_text("\n".join(lines))
        text = (ROOT / "docs" / "guides" / "mosquitto.conf").read_text()
        program = shutil.which("mosquitto_passwd")
        if program is not None:
            users = self.folder / "users"
            subprocess.run([program, "-b", "-c", users, mqtt.username, mqtt.password], check=True, capture_output=True)  # noqa: S603
            text = text.replace("/etc/mosquitto/forecalm.users", str(users))
        else:
            text = text.replace("password_file /etc/mosquitto/forecalm.users", "")
            text = text.replace("allow_anonymous false", "allow_anonymous true")
            text = text.replace("acl_file /etc/mosquitto/forecalm.acl", "")
        text = text.replace("/etc/mosquitto/forecalm.acl", str(ROOT / "docs" / "guides" / "mosquitto.acl"))
        text = text.replace("listener 1883 127.0.0.1", f"listener {mqtt.port} 127.0.0.1")
        text = text.replace("# persistence_location /var/lib/mosquitto/", f"persistence_location {self.folder}/broker/")
        (self.folder / "mosquitto.conf").write_text(text + ("user root\n" if os.getuid() == 0 else ""))
        (self.folder / "broker").mkdir()

    def _run(self, name: str, *command: str | Path) -> subprocess.Popen[bytes]:
        self.starts[name] += 1
        with (self.folder / f"{name}.out").open("ab") as output:
            complaints = output if name == "broker" else self._log
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=complaints, cwd=ROOT)  # noqa: S603

    def start_broker(self) -> None:
        """Start it, if it does not run, and return when it listens."""
        if self._broker is None or self._broker.poll() is not None:
            self._broker = self._run("broker", self._mosquitto, "-c", self.folder / "mosquitto.conf")
        self._wait_for_port(self.config.mqtt.port, self._broker)

    def start_service(self) -> None:
        """Start it, if it does not run. It needs seconds to be ready."""
        if self._service is None or self._service.poll() is not None:
            _kill(self._service)  # one that ended by itself holds a pipe of ours
            arguments = (
                str(self.settle_every_s),
                str(self.busy_s),
                "serve",
                "--config",
                str(self.folder / "forecalm.toml"),
            )
            self._service = self._run("service", sys.executable, "-P", "-c", SERVICE, *arguments)

    def start_bands(self, *, seconds: float, speed: float) -> None:
        """Get the bands ready to send for so long, in simulated time: see ``release_bands``."""
        mqtt = self.config.mqtt
        where = ("--port", str(mqtt.port), "--user", f"{mqtt.username}:{mqtt.password}", "--json")
        what = ("--scenario", str(self.folder / "load.toml"), "--wearers", str(self.wearers), "--seed", str(self.seed))
        how = ("--speed", str(speed), "--seconds", str(seconds), "--sent", str(self.folder / "sent"))
        self._bands = self._run(
            "bands",
            *(sys.executable, "-P", "-c", BANDS, str(self.patience_s), str(self.spool_max), "simulate"),
            *(*what, *where, *how),
        )

    def release_bands(self) -> None:
        """Let them send."""
        if self._bands is not None and self._bands.stdin is not None:
            self._bands.stdin.write(b"\n")
            self._bands.stdin.close()

    def wait_until_it_serves(self) -> None:
        """Return when the board is there, which is when packets are taken in."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.tend()
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.config.console.port)) == 0:
                    return
            time.sleep(LOOK_S)
        raise TimeoutError(f"the service is not there after {START_S:.0f} s:\n{self.said()}")

    def stored(self) -> tuple[int, int]:
        """Of how many bands something is stored, and how many packets."""
        query = f"SELECT count(*), total(packets), (SELECT count(*) FROM inbox) FROM boots WHERE band <> '{BAND}'"  # noqa: S608
        with closing(sqlite3.connect(f"{self.readings.as_uri()}?mode=ro", uri=True)) as db:
            bands, settled, landed = db.execute(query).fetchone()
        return bands, int(settled) + landed

    def wait_until_all_are_heard(self) -> None:
        """Return when something of every band is stored."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self.bands_run():
            self.tend()
            if self.stored()[0] >= self.wearers:
                return
            time.sleep(LOOK_S)
        raise TimeoutError(f"not all bands are heard:\n{self.said()}")

    def _wait_for_port(self, port: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and process.poll() is None:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(LOOK_S)
        raise TimeoutError(f"nobody listens on {port}:\n{self.said()}")

    def said(self) -> str:
        """What the service and the bands have complained of."""
        return (self.folder / "log").read_text(errors="replace")

    def tend(self) -> None:
        """What an init system does: start the service again where it has ended by itself."""
        if self._service is not None and self._service.poll() is not None:
            self.start_service()

    def bands_run(self) -> bool:
        """Whether the bands still send, or wait for what they sent to be stored."""
        return self._bands is not None and self._bands.poll() is None

    def kill_service(self) -> None:
        """SIGKILL."""
        _kill(self._service)
        self._service = None

    def kill_broker(self, *, save: bool = False, wipe: bool = False) -> None:
        """SIGKILL; ``save``: just after it wrote its database; ``wipe``: and its files are gone."""
        if save and self._broker is not None:
            self._broker.send_signal(signal.SIGUSR1)
            time.sleep(LOOK_S)
        _kill(self._broker)
        self._broker = None
        if wipe:
            for path in (self.folder / "broker").iterdir():
                path.unlink()

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """``service`` or ``broker`` stands still meanwhile."""
        process = self._service if name == "service" else self._broker
        if process is None or process.poll() is not None:
            yield
            return
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another process, as the service sees it, holds the store's file for writing meanwhile."""
        with closing(sqlite3.connect(self.readings, timeout=WAIT_S, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    @contextmanager
    def full(self) -> Iterator[None]:
        """No byte can be written meanwhile: where the disk is the house's own it is filled up, else no file of the
        service may grow."""
        folder = Path(self.config.data).parent
        if folder != self.folder:
            ballast = folder / BALLAST
            try:
                _fill(ballast)
                yield
            finally:
                ballast.unlink(missing_ok=True)
            return
        self._limit(0)
        try:
            yield
        finally:
            self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        if self._service is not None and self._service.poll() is None:
            resource.prlimit(self._service.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def retained(self) -> dict[str, Stored]:
        """How far each band is stored, as the broker tells whoever comes."""
        told: dict[str, Stored] = {}
        all_there = threading.Event()

        def hear(_: object, __: object, message: paho.MQTTMessage) -> None:
            told[message.topic.split("/")[-2]] = msgspec.json.decode(message.payload, type=Stored)
            if len(told.keys() - {BAND}) >= self.wearers:
                all_there.set()

        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(self.config.mqtt.username, self.config.mqtt.password)
        client.on_connect = lambda *_: client.subscribe(all_stored_topic(self.config.site.name), qos=1)
        client.on_message = hear
        client.connect(self.config.mqtt.host, self.config.mqtt.port)
        client.loop_start()
        all_there.wait(5.0)
        client.disconnect()
        client.loop_stop()
        client.on_connect = client.on_message = None
        return told

    def finish(self) -> Found:
        """Wait until the bands have been told that all is stored; kill the service; say what is in its file."""
        self.start_broker()
        self.start_service()
        deadline = time.monotonic() + 3 * WAIT_S
        while self.bands_run() and time.monotonic() < deadline:
            self.tend()
            time.sleep(LOOK_S)
        if self._bands is None or self._bands.poll() is None:
            raise TimeoutError(f"the bands do not come to an end:\n{self.said()}")
        understood = self._nonsense.finish(within_s=WAIT_S)
        account = json.loads((self.folder / "bands.out").read_bytes())
        told = self.retained()
        self.kill_service()
        sent = list(read_sent(self.folder / "sent"))
        with closing(Installation(self.config).open_store()) as store:
            bad = self._nonsense.count
            wrong = compare(sent, store, bad=bad).wrong  # also if killed while it settled: it makes no difference
            store.settle(time.time(), everything=True)
            found = compare(sent, store, bad=bad)
            found.wrong += [*(f"before settling: {line}" for line in wrong), *store.check()]
        if not understood:
            found.wrong.append(f"of {bad} messages of nonsense {self._nonsense.done} are said to be dealt with")
        found.resent = account["resent"]
        made = sum(band["packets"] for band in account["bands"])
        if found.lost > account["let_go"]:
            found.wrong.append(f"{found.lost} are declared lost, but the edge let go of {account['let_go']}")
        if made != len(sent) or account["unstored"]:
            found.wrong.append(f"{account['unstored']} of {made} packets ({len(sent)}) are not known to be stored")
        for band in account["bands"]:
            far = told.get(band["band"])  # None where the broker was wiped after the edge had heard all that it wanted
            if far is not None and not band["first_seq"] <= far.since <= far.seq <= band["last_seq"]:
                found.wrong.append(f"{band['band']}: sent {band['first_seq']} to {band['last_seq']}, told {far}")
        return found


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.kill()
        process.wait(WAIT_S)
        if process.stdin is not None:
            process.stdin.close()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
