"""Alerts delivered by a process that is killed again and again, over channels that fail, hang and lie: what was lost,
what came twice, what came late.

``python benchmarks/deliveries.py [--alerts 1000] [--kills 20]`` prints JSON. The desk and the tablets are played here;
journal, delivery and its threads are those of the service. Times of steps are shortened, so that a run takes a minute.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec

from alerts.channels.channel import Because, ChannelError, Message
from alerts.delivery.dispatch import Dispatch
from alerts.delivery.events import DeliveryBegun, DeliveryEnded, Escalated, Reached, Station, Step
from alerts.delivery.proof import Proof
from alerts.delivery.rules import DEFAULT
from alerts.journal import Journal
from alerts.situation_events import AlertAcknowledged, AlertRaised
from alerts.views import AlertView, RiskState, Sight, WearerView

STEPS = (
    Step(after_s=0.0, who="on shift", channel="board"),
    Step(after_s=1.0, who="on shift", channel="push"),
    Step(after_s=2.0, who="on shift", channel="push2"),
    Step(after_s=4.0, who="on shift", channel="push3"),
)
RULES = msgspec.structs.replace(
    DEFAULT,
    alert=STEPS,
    again_s=5.0,
    deliver_within_s=0.5,
    answer_within_s=1.0,
    mqtt=msgspec.structs.replace(DEFAULT.mqtt, events=False),
)
TAKEN_AFTER_S = 6.0
TABLETS = ("kitchen", "hall")


class Line:
    """A channel: what arrived and what was denied are lines of a file."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "arrived.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._luck = random.Random()  # noqa: S311 - luck, no secret

    def _write(self, what: str, message: Message) -> None:
        os.write(
            self._fd,
            f"{what} {message.message_id} {int(message.repeat)} {int(message.over)} {message.matter_id}\n".encode(),
        )

    def send(self, message: Message) -> None:
        """Go, fail, lie, hang, or break off."""
        luck = self._luck.random()
        if luck < 0.1:
            self._write("denied", message)
            raise ChannelError(Because.UNREACHABLE, "", certain=True)
        self._write("arrived", message)
        if luck < 0.2:
            self._write("denied", message)
            raise ChannelError(Because.UNREACHABLE, "", certain=True)
        if luck < 0.22:
            time.sleep(1.5)
        if luck < 0.3:
            raise ChannelError(Because.SILENT, "", certain=False)


class Heard:
    """A tablet that was heard just now."""

    def __init__(self, tablet: str) -> None:
        self.tablet, self.at_s = tablet, time.time()


def live(folder: Path, alerts: int) -> None:
    """Raise what is not raised, take what has waited, until everything is told that it is over."""
    journal = Journal(folder / "journal.jsonl")
    raised = {each.alert_id: each for each in journal.history if isinstance(each, AlertRaised)}
    taken = {each.alert_id for each in journal.history if isinstance(each, AlertAcknowledged)}
    dispatch = Dispatch(
        journal=journal,
        rules=RULES,
        channels={name: Line(folder) for name in ("push", "push2", "push3")},
        on_shift=lambda _: ("Ann",),
        tablets=lambda: tuple(map(Heard, TABLETS)),
        link=lambda *_: "",
        reachable=lambda _: ("Ann", "Kim"),
    )
    shown: set[str] = set()

    def show(proof: Proof) -> None:
        key = proof.matter.matter_id
        if proof.is_open and key not in shown and hashlib.sha256(key.encode()).digest()[0] < 128:
            shown.add(key)
            dispatch.receipt("kitchen", key, Station.ON_TABLET, time.time())
            dispatch.receipt("kitchen", key, Station.SOUNDED, time.time())

    dispatch.subscribe(show)
    dispatch.start()
    (folder / f"up-{time.time_ns()}").touch()
    while len(taken) < alerts or any(leg.waiting for proof in dispatch._book.unsettled() for leg in proof.legs):
        now_s = time.time()
        for number in range(len(raised), min(alerts, len(raised) + 4)):
            event = AlertRaised(
                wearer=f"w{number}", at_s=now_s, alert_id=f"w{number}-1", probability=0.9, reasons=(), policy="p"
            )
            journal.append([event])
            raised[event.alert_id] = event
            dispatch.hear(_view(event, None))
        due = [each for each in raised.values() if each.alert_id not in taken and now_s - each.at_s > TAKEN_AFTER_S]
        for event in due[:8]:
            journal.append([AlertAcknowledged(wearer=event.wearer, at_s=now_s, alert_id=event.alert_id, by="Ann")])
            taken.add(event.alert_id)
            dispatch.hear(_view(event, "Ann"))
        time.sleep(0.04)
    time.sleep(2.0)
    dispatch.stop()


