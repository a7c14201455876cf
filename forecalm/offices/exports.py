"""Wishes for exports in; one file each, made in the background, for whoever asked, until it is deleted, out.

Consent is asked three times: when somebody asks, sample by sample while it is written (see ``ingest.exports``), and
again when the file is taken: what a consent covered then and covers no more does not leave.
"""

import logging
import secrets
import shutil
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Self

import msgspec

from console.research.office import Export, ExportedPart, ExportWish, Span
from forecalm.installation import Installation
from forecalm.keeping.files import write_whole
from forecalm.offices.veil import Veiled, veil_of
from ingest.errors import IngestError, RegistryError
from ingest.exports.export import Asked, ExportedWearer, export
from ingest.exports.wearings import Choice
from ingest.readings import Readings
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from ingest.store.protocol import Store

log = logging.getLogger(__name__)

FOLDER: Final = "research/exports"  # in an installation
WISH: Final = "wish.json"
FILE: Final = "export.zip"
DATA: Final = "data"

KEPT_S: Final = 86_400.0
"""A day: whoever asked at night takes it in the morning, and nothing lies about for longer."""

LISTED_S: Final = 30 * 86_400.0
"""How long a page says what was taken out and when it went."""

OPEN_MOST: Final = 5
"""Of one person, that wait, are made or are there to be taken: a day of a wristband is some 100 MB."""

LOOK_S: Final = 1.0
"""How soon what is over its time goes."""

ZIPPING: Final = 0.9
"""Share of the work that is done when everything is written and only to be packed."""


class Dropped(Exception):
    """Nobody wants it any more, or the service stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is on disk of an export: what the pages show, and what consents covered when it was made."""

    export: Export
    covered: Mapping[str, tuple[Span, ...]]


