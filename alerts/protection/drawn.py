"""The table of breaks in, docs/protection.md out: ``python -m alerts.protection.drawn`` writes it."""

from pathlib import Path
from typing import Final

from alerts.delivery.again import AGAIN_S
from alerts.delivery.rules import PROTECTION_GRACE_S
from alerts.duty.notices import OVERDUE_GRACE_S
from alerts.protection.breaks import TABLE
from alerts.protection.cover import Link
from alerts.protection.damping import FLAPS_MIN, HOLD_S, SHARE, WINDOW_S
from alerts.protection.links import BROKER_MAX_S, ENGINE_MAX_S, LOW_BATTERY_PCT, START_MAX_S, VIEW_MAX_S
from alerts.protection.tablets import BEAT_EVERY_S, BEAT_MAX_S, TESTED_MAX_S
from alerts.protection.watch import SETTLE_S

FILE: Final = Path("docs") / "protection.md"

_HEAD: Final = """# Would somebody be told?

*Research use only \N{EN DASH} not a medical device.* Drawn from the table in `alerts/protection/breaks.py` by
`python -m alerts.protection.drawn`: a test fails where this page is not what it says.

For each person *protected*, *partly protected* or *not protected*, since when, by which link of the chain, and who was
told: never better than the worst link, and a band that never sent is not protected. Whether signs rise is another
matter: what is broken changes no risk, and an open alert stays open.
"""

_CHAIN: Final = """
## The chain

```mermaid
flowchart LR
    {arrows}
```

## What may be broken, and what it means

From top to bottom: of several breaks that mean the same for somebody the first is said, for it explains the others. A
dead gateway is said, not its ten silent bands. *Staff* is after how long they are told, with a grace of {grace:.0f} s.

| break | link | somebody is | it concerns | staff | words |
|---|---|---|---|---|---|
"""

_AFTER: Final = """
- *No consent* is somebody's decision: shown, told to nobody. *Nobody on shift* is told as a matter of its own
  ([duty](duty.md)), and so is *shift overdue*: whoever should have gone has their people still, and may be gone; for
  the first {overdue:.0f} min people talk at a hand-over, and it is no break. *Resting* passes within a minute.
- What ails the band is judged by the desk ([states](alerting-states.md)): silent after 10 s, off as soon as it looks
  off.
- Two or more bands of a gateway that fall silent together, while it brings no other, are its doing, before it is known
  to be away (its last will says so at once where its connection ends, its own silence after 45 s). Where bands of two
  ways fall silent together and nothing arrives of anybody, the broker is the cause.
- A broker counts as away after {broker:.0f} s: one that is restarted is back by then, and nothing is lost. The engine
  says every second that it runs, and after {engine:.0f} s without a word it is not believed to; nor is a view of
  somebody who is heard, after {view} s. One that has not said so yet has {start:.0f} s to start: meanwhile nobody is
  protected, the board says why, and no tablet sounds for it.
- Battery is low from {battery} % down.
- A disk is tried every 5 s by a block that is written beside the journal: a full one is found before anything happens.

## A tablet that can sound

A page beats every {every:.0f} s. It can sound while all of this holds: its last beat is at most {beat} s old (15 s less
what looking and telling take), it is in front, somebody has touched it so that the browser lets it sound, a person has
heard it sound within the last {tested:.0f} h (at the beginning of a shift), and it is not muted. One such tablet is
enough for the house. Where none can, a phone of a carer who has that person and takes push messages makes them *partly*
protected: phones sleep. A tablet whose clock was set back is no younger for it. Windows of one browser share a key:
the tablet is what the best of its pages is, so that one behind takes nothing from the one in front.

## Bad news at once, good news when it has held

A break is shown in the second that sees it. That it is over is believed after {hold:.0f} s without it. Whoever had
{flaps} or more breaks within {window:.0f} min and was broken for more than {share} % of that counts as broken
throughout: no board that blinks, and one notice instead of many. A blip now and then is shown, and told to nobody.

Damping counts seconds that were watched: a clock that jumps neither hurries a notice nor a recovery.

## Staff are told once

What lasts longer than the site's grace (`grace.protection_s`) goes to staff along the chain of notices
([delivery](delivery.md)): once for all whom one cause concerns, saying how many they are. Nobody is told again of what
they were told of, as long as it lasts, also across restarts: since when, and what was told, is folded from the journal.
Where somebody took it, which ends its telling, and it still is so {again:.0f} h later, or when whoever took it has gone
off shift, it is told anew, saying who took it: once for each time that somebody does.
Somebody who stays away when the gateway is back, or is broken by something else, is told of anew. A notice is over when
each of its people is protected again. Where one after the other loses protection by the same, after three notices in a
minute the others are told of in one. In the first {settle:.0f} s after a start nobody is told: everything is still
saying that it is there.

## When the server itself is gone

Nothing here can say so. Each board says it by itself: after 15 s without a word from the server it covers the screen
(*This tablet is not watching*). And a dead man's ping, where the rules have one, lets a service outside notice that
nothing is heard from this house ([channels](channels.md)). Where the server runs and cannot judge protection for 10 s,
everybody is shown as not protected.

## Within 15 s

From the fault to the board, each link broken on purpose, by the clock that readings go by
(`tests/forecalm/test_links_broken.py`; simulated bands through the real intake, store, engine and desk, with a real
broker, gateway connection and disk):

| broken | told after |
|---|---|
| band switched off, out of reach | 11 s |
| band off the wrist | 8 s |
| electrode loose, pulse sensor frozen (partly) | 7 s, 9 s |
| gateway's radio dead | 11 s |
| broker killed | 6 s |
| engine hangs | 11 s |
| tablet asleep | 14 s after its last beat |
| disk full | 5 s until it is tried, and a second |
| last carer gone, model on standby | 1 s |

1,000 wearers cost {tick} a tick (`python -m benchmarks.protection`).
"""


TICK: Final = "6 ms (p95 12 ms)"
"""Measured on 4 shared cores while others worked on them, with links that break and come back all the time."""


def page() -> str:
    """Return the whole page."""
    arrows = "\n    ".join(
        f"{before.name}[{before.value}] --> {after.name}[{after.value}]"
        for before, after in zip(list(Link)[:-1], list(Link)[1:], strict=True)
    )
    rows = [
        f"| {how} | {each.link} | {each.level} | {each.reach} | {_staff(each.patience)} | {_said(each.words)} |"
        for how, each in TABLE.items()
    ]
    after = _AFTER.format(
        broker=BROKER_MAX_S,
        engine=ENGINE_MAX_S,
        view=VIEW_MAX_S,
        start=START_MAX_S,
        again=AGAIN_S / 3600,
        overdue=OVERDUE_GRACE_S / 60,
        battery=LOW_BATTERY_PCT,
        every=BEAT_EVERY_S,
        beat=BEAT_MAX_S,
        tested=TESTED_MAX_S / 3600,
        hold=HOLD_S,
        flaps=FLAPS_MIN,
        window=WINDOW_S / 60,
        share=round(100 * SHARE),
        settle=SETTLE_S,
        tick=TICK,
    )
    return _HEAD + _CHAIN.format(arrows=arrows, grace=PROTECTION_GRACE_S) + "\n".join(rows) + "\n" + after


def _staff(patience: float | None) -> str:
    if patience is None:
        return "\N{EN DASH}"
    seconds = patience * PROTECTION_GRACE_S
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _said(words: str) -> str:
    return words.format(what="\N{HORIZONTAL ELLIPSIS}", when="\N{HORIZONTAL ELLIPSIS}")


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
