"""A period and a wish in; the report, as a page, a file and paper, out. What pages and the command line share."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import jinja2

from console.day.times import date_of, day_of
from console.errors import ConsoleError
from console.summary.facts import Audience, Facts, Sharing, Wish
from console.summary.fold import fold
from console.summary.paper import html_of
from console.summary.report import Report
from console.summary.told import Cover, report

USUAL_DAYS: Final = 28
"""Four whole weeks: each day of the week as often as the others."""

DAYS_MOST: Final = 92
"""A term: what is older belongs to another plan, and minutes are kept for two months."""

KEEP_S: Final = 365 * 86_400.0
"""Plans are looked at again within a year; a copy that lies about longer tells of somebody else."""

FORMATS: Final = ("pdf", "html")


class PeriodError(ConsoleError):
    """Days that no summary can be of; ``field`` says which of the two is wrong."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(f"{field}: {said}")
        self.field = field
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From one day to another, both of them in it."""

    since: date
    until: date

    def span(self, zone: ZoneInfo, now_s: float) -> tuple[float, float]:
        """Return when it begins and ends in ``zone`` [UTC s]; nothing of it is after now."""
        return day_of(self.since, zone).since_s, min(day_of(self.until, zone).until_s, now_s)


def usual(now_s: float, zone: ZoneInfo) -> Period:
    """Return the four weeks that end today."""
    today = date_of(now_s, zone)
    return Period(since=today - timedelta(days=USUAL_DAYS - 1), until=today)


def period(since: str, until: str, *, now_s: float, zone: ZoneInfo) -> Period:
    """Return the days that somebody wrote; what was not written is as ``usual``. Raises PeriodError."""
    today = date_of(now_s, zone)
    ends = _date("until", until) if until else today
    begins = _date("since", since) if since else ends - timedelta(days=USUAL_DAYS - 1)
    if ends > today:
        raise PeriodError("until", "that day has not come yet: write today or before")
    if begins > ends:
        raise PeriodError("since", "it begins after it ends: write the earlier day here")
    if (ends - begins).days >= DAYS_MOST:
        raise PeriodError("since", f"up to {DAYS_MOST} days are told in one summary: make several")
    return Period(since=begins, until=ends)


def _date(field: str, said: str) -> date:
    try:
        found = date.fromisoformat(said)
    except ValueError:
        raise PeriodError(field, "write a day as 2026-05-04") from None
    if not 2000 <= found.year <= 9000:
        raise PeriodError(field, "write a day as 2026-05-04")
    return found


def made(facts: Facts, wish: Wish, sharing: Sharing, *, name: str, place: str, zone: ZoneInfo, made_s: float) -> Report:
    """Return the report of ``facts``, made at ``made_s`` [UTC s]. Where no consent to share holds, nothing counts."""
    if not sharing.now:
        facts = replace(facts, shared=())
    keep_s = min(made_s + KEEP_S, sharing.until_s if sharing.until_s is not None else float("inf"))
    cover = Cover(name=name, place=place, signed=wish.signed, made_s=made_s, keep_s=keep_s)
    return report(fold(facts, wish, name=name, zone=zone), cover, zone)


def written(shown: Report, as_: str, templates: jinja2.Environment, *, made_s: float) -> bytes:
    """Return the file: "pdf" or "html"."""
    if as_ != "pdf":
        return html_of(shown, templates).encode()
    from console.summary.pdf import pdf_of  # here, so that whoever starts a service does not wait for it

    return pdf_of(shown, made_s=made_s)


def file_name(audience: Audience, days: Period, as_: str) -> str:
    """Return what a file is called: it names nobody."""
    return f"summary-{audience}-{days.since}-{days.until}.{as_}"
