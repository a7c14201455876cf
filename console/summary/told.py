"""A summary in; what it says in plain words, as a report, out.

Says *signs*, *a hard time*; claims no pattern of hours that nobody watched, and calls small numbers small.
"""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from console.summary import rates, words
from console.summary.asking import questions
from console.summary.facts import Audience
from console.summary.fold import OWN_WORDS, Summary
from console.summary.masked import own
from console.summary.rates import Rate
from console.summary.report import Block, Listed, Report, Room, Say, Section, Table
from ingest.notice import NOTICE

TOLD_MOST: Final = 60
"""Moments that are told one by one: two pages; the rest is counted."""

FOR: Final = {Audience.FAMILY: "the family", Audience.SCHOOL: "school", Audience.HEALTH: "the health team"}

UNKNOWN: Final = (
    "A wristband sees sweat, pulse, skin temperature and movement, not what somebody feels, wants or means.",
    "Hours without an alert are not calm hours: signs can be missed, and some hard times come without any.",
    "What came before is what the band saw before. It is not why: heat, illness, exercise and joy look much alike.",
    "What helped is what a carer saw together. It may have passed by itself.",
    "Hard times are those that a carer told of. Where few people were about, fewer are told.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What a report says beside the summary: the person's ``name`` and the ``place``; who signs ("" for nobody), when
    it was made and until when it may be kept [UTC s]."""

    name: str
    place: str
    signed: str
    made_s: float
    keep_s: float


def report(summary: Summary, cover: Cover, zone: ZoneInfo) -> Report:
    """Return what is said of ``summary``."""
    name = own(cover.name)
    return Report(
        law=NOTICE,
        title=f"Summary for the plan: {name}",
        facts=(
            ("From", f"{words.day(summary.since_s, zone)} to {words.day(summary.until_s - 1, zone)}"),
            ("For", FOR[summary.audience]),
            ("Made", f"{words.day(cover.made_s, zone)} by {_maker(cover)}, {own(cover.place)}"),
            ("Keep until", f"{words.day(cover.keep_s, zone)}, then destroy it; at once if the consent is withdrawn"),
        ),
        first=(
            Section("In short", (Listed(_in_short(summary, name)),)),
            Section("What helps, and what to avoid", _plan(summary, name, zone)),
            Section("To talk about together", (Listed(questions(summary, name)),)),
            Section("What we agree", _agreement()),
        ),
        more=(
            Section("Hours that were watched", _hours(summary, zone)),
            Section("Alerts, and what became of them", _alerts(summary)),
            Section("What came before", _before(summary)),
            Section("What helped", _helped(summary)),
            *([Section("The signs in figures", _figures(summary))] if summary.audience is Audience.HEALTH else []),
            Section("One by one", _each(summary, zone)),
            *([Section("Notes", _notes(summary, zone))] if summary.notes else []),
            Section("What we cannot know", (Listed(UNKNOWN),)),
            Section("About this paper", (Listed(_about(summary)),)),
        ),
    )


def _maker(cover: Cover) -> str:
    return own(cover.signed) if cover.signed else "a carer"


def _in_short(summary: Summary, name: str) -> tuple[str, ...]:
    hours, alerts, hard = summary.hours, summary.alerts, summary.hard
    if not hours.covered_s:
        return ("No hour of these days is covered by the consents: nothing can be said of them.",)
    said = [
        f"{words.capital(words.hours(hours.watched_s))} watched, {words.hours(hours.unwatched_s)} not watched."
        " Silence is not calm: of those hours nobody knows."
    ]
    became = [f"{words.WHAT[what]} {count}" for what, count in summary.ended_as]
    said.append(f"{words.capital(words.many(len(alerts), 'alert'))}{': ' + ', '.join(became) if became else ''}.")
    alone = sum(not it.is_alert for it in hard)
    hard_said = words.capital(words.many(len(hard), "hard time"))
    said.append(f"{hard_said} that carers told of{f', {alone} of them without an alert' if alone else ''}.")
    if summary.signs:
        told = [f"{sign} ({found} of {len(alerts)})" for sign, found, _ in summary.signs[:3]]
        said.append(f"Signs before the alerts: {words.listed(told)}.")
    said.append(when(summary))
    best = [it for it in summary.helped if it.what != OWN_WORDS][:3]
    if best:
        told = [f"{own(it.what)} ({it.times} of {it.of})" for it in best]
        said.append(f"What helped {name}: {words.listed(told)}.")
    return (*said, *summary.missing)


def when(summary: Summary) -> str:
    """Return what can be said of when hard times come, in one sentence."""
    count = summary.overall.times
    if count < rates.FEW:
        told = words.many(count, "hard time")
        return f"{words.capital(told)} in watched hours: too few to say anything about when."
    more = [it for it in (*summary.parts, *summary.days) if it.stands_out]
    if not more:
        return "No time of day and no day of the week stands out: the differences are such as chance makes."
    told = words.listed([f"{it.name} ({it.times} of {count})" for it in more])
    return f"More for each watched hour than at other times: {told}."


def _plan(summary: Summary, name: str, zone: ZoneInfo) -> tuple[Block, ...]:
    plan = summary.plan
    if plan is None:
        return (Say(f"There is no support plan for {name} here yet."),)
    by = own(plan.by) if plan.by else "a carer"
    blocks: list[Block] = []
    if plan.helps:
        blocks += [Say("Helps:"), Listed(tuple(map(own, plan.helps)))]
    if plan.avoid:
        blocks += [Say("Avoid:"), Listed(tuple(map(own, plan.avoid)))]
    return (*blocks, Say(f"As {by} wrote it, {words.day(plan.at_s, zone)}.", soft=True))


def _agreement() -> tuple[Block, ...]:
    return (Room("What we do, each of us", 3), Room("Who was there", 1), Room("We look at it again on", 1))


def _hours(summary: Summary, zone: ZoneInfo) -> tuple[Block, ...]:
    hours = summary.hours
    if not hours.covered_s:
        return (Say("None: no hour of these days is covered by a consent to care and one to share."),)
    rows = [("Covered by the consents", words.hours(hours.covered_s)), ("Watched", words.hours(hours.watched_s))]
    rows.append(("Not watched", words.hours(hours.unwatched_s)))
    rows += [(f"\N{EN DASH} {words.BLIND[reason]}", words.hours(s)) for reason, s in hours.blind]
    if hours.rest_s >= 60:
        rows.append(("\N{EN DASH} no reason was written down", words.hours(hours.rest_s)))
    if hours.unreached_s >= 60:
        rows.append(("An alert would have reached nobody", words.hours(hours.unreached_s)))
    blocks: list[Block] = [Table("Hours of these days", ("", "Time"), tuple(rows))]
    if hours.kept_s is not None:
        blocks.append(
            Say(f"What was watched is kept from {words.day(hours.kept_s, zone)} on; before then nobody knows.")
        )
    return (*blocks, Say("Silence is never calm: of hours that nobody watched nothing is claimed."))


def _alerts(summary: Summary) -> tuple[Block, ...]:
    alerts = summary.alerts
    if not alerts:
        return (Say("There was no alert. That is not the same as calm."),)
    blocks: list[Block] = [
        Table(
            "What became of alerts",
            ("", "Alerts"),
            tuple((words.capital(words.WHAT[what]), str(count)) for what, count in summary.ended_as),
        )
    ]
    untaken = sum(not it.taken for it in alerts)
    if untaken:
        blocks.append(Say(f"Of {words.many(untaken, 'alert')} nobody said that they had it."))
    if summary.others_left_out:
        left = words.many(summary.others_left_out, "alert")
        blocks.append(Say(f"{words.capital(left)} left out: somebody else wore the band then.", soft=True))
    alone = sum(not it.is_alert for it in summary.hard)
    return (
        *blocks,
        Say(f"{words.capital(words.many(alone, 'hard time'))} came without an alert, as far as carers told."),
    )


def _before(summary: Summary) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if summary.signs:
        hard = sum(it.is_hard for it in summary.alerts)
        rows = tuple(
            (words.capital(sign), f"{found} of {len(summary.alerts)}", f"{of_hard} of {hard}")
            for sign, found, of_hard in summary.signs
        )
        blocks.append(Table("Signs before alerts", ("Sign", "Of all alerts", "Of those that were a hard time"), rows))
    unseen = sum(it.is_hard and not it.watched for it in summary.told)
    blocks.append(Say(when(summary)))
    if summary.overall.times:
        head = ("", "Watched", "Hard times", words.capital(words.in_hours()))
        for title, found in (("By time of day", summary.parts), ("By day of the week", summary.days)):
            blocks.append(Table(title, head, tuple(map(_row, (*found, summary.overall)))))
        blocks.append(
            Say(
                "The second number is counted; beside it stands between which numbers it may lie (95 %, as if each came"
                " by itself). Wide means: too few to be sure.",
                soft=True,
            )
        )
    if unseen:
        told = words.capital(words.many(unseen, "hard time"))
        blocks.append(Say(f"{told} came in hours that nobody watched: counted above, and in no rate."))
    return tuple(blocks)


def _row(rate: Rate) -> tuple[str, ...]:
    return (rate.name, words.hours(rate.watched_s), str(rate.times), words.often(rate))


def _helped(summary: Summary) -> tuple[Block, ...]:
    if not summary.helped:
        return (Say("Nobody told what helped in these days."),)
    rows = tuple(
        (
            own(words.capital(it.what)),
            f"{it.times} of {it.of}",
            words.minutes(it.calm_after_s),
            "yes" if it.planned else "",
        )
        for it in summary.helped
    )
    few = " These are few: they say what was tried, not what works." if summary.helped[0].of < rates.FEW else ""
    head = ("What carers said", "Hard times", "Lasted, middle", "In the plan")
    return (
        Table("What helped", head, rows),
        Say(f"Counted where somebody was upset and a carer told how it went.{few}"),
    )


def _figures(summary: Summary) -> tuple[Block, ...]:
    pulses = [pulse for it in summary.alerts for pulse in it.pulses]
    blocks: list[Block] = []
    if summary.readings:
        rows = []
        for it in summary.readings:
            sides = (it.usual, it.before)
            said = [
                "too few minutes"
                if side is None
                else f"{side.median:.{it.figures}f} ({side.low:.{it.figures}f} to {side.high:.{it.figures}f})"
                for side in sides
            ]
            rows.append((f"{it.name}, {it.unit}", *said, words.many(it.before.times, "time") if it.before else "none"))
        head = ("", "Usually", "10 min before hard times", "Hard times with readings")
        blocks.append(Table("Readings: middle, and between what half of the minutes lie", head, tuple(rows)))
    else:
        blocks.append(Say("No readings are kept of these hours."))
    if pulses:
        blocks.append(Say(f"Pulse at alerts that tell of it: {min(pulses)} to {max(pulses)} a minute ({len(pulses)})."))
    return (
        *blocks,
        Say(
            "From a wristband in daily life, minute by minute; movement, heat and a loose band change them.", soft=True
        ),
    )


def _each(summary: Summary, zone: ZoneInfo) -> tuple[Block, ...]:
    if not summary.told:
        return (Say("Nothing was told of these days."),)
    rows = tuple(
        (
            words.moment(it.at_s, zone),
            "Alert" if it.is_alert else "Told, no alert",
            words.capital(words.WHAT[it.what]),
            words.capital(", ".join(sorted(it.signs))) or ("" if it.watched else "not watched"),
            ", ".join(map(own, it.helped)),
        )
        for it in summary.told[-TOLD_MOST:]
    )
    more = len(summary.told) - len(rows)
    blocks: list[Block] = [Table("Each of them", ("When", "", "What it was", "Signs before", "Helped"), rows)]
    return (*blocks, *([Say(f"And {more} before these.")] if more else []))


def _notes(summary: Summary, zone: ZoneInfo) -> tuple[Block, ...]:
    return (Listed(tuple(f"{words.moment(it.at_s, zone)}: {own(it.text)}" for it in summary.notes)),)


def _about(summary: Summary) -> tuple[str, ...]:
    said = ["Made from what a wristband and carers told, for the people named above. It is no diagnosis."]
    said.append("Only hours that a consent to share and one to care cover are counted.")
    if summary.audience is not Audience.HEALTH:
        said.append("Readings are not in it: they are for the health team.")
    if any(it.what == OWN_WORDS for it in summary.helped):
        said.append("What carers wrote in words of their own about what helped is counted, and not shown.")
    if summary.names_left_out:
        said.append(f"{words.capital(words.many(summary.names_left_out, 'name'))} of other people taken out: [a name].")
    return tuple(said)
