"""An installation whose service runs in; what there is of somebody, looked at in the background, and their erasure,
planned for a start of the service that comes at once, out."""

import logging
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from console.administration.office import Looked, Receipt, Trace
from forecalm.erasure import planned
from forecalm.erasure.erasure import RECEIPTS, Erasure
from forecalm.installation import Installation
from ingest.registry.registry import Registry

log = logging.getLogger(__name__)

NAME: Final = re.compile(r"erasure-[0-9-]{10}-[0-9a-f]{12}\.json\Z")
"""As receipts are called; nothing else of that folder is handed out."""

KEPT_S: Final = 600.0
"""Whoever reads what there is takes minutes; then it is looked at anew."""


@dataclass(slots=True)
class _Look:
    """One look at everything of somebody, by a thread of its own."""

    began_s: float
    counted: int = 0
    done: Looked | None = None


class Erasures:
    """See ``console.administration.office.Erasing``. ``again`` has the service end itself and begin anew; ``clock``
    gives UTC seconds. Threads may share it."""

    def __init__(
        self, here: Installation, registry: Registry, *, again: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._here, self._registry, self._again, self._clock = here, registry, again, clock
        self._lock = threading.Lock()
        self._looks: dict[str, _Look] = {}

    def look(self, wearer: str) -> Looked:
        """See ``Erasing.look``."""
        now_s = self._clock()
        with self._lock:
            look = self._looks.get(wearer)
            if look is None or (look.done is not None and now_s - look.began_s > KEPT_S):
                look = self._looks[wearer] = _Look(now_s)
                threading.Thread(target=self._see, args=(wearer, look), name="erasure", daemon=True).start()
        return look.done or Looked(look.counted, None, 0.0)

    def _see(self, wearer: str, look: _Look) -> None:
        def count(_: str, packets: int) -> None:
            look.counted = packets

        try:
            with closing(self._here.open_store()) as store:
                listed = Erasure(self._here, self._registry, store, by="", progress=count).look(wearer)
        except Exception as error:
            log.exception("it cannot be said what there is of somebody")
            look.done = Looked(
                look.counted, None, 0.0, why=f"{type(error).__name__}: the log of this server says more."
            )
            return
        traces = tuple(Trace(each.kind, each.what, each.count, each.stays) for each in listed.traces)
        look.done = Looked(look.counted, traces, listed.takes_s)

    def forget(self, wearer: str) -> None:
        """See ``Erasing.forget``."""
        with self._lock:
            look = self._looks.get(wearer)
            if look is not None and look.done is not None:
                del self._looks[wearer]

    def plan(self, wearer: str, *, by: str) -> None:
        """See ``Erasing.plan``. The audit knows who planned it before anything is erased."""
        planned.plan(self._here, wearer, by=by)
        self._registry.note("plan erasure", wearer=wearer, by=by)
        self._again()

    def planned(self) -> str:
        """See ``Erasing.planned``."""
        return planned.planned(self._here)

    def failed(self) -> str:
        """See ``Erasing.failed``."""
        return planned.failed(self._here)

    def receipts(self) -> Sequence[Receipt]:
        """See ``Erasing.receipts``."""
        folder = self._here.folder / RECEIPTS
        found = [each for each in folder.iterdir() if NAME.match(each.name)] if folder.is_dir() else []
        return sorted((Receipt(each.name, each.stat().st_mtime) for each in found), key=lambda each: -each.at_s)

    def receipt(self, name: str) -> bytes:
        """See ``Erasing.receipt``."""
        path = self._here.folder / RECEIPTS / name
        if not NAME.match(name) or not path.is_file():
            raise LookupError("there is no such receipt")
        return path.read_bytes()
