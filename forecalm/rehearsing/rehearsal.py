"""A model on the shelf in, what it would have done to everybody whose past is stored, against the champion, out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Final

from joblib import Parallel, delayed

from alerts.policy import Policy
from alerts.rehearsal.comparing import compared
from alerts.rehearsal.events import Happened, doubtful, happened, reach_of, unheard_of
from alerts.rehearsal.evidence import Compared, Evidence, Person, Rules, Way
from alerts.rehearsal.judging import outcome_of, pooled, rules
from forecalm.checkout import commit
from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.rehearsing.past import digest_of, everybody
from forecalm.rehearsing.replaying import Both, Pair, as_lived, as_recorded
from forecalm.watching.champion import proved
from forecalm.watching.policies import policies_of
from forecalm.watching.watchers import Choice
from ingest.labels import Label
from ingest.readings import Readings
from ingest.registry.registry import Registry
from models.datasets.target import ForecastTarget, Target
from models.errors import ShelfError
from models.risk import TRAINING_FREE
from models.shelf.manifest import Code
from models.shelf.pointers import Pointer, Pointers
from models.shelf.shelf import Shelf

WAYS: Final[dict[Way, Callable[..., Both | None]]] = {"as lived": as_lived, "as recorded": as_recorded}

Progress = Callable[[int, int, str], None]
"""``progress(done, of, what)``: so many people are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be found out of one person; can be sent to another process, and opens everything anew there."""

    config: Config
    wearer: str
    candidate: Pointer
    champion: Pointer | None
    trained_on: bool
    own: Policy | None
    events: tuple[Happened, ...]
    unsure: tuple[Happened, ...]
    rules: Rules
    until_s: float

    def __call__(self) -> Person:
        """Replay them. Raises ShelfError where a model cannot be believed or fails, StoreError, RegistryError."""
        here = Installation(self.config, look=True)
        shelf = Shelf(here.models)
        pair = Pair(champion=_choice(shelf, self.champion), candidate=_choice(shelf, self.candidate), own=self.own)
        with closing(here.open_store()) as store, closing(Registry(here.registry_url)) as registry:
            readings = Readings(store, registry)
            found = [(way, run(readings, self.wearer, pair, until_s=self.until_s)) for way, run in WAYS.items()]
        for _, both in found:
            if both is not None and both.faults:
                raise ShelfError(f"{self.wearer}: {'; '.join(both.faults)}: such a model cannot be rehearsed")
        return self._person([(way, both) for way, both in found if both is not None])

    def _person(self, found: Sequence[tuple[Way, Both]]) -> Person:
        ways = tuple(self._compared(way, both) for way, both in found)
        notes = tuple(note for _, both in found for note in both.notes)
        return Person(
            wearer=self.wearer,
            outcome=outcome_of(ways),
            trained_on=self.trained_on,
            policy="everybody's" if self.own is None else self.own.version,
            ways=ways,
            notes=notes,
        )

    def _compared(self, way: Way, both: Both) -> Compared:
        champion = TRAINING_FREE if self.champion is None else self.champion.name
        return compared(
            way,
            both.second_s,
            replace(both.champion, model=champion),
            replace(both.candidate, model=self.candidate.name),
            self.events,
            reach_s=self.rules.reach_s,
            unsure=self.unsure,
        )


def _choice(shelf: Shelf, pointer: Pointer | None) -> Choice:
    return Choice() if pointer is None else Choice(champion=proved(shelf, pointer), chosen=pointer.name)


def rehearse(
    config: Config,
    name: str,
    *,
    now_s: float,
    wearers: Sequence[str] = (),
    words: Sequence[str] = (),
    jobs: int = 1,
    progress: Progress = lambda *_: None,
) -> Evidence:
    """Replay everybody (or ``wearers``) under the model ``name`` and under what is to watch now, of what is stored
    before ``now_s`` [UTC s]; to the bit the same, however many ``jobs``.

    ``words`` are the labels that are events (none: those of the model's target). Raises ShelfError
    where a model cannot be believed, somebody is not known, or nothing of anybody is stored; StoreError, RegistryError.
    """
    here = Installation(config)
    shelf = Shelf(here.models)
    manifest, digest = shelf.look(name)
    candidate, champion = Pointer(name, digest), Pointers(shelf).standing().champion
    require_believed(shelf, candidate, champion)
    past = _past_of(here, wearers, now_s)
    by = rules(tuple(words) or words_of(manifest.target), reach_of(manifest.target))
    asked = [
        Asked(
            config=config,
            wearer=each,
            candidate=candidate,
            champion=champion,
            trained_on=each in manifest.trained_on,
            own=past.policies.get(each),
            events=tuple(event for event in happened(labels, by.words) if event.onset_s < now_s),
            unsure=doubtful(labels, by.words),
            rules=by,
            until_s=now_s,
        )
        for each, labels in past.labels.items()
    ]
    people = tuple(_each(asked, jobs, progress))
    _require_judged(name, people)
    silent = unheard_of([label for theirs in past.labels.values() for label in theirs], by.words)
    return Evidence(
        notes=(silent,) if silent else (),
        model=name,
        model_digest=digest,
        champion=TRAINING_FREE if champion is None else champion.name,
        champion_digest="" if champion is None else champion.digest,
        code=code(),
        at_s=now_s,
        data_digest=past.digest,
        rules=by,
        people=people,
        everybody=pooled(people),
        left_out=past.left_out,
    )


def require_believed(shelf: Shelf, candidate: Pointer, champion: Pointer | None) -> None:
    """Raise ShelfError unless both can run, and are two."""
    if candidate == champion:
        raise ShelfError(f"model {candidate.name!r} is the champion: there is nothing to hold it against")
    proved(shelf, candidate)
    if champion is not None:
        try:
            proved(shelf, champion)
        except ShelfError as error:
            raise ShelfError(
                f"the champion cannot be believed, so nothing can be held against it ({error}): go back first, forecalm"
                " models roll-back"
            ) from error


def words_of(target: Target) -> tuple[str, ...]:
    """Return the words of labels that are events to a model with that target: what it foretells, or the state that it
    tells, so that nobody has to choose them after looking at what comes out."""
    return tuple(target.events if isinstance(target, ForecastTarget) else target.positive)


def code() -> Code:
    """Return which code this is."""
    return Code(version=version("forecalm"), commit=commit())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What is known of those who are rehearsed: everybody's ``labels``, the ``policies`` of those with a level of their
    own, its ``digest``; and who is ``left_out``."""

    labels: dict[str, tuple[Label, ...]]
    policies: dict[str, Policy]
    digest: str
    left_out: tuple[str, ...]


def _past_of(here: Installation, wearers: Sequence[str], now_s: float) -> _Past:
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        readings = Readings(store, registry)
        there = everybody(readings, registry)
        chosen = _chosen(there, wearers)
        policies = policies_of(registry, Policy())
        return _Past(
            labels={each: tuple(registry.labels(each).values()) for each in chosen},
            policies=policies,
            digest=digest_of(readings, registry, chosen, policies, now_s),
            left_out=tuple(each for each in there if each not in chosen),
        )


def _require_judged(name: str, people: Sequence[Person]) -> None:
    if all(person.outcome == "not judged" for person in people):
        raise ShelfError(
            f"model {name!r} cannot be rehearsed: less than ten worn minutes are stored of anybody; collect or import"
            " some, or answer for it: forecalm models promote ... --unrehearsed --because WHY"
        )


def _chosen(there: Sequence[str], wearers: Sequence[str]) -> tuple[str, ...]:
    for wearer in wearers:
        if wearer not in there:
            some = ", ".join(there) or "nobody"
            raise ShelfError(
                f"{wearer!r}: nothing that may be replayed is stored of them; there is something of {some}"
            )
    if not there:
        raise ShelfError(
            "nothing is stored that may be replayed: wristbands need a consent to care, imported recordings one to"
            " research; or answer for the model: forecalm models promote ... --unrehearsed --because WHY"
        )
    return tuple(each for each in there if not wearers or each in wearers)


def _each(asked: list[Asked], jobs: int, progress: Progress) -> Iterator[Person]:
    run: Any = Parallel(n_jobs=jobs, return_as="generator")
    progress(0, len(asked), "rehearsing")
    for done, person in enumerate(run(delayed(one)() for one in asked), 1):
        progress(done, len(asked), "rehearsing")
        yield person