class Exports:
    """Makes exports, one after the other, on a thread of its own. Use as a context manager; called from any thread."""

    def __init__(self, here: Installation, *, store: Store, registry: Registry, clock: Callable[[], float]) -> None:
        self._here = here
        self._store = store
        self._registry = registry
        self._clock = clock
        self._folder = here.folder / FOLDER
        self._known: dict[str, _Kept] = {}
        self._asked: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exports", daemon=True)

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self._folder.glob(f"*/{WISH}")):
            self._recover(path)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._asked.put(None)  # it waits for the next one
        self._thread.join()

    def _recover(self, path: Path) -> None:
        """What a stop cut off was not made; what cannot be read is nobody's."""
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
            log.warning("%s: cannot be read, and is deleted", path)
            shutil.rmtree(path.parent, ignore_errors=True)
            return
        self._known[kept.export.number] = kept
        if kept.export.state in ("waiting", "running"):
            self._clear(kept.export.number)
            self._set(kept.export.number, state="failed", why="The service was stopped meanwhile: ask again.")

    def ask(self, wish: ExportWish, *, by: str) -> str:
        """Begin an export; raises RegistryError where no consent covers anything of somebody, or too many are open."""
        covered = self._covered(wish)
        if without := [wearer for wearer, spans in covered.items() if not spans]:
            raise RegistryError(f"wearers: no consent to research covers anything of {', '.join(without)} in that time")
        with self._lock:
            mine = [each.export for each in self._known.values() if each.export.by == by]
            if sum(each.state in ("waiting", "running", "ready") for each in mine) >= OPEN_MOST:
                raise RegistryError(f"wearers: {OPEN_MOST} exports of yours are open: delete one of them first")
            number, now_s = secrets.token_hex(8), self._clock()
            (self._folder / number).mkdir(mode=0o700)
            made = Export(number=number, by=by, wish=wish, asked_s=now_s, goes_s=now_s + KEPT_S, state="waiting")
            self._keep(_Kept(export=made, covered=covered))
        self._asked.put(number)
        return number

    def of(self, by: str) -> list[Export]:
        """Return those of a person, the latest first."""
        with self._lock:
            mine = [each.export for each in self._known.values() if each.export.by == by]
        return sorted(mine, key=lambda each: -each.asked_s)

    def file(self, number: str, *, by: str) -> Path:
        """Return an export's file, and enter in the audit that it was taken. Raises LookupError where it is not theirs
        or not there, RegistryError where a consent was withdrawn since."""
        kept = self._theirs(number, by)
        path = self._folder / number / FILE
        if kept.export.state != "ready" or not path.is_file():
            raise LookupError(f"export {number}: is not there to be taken")
        if not self._still_covered(kept):
            self._end(number, by, "A consent that covered it was withdrawn, or somebody else wore a band: deleted.")
            raise RegistryError(
                "wearers: a consent that covered this export was withdrawn since, or who wore a band was corrected; its"
                " file is deleted: ask for it again"
            )
        for wearer in kept.covered:
            self._registry.note("take export", wearer=wearer, by=by, export=number, bytes=kept.export.size)
        return path

    def _still_covered(self, kept: _Kept) -> bool:
        try:
            now = self._covered(kept.export.wish)
        except RegistryError:  # somebody was erased
            return False
        return all(_within(spans, now[wearer]) for wearer, spans in kept.covered.items())

    def drop(self, number: str, *, by: str) -> None:
        """Delete an export's file, or stop making it; raises LookupError."""
        self._theirs(number, by)
        self._end(number, by, "You deleted it.")

    def _theirs(self, number: str, by: str) -> _Kept:
        with self._lock:
            kept = self._known.get(number)
        if kept is None or kept.export.by != by:
            raise LookupError(f"export {number}: there is none")
        return kept

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._let_go()
            except Exception:  # a registry or disk that is away: at the next look
                log.exception("exports that are over their time are not deleted yet")
            try:
                number = self._asked.get(timeout=LOOK_S)
            except Empty:
                continue
            if number is None:
                return
            with self._lock:
                kept = self._known.get(number)
            if kept is None or kept.export.state != "waiting":
                continue
            try:
                self._make(number, kept)
            except Dropped:
                self._clear(number)
            except IngestError as error:
                self._fail(number, f"{error}.")
            except Exception as error:  # whatever a disk does: the next one is made all the same
                log.exception("an export could not be made")
                self._fail(number, f"It could not be written ({type(error).__name__}); the server's log says why.")

    def _fail(self, number: str, why: str) -> None:
        self._clear(number)
        self._set(number, state="failed", why=why)

    def _make(self, number: str, kept: _Kept) -> None:
        wish, folder = kept.export.wish, self._folder / number
        self._set(number, state="running")
        wearers = list(wish.wearers)

        def progress(wearer: str, share: float) -> None:
            self._require_wanted(number)
            self._set(number, share=ZIPPING * (wearers.index(wearer) + share) / len(wearers))

        veiled = Veiled(self._here.registry_url, veil_of(self._registry, self._here.secret()))
        try:
            made = export(
                Asked(
                    wearers=wearers,
                    layout=wish.layout,
                    out=folder / DATA,
                    keeping=self._here.folder,
                    now_s=self._clock(),
                    by=kept.export.by,
                    zone=self._here.config.site.time_zone,
                    choice=Choice(
                        since_s=wish.since_s, until_s=wish.until_s, channels=wish.channels, labels=wish.labels
                    ),
                    deidentify=wish.deidentify,
                ),
                store=self._store,
                registry=veiled,
                progress=progress,
            )
        finally:
            veiled.close()
        self._pack(number, folder)
        parts = tuple(_part(each) for each in made.wearers)
        self._require_wanted(number)
        size = (folder / FILE).stat().st_size
        self._set(number, state="ready", share=1.0, size=size, parts=parts, goes_s=self._clock() + KEPT_S)

    def _pack(self, number: str, folder: Path) -> None:
        """Pack what was written, and delete it."""
        part = folder / f"{FILE}.part"
        part.touch(mode=0o600)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            for path in sorted((folder / DATA).rglob("*")):
                self._require_wanted(number)
                if path.is_file():
                    packed.write(path, path.relative_to(folder / DATA))
        part.replace(folder / FILE)
        shutil.rmtree(folder / DATA)

    def _require_wanted(self, number: str) -> None:
        with self._lock:
            kept = self._known.get(number)
        if self._stop.is_set() or kept is None or kept.export.state != "running":
            raise Dropped

    def _let_go(self) -> None:
        """Delete what is over its time, and forget what was deleted long ago."""
        now_s = self._clock()
        with self._lock:
            over = [each.export for each in self._known.values() if each.export.goes_s <= now_s]
        for each in over:
            if each.state == "ready":
                self._end(each.number, "the service", "A day is over: its file was deleted.")
            elif each.state != "running" and each.goes_s + LISTED_S <= now_s:
                with self._lock:
                    self._known.pop(each.number, None)
                shutil.rmtree(self._folder / each.number, ignore_errors=True)

    def _end(self, number: str, by: str, why: str) -> None:
        self._registry.note("delete export", by=by, export=number)
        self._clear(number)
        self._set(number, state="gone", why=why)

    def _clear(self, number: str) -> None:
        """Delete all of an export but what it was."""
        folder = self._folder / number
        shutil.rmtree(folder / DATA, ignore_errors=True)
        for path in (*folder.glob(f"{FILE}*"), *folder.glob(".*.unfinished")):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _set(self, number: str, **changes: Any) -> None:  # noqa: ANN401 - fields of an export
        with self._lock:
            kept = self._known.get(number)
            if kept is None or (kept.export.state == "gone"):
                return
            now = replace(kept, export=replace(kept.export, **changes))
            if set(changes) == {"share"}:
                self._known[number] = now  # not worth a write
            else:
                self._keep(now)

    def _keep(self, kept: _Kept) -> None:
        self._known[kept.export.number] = kept
        write_whole(self._folder / kept.export.number / WISH, msgspec.json.encode(kept))

    def _covered(self, wish: ExportWish) -> dict[str, tuple[Span, ...]]:
        """Return what consents to research cover of each person, of what they wore until now."""
        until_s = max(min(wish.until_s, self._clock()), wish.since_s)
        readings = Readings(self._store, self._registry)
        return {
            wearer: tuple(
                span
                for worn in readings.worn(wearer, wish.since_s, until_s, scope=Scope.RESEARCH)
                for span in worn.covered
            )
            for wearer in wish.wearers
        }


def _part(each: ExportedWearer) -> ExportedPart:
    return ExportedPart(
        written_as=each.written_as,
        recordings=each.recordings,
        seconds=each.seconds,
        samples=sum(each.samples.values()),
        labels=each.labels,
        left_out=each.left_out,
    )


def _within(spans: tuple[Span, ...], now: tuple[Span, ...]) -> bool:
    """Whether consents cover now what they covered then; bands that are still worn reach farther meanwhile."""
    return all(any(a <= low and high <= b for a, b in now) for low, high in spans)
