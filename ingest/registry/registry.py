"""The registry's one face: sites, people, bands, consents, sessions and labels in; who, when and whether out."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry import (
    admissions,
    assignments,
    audit,
    claims,
    consents,
    erasure,
    people,
    places,
    retention,
)
from ingest.registry.accounts_face import Accounts
from ingest.registry.admissions import Admissions
from ingest.registry.caring import Caring
from ingest.registry.claims import Claims
from ingest.registry.consents import Consent, Given, Scope
from ingest.registry.places import Gateway, Site
from ingest.registry.recorded import Recorded
from ingest.registry.stretches import Change, Correction, Held, Stretch
from ingest.registry.tables import ASSIGNMENT, BAND, CARER, WEARER, WEARER_NAME


class _OnlyTried(Exception):
    """Undoes what was written to see whether it would be refused."""


class Registry(Recorded, Caring, Accounts):
    """SQLite or PostgreSQL, by URL. Safe to share between threads and processes: writers go one by one.

    Every change says ``by`` whom it is made and leaves an entry in the audit, with the time of ``clock`` [UTC s]; all
    of it happens or nothing. Raises RegistryError where a change makes no sense, StoreError where the database cannot
    be used. Times are UTC seconds.
    """

    # Sites, people, things

    def add_site(self, site: Site, *, by: str) -> None:
        """Enter a house. Its time zone must be in the machine's database of zones."""
        with self._writing(by) as writing:
            places.add_site(writing, site)

    def change_site(self, site: Site, *, by: str) -> None:
        """Say anew where a known site is, its time zone, and how long readings are kept there."""
        with self._writing(by) as writing:
            places.change_site(writing, site)

    def set_retention(self, site: str, readings_days: int | None, *, by: str) -> None:
        """Say for how many days readings of the wearers of a site are kept; None: until somebody erases them."""
        with self._writing(by) as writing:
            places.set_retention(writing, site, readings_days)

    def put_in_site(
        self,
        site: str,
        *,
        wearers: Sequence[str] = (),
        bands: Sequence[str] = (),
        gateways: Sequence[str] = (),
        by: str,
    ) -> None:
        """Say that these belong to a site from now on."""
        with self._writing(by) as writing:
            places.put_in_site(writing, site, wearers, bands, gateways)

    def add_wearer(self, pseudonym: str, name: str, *, site: str | None = None, by: str) -> None:
        """Enter a person: the pseudonym goes into topics and files, the name is kept apart. Without a consent to care
        nothing of them is recorded."""
        with self._writing(by) as writing:
            people.add_wearer(writing, pseudonym, name, site)

    def rename(self, wearer: str, name: str, *, by: str) -> None:
        """Say which name to show for a wearer."""
        with self._writing(by) as writing:
            people.rename(writing, wearer, name)

    def add_band(self, band: str, *, site: str | None = None, note: str = "", by: str) -> None:
        """Enter a band by the name that it sends."""
        with self._writing(by) as writing:
            people.add_band(writing, band, site, note)

    def add_gateway(self, gateway: Gateway, *, by: str) -> None:
        """Enter a gateway by the name that it sends."""
        with self._writing(by) as writing:
            places.add_gateway(writing, gateway)

    def add_carer(self, name: str, *, by: str) -> None:
        """Enter somebody who may take an alert."""
        with self._writing(by) as writing:
            people.add_carer(writing, name)

    # Who wears what

    def assign(self, band: str, wearer: str, since_s: float, *, until_s: float | None = None, by: str) -> None:
        """Say that ``wearer`` wears ``band`` from ``since_s`` on, for good or up to ``until_s``, when it ends.

        That ends whatever that band and that wearer had open, or bounded by an end that has not come. Raises
        RegistryError where it would overlap what is known of either from then on: the past is rewritten by
        ``correct_assignment`` only. Saying again what is so changes nothing.
        """
        with self._writing(by) as writing:
            assignments.assign(writing, band, wearer, since_s, until_s)

    def unassign(self, band: str, at_s: float, *, by: str) -> str:
        """Say that nobody wears ``band`` from ``at_s`` on, and return who did. Raises RegistryError where nobody does,
        or only since later."""
        with self._writing(by) as writing:
            return assignments.unassign(writing, band, at_s)

    def correct_assignment(
        self, band: str, wearer: str | None, *, since_s: float, until_s: float | None, by: str
    ) -> list[Change]:
        """Say who (None: nobody) wore ``band`` from ``since_s`` up to ``until_s`` (None: and still does), whatever was
        said before: see ``correct_assignments``."""
        return self.correct_assignments([Correction(band, wearer, since_s, until_s)], by=by)

    def correct_assignments(self, corrections: Sequence[Correction], *, by: str) -> list[Change]:
        """Say afterwards who wore what, past included; several at once where only together they make sense (two people
        whose bands were exchanged). Later ones hold over earlier ones.

        Return what differs now, so that it can be scored anew; readings themselves need no change. Raises
        RegistryError, and changes nothing, where somebody would wear two wristbands at once, or where somebody who was
        erased wore it.
        """
        with self._writing(by) as writing:
            return assignments.correct(writing, corrections)

    def pair(
        self,
        *,
        band: str,
        wearer: str,
        since_s: float,
        name: str | None,
        carers: Sequence[str],
        consent: Consent | None,
        until_s: float | None = None,
        site: str | None = None,
        held: Held | None = None,
        only_try: bool = False,
        by: str,
    ) -> None:
        """Enter what is new of a band, a wearer with a name, a consent, and carers, and ``assign``; all or nothing.

        ``site``: the band belongs to it from now on, and so does a wearer who is in none and never wore anything.
        ``held``: what was so when somebody agreed to this; where it is no longer so, RegistryError.
        ``only_try``: refuse what would be refused and enter nothing, so that nobody is made to wear a band for nothing.
        ``name`` renames a wearer who is known. Raises RegistryError where a new wearer comes without one, where no
        consent to care would cover ``since_s`` (a band that records nothing must not look like protection), and as
        ``add_wearer``, ``give_consent``, ``add_band``, ``add_carer`` and ``assign`` do.
        """
        with suppress(_OnlyTried), self._writing(by) as writing:
            if held is not None:
                assignments.require_held(writing.connection, band, wearer, since_s, held)
            if not people.enter_wearer(writing, wearer, name):
                raise RegistryError(f"name: {wearer!r} is not known; give the name to show for a new wearer")
            if consent is not None:
                consents.give(writing, wearer, consent)
            people.enter_band(writing, band)
            for carer in dict.fromkeys(carers):
                people.enter_carer(writing, carer)
            if site is not None:
                places.settle(writing, site, wearer=wearer, band=band)
            assignments.assign(writing, band, wearer, since_s, until_s)
            if not consents.covered(writing.connection, wearer, Scope.CARE, since_s):
                raise RegistryError(f"consent: nobody has agreed that {wearer!r} is recorded and watched; say who does")
            if only_try:
                raise _OnlyTried

    def wearer_of(self, band: str, at_s: float) -> str | None:
        """The pseudonym of who wore ``band`` at ``at_s``; None where nobody is known to."""
        with self._reading() as connection:
            return assignments.wearer_at(connection, band, at_s)

    def worn(self, at_s: float, *, site: str | None = None) -> dict[str, Stretch]:
        """Every wristband that somebody wore at ``at_s``, in order, of a site or of all; one that is in no site counts
        everywhere."""
        with self._reading() as connection:
            return assignments.worn_at(connection, at_s, site)

    def to_hold(self, site: str, at_s: float) -> list[str]:
        """The wristbands that gateways of a site are to hold, in order: those worn at ``at_s``, and those given up in
        the hour before, so that what they still keep is fetched."""
        with self._reading() as connection:
            return assignments.to_hold(connection, site, at_s)

    def band_of(self, wearer: str, at_s: float) -> tuple[str, float, float | None] | None:
        """Which wristband ``wearer`` wore at ``at_s``, since when, and until when if an end was said; None: none."""
        with self._reading() as connection:
            return assignments.band_at(connection, wearer, at_s)

    def band_history(self, band: str) -> list[Stretch]:
        """Who wore a band, in order of time."""
        with self._reading() as connection:
            return assignments.history(connection, band)

    def worn_by(self, wearer: str) -> list[Correction]:
        """Which bands, imported recordings too, a wearer wore from when to when, in order of time."""
        with self._reading() as connection:
            return assignments.worn_by(connection, wearer)

    # Consent

    def give_consent(self, wearer: str, consent: Consent, *, by: str) -> None:
        """Enter a consent beside those there are. It takes the place of one that was carried over to be confirmed."""
        with self._writing(by) as writing:
            consents.give(writing, wearer, consent)

    def withdraw_consent(self, wearer: str, *, scopes: Iterable[Scope] = tuple(Scope), at_s: float, by: str) -> int:
        """Enter that what was agreed to was withdrawn at ``at_s``; return how many consents that ends.

        It holds at once and for whatever has not been kept yet, also if it was measured before. What is kept stays
        until it is erased.
        """
        with self._writing(by) as writing:
            return consents.withdraw(writing, wearer, scopes, at_s)

    def consents(self, wearer: str | None = None) -> list[Given]:
        """Every consent that a wearer (None: anybody) ever had, in the order of entry; those to be confirmed say so."""
        with self._reading() as connection:
            return consents.given(connection, wearer)

    def has_consent(self, wearer: str, scope: Scope, at_s: float) -> bool:
        """Whether readings of ``wearer`` taken at ``at_s`` may be used for ``scope``."""
        with self._reading() as connection:
            return consents.covered(connection, wearer, scope, at_s)

    def admissions(self) -> Admissions:
        """Who may be recorded when, as of now, for intake to ask without a query."""
        with self._reading() as connection:
            return admissions.admissions(connection)

    def revision(self) -> int:
        """A number that grows with every change, whoever makes it: cheap to ask."""
        with self._reading() as connection:
            return audit.head(connection).number

    # Audit, retention and erasure

    def audit_entries(
        self, wearer: str | None = None, *, action: str | None = None, since_s: float | None = None
    ) -> list[audit.Entry]:
        """Every change in order, or those that concern one wearer who is known, of one ``action``, made since then
        [UTC s]."""
        with self._reading() as connection:
            about = None if wearer is None else audit.subject(connection, wearer)
            return audit.entries(connection, about, action=action, since_s=since_s)

    def audit_head(self) -> audit.Head:
        """The end of the audit: kept elsewhere, it witnesses the rest; see ``verify_audit``."""
        with self._reading() as connection:
            return audit.head(connection)

    def audit_subjects(self) -> dict[str, str]:
        """The pseudonym that each digest of the audit's subjects means, of those who are known."""
        with self._reading() as connection:
            return audit.subjects(connection)

    def audit_began_s(self) -> float | None:
        """When the first entry of the audit was made [UTC s], which is when this registry or its upgrade was; None
        before there is one."""
        with self._reading() as connection:
            return audit.began_s(connection)

    def verify_audit(self, witness: audit.Head | None = None) -> list[str]:
        """Say what is wrong with the audit; nothing: it is whole. Whoever can write the whole database can make a new
        chain that is whole; only a ``witness`` that was kept elsewhere shows that."""
        with self._reading() as connection:
            return audit.problems(audit.entries(connection), audit.head(connection), witness)

    def note(self, action: str, *, wearer: str | None = None, by: str, **detail: audit.Json) -> None:
        """Enter in the audit what was done outside of the registry. ``detail`` must name nobody."""
        with self._writing(by) as writing:
            writing.record(action, wearer=wearer, **detail)

    def claims(self) -> dict[str, Claims]:
        """Of each band that was ever worn: the times whose readings are kept, and those of people who were erased.

        A consent that was withdrawn keeps what it had kept: it covers an assignment that was entered before.
        """
        with self._reading() as connection:
            return claims.claims(connection)

    def outlived(self, now_s: float) -> list[Correction]:
        """Which readings are older than the site of their wearer keeps them: of which band, whose, from when to when.

        Readings of a wristband age from when they were taken; those of an imported recording, which may be years old,
        from when it was entered. Stretches are told again at every call: erasing their readings is idempotent.
        """
        with self._reading() as connection:
            return retention.outlived(connection, now_s)

    def traces_of(self, wearer: str) -> dict[str, int]:
        """How many rows of each table name a wearer or belong to them: what ``erase_wearer`` would take."""
        with self._reading() as connection:
            return erasure.traces(connection, wearer)

    def erase_wearer(self, wearer: str, *, by: str) -> erasure.ErasedRows:
        """Delete every row that names a wearer, and the key by which the audit knows them; its chain stays whole.

        Assignments stay as those of somebody who was erased, so that what arrives late is dropped, and end now. SQLite
        overwrites what it deletes (``secure_delete``), and file and log are written anew. PostgreSQL's tables are
        written anew (VACUUM FULL), but its write-ahead log keeps the old rows until its segments are recycled, its
        planner's statistics may keep a value until they are gathered anew, and so do archives, replicas and backups:
        those are the operator's to end. What is said of the wearer in free text of
        others' rows is not found.
        """
        with self._writing(by) as writing:
            rows = erasure.erase(writing, wearer)
        return erasure.ErasedRows(rows, wiped=self.wipe())

    def wipe(self) -> bool:
        """Write the tables anew, so that no file holds what was deleted; False: a reader kept old pages, try again."""
        return self._database.wipe(erasure.WIPED)

    # Who and what there is

    def sites(self) -> list[Site]:
        """Every site, in order."""
        with self._reading() as connection:
            return places.sites(connection)

    def site_of(self) -> dict[str, str | None]:
        """The site of each wearer."""
        with self._reading() as connection:
            return places.site_of(connection)

    def site_of_bands(self, at_s: float) -> dict[str, str | None]:
        """The site of each band: that of who wears it at ``at_s`` [UTC s], else its own."""
        with self._reading() as connection:
            return places.site_of_bands(connection, at_s)

    def gateways(self) -> list[Gateway]:
        """Every gateway, in order."""
        with self._reading() as connection:
            return places.gateways(connection)

    def wearers(self) -> list[str]:
        """Every pseudonym, in order."""
        return self._column(sa.select(WEARER.c.pseudonym).order_by(WEARER.c.pseudonym))

    def watched(self) -> list[str]:
        """Whoever wears a wristband, or ever did: the board stands for them. Those of whom there are recordings only
        are not among them."""
        worn = sa.select(ASSIGNMENT.c.wearer).join(BAND).where(BAND.c.imported.is_(False))
        query = sa.select(WEARER.c.pseudonym).where(WEARER.c.pseudonym.in_(worn))
        return self._column(query.order_by(WEARER.c.pseudonym))

    def bands(self) -> list[str]:
        """Every wristband, in order; not the imported recordings."""
        return self._column(sa.select(BAND.c.name).where(BAND.c.imported.is_(False)).order_by(BAND.c.name))

    def carers(self) -> list[str]:
        """The name of everybody who is a carer, in order: not of those who were by an account that was ended."""
        return self._column(sa.select(CARER.c.name).order_by(CARER.c.name))

    def names(self) -> dict[str, str]:
        """The name to show for each pseudonym, in order of the pseudonyms."""
        query = sa.select(WEARER_NAME.c.pseudonym, WEARER_NAME.c.name).order_by(WEARER_NAME.c.pseudonym)
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _column(self, query: sa.Select[tuple[str]]) -> list[str]:
        with self._reading() as connection:
            return [str(row[0]) for row in connection.execute(query).all()]
