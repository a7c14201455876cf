"""What a house wrote down in; which property of its alerts holds, counted, and what broke it, out.

The journal says what was decided; receivers and tablets say what they saw, each in a file of its own; ``kills`` and
``service.up`` say when the service ran. Times are of one machine's clock [UTC s].
"""

import base64
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from alerts.delivery.seals import Seals
from benchmarks.alerts.notes import read, text_of
from benchmarks.alerts.storm import LINK
from forecalm.config import load
from forecalm.demo import NAMES
from forecalm.installation import Installation

STEP_S: Final = 1.0
"""A step is taken at most so much late."""

DECIDED_S: Final = 1.5
"""An alert counts from the end of the second that raised it, which is decided so much later at the latest."""

UP_S: Final = 3.0
"""After a start, what is late is told within so many seconds of being up."""

SEEN_S: Final = 1.0
"""That somebody has it is seen by every tablet within so much."""

SHOWN_S: Final = 8.0
"""An alert that was open for so long, with the service and a tablet up, is on a tablet: a page tries every second, and
a board is looked up each second."""

FLIGHT_S: Final = 5.0
"""A message that was handed on before somebody took it may arrive so much later: what waits for a channel's answer is
with the service outside already, or is taken back."""

OUTSIDE: Final = ("phone", "ntfy", "mail", "push")
OVER: Final = -1
EXAMPLES: Final = 5
Event = dict[str, Any]
Leg = tuple[str, int, str, str]


@dataclass(slots=True)
class Property:
    """What was to hold, how often it was looked at, and where it does not."""

    name: str
    looked: int = 0
    broken: list[str] = field(default_factory=list)

    def hold(self, true: bool, otherwise: str) -> None:
        """Count one look."""
        self.looked += 1
        if not true:
            self.broken.append(otherwise)


