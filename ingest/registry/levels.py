"""From which probability on a person's signs count as high: levels chosen for them in, which holds and held out.

Nothing is overwritten.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known
from ingest.registry.tables import ALERT_LEVEL, WEARER

VERSION: Final = "level-"  # before the number of a level: what stands on every alert raised by it


@dataclass(frozen=True, slots=True)
class AlertLevel:
    """Signs of ``wearer`` count as high from the probability ``enter`` up, and as over from ``leave`` down; both None:
    as for everybody again. ``per_day`` is the budget [alerts a day of wear] it was chosen for, ``lost`` how many known
    events it would have missed that were told of before, which ``entered_by`` accepts."""

    number: int
    wearer: str
    enter: float | None
    leave: float | None
    per_day: float | None
    lost: int
    entered_at_s: float
    entered_by: str

    @property
    def version(self) -> str:
        """What stands on every alert that it raises."""
        return f"{VERSION}{self.number}"


def enter(
    writing: Writing, wearer: str, *, enter: float | None, leave: float | None, per_day: float | None, lost: int
) -> AlertLevel:
    """See ``Registry.set_alert_level``."""
    require_known(writing.connection, WEARER.c.pseudonym, wearer)
    if (enter is None) is not (leave is None):
        raise RegistryError("alert level: give both enter and leave, or neither: then it is as for everybody")
    if enter is not None and leave is not None and not 0 <= leave < enter <= 1:
        raise RegistryError(f"alert level: 0 <= leave < enter <= 1, not leave {leave} and enter {enter}")
    if lost < 0 or (per_day is not None and not 0 < per_day < float("inf")):
        raise RegistryError(f"alert level: lost {lost} and per_day {per_day} cannot be: both count something")
    values = {
        "wearer": wearer,
        "enter": enter,
        "leave": leave,
        "per_day": per_day,
        "lost": lost,
        "entered_at_s": writing.at_s,
        "entered_by": writing.by,
    }
    made = writing.connection.execute(ALERT_LEVEL.insert().values(values).returning(ALERT_LEVEL.c.id)).scalar_one()
    entered = AlertLevel(int(made), wearer, enter, leave, per_day, lost, writing.at_s, writing.by)
    writing.record(
        "set alert level",
        wearer=wearer,
        level=entered.version,
        enter=enter,
        leave=leave,
        per_day=per_day,
        lost=lost,
    )
    return entered


def history(connection: sa.Connection, wearer: str | None) -> list[AlertLevel]:
    """Every level that was ever entered, of a wearer or of anybody, the oldest first."""
    query = sa.select(ALERT_LEVEL).order_by(ALERT_LEVEL.c.id)
    if wearer is not None:
        query = query.where(ALERT_LEVEL.c.wearer == wearer)
    return [AlertLevel(*row) for row in connection.execute(query)]


def in_force(connection: sa.Connection) -> dict[str, AlertLevel]:
    """The level that holds now, of each wearer who has one of their own."""
    last = {each.wearer: each for each in history(connection, None)}
    return {wearer: each for wearer, each in sorted(last.items()) if each.enter is not None}
