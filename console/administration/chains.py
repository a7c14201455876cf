"""A site's alerting rules in; the forms that change them, checked before anything holds, and their history, out."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from alerts.delivery.rules import DEFAULT, RulesError, SiteRules, parse
from alerts.delivery.written import without_secrets
from console.administration.chain_drawn import Drawn, drawn
from console.administration.chain_form import CHAINS, beside_step, first, offered, rows, with_more
from console.administration.ground import Ground, by
from console.forms import Form, form_of
from console.refusal import Refusal
from ingest.errors import RegistryError
from ingest.registry.alerting import SIZE_MAX, AlertingRules

MOST_BYTES: Final = 2 * SIZE_MAX
"""Of a form: rules as long as the registry takes, as a browser writes them."""

HIDDEN: Final = " kept, and not shown"


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for a site: the rules, as which number ("0": none were ever set), and why they cannot be read ("":
    they can; else the usual ones stand in for them here)."""

    rules: SiteRules
    number: str
    why: str
    held: AlertingRules | None


def in_force(ground: Ground, site: str) -> InForce:
    """Return what holds for ``site``. May block."""
    held = ground.office.registry.alerting_rules(site)
    if held is None or held.text is None:
        history = ground.office.registry.alerting_rules_history(site)
        return InForce(DEFAULT, str(history[-1].number) if history else "0", "", None)
    try:
        return InForce(parse(held.text), str(held.number), "", held)
    except RulesError as error:
        return InForce(DEFAULT, str(held.number), str(error), held)


def timelines(rules: SiteRules) -> dict[str, Drawn]:
    """Return both chains, drawn."""
    return {chain: drawn(rules, getattr(rules, chain)) for _, chain in CHAINS}


def add_chains(ground: Ground) -> None:
    """Add the pages of chains."""
    app, here = ground.app, ground.sheets.here

    @app.get("/admin/chain", include_in_schema=False)
    async def ask_chain(request: Request) -> Response:
        site = await _site(ground, request, request.query_params.get("site", ""))
        now = await here.records.run(in_force, ground, site)
        return await _shown(ground, request, site, now, first(now.rules, of=now.number))

    @app.post("/admin/chain", include_in_schema=False)
    async def change_chain(request: Request) -> Response:
        form = await form_of(request, most=MOST_BYTES)
        site = await _site(ground, request, form.one("site"))
        now = await here.records.run(in_force, ground, site)
        if form.one("more"):
            return await _shown(ground, request, site, now, with_more(form, form.one("more")))
        if form.one("of") != now.number:
            return await _shown(ground, request, site, now, form, status=409, errors=_changed(ground, now))
        said = offered(form, now.rules)
        if said.wrong:
            return await _shown(ground, request, site, now, form, status=422, errors=dict(said.wrong))
        try:
            rules = await here.rest.run(parse, said.text)
        except RulesError as error:
            errors = beside_step(str(error), said.fields)
            return await _shown(ground, request, site, now, form, status=422, errors=errors)
        return await _held(ground, request, site, now, form, said.text, rules)

    _add_history(ground)
    _add_text(ground)


async def _shown(
    ground: Ground,
    request: Request,
    site: str,
    now: InForce,
    form: Form,
    **facts: Any,  # noqa: ANN401
) -> Response:
    sites = await ground.sheets.here.records.run(ground.sites, request)
    return await ground.show(
        request,
        "chain.html",
        site=site,
        sites=sorted(sites, key=lambda each: each.name != ground.here),
        now=now,
        rows=rows(form, now.rules),
        form=form,
        said_in_words=timelines(now.rules),
        doubts=now.rules.doubts() if now.held is not None else (),
        **facts,
    )


async def _held(
    ground: Ground, request: Request, site: str, now: InForce, form: Form, text: str, rules: SiteRules
) -> Response:
    """Let rules hold that were drawn before, with a reason; draw them first where they were not."""
    checked = hashlib.sha256(text.encode()).hexdigest()
    offer: dict[str, Any] = {"checked": checked, "offer": timelines(rules)}
    if form.one("checked") != checked or form.one("act") != "hold":
        return await _shown(ground, request, site, now, form, offer_doubts=rules.doubts(), **offer)
    because = form.one("because")
    if not because:
        errors = {"because": "Say why, in a few words: whoever looks at the history asks that first."}
        return await _shown(ground, request, site, now, form, status=422, errors=errors, **offer)
    try:
        hold = ground.office.registry.set_alerting_rules
        await ground.sheets.here.records.run(hold, site, text, because=because, by=by(request))
    except RegistryError as error:
        return await _shown(ground, request, site, now, form, status=422, errors={"": str(error)})
    return ground.after(request, f"/admin/chain?site={site}", "rules")