def _view(event: AlertRaised, by: str | None) -> WearerView:
    alert = AlertView(event.alert_id, event.wearer, event.at_s, 0.9, (), "p", by, event.at_s if by else None)
    sight = Sight(event.at_s)
    return WearerView(event.wearer, event.at_s, RiskState.ALERTING, event.at_s, sight, 0.9, (), (), 1.0, alert=alert)


def judge(folder: Path, kills: list[float]) -> dict[str, object]:
    """Count what the journal and the channels say."""
    journal = Journal(folder / "journal.jsonl")
    history = journal.history
    raised = [each.alert_id for each in history if isinstance(each, AlertRaised)]
    begun = {each.matter_id: each for each in history if isinstance(each, DeliveryBegun)}
    ended = Counter(each.matter_id for each in history if isinstance(each, DeliveryEnded))
    lines = [line.split() for line in (folder / "arrived.txt").read_text().splitlines()]
    denied = Counter(line[1] for line in lines if line[0] == "denied")
    plain = Counter(line[1] for line in lines if line[0] == "arrived" and line[2] == "0")
    marked = Counter(line[1] for line in lines if line[0] == "arrived" and line[2] == "1")
    starts = sorted(int(path.name.removeprefix("up-")) / 1e9 for path in folder.glob("up-*"))
    ups = list(zip(starts, [next((k for k in kills if k > start), 1e12) for start in starts], strict=True))
    first: dict[tuple[str, int], float] = {}
    for each in history:
        if isinstance(each, Escalated):
            first.setdefault((each.matter_id, each.step), each.at_s)
    late = sorted(
        sum(max(0.0, min(at_s, end) - max(begun[key].at_s + STEPS[step].after_s, start)) for start, end in ups)
        for (key, step), at_s in first.items()
    )
    reached = {line[4] for line in lines if line[0] == "arrived"} | {
        each.matter_id for each in history if isinstance(each, Reached) and each.station is Station.SOUNDED
    }
    return {
        "alerts": len(raised),
        "kills": len(kills),
        "lost": len(set(raised) - set(begun)) + len(set(raised) - reached),
        "not ended once": sum(ended[key] != 1 for key in raised),
        "messages": sum(plain.values()) + sum(marked.values()),
        "unmarked copies beyond the first": sum(count - 1 for count in plain.values()),
        "marked repeats": sum(marked.values()),
        "most repeats of one message beyond its failures": max(
            (count - denied[key] for key, count in marked.items()), default=0
        ),
        "steps not taken": sum((key, step) not in first for key in raised for step in range(len(STEPS))),
        "lateness of steps while running, p50 p99 max [s]": [
            round(late[int(share * (len(late) - 1))], 3) for share in (0.5, 0.99, 1.0)
        ],
    }


def main() -> None:
    """Kill and start again, then judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--live", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.live:
        live(given.live, given.alerts)
        return
    with tempfile.TemporaryDirectory() as name:
        kills, luck = [], random.Random(1)  # noqa: S311
        command = [sys.executable, __file__, "--live", name, "--alerts", str(given.alerts)]
        for _ in range(given.kills):
            child = subprocess.Popen(command)  # noqa: S603 - this very program
            time.sleep(luck.uniform(1.5, 3.5))
            kills.append(time.time())
            child.send_signal(signal.SIGKILL)
            child.wait()
        subprocess.run(command, check=True)  # noqa: S603
        print(json.dumps(judge(Path(name), kills), indent=2))


if __name__ == "__main__":
    main()
