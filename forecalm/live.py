"""Received packets in from any thread, the pipeline run on its own: wakes on arrival and at every deadline."""

import logging
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from forecalm.pipeline import Pipeline
from ingest.received import Received
from models.errors import ModelError

log = logging.getLogger(__name__)

IDLE_S: Final = 1.0  # at least once a second the desk is told the time, so that silence is noticed
SAVE_EVERY_S: Final = 60.0  # what is lost of the learnt after a power cut
WAITING_MAX: Final = 100_000  # packets: more than a minute of 1,000 bands; beyond it the sender is held back


class Live:
    """The engine's thread. ``wearer_of(band, utc_s)`` says who wears a band; an unassigned band is stored, not watched.

    An unexpected error ends the thread and calls ``on_failure``: a watch that has stopped must not look like one that
    sees nothing.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        wearer_of: Callable[[str, float], str | None],
        learnt: Path,
        clock: Callable[[], float],
        on_failure: Callable[[], None],
    ) -> None:
        self._pipeline = pipeline
        self._wearer_of = wearer_of
        self._learnt = learnt
        self._clock = clock
        self._on_failure = on_failure
        self._waiting: queue.Queue[Received | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Load what was learnt before, and begin."""
        if self._learnt.exists():
            load_learnt(self._pipeline, self._learnt)
        self._thread.start()

    def receive(self, received: Received) -> None:
        """Hand over a packet, from any thread; waits while the engine is far behind."""
        self._waiting.put(received)

    def stop(self) -> None:
        """Decide what has arrived, keep what was learnt, and end."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop()
        except Exception:
            log.critical("the engine has stopped", exc_info=True)
            self._on_failure()

    def _loop(self) -> None:
        saved_s = self._clock()
        going = True
        while going:
            going = self._take_in()
            now_s = self._clock()
            self._pipeline.advance(now_s)
            if now_s - saved_s >= SAVE_EVERY_S or not going:
                save_learnt(self._pipeline, self._learnt)
                saved_s = now_s

    def _take_in(self) -> bool:
        """Wait for packets, a deadline or the end; give what there is to the pipeline. False at the end."""
        deadline_s = self._pipeline.next_deadline_s()
        wait_s = IDLE_S if deadline_s is None else min(max(deadline_s - self._clock(), 0.0), IDLE_S)
        try:
            received = self._waiting.get(timeout=wait_s)
            while received is not None:
                wearer = self._wearer_of(received.packet.band, received.received_s)
                if wearer is not None:
                    self._pipeline.receive(wearer, received)
                received = self._waiting.get_nowait()
        except queue.Empty:
            return True
        return False


def save_learnt(pipeline: Pipeline, path: Path) -> None:
    """Write what is known of each wearer; a crash leaves the old file or the new one, never half of one."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **pipeline.learnt())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_learnt(pipeline: Pipeline, path: Path) -> None:
    """Go on from ``path``; where it cannot be used say so and learn anew, which costs ten minutes of abstaining."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            pipeline.learn({name: arrays[name] for name in arrays.files})
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, ModelError) as error:
        log.warning("%s cannot be used (%s): everybody's usual is learnt anew", path, error)
