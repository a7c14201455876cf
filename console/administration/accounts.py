"""Who signs in, as what and where, in; invitations, roles, resets and ends, and the pages of these, out.

Nobody changes an account that has a part where they may not say who signs in: whoever could send such an account a new
password would have all that it may do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from console.access.asker import EVERYWHERE, Asker
from console.access.entrance import asker_of
from console.access.roles import OF_PEOPLE, Act, Role
from console.administration.ground import Ground, Wrong, by, filled, wrong_in
from console.administration.proving import is_due, wrong
from console.forms import Form, by_field, form_of
from console.refusal import Refusal
from ingest.errors import RegistryError
from ingest.registry.accounts import Account, Granted
from ingest.registry.accounts_links import Link, Purpose

ROLES: Final = (
    (Role.CARER.value, "Carer: takes alerts, keeps shifts, tells what happened"),
    (Role.SUPPORT.value, "Support: pairs bands, looks after tablets and gateways"),
    (Role.RESEARCHER.value, "Researcher: recordings and models, knows nobody by name"),
    (Role.ADMINISTRATOR.value, "Administrator: says who signs in, and how this house is run"),
)
"""What somebody can be, and what that means in a line."""

FIELDS: Final = {"name": "name", "role": "roles", "roles": "", "site": "", "account": ""}


@dataclass(frozen=True, slots=True)
class Holder:
    """An account as it is shown. ``mine``: whoever asks may change it; ``waits``: a link of theirs that is not used."""

    account: Account
    mine: bool
    waits: Link | None
    sessions: int
    me: bool


def is_mine(asker: Asker, account: Account) -> bool:
    """Return whether ``asker`` may say of ``account`` who it is: at each site where it has a part."""
    return asker.may_anywhere(Act.ACCOUNTS) and all(asker.may(Act.ACCOUNTS, grant.site) for grant in account.grants)


def without_administrator(accounts: Iterable[Account], sites: Iterable[str]) -> list[str]:
    """Return the sites at which nobody who has chosen a password would be an administrator."""
    able = [each for each in accounts if each.ended_s is None and each.password is not None]
    at = {grant.site for each in able for grant in each.grants if grant.role == Role.ADMINISTRATOR.value}
    return [] if EVERYWHERE in at else [site for site in sites if site not in at]


def add_accounts(ground: Ground) -> None:
    """Add the pages of accounts."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/accounts", include_in_schema=False)
    async def list_accounts(request: Request) -> Response:
        found = await here.records.run(_holders, ground, request)
        return await ground.show(request, "accounts.html", holders=found, words=_words(ground))

    _add_inviting(ground)  # before the page of one account, whose path would take "new"

    @app.get("/admin/accounts/{account}", include_in_schema=False)
    async def show_account(account: str, request: Request) -> Response:
        holder = await here.records.run(_holder, ground, request, account)
        sessions = await here.records.run(registry.sign_ins, account)
        facts = await _asked(ground, request, filled(_first(holder.account)))
        return await ground.show(
            request,
            "account.html",
            holder=holder,
            sessions=sessions,
            words=_words(ground),
            **facts,
        )

    _add_acts(ground)


async def _asked(ground: Ground, request: Request, form: Form) -> dict[str, Any]:
    """Return what a form that grants roles shows: where whoever asks may grant them, this site first."""
    sites = await ground.sheets.here.records.run(ground.sites, request, Act.ACCOUNTS)
    by_place = sorted(sites, key=lambda each: each.name != ground.here)
    places = [(site.name, f"At {site.place}") for site in by_place]
    if asker_of(request).may(Act.ACCOUNTS, EVERYWHERE):
        places.append((EVERYWHERE, "At every site"))
    shown = {"places": places, "roles": ROLES, "granted_at": granted_at(form), "form": form}
    return {**shown, "again": is_due(ground, request)}


