"""Recordings as units: what was imported or recorded, from which file, of which band, once."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.assignments import correct
from ingest.registry.audit import Writing
from ingest.registry.checks import require_id, require_known, require_storable, require_stretch, require_text
from ingest.registry.stretches import Correction
from ingest.registry.tables import ASSIGNMENT, BAND, SESSION, WEARER

TAIL_S: Final = 60.0
"""How far the assignment of an imported recording reaches beyond its last sample: its last packet may end later than
that by its own length, and nobody else ever wears that band."""
FORMAT_MAX, ORIGIN_MAX, DIGEST_MAX, NOTES_MAX = 64, 255, 128, 20_000  # characters; more is no such thing


class Kind(Enum):
    """Where a session comes from."""

    LIVE = "live"  # a wristband sent it
    IMPORTED = "imported"  # it was read from files


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A recording of ``band`` (or of the pseudo-band of an import) from ``start_s`` to ``end_s`` [UTC s].

    ``digest`` tells its content; None where it has none. ``wearer`` follows from the assignments of the band: given
    with a new import, it makes one; None where nobody is known to have worn it. ``origin`` is the file's name.
    """

    band: str
    start_s: float
    end_s: float
    kind: Kind
    format: str = ""
    origin: str = ""
    digest: str | None = None
    notes: tuple[str, ...] = ()
    wearer: str | None = None
    entered_at_s: float | None = None


def add(writing: Writing, session: Session) -> bool:
    """See ``Registry.add_session``."""
    _require_sound(session)
    there = _of_digest(writing.connection, session)
    if there is not None:
        if session.wearer is not None and there.wearer not in (None, session.wearer):
            raise RegistryError(
                f"wearer: {session.origin or session.band} is there already as a recording of {there.wearer}; if it is"
                f" one of {session.wearer}, correct who wore {there.band}"
            )
        return False
    if session.kind is Kind.IMPORTED:
        _enter_import(writing, session)
    else:
        require_known(writing.connection, BAND.c.name, session.band)
    writing.connection.execute(
        SESSION.insert().values(
            band=session.band,
            start_s=session.start_s,
            end_s=session.end_s,
            kind=session.kind.value,
            format=session.format,
            origin=session.origin,
            digest=session.digest,
            notes="\n".join(session.notes),
            entered_at_s=writing.at_s,
        )
    )
    span = {"start_s": session.start_s, "end_s": session.end_s}
    writing.record("add session", wearer=session.wearer, band=session.band, kind=session.kind.value, **span)
    return True


def _enter_import(writing: Writing, session: Session) -> None:
    """The pseudo-band and, where the wearer is known, its closed assignment."""
    imported = writing.connection.execute(sa.select(BAND.c.imported).where(BAND.c.name == session.band)).scalar()
    if imported is None:
        require_id("band", session.band)
        writing.connection.execute(BAND.insert().values(name=session.band, note="", imported=True))
    elif not imported:
        raise RegistryError(f"band: {session.band!r} is a wristband; an import needs a name made from its content")
    if session.wearer is not None:
        require_known(writing.connection, WEARER.c.pseudonym, session.wearer)
        worn = Correction(session.band, session.wearer, session.start_s, session.end_s + TAIL_S)
        correct(writing, [worn])


def sessions(
    connection: sa.Connection, wearer: str | None = None, since_s: float | None = None, until_s: float | None = None
) -> list[Session]:
    """See ``Registry.sessions``."""
    query = _query()
    if wearer is not None:
        query = query.where(ASSIGNMENT.c.wearer == wearer)
    if since_s is not None:
        query = query.where(SESSION.c.end_s > since_s)
    if until_s is not None:
        query = query.where(SESSION.c.start_s < until_s)
    return [_session(row) for row in connection.execute(query.order_by(SESSION.c.start_s, SESSION.c.id))]


def _query() -> sa.Select[*tuple[object, ...]]:
    """Sessions with whoever wore the band when they ended, as with every packet."""
    worn = (
        (ASSIGNMENT.c.band == SESSION.c.band)
        & (ASSIGNMENT.c.since_s < SESSION.c.end_s)
        & (ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s >= SESSION.c.end_s))
    )
    return sa.select(SESSION, ASSIGNMENT.c.wearer).select_from(SESSION.outerjoin(ASSIGNMENT, worn))


def _session(row: sa.Row[*tuple[object, ...]]) -> Session:
    values = row._mapping
    return Session(
        band=values["band"],
        start_s=values["start_s"],
        end_s=values["end_s"],
        kind=Kind(values["kind"]),
        format=values["format"],
        origin=values["origin"],
        digest=values["digest"],
        notes=tuple(values["notes"].split("\n")) if values["notes"] else (),
        wearer=values["wearer"],
        entered_at_s=values["entered_at_s"],
    )


def _of_digest(connection: sa.Connection, session: Session) -> Session | None:
    """The session of the same content, or without a digest of the same band and time."""
    if session.digest is not None:
        query = _query().where(SESSION.c.digest == session.digest)
    else:
        same = (SESSION.c.band == session.band) & (SESSION.c.start_s == session.start_s)
        query = _query().where(same & (SESSION.c.end_s == session.end_s) & SESSION.c.digest.is_(None))
    row = connection.execute(query).first()
    return None if row is None else _session(row)


def _require_sound(session: Session) -> None:
    require_stretch("start_s", session.start_s, "end_s", session.end_s)
    if session.kind is Kind.IMPORTED and not session.digest:
        raise RegistryError("digest: an import needs one, so that importing it again changes nothing")
    for what, value, most in (
        ("format", session.format, FORMAT_MAX),
        ("origin", session.origin, ORIGIN_MAX),
        ("digest", session.digest or "", DIGEST_MAX),
        ("notes", "\n".join(session.notes), NOTES_MAX),
    ):
        require_storable(what, value)
        if len(value) > most:
            raise RegistryError(f"{what}: must be up to {most} characters, has {len(value)}")
    if session.wearer is not None:
        require_text("wearer", session.wearer)
