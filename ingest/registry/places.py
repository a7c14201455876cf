"""Sites and what belongs to one: their time zone, how long readings are kept there, their gateways."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_id, require_known, require_new, require_text, require_zone
from ingest.registry.tables import ASSIGNMENT, BAND, GATEWAY, SITE, WEARER


@dataclass(frozen=True, slots=True)
class Site:
    """A house: its name in topics, the place to show, its time zone (as in Europe/Berlin), and for how many days
    readings of its wearers are kept (None: until somebody erases them)."""

    name: str
    place: str
    time_zone: str
    readings_days: int | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """What hands on the readings of bands at a site."""

    name: str
    site: str | None
    note: str


def add_site(writing: Writing, site: Site) -> None:
    """See ``Registry.add_site``."""
    require_id("site", site.name)
    require_text("place", site.place)
    require_zone(site.time_zone)
    _require_days(site.readings_days)
    require_new(writing.connection, SITE.c.name, site.name)
    writing.connection.execute(
        SITE.insert().values(
            name=site.name, place=site.place, time_zone=site.time_zone, readings_days=site.readings_days
        )
    )
    writing.record("add site", site=site.name, time_zone=site.time_zone, readings_days=site.readings_days)


def change_site(writing: Writing, site: Site) -> None:
    """See ``Registry.change_site``."""
    require_known(writing.connection, SITE.c.name, site.name)
    require_text("place", site.place)
    require_zone(site.time_zone)
    _require_days(site.readings_days)
    values = {"place": site.place, "time_zone": site.time_zone, "readings_days": site.readings_days}
    writing.connection.execute(SITE.update().where(SITE.c.name == site.name).values(values))
    writing.record("change site", site=site.name, time_zone=site.time_zone, readings_days=site.readings_days)


def set_retention(writing: Writing, site: str, readings_days: int | None) -> None:
    """See ``Registry.set_retention``."""
    require_known(writing.connection, SITE.c.name, site)
    _require_days(readings_days)
    writing.connection.execute(SITE.update().where(SITE.c.name == site).values(readings_days=readings_days))
    writing.record("set retention", site=site, readings_days=readings_days)


def add_gateway(writing: Writing, gateway: Gateway) -> None:
    """See ``Registry.add_gateway``."""
    require_id("gateway", gateway.name)
    require_text("note", gateway.note, empty=True)
    require_new(writing.connection, GATEWAY.c.name, gateway.name)
    if gateway.site is not None:
        require_known(writing.connection, SITE.c.name, gateway.site)
    writing.connection.execute(GATEWAY.insert().values(name=gateway.name, site=gateway.site, note=gateway.note))
    writing.record("add gateway", gateway=gateway.name, site=gateway.site)


def put_in_site(
    writing: Writing, site: str, wearers: Sequence[str], bands: Sequence[str], gateways: Sequence[str]
) -> None:
    """See ``Registry.put_in_site``."""
    require_known(writing.connection, SITE.c.name, site)
    for column, names in ((WEARER.c.pseudonym, wearers), (BAND.c.name, bands), (GATEWAY.c.name, gateways)):
        for name in names:
            require_known(writing.connection, column, name)
            writing.connection.execute(sa.update(column.table).where(column == name).values(site=site))
    for wearer in wearers:
        writing.record("put in site", wearer=wearer, site=site)
    if bands or gateways:
        writing.record("put in site", site=site, bands=list(bands), gateways=list(gateways))


def settle(writing: Writing, site: str, *, wearer: str, band: str) -> None:
    """Put a band where it is worn, and a wearer who is in no site and never wore anything: readings that there are
    already are not to be let go of by a site's rule because of a pairing."""
    require_known(writing.connection, SITE.c.name, site)
    moved = sa.update(BAND).where(BAND.c.name == band, BAND.c.site.is_distinct_from(site)).values(site=site)
    if writing.connection.execute(moved).rowcount:
        writing.record("put in site", site=site, bands=[band], gateways=[])
    new = WEARER.c.site.is_(None) & WEARER.c.pseudonym.not_in(
        sa.select(ASSIGNMENT.c.wearer).where(ASSIGNMENT.c.wearer.is_not(None))
    )
    housed = sa.update(WEARER).where(WEARER.c.pseudonym == wearer, new).values(site=site)
    if writing.connection.execute(housed).rowcount:
        writing.record("put in site", wearer=wearer, site=site)


def sites(connection: sa.Connection) -> list[Site]:
    """Every site, by name."""
    query = sa.select(SITE.c.name, SITE.c.place, SITE.c.time_zone, SITE.c.readings_days).order_by(SITE.c.name)
    return [Site(*row) for row in connection.execute(query)]


def gateways(connection: sa.Connection) -> list[Gateway]:
    """Every gateway, by name."""
    query = sa.select(GATEWAY.c.name, GATEWAY.c.site, GATEWAY.c.note).order_by(GATEWAY.c.name)
    return [Gateway(*row) for row in connection.execute(query)]


def site_of(connection: sa.Connection) -> dict[str, str | None]:
    """The site of each wearer."""
    return {row[0]: row[1] for row in connection.execute(sa.select(WEARER.c.pseudonym, WEARER.c.site))}


DAYS_MAX = 36_500
"""A century: more is a slip of the keyboard."""


def site_of_bands(connection: sa.Connection, at_s: float) -> dict[str, str | None]:
    """See ``Registry.site_of_bands``."""
    own = {row.name: row.site for row in connection.execute(sa.select(BAND.c.name, BAND.c.site))}
    until = sa.or_(ASSIGNMENT.c.until_s.is_(None), ASSIGNMENT.c.until_s > at_s)
    worn = sa.select(ASSIGNMENT.c.band, WEARER.c.site).join(WEARER, WEARER.c.pseudonym == ASSIGNMENT.c.wearer)
    for band, site in connection.execute(worn.where((ASSIGNMENT.c.since_s <= at_s) & until)):
        own[band] = site if site is not None else own[band]
    return own


def _require_days(days: int | None) -> None:
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise RegistryError(f"readings_days: must be 1 to {DAYS_MAX}, or None to keep them; got {days}")
