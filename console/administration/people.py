"""Wearers in; who they are, where, who agreed to what, their plan and level, and the forms that change it, out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.administration.ground import Ground, Wrong, by, filled, options, wrong_in
from console.forms import Form, by_field, form_of
from console.refusal import Refusal
from ingest.errors import RegistryError
from ingest.registry.consents import Consent, Given, Scope
from ingest.registry.levels import AlertLevel
from ingest.registry.plans import LINES_MAX, Plan

SCOPES: Final = (
    (Scope.CARE.value, "Care: recorded, and watched"),
    (Scope.RESEARCH.value, "Research: studied, under a pseudonym"),
    (Scope.SHARE.value, "Share: in summaries that leave the house"),
)

ENDS_SOON_S: Final = 14 * 86_400.0
"""Two weeks: whoever signs for somebody must be met, or written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A wearer as the list shows them. ``scopes``: what somebody has agreed to as of now; ``ends_s``: when the consent
    to care ends, where that is soon; ``to_confirm``: it was carried over from a version that knew none."""

    wearer: str
    name: str
    site: str
    scopes: tuple[str, ...]
    ends_s: float | None
    to_confirm: bool
    band: str
    plan: Plan | None
    level: AlertLevel | None


def people(ground: Ground, request: Request, now_s: float) -> list[Person]:
    """Return everybody whom whoever asks administers, by name. May block."""
    registry, asker = ground.office.registry, asker_of(request)
    names, sites = registry.names(), registry.site_of()
    plans, levels = registry.plans(), registry.alert_levels()
    given: dict[str, list[Given]] = {}
    for each in registry.consents():
        given.setdefault(each.wearer, []).append(each)
    worn = {stretch.wearer: band for band, stretch in registry.worn(now_s).items()}
    found = [
        Person(
            wearer=wearer,
            name=names.get(wearer, wearer),
            site=sites.get(wearer) or "",
            scopes=covered(given.get(wearer, []), now_s),
            ends_s=ends_soon(given.get(wearer, []), now_s),
            to_confirm=any(each.to_confirm for each in given.get(wearer, [])),
            band=worn.get(wearer, ""),
            plan=plans.get(wearer),
            level=levels.get(wearer),
        )
        for wearer in registry.wearers()
        if ground.is_theirs(asker, wearer)
    ]
    return sorted(found, key=lambda each: each.name.casefold())


def covered(given: list[Given], now_s: float) -> tuple[str, ...]:
    """Return what was agreed to as of ``now_s`` [UTC s]."""
    return tuple(scope.value for scope in Scope if any(it.scope is scope and it.covers(now_s) for it in given))


def ends_soon(given: list[Given], now_s: float) -> float | None:
    """Return when the consent to care ends [UTC s], where it covers now and that is within ``ENDS_SOON_S``."""
    care = [each for each in given if each.scope is Scope.CARE and each.covers(now_s)]
    ends = [each.until_s for each in care if each.until_s is not None]
    if not care or len(ends) < len(care) or max(ends) > now_s + ENDS_SOON_S:
        return None
    return max(ends)


def add_people(ground: Ground) -> None:
    """Add the pages of people, and of who agreed to what."""
    app, here = ground.app, ground.sheets.here

    @app.get("/admin/people", include_in_schema=False)
    async def list_people(request: Request) -> Response:
        found = await here.records.run(people, ground, request, here.clock())
        return await ground.show(request, "people.html", people=found)

    @app.get("/admin/consents", include_in_schema=False)
    async def list_consents(request: Request) -> Response:
        facts = await here.records.run(_consents, ground, request)
        return await ground.show(request, "consents.html", **facts)

    _add_entering(ground)  # before the page of one person, whose path would take "new"

    @app.get("/admin/people/{wearer}", include_in_schema=False)
    async def show_person(wearer: str, request: Request) -> Response:
        facts = await here.records.run(_person, ground, request, wearer)
        return await ground.show(request, "person.html", **facts)

    _add_changing(ground)


def _add_entering(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    async def shown(request: Request, form: Form, **more: Any) -> Response:  # noqa: ANN401
        sites = options(await here.records.run(ground.sites, request))
        return await ground.show(request, "person_new.html", sites=sites, form=form, **more)

    @app.get("/admin/people/new", include_in_schema=False)
    async def ask_person(request: Request) -> Response:
        return await shown(request, filled({"site": ground.here}))

    @app.post("/admin/people/new", include_in_schema=False)
    async def add_person(request: Request) -> Response:
        form = await form_of(request)
        wearer = form.one("pseudonym")
        try:
            await here.records.run(ground.site, request, form.one("site"))
            await here.records.run(registry.add_wearer, wearer, form.one("name"), site=form.one("site"), by=by(request))
        except RegistryError as error:
            errors = by_field(error, {"pseudonym": "pseudonym", "name": "name", "site": "site"})
            return await shown(request, form, status=422, errors=errors)
        return ground.after(request, f"/admin/people/{wearer}/consent", "added")


def _add_changing(ground: Ground) -> None:
    app, here = ground.app, ground.sheets.here

    async def shown(request: Request, act: str, form: Form, facts: dict[str, Any], **more: Any) -> Response:  # noqa: ANN401
        today = ground.day(here.clock())
        return await ground.show(request, "person_change.html", act=act, form=form, today=today, **facts, **more)

    @app.get("/admin/people/{wearer}/{act}", include_in_schema=False)
    async def ask_change(wearer: str, act: str, request: Request) -> Response:
        change = _change(act)
        facts = await here.records.run(_person, ground, request, wearer)
        return await shown(request, act, filled(change.first(facts)), facts)

    @app.post("/admin/people/{wearer}/{act}", include_in_schema=False)
    async def make_change(wearer: str, act: str, request: Request) -> Response:
        form, change = await form_of(request), _change(act)
        facts = await here.records.run(_person, ground, request, wearer)
        try:
            await here.records.run(change.make, ground, request, wearer, form)
        except (Wrong, RegistryError) as error:
            return await shown(request, act, form, facts, status=422, errors=wrong_in(error, change.fields))
        here.done()
        return ground.after(request, f"/admin/people/{wearer}", change.said)


def _consents(ground: Ground, request: Request) -> dict[str, Any]:
    now_s = ground.sheets.here.clock()
    theirs = {each.wearer: each for each in people(ground, request, now_s)}
    given = [each for each in ground.office.registry.consents() if each.wearer in theirs]
    return {
        "people": list(theirs.values()),
        "given": sorted(given, key=lambda each: -each.entered_at_s),
        "names": {wearer: each.name for wearer, each in theirs.items()},
        "now_s": now_s,
    }


def _person(ground: Ground, request: Request, wearer: str) -> dict[str, Any]:
    """Return all that the page of one person shows."""
    name, registry, now_s = ground.person(request, wearer), ground.office.registry, ground.sheets.here.clock()
    given = registry.consents(wearer)
    history = registry.alert_level_history(wearer)
    return {
        "wearer": wearer,
        "name": name,
        "site": registry.site_of().get(wearer) or "",
        "sites": options(ground.sites(request)),
        "given": sorted(given, key=lambda each: -each.entered_at_s),
        "scopes": covered(given, now_s),
        "all_scopes": SCOPES,
        "ends_s": ends_soon(given, now_s),
        "to_confirm": any(each.to_confirm for each in given),
        "band": registry.band_of(wearer, now_s),
        "plan": registry.plan(wearer),
        "plans": list(reversed(registry.plan_history(wearer))),
        "level": registry.alert_levels().get(wearer),
        "levels": list(reversed(history)),
        "levels_offered": [
            (str(each.number), f"{each.version}: for {each.per_day or 0:g} alerts a day")
            for each in history
            if each.level
        ],
        "now_s": now_s,
        "lines": LINES_MAX,
    }


@dataclass(frozen=True, slots=True)
class Change:
    """One form on one person: what its fields hold at first, what makes the change, and what is said of it. ``fields``
    maps the registry's names of what is wrong to the form's."""

    first: Callable[[Mapping[str, object]], Mapping[str, str | list[str]]]
    make: Callable[[Ground, Request, str, Form], None]
    said: str
    fields: Mapping[str, str]


def _change(act: str) -> Change:
    if act not in CHANGES:
        raise Refusal(404, "There is no such page", "Look at the page of the person.")
    return CHANGES[act]


def _rename(ground: Ground, request: Request, wearer: str, form: Form) -> None:
    ground.office.registry.rename(wearer, form.one("name"), by=by(request))


def _move(ground: Ground, request: Request, wearer: str, form: Form) -> None:
    site = ground.site(request, form.one("site"))
    if form.one("sure") != "yes":
        raise Wrong({"sure": "Tick this to say that you have read what changes."})
    ground.office.registry.put_in_site(site.name, wearers=[wearer], by=by(request))


def _agree(ground: Ground, request: Request, wearer: str, form: Form) -> None:
    errors: dict[str, str] = {}
    scopes = _scopes(form)
    if not scopes:
        errors["scopes"] = "Say what was agreed to."
    if not form.one("given_by"):
        errors["given_by"] = "Write who agreed, and as what: Jane Doe, mother and guardian."
    times: dict[str, float | None] = {}
    for field in ("from", "until"):
        try:
            times[field] = ground.day_s(form.one(field))
        except ValueError:
            errors[field] = "Write a day as 2026-11-23."
    if errors:
        raise Wrong(errors)
    from_s = times["from"] if times["from"] is not None else ground.sheets.here.clock()
    consent = Consent(scopes, form.one("given_by"), from_s, times["until"])
    ground.office.registry.give_consent(wearer, consent, by=by(request))


def _scopes(form: Form) -> frozenset[Scope]:
    """Return the scopes that were ticked."""
    ticked = form.every("scopes")
    return frozenset(scope for scope in Scope if scope.value in ticked)


def _withdraw(ground: Ground, request: Request, wearer: str, form: Form) -> None:
    scopes = _scopes(form)
    if not scopes:
        raise Wrong({"scopes": "Say what is withdrawn."})
    if form.one("sure") != "yes":
        raise Wrong({"sure": "Tick this to say that you have read what will be."})
    done = ground.office.registry.withdraw_consent(
        wearer, scopes=scopes, at_s=ground.sheets.here.clock(), by=by(request)
    )
    if not done:
        raise Wrong({"scopes": "Nobody has agreed to that, so nothing is withdrawn."})


def _write_plan(ground: Ground, request: Request, wearer: str, form: Form) -> None:
    if not asker_of(request).may(Act.PLAN, ground.sheets.whereabouts.of_wearer(wearer)):
        raise Refusal(403, "That is not yours to do", "Ask an administrator of this house.")
    helps, avoid = form.text("helps").split("\n"), form.text("avoid").split("\n")
    ground.office.registry.set_plan(wearer, helps=helps, avoid=avoid, by=by(request))


def _set_level(ground: Ground, request: Request, wearer: str, form: Form) -> None:
    """Let a level that somebody chose for this person before hold again, or that of everybody."""
    registry, number = ground.office.registry, form.one("level")
    known = {str(each.number): each for each in registry.alert_level_history(wearer) if each.level is not None}
    if number != "none" and number not in known:
        raise Wrong({"level": "Choose one of these."})
    if form.one("sure") != "yes":
        raise Wrong({"sure": "Tick this to say that you have read what changes."})
    if number == "none":
        registry.set_alert_level(wearer, None, by=by(request))
        return
    held = known[number]
    registry.set_alert_level(wearer, held.level, per_day=held.per_day, lost=held.lost, by=by(request))


def _plan_first(facts: Mapping[str, object]) -> Mapping[str, str]:
    plan = facts["plan"]
    if not isinstance(plan, Plan):
        return {}
    return {"helps": "\n".join(plan.helps), "avoid": "\n".join(plan.avoid)}


CHANGES: Final[Mapping[str, Change]] = {
    "name": Change(lambda facts: {"name": str(facts["name"])}, _rename, "renamed", {"name": "name"}),
    "site": Change(lambda facts: {"site": str(facts["site"])}, _move, "moved", {"site": "site"}),
    "consent": Change(
        lambda _: {"scopes": [Scope.CARE.value]},
        _agree,
        "agreed",
        {"given_by": "given_by", "scopes": "scopes", "until_s": "until", "from_s": "from"},
    ),
    "withdraw": Change(lambda _: {}, _withdraw, "withdrawn", {"scopes": "scopes"}),
    "plan": Change(_plan_first, _write_plan, "plan", {"helps": "helps", "avoid": "avoid"}),
    "level": Change(lambda _: {}, _set_level, "level", {"level": "level"}),
}
