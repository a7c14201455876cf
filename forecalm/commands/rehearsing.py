"""``forecalm rehearse``: what a model would have done to everybody whose sessions are stored, to decide by."""

import argparse
import time
from contextlib import closing
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from alerts.rehearsal.evidence import EVERYBODY, Compared, Evidence, Person, Side
from alerts.rehearsal.gate import cautions, grounds, passed, why, why_of
from alerts.rehearsal.judging import RATE_FROM_S, by_the_day, lead_of
from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import number, operator, print_json, progress_bar
from forecalm.config import Config
from forecalm.config import load as load_config
from forecalm.installation import Installation
from ingest.notice import SENTENCE

out = Console(highlight=False, soft_wrap=True)
HOUR_S: Final = 3600.0


def rehearse(chosen: argparse.Namespace) -> int:
    """Replay everybody, keep what was found, and say whether the model may watch; 1 where it may not unsigned."""
    from forecalm.rehearsing import proof
    from forecalm.rehearsing import rehearsal as rehearsing
    from forecalm.shipped import adopt

    config: Config = load_config(chosen.config)
    here = Installation(config)
    by = chosen.by or operator()
    if adopt(here, chosen.name, by=by) and not chosen.json:
        out.print(f"Adopted {chosen.name}: a proved copy of what is shipped lies on the shelf.")
    with progress_bar(quiet=chosen.json) as bar:
        task = bar.add_task(f"rehearsing {chosen.name}", total=None)
        evidence = rehearsing.rehearse(
            config,
            chosen.name,
            now_s=time.time(),
            wearers=chosen.wearers,
            words=chosen.events,
            jobs=chosen.jobs,
            progress=lambda done, of, _: bar.update(task, completed=done, total=of),
        )
    with closing(here.open_registry()) as registry:
        path = proof.keep(here, registry, evidence, by=by)
        otherwise = proof.otherwise(registry, evidence, proof.read(here, chosen.name)[1])
    if chosen.json:
        said = msgspec.to_builtins(evidence) | {"passed": passed(evidence), "file": str(path)}
        print_json(said | {"cautions": (*cautions(evidence), *otherwise)})
    else:
        tell(evidence)
        for each in otherwise:
            out.print(each, style="bold")
        out.print(f"Kept in {path}")
    return 0 if passed(evidence) else FELL_SHORT


def tell(evidence: Evidence) -> None:
    """Print what somebody decides by."""
    out.print(f"{evidence.model} against {evidence.champion}, which watches now. {SENTENCE}", style="bold")
    words = ", ".join(evidence.rules.words)
    out.print(
        f"Events are labels of {words}; an alert up to {evidence.rules.reach_s:.0f} s before one tells of it. Each"
        " figure: before, then with the new model."
    )
    table = Table("person", "replayed", "worn", "events told", "median lead", "false alerts", "watched", "", box=None)
    for person in evidence.people:
        for i, way in enumerate(person.ways):
            table.add_row(person.wearer if i == 0 else "", *_row(way), person.outcome if i == 0 else "")
        if not person.ways:
            table.add_row(person.wearer, "", "", "", "", "", "", person.outcome)
    out.print(table)
    for person in evidence.people:
        for note in _notes(person):
            out.print(f"{person.wearer}: {note}")
    for caution in cautions(evidence):
        out.print(caution)
    for each in evidence.everybody:
        out.print(
            f"Everybody together, {each.way}: {each.champion_false} to {each.candidate_false} false alerts in"
            f" {each.worn_s / HOUR_S:.1f} h of wear of {number(each.people, 'person')}."
        )
    worse = grounds(evidence)
    if EVERYBODY in worse:
        out.print(f"everybody: worse: {why_of(evidence, EVERYBODY)}.")
    if worse:
        signs = " ".join(f"--sign {wearer}" for wearer in worse)
        out.print(
            f"Blocked: worse for {', '.join(worse)}. It may watch only if somebody answers for that:"
            f" forecalm models promote {evidence.model} --by WHO {signs} --because WHY",
            style="bold",
        )
    else:
        out.print(f"It may watch: forecalm models promote {evidence.model} --by WHO", style="bold")


def _row(way: Compared) -> tuple[str, ...]:
    before, after = way.champion, way.candidate
    events = f"{before.told} to {after.told} of {len(way.events)}" if way.events else "no labels"
    return (
        way.way,
        f"{way.worn_s / HOUR_S:.1f} h",
        events,
        f"{_lead(before)} to {_lead(after)}" if way.events else "",
        _false(way),
        f"{_share(before, way)} to {_share(after, way)}",
    )


def _lead(side: Side) -> str:
    lead_s = lead_of(side.leads_s)
    return "none" if lead_s is None else f"{lead_s:.0f} s"


def _false(way: Compared) -> str:
    """How many, and how many a day only where enough was worn."""
    before, after = len(way.champion.false_s), len(way.candidate.false_s)
    if way.worn_s < RATE_FROM_S:
        return f"{before} to {after}"
    return f"{before} to {after} ({by_the_day(before, way.worn_s):.1f} to {by_the_day(after, way.worn_s):.1f} a day)"


def _share(side: Side, way: Compared) -> str:
    return f"{side.watched_s / way.worn_s:.0%}" if way.worn_s else "unknown"


def _notes(person: Person) -> list[str]:
    said = [f"worse: {why(person)}."] if person.outcome == "worse" else []
    better = dict.fromkeys(finding.said for way in person.ways for finding in way.better)
    said += [f"better: {', '.join(better)}."] if better else []
    unheard = max((way.unheard for way in person.ways), default=0)
    said += [f"{number(unheard, 'event')} without readings before, which nobody could tell of."] if unheard else []
    return [*said, *(f"{note}." for note in person.notes)]
