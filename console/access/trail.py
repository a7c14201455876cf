"""What somebody saw, did or was refused in; entries of the audit, made behind the answer, out.

Entering holds up nobody and fails nobody: it happens on a thread of its own, and where a registry is away what it
could not take is counted, said on the pages of administrators, and entered as a number when the registry is back.
"""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from console.access.asker import Asker, Kind
from ingest.errors import RegistryError

log = logging.getLogger(__name__)

WAITING_MOST: Final = 2_000
"""Entries that wait: some minutes of a busy house while the registry restarts, and less than a megabyte."""

REFUSALS_MOST: Final = 200
"""Refusals among them: whoever knocks with forged keys, and needs none to knock, takes no room from what people do."""

LOOK_S: Final = 900.0
"""Who looks at the same person's data again within a quarter of an hour [s] is entered once."""

LOOKS_MOST: Final = 20_000
"""Looks remembered, so that they are entered once: a thousand people by twenty askers; beyond, some come twice."""

NOBODY_KNOWN: Final = "the board"
"""Whom the audit names where nobody is known to have asked."""

Said = str | float | int | bool | None
"""What an entry tells beside who, what and about whom. It must name nobody, and hold no secret."""


class Audit(Protocol):
    """Where entries are kept: see ``ingest.registry.registry``. May block; raises RegistryError, StoreError."""

    def note(self, action: str, *, wearer: str | None = None, by: str, **detail: Said) -> None:
        """Append an entry; refused where nobody is known by the name of ``wearer``."""
        ...

    def note_refusal(self, action: str, *, wearer: str | None = None, by: str, **detail: Said) -> bool:
        """Append that something was refused, unless there were many of the kind within the hour."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    action: str
    wearer: str | None
    by: str
    detail: Mapping[str, Said] = field(default_factory=dict)
    refused: bool = False


class Trail:
    """Enters what it is told, in order, at most ``most`` waiting. Threads may share it; ``lost`` is called with how
    many could not be entered."""

    def __init__(
        self, audit: Audit | None, *, most: int = WAITING_MOST, lost: Callable[[int], None] = lambda count: None
    ) -> None:
        self._audit = audit
        self._most = most
        self._count_lost = lost
        self._lock = threading.Lock()
        self._waiting: deque[_Entry] = deque()
        self._refusals = 0  # among those that wait
        self._crowded_out = 0  # refusals that found no room, and that no entry tells of yet
        self._writer: threading.Thread | None = None
        self._looks: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._untold = 0  # lost, and not yet entered as a number
        self._failing = False

    @property
    def trouble(self) -> str:
        """Why the audit is not whole at the moment, for administrators; "" where it is."""
        if self._failing:
            return f"The audit cannot be written: {self._untold} entries are missing so far. Look at the registry."
        return ""

    def look(self, asker: Asker, wearer: str | None, what: str, now_s: float) -> None:
        """Enter that ``asker`` looks at ``what`` of ``wearer`` at ``now_s`` [UTC s], once in a quarter of an hour."""
        key, quarter = (asker.kind, asker.id or asker.name, wearer or "", what), int(now_s // LOOK_S)
        with self._lock:
            known = self._looks.get(key) == quarter
            self._looks[key] = quarter
            self._looks.move_to_end(key)
            if len(self._looks) > LOOKS_MOST:
                self._looks.popitem(last=False)
        if not known:
            self._enter(_Entry("look", wearer, actor(asker), {"what": what}))

    def act(self, asker: Asker, action: str, *, wearer: str | None = None, by: str = "", **detail: Said) -> None:
        """Enter that ``asker`` did something; ``by`` is in whose name, where a tablet did it."""
        self._enter(_Entry(action, wearer, actor(asker, by), detail))

    def refuse(self, asker: Asker, action: str, *, because: str, **detail: Said) -> None:
        """Enter that ``asker`` was refused something."""
        self._enter(_Entry(action, None, actor(asker), {**detail, "because": because}, refused=True))

    def close(self, within_s: float = 5.0) -> None:
        """Wait until everything is entered, but no longer than ``within_s``."""
        writer = self._writer
        if writer is not None:
            writer.join(within_s)

    def _enter(self, entry: _Entry) -> None:
        if self._audit is None:
            return
        with self._lock:
            if entry.refused and self._refusals >= min(REFUSALS_MOST, self._most):
                self._crowded_out += 1
                return
            if len(self._waiting) >= self._most:
                self._lose()
                return
            self._waiting.append(entry)
            self._refusals += entry.refused
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, args=(self._audit,), name="audit", daemon=True)
                self._writer.start()

    def _write(self, audit: Audit) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._writer = None
                    return
                entry = self._waiting.popleft()
                self._refusals -= entry.refused
            try:
                self._write_one(audit, entry)
                self._tell_lost(audit)
            except Exception as error:  # whatever a database may raise: nobody's alert depends on it
                with self._lock:
                    self._lose(error)

    def _write_one(self, audit: Audit, entry: _Entry) -> None:
        if not entry.refused:
            _write(audit, entry)
            return
        crowded = self._crowded_out
        more: dict[str, Said] = {"crowded_out": crowded} if crowded else {}
        if audit.note_refusal(entry.action, by=entry.by, **entry.detail, **more):  # type: ignore[arg-type] # no wearer
            with self._lock:
                self._crowded_out -= crowded

    def _lose(self, error: Exception | None = None) -> None:
        if not self._failing:
            log.error("the audit cannot be written: %s", "too much waits" if error is None else type(error).__name__)
        self._failing = True
        self._untold += 1
        self._count_lost(1)

    def _tell_lost(self, audit: Audit) -> None:
        untold = self._untold
        if not untold:
            return
        audit.note("audit was not written", by=NOBODY_KNOWN, entries=untold)
        with self._lock:
            self._untold -= untold  # some may have been lost meanwhile
            self._failing = self._untold > 0
        if not self._failing:
            log.warning("the audit is written again")


def _write(audit: Audit, entry: _Entry) -> None:
    try:
        audit.note(entry.action, wearer=entry.wearer, by=entry.by, **entry.detail)
    except RegistryError:
        if entry.wearer is None:
            raise
        audit.note(entry.action, by=entry.by, **entry.detail, nobody_known=True)  # type: ignore[arg-type] # the same  # somebody no registry knows


def actor(asker: Asker, by: str = "") -> str:
    """Return whom the audit names: a person by their account, a carer at a tablet by both."""
    if asker.kind is Kind.TABLET and by:
        return f"{by}, at {asker.name or 'a tablet'}"
    return asker.name or by or NOBODY_KNOWN
