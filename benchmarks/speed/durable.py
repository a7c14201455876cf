"""A ward's packets published in, how many a second are durable and how long each takes out; paho alone beside.

python -m benchmarks.speed.durable [--bands N] [--minutes M] [--alone]

Mosquitto with the configuration that we ship, a publisher in a process of its own, and in another one the real
Subscriber, Intake, Clocks, Assembler and SqliteStore. Latency is from the moment a packet was to be published until the
commit that holds it has returned. Both processes are on this machine, so they share the clock.
"""

import argparse
import json
import os
import re
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
from numpy.typing import NDArray
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.figures import ROOT, Race
from ingest.admission import Admission, Verdict
from ingest.assemble import Assembler
from ingest.clock.clocks import Clocks
from ingest.intake.intake import Handed, Intake
from ingest.mqtt import Subscriber
from ingest.received import Received
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, Samples, bands_topic, data_topic, encode

USER = PASSWORD = "forecalm"  # noqa: S105 - of a broker that lives for a minute
SITE = "ward"
SLOTS = 50  # a second: the publisher's bands send evenly spread over it
SEQ, TICK_US = 1 << 20, 1 << 40  # numbers whose MessagePack length never changes
SHORT_S = 15.0  # of `make bench`, each
QUIET_BANDS, BUSY_BANDS = 1_000, 5_000


@dataclass(frozen=True, slots=True)
class Run:
    """What one run has shown. ``rss_mb`` is taken at a third and at the end."""

    published: int
    stored: int
    seconds: float
    p50_ms: float
    p99_ms: float
    rss_mb: tuple[float, float]
    cpu: float
    counters: str

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.stored / self.seconds


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run the broker with the shipped configuration, but for port and paths; yield its port."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("mosquitto is not installed")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    users = folder / "users"
    subprocess.run(  # noqa: S603
        ["mosquitto_passwd", "-b", "-c", users, USER, PASSWORD],  # noqa: S607
        check=True,
        capture_output=True,
    )
    text = (ROOT / "docs" / "guides" / "mosquitto.conf").read_text()
    for key, value in (
        ("listener", f"{port} 127.0.0.1"),
        ("password_file", users),
        ("# persistence_location", f"{folder}/"),
        ("acl_file", ROOT / "docs" / "guides" / "mosquitto.acl"),
    ):
        text, found = re.subn(rf"(?m)^{key} .*$", f"{key.removeprefix('# ')} {value}", text)
        if found != 1:
            raise SystemExit(f"mosquitto.conf: {key} is there {found} times")
    (folder / "mosquitto.conf").write_text(text + "user root\n")
    process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        for _ in range(200):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def template(band: str) -> tuple[bytes, list[int], int]:
    """Return the MQTT message of a band's first second, where its ticks are, and where its seq is."""
    rng = np.random.default_rng(1)
    channels = {
        name: Samples(rate_hz=hz, tick_us=TICK_US, values=rng.uniform(low, high, n).astype("<f4").tobytes())
        for name, hz, n, low, high in (
            ("eda", 4.0, 4, 0.3, 8.0),
            ("temperature", 4.0, 4, 30.0, 36.0),
            ("ppg", 64.0, 64, -50.0, 50.0),
            ("motion", 32.0, 96, -2.0, 2.0),
        )
    }
    packet = Packet(v=1, band=band, boot=1, seq=SEQ, tick_us=TICK_US + 1_000_000, **channels)
    payload = encode(packet)
    topic = data_topic(SITE, band).encode()
    body = struct.pack("!H", len(topic)) + topic + b"\0\1" + payload
    size, length = len(body), b""
    while size or not length:
        size, low7 = divmod(size, 128)
        length += bytes([low7 | (128 if size else 0)])
    message = b"\x32" + length + body
    start = struct.pack(">BQ", 0xCF, TICK_US)
    ticks = [match.start() + 1 for match in re.finditer(re.escape(start), message)]
    end = message.index(struct.pack(">BQ", 0xCF, TICK_US + 1_000_000)) + 1
    seq = message.index(struct.pack(">BI", 0xCE, SEQ)) + 1
    return message, [end, *ticks], seq


