"""A wearer in; what an installation holds of them told, then taken away, and a receipt that names nobody out.

What is there is deleted in an order in which a crash leaves a known wearer and a mark: done again, it is finished. The
registry, which knows what belongs to whom, goes last; the consent goes first, so that nothing new is kept meanwhile.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from alerts.errors import JournalError
from alerts.journal import Journal, read
from forecalm.erasure.exports import ExportFiles, ExportKey, Exports
from forecalm.erasure.parts import Backups, Files, Foretold, Learnt, Models, Part, Rehearsals, Trace
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import lines_of, shred, write_whole
from forecalm.keeping.ranges import end_of, ends_within, erase_ended
from ingest.registry.registry import Registry
from ingest.store.inbox import REACH_S
from ingest.store.influx_derived import DERIVED
from ingest.store.protocol import Store

RECEIPTS: Final = "receipts"
PACE: Final = 50_000.0  # packets that are looked at and erased in a second, at the least
BASE_S: Final = 10.0  # for everything else
WIPES: Final = 5  # tries to rid the registry's files of what was deleted

Progress = Callable[[str, int], None]
"""``progress(what, packets)``: how many packets have been counted."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is of a wearer; ``known``: the registry knows them still, else an erasure was cut off at its end."""

    wearer: str
    known: bool
    traces: tuple[Trace, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind go."""
        found: dict[str, int] = {}
        for trace in self.traces:
            if not trace.stays:
                found[trace.kind] = found.get(trace.kind, 0) + trace.count
        return found

    @property
    def stay(self) -> dict[str, int]:
        """How many of each kind stay, for the person who erases to see to."""
        found: dict[str, int] = {}
        for trace in self.traces:
            if trace.stays:
                found[trace.kind] = found.get(trace.kind, 0) + trace.count
        return found

    @property
    def takes_s(self) -> float:
        """How long erasing takes, about."""
        return BASE_S + 2 * self.counts.get("packets", 0) / PACE


class Readings:
    """Packets of the wristbands that they wore, and of recordings that were imported."""

    def __init__(self, registry: Registry, store: Store, progress: Progress) -> None:
        self._registry = registry
        self._store = store
        self._progress = progress

    def _worn(self, wearer: str) -> Iterator[tuple[str, float, float]]:
        held = {band.band: band for band in self._store.bands()}
        for worn in self._registry.worn_by(wearer):
            band, until_s = held.get(worn.band), math.inf if worn.until_s is None else worn.until_s
            if band is not None and band.first_s - REACH_S <= until_s and worn.since_s <= band.last_s + REACH_S:
                yield worn.band, worn.since_s, until_s

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``; every packet is looked at."""
        total = 0
        for band, since_s, until_s in self._worn(wearer):
            packets = samples = 0
            for received in self._store.packets(band, since_s - REACH_S, until_s + REACH_S):
                if since_s <= end_of(received) < until_s:
                    packets, samples, total = packets + 1, samples + received.samples(), total + 1
                    if total % 10_000 == 0:
                        self._progress(band, total)
            if packets:
                what = f"{band}, {_date(since_s)} to {_date(until_s)}"
                yield Trace("packets", what, packets)
                yield Trace("samples", what, samples)

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``: what is inseparable from a neighbour's packet takes it along."""
        for worn in self._registry.worn_by(wearer):  # those too of which there is nothing but in quarantine
            until_s = math.inf if worn.until_s is None else worn.until_s
            erase_ended(self._store, worn.band, worn.since_s, until_s)
            if ends_within(self._store, worn.band, worn.since_s, until_s):
                self._store.erase(worn.band, worn.since_s, until_s)
        self._store.settle(0.0)


class Alerts:
    """The lines of the journal."""

    def __init__(self, path: Path, journal: Journal | None) -> None:
        self._path = path
        self._journal = journal

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``; a service may be writing."""
        count = sum(event.without(wearer) != event for event in read(self._path))
        if count:
            yield Trace("journal lines", str(self._path), count)

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``."""
        if self._journal is not None:
            self._journal.erase(wearer)


class Derived:
    """What was written to InfluxDB for dashboards."""

    def __init__(self, here: Installation) -> None:
        self._here = here

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        influx = self._here.open_influx()
        if influx is None:
            return
        try:
            found = influx.rows(f'SELECT count("risk") FROM "{DERIVED}" WHERE {_of(wearer)}', int)  # noqa: S608
            count = sum(row[1] for _, rows in found for row in rows)
        finally:
            influx.close()
        if count:
            yield Trace("derived seconds", f"{influx}, measurement {DERIVED}", count)

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``; InfluxDB 3.x has no DELETE and refuses."""
        influx = self._here.open_influx()
        if influx is None:
            return
        try:
            influx.run(f'DELETE FROM "{DERIVED}" WHERE {_of(wearer)}')  # noqa: S608
        finally:
            influx.close()


class Erasure:
    """Erases wearers of an installation on behalf of ``by``. ``journal`` is held open, so that no service runs; None
    where there is only to be listed.

    Raises KeepingError where the wearer is unknown, and whatever a part raises; then some is deleted, and doing it
    again finishes it.
    """

    def __init__(
        self,
        here: Installation,
        registry: Registry,
        store: Store,
        *,
        by: str,
        backups: bool = False,
        journal: Journal | None = None,
        progress: Progress = lambda *_: None,
    ) -> None:
        self._here = here
        self._registry = registry
        self._by = by
        self._mark = here.erasing
        self._parts: Sequence[Part] = (  # what is used, first; what knows to whom things belong, last
            Models(here),
            Learnt(here.learnt),
            Files(here),
            Foretold(here),
            Rehearsals(here),
            ExportFiles(here),
            Exports(here),
            ExportKey(here),
            Backups(here, delete=backups),
            Alerts(here.journal, journal),
            Derived(here),
            Readings(registry, store, progress),
        )

    def look(self, wearer: str) -> Listing:
        """Say everything that there is of a wearer. Raises KeepingError where there is nobody of that pseudonym."""
        known = wearer in self._registry.wearers()
        if not known and self._begun().get("wearer") != wearer:
            raise KeepingError(f"wearer: nobody is known as {wearer!r}, and no erasure of theirs was cut off")
        traces = [trace for part in self._parts for trace in part.traces(wearer)] if known else []
        rows = self._registry.traces_of(wearer) if known else {}
        traces += [Trace("registry rows", str(table), count) for table, count in rows.items()]
        return Listing(wearer, known, tuple(traces))

    def erase(self, listed: Listing, now_s: float) -> Path:
        """Take away all that was listed, and return where the receipt is."""
        wearer, at, began = listed.wearer, datetime.fromtimestamp(now_s, UTC), time.monotonic()
        begun = self._begin(listed, at)
        if listed.known:
            self._registry.withdraw_consent(wearer, at_s=now_s, by=self._by)
            for part in self._parts:
                part.erase(wearer, at.date().isoformat())
            left = [trace for part in self._parts for trace in part.traces(wearer) if not trace.stays]
            if left:
                raise KeepingError(f"{left[0].kind} of {left[0].what} are still there; erase again")
            self._registry.erase_wearer(wearer, by=self._by)
        self._wipe()
        receipt = self._receipt(begun, at + timedelta(seconds=time.monotonic() - began))
        shred(self._mark)
        return receipt

    def _wipe(self) -> None:
        for _ in range(WIPES):
            if self._registry.wipe():
                return
        raise KeepingError(
            "the registry's rows are deleted, but somebody who reads it keeps their bytes in its log: end that, and"
            " erase again"
        )

    def _begun(self) -> dict[str, Any]:
        """What the mark of an erasure that was cut off says."""
        return next(lines_of(self._mark), {})

    def _begin(self, listed: Listing, at: datetime) -> dict[str, Any]:
        """Leave a mark, by which an erasure that is cut off is known, and return what it says."""
        begun = self._begun()
        if begun and begun["wearer"] != listed.wearer:
            raise KeepingError(f"an erasure of {begun['wearer']} was cut off: finish it first, erase them again")
        if not begun:
            subject = self._registry.audit_entries(listed.wearer)[-1].subject
            begun = {"wearer": listed.wearer, "subject": subject, "begun_at": at.isoformat()}
        if listed.known:
            gone = begun.get("gone", {})
            begun["gone"] = gone | {kind: max(count, gone.get(kind, 0)) for kind, count in listed.counts.items()}
            begun["stay"] = listed.stay
        write_whole(self._mark, json.dumps(begun).encode() + b"\n")
        return begun

    def _receipt(self, begun: dict[str, Any], done: datetime) -> Path:
        """Write what was deleted, when and by whom; the digest can be told from no other any more."""
        said = {
            "receipt": "erasure of a wearer; the subject is HMAC-SHA256 of the pseudonym under a key that is destroyed",
            "subject": begun["subject"],
            "begun_at": begun["begun_at"],
            "done_at": done.isoformat(),
            "by": self._by,
            "deleted": begun["gone"],
            "not_deleted": begun["stay"],
            "audit_head": asdict(self._registry.audit_head()),
        }
        folder = self._here.folder / RECEIPTS
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"erasure-{done.date().isoformat()}-{begun['subject'][:12]}.json"
        write_whole(path, json.dumps(said, indent=2).encode() + b"\n")
        return path


def hold(here: Installation, listed: Listing) -> Journal:
    """Take hold of the journal, so that no service runs meanwhile. Raises KeepingError where one does."""
    try:
        return Journal(here.journal)
    except JournalError as error:
        raise KeepingError(
            f"{error}. Erasing takes about {listed.takes_s:.0f} s, for which nobody is watched; bands and gateways keep"
            " their readings meanwhile. Nothing is erased yet."
        ) from error


def pending(here: Installation) -> str | None:
    """The pseudonym of somebody whose erasure was cut off."""
    found = next(lines_of(here.erasing), {}).get("wearer")
    return None if found is None else str(found)


def _of(wearer: str) -> str:
    """A condition of InfluxQL; a pseudonym has letters, digits, - and _ only."""
    quoted = wearer.replace("\\", "\\\\").replace("'", "\\'")
    return f"\"wearer\" = '{quoted}'"


def _date(at_s: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M}" if math.isfinite(at_s) else "now"
    except (OverflowError, ValueError, OSError):
        return f"{at_s:.0f}"
