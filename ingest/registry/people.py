"""Wearers, bands and carers in; their names out. A wearer's name stands in one table of its own."""

from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing, new_key
from ingest.registry.checks import is_there, require_id, require_known, require_new, require_text
from ingest.registry.tables import BAND, CARER, SITE, WEARER, WEARER_KEY, WEARER_NAME

EVERYBODY: Final = "everybody"
"""No pseudonym: where topics and rules have one, it stands for all."""


def add_wearer(writing: Writing, pseudonym: str, name: str, site: str | None) -> None:
    """See ``Registry.add_wearer``."""
    connection = writing.connection
    require_id("pseudonym", pseudonym)
    if pseudonym.lower() == EVERYBODY:
        raise RegistryError(f"pseudonym: {pseudonym!r} stands for all people in topics and rules: choose another")
    require_text("name", name)
    require_new(connection, WEARER.c.pseudonym, pseudonym)
    if site is not None:
        require_known(connection, SITE.c.name, site)
    connection.execute(WEARER.insert().values(pseudonym=pseudonym, site=site))
    connection.execute(WEARER_NAME.insert().values(pseudonym=pseudonym, name=name))
    connection.execute(WEARER_KEY.insert().values(pseudonym=pseudonym, key=new_key()))
    writing.record("add wearer", wearer=pseudonym, site=site)


def rename(writing: Writing, pseudonym: str, name: str) -> None:
    """See ``Registry.rename``."""
    require_text("name", name)
    require_known(writing.connection, WEARER.c.pseudonym, pseudonym)
    there = sa.select(WEARER_NAME.c.name).where(WEARER_NAME.c.pseudonym == pseudonym)
    if writing.connection.execute(there).scalar() == name:
        return
    writing.connection.execute(WEARER_NAME.delete().where(WEARER_NAME.c.pseudonym == pseudonym))
    writing.connection.execute(WEARER_NAME.insert().values(pseudonym=pseudonym, name=name))
    writing.record("rename", wearer=pseudonym)


def add_band(writing: Writing, band: str, site: str | None, note: str) -> None:
    """See ``Registry.add_band``."""
    require_id("band", band)
    require_text("note", note, empty=True)
    require_new(writing.connection, BAND.c.name, band)
    if site is not None:
        require_known(writing.connection, SITE.c.name, site)
    writing.connection.execute(BAND.insert().values(name=band, site=site, note=note, imported=False))
    writing.record("add band", band=band, site=site)


def add_carer(writing: Writing, name: str) -> None:
    """See ``Registry.add_carer``."""
    require_text("carer", name)
    require_new(writing.connection, CARER.c.name, name)
    writing.connection.execute(CARER.insert().values(name=name))
    writing.record("add carer")


def enter_band(writing: Writing, band: str) -> None:
    """Add a band unless it is there."""
    if not is_there(writing.connection, BAND.c.name, band):
        add_band(writing, band, None, "")


def enter_carer(writing: Writing, name: str) -> None:
    """Add a carer unless there is one of that name."""
    if not is_there(writing.connection, CARER.c.name, name):
        add_carer(writing, name)


def enter_wearer(writing: Writing, pseudonym: str, name: str | None) -> bool:
    """Rename a wearer who is there, or add a new one where there is a name to show; False: there is neither."""
    if is_there(writing.connection, WEARER.c.pseudonym, pseudonym):
        if name is not None:
            rename(writing, pseudonym, name)
        return True
    if name is None:
        return False
    add_wearer(writing, pseudonym, name, None)
    return True
