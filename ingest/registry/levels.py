"""When signs of single people count as high: levels chosen for them in, which holds and held out.

Nothing is overwritten.
"""

import math
from dataclasses import astuple, dataclass
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known, require_text
from ingest.registry.tables import ALERT_LEVEL, WEARER

VERSION: Final = "level-"  # before the number of a level: what stands on every alert raised by it


@dataclass(frozen=True, slots=True)
class Level:
    """Signs count as high from the probability ``enter`` up, and as over from ``leave`` down; the seconds are those of
    ``alerts.policy.Policy``. It stands in for the rules whose version is ``of``, and for no others: a probability of
    one model means nothing in another's scale."""

    of: str
    enter: float
    leave: float
    hold_s: float
    settle_s: float
    refractory_s: float
    fade_s: float


@dataclass(frozen=True, slots=True)
class AlertLevel:
    """What was said of ``wearer``: a ``level`` of their own, or None: as for everybody again. ``per_day`` is the budget
    [alerts a day of wear] it was chosen for, ``lost`` how many known events it would have missed that were told of
    before, which ``entered_by`` accepts."""

    number: int
    wearer: str
    level: Level | None
    per_day: float | None
    lost: int
    entered_at_s: float
    entered_by: str

    @property
    def version(self) -> str:
        """What stands on every alert that it raises."""
        return f"{VERSION}{self.number}"


def enter(writing: Writing, wearer: str, level: Level | None, *, per_day: float | None, lost: int) -> AlertLevel:
    """See ``Registry.set_alert_level``."""
    require_known(writing.connection, WEARER.c.pseudonym, wearer)
    if level is not None:
        _require_level(level)
    if lost < 0 or (per_day is not None and not 0 < per_day < math.inf):
        raise RegistryError(f"alert level: lost {lost} and per_day {per_day} cannot be: both count something")
    rules = {column: None if level is None else getattr(level, column) for column in Level.__slots__}
    values = {"per_day": per_day, "lost": lost, "entered_at_s": writing.at_s, "entered_by": writing.by}
    insert = ALERT_LEVEL.insert().values({"wearer": wearer, **rules, **values}).returning(ALERT_LEVEL.c.id)
    number = int(writing.connection.execute(insert).scalar_one())
    entered = AlertLevel(number, wearer, level, per_day, lost, writing.at_s, writing.by)
    writing.record("set alert level", wearer=wearer, level=entered.version, **rules, per_day=per_day, lost=lost)
    return entered


def _require_level(level: Level) -> None:
    require_text("alert level of", level.of)
    if not 0 <= level.leave < level.enter <= 1:
        raise RegistryError(f"alert level: 0 <= leave < enter <= 1, not leave {level.leave} and enter {level.enter}")
    if not all(math.isfinite(seconds) and seconds >= 0 for seconds in astuple(level)[3:]):
        raise RegistryError("alert level: every time must be 0 or more seconds")


def history(connection: sa.Connection, wearer: str | None) -> list[AlertLevel]:
    """Every level that was ever entered, of a wearer or of anybody, the oldest first."""
    query = sa.select(ALERT_LEVEL).order_by(ALERT_LEVEL.c.id)
    if wearer is not None:
        query = query.where(ALERT_LEVEL.c.wearer == wearer)
    return [
        AlertLevel(
            row.id,
            row.wearer,
            None if row.of is None else Level(**{column: getattr(row, column) for column in Level.__slots__}),
            row.per_day,
            row.lost,
            row.entered_at_s,
            row.entered_by,
        )
        for row in connection.execute(query)
    ]


def in_force(connection: sa.Connection) -> dict[str, AlertLevel]:
    """What holds now, of each wearer who has a level of their own."""
    last = {each.wearer: each for each in history(connection, None)}
    return {wearer: each for wearer, each in sorted(last.items()) if each.level is not None}