def publish(port: int, *, bands: int, seconds: int) -> None:
    """Publish a packet a band a second, QoS 1, evenly spread; what is behind is sent as soon as it can be."""
    messages = []
    for number in range(bands):
        message, ticks, seq = template(f"band-{number:05d}")
        messages.append((bytearray(message), ticks, seq))
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    words = b"".join(struct.pack("!H", len(w)) + w for w in (b"publisher", USER.encode(), PASSWORD.encode()))
    body = b"\0\4MQTT\4\xc2\0\0" + words
    sock.sendall(b"\x10" + bytes([len(body)]) + body)
    if sock.recv(4)[3] != 0:
        raise SystemExit("the broker refused the publisher")
    begun, behind_s = time.time(), 0.0
    for second in range(seconds):
        for slot in range(SLOTS):
            due_s = begun + second + slot / SLOTS
            left_s = due_s - time.time()
            behind_s = max(behind_s, -left_s)
            while left_s > 0:
                if select.select([sock], [], [], left_s)[0]:
                    sock.recv(1 << 16)  # PUBACKs: the watermark is what counts
                left_s = due_s - time.time()
            tick_us = TICK_US + round((due_s - begun) * 1e6)
            batch = bytearray()
            for message, (end, *starts), seq in messages[slot::SLOTS]:
                struct.pack_into(">I", message, seq, SEQ + second)
                struct.pack_into(">Q", message, end, tick_us + 1_000_000)
                for start in starts:
                    struct.pack_into(">Q", message, start, tick_us)
                batch += message
            _send(sock, batch)
    sock.settimeout(1.0)
    with closing(sock):
        with suppress(TimeoutError):  # a second without a PUBACK: there is none to come
            while sock.recv(1 << 16):
                pass
        sock.sendall(b"\xe0\0")
    print(json.dumps({"begun_s": begun, "behind_s": behind_s}), flush=True)


def _send(sock: socket.socket, batch: bytearray) -> None:
    """Send all of it, reading what comes meanwhile: a broker stops reading from who does not listen."""
    sock.setblocking(False)
    left = memoryview(batch)
    while left:
        readable, writable, _ = select.select([sock], [sock], [])
        if readable:
            sock.recv(1 << 16)
        if writable:
            left = left[sock.send(left) :]
    sock.setblocking(True)


class Clocked:
    """A store that notes when each packet was committed, against the end of its samples on the publisher's clock."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.taken: list[tuple[float, NDArray[np.int64]]] = []
        self.stored = 0

    def commit(self, batch: Sequence[Received], *, dropped: Sequence[Any] = (), lost: Sequence[Any] = ()) -> int:
        """Commit, and note."""
        new = self.store.commit(batch, dropped=dropped, lost=lost)
        self.stored += new
        self.taken.append((time.time(), np.array([received.packet.tick_us for received in batch], np.int64)))
        return new

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.store, name)


class Engine:
    """Packets in, whole seconds out, on a thread of its own, as the service's engine takes them."""

    def __init__(self, rows: int) -> None:
        self._assembler = Assembler(rows=rows)
        self._rows: dict[str, int] = {}
        self._lock = threading.Condition()
        self._handed: list[Handed] = []
        self._ended = False
        self.seconds = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hand(self, handed: Handed) -> None:
        """Take packets, at once."""
        with self._lock:
            self._handed.append(handed)
            self._lock.notify()

    def stop(self) -> None:
        """Finish."""
        with self._lock:
            self._ended = True
            self._lock.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._handed and not self._ended:
                    self._lock.wait(0.5)
                some, self._handed = self._handed, []
                if self._ended and not some:
                    return
            for handed in some:
                for received, _ in handed:
                    row = self._rows.setdefault(received.packet.band, len(self._rows))
                    self._assembler.add(row, received)
            for taken in self._assembler.take(time.time()):
                self.seconds += len(taken.rows)


