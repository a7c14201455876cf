"""A corrected assignment in; for each person whom it touches, what the live pipeline would have said of the right
readings, which alerts were not theirs, and their usual learnt anew, out.

What was learnt from somebody else's readings cannot be unlearnt, so a person's usual is learnt from nothing, from what
their wristbands sent in the last ``LEARN_S``. The readings of the change then go through the pipeline that runs live,
in the order and at the times at which they came: what was late decides nothing here either.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from alerts.errors import JournalError
from alerts.events import Event
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from alerts.views import AlertView
from forecalm.live import save_learnt
from forecalm.rescoring.lived import Decided, Person
from forecalm.watching.policies import policies_of
from forecalm.watching.watchers import ALONE, Choice
from ingest.readings import Readings
from ingest.registry.registry import Registry
from ingest.registry.stretches import Change, end_of

DAY_S: Final = 86_400.0
LEARN_S: Final = 2 * DAY_S  # two days awake: three memories (8 known hours) of what is usual; older counts 1 in 20
SCORED_MAX_S: Final = DAY_S  # the end of a longer change: at live pace a day takes two to three minutes
SETTLE_S: Final = 600.0  # before the change at live pace: twice the longest window, so that the edge is not felt
MINUTE_S: Final = 60


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``band`` from ``since_s`` up to ``until_s`` [UTC s] (None: without end) it is now said that the wearer wore it
    (``worn``), or that they did not."""

    band: str
    since_s: float
    until_s: float | None
    worn: bool


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert at ``at_s`` [UTC s]; ``alert_id`` is that of the journal, None where it was never raised."""

    at_s: float
    probability: float
    reasons: tuple[str, ...]
    alert_id: str | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The probability: how many ``seconds`` were decided, of how many it could be said, the ``highest`` of all, and of
    each minute by its start [UTC s]."""

    seconds: int
    known_seconds: int
    highest: float | None
    minutes: dict[int, float]


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="asked"):
    """A correction at ``made_at_s`` [UTC s] for which ``wearer`` is not scored anew yet."""

    wearer: str
    made_at_s: float
    by: str
    parts: tuple[Part, ...]


class Rescored(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="scored"):
    """What came of a correction at ``made_at_s`` for ``wearer``; names nobody else. Times are UTC seconds.

    ``since_s`` to ``until_s`` was scored: the end of the change where ``cut_short``. ``would_have_alerted`` are the
    alerts that the right readings raise, ``not_theirs`` those of the journal that were raised on somebody else's. What
    is usual for them was learnt anew from ``learnt_since_s`` on. ``note`` says what else there is to know.
    """

    wearer: str
    made_at_s: float
    by: str
    parts: tuple[Part, ...]
    since_s: float
    until_s: float
    cut_short: bool
    said: Said
    would_have_alerted: tuple[Alert, ...]
    not_theirs: tuple[Alert, ...]
    learnt_since_s: float
    note: str = ""


Derived = Callable[[str, float, float, Sequence[Decided]], str]
"""``derived(wearer, since_s, until_s, decided)``: writes anew what was said in the range.
A note comes back, or nothing."""


