"""The tables of delivery in, docs/delivery.md out: ``python -m alerts.delivery.drawn`` writes it."""

from pathlib import Path
from typing import Final

from alerts.delivery.due import OVER_WITHIN_S, RETRY_AFTER_S, WHEN
from alerts.delivery.events import AT_TABLETS, Station, Step
from alerts.delivery.matter import Kind
from alerts.delivery.proof import MEANS, ORDER, PROVED, SELDOM_S
from alerts.delivery.rules import DEFAULT
from alerts.delivery.snooze import MOST_S, NOTICE_MOST_S, REASONS

FILE: Final = Path("docs") / "delivery.md"

_HEAD: Final = """# How an alert reaches somebody, and how that is proved

*Research use only \u2013 not a medical device.* Drawn from the tables in `alerts/delivery` by
`python -m alerts.delivery.drawn`: a test fails where this page is not what they say.

A *matter* is whatever somebody must be told: an alert, a break in protection, a person without a carer on shift. It
goes along a *chain of steps* ([alerting rules](alerting-rules.md)) until somebody has it. Each step is one message, a
*leg*, to each receiver; each leg comes to *stations*. Everything is in the journal before it is done: `delivery begun`,
`escalated` (a step, and why), `reached` (a leg, and its station), `snoozed`, `delivery ended`.
"""

_STATIONS: Final = """
## Stations of a leg

A leg only goes down this list: a receipt that comes late or twice changes nothing.

| station | what is known | counts as told |
|---|---|---|
"""

_WHEN: Final = """
## When a step is taken

The first of these that comes true for the step that is next. Each step is taken once, and only those directly before
it, which are of one time, hasten it: any of them that told nobody. Where tablets are among them they decide for whoever
is on shift, and a push message does not. A snooze or a mute stops none of it.

| why (as in the journal) | when |
|---|---|
"""

_LEGS: Final = """
## What becomes of a leg

| what happened | what is done |
|---|---|
| certainly failed, and that may pass (refused, unreachable) | tried again after {retries} s, as a repeat |
| certainly failed for good (gone, unknown) | not tried again until its step is taken again |
| no answer in `answer_within_s` | uncertain: not sent again by itself |
| the service stopped before the answer | sent once more at the next start, as a repeat |
| whoever listens by MQTT | told at once, tried again like others; neither proves nor hastens anything |
| somebody has it, or it is over | whoever was told outside is told so, once, within {over:g} s of the end |

*On shift* is asked when the step is due. Where nobody on shift can be told by that channel, or the last step told
nobody the time before, everybody whom it reaches is told, and the journal says so.

A message keeps its id through repeats; a step that is taken again has messages of new ids, so that a telephone rings
again. Tablets tell alerts apart by the alert's id.

Whoever takes a notice ends its telling. Where what it says still holds 2 h later, or when they have gone off shift, it
is told anew with an id of its own (`alerts/delivery/again.py`; [protection](protection.md), [duty](duty.md)).
"""

_CLOCK: Final = """
## Clocks, crashes, disks

- A clock set back in a running service delays nothing: what is open goes on counting. One set forward makes due at once
  what is late by it, each step once. Set back while the service was stopped, the time since the last event of a matter
  counts anew. Boards and API say who is told next, and when a snooze ends, by the clock as it is now.
- Times and figures that no rules can have had, as in a journal that was damaged or written in by hand, are taken as the
  nearest that they can: everybody is told, and nothing goes round for ever. Boards show "?" where a time is none.
- A start folds the journal: an alert of the desk without a delivery gets one, counted from when it was raised; what is
  late is told at once. An alert that was taken meanwhile is ended, and nobody is told of it as open.
- What only delivery could write of an alert before a crash counts for the desk too: it is on the board, and whoever
  ended its delivery has it.
- Where the journal cannot be written, or does not answer for 2 s, people are told all the same; what could not be
  written is, once and in order, when the disk takes it.
- Rules that change touch no delivery under way: its steps are those it began with. Addresses are the newest.
- Channels have threads of their own: one that hangs holds up no other, and no alert waits behind notices. After 32
  hanging threads its messages wait, and fail for certain when given up.
- Closed proofs stay at hand for a day, at most 1,000; the journal keeps all.

## Pausing the sound

Of one matter, by name, to an end, with a reason: {reasons} or own words.
Any other matter sounds, a new one of the same person too, and nobody's telling is put off.

| matter | at most |
|---|---|
"""

_CHAIN: Final = """
## With nothing configured

| after | who | by |
|---|---|---|
"""

_MEASURED: Final = """
## Measured

A thousand alerts through kills of every process and channels that fail, hang and lie: [proof](proof.md).
"""


def page() -> str:
    """Return the whole page."""
    retries = ", ".join(f"{seconds:g}" for seconds in RETRY_AFTER_S)
    reasons = ", ".join(f"*{reason}*" for reason in REASONS)
    return "".join(
        (
            _HEAD,
            _STATIONS,
            *(f"| {station.value} | {MEANS[station]} | {_told(station)} |\n" for station in ORDER),
            _WHEN,
            *(f"| {why} | {when} |\n" for why, when in WHEN),
            _LEGS.format(retries=retries, over=OVER_WITHIN_S),
            _CLOCK.format(reasons=reasons),
            *(f"| {kind.value} | {MOST_S.get(kind, NOTICE_MOST_S) / 60:g} min |\n" for kind in Kind),
            _CHAIN,
            *(f"| {step.after_s:g} s | {step.who or 'whoever listens'} | {step.channel} |\n" for step in _usual()),
            f"\nThen the last step again every {DEFAULT.again_s:g} s. What is no alert waits twice as long each time,"
            f" up to {SELDOM_S / 60:g} min.\n",
            _MEASURED,
        )
    )


def _usual() -> tuple[Step, ...]:
    return DEFAULT.chain(Kind.ALERT)


def _told(station: Station) -> str:
    where = [name for board, name in ((False, "outside"), (True, "at the tablets")) if _is_told(station, board)]
    return " and ".join(where)


def _is_told(station: Station, board: bool) -> bool:
    reachable = (station in AT_TABLETS) is board
    return reachable and ORDER.index(station) >= ORDER.index(PROVED[board])


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
