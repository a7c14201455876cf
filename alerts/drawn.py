"""The tables of both machines in, docs/alerting-states.md out: ``python -m alerts.drawn`` writes it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from alerts.alarm_words import PRIORITIES, TERMS
from alerts.state import BY_PEOPLE, LOOK, NEXT, RECORDED, SHOWS, Glimpse, Sign
from alerts.views import Blind, RiskState

FILE: Final = Path("docs") / "alerting-states.md"

_HEAD: Final = """# How somebody is, and whether anyone can tell

*Research use only \u2013 not a medical device.* Drawn from the tables in `alerts/state.py` by
`python -m alerts.drawn`: a test fails where this page is not what they say. A pair that is in no table changes nothing.

Two machines, and neither reads the other: a fault never masks an alert, and blindness never raises or clears one.
"""

_RISK: Final = """
## Risk: how the person is, as far as anyone can know

Only what is done by a person leads out of *alerting*, which is latching.
"""

_RISK_AFTER: Final = """
While nobody can tell, risk stays what it was: its count stops, and is forgotten after `fade_s`. While *rising*, seconds
between `leave` and `enter` neither count nor reset. Two hours after somebody took an alert that is still open, staff
are told (`WearerView.open_long`).
"""

_SIGHT: Final = """
## Sight: whether anyone can tell

*Seeing* is the only state in which a second decides anything about risk. *Recorded* stands for every state but *not
recording*: from each of them a second leads to the state that it shows.
"""

_SIGHT_AFTER: Final = """
One reason for another is no new loss: *since* goes on telling since when nobody could see. A second in which nothing
arrives is no glimpse; `silent_after_s` of them are. A band that never sent cannot fall silent: it is *not heard yet*.

Partly is no state of its own: `WearerView.missing` names what of a band says nothing usable although the rest does.
"""

_WORDS: Final = """
## Words, after IEC 60601-1-8

Terms of IEC 60601-1-8:2006 with amendments 1:2012 and 2:2020, from public summaries: its text was not at hand, so no
clause is cited and no conformity is claimed. Sounds are not the melodies of medical monitors, on purpose.

| term | words on a board | here |
|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    risk = _diagram(RiskState.WATCHING.value, _risk_arrows())
    sight = _diagram(Blind.NOT_HEARD.value, _sight_arrows())
    parts = (_HEAD, _RISK, risk, _risk_table(), _RISK_AFTER, _SIGHT, sight, _sight_table(), _SIGHT_AFTER, _WORDS)
    return "".join((*parts, _terms(), _priorities()))


def _diagram(first: str, arrows: Iterable[str]) -> str:
    lines = [f"    [*] --> {_id(first)}", *(f"    {arrow}" for arrow in arrows)]
    return "\n".join(["", "```mermaid", "stateDiagram-v2", *lines, "```", ""])


def _risk_arrows() -> list[str]:
    return [
        f"{_id(before.value)} --> {_id(then.value)}: {_act(sign)}{sign.value}" for (before, sign), then in NEXT.items()
    ]


def _act(sign: Sign) -> str:
    return "by a person, " if sign in BY_PEOPLE else ""


def _sight_arrows() -> list[str]:
    """One arrow for each pair of states; one from all who are recorded, where the same leads from each to one state."""
    common = {
        (glimpse, then)
        for (_, glimpse), then in LOOK.items()
        if all(LOOK.get((before, glimpse), before) is then for before in RECORDED)
    }
    arrows = [
        f"recorded --> {_id(_sight(then))}: {glimpse.value}"
        for glimpse, then in SHOWS.items()
        if (glimpse, then) in common
    ]
    for (before, glimpse), then in LOOK.items():
        if (glimpse, then) not in common:
            arrows.append(f"{_id(_sight(before))} --> {_id(_sight(then))}: {glimpse.value}")
    return arrows


def _risk_table() -> str:
    lines = [f"| | {' | '.join(_act(sign) + sign.value for sign in Sign)} |", f"|---|{'---|' * len(Sign)}"]
    for risk in RiskState:
        cells = [NEXT[risk, sign].value if (risk, sign) in NEXT else "" for sign in Sign]
        lines.append(f"| **{risk.value}** | {' | '.join(cells)} |")
    return "\n".join(["", *lines, ""])


def _sight_table() -> str:
    lines = [f"| | {' | '.join(glimpse.value for glimpse in Glimpse)} |", f"|---|{'---|' * len(Glimpse)}"]
    for before in (None, *Blind):
        cells = [_sight(LOOK[before, glimpse]) if (before, glimpse) in LOOK else "" for glimpse in Glimpse]
        lines.append(f"| **{_sight(before)}** | {' | '.join(cells)} |")
    return "\n".join(["", *lines, ""])


def _sight(reason: Blind | None) -> str:
    return "seeing" if reason is None else reason.value


def _terms() -> str:
    return "".join(f"| {each.term} | {each.plain or 'none'} | {each.here} |\n" for each in TERMS)


def _priorities() -> str:
    rows = "".join(f"| {kind.value} | {priority.value} |\n" for kind, priority in PRIORITIES.items())
    return f"\n| matter | priority, at most |\n|---|---|\n{rows}"


def _id(state: str) -> str:
    return state.replace(" ", "_")


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