class Rescoring:
    """Scores people anew from ``readings``, as of ``now_s`` [UTC s], on behalf of ``by``, by the models of ``choice``.

    Of each person and correction there remain a file in the folder ``rescored``, an entry in the audit, and a file in
    the folder ``relearnt``, which ``Live`` takes over when it saves or starts: nobody else writes what it learnt.
    Raises StoreError, RegistryError or OSError; the correction stays all the same, what was done before too, and what
    was not is ``left``.
    """

    def __init__(
        self,
        readings: Readings,
        registry: Registry,
        *,
        rescored: Path,
        relearnt: Path,
        now_s: float,
        by: str,
        choice: Choice = ALONE,
        derived: Derived = lambda *_: "",
        progress: Callable[[str, float], None] = lambda *_: None,
    ) -> None:
        self._readings = readings
        self._registry = registry
        self._rescored = rescored
        self._relearnt = relearnt
        self._now_s = now_s
        self._by = by
        self._choice = choice
        self._derived = derived
        self._progress = progress

    def ask(self, changes: Sequence[Change]) -> list[Asked]:
        """Note that everybody whom ``changes`` touch is to be scored anew, so that it is not forgotten whatever comes.
        Changes to imported recordings are passed over: nobody was ever watched by them."""
        wristbands = set(self._registry.bands())
        lived = [change for change in changes if change.band in wristbands and change.since_s < self._now_s]
        asked = [
            Asked(wearer=wearer, made_at_s=self._now_s, by=self._by, parts=tuple(parts))
            for wearer, parts in touched(lived).items()
        ]
        for each in asked:
            self._write(each)
        return asked

    def left(self) -> list[Asked]:
        """What was asked and not done, the oldest first."""
        return [each for each in _kept(self._rescored) if isinstance(each, Asked)]

    def rescore(self, asked: Iterable[Asked], raised: Iterable[AlertRaised]) -> Iterator[Rescored]:
        """Score people anew, one after the other; ``raised`` are the alerts of the journal."""
        alerts = list(raised)
        for each in asked:
            yield self._rescore(each, alerts)

    def _rescore(self, asked: Asked, raised: Sequence[AlertRaised]) -> Rescored:
        wearer, parts = asked.wearer, asked.parts
        begun_s = min(part.since_s for part in parts)
        until_s = min(max(end_of(part.until_s) for part in parts), self._now_s)
        since_s = max(begun_s, until_s - SCORED_MAX_S)
        settle_s = since_s - SETTLE_S
        own = policies_of(self._registry, Policy()).get(wearer)
        person = Person(self._readings, wearer, begun_s=settle_s, choice=self._choice, own=own)
        person.learn(settle_s - LEARN_S, settle_s)
        decided, alerts = person.live(
            settle_s, until_s, lambda at_s: self._progress(wearer, (at_s - settle_s) / (until_s - settle_s))
        )
        scored = [each for each in decided if since_s <= each.start_s < until_s]
        note = self._derived(wearer, begun_s, until_s, scored)
        rescored = Rescored(
            wearer=wearer,
            made_at_s=asked.made_at_s,
            by=asked.by,
            parts=parts,
            since_s=since_s,
            until_s=until_s,
            cut_short=since_s > begun_s,
            said=_said(scored),
            would_have_alerted=tuple(_alert(each) for each in alerts if since_s <= each.raised_s < until_s),
            not_theirs=not_theirs(wearer, parts, raised),
            learnt_since_s=self._relearn(person, settle_s - LEARN_S, until_s),
            note=note,
        )
        self._keep(rescored)
        return rescored

    def _relearn(self, person: Person, learnt_since_s: float, until_s: float) -> float:
        """Hand over what is usual now, and return since when it was learnt from: of an old change nothing is needed."""
        if until_s < self._now_s - LEARN_S:
            until_s = learnt_since_s = self._now_s - LEARN_S
            person = Person(self._readings, person.wearer, begun_s=until_s, choice=self._choice)
        person.learn(until_s, self._now_s)
        self._relearnt.mkdir(mode=0o700, parents=True, exist_ok=True)
        save_learnt(person.pipeline, self._relearnt / f"{person.wearer}.npz")
        return learnt_since_s

    def _keep(self, rescored: Rescored) -> None:
        """Write the file, then the entry: what the audit tells of is there."""
        self._write(rescored)
        self._registry.note(
            "score anew",
            wearer=rescored.wearer,
            by=self._by,
            since_s=rescored.since_s,
            until_s=rescored.until_s,
            would_have_alerted=len(rescored.would_have_alerted),
            not_theirs=len(rescored.not_theirs),
        )

    def _write(self, kept: Asked | Rescored) -> None:
        """A file a person and correction: what was asked gives way to what came of it."""
        self._rescored.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = f"{datetime.fromtimestamp(kept.made_at_s, UTC):%Y%m%dT%H%M%S.%f}"
        path = self._rescored / f"{made}-{kept.wearer}.json"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(msgspec.json.encode(kept) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def touched(changes: Iterable[Change]) -> dict[str, list[Part]]:
    """What each person did not wear after all, or wore, by pseudonym."""
    found: dict[str, list[Part]] = {}
    for change in changes:
        for wearer, worn in ((change.before, False), (change.after, True)):
            if wearer is not None:
                part = Part(band=change.band, since_s=change.since_s, until_s=change.until_s, worn=worn)
                found.setdefault(wearer, []).append(part)
    return found


def not_theirs(wearer: str, parts: Sequence[Part], raised: Iterable[AlertRaised]) -> tuple[Alert, ...]:
    """The alerts of a person that were raised while they were said to wear what they did not wear."""
    spans = [(part.since_s, end_of(part.until_s)) for part in parts if not part.worn]
    return tuple(
        Alert(at_s=each.at_s, probability=each.probability, reasons=each.reasons, alert_id=each.alert_id)
        for each in raised
        if each.wearer == wearer and any(since_s <= each.at_s < until_s for since_s, until_s in spans)
    )


def alerts_of(journal: Path) -> list[AlertRaised]:
    """Every alert in a journal, also while a service writes it: a line that is not whole yet is left out. Raises
    JournalError where another line cannot be read."""
    if not journal.exists():
        return []
    decoder = msgspec.json.Decoder(Event)
    events = []
    for number, line in enumerate(journal.read_bytes().split(b"\n")[:-1], start=1):
        try:
            events.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise JournalError(f"{journal}, line {number}: {error}; mend it, or put the file aside") from error
    return [event for event in events if isinstance(event, AlertRaised)]


def rescored_in(folder: Path, wearer: str | None = None) -> list[Rescored]:
    """What was scored anew, of anybody or of one person, the oldest first."""
    return [each for each in _kept(folder) if isinstance(each, Rescored) and wearer in (None, each.wearer)]


def _kept(folder: Path) -> list[Asked | Rescored]:
    decoder = msgspec.json.Decoder(Asked | Rescored)
    return [decoder.decode(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def _alert(view: AlertView) -> Alert:
    return Alert(at_s=view.raised_s, probability=view.probability, reasons=view.reasons)


def _said(decided: Sequence[Decided]) -> Said:
    probability = np.concatenate([each.probability for each in decided] or [np.empty(0)])
    seconds = [each.start_s + np.arange(len(each.probability)) for each in decided]
    known = np.isfinite(probability)
    minutes: dict[int, float] = {}
    for at_s, value in zip(np.concatenate(seconds or [np.zeros(0, np.int64)])[known], probability[known], strict=True):
        minute = int(at_s) // MINUTE_S * MINUTE_S
        minutes[minute] = max(minutes.get(minute, 0.0), round(float(value), 6))
    return Said(
        seconds=probability.size,
        known_seconds=int(known.sum()),
        highest=max(minutes.values(), default=None),
        minutes=minutes,
    )
