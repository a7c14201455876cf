"""An installation in, what is to be said of who is told of alerts, and of what carers told, out. Looks only."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from forecalm.commands.terminal import number
from forecalm.doctor.finding import Finding, Level
from forecalm.installation import Installation
from forecalm.keeping.files import lines_of
from ingest.errors import IngestError

if TYPE_CHECKING:
    from ingest.registry.registry import Registry


def care(here: Installation) -> Iterator[Finding]:
    """Whether the alerting rules can be used and reach whom they name, and every outcome is a label."""
    from ingest.registry.onlooking import look, versions

    if not here.config.registry.url and not here.registry.exists():
        return
    try:
        stands, head = versions(here.registry_url)
        if stands != head:
            return  # the check of the registry tells
        with closing(look(here.registry_url)) as registry:
            yield from _rules(registry, here.config.site.name)
            yield from _browsers(registry)
            yield from _everybody(registry)
            yield from _outcomes(here, registry)
    except IngestError as error:
        yield Finding(Level.FAILURE, "alerting", f"{type(error).__name__}: see the registry", "mend the registry first")


def _rules(registry: "Registry", site: str) -> Iterator[Finding]:
    from alerts.delivery.rules import RulesError, parse

    kept = registry.alerting_rules(site)
    if kept is None or kept.text is None:
        what = "no rules were set: tablets and phones of whoever is on shift are told, and nobody outside"
        yield Finding(Level.NOTE, "alerting", what, "forecalm alerting set FILE --by WHO: docs/alerting-rules.md")
        return
    try:
        rules = parse(kept.text)
    except RulesError as error:
        mend = "forecalm alerting set FILE --by WHO with the field mended; until then the usual rules may be in force"
        yield Finding(Level.FAILURE, "alerting", f"rules {kept.number} cannot be used any more: {error}", mend)
        return
    yield Finding(Level.OK, "alerting", f"rules {kept.number} ({rules.version}) can be used")
    for place, contact in enumerate(rules.contact):
        if not contact.reach:
            what = f"contact[{place}] has no address: only push messages can reach them"
            yield Finding(Level.WARNING, "alerting", what, "write one under reach, and try it: forecalm alerting test")
    if rules.contact and rules.doubts():
        what = f"{number(len(rules.doubts()), 'thing')} in the rules may not be meant"
        yield Finding(Level.WARNING, "alerting", what, "forecalm alerting check FILE says which")


def _browsers(registry: "Registry") -> Iterator[Finding]:
    known, told = set(registry.carers()), registry.push_subscriptions()
    strangers = {each.carer for each in told} - known
    if told:
        yield Finding(Level.OK, "alerting", f"{number(len(told), 'browser is', 'browsers are')} told by push")
    if strangers and known:
        people = number(len(strangers), "person", "people")
        what = f"push messages go to {people} not entered as {'a carer' if len(strangers) == 1 else 'carers'}"
        yield Finding(Level.NOTE, "alerting", what, "end it at their browsers, if they are not carers here any more")


def _everybody(registry: "Registry") -> Iterator[Finding]:
    from ingest.registry.people import EVERYBODY

    if any(wearer.lower() == EVERYBODY for wearer in registry.wearers()):
        what = f"somebody's pseudonym is {EVERYBODY!r}, which stands for all people in topics and rules"
        yield Finding(Level.WARNING, "registry", what, "pair them under another pseudonym")


def _outcomes(here: Installation, registry: "Registry") -> Iterator[Finding]:
    entered = registry.outcomes_entered()
    told = {str(line["outcome_id"]) for line in lines_of(here.journal) if line.get("event") == "outcome told"}
    if left := told - entered:
        what = f"{len(left)} of {number(len(told), 'outcome')} that carers told: no labels yet"
        mend = "forecalm serve enters them; where it runs, its log says why not"
        yield Finding(Level.WARNING, "outcomes", what, mend)
    elif told:
        yield Finding(Level.OK, "outcomes", f"every one of {len(told)} that carers told is a label")
