"""What the benchmark of alerts calls broken: a house in which all is well, and each thing that may be wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.seals import Seals
from benchmarks.alerts.compare import compare
from benchmarks.alerts.house import URL
from forecalm.config import Config
from forecalm.installation import Installation

ALERT = "w-01-100-1"
Lines = dict[str, list[dict[str, Any]]]
STEPS = [{"after_s": 0.0, "who": "on shift", "channel": "board"}, {"after_s": 4.0, "who": "Jo", "channel": "phone"}]


def leg(at_s: float, station: str, **more: object) -> dict[str, Any]:
    said = {"event": "reached", "at_s": at_s, "matter_id": ALERT, "step": 1, "to": "Jo", "channel": "phone"}
    return {**said, "station": station, "attempt": 1, "repeat": False, "detail": "", **more}


def whole(link: str) -> Lines:
    of = {"matter_id": ALERT}
    page = {"tablet": 0, "life": "0-1"}
    return {
        "journal": [
            {"event": "alert raised", "at_s": 100.0, "wearer": "w-01", "alert_id": ALERT},
            {"event": "delivery begun", "at_s": 100.0, "kind": "alert", "steps": STEPS, "again_s": 30.0, **of},
            {"event": "escalated", "at_s": 100.4, "step": 0, **of},
            {"event": "escalated", "at_s": 104.0, "step": 1, **of},
            leg(104.0, "queued"),
            leg(104.3, "sent"),
            {"event": "alert acknowledged", "at_s": 112.0, "alert_id": ALERT, "by": "Jo"},
            {"event": "delivery ended", "at_s": 112.0, "by": "Jo", **of},
            leg(112.1, "queued", step=-1),
        ],
        "kills": [{"at_s": 50.0, "what": "start", "process": "tablets"}],
        "service.up": [{"at_s": 50.0}],
        "phone.got": [
            {"at_s": 104.2, "what": f"Somebody may need you. {link}", "where": "/jo", "behaviour": "take"},
            {"at_s": 112.2, "what": "Jo has it.", "where": "/jo", "behaviour": "take"},
        ],
        "tablets.seen": [
            {"at_s": 60.0, "what": "connected", **page},
            {"at_s": 101.0, "what": "sounded", "matter": ALERT, **page},
            {"at_s": 112.1, "what": "silent", "matter": ALERT, **page},
        ],
    }


def judged(folder: Path, spoil: Callable[[Lines], object]) -> dict[str, Any]:
    (folder / "forecalm.toml").write_text(f"data = {json.dumps(str(folder / 'var'))}")
    secret = Installation(Config(data=str(folder / "var"))).secret()
    lines = whole(f"{URL}/take/{Seals(secret).link(ALERT, 'Jo', until_s=1e9)}")
    spoil(lines)
    for name, said in lines.items():
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in said))
    found: dict[str, Any] = compare(folder, folder / "journal", episodes=1)["broken"]
    return found


def change(name: str, place: int, **to: object) -> Callable[[Lines], object]:
    return lambda lines: lines[name][place].update(to)


def add(name: str, place: int, line: dict[str, Any]) -> Callable[[Lines], object]:
    return lambda lines: lines[name].insert(place, line)


def twice(name: str, place: int) -> Callable[[Lines], object]:
    return lambda lines: lines[name].append(dict(lines[name][place]))


def test_nothing_is_called_broken_where_all_is_well(tmp_path: Path) -> None:
    assert judged(tmp_path, lambda _: None) == {}


@pytest.mark.parametrize(
    ("spoil", "broken"),
    [
        (lambda lines: lines["journal"].pop(6), "every alert ends in a named person"),
        (change("journal", 6, by=""), "every alert ends in a named person"),
        (lambda lines: lines["journal"].pop(1), "every alert has a delivery"),
        (change("journal", 7, by="Sam"), "every alert has a delivery"),
        (twice("tablets.seen", 1), "on each tablet an alert sounds once"),
        (lambda lines: lines["tablets.seen"].pop(1), "an alert that is open for 8 s"),
        (change("tablets.seen", 2, at_s=113.5), "who takes an alert is seen"),
        (twice("phone.got", 0), "outside, a message comes at most once unmarked"),
        (add("journal", 6, leg(105.0, "queued", attempt=2)), "outside, a message comes at most once unmarked"),
        (change("phone.got", 0, at_s=103.0), "nothing arrives that the journal"),
        (change("phone.got", 0, at_s=118.0), "after somebody has it"),
        (add("journal", 9, leg(113.0, "queued", attempt=2)), "after somebody has it"),
        (add("journal", 6, leg(105.0, "queued", attempt=2, repeat=True)), "a marked repeat follows"),
        (change("journal", 3, at_s=105.5), "steps are taken"),
        (lambda lines: lines["journal"].pop(3), "steps are taken"),
        (change("phone.got", 1, what="Jo has w-01."), "no text that left the house"),
        (change("phone.got", 1, what="Bea is well."), "no text that left the house"),
    ],
)
def test_each_property_is_called_broken_where_it_is(
    tmp_path: Path, spoil: Callable[[Lines], object], broken: str
) -> None:
    assert any(name.startswith(broken) for name in judged(tmp_path, spoil))