def rss_mb() -> float:
    """The memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def sustain(*, bands: int, seconds: int) -> Run:
    """Publish ``seconds`` of so many bands, and wait until all is stored."""
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name)) as port:
        folder = Path(name)
        store = Clocked(SqliteStore(folder / "readings.sqlite"))
        engine, box = Engine(bands), []
        subscriber = Subscriber(
            host="127.0.0.1",
            port=port,
            site=SITE,
            on_message=lambda topic, payload, ack: box[0].receive(topic, payload, ack),
            username=USER,
            password=PASSWORD,
            client_id="service",
        )
        intake = Intake(
            store=store,  # type: ignore[arg-type]
            clocks=Clocks(),
            admit=lambda band, _: Admission(Verdict.KEEP, band),
            on_received=engine.hand,
            publish_stored=subscriber.publish_stored,
            clock=time.time,
        )
        box.append(intake)
        intake.start()
        subscriber.start()
        if not subscriber.connected.wait(20):
            raise SystemExit("not connected")
        cpu_s, began_s = time.process_time(), time.time()
        publisher = _publisher(port, bands=bands, seconds=seconds)
        rss = [rss_mb()]
        while publisher.poll() is None or (
            store.stored < bands * seconds and time.time() < began_s + 1.5 * seconds + 30
        ):
            time.sleep(0.25)
            if len(rss) == 1 and time.time() > began_s + seconds / 3:
                rss.append(rss_mb())
        rss.append(rss_mb())
        spent_s = time.time() - began_s
        said = json.loads(publisher.communicate()[0])
        cpu = (time.process_time() - cpu_s) / spent_s
        intake.stop()
        subscriber.stop()
        engine.stop()
        store.close()
        last_s = store.taken[-1][0]
        late_ms = _latencies_ms(store.taken, said["begun_s"])
        p50, p99 = np.percentile(late_ms, [50, 99])
        note = (
            f"publisher at most {said['behind_s']:.2f} s behind, {engine.seconds} seconds assembled, {intake.counters}"
        )
        return Run(
            published=bands * seconds,
            stored=store.stored,
            seconds=last_s - said["begun_s"],
            p50_ms=float(p50),
            p99_ms=float(p99),
            rss_mb=(rss[1], rss[-1]),
            cpu=cpu,
            counters=note,
        )


def _publisher(port: int, *, bands: int, seconds: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "benchmarks.speed.durable", "--publish", str(port)]
    arguments += ["--bands", str(bands), "--seconds", str(seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603


def _latencies_ms(taken: Sequence[tuple[float, NDArray[np.int64]]], begun_s: float) -> NDArray[np.float64]:
    """How long after it was due each packet was committed."""
    at_s = np.repeat([when for when, _ in taken], [len(ticks) for _, ticks in taken])
    due_s = (np.concatenate([ticks for _, ticks in taken]) - TICK_US - 1_000_000) * 1e-6 + begun_s
    return (at_s - due_s) * 1e3


def alone(*, bands: int, seconds: int) -> float:
    """Messages a second that a plain paho subscriber hears, storing nothing, of the same publisher."""
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name)) as port:
        heard = [0, 0.0, 0.0]

        def on_message(*_: object) -> None:
            heard[1] = heard[1] or time.perf_counter()
            heard[0] += 1
            heard[2] = time.perf_counter()

        ready = threading.Event()
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="plain", clean_session=False)
        client.username_pw_set(USER, PASSWORD)
        client.on_connect = lambda *_: client.subscribe(bands_topic(SITE), qos=1)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = on_message
        client.connect("127.0.0.1", port)
        client.loop_start()
        if not ready.wait(20):
            raise SystemExit("not connected")
        publisher = _publisher(port, bands=bands, seconds=seconds)
        before = -1
        while publisher.poll() is None or heard[0] != before:
            before = heard[0]
            time.sleep(0.5)
        client.disconnect()
        client.loop_stop()
        publisher.communicate()
        return (heard[0] - 1) / (heard[2] - heard[1])


def race() -> list[Race]:
    """A short form: so many seconds each."""
    plain = alone(bands=8 * BUSY_BANDS, seconds=4)
    quiet = sustain(bands=QUIET_BANDS, seconds=int(SHORT_S))
    busy = sustain(bands=BUSY_BANDS, seconds=int(SHORT_S))
    most = sustain(bands=2 * BUSY_BANDS, seconds=int(SHORT_S))
    notes = [
        f"{run.published / SHORT_S:.0f} msg/s offered: {run.rate:.0f} durable a second, p50 {run.p50_ms:.0f} ms,"
        f" p99 {run.p99_ms:.0f} ms, {run.rss_mb[0]:.0f} then {run.rss_mb[1]:.0f} MB, {run.cpu:.2f} cores"
        for run in (quiet, busy, most)
    ]
    best = max(quiet.rate, busy.rate, most.rate)
    return [
        Race(
            work="publish to durable, QoS 1, Mosquitto, one process: a message",
            peer="paho alone, storing nothing",
            peer_s=1 / plain,
            ours_s=1 / best,
            reach=5000 / plain,
            goal=10000 / plain,
            note="; ".join(notes),
        )
    ]


def main() -> None:
    """Run once, for as long as asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bands", type=int, default=BUSY_BANDS)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--publish", type=int, metavar="PORT", help="be the publisher")
    parser.add_argument("--alone", action="store_true", help="paho storing nothing")
    asked = parser.parse_args()
    seconds = asked.seconds or round(60 * asked.minutes)
    if asked.publish:
        publish(asked.publish, bands=asked.bands, seconds=seconds)
    elif asked.alone:
        print(f"{alone(bands=asked.bands, seconds=seconds):.0f} messages a second")
    else:
        run = sustain(bands=asked.bands, seconds=seconds)
        print(f"{run.rate:.0f} messages a second\n{run}")


if __name__ == "__main__":
    main()