def _add_inviting(ground: Ground) -> None:
    app, here = ground.app, ground.sheets.here

    @app.get("/admin/accounts/new", include_in_schema=False)
    async def ask_account(request: Request) -> Response:
        return await ground.show(request, "account_new.html", **await _asked(ground, request, filled({})))

    @app.post("/admin/accounts/new", include_in_schema=False)
    async def add_account(request: Request) -> Response:
        form = await form_of(request)
        facts = await _asked(ground, request, form)
        grants = _granted(form, facts["places"])
        errors: dict[str, str] = {} if grants else {f"roles-{facts['places'][0][0]}": "Say what they are here."}
        if not form.one("name"):
            errors["name"] = "Write the name that the house calls them by."
        errors = errors or await wrong(ground, request, form)
        if not errors:
            try:
                account, token, link = await here.records.run(_invite, ground, form.one("name"), grants, by(request))
            except RegistryError as error:
                errors = by_field(error, FIELDS)
            else:
                return await _hand(ground, request, account, token, link)
        return await ground.show(request, "account_new.html", status=422, errors=errors, **facts)


def _add_acts(ground: Ground) -> None:
    app, here = ground.app, ground.sheets.here

    async def mine(request: Request, account: str, act: str) -> Holder:
        holder: Holder = await here.records.run(_mine, ground, request, account)
        if act not in ACTS:
            raise Refusal(404, "There is no such page", "Look at the page of the account.")
        return holder

    async def shown(request: Request, holder: Holder, act: str, facts: dict[str, Any], **more: Any) -> Response:  # noqa: ANN401
        return await ground.show(
            request,
            "account_act.html",
            holder=holder,
            act=act,
            words=_words(ground),
            **facts,
            **more,
        )

    @app.get("/admin/accounts/{account}/{act}", include_in_schema=False)
    async def ask_act(account: str, act: str, request: Request) -> Response:
        holder = await mine(request, account, act)
        return await shown(request, holder, act, await _asked(ground, request, filled(_first(holder.account))))

    @app.post("/admin/accounts/{account}/{act}", include_in_schema=False)
    async def do_act(account: str, act: str, request: Request) -> Response:
        form = await form_of(request)
        holder = await mine(request, account, act)
        facts = await _asked(ground, request, form)
        try:
            if act not in FREELY and (errors := await wrong(ground, request, form)):
                raise Wrong(errors)
            handed = await here.records.run(_do, ground, request, holder, act, form, facts["places"])
        except (Wrong, RegistryError) as error:
            return await shown(request, holder, act, facts, status=422, errors=wrong_in(error, FIELDS))
        if handed is not None:
            return await _hand(ground, request, holder.account, *handed)
        return ground.after(request, f"/admin/accounts/{account}", ACTS[act])


ACTS: Final = {
    "roles": "roles",
    "invite": "",
    "reset": "",
    "factor": "unproved",
    "sessions": "ended",
    "end": "ended",
    "reopen": "",
}
"""What may be done with an account, and what is said of it afterwards ("": a link is handed over)."""


FREELY: Final = frozenset({"sessions"})
"""Which of them may be done without the password, however long ago it was given: it lets nobody in."""


def _do(
    ground: Ground, request: Request, holder: Holder, act: str, form: Form, places: list[tuple[str, str]]
) -> tuple[str, Link] | None:
    """Do ``act``; return what is handed over, where something is. May block."""
    registry, who, account = ground.office.registry, by(request), holder.account
    if act in ("end", "sessions", "factor") and form.one("sure") != "yes":
        raise Wrong({"sure": "Tick this to say that you have read what will be."})
    match act:
        case "roles" | "reopen":
            grants = _granted(form, places)
            if not grants:
                raise Wrong({f"roles-{places[0][0]}": "Say what they are, or end the account."})
            if act == "reopen":
                registry.reopen_account(account.id, grants, by=who)
                return registry.invite(account.id, by=who)
            _require_administrators(ground, account, grants)
            registry.set_grants(account.id, grants, by=who)
            _enter_carer(ground, account.name, grants, who)
        case "invite":
            return registry.invite(account.id, by=who)
        case "reset":
            return registry.reset(account.id, by=who)
        case "factor":
            registry.set_factor(account.id, None, by=who)
        case "sessions":
            registry.end_sign_ins(account.id, by=who)
        case "end":
            _require_administrators(ground, account, frozenset())
            registry.end_account(account.id, by=who)
    return None


