"""InfluxDB's real engine for tests: Debian's influxd 1.6, with the write route of 1.8 and 2.x in front of it.

Before 1.8 the engine has no ``/api/v2/write``, which is what influxdb-client writes to; ``/query`` is passed on as it
is. A bucket ``name`` or ``name/policy`` is a database, which is made by whoever uses it, and a retention policy.
"""

import hashlib
import json
import os
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.store.inbox import Inbox
from ingest.store.influx import InfluxRest
from ingest.store.influx_connection import InfluxConnection
from ingest.store.settling import SettlingStore
from tests.servers import LONG_S, free_port

TOKEN = "a-secret-token"  # noqa: S105
PRECISIONS = {"ns": "n", "us": "u", "ms": "ms", "s": "s"}
CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[subscriber]
enabled = false
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
suppress-write-log = true
"""


@dataclass
class Scripted:
    """An answer that is given instead of the engine's, ``times`` times: to a ``method`` and ``path``."""

    method: str
    path: str
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    after: bool = False  # the engine does it first, and nobody hears


class Influx:
    """The engine and the route before it, on ports of their own; ``kill`` and ``start`` as often as is wanted."""

    def __init__(self, program: str, folder: Path, *, http: int, rpc: int) -> None:
        self._command = [program, "run", "-config", str(folder / "influxdb.conf")]
        self._folder = folder
        self.upstream = f"http://127.0.0.1:{http}"
        self.scripted: list[Scripted] = []
        self.written = 0
        (folder / "influxdb.conf").write_text(CONFIG.format(folder=folder, http=http, rpc=rpc))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Route", (_Route,), {"influx": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def start(self) -> None:
        """Start the engine, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        pause = threading.Event()
        for _ in range(int(LONG_S / 0.02)):
            try:
                urllib.request.urlopen(f"{self.upstream}/ping", timeout=1).close()
                return
            except OSError:
                pause.wait(0.02)
        raise RuntimeError("influxd does not answer:\n" + (self._folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """Kill the engine, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LONG_S)
            self._process = None

    def ask(self, query: str, database: str = "") -> list[dict]:
        """Run InfluxQL on the engine itself; return what its first statement gives, or fail with what it says."""
        form = urllib.parse.urlencode({"q": query, "db": database, "epoch": "ns"}).encode()
        with urllib.request.urlopen(f"{self.upstream}/query", data=form, timeout=LONG_S) as answer:
            (result, *_) = json.load(answer)["results"]
        assert "error" not in result, f"{query}: {result['error']}"
        return result.get("series", [])

    def close(self) -> None:
        """End both."""
        self._server.shutdown()
        self._server.server_close()
        self.kill()


@contextmanager
def running_influx(folder: Path) -> Iterator[Influx]:
    """A running engine with its files in a folder; skips, or fails where services are required, without a program."""
    program = shutil.which("influxd") or shutil.which("influxd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        if os.environ.get("FORECALM_TEST_REQUIRE_SERVICES"):
            pytest.fail("influxd is not installed, and FORECALM_TEST_REQUIRE_SERVICES is set")
        pytest.skip("influxd is not installed")
    with closing(Influx(program, folder, http=free_port(), rpc=free_port())) as running:
        yield running


def bucket_of(influx: Influx, folder: Path) -> str:
    """The database that belongs to a folder, made where there is none."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    influx.ask(f'CREATE DATABASE "{name}"')
    return name


def influx_store(influx: Influx, folder: Path) -> SettlingStore:
    """The store whose inbox is in a folder and whose packets settle in the database of that folder."""
    connection = InfluxConnection(url=influx.url, bucket=bucket_of(influx, folder), token=TOKEN, gzip=True)
    return SettlingStore(Inbox(folder / "inbox.sqlite"), InfluxRest(connection))


class _Route(BaseHTTPRequestHandler):
    influx: Influx
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Pass a query on."""
        self._serve("GET", b"")

    def do_POST(self) -> None:
        """Pass a write or a query on."""
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, method: str, body: bytes) -> None:
        url = urllib.parse.urlsplit(self.path)
        scripted = self._scripted(method, url.path)
        if scripted is not None and scripted.after:
            self._forwarded(url, body)
        if scripted is not None:
            self._answer(scripted.status, scripted.body, scripted.headers)
        elif self.headers.get("Authorization") != f"Token {TOKEN}":
            self._answer(401, b'{"code":"unauthorized","message":"unauthorized access"}')
        elif url.path in ("/api/v2/write", "/query"):
            self._answer(*self._forwarded(url, body))
        else:
            self._answer(404, b'{"code":"not found","message":"path not found"}')

    def _scripted(self, method: str, path: str) -> Scripted | None:
        for one in self.influx.scripted:
            if (one.method, one.path) == (method, path) and one.times > 0:
                one.times -= 1
                return one
        return None

    def _forwarded(self, url: urllib.parse.SplitResult, body: bytes) -> tuple[int, bytes]:
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/query":
            form = dict(urllib.parse.parse_qsl(body.decode()))
            return self._upstream("/query", query | form, b"" if form else None, {})
        self.influx.written += 1
        database, _, policy = query.get("bucket", "").partition("/")
        out = {"db": database, "precision": PRECISIONS[query.get("precision", "ns")]} | (
            {"rp": policy} if policy else {}
        )
        headers = {name: self.headers[name] for name in ("Content-Encoding",) if self.headers.get(name)}
        status, said = self._upstream("/write", out, body, headers | {"Content-Type": "text/plain"})
        if status == 204:
            return status, b""
        return status, json.dumps({"code": "invalid", "message": json.loads(said or b"{}").get("error", "")}).encode()

    def _upstream(self, path: str, query: dict[str, str], body: bytes | None, headers: dict) -> tuple[int, bytes]:
        url = f"{self.influx.upstream}{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=LONG_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""  # the engine is away

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        if status == 0:  # as if nobody were there
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
