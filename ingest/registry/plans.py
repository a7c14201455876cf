"""What helps a person and what to avoid, as those who know them say in; the plan that holds, and those before it, out.

Nothing is overwritten. The audit knows that a plan was written, and by whom, never a word of it.
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known, require_storable
from ingest.registry.tables import SUPPORT_PLAN, WEARER

LINES_MAX: Final = 12
"""Lines of each side: who runs to somebody reads three, and a screen shows a dozen."""

LINE_MAX: Final = 500
"""Characters of a line: a long sentence. More belongs into a document that is read before, not on an alert."""

PLANS_MAX: Final = 1_000
"""Of one person: a new one every week for twenty years. Past that a script writes them, and the disk is the house's."""

_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # turn what follows round


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``helps`` the wearer and what to ``avoid``, a line each, as ``by`` wrote it at ``at_s`` [UTC s]; both empty:
    there is no plan any more."""

    number: int
    wearer: str
    helps: tuple[str, ...]
    avoid: tuple[str, ...]
    by: str
    at_s: float


def write(writing: Writing, wearer: str, *, helps: Sequence[str], avoid: Sequence[str]) -> Plan:
    """See ``Registry.set_plan``."""
    require_known(writing.connection, WEARER.c.pseudonym, wearer)
    said = {"helps": _lines("helps", helps), "avoid": _lines("avoid", avoid)}
    before = history(writing.connection, wearer)
    if before and (before[-1].helps, before[-1].avoid) == (said["helps"], said["avoid"]):
        return before[-1]
    if len(before) >= PLANS_MAX:
        raise RegistryError(f"plan: {len(before)} were written for {wearer!r} already, which nobody does by hand")
    kept = {side: json.dumps(lines, ensure_ascii=False) for side, lines in said.items()}
    values = {"wearer": wearer, **kept, "entered_at_s": writing.at_s, "entered_by": writing.by}
    insert = SUPPORT_PLAN.insert().values(values).returning(SUPPORT_PLAN.c.id)
    number = int(writing.connection.execute(insert).scalar_one())
    writing.record("write support plan", wearer=wearer, plan=number, **{side: len(x) for side, x in said.items()})
    return Plan(number, wearer, said["helps"], said["avoid"], writing.by, writing.at_s)


def history(connection: sa.Connection, wearer: str) -> list[Plan]:
    """Every plan of a wearer, the oldest first."""
    query = sa.select(SUPPORT_PLAN).where(SUPPORT_PLAN.c.wearer == wearer).order_by(SUPPORT_PLAN.c.id)
    return [_plan(row) for row in connection.execute(query)]


def in_force(connection: sa.Connection) -> dict[str, Plan]:
    """The plan that holds, of each wearer who has one."""
    last = sa.select(sa.func.max(SUPPORT_PLAN.c.id)).group_by(SUPPORT_PLAN.c.wearer)
    query = sa.select(SUPPORT_PLAN).where(SUPPORT_PLAN.c.id.in_(last)).order_by(SUPPORT_PLAN.c.wearer)
    plans = [_plan(row) for row in connection.execute(query)]
    return {plan.wearer: plan for plan in plans if plan.helps or plan.avoid}


def _plan(row: sa.Row[*tuple[object, ...]]) -> Plan:
    helps, avoid = (tuple(json.loads(str(text))) for text in (row.helps, row.avoid))
    return Plan(row.id, row.wearer, helps, avoid, row.entered_by, row.entered_at_s)


def _lines(side: str, lines: Sequence[str]) -> tuple[str, ...]:
    """The lines without blanks around them and without empty ones. Raises RegistryError naming the line."""
    if isinstance(lines, str):
        raise RegistryError(f"{side}: must be a list of lines, not one text")
    kept = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if len(kept) > LINES_MAX:
        raise RegistryError(f"{side}: {len(kept)} lines are more than anybody reads on an alert: {LINES_MAX} at most")
    for number, line in enumerate(kept, 1):
        what = f"{side}, line {number}"
        if len(line) > LINE_MAX:
            raise RegistryError(f"{what}: {len(line)} characters are too many: {LINE_MAX} at most; part it in two")
        require_storable(what, line)
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") or letter in _OVERRIDES for letter in line):
            raise RegistryError(f"{what}: must be one line without control characters")
    return kept