@dataclass(slots=True)
class House:
    """All that was written, by matter."""

    journal: list[Event]
    raised: dict[str, Event]
    taken: dict[str, Event]
    begun: dict[str, Event]
    ended: dict[str, Event]
    escalated: dict[str, list[Event]]
    legs: dict[Leg, list[Event]]
    arrived: list["Arrival"]
    seen: list[Event]
    up: list[tuple[float, float]]
    tablets_up: list[tuple[float, float]]
    kills: Counter[str]
    slack_s: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as its receiver has it; ``matter`` is "" where it does not say."""

    at_s: float
    channel: str
    to: str
    matter: str
    message: str
    repeat: bool
    over: bool
    text: str


def compare(folder: Path, journal: Path, *, episodes: int, slack_s: float = 0.0) -> dict[str, Any]:
    """Return every property with how often it was looked at, what broke it, and how late steps and tablets were. Every
    limit of time is wider by ``slack_s``: for whoever must not judge a busy machine."""
    house = read_house(folder, journal, slack_s=slack_s)
    late_s, behind_s = list[float](), list[float]()
    found = [
        ended_in_a_person(house, episodes),
        told(house),
        sounded_once(house),
        shown(house),
        silent(house, behind_s),
        copied_at_most_once(house),
        repeats_have_reasons(house),
        journal_first(house),
        nothing_after(house),
        on_time(house, late_s),
        nobody_named(house),
    ]
    return {
        "alerts": len(house.raised),
        "kills": dict(house.kills),
        "ways": dict(Counter(each["way"] for each in read(folder / "driver") if each["what"] == "asked")),
        "messages": len(house.arrived),
        "repeats": sum(each.repeat for each in house.arrived),
        "sounded": sum(each["what"] == "sounded" for each in house.seen),
        "turns": dict(Counter(str(each["turn"]) for kind in OUTSIDE for each in read(folder / f"{kind}.turns"))),
        "steps_late_s": quantiles(late_s),
        "tablets_silent_after_s": quantiles(behind_s),
        "properties": {each.name: each.looked for each in found},
        "broken": {each.name: [len(each.broken), *each.broken[:EXAMPLES]] for each in found if each.broken},
    }


def read_house(folder: Path, journal: Path, *, slack_s: float = 0.0) -> House:
    """Read everything."""
    events = read(journal)
    legs: dict[Leg, list[Event]] = defaultdict(list)
    escalated: dict[str, list[Event]] = defaultdict(list)
    for place, event in enumerate(events):
        event["place"] = place
        if event["event"] == "reached":
            legs[(event["matter_id"], event["step"], event["to"], event["channel"])].append(event)
        elif event["event"] == "escalated":
            escalated[event["matter_id"]].append(event)
    kills = read(folder / "kills")
    first = {name: _first(events, name) for name in ("alert raised", "alert acknowledged", "delivery begun")}
    ended = _first(events, "delivery ended")
    return House(
        journal=events,
        raised=first["alert raised"],
        taken=first["alert acknowledged"],
        begun={key: it for key, it in first["delivery begun"].items() if it["kind"] == "alert"},
        ended=ended,
        escalated=escalated,
        legs=legs,
        arrived=sorted(_arrivals(folder), key=lambda it: it.at_s),
        seen=read(folder / "tablets.seen"),
        up=_spans([it["at_s"] for it in read(folder / "service.up")], kills, "service"),
        tablets_up=_spans(
            [it["at_s"] for it in kills if it["process"] == "tablets" and it["what"] == "start"], kills, "tablets"
        ),
        kills=Counter(each["process"] for each in kills if each["what"] == "kill"),
        slack_s=slack_s,
    )


def _first(events: Sequence[Event], name: str) -> dict[str, Event]:
    found: dict[str, Event] = {}
    for event in events:
        if event["event"] == name:
            found.setdefault(event.get("alert_id") or event["matter_id"], event)
    return found


def _spans(starts: Sequence[float], kills: Sequence[Event], process: str) -> list[tuple[float, float]]:
    ends = [each["at_s"] for each in kills if each["process"] == process and each["what"] == "kill"]
    return [(start, min((end for end in ends if end > start), default=np.inf)) for start in starts]


def _arrivals(folder: Path) -> Iterator[Arrival]:
    seals = Seals(Installation(load(folder / "forecalm.toml")).secret())
    for channel in OUTSIDE:
        for got in read(folder / f"{channel}.got"):
            text = text_of(channel, got["what"])
            link = LINK.search(text)
            matter = seals.read(link[1], now_s=0.0).matter_id if link else ""
            to = {"phone": "Jo", "ntfy": "Sam", "mail": "Office"}.get(channel, got["where"].strip("/"))
            fields = _json(text)
            message = str(fields.get("id", "")) if channel == "push" else ""
            over = bool(fields["over"]) if channel == "push" else link is None
            repeat = bool(fields["repeat"]) if channel == "push" else "Again: " in text
            yield Arrival(got["at_s"], channel, to, matter, message, repeat, over, text)


def _json(text: str) -> dict[str, Any]:
    import json

    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def ended_in_a_person(house: House, episodes: int) -> Property:
    """No alert is lost: each is taken by somebody named, and each spell of signs has one."""
    found = Property("every alert ends in a named person; one alert for each spell of signs")
    for alert in house.raised:
        by = house.taken.get(alert, {}).get("by", "")
        found.hold(bool(by), f"{alert} was taken by nobody")
    found.hold(len(house.raised) == episodes, f"{len(house.raised)} alerts of {episodes} spells of signs")
    return found


def told(house: House) -> Property:
    """Each has a delivery, which ends with who has it."""
    found = Property("every alert has a delivery, which ends with who took it")
    for alert in house.raised:
        by = house.taken.get(alert, {}).get("by")
        found.hold(alert in house.begun, f"{alert} has no delivery")
        found.hold(house.ended.get(alert, {}).get("by") == by, f"{alert}: delivery did not end with {by}")
    return found


def sounded_once(house: House) -> Property:
    """A page sounds an alert once in its life."""
    found = Property("on each tablet an alert sounds once in a page's life")
    counts = Counter((it["life"], it["matter"]) for it in house.seen if it["what"] in ("sounded", "shown"))
    for (life, matter), count in counts.items():
        found.hold(count == 1, f"{matter} began {count} times on page {life}")
    return found


def shown(house: House) -> Property:
    """Who is open long enough is on a tablet."""
    found = Property(f"an alert that is open for {SHOWN_S:.0f} s with service and tablets up is on a tablet")
    on = {it["matter"] for it in house.seen if it["what"] in ("sounded", "shown")}
    for alert, raised in house.raised.items():
        from_s, until_s = raised["at_s"], house.taken.get(alert, {"at_s": np.inf})["at_s"]
        both = (
            min(until_s, one[1], other[1]) - max(from_s, one[0], other[0])
            for one in house.up
            for other in house.tablets_up
        )
        if max(both, default=0.0) >= SHOWN_S + house.slack_s:
            found.hold(alert in on, f"{alert} was on no tablet")
    return found


def silent(house: House, behind_s: list[float]) -> Property:
    """ "I'm on it" silences every tablet that is there."""
    found = Property(
        f"who takes an alert is seen by every connected tablet within {SEEN_S:.0f} s; nothing sounds after"
    )
    connected: dict[str, float] = {}
    for it in house.seen:
        if "life" not in it:
            continue
        life = it["life"]
        if it["what"] == "connected":
            connected[life] = it["at_s"]
        elif it["what"] in ("away", "gone"):
            connected.pop(life, None)
        elif it["matter"] in house.taken:
            taken_s = house.taken[it["matter"]]["at_s"]
            behind = it["at_s"] - taken_s
            if it["what"] == "silent" and connected.get(life, np.inf) < taken_s:
                behind_s.append(behind)
                found.hold(
                    behind <= SEEN_S + house.slack_s,
                    f"{it['matter']} rang on page {life} {behind:.2f} s after it was taken",
                )
            elif it["what"] in ("sounded", "shown"):
                found.hold(
                    behind <= SEEN_S + house.slack_s,
                    f"{it['matter']} began on page {life} {behind:.2f} s after it was taken",
                )
    return found


def _queued(house: House, matter: str, to: str, channel: str, *, repeat: bool | None = None) -> list[Event]:
    return sorted(
        (
            event
            for (of, _, receiver, by), events in house.legs.items()
            if (of, receiver, by) == (matter, to, channel)
            for event in events
            if event["station"] == "queued" and repeat in (None, event.get("repeat", False))
        ),
        key=lambda event: float(event["at_s"]),
    )


def _by_way(house: House) -> dict[tuple[str, str, str], list[Arrival]]:
    ways: dict[tuple[str, str, str], list[Arrival]] = defaultdict(list)
    for each in house.arrived:
        if each.matter and not each.over:
            ways[(each.matter, each.to, each.channel)].append(each)
    return ways


def copied_at_most_once(house: House) -> Property:
    """Nothing comes unmarked twice, and nothing comes more often than it was sent."""
    found = Property("outside, a message comes at most once unmarked, and marked no more often than was written")
    messages = Counter((it.message, it.repeat) for it in house.arrived if it.message)
    for (message, repeat), count in messages.items():
        if not repeat:
            found.hold(count == 1, f"push message {message} came {count} times unmarked")
    for (matter, to, channel), arrived in _by_way(house).items():
        for repeat in (False, True):
            came = sum(it.repeat is repeat for it in arrived)
            sent = sum(event["step"] != OVER for event in _queued(house, matter, to, channel, repeat=repeat))
            found.hold(came <= sent, f"{matter} to {to} by {channel}: {came} came, {sent} were written, {repeat=}")
    for (matter, step, to, channel), events in house.legs.items():
        firsts = sum(event["station"] == "queued" and not event.get("repeat", False) for event in events)
        rounds = 1 if step == OVER else sum(event["step"] == step for event in house.escalated[matter])
        found.hold(
            firsts <= rounds, f"{matter} step {step} to {to} by {channel}: {firsts} unmarked, taken {rounds} times"
        )
    overs = Counter((it.to, it.channel) for it in house.arrived if it.over)
    sent = Counter(
        (to, channel)
        for (_, step, to, channel), events in house.legs.items()
        if step == OVER
        for event in events
        if event["station"] == "queued"
    )
    for way, came in overs.items():
        found.hold(came <= sent[way], f"{came} times over to {way}, {sent[way]} were written")
    return found


def repeats_have_reasons(house: House) -> Property:
    """A repeat follows a crash, once for each, or a certain failure."""
    found = Property("a marked repeat follows a certain failure, or a crash: one for each")
    starts = [start for start, _ in house.up]
    for (matter, step, to, channel), events in house.legs.items():
        last: dict[int, Event] = {}
        for event in events:
            if event["station"] == "queued" and event.get("repeat", False):
                number = event.get("attempt", 1)
                before = last.get(number - 1, {})
                queued_s = next(
                    (it["at_s"] for it in events if it.get("attempt", 1) == number - 1 and it["station"] == "queued"),
                    np.inf,
                )
                crashed = any(
                    queued_s <= start + 1 and start <= event["at_s"] + UP_S + house.slack_s for start in starts
                )
                fine = before.get("station") == "failed" or (
                    before.get("station") == "uncertain" and "stopped" in before.get("detail", "") and crashed
                )
                found.hold(
                    fine, f"{matter} step {step} to {to} by {channel}: repeat after {before.get('station', 'nothing')}"
                )
            last[event.get("attempt", 1)] = event
    return found


def journal_first(house: House) -> Property:
    """Nothing arrives that is not in the journal already."""
    found = Property("nothing arrives that the journal had not said was queued")
    for (matter, to, channel), arrived in _by_way(house).items():
        queued = [event["at_s"] for event in _queued(house, matter, to, channel)]
        for place, each in enumerate(arrived):
            fine = place < len(queued) and queued[place] <= each.at_s
            found.hold(fine, f"{matter} came to {to} by {channel} before it was written")
    return found


def nothing_after(house: House) -> Property:
    """Nobody is told of it once somebody has it."""
    found = Property("after somebody has it nothing but that goes out")
    for (matter, step, to, channel), events in house.legs.items():
        if step == OVER or channel in ("board", "mqtt") or matter not in house.ended:
            continue
        for event in events:
            if event["station"] == "queued":
                fine = event["place"] < house.ended[matter]["place"]
                found.hold(fine, f"{matter} was queued to {to} by {channel} after its end")
    for each in house.arrived:
        if each.matter in house.ended and not each.over:
            behind = each.at_s - house.ended[each.matter]["at_s"]
            found.hold(
                behind <= FLIGHT_S + house.slack_s, f"{each.matter} came to {each.to} {behind:.1f} s after its end"
            )
    for matter, taken in house.taken.items():
        if matter in house.ended:
            ended_s = house.ended[matter]["at_s"]
            until_s = _allowed(house, taken["at_s"])
            found.hold(
                ended_s <= until_s, f"{matter}: delivery ended {ended_s - taken['at_s']:.1f} s after it was taken"
            )
    return found


def _allowed(house: House, due_s: float) -> float:
    """Until when something that is due at ``due_s`` must be done by a service that is killed now and then."""
    for up_s, down_s in sorted(house.up):
        until_s = (due_s + STEP_S if up_s <= due_s else up_s + UP_S) + house.slack_s
        if until_s < down_s:
            return until_s
    return float(np.inf)


def on_time(house: House, late_s: list[float]) -> Property:
    """Each step by its time at the latest, and the last one again and again."""
    found = Property(f"steps are taken {STEP_S:.0f} s late at most, or {UP_S:.0f} s after a start")
    for matter, begun in house.begun.items():
        ended_s = house.ended.get(matter, {"at_s": np.inf})["at_s"]
        ended_s = min(ended_s, house.taken.get(matter, {"at_s": np.inf})["at_s"])
        last = len(begun["steps"]) - 1
        taken = {
            number: [it["at_s"] for it in house.escalated[matter] if it["step"] == number] for number in range(last + 1)
        }
        due = [
            (number, begun["at_s"] + max(DECIDED_S, step["after_s"]), 0) for number, step in enumerate(begun["steps"])
        ]
        due += [(last, at_s + begun["again_s"], place + 1) for place, at_s in enumerate(taken[last])]
        for number, due_s, place in due:
            until_s = _allowed(house, due_s)
            if until_s >= ended_s:
                continue
            done_s = taken[number][place] if place < len(taken[number]) else np.inf
            found.hold(done_s <= until_s, f"{matter} step {number}: due {due_s:.1f}, until {until_s:.1f}, {done_s:.1f}")
            if np.isfinite(done_s):
                late_s.append(max(0.0, done_s - max(due_s, until_s - UP_S if until_s > due_s + STEP_S else due_s)))
    return found


def nobody_named(house: House) -> Property:
    """Neither names nor pseudonyms leave the house."""
    found = Property("no text that left the house holds a name or a pseudonym")
    wearers = {event["wearer"] for event in house.raised.values()}
    named = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted({*wearers, *NAMES})) or "^$")
    for each in house.arrived:
        link = LINK.search(each.text)
        hit = named.search(LINK.sub("", each.text))
        found.hold(hit is None, f"{each.channel}: {hit and hit[0]}")
        if link is not None:
            inside = base64.urlsafe_b64decode(link[1].replace(".", "") + "===")
            hit = named.search(inside.decode("latin-1"))
            found.hold(hit is None, f"{each.channel}: a link holds {hit and hit[0]}")
    return found


def quantiles(values: Sequence[float]) -> Mapping[str, float]:
    """Half, 95 and 99 of 100, and all, are no more than this."""
    if not values:
        return {"n": 0}
    said = {f"p{share}": round(float(np.percentile(values, share)), 3) for share in (50, 95, 99)}
    return {"n": len(values), **said, "max": round(float(max(values)), 3)}


def table(found: Mapping[str, Any]) -> str:
    """What a person reads."""
    lines = [
        f"{found['alerts']} alerts of {found['wearers']} people in {found['minutes']} min, seed {found['seed']}, load"
        f" {found['load']}",
        f"kills: {', '.join(f'{count} {name}' for name, count in sorted(found['kills'].items()))}",
        f"receivers: {', '.join(f'{count} times {name}' for name, count in sorted(found['turns'].items()))}",
        f"{found['messages']} messages arrived outside, {found['repeats']} of them marked as repeats;"
        f" {found['sounded']} times a tablet began to sound",
        f"steps late [s]: {found['steps_late_s']}",
        f"tablets silent after somebody took it [s]: {found['tablets_silent_after_s']}",
        "",
    ]
    for name, looked in found["properties"].items():
        broken = found["broken"].get(name, [0])
        lines.append(f"{'ok    ' if not broken[0] else 'BROKEN'} {looked:7} looked at, {broken[0]:4} broken: {name}")
        lines += [f"          {example}" for example in broken[1:]]
    return "\n".join(lines)
