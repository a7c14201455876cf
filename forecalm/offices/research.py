"""An installation, its store and registry in; what stands behind the pages of researchers out."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from console.research.decimated import Drawn
from console.research.office import (
    Budget,
    Experiment,
    Export,
    ExportWish,
    Given,
    ModelCard,
    Models,
    Recording,
    Seconds,
    Span,
    Told,
    Working,
)
from forecalm.installation import Installation
from forecalm.offices.budgets import Budgets
from forecalm.offices.exports import Exports
from forecalm.offices.models import Shelved
from forecalm.offices.recordings import Recordings
from forecalm.offices.replayed import Replayed
from forecalm.watching.champion import choose, stamp
from forecalm.watching.watchers import Choice
from ingest.registry.registry import Registry
from ingest.store.protocol import Store


class ResearchOffice:
    """Implements ``console.research.office.Research``. Use as a context manager; called from any thread."""

    def __init__(
        self, here: Installation, *, store: Store, registry: Registry, zone: ZoneInfo, clock: Callable[[], float]
    ) -> None:
        self._recordings = Recordings(store, registry, secret=here.secret(), zone=zone)
        choice = _looked_up(here)
        self._registry = registry
        self._replayed = Replayed(self._recordings.readings, choice)
        self._shelved = Shelved(here, choice)
        self._budgets = Budgets(here, self._recordings.readings, clock=clock)
        self._exports = Exports(here, store=store, registry=registry, clock=clock)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._replayed)
            stack.enter_context(self._exports)
            stack.enter_context(self._budgets)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def recordings(self) -> Sequence[Recording]:
        """See ``Research.recordings``."""
        return self._recordings.everybody()

    def find(self, wearer: str, name: str) -> Recording:
        """See ``Research.find``."""
        return self._recordings.find(wearer, name)

    def drawn(self, recording: Recording, since_s: float, until_s: float, columns: int) -> Mapping[str, Drawn]:
        """See ``Research.drawn``."""
        return self._recordings.drawn(recording, since_s, until_s, columns)

    def seconds(self, recording: Recording) -> Seconds | Working:
        """See ``Research.seconds``."""
        return self._replayed.of(recording)

    def labels(self, recording: Recording, *, asker: str, most: int) -> tuple[Sequence[Told], int]:
        """See ``Research.labels``."""
        return self._recordings.labels(recording, asker=asker, most=most)

    def history(self, wearer: str, number: int, *, asker: str) -> Sequence[Told]:
        """See ``Research.history``."""
        return self._recordings.history(wearer, number, asker=asker)

    def add(self, recording: Recording, given: Given, *, by: str) -> int:
        """See ``Research.add``."""
        return self._recordings.add(recording, given, by=by)

    def correct(self, recording: Recording, number: int, given: Given, *, by: str) -> int:
        """See ``Research.correct``."""
        return self._recordings.correct(recording, number, given, by=by)

    def remove(self, recording: Recording, number: int, *, by: str) -> None:
        """See ``Research.remove``."""
        self._recordings.remove(recording, number, by=by)

    def consented(self) -> Mapping[str, tuple[Span, ...]]:
        """See ``Research.consented``."""
        return self._recordings.consented()

    def export(self, wish: ExportWish, *, by: str) -> str:
        """See ``Research.export``."""
        return self._exports.ask(wish, by=by)

    def exports(self, *, by: str) -> Sequence[Export]:
        """See ``Research.exports``."""
        return self._exports.of(by)

    def take_out(self, number: str, *, by: str) -> Path:
        """See ``Research.take_out``."""
        return self._exports.file(number, by=by)

    def drop(self, number: str, *, by: str) -> None:
        """See ``Research.drop``."""
        self._exports.drop(number, by=by)

    def models(self) -> Models:
        """See ``Research.models``."""
        return self._shelved.models()

    def card(self, name: str) -> ModelCard:
        """See ``Research.card``."""
        return self._shelved.card(name)

    def experiments(self) -> Sequence[Experiment]:
        """See ``Research.experiments``."""
        return self._shelved.experiments()

    def report(self, name: str) -> bytes:
        """See ``Research.report``."""
        return self._shelved.report(name)

    def budget(self, wearer: str) -> Budget | Working | None:
        """See ``Research.budget``."""
        return self._budgets.of(wearer)

    def ask_budget(self, wearer: str, *, days: float, by: str) -> None:
        """See ``Research.ask_budget``."""
        self._budgets.ask(wearer, days=days)
        self._registry.note("ask what levels would have meant", wearer=wearer, by=by, days=days)


def _looked_up(here: Installation) -> Callable[[], Choice]:
    """What chooses the models that run, anew whenever the shelf has changed: proving one takes a while."""
    known: dict[object, Choice] = {}

    def look() -> Choice:
        now = stamp(here.models)
        if now not in known:
            known.clear()
            known[now] = choose(here.models)
        return known[now]

    return look
