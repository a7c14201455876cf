"""A board without a screen: reads the event stream, takes every alert, and notes how late each row was."""

import http.client
import json
import logging
import threading
import time
import urllib.parse
from collections.abc import Callable
from typing import Final

AGAIN_S: Final = 1.0  # before a stream that ended is followed anew

log = logging.getLogger(__name__)


class BoardClient:
    """Follows ``/events`` of a board on its own thread and acknowledges, as ``name``, whatever alert it sees. Where the
    stream ends, which it does when what ``shown`` gave holds no longer, it is followed anew.

    ``latency_ms`` has one value for each second that was decided: from the publishing of the message that completed
    it to its row's arrival here. ``shown`` gives the Authorization header by which it is let in.
    """

    def __init__(self, address: str, *, name: str, shown: Callable[[], str]) -> None:
        self._shown = shown
        self._host = urllib.parse.urlsplit(address).netloc
        self._name = name
        self._connection = http.client.HTTPConnection(self._host, timeout=5)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="board client", daemon=True)
        self._seen: set[tuple[str, int, int]] = set()
        self._asked: set[str] = set()
        self.latency_ms: list[float] = []
        self.alerts: set[str] = set()
        self.acknowledged: set[str] = set()

    def start(self) -> None:
        """Begin to follow the board."""
        self._thread.start()

    def stop(self) -> None:
        """End within the second in which the next heartbeat arrives."""
        self._stop.set()
        self._thread.join(timeout=6)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (OSError, ValueError, http.client.HTTPException) as error:
                if not self._stop.is_set():
                    log.error("the board's event stream broke off: %s", error)
            finally:
                self._connection.close()
            self._stop.wait(AGAIN_S)

    def _follow(self) -> None:
        self._connection.request("GET", "/events", headers=self._headers("text/event-stream"))
        stream = self._connection.getresponse()
        event, first_s = "", time.monotonic()
        while not self._stop.is_set() and (raw := stream.readline()):
            line = raw.decode().rstrip("\n\r")
            if line.startswith("event:"):
                event = line.removeprefix("event:").strip()
            elif line.startswith("data:") and event == "row":
                self._row(json.loads(line.removeprefix("data:")), fresh=time.monotonic() - first_s > 1)

    def _row(self, row: dict[str, object], *, fresh: bool) -> None:
        arrived_us = time.time() * 1e6
        stamp, alert_id = row.get("stamp"), row.get("alert_id")
        if isinstance(stamp, dict):
            message = (stamp["band"], stamp["boot"], stamp["seq"])
            if fresh and message not in self._seen and stamp["sent_us"] is not None:
                self.latency_ms.append((arrived_us - stamp["sent_us"]) / 1e3)
            self._seen.add(message)
        if isinstance(alert_id, str):
            self.alerts.add(alert_id)
            if row.get("acknowledged_by"):
                if alert_id not in self.acknowledged:
                    self.acknowledged.add(alert_id)
                    log.info("an alert was taken")
            elif alert_id not in self._asked:
                self._take(alert_id)
                self._asked.add(alert_id)

    def _headers(self, accept: str) -> dict[str, str]:
        return {"Accept": accept, "Authorization": self._shown()}

    def _take(self, alert_id: str) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=5)
        try:
            connection.request(
                "POST",
                f"/alerts/{urllib.parse.quote(alert_id)}/acknowledge",
                body=urllib.parse.urlencode({"by": self._name}),
                headers={
                    **self._headers("application/json"),
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": f"http://{self._host}",
                },
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 400:
                log.error("taking alert %s was refused: %s", alert_id, answer.status)
        finally:
            connection.close()
