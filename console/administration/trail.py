"""The audit in; who did what to whom and when, searched, proved whole, and witnessed on paper, out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from console.access.asker import EVERYWHERE, Asker
from console.access.entrance import asker_of, entrance_of
from console.access.roles import Act
from console.administration.ground import Ground, by
from console.forms import Form, form_of
from console.paging import paged
from ingest.registry.audit import Entry, Head

SHOWN: Final = 50
"""Entries of a page."""

DAYS: Final = 7
"""How far back one looks who does not say since when."""

DAY_S: Final = 86_400.0

WITNESSED: Final = "take audit witness"
"""What the audit says where somebody took its end to keep it elsewhere."""

LONG_AGO_S: Final = 1e9
"""Seconds of an entry that are more are a moment; fewer are a span."""

LOOKED: Final = "look"
"""What the audit says where somebody looked at something."""

ACTS: Final = {act.name.lower(): act.value for act in Act}
"""What somebody did where a route of that act was all that is known of it, in words."""

NOT_TELLABLE: Final = "somebody erased, or not known"


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry as it is shown: ``whom`` by the name that the house uses, "" where it concerns no wearer; ``what`` in
    words where there are any, and ``more`` is what else it says."""

    number: int
    at_s: float
    by: str
    what: str
    whom: str
    more: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; "" and None: anything."""

    who: str = ""
    what: str = ""
    whom: str = ""
    from_s: float | None = None
    until_s: float | None = None


def add_trail(ground: Ground) -> None:
    """Add the pages of the audit."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/audit", include_in_schema=False)
    async def show_audit(request: Request) -> Response:
        return await _shown(ground, request)

    @app.post("/admin/audit", include_in_schema=False)
    async def verify_audit(request: Request) -> Response:
        """Look at every entry: on the threads of records, for it reads the whole chain."""
        form = await form_of(request)
        witness = form.one("witness")
        head = _head(witness)
        if witness and head is None:
            wrong = [f"{witness[:80]} is no witness: write NUMBER:DIGEST, as it was printed."]
            return await _shown(ground, request, verified={"wrong": wrong})
        wrong = await here.records.run(registry.verify_audit, head)
        return await _shown(ground, request, verified={"wrong": wrong, "witness": head})

    @app.get("/admin/audit/witness", include_in_schema=False)
    async def ask_witness(request: Request) -> Response:
        return await ground.show(request, "witness.html", head=None, last_s=await here.records.run(witnessed_s, ground))

    @app.post("/admin/audit/witness", include_in_schema=False)
    async def take_witness(request: Request) -> Response:
        await form_of(request)
        await here.records.run(registry.note, WITNESSED, by=by(request))
        head = await here.records.run(registry.audit_head)
        return await ground.show(request, "witness.html", head=head, at_s=here.clock(), by=by(request))


async def _shown(ground: Ground, request: Request, **facts: Any) -> Response:  # noqa: ANN401
    here, registry = ground.sheets.here, ground.office.registry
    form = Form({name: [value] for name, value in request.query_params.items()})
    asked, errors = _asked(ground, form)
    found = await here.records.run(_entries, ground, asker_of(request), asked)
    shown, page, pages = paged(found, form.one("page"), SHOWN)
    facts |= {
        "entries": shown,
        "count": len(found),
        "page": page,
        "pages": pages,
        "form": form,
        "errors": errors,
        "trouble": trouble_of(request),
        "asked": {name: value for name, value in request.query_params.items() if name != "page"},
        "since": ground.day(asked.from_s),
        "people": await here.records.run(_people, ground, asker_of(request)),
        "head": await here.records.run(registry.audit_head),
    }
    return await ground.show(request, "audit.html", **facts)


def witnessed_s(ground: Ground) -> float | None:
    """Return when somebody last took the end of the audit to keep it elsewhere [UTC s]. May block."""
    taken = ground.office.registry.audit_entries(action=WITNESSED)
    return taken[-1].at_s if taken else None


def trouble_of(request: Request) -> str:
    """Return why the audit is not written at the moment, "" where it is."""
    return entrance_of(request).trail.trouble


