"""The document and the examples are what the service does."""

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from console.api.document import document
from console.serve import run
from tests.console.api.rooms import Rooms
from tests.servers import LONG_S

DOCS = Path(__file__).parents[3] / "docs"


def test_the_document_is_up_to_date() -> None:
    """Else: ``python -m console.api.document > docs/openapi.json``."""
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == document()


def test_the_service_serves_the_same_document(rooms: Rooms) -> None:
    assert rooms.ask("GET", "/api/v1/openapi.json").json() == json.loads(document())


def test_every_example_of_the_guide_works(rooms: Rooms) -> None:
    """All of them, one after the other, as a developer would paste them."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    alert_id, other = rooms.alert("w2"), rooms.alert("w3")
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    script = "\n".join(["set -euo pipefail", *re.findall(r"```sh\n(.*?)```", text, re.S)])
    script = script.replace("$(date +%s)", str(int(rooms.now_s)))  # the house's clock
    address: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def tell(where: str) -> None:
        address.append(where.rstrip("/"))
        ready.set()

    arguments = {"hub": rooms.hub, "host": "127.0.0.1", "port": 0, "stop": stop, "ready": tell}
    serving = threading.Thread(target=run, args=(rooms.app,), kwargs=arguments)
    serving.start()
    try:
        assert ready.wait(LONG_S)
        known = {"BOARD": address[0], "ALERT": alert_id, "WEARER": "w1", "LINK": rooms.link(other, "Sam")}
        env = {"PATH": "/usr/bin:/bin", **known}
        done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=LONG_S)
    finally:
        stop.set()
        serving.join(LONG_S)
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"what":"anxious, settled"' in done.stdout
    assert '"carer":"Sam"' in done.stdout
    assert {view.alert.acknowledged_by for view in rooms.desk.views() if view.alert} == {"Jo", "Sam"}
