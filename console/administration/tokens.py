"""Programs' tokens in; another one, shown once, and the end of one, out."""

from typing import Any, Final

from fastapi import Request, Response

from console.access.asker import EVERYWHERE
from console.access.entrance import asker_of
from console.access.roles import Act, Role
from console.administration.ending import Ending, add_ending
from console.administration.ground import Ground, by, filled, options
from console.administration.proving import is_due, wrong
from console.forms import Form, by_field, form_of
from ingest.errors import RegistryError
from ingest.registry.retention import DAY_S

DAYS: Final = (("30", "A month"), ("90", "Three months"), ("366", "A year"))
"""How long a token may hold, in days; a year is the most that the registry takes."""

USUAL_DAYS: Final = "90"
"""What is chosen at first: long enough for a program to be worth its token, short enough for a lost one to end."""

SHORT_S: Final = 1.0
"""So much short of its days [s] a token ends, for the registry reads a clock of its own a little later."""

OF_PROGRAMS: Final = (
    (Role.MONITOR.value, "Monitor: reads what is counted, and nothing of anybody"),
    (Role.CARER.value, "Carer: sees the board, takes alerts"),
    (Role.SUPPORT.value, "Support: bands and gateways"),
    (Role.RESEARCHER.value, "Researcher: recordings, under pseudonyms"),
)
"""What a program may be. Not an administrator: a token lies in a file."""


def add_tokens(ground: Ground) -> None:
    """Add the pages of programs' tokens."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/tokens", include_in_schema=False)
    async def list_tokens(request: Request) -> Response:
        asker, every = asker_of(request), await here.records.run(registry.machine_tokens)
        found = [each for each in reversed(every) if asker.may(Act.ACCOUNTS, each.site)]
        return await ground.show(request, "tokens.html", found=found, now_s=here.clock())

    _add_making(ground)
    add_ending(
        ground,
        Ending(
            act=Act.ACCOUNTS,
            every=registry.machine_tokens,
            revoke=registry.revoke_token,
            kind="token",
            several="programs",
            back="/admin/tokens",
            what="Whatever program has it is refused from then on.",
        ),
    )


def _add_making(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    async def asked(request: Request, form: Form) -> dict[str, Any]:
        offered = options(await here.records.run(ground.sites, request, Act.ACCOUNTS))
        if asker_of(request).may(Act.ACCOUNTS, EVERYWHERE):
            offered.append((EVERYWHERE, "Every site"))
        return {"sites": offered, "roles": OF_PROGRAMS, "days": DAYS, "form": form, "again": is_due(ground, request)}

    @app.get("/admin/tokens/new", include_in_schema=False)
    async def ask_token(request: Request) -> Response:
        form = filled({"site": ground.here, "role": Role.MONITOR.value, "days": USUAL_DAYS})
        return await ground.show(request, "token_new.html", **await asked(request, form))

    @app.post("/admin/tokens/new", include_in_schema=False)
    async def add_token(request: Request) -> Response:
        form = await form_of(request)
        facts = await asked(request, form)
        errors = _missing(form, facts["sites"]) or await wrong(ground, request, form)
        if not errors:
            said: dict[str, Any] = {
                "role": form.one("role"),
                "site": form.one("site"),
                "until_s": here.clock() + int(form.one("days")) * DAY_S - SHORT_S,
                "by": by(request),
            }
            try:
                token, made = await here.records.run(registry.add_token, form.one("name"), **said)
            except RegistryError as error:
                errors = by_field(error, {"name": "name", "role": "role", "site": "site", "until_s": "days"})
            else:
                return await ground.show(request, "token_handed.html", token=token, made=made)
        return await ground.show(request, "token_new.html", status=422, errors=errors, **facts)


def _missing(form: Form, sites: list[tuple[str, str]]) -> dict[str, str]:
    """Return what would be right in the form of a token, by field."""
    offered = {"role": dict(OF_PROGRAMS), "site": dict(sites), "days": dict(DAYS)}
    errors = {field: "Choose one of these." for field, known in offered.items() if form.one(field) not in known}
    return errors if form.one("name") else {"name": "Write which program it is for.", **errors}