def _add_history(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/chain/history", include_in_schema=False)
    async def list_versions(request: Request) -> Response:
        site = await _site(ground, request, request.query_params.get("site", ""))
        history = await here.records.run(registry.alerting_rules_history, site)
        return await ground.show(request, "chain_history.html", site=site, history=list(reversed(history)))

    async def version(site: str, number: int) -> tuple[AlertingRules, dict[str, Any]]:
        history = await here.records.run(registry.alerting_rules_history, site)
        found = next((each for each in history if each.number == number), None)
        if found is None:
            raise Refusal(404, "There are no such rules", "Look at the history.")
        try:
            rules = await here.rest.run(parse, found.text or "")
        except RulesError as error:
            return found, {"why": str(error)}
        return found, {"offer": timelines(rules), "offer_doubts": rules.doubts(), "text": _text(found, rules)}

    @app.get("/admin/chain/back/{number}", include_in_schema=False)
    async def ask_back(number: int, request: Request) -> Response:
        site = await _site(ground, request, request.query_params.get("site", ""))
        found, facts = await version(site, number)
        return await ground.show(request, "chain_back.html", site=site, version=found, **facts)

    @app.post("/admin/chain/back/{number}", include_in_schema=False)
    async def go_back(number: int, request: Request) -> Response:
        form = await form_of(request)
        site = await _site(ground, request, form.one("site"))
        found, facts = await version(site, number)
        errors = {}
        if "why" in facts:
            errors[""] = "These rules cannot be read any more, so they cannot hold. Nothing is changed."
        if not form.one("because"):
            errors["because"] = "Say why, in a few words."
        if errors:
            return await ground.show(
                request, "chain_back.html", status=422, site=site, version=found, form=form, errors=errors, **facts
            )
        await here.records.run(
            registry.set_alerting_rules, site, found.text, because=form.one("because"), by=by(request)
        )
        return ground.after(request, f"/admin/chain?site={site}", "rules")


def _add_text(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    async def shown(request: Request, site: str, **facts: Any) -> Response:  # noqa: ANN401
        now = await here.records.run(in_force, ground, site)
        held = "" if now.held is None or now.why else without_secrets(now.rules, hidden=HIDDEN)
        return await ground.show(request, "chain_text.html", site=site, now=now, held=held, **facts)

    @app.get("/admin/chain/text", include_in_schema=False)
    async def show_text(request: Request) -> Response:
        return await shown(request, await _site(ground, request, request.query_params.get("site", "")))

    @app.post("/admin/chain/text", include_in_schema=False)
    async def set_text(request: Request) -> Response:
        form = await form_of(request, most=MOST_BYTES)
        site = await _site(ground, request, form.one("site"))
        text = form.text("text")
        try:
            rules = await here.rest.run(parse, text)
        except RulesError as error:
            return await shown(request, site, status=422, form=form, errors={"text": str(error)})
        if not text.strip():
            errors = {"text": "Paste the whole text: what is not in it does not hold."}
            return await shown(request, site, status=422, form=form, errors=errors)
        checked = hashlib.sha256(text.encode()).hexdigest()
        facts: dict[str, Any] = {"checked": checked, "offer": timelines(rules), "offer_doubts": rules.doubts()}
        if form.one("checked") != checked or form.one("act") != "hold":
            return await shown(request, site, form=form, **facts)
        if not form.one("because"):
            return await shown(
                request, site, status=422, form=form, errors={"because": "Say why, in a few words."}, **facts
            )
        await here.records.run(registry.set_alerting_rules, site, text, because=form.one("because"), by=by(request))
        return ground.after(request, f"/admin/chain?site={site}", "rules")


async def _site(ground: Ground, request: Request, name: str) -> str:
    site = await ground.sheets.here.records.run(ground.site, request, name or ground.here)
    return site.name


def _changed(ground: Ground, now: InForce) -> dict[str, str]:
    who = "Somebody" if now.held is None else now.held.by
    when = "meanwhile" if now.held is None else f"at {ground.moment(now.held.at_s)}"
    return {"": f"{who} changed these rules {when}. Open the page anew: what you wrote would undo it."}


def _text(found: AlertingRules, rules: SiteRules) -> str:
    return "" if found.text is None else without_secrets(rules, hidden=HIDDEN)