def _require_administrators(ground: Ground, account: Account, grants: frozenset[Granted]) -> None:
    """Refuse what would leave a site that has an administrator without any; the registry itself sees to the last of
    all, also where two do this at once."""
    registry = ground.office.registry
    before = registry.accounts()
    after = [each for each in before if each.id != account.id]
    if account.password is not None:
        administers = {grant.site for grant in grants if grant.role == Role.ADMINISTRATOR.value}
    else:
        administers = set()
    if EVERYWHERE in administers:
        return
    sites = [site.name for site in registry.sites()]
    lost = set(without_administrator(after, sites)) - administers - set(without_administrator(before, sites))
    if lost:
        raise Wrong(
            {
                "": f"{account.name} is the last administrator of {', '.join(sorted(lost))}: nobody could say who signs"
                " in any more. Make somebody else one first, and wait until they have signed in. Nothing is changed."
            }
        )


def _invite(ground: Ground, name: str, grants: frozenset[Granted], who: str) -> tuple[Account, str, Link]:
    registry = ground.office.registry
    account = registry.add_account(name, grants, by=who)
    _enter_carer(ground, account.name, grants, who)
    token, link = registry.invite(account.id, by=who)
    return account, token, link


def _enter_carer(ground: Ground, name: str, grants: frozenset[Granted], who: str) -> None:
    """A carer who signs in is offered on tablets, too."""
    registry = ground.office.registry
    if any(grant.role == Role.CARER.value for grant in grants) and name not in registry.carers():
        registry.add_carer(name, by=who)


async def _hand(ground: Ground, request: Request, account: Account, token: str, link: Link) -> Response:
    title = "Invitation" if link.purpose is Purpose.INVITATION else "Another password"
    back = f"/admin/accounts/{account.id}"
    return await ground.hand(request, title, whom=account.name, way=f"welcome/{token}", link=link, back=back)


def _holders(ground: Ground, request: Request) -> list[Holder]:
    registry, asker = ground.office.registry, asker_of(request)
    waits = {link.account: link for link in registry.links() if link.account is not None}
    sessions: dict[str, int] = {}
    for each in registry.sign_ins():
        sessions[each.account] = sessions.get(each.account, 0) + 1
    return [
        Holder(each, is_mine(asker, each), waits.get(each.id), sessions.get(each.id, 0), each.id == asker.id)
        for each in registry.accounts()
        if is_mine(asker, each)
        or any(grant.site == EVERYWHERE or asker.may(Act.ACCOUNTS, grant.site) for grant in each.grants)
    ]


def _holder(ground: Ground, request: Request, account: str) -> Holder:
    found = next((each for each in _holders(ground, request) if each.account.id == account), None)
    if found is None:
        raise Refusal(404, "There is no such account", "Look at the list of accounts.")
    return found


def _mine(ground: Ground, request: Request, account: str) -> Holder:
    holder = _holder(ground, request, account)
    if not holder.mine:
        raise Refusal(403, "That is not yours to do", "They have a part at sites that you do not look after.")
    return holder


def _granted(form: Form, places: list[tuple[str, str]]) -> frozenset[Granted]:
    """Return what a form grants, at those places that whoever asks was offered."""
    known = {role.value for role in OF_PEOPLE}
    return frozenset(
        Granted(role, place) for place, _ in places for role in form.every(f"roles-{place}") if role in known
    )


def _first(account: Account) -> dict[str, str | list[str]]:
    fields: dict[str, str | list[str]] = {}
    for site in {grant.site for grant in account.grants}:
        fields[f"roles-{site}"] = [grant.role for grant in account.grants if grant.site == site]
    return fields


def granted_at(form: Form) -> list[str]:
    """Return where a form grants something."""
    return [name.removeprefix("roles-") for name in form.fields if name.startswith("roles-")]


def _words(ground: Ground) -> Callable[[Iterable[Granted]], str]:
    """Return what says in a line what somebody is."""

    def at(site: str) -> str:
        return "everywhere" if site == EVERYWHERE else f"at {ground.sheets.called(site)}"

    return lambda grants: ", ".join(f"{each.role} {at(each.site)}" for each in grants)
