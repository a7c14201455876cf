"""Received packets in from any thread, the pipeline run on its own: wakes on arrival and at every deadline."""

import contextlib
import logging
import math
import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from forecalm.exchanged import Suspected
from forecalm.installation import RELEARNT
from forecalm.pipeline import Disputed, Pipeline, Step, warm
from forecalm.watching.watchers import Choice, Taught
from ingest.intake.intake import Handed
from ingest.received import Received

log = logging.getLogger(__name__)

IDLE_S: Final = 1.0  # at least once a second the desk is told the time, so that silence is noticed
SAVE_EVERY_S: Final = 60.0  # what is lost of the learnt after a power cut
WAITING_MAX: Final = 100_000  # packets: more than a minute of 1,000 bands; what does not fit is stored, not watched
AT_ONCE: Final = 500  # packets taken in before what is due is decided: a backlog must not hold up a deadline
STOP_S: Final = 2.0  # for what has arrived to be decided; then the service ends without it


class Live:
    """The engine's thread. It is told whose each packet is; one of an unassigned band is stored, not watched.
    ``on_step`` hears of every moment that was decided, ``on_second`` about once a second what time it is [UTC s],
    ``on_taken_over`` of a wearer of whom everything was learnt anew elsewhere, all on that thread: they may not wait.

    An unexpected error ends the thread and calls ``on_failure``: a watch that has stopped must not look like one that
    sees nothing.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        learnt: Path,
        clock: Callable[[], float],
        on_failure: Callable[[], None],
        on_step: Callable[[Step], None] = lambda _: None,
        on_second: Callable[[float], None] = lambda _: None,
        on_taken_over: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._pipeline = pipeline
        self._on_step = on_step
        self._on_second = on_second
        self._on_taken_over = on_taken_over
        self._learnt = learnt
        self._clock = clock
        self._on_failure = on_failure
        self._waiting: queue.Queue[tuple[Received | None, str] | Choice | Taught | None] = queue.Queue(WAITING_MAX)
        self._taken_over: dict[Path, int] = {}  # and when it was written [ns]
        self._told: set[str] = set()  # what has been logged once
        self._suspected: set[Suspected] = set()  # and told
        self._shifted: set[str] = set()  # inputs of the champion, and told
        self._disputed: tuple[Disputed, ...] = ()  # and told
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Load what was learnt before, and begin; compiles what must be compiled first."""
        warm()
        if self._learnt.exists():
            load_learnt(self._pipeline, self._learnt)
        self._take_over()
        self._thread.start()

    def receive(self, handed: Handed) -> None:
        """Take packets and whose they are, from any thread; never waits, for storing must not wait for the engine."""
        try:
            for received, wearer in handed:
                if wearer is not None:
                    self._waiting.put_nowait((received, wearer))
        except queue.Full:
            self._tell("the engine is far behind: readings are stored, but decide nothing", logging.CRITICAL)

    def watch(self, wearer: str) -> None:
        """Watch somebody more from now on, whether or not their band is heard; from any thread. Raises queue.Full where
        the engine is far behind: then ask again."""
        self._waiting.put_nowait((None, wearer))

    def use(self, choice: Choice) -> None:
        """Let other models run from now on, proved and tried out; from any thread. Raises queue.Full where the engine
        is far behind: then ask again."""
        self._waiting.put_nowait(choice)

    def teach(self, taught: Taught) -> None:
        """Let a model know something of a wearer from now on; from any thread. Raises queue.Full where the engine is
        far behind: then ask again."""
        self._waiting.put_nowait(taught)

    @property
    def shifted(self) -> tuple[str, ...]:
        """The inputs of the champion that no longer lie as in training; from any thread."""
        return tuple(sorted(self._shifted))

    @property
    def disputed(self) -> tuple[Disputed, ...]:
        """Of whom the champion says *low* and the training-free detector *high* for long; from any thread."""
        return self._disputed

    def stop(self) -> None:
        """Decide what has arrived, keep what was learnt, and end."""
        self._stop.set()
        with contextlib.suppress(queue.Full):  # then it is awake anyway
            self._waiting.put_nowait(None)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            log.critical("the engine does not end: what it learnt in the last minute is lost")

    def _run(self) -> None:
        try:
            self._loop()
        except Exception:
            log.critical("the engine has stopped", exc_info=True)
            self._on_failure()

    def _loop(self) -> None:
        saved_s, told_s = self._clock(), -math.inf
        while True:
            self._take_in()
            now_s = self._clock()
            if not 0 <= now_s - told_s < IDLE_S:
                self._on_second(now_s)
                self._tell_disputed()
                told_s = now_s
            for step in self._pipeline.advance(now_s):
                self._on_step(step)
            self._tell_suspected()
            ending = self._stop.is_set() and self._waiting.empty()
            if ending or now_s - saved_s >= SAVE_EVERY_S:
                self._take_over()
                self._save()
                self._tell_shifted()
                saved_s = now_s
            if ending:
                log.info("the engine ends; %s", self._pipeline.misses())
                return

    def _take_in(self) -> None:
        """Wait for packets, a deadline or the end; give the pipeline at most ``AT_ONCE`` of them."""
        deadline_s = self._pipeline.next_deadline_s()
        wait_s = IDLE_S if deadline_s is None else min(max(deadline_s - self._clock(), 0.0), IDLE_S)
        for _ in range(AT_ONCE):
            try:
                given = self._waiting.get(timeout=wait_s)
            except queue.Empty:
                return
            wait_s = 0.0
            if isinstance(given, Choice):
                self._use(given)
            elif isinstance(given, Taught):
                self._pipeline.know(given.key, given.wearer, given.known)
            elif given is not None:
                self._give(*given)

    def _give(self, received: Received | None, wearer: str) -> None:
        if wearer not in self._pipeline.rows:
            self._pipeline.watch(wearer)
            log.info("%s is watched too", wearer)
        if received is not None:
            self._pipeline.receive(wearer, received)

    def _use(self, choice: Choice) -> None:
        for why in self._pipeline.use(choice):
            log.warning("what a model knew of everybody cannot be used (%s): it is learnt anew", why)
        state = self._pipeline.models
        log.warning("%s watches from now on%s", state.watches, f", {state.shadow} in shadow" if state.shadow else "")

    def _save(self) -> None:
        """Keep what was learnt, if the disk takes it: a full disk costs the learnt of a minute, never an alert."""
        try:
            save_learnt(self._pipeline, self._learnt)
        except OSError as error:
            self._tell(f"what was learnt cannot be kept in {self._learnt}: {error.strerror}", logging.ERROR)
            return
        while self._taken_over:
            path, made_ns = self._taken_over.popitem()
            with contextlib.suppress(OSError):
                if path.stat().st_mtime_ns == made_ns:
                    path.unlink()

    def _take_over(self) -> None:
        """Go on from what was learnt elsewhere of a wearer whose readings turned out to be another's; once, and to be
        deleted when it is kept here. What is of nobody who is watched waits."""
        for path in sorted(self._learnt.parent.glob(f"{RELEARNT}/*.npz")):
            with contextlib.suppress(OSError):  # erased meanwhile
                made_ns = path.stat().st_mtime_ns
                if path.stem in self._pipeline.rows and self._taken_over.get(path) != made_ns:
                    load_learnt(self._pipeline, path)
                    self._taken_over[path] = made_ns
                    self._on_taken_over(path.stem)
                    log.warning("what is usual for %s is taken over as it was learnt anew", path.stem)

    def _tell_suspected(self) -> None:
        """Log bands, and nobody's name, as soon as they look exchanged and are known by their names."""
        suspected, bands, rows = self._pipeline.suspected, self._pipeline.bands, self._pipeline.rows
        self._suspected.intersection_update(suspected)
        for each in suspected:
            one, other = bands[rows[each.wearer]], bands[rows[each.other]]
            if each not in self._suspected and one and other:
                self._suspected.add(each)
                log.warning("%s and %s look exchanged: see forecalm bands, and look who wears which", one, other)

    def _tell_shifted(self) -> None:
        """Log inputs of the champion once when they no longer lie as in training."""
        shifted = set(self._pipeline.shifted())
        for name in sorted(shifted - self._shifted):
            log.warning("%s has shifted against what the model was trained on: forecalm models drift", name)
        self._shifted = shifted

    def _tell_disputed(self) -> None:
        """Log, without a name, where the champion and the training-free detector begin to disagree about somebody."""
        disputed = self._pipeline.disputed()
        if {each.wearer for each in disputed} - {each.wearer for each in self._disputed}:
            log.warning("the model that watches says low for minutes of whom the simple rules say high: look at them")
        self._disputed = disputed

    def _tell(self, what: str, level: int) -> None:
        """Log what lasts once."""
        if what not in self._told:
            self._told.add(what)
            log.log(level, what)


def save_learnt(pipeline: Pipeline, path: Path) -> None:
    """Write what is known of each wearer, if there is one; a crash leaves the old file or the new one, never half of
    one."""
    if not pipeline.wearers:
        return
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **pipeline.learnt())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_learnt(pipeline: Pipeline, path: Path) -> None:
    """Go on from ``path``; what of it cannot be used is said and learnt anew, which costs ten minutes of abstaining."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            refused: Sequence[Exception] = pipeline.learn({name: arrays[name] for name in arrays.files})
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, BadZipFile) as error:
        refused = [error]
    for why in refused:
        log.warning("%s cannot be used (%s): everybody's usual is learnt anew", path, why)