def _asked(ground: Ground, form: Form) -> tuple[Asked, dict[str, str]]:
    errors: dict[str, str] = {}
    times: dict[str, float | None] = {"from": None, "until": None}
    for field in times:
        try:
            times[field] = ground.day_s(form.one(field))
        except ValueError:
            errors[field] = "Write a day as 2026-11-23."
    from_s, until_s = times["from"], times["until"]
    if from_s is None and not form.one("all"):
        from_s = ground.sheets.here.clock() - DAYS * DAY_S
    return Asked(
        who=form.one("who"),
        what=form.one("what"),
        whom=form.one("whom"),
        from_s=from_s,
        until_s=None if until_s is None else until_s + DAY_S,
    ), errors


def _people(ground: Ground, asker: Asker) -> list[tuple[str, str]]:
    names = ground.office.registry.names()
    theirs = ((wearer, name) for wearer, name in names.items() if ground.is_theirs(asker, wearer, Act.AUDIT))
    return sorted(theirs, key=lambda each: each[1].casefold())


def _entries(ground: Ground, asker: Asker, asked: Asked) -> list[Seen]:
    """Return what was asked for, the newest first: of their own sites, where they do not look after all of them."""
    registry = ground.office.registry
    people = dict(_people(ground, asker))
    if asked.whom and asked.whom not in people:
        return []
    subjects = registry.audit_subjects()
    accounts = {each.id: each.name for each in registry.accounts()}
    found = registry.audit_entries(asked.whom or None, since_s=asked.from_s)
    everywhere = asker.may(Act.AUDIT, EVERYWHERE)
    sites = {site.name for site in registry.sites() if asker.may(Act.AUDIT, site.name)}
    telling = _Telling(subjects, people, accounts, ground.moment)
    return [
        _seen(entry, telling)
        for entry in reversed(found)
        if _fits(entry, asked) and (everywhere or _is_theirs(entry, subjects, people, sites))
    ]


def _fits(entry: Entry, asked: Asked) -> bool:
    return (
        asked.who.casefold() in entry.actor.casefold()
        and asked.what.casefold() in entry.action.casefold()
        and (asked.until_s is None or entry.at_s < asked.until_s)
    )


def _is_theirs(entry: Entry, subjects: dict[str, str], people: dict[str, str], sites: set[str]) -> bool:
    if entry.subject:
        return subjects.get(entry.subject) in people
    detail = _detail(entry)
    site = detail.get("site")
    return site is None or site in sites


@dataclass(frozen=True, slots=True)
class _Telling:
    """What turns digests, ids and seconds back into what people say."""

    subjects: dict[str, str]
    people: dict[str, str]
    accounts: dict[str, str]
    moment: Callable[[float], str]

    def value(self, key: str, value: object) -> str:
        if key == "account":
            return self.accounts.get(str(value), str(value))
        if key.endswith("_s") and isinstance(value, float) and value > LONG_AGO_S:
            return self.moment(value)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if isinstance(value, bool) or value is None:
            return {True: "yes", False: "no", None: "none"}[value]
        return str(value)


def _seen(entry: Entry, telling: _Telling) -> Seen:
    pseudonym = telling.subjects.get(entry.subject, "")
    whom = telling.people.get(pseudonym, NOT_TELLABLE) if entry.subject else ""
    detail = _detail(entry)
    what = ACTS.get(entry.action, entry.action)
    if entry.action == LOOKED and "what" in detail:
        looked_at = str(detail.pop("what"))
        what = f"looked: {ACTS.get(looked_at, looked_at)}"
    said = ((key, telling.value(key, value)) for key, value in detail.items())
    more = "; ".join(f"{key.removesuffix('_s').replace('_', ' ')} {value}" for key, value in said)
    return Seen(entry.number, entry.at_s, entry.actor, what, whom, more)


def _detail(entry: Entry) -> dict[str, Any]:
    try:
        found = json.loads(entry.detail)
    except ValueError:
        return {"detail": entry.detail}
    return found if isinstance(found, dict) else {"detail": found}


def _head(text: str) -> Head | None:
    number, parted, digest = text.partition(":")
    if not (parted and number.strip().isdecimal() and digest.strip()):
        return None
    return Head(int(number), digest.strip())
