"""What carers have told of, and what wearers wore, in; what models that learn are to know of each wearer out, again
whenever a label comes, is corrected or goes.

Everything is worked out anew from all labels and the readings about them, so that a label counts once, and one that was
removed not at all, whatever was known before.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Final, Self

from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.watching.watchers import Choice, Learns, Model, Taught
from ingest.errors import IngestError
from ingest.labels import Label
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from models.datasets.target import ForecastTarget
from models.datasets.words import is_said

log = logging.getLogger(__name__)

LOOK_S: Final = 10.0  # a label comes minutes after what it tells of
EVER: Final = float("inf")
LOOKS_END_S: Final = 1.0  # how long an end of the service may wait for a look that is under way

Said = tuple[tuple[int, Label], ...]
"""Labels by number."""


class Telling:
    """Looks every ``LOOK_S`` on a thread of its own what carers have told, and calls ``teach`` there with what models
    of the ``choice`` are to know of whom. Use as a context manager."""

    def __init__(
        self,
        config: Config,
        choice: Choice,
        *,
        teach: Callable[[Taught], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._clock = clock
        self._teach = teach
        self._choice = choice
        self._told: dict[tuple[str, str], Said] = {}  # by model and wearer
        self._seen = -1  # the registry's revision
        self._of = choice  # whose models were told
        self._again: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)

    def use(self, choice: Choice) -> None:
        """Teach other models from now on: whoever begins to run knows of everybody what training did."""
        self._choice = choice

    def again(self, wearer: str) -> None:
        """Teach once more what was told of a wearer, of whom everything was learnt anew; from any thread."""
        self._again.put(wearer)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LOOKS_END_S)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Look once. What cannot be read now is looked at again."""
        self._forget()
        learners = [each for each in map(learner, (self._of.champion, self._of.shadow)) if each is not None]
        if not learners:
            return
        try:
            with closing(Registry(Installation(self._config, look=True).registry_url)) as registry:
                now = registry.revision()
                if now == self._seen:
                    return
                said = {wearer: _said_of(registry, wearer, self._clock()) for wearer in registry.watched()}
            for model, live, aim in learners:
                for wearer, labels in said.items():
                    if not self._stop.is_set():
                        self._tell(
                            model, live, aim, wearer, tuple(each for each in labels if is_said(each[1], aim.events))
                        )
            self._seen = now
        except (IngestError, OSError, queue.Full) as error:
            log.warning("what carers told cannot be learnt now: %s: %s", type(error).__name__, error)

    def _forget(self) -> None:
        """Forget that somebody was told of, where models or what they know of a wearer are others than then."""
        if self._of is not self._choice:
            self._of, self._told, self._seen = self._choice, {}, -1
        while not self._again.empty():
            wearer = self._again.get()
            self._told = {key: labels for key, labels in self._told.items() if key[1] != wearer}
            self._seen = -1

    def _tell(self, model: Model, live: Learns, aim: ForecastTarget, wearer: str, labels: Said) -> None:
        key = (model.key, wearer)
        if self._told.get(key) == labels:
            return
        from forecalm.studies.told import lessons  # loads what makes data sets: only for whoever has promoted a learner

        try:
            inputs, happened = lessons(
                self._config, wearer, aim, [label for _, label in labels], since_s=_since_s(model, wearer)
            )
            known = live.taught(wearer, inputs, happened)
        except (IngestError, OSError):  # at the next look
            raise
        except Exception as error:  # a model's own code, or readings like none before: others are taught all the same
            log.warning("model %s learns nothing of what carers told of %s: %s", model.name, wearer, error)
        else:
            self._teach(Taught(model.key, wearer, known))
            if labels or key in self._told:
                told = "%s knows %s by %d labels: %d moments, %d of them before an event"
                log.info(told, model.name, wearer, len(labels), len(happened), int(happened.sum()))
        self._told[key] = labels


def learner(model: Model | None) -> tuple[Model, Learns, ForecastTarget] | None:
    """Return a model that learns what carers tell, with a live one of it and what it foretells; None of others."""
    if model is None or model.manifest is None or not isinstance(model.manifest.target, ForecastTarget):
        return None
    try:
        live = model.build(())
    except Exception as error:  # a model's own code: it is told where it was to watch
        log.debug("%s cannot be begun: %s", model.name, error)
        return None
    return (model, live, model.manifest.target) if isinstance(live, Learns) and live.learns else None


def _said_of(registry: Registry, wearer: str, now_s: float) -> Said:
    """What was told of a wearer; nothing where no consent to care covers them now: then nothing more is learnt of them,
    and what was is forgotten."""
    return tuple(registry.labels(wearer).items()) if registry.has_consent(wearer, Scope.CARE, now_s) else ()


def _since_s(model: Model, wearer: str) -> float:
    """From when on [UTC s] what is told of a wearer is new to a model: those it was trained on it has learnt then."""
    if model.manifest is None or wearer not in model.manifest.trained_on:
        return -EVER
    return datetime.fromisoformat(model.manifest.made_at).timestamp()
