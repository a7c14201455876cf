"""The account of a shift in; the lines that whoever takes over reads out, plain text in the house's own time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from alerts.duty.account import Account
from alerts.duty.people import AlertAt, Gap, PersonAt, Told
from alerts.protection.breaks import TABLE
from alerts.protection.cover import Level, Link
from ingest.notice import NOTICE

ROUNDS_SAID: Final = 3
"""So many times at which people were told can be read out; of more the first, the last and how many are told."""

SEVERAL: Final[Mapping[tuple[Link, Level], str]] = MappingProxyType(
    {
        (Link.BAND, Level.NOT): "nothing was heard of the band",
        (Link.BAND, Level.PARTLY): "the battery of the band was low",
        (Link.SIGNAL, Level.PARTLY): "the band did not say everything",
        (Link.GATEWAY, Level.NOT): "nothing came by the gateway",
        (Link.BROKER, Level.NOT): "no reading arrived",
        (Link.PIPELINE, Level.NOT): "the server made nothing new of the readings",
        (Link.MODEL, Level.NOT): "nothing could be told from the readings: not known yet, or unlike any before",
        (Link.MODEL, Level.PARTLY): "a simpler model watched, or an alert was just over",
        (Link.CARER, Level.PARTLY): "nobody was on shift, or a shift had run over",
    }
)
"""The journal says which link was broken, not in which of several ways; nor by which gateway, or at what charge."""


def why(link: Link, level: Level) -> str:
    """Return in plain words what was broken: the sentence of protection's table where just one can be meant."""
    if (link, level) in SEVERAL:
        return SEVERAL[link, level]
    found = [meaning.words for meaning in TABLE.values() if (meaning.link, meaning.level) == (link, level)]
    return f"{found[0][0].lower()}{found[0][1:].rstrip('.')}" if found else f"{link}"


def lines(account: Account, *, names: Mapping[str, str], zone: ZoneInfo) -> tuple[str, ...]:
    """Return the summary of a shift: what is still open, then each person, then mutes and notes. ``names`` are those
    that the house uses for pseudonyms; whoever has none is said by the pseudonym."""
    said = _Said(names, zone, datetime.fromtimestamp(account.began_s, UTC).astimezone(zone))
    return (
        NOTICE,
        said.headline(account),
        *_under("Still open", said.open_lines(account)),
        *_under(f"Since {said.clock(account.began_s)}", said.people(account)),
        *_under("Tablets muted", [said.mute(account, place) for place in range(len(account.mutes))]),
        *_under("Notes", [f"{offer.note} (for {offer.to})" for offer in account.offers if offer.note]),
    )


def _under(title: str, of: list[str]) -> list[str]:
    return [f"{title}:", *(f"- {line}" for line in of)] if of else []


