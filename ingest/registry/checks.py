"""What a caller said in, nothing out where it can be entered: names, ids, times and references."""

import math
import unicodedata
from typing import Any, Final
from zoneinfo import available_timezones

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.ids import HOW, is_id

_PAIR: Final = "forecalm pair BAND WEARER --name NAME --consent-by WHO"
_ENTERED_BY: Final = {
    "band": _PAIR,
    "wearer": f"{_PAIR}, or with recordings: forecalm import PATH --wearer WEARER --name NAME --consent-by WHO",
}
_STEERING: Final = ("Cc", "Zl", "Zp")  # escapes, bells, ends of lines
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # turn what follows round
TEXT_MAX: Final = 200  # of names, places and notes of one line


def require_id(what: str, value: str) -> None:
    """Refuse what cannot be part of a topic."""
    if not is_id(value):
        raise RegistryError(f"{what}: {value!r} must be {HOW}")


def require_text(what: str, value: str, *, empty: bool = False) -> None:
    """Refuse what is blank or too long to be shown, cannot be stored (NUL and halves of characters), or would change
    what is shown beside it: one person's name must not hide another's."""
    if not (empty or value.strip()) or len(value) > TEXT_MAX:
        raise RegistryError(f"{what}: must be {0 if empty else 1} to {TEXT_MAX} characters")
    require_storable(what, value)
    if any(unicodedata.category(letter) in _STEERING or letter in _OVERRIDES for letter in value):
        raise RegistryError(f"{what}: must be one line without control characters")


def require_storable(what: str, value: str) -> None:
    """Refuse characters that a database cannot hold."""
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise RegistryError(f"{what}: must be text without NUL and without halves of characters")


def require_time(what: str, value: float) -> None:
    """Refuse what is no moment."""
    if not math.isfinite(value):
        raise RegistryError(f"{what}: must be a time in UTC seconds, got {value}")


def require_stretch(since: str, since_s: float, until: str, until_s: float | None) -> None:
    """Refuse what is no stretch of time; ``until_s`` None: without end."""
    require_time(since, since_s)
    if until_s is not None:
        require_time(until, until_s)
        if until_s <= since_s:
            raise RegistryError(f"{until}: {until_s} must be later than {since} {since_s}")


def require_zone(value: str) -> None:
    """Refuse what is no time zone of this machine's database."""
    if value not in available_timezones():
        raise RegistryError(f"time_zone: {value!r} is none; give a name such as Europe/Berlin or UTC")


def is_there(connection: sa.Connection, column: sa.Column[Any], value: str) -> bool:
    """Whether a row has that value."""
    return connection.execute(sa.select(column).where(column == value)).first() is not None


def require_new(connection: sa.Connection, column: sa.Column[Any], value: str) -> None:
    """Refuse what is there already."""
    if is_there(connection, column, value):
        raise RegistryError(f"{column.table.name}: {value!r} is there already")


def require_known(connection: sa.Connection, column: sa.Column[Any], value: str) -> None:
    """Refuse what is not there yet, and say what enters it, or which there are."""
    if is_there(connection, column, value):
        return
    name = column.table.name
    if name in _ENTERED_BY:
        mend = f"enter it first: {_ENTERED_BY[name]}"
    else:
        mend = f"there are: {', '.join(connection.execute(sa.select(column).order_by(column)).scalars()) or 'none yet'}"
    raise RegistryError(f"{name}: {value!r} is not known; {mend}")
