"""How a house is set up in; what is missing, the worst first, each with where to mend it, out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from fastapi import Request, Response

from alerts.delivery.proof import BOARD, PUSH
from alerts.delivery.rules import SiteRules
from console.administration.chains import InForce, in_force
from console.administration.channels import PROVED_FOR_S, proofs
from console.administration.ground import Ground
from console.administration.office import Standing
from console.administration.people import Person, people
from console.administration.trail import trouble_of, witnessed_s
from ingest.registry.accounts import ADMINISTRATOR, Account

DAY_S: Final = 86_400.0

CERTIFICATE_S: Final = 14 * DAY_S
"""Two weeks before it ends: it is renewed by itself long before, so that something is wrong by then."""

COPY_S: Final = 7 * DAY_S
"""A week of alerts, outcomes and readings is what a broken disk may take."""

WITNESS_S: Final = 31 * DAY_S
"""A month: whoever could write the whole database could write it anew back to then."""


class Weight(IntEnum):
    """How much something that is missing weighs."""

    NOW = 0  # an alert may reach nobody
    SOON = 1  # it will, or something will be lost, if nobody sees to it
    SOME_DAY = 2


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing, why that matters, and where it is mended."""

    weight: Weight
    what: str
    why: str
    verb: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the overview judges by. Times are UTC seconds; ``proved`` holds when a test by each channel last
    went, ``alone`` the names of those whom nobody on shift has."""

    now_s: float
    people: Sequence[Person]
    rules: SiteRules
    rules_why: str
    devices: int
    proved: dict[str, float]
    accounts: Sequence[Account]
    tablets: int
    witnessed_s: float | None
    trouble: str
    standing: Standing
    alone: Sequence[str]


def missing(facts: Facts) -> list[Missing]:
    """Return what is missing, the worst first."""
    found = [*_chain(facts), *_people(facts), *_accounts(facts), *_house(facts)]
    return sorted(found, key=lambda each: each.weight)


def _chain(facts: Facts) -> Iterator[Missing]:
    """Whether an alert gets to somebody."""
    chain, now = "/admin/chain", Weight.NOW
    if facts.rules_why:
        why = f"The usual ones stand in for them: {facts.rules_why}"
        yield Missing(now, "The alerting rules cannot be read", why, "To the chain", chain)
    outside = [step for step in facts.rules.alert if step.channel != BOARD]
    beyond = [step for step in outside if step.channel != PUSH]
    if not facts.tablets and not facts.devices and not beyond:
        why = "No tablet is enrolled, no device takes messages, and the chain names nobody outside."
        yield Missing(now, "Nobody is on the chain", why, "To the chain", chain)
    elif not beyond:
        why = "Where nobody looks at a tablet, nobody is told: name somebody with a telephone."
        yield Missing(now, "The chain ends in this house", why, "To the chain", chain)
    if facts.alone:
        names = ", ".join(facts.alone[:3]) + (f" and {len(facts.alone) - 3} more" if len(facts.alone) > 3 else "")
        why = "Tablets sound all the same, but nobody has said that they look after them."
        yield Missing(now, f"Nobody on shift has {names}", why, "To the hand-over", "/shift")
    channels = dict.fromkeys(step.channel for step in beyond)
    stale = [each for each in channels if facts.now_s - facts.proved.get(each, -1e12) > PROVED_FOR_S]
    if stale:
        what = f"{_list(stale)} not proved this month"
        why = "Telephones change, keys expire: only a test that arrived shows that an alert would."
        yield Missing(Weight.SOON, what[:1].upper() + what[1:], why, "Send a test", "/admin/channels")


def _people(facts: Facts) -> Iterator[Missing]:
    """Whether people are recorded, and may be."""
    if not facts.people:
        why = "Enter somebody, and pair their band."
        yield Missing(Weight.SOME_DAY, "Nobody is entered yet", why, "Enter somebody", "/admin/people/new")
    bare = [each.name for each in facts.people if "care" not in each.scopes]
    if bare:
        why = "Nobody has agreed, so nothing is recorded, and no alert can come."
        yield Missing(Weight.SOON, f"{_list(bare)}: no consent to care", why, "To the consents", "/admin/consents")
    soon = [each.name for each in facts.people if each.ends_s is not None]
    if soon:
        why = "From that moment on nothing is recorded, and no alert can come."
        yield Missing(Weight.SOON, f"{_list(soon)}: consent ends soon", why, "To the consents", "/admin/consents")
    unconfirmed = [each.name for each in facts.people if each.to_confirm]
    if unconfirmed:
        why = "It was carried over from a version that asked nobody."
        what = f"{_list(unconfirmed)}: consent to be confirmed"
        yield Missing(Weight.SOON, what, why, "To the consents", "/admin/consents")
    planless = [each.name for each in facts.people if each.plan is None]
    if planless:
        why = "What helps, and what to avoid, stands on an alert when somebody has written it."
        yield Missing(Weight.SOME_DAY, f"{_list(planless)}: no plan", why, "To the people", "/admin/people")


def _accounts(facts: Facts) -> Iterator[Missing]:
    """Whether somebody can see to the house tomorrow."""
    able = [each for each in facts.accounts if each.ended_s is None and each.password is not None]
    administrators = [each for each in able if any(grant.role == ADMINISTRATOR for grant in each.grants)]
    if len(administrators) < 2:
        why = "Where one is ill, or has lost a password, nobody else can let anybody in."
        where = "/admin/accounts/new"
        yield Missing(Weight.SOON, "There is no second administrator", why, "Invite somebody", where)
    plain = [each.name for each in administrators if each.factor is None]
    if plain:
        why = "A password alone opens everything here. A second factor is set under their own name."
        yield Missing(Weight.SOME_DAY, f"{_list(plain)}: no second factor", why, "To the accounts", "/admin/accounts")


def _house(facts: Facts) -> Iterator[Missing]:
    """Whether the machine, its copies and its audit can be relied on."""
    standing, soon, audit = facts.standing, Weight.SOON, "/admin/audit"
    if facts.trouble:
        yield Missing(Weight.NOW, "The audit cannot be written", facts.trouble, "To the audit", audit)
    if standing.cut_off:
        why = "Some of them is deleted, and some is not: erase the same person again, here or by forecalm erase."
        yield Missing(Weight.NOW, "An erasure was cut off", why, "To the erasures", "/admin/receipts")
    ends_s = standing.certificate_ends_s
    if ends_s is not None and ends_s - facts.now_s < CERTIFICATE_S:
        days = max(0, int((ends_s - facts.now_s) // DAY_S))
        why = f"In {days} days tablets refuse this server. It should have been renewed: forecalm certificate show."
        yield Missing(Weight.NOW if days <= 1 else soon, "The certificate ends soon", why, "", "")
    copied_s = standing.copied_s
    if copied_s is None or facts.now_s - copied_s > COPY_S:
        what = (
            "No copy was ever made" if copied_s is None else f"The newest copy is {_days(facts.now_s - copied_s)} old"
        )
        yield Missing(soon, what, "A disk that breaks takes everything since: forecalm backup FOLDER.", "", "")
    if facts.witnessed_s is None or facts.now_s - facts.witnessed_s > WITNESS_S:
        why = "Its end, kept elsewhere, shows whether somebody wrote it anew."
        yield Missing(soon, "The audit was not witnessed this month", why, "Print a witness", f"{audit}/witness")


def _list(names: Sequence[str]) -> str:
    most = 3
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _days(seconds: float) -> str:
    days = int(seconds // DAY_S)
    return f"{days} day{'s' if days != 1 else ''}"


def add_overview(ground: Ground) -> None:
    """Add the first page of this area."""
    here = ground.sheets.here

    @ground.app.get("/admin", include_in_schema=False)
    async def show_overview(request: Request) -> Response:
        now = await here.records.run(in_force, ground, ground.here)
        facts = await here.records.run(_facts, ground, request, now)
        found = missing(facts)
        return await ground.show(request, "overview.html", missing=found, facts=facts, now=now, counts=_counts(facts))


def _facts(ground: Ground, request: Request, now: InForce) -> Facts:
    registry, office = ground.office.registry, ground.office
    everybody = people(ground, request, ground.sheets.here.clock())
    names = {each.wearer: each.name for each in everybody}
    tablets = [each for each in registry.enrolled_tablets() if each.revoked_s is None and each.site == ground.here]
    return Facts(
        now_s=ground.sheets.here.clock(),
        people=everybody,
        rules=now.rules,
        rules_why=now.why,
        devices=len(office.devices()),
        proved=proofs(ground)[0],
        accounts=registry.accounts(),
        tablets=len(tablets),
        witnessed_s=witnessed_s(ground),
        trouble=trouble_of(request),
        standing=office.standing(),
        alone=[names[wearer] for wearer in office.uncovered() if wearer in names],
    )


def _counts(facts: Facts) -> list[tuple[str, str, str]]:
    """Return what is set up: what, how much of it, and where it is."""
    signed = [each for each in facts.accounts if each.ended_s is None]
    outside = len(facts.rules.contact)
    return [
        ("People", str(len(facts.people)), "/admin/people"),
        ("Accounts", str(len(signed)), "/admin/accounts"),
        ("Enrolled tablets", str(facts.tablets), "/admin/tablets"),
        ("People with devices that take messages", str(facts.devices), "/admin/channels"),
        ("Contacts outside", str(outside), "/admin/chain"),
        ("Steps until the last is told", str(len(facts.rules.alert)), "/admin/chain"),
    ]
