"""Sheets, a request and what the house says in; what every page of administrators stands on out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from console.access.asker import Asker
from console.access.entrance import asker_of
from console.access.roles import Act
from console.administration.office import Administration
from console.api.here import Lane
from console.clock import dated, day_typed
from console.forms import Form, by_field
from console.qr import inline_svg
from console.refusal import Refusal
from console.sheets import Sheets
from ingest.errors import RegistryError
from ingest.registry.accounts_links import Link
from ingest.registry.places import Site

ROOMS: Final = (
    ("Overview", "/admin", Act.HOUSE),
    ("People", "/admin/people", Act.HOUSE),
    ("Consents", "/admin/consents", Act.HOUSE),
    ("Accounts", "/admin/accounts", Act.ACCOUNTS),
    ("Tablets", "/admin/tablets", Act.TABLETS),
    ("Machines", "/admin/tokens", Act.ACCOUNTS),
    ("Gateways", "/admin/gateways", Act.GATEWAYS),
    ("Sites", "/admin/sites", Act.HOUSE),
    ("Chain", "/admin/chain", Act.HOUSE),
    ("Channels", "/admin/channels", Act.HOUSE),
    ("Audit", "/admin/audit", Act.AUDIT),
    ("Erasures", "/admin/receipts", Act.ERASE),
)
"""The rooms of this area, and who is offered each."""

SAID: Final[Mapping[str, str]] = {
    "added": "Added.",
    "renamed": "The name is changed. Boards show it within seconds.",
    "moved": "They belong to that site from now on.",
    "agreed": "The consent is entered.",
    "withdrawn": "The consent is withdrawn.",
    "plan": "The plan is written. The one before is kept.",
    "level": "That level holds from now on. Boards go by it within seconds.",
    "site": "The site is kept.",
    "rules": "These rules hold within seconds. What is under way goes on by those before.",
    "planned": "The service ends, erases, and begins again by itself.",
    "roles": "Their roles are as you said, from their next page on.",
    "ended": "It is ended. Nobody gets in by it any more.",
    "unproved": "The second factor is taken off. They can set another when they sign in.",
}
"""What a page says of what was just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What pages here are made from. ``slow`` is the thread for passwords."""

    app: FastAPI
    sheets: Sheets
    office: Administration
    slow: Lane = field(default_factory=lambda: Lane(1))

    async def show(self, request: Request, page: str, /, *, status: int = 200, **facts: Any) -> Response:  # noqa: ANN401
        """Return a page of this area."""
        may = self.sheets.may(asker_of(request))
        rooms = [(name, where) for name, where, act in ROOMS if may(act)]
        return await self.sheets.show(
            request,
            f"administration/{page}",
            status=status,
            admin_rooms=rooms,
            moment=self.moment,
            here=self.here,
            **facts,
        )

    def after(self, request: Request, where: str, said: str) -> Response:
        """Return the way on to another page, which says what was done (a key of ``SAID``)."""
        return self.sheets.after(request, where, SAID[said])

    async def hand(self, request: Request, title: str, *, whom: str, way: str, link: Link, back: str) -> Response:
        """Return the page that shows a link once, for it is kept nowhere; ``way`` is its path, with what opens it."""
        house = await self.sheets.way_of_tablets(request)
        url = f"{house or request.base_url}{way}"
        qr, until = inline_svg(url) if house else "", self.moment(link.until_s)
        return await self.show(request, "handed.html", title=title, whom=whom, url=url, qr=qr, until=until, back=back)

    @property
    def here(self) -> str:
        """The site of this house."""
        return self.sheets.whereabouts.here

    def moment(self, at_s: float | None) -> str:
        """Return a moment as this house writes it; "" where there is none."""
        return "" if at_s is None else dated(at_s, self.sheets.zone)

    def day(self, at_s: float | None) -> str:
        """Return the day of a moment as a form's field of dates has it, "" where there is none."""
        return "" if at_s is None else day_typed(at_s, self.sheets.zone)

    def day_s(self, said: str) -> float | None:
        """Return when a day of a form's field begins here [UTC s]; None where nothing is said. Raises ValueError."""
        if not said:
            return None
        return datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=self.sheets.zone).timestamp()

    def sites(self, request: Request, act: Act = Act.HOUSE) -> list[Site]:
        """Return the sites at which whoever asks may do ``act``. May block."""
        asker = asker_of(request)
        return [site for site in self.office.registry.sites() if asker.may(act, site.name)]

    def site(self, request: Request, name: str, act: Act = Act.HOUSE) -> Site:
        """Return a site by name; refused with 404 where there is none, or none of theirs. May block."""
        found = next((site for site in self.sites(request, act) if site.name == name), None)
        if found is None:
            raise Refusal(404, "There is no such site", "Look at the list of sites.")
        return found

    def is_theirs(self, asker: Asker, wearer: str, act: Act = Act.HOUSE) -> bool:
        """Return whether ``asker`` may do ``act`` where ``wearer`` is."""
        return asker.may(act, self.sheets.whereabouts.of_wearer(wearer))

    def person(self, request: Request, wearer: str, act: Act = Act.HOUSE) -> str:
        """Return the name of a wearer; refused with 404 where nobody of that pseudonym is known here, or theirs. May
        block."""
        registry = self.office.registry
        if wearer not in registry.wearers() or not self.is_theirs(asker_of(request), wearer, act):
            raise Refusal(404, "Nobody of that pseudonym is known", "Look at the list of people.")
        return registry.names().get(wearer, wearer)


class Wrong(Exception):
    """A form that cannot be taken: what would be right, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = dict(errors)


def options(sites: Iterable[Site]) -> list[tuple[str, str]]:
    """Return sites as a form's field offers them: what is posted, and what is read."""
    return [(site.name, called(site)) for site in sites]


def called(site: Site) -> str:
    """Return what a site is called, with its short name where the place does not end in it."""
    return site.place if site.place.endswith(f"({site.name})") else f"{site.place} ({site.name})"


def by(request: Request) -> str:
    """Return in whose name what a request does is written down."""
    return asker_of(request).name or "an administrator"


def wrong_in(error: Wrong | RegistryError, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what a form or a room refused, by field of the form; see ``by_field``."""
    return error.errors if isinstance(error, Wrong) else by_field(error, fields)


def filled(defaults: Mapping[str, str | list[str]]) -> Form:
    """Return a form that nobody posted: what its fields hold at first."""
    return Form({name: [value] if isinstance(value, str) else list(value) for name, value in defaults.items()})