class _Said:
    """Words with the names and the clock of a house."""

    def __init__(self, names: Mapping[str, str], zone: ZoneInfo, day: datetime) -> None:
        self._names = names
        self._zone = zone
        self._day = day.date()

    def clock(self, at_s: float) -> str:
        """``14:02``, with the date where that is another than the shift's first."""
        at = datetime.fromtimestamp(at_s, UTC).astimezone(self._zone)
        return f"{at:%H:%M}" if at.date() == self._day else f"{at:%H:%M} on {_date(at)}"

    def name(self, wearer: str) -> str:
        return self._names.get(wearer, wearer)

    def headline(self, account: Account) -> str:
        began = datetime.fromtimestamp(account.began_s, UTC).astimezone(self._zone)
        when = f"Shift of {account.carer}, {_date(began)} {began:%Y}, from {began:%H:%M}"
        whom = "everybody" if account.everybody else ", ".join(self.name(each.wearer) for each in account.people)
        if account.ended_s is None:
            return f"{when}, until {self.clock(account.until_s)}: {account.carer} has {whom}."
        over = f"{when} to {self.clock(account.ended_s)}, for {whom}"
        if account.taken_by:
            return f"{over}. {account.taken_by} took over."
        return f"{over}. Ended although somebody had nobody then: {account.anyway}." if account.anyway else f"{over}."

    def open_lines(self, account: Account) -> list[str]:
        """What whoever takes over must know first."""
        said = []
        for person in account.people:
            for alert in person.open_alerts:
                who = f"{alert.taken_by} has it" if alert.taken_by else "nobody has it"
                said.append(f"{self.name(person.wearer)}: alert since {self.clock(alert.raised_s)}, {who}.")
            if person.open_gap is not None:
                said.append(f"{self.name(person.wearer)}: {self._gap(person.open_gap)}.")
        return said

    def people(self, account: Account) -> list[str]:
        """A line for each to whom something happened, and one for all the others."""
        calm = ", ".join(self.name(each.wearer) for each in account.people if not each.is_eventful)
        some = [self._person(person) for person in account.people if person.is_eventful]
        brief = ", ".join(f"{self.name(each.wearer)} {each.brief}" for each in account.people if each.brief)
        return [
            *some,
            *([f"{calm}: No alerts."] if calm else []),
            *([f"Not fully protected for less than a minute, how often: {brief}."] if brief else []),
        ]

    def _person(self, person: PersonAt) -> str:
        alerts = [self._alert(alert) for alert in person.alerts]
        incidents = [
            f"{self.clock(told.began_s)} {_what(told)}, without an alert, said {told.by}" for told in person.incidents
        ]
        gaps = [self._gap(gap) for gap in person.lasting if gap.until_s is not None]
        count = len(alerts)
        head = "no alerts" if not count else "1 alert" if count == 1 else f"{count} alerts"
        said = ". ".join(f"{each[0].upper()}{each[1:]}" for each in (head, *alerts, *incidents, *gaps))
        return f"{self.name(person.wearer)}: {said}."

    def _alert(self, alert: AlertAt) -> str:
        parts = [self.clock(alert.raised_s)]
        parts.append(
            "no tablet has shown it" if alert.proved_s is None else f"shown {_after(alert.raised_s, alert.proved_s)}"
        )
        if alert.escalated_s:
            parts.append(self._told(alert.escalated_s))
        parts += [
            f"snoozed by {pause.by} until {self.clock(pause.until_s)} ({pause.reason})" for pause in alert.snoozes
        ]
        if alert.taken_s is not None:
            parts.append(f"taken by {alert.taken_by} {_after(alert.raised_s, alert.taken_s)}")
        if alert.outcome is not None:
            parts.append(_what(alert.outcome))
        parts.append("still open" if alert.ended_s is None else f"over at {self.clock(alert.ended_s)}")
        return ", ".join(parts)

    def _told(self, at_s: Sequence[float]) -> str:
        """Rounds go on every two minutes until somebody has it: a night of them is a count."""
        if len(at_s) <= ROUNDS_SAID:
            return f"more people told at {', '.join(map(self.clock, at_s))}"
        return f"more people told at {self.clock(at_s[0])}, again {len(at_s) - 1} times until {self.clock(at_s[-1])}"

    def _gap(self, gap: Gap) -> str:
        because = "" if gap.link is None else f" ({why(gap.link, gap.level)})"
        if gap.until_s is None:
            return f"{gap.level} since {self.clock(gap.since_s)}{because}"
        return f"{gap.level} {self.clock(gap.since_s)} to {self.clock(gap.until_s)}{because}"

    def mute(self, account: Account, place: int) -> str:
        mute = account.mutes[place]
        why = f": {mute.reason}" if mute.reason else ""
        return f"{mute.tablet}, {self.clock(mute.since_s)} to {self.clock(mute.until_s)}, by {mute.by}{why}."


def _what(told: Told) -> str:
    return f"{told.what}, {' and '.join(told.helped)} helped" if told.helped else str(told.what)


def _after(began_s: float, at_s: float) -> str:
    """A clock that was set back in between says nothing of how long it took."""
    took_s = at_s - began_s
    if took_s < 0:
        return "at a time that is not known, for the clock was set back"
    return f"after {took_s:.0f} s" if took_s < 120 else f"after {took_s / 60:.0f} min"


def _date(at: datetime) -> str:
    return f"{at.day} {at:%B}"
