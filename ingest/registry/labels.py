"""What people said about stretches of time, kept: labels in, valid ones out, corrections beside what they correct."""

from collections.abc import Sequence

import sqlalchemy as sa

from ingest.errors import RecordingError, RegistryError
from ingest.labels import NOTE, Label, require_label
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known, require_text
from ingest.registry.tables import LABEL, WEARER

_FIELDS = (
    LABEL.c.what,
    LABEL.c.start_s,
    LABEL.c.end_s,
    LABEL.c.rater,
    LABEL.c.wearer,
    LABEL.c.onset_uncertainty_s,
    LABEL.c.level,
    LABEL.c.note,
)


def add(writing: Writing, labels: Sequence[Label]) -> list[int]:
    """See ``Registry.add_labels``."""
    numbers, new = [], 0
    for label in labels:
        _require_sound(writing.connection, label)
        number = _same(writing.connection, label)
        if number is None:
            number = _insert(writing, label)
            new += 1
        numbers.append(number)
    if new:
        for wearer in sorted({label.wearer for label in labels}):
            count = sum(label.wearer == wearer for label in labels)
            writing.record("add labels", wearer=wearer, labels=count)
    return numbers


def enter_outcome(writing: Writing, outcome_id: str, label: Label, *, corrects: str) -> int:
    """See ``Registry.enter_outcome``."""
    require_text("outcome_id", outcome_id)
    there = _of_outcome(writing.connection, outcome_id)
    if there is not None:
        return there
    _require_sound(writing.connection, label)
    old = _of_outcome(writing.connection, corrects) if corrects else None
    if corrects and old is None:
        raise RegistryError(f"outcome {corrects!r}: is not entered, so nothing can stand in for it; enter it first")
    made = _insert(writing, label, outcome_id)
    if old is None:
        writing.record("enter outcome", wearer=label.wearer, label=made)
        return made
    last = [*history(writing.connection, old)][-1]  # somebody may have corrected it another way since: the last holds
    was = _row(writing.connection, last).wearer
    writing.connection.execute(LABEL.update().where(LABEL.c.id == last).values(superseded_by=made))
    for wearer in dict.fromkeys((was, label.wearer)):
        writing.record("correct outcome", wearer=wearer, label=last, by_label=made)
    return made


def outcomes(connection: sa.Connection) -> frozenset[str]:
    """See ``Registry.outcomes_entered``."""
    return frozenset(connection.execute(sa.select(LABEL.c.outcome).where(LABEL.c.outcome.is_not(None))).scalars())


def _of_outcome(connection: sa.Connection, outcome_id: str) -> int | None:
    return connection.execute(sa.select(LABEL.c.id).where(LABEL.c.outcome == outcome_id)).scalar()


def correct(writing: Writing, number: int, label: Label) -> int:
    """See ``Registry.correct_label``."""
    old = _row(writing.connection, number)
    _require_sound(writing.connection, label)
    if old.superseded_by is not None:
        raise RegistryError(f"label {number}: was corrected already, by label {old.superseded_by}; correct that one")
    made = _insert(writing, label)
    writing.connection.execute(LABEL.update().where(LABEL.c.id == number).values(superseded_by=made))
    for wearer in dict.fromkeys((old.wearer, label.wearer)):
        writing.record("correct label", wearer=wearer, label=number, by_label=made)
    return made


def remove(writing: Writing, number: int) -> None:
    """See ``Registry.remove_label``."""
    old = _row(writing.connection, number)
    if old.superseded_by is not None:
        raise RegistryError(f"label {number}: was corrected already, by label {old.superseded_by}; remove that one")
    if old.removed_at_s is None:
        writing.connection.execute(LABEL.update().where(LABEL.c.id == number).values(removed_at_s=writing.at_s))
        writing.record("remove label", wearer=old.wearer, label=number)


def labels(
    connection: sa.Connection,
    wearer: str | None = None,
    since_s: float | None = None,
    until_s: float | None = None,
    most: int | None = None,
    *,
    notes: bool = False,
) -> dict[int, Label]:
    """See ``Registry.labels`` and ``Registry.day_notes``."""
    query = sa.select(LABEL.c.id, *_FIELDS).where(*_reaching(wearer, since_s, until_s, notes=notes))
    query = query.order_by(LABEL.c.start_s, LABEL.c.id).limit(most)
    return {row.id: _label(row) for row in connection.execute(query)}


def count(connection: sa.Connection, spans: Sequence[tuple[str, float, float]]) -> list[int]:
    """See ``Registry.count_labels``."""
    counting = sa.select(sa.func.count()).select_from(LABEL)
    return [connection.execute(counting.where(*_reaching(*span))).scalar_one() for span in spans]


def _reaching(
    wearer: str | None, since_s: float | None, until_s: float | None, *, notes: bool = False
) -> list[sa.ColumnElement[bool]]:
    """Valid labels, of a wearer or of anybody, that reach into ``[since_s, until_s)``: carers' notes alone, or all but
    these."""
    found: list[sa.ColumnElement[bool]] = [LABEL.c.superseded_by.is_(None), LABEL.c.removed_at_s.is_(None)]
    found.append(LABEL.c.what == NOTE if notes else LABEL.c.what != NOTE)
    if wearer is not None:
        found.append(LABEL.c.wearer == wearer)
    if since_s is not None:
        found.append(LABEL.c.end_s >= since_s)
    if until_s is not None:
        found.append(LABEL.c.start_s < until_s)
    return found


def history(connection: sa.Connection, number: int) -> dict[int, Label]:
    """See ``Registry.label_history``."""
    told = {}
    here: int | None = number
    while here is not None:
        row = _row(connection, here)
        told[here] = _label(row)
        here = row.superseded_by
    return told


def _label(row: sa.Row[*tuple[object, ...]]) -> Label:
    return Label(**{column.name: row._mapping[column.name] for column in _FIELDS})


def _row(connection: sa.Connection, number: int) -> sa.Row[*tuple[object, ...]]:
    row = connection.execute(sa.select(LABEL).where(LABEL.c.id == number)).first()
    if row is None:
        raise RegistryError(f"label {number}: there is none")
    return row


def _values(label: Label) -> dict[str, object]:
    return {column.name: getattr(label, column.name) for column in _FIELDS}


def _same(connection: sa.Connection, label: Label) -> int | None:
    """The number of a label that says just this, valid or not."""
    where = [
        LABEL.c[name].is_(None) if value is None else LABEL.c[name] == value for name, value in _values(label).items()
    ]
    return connection.execute(sa.select(LABEL.c.id).where(*where).order_by(LABEL.c.id)).scalar()


def _insert(writing: Writing, label: Label, outcome_id: str | None = None) -> int:
    values = _values(label) | {"entered_at_s": writing.at_s, "entered_by": writing.by, "outcome": outcome_id}
    key = writing.connection.execute(LABEL.insert().values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - every dialect of ours tells it
    return int(key[0])


def _require_sound(connection: sa.Connection, label: Label) -> None:
    try:
        require_label(label)
    except RecordingError as error:
        raise RegistryError(f"label: {error}") from error
    require_known(connection, WEARER.c.pseudonym, label.wearer)
