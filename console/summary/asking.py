"""A summary in; what a family, a school and a health team may want to ask each other, out."""

from typing import Final

from alerts.outcomes.events import What
from console.summary import words
from console.summary.facts import Audience
from console.summary.fold import OWN_WORDS, Summary
from console.summary.masked import own

MUCH: Final = 1 / 3
"""Share of the covered hours that nobody watched, from which on somebody should ask about them."""

MOST: Final = 7
"""Questions: an hour together has no room for more."""

THERE: Final = {
    Audience.FAMILY: "What else helps at home, and is not in the plan?",
    Audience.SCHOOL: "What can school do the same way, and where does it need something else?",
    Audience.HEALTH: "Is there anything bodily to look at: sleep, pain, stomach, teeth, medicines?",
}


def questions(summary: Summary, name: str) -> tuple[str, ...]:
    """Return at most ``MOST``, the person's own say first."""
    hours, alerts = summary.hours, summary.alerts
    asked = [f"What does {name} say or show about this plan? What matters most to {name}?"]
    asked.append(THERE[summary.audience])
    if hours.covered_s and hours.unwatched_s / hours.covered_s > MUCH:
        told = words.hours(hours.unwatched_s)
        asked.append(f"Nobody watched for {told}: who was with {name} then, and what did they see?")
    if any(it.stands_out for it in (*summary.parts, *summary.days)):
        asked.append("What happens at the times that stand out: places, people, noise, waiting, changes?")
    alone = sum(not it.is_alert for it in summary.hard)
    if alone:
        asked.append(
            f"{words.capital(words.many(alone, 'hard time'))} came without an alert: what did people see first?"
        )
    untold = sum(it.what is None for it in alerts)
    if untold:
        asked.append(f"Of {words.many(untold, 'alert')} nobody said how it went: does anybody remember?")
    lively = sum(it.what in (What.EXERCISE, What.EXCITED) for it in alerts)
    if lively:
        asked.append(
            f"{words.capital(words.many(lively, 'alert'))} came with exercise or joy: how do we tell them apart?"
        )
    if summary.plan is None:
        asked.append(f"Who writes down what helps {name}, and what to avoid?")
    elif unnamed := _unnamed(summary):
        asked.append(f"Nobody said that this helped in these days. Is it still right? {words.listed(unnamed)}.")
    return tuple(asked[:MOST])


def _unnamed(summary: Summary) -> list[str]:
    """Lines of the plan that nobody named, where anybody named anything."""
    named = {it.what.casefold() for it in summary.helped if it.what != OWN_WORDS}
    if not named or summary.plan is None:
        return []
    return [own(line) for line in summary.plan.helps if line.casefold() not in named][:3]
