"""Who wears which band from when to when: changes and corrections in, what they change out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Json, Writing
from ingest.registry.checks import is_there, require_known, require_stretch, require_time
from ingest.registry.stretches import Change, Correction, Held, Stretch, changes, cut_out, end_of, joined
from ingest.registry.tables import ASSIGNMENT, BAND, WEARER

LINGER_S: Final = 3600.0  # after a band was given up: its memory of an hour is fetched in minutes, where it is near

LIVE = ASSIGNMENT.c.band.in_(sa.select(BAND.c.name).where(BAND.c.imported.is_(False)))
"""Assignments of wristbands, not of imported recordings."""


def assign(writing: Writing, band: str, wearer: str, since_s: float, until_s: float | None = None) -> None:
    """See ``Registry.assign``."""
    require_stretch("since_s", since_s, "until_s", until_s)
    require_known(writing.connection, BAND.c.name, band)
    require_known(writing.connection, WEARER.c.pseudonym, wearer)
    _require_wristband(writing.connection, band)
    either = (ASSIGNMENT.c.band == band) | ((ASSIGNMENT.c.wearer == wearer) & LIVE)
    running = _running(since_s, writing.at_s)
    same = sa.select(ASSIGNMENT.c.since_s).where(
        ASSIGNMENT.c.band == band,
        ASSIGNMENT.c.wearer == wearer,
        running,
        ASSIGNMENT.c.since_s <= since_s,
        ASSIGNMENT.c.until_s.is_(None) if until_s is None else ASSIGNMENT.c.until_s == until_s,
    )
    if writing.connection.execute(same).first():
        return
    later = (running & (ASSIGNMENT.c.since_s >= since_s)) | (~running & (ASSIGNMENT.c.until_s > since_s))
    clash = writing.connection.execute(sa.select(ASSIGNMENT).where(either, later)).first()
    if clash:
        raise RegistryError(
            f"since_s: {clash.wearer or 'somebody who was erased'} has worn {clash.band} since {clash.since_s:.0f},"
            f" later than or beyond {since_s:.0f}; choose a later time, or correct who wore it"
        )
    ended = writing.connection.execute(sa.select(ASSIGNMENT.c.band, ASSIGNMENT.c.wearer).where(either, running))
    for old_band, old_wearer in ended.all():
        writing.record("unassign", wearer=old_wearer, band=old_band, until_s=since_s)
    writing.connection.execute(ASSIGNMENT.update().where(either, running).values(until_s=since_s))
    _insert(writing, band, Stretch(wearer, since_s, end_of(until_s), writing.at_s, writing.by))
    bounded = {} if until_s is None else {"until_s": until_s}
    writing.record("assign", wearer=wearer, band=band, since_s=since_s, **bounded)


def unassign(writing: Writing, band: str, at_s: float) -> str:
    """See ``Registry.unassign``."""
    require_time("at_s", at_s)
    query = sa.select(ASSIGNMENT).where(ASSIGNMENT.c.band == band, _running(at_s, writing.at_s))
    worn = writing.connection.execute(query).first()
    if worn is None:
        raise RegistryError(f"band: nobody wears {band!r}")
    if at_s <= worn.since_s:
        raise RegistryError(
            f"at_s: {worn.wearer} has worn {band} since {worn.since_s:.0f}, not earlier than {at_s:.0f}; choose a later"
            " time, or correct who wore it"
        )
    writing.connection.execute(ASSIGNMENT.update().where(ASSIGNMENT.c.id == worn.id).values(until_s=at_s))
    writing.record("unassign", wearer=worn.wearer, band=band, until_s=at_s)
    return str(worn.wearer)


def _running(at_s: float, now_s: float) -> sa.ColumnElement[bool]:
    """What may still be cut at ``at_s``: without an end, or with one that is beyond it and has not come yet."""
    return ASSIGNMENT.c.until_s.is_(None) | ((ASSIGNMENT.c.until_s > at_s) & (ASSIGNMENT.c.until_s > now_s))


def correct(writing: Writing, corrections: Sequence[Correction]) -> list[Change]:
    """See ``Registry.correct_assignments``."""
    before: dict[str, list[Stretch]] = {}
    after: dict[str, list[Stretch]] = {}
    for each in corrections:
        _require_sound(writing.connection, each)
        if each.band not in before:
            before[each.band] = after[each.band] = history(writing.connection, each.band)
        until_s = end_of(each.until_s)
        if any(
            old.wearer is None and old.since_s < until_s and old.until_s > each.since_s for old in before[each.band]
        ):
            raise RegistryError(f"{each.band}: somebody who was erased wore it then, and nothing of that is left")
        after[each.band] = cut_out(after[each.band], each.since_s, until_s)
        if each.wearer is not None:
            after[each.band].append(Stretch(each.wearer, each.since_s, until_s, writing.at_s, writing.by))
    after = {band: joined(stretches) for band, stretches in after.items()}
    found = [change for band in before for change in changes(band, before[band], after[band])]
    touched = {change.band for change in found}
    for wearer in sorted({change.after for change in found if change.after is not None}):
        _require_one_band(writing.connection, wearer, after)
    for band in touched:  # everything goes before anything comes: two people may exchange their bands
        _delete(writing, band, set(before[band]) - set(after[band]))
    for band in sorted(touched):
        for new in after[band]:
            if new not in before[band]:
                _insert(writing, band, new)
    for change in found:
        detail: dict[str, Json] = {"band": change.band, "since_s": change.since_s, "until_s": change.until_s}
        for action, whom in (("correct: was not worn by", change.before), ("correct: was worn by", change.after)):
            if whom is not None:
                writing.record(action, wearer=whom, **detail)
    return found


def wearer_at(connection: sa.Connection, band: str, at_s: float) -> str | None:
    """See ``Registry.wearer_of``."""
    query = sa.select(ASSIGNMENT.c.wearer).where(
        ASSIGNMENT.c.band == band,
        ASSIGNMENT.c.since_s <= at_s,
        ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s > at_s),
    )
    return connection.execute(query).scalar()


def band_at(connection: sa.Connection, wearer: str, at_s: float) -> tuple[str, float, float | None] | None:
    """See ``Registry.band_of``."""
    query = sa.select(ASSIGNMENT.c.band, ASSIGNMENT.c.since_s, ASSIGNMENT.c.until_s).where(
        ASSIGNMENT.c.wearer == wearer,
        LIVE,
        ASSIGNMENT.c.since_s <= at_s,
        ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s > at_s),
    )
    row = connection.execute(query).first()
    return None if row is None else (row.band, row.since_s, row.until_s)


def worn_at(connection: sa.Connection, at_s: float, site: str | None) -> dict[str, Stretch]:
    """See ``Registry.worn``."""
    return {
        row.band: Stretch(row.wearer, row.since_s, end_of(row.until_s), row.made_at_s, row.made_by)
        for row in connection.execute(_worn(at_s, site, ended_after_s=at_s))
    }


def to_hold(connection: sa.Connection, site: str, at_s: float) -> list[str]:
    """See ``Registry.to_hold``."""
    rows = connection.execute(_worn(at_s, site, ended_after_s=at_s - LINGER_S))
    return list(dict.fromkeys(row.band for row in rows))


def _worn(at_s: float, site: str | None, *, ended_after_s: float) -> sa.Select[Any]:
    """The assignments of wristbands that had begun by ``at_s`` and end later than ``ended_after_s``, by band."""
    query = (
        sa.select(ASSIGNMENT)
        .join(BAND, BAND.c.name == ASSIGNMENT.c.band)
        .where(
            BAND.c.imported.is_(False),
            ASSIGNMENT.c.wearer.is_not(None),
            ASSIGNMENT.c.since_s <= at_s,
            ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s > ended_after_s),
        )
        .order_by(ASSIGNMENT.c.band)
    )
    return query if site is None else query.where(BAND.c.site.is_(None) | (BAND.c.site == site))


def require_held(connection: sa.Connection, band: str, wearer: str, at_s: float, held: Held) -> None:
    """Refuse where who wears the band, or what the wearer wears, is not what it was when somebody agreed."""
    worn = band_at(connection, wearer, at_s)
    now = Held(wearer_at(connection, band, at_s), None if worn is None else worn[0])
    if now != held:
        raise RegistryError(
            f"{band}: meanwhile {now.wearer or 'nobody'} wears it and {wearer} wears {now.band or 'none'}, not"
            f" {held.wearer or 'nobody'} and {held.band or 'none'} as was said; look again, and pair again"
        )


def history(connection: sa.Connection, band: str) -> list[Stretch]:
    """Who wore a band, in order of time."""
    query = sa.select(ASSIGNMENT).where(ASSIGNMENT.c.band == band).order_by(ASSIGNMENT.c.since_s)
    return [
        Stretch(row.wearer, row.since_s, end_of(row.until_s), row.made_at_s, row.made_by)
        for row in connection.execute(query)
    ]


def worn_by(connection: sa.Connection, wearer: str) -> list[Correction]:
    """What a wearer wore from when to when, imported recordings too, in order of time."""
    query = sa.select(ASSIGNMENT).where(ASSIGNMENT.c.wearer == wearer).order_by(ASSIGNMENT.c.since_s, ASSIGNMENT.c.band)
    return [Correction(row.band, row.wearer, row.since_s, row.until_s) for row in connection.execute(query)]


def _delete(writing: Writing, band: str, stretches: Iterable[Stretch]) -> None:
    for old in stretches:
        here = (ASSIGNMENT.c.band == band) & (ASSIGNMENT.c.since_s == old.since_s)
        writing.connection.execute(ASSIGNMENT.delete().where(here))


def _insert(writing: Writing, band: str, stretch: Stretch) -> None:
    until_s = None if math.isinf(stretch.until_s) else stretch.until_s
    made = {"made_at_s": stretch.made_at_s, "made_by": stretch.made_by}
    writing.connection.execute(
        ASSIGNMENT.insert().values(band=band, wearer=stretch.wearer, since_s=stretch.since_s, until_s=until_s, **made)
    )


def _require_sound(connection: sa.Connection, correction: Correction) -> None:
    require_stretch("since_s", correction.since_s, "until_s", correction.until_s)
    require_known(connection, BAND.c.name, correction.band)
    if correction.wearer is not None:
        require_known(connection, WEARER.c.pseudonym, correction.wearer)
    if correction.until_s is None and correction.wearer is not None:
        _require_wristband(connection, correction.band)


def _require_wristband(connection: sa.Connection, band: str) -> None:
    if (
        is_there(connection, BAND.c.name, band)
        and connection.execute(sa.select(BAND.c.imported).where(BAND.c.name == band)).scalar()
    ):
        raise RegistryError(f"band: {band!r} is an imported recording; nobody wears it from now on")


def _require_one_band(connection: sa.Connection, wearer: str, corrected: Mapping[str, Sequence[Stretch]]) -> None:
    """Nobody wears two wristbands at once; recordings that are imported may overlap."""
    wristbands = set(connection.execute(sa.select(BAND.c.name).where(BAND.c.imported.is_(False))).scalars())
    worn = [
        (each.since_s, each.until_s, band)
        for band in wristbands & corrected.keys()
        for each in corrected[band]
        if each.wearer == wearer
    ]
    for row in connection.execute(sa.select(ASSIGNMENT).where(ASSIGNMENT.c.wearer == wearer)):
        if row.band in wristbands - corrected.keys():
            worn.append((row.since_s, end_of(row.until_s), row.band))
    for (_, end_s, one), (begin_s, _, other) in pairwise(sorted(worn)):
        if begin_s < end_s:
            both, at = " and ".join(sorted((one, other))), datetime.fromtimestamp(begin_s, UTC)
            raise RegistryError(
                f"{wearer}: would wear {both} at once at {at:%Y-%m-%d %H:%M:%S} UTC; correct both together"
            )
