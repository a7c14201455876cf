"""A back-up in, an installation of it out, in an empty folder and only if every byte, reading and entry is proved."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forecalm.backup import DUMP, FORMAT, LEDGER, READINGS, REGISTRY, Progress, counted
from forecalm.erasure.erasure import RECEIPTS
from forecalm.erasure.parts import MANIFEST
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import add_line, files_in, make_folder, sha256
from forecalm.keeping.postgres import bring_back
from ingest.registry.audit import Head
from ingest.registry.registry import Registry
from ingest.store.sqlite import SqliteStore

UNPROVED: Final = "restoring"  # the folder in the installation where copies wait until they are proved


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back: when it was copied, what it counts, and the pseudonyms of people who had been erased
    since, and must be again; ``ended``: how many sessions, tablets, tokens and links of then let nobody in any more."""

    made_at: str
    counts: dict[str, int]
    erase_again: tuple[str, ...]
    notes: tuple[str, ...]
    ended: dict[str, int]


def restore(
    here: Installation, folder: Path, *, by: str, receipts: Path | None = None, progress: Progress = lambda _: None
) -> Restored:
    """Bring a back-up back into an installation that is empty. ``receipts`` are those of erasures since the back-up.

    Raises KeepingError where the installation is not empty, or the back-up is not what its manifest says; then its
    folder is left empty (a database of PostgreSQL may not be: take a new one). Raises StoreError, RegistryError or
    OSError.
    """
    said = _manifest(folder)
    _require_empty(here, said)
    waiting = here.folder / UNPROVED
    try:
        _copy(folder, waiting, said, progress)
        _prove(waiting, said, progress)
        registry_url = here.config.registry.url or f"sqlite:///{waiting / REGISTRY}"
        if here.config.registry.url:
            bring_back(registry_url, waiting / DUMP)
            (waiting / DUMP).unlink()
        ended = _proved_and_shut(registry_url, said, by, progress)
        _enter(folder, waiting, said)
        for path in sorted(waiting.iterdir()):
            path.rename(here.folder / path.name)
        waiting.rmdir()
    except BaseException:
        shutil.rmtree(waiting, ignore_errors=True)
        raise
    with closing(here.open_registry()) as registry:
        registry.note("restore", by=by, made_at=said["made_at"])
        again = tuple(_erased_since(registry, [here.folder / RECEIPTS, *([receipts] if receipts else [])]))
    return Restored(said["made_at"], said.get("counts_in_it", said["counts"]), again, tuple(said["not_in_it"]), ended)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not folder.is_dir():
        raise KeepingError(f"{folder.absolute()}: there is no such folder; name the one that forecalm backup made")
    if not path.is_file():
        raise KeepingError(f"{folder}: has no {MANIFEST}: it is no back-up, or not a whole one")
    try:
        said = json.loads(path.read_bytes())
        kind, form = said["forecalm"], said["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise KeepingError(f"{path}: is not the manifest of a back-up ({error})") from None
    if kind != "backup" or form > FORMAT:
        raise KeepingError(f"{path}: format {form} of {said.get('version')} is newer than this program: take that one")
    return dict(said)


def _require_empty(here: Installation, said: dict[str, Any]) -> None:
    there = [path for path in here.folder.iterdir() if path.name != UNPROVED]
    if there:
        raise KeepingError(f"{here.folder}: is not empty ({there[0].name}...): nothing is overwritten; name another")
    if bool(here.config.registry.url) != (DUMP in said["files"]):
        where = "a PostgreSQL: set registry.url" if DUMP in said["files"] else "a file: leave registry.url empty"
        raise KeepingError(f"the registry of this back-up was {where}")
    if said["settles_in"] != here.config.store.kind:
        raise KeepingError(f"its readings settled in {said['settles_in']}: set store.kind to that")


def _copy(folder: Path, waiting: Path, said: dict[str, Any], progress: Progress) -> None:
    """Copy every file and compare what has arrived with the manifest."""
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(mode=0o700)
    for name, file in said["files"].items():
        progress(name)
        source, target = folder / name, waiting / name
        if not target.resolve().is_relative_to(waiting.resolve()):
            raise KeepingError(f"{folder / MANIFEST}: {name} leads out of the folder")
        if not source.is_file():
            raise KeepingError(f"{source}: is missing; the back-up is not whole")
        make_folder(target.parent)
        shutil.copyfile(source, target)
        target.chmod(0o600)
        if sha256(target) != file["sha256"]:
            raise KeepingError(f"{source}: is not what was copied; the back-up is damaged or was changed")
    strays = {path.relative_to(folder).as_posix() for path in files_in(folder)} - said["files"].keys() - {MANIFEST}
    if strays:
        raise KeepingError(f"{folder / min(strays)}: is not in the manifest; take it away, or take another back-up")


def _prove(waiting: Path, said: dict[str, Any], progress: Progress) -> None:
    progress("every reading")
    with closing(SqliteStore(waiting / READINGS)) as store:
        wrong = store.check()
    found = counted(waiting)
    if found != said["counts"]:
        wrong.append(f"it holds {found}, the manifest says {said['counts']}")
    if wrong:
        raise KeepingError(f"the back-up is damaged: {'; '.join(wrong[:5])}")


def _proved_and_shut(url: str, said: dict[str, Any], by: str, progress: Progress) -> dict[str, int]:
    """Prove the audit, and let nobody in by what let them in then: whoever was signed out, and whatever was revoked,
    since the back-up would be let in again. Return what was ended. It is done before the copies are an installation."""
    progress("every entry of the audit")
    with closing(Registry(url)) as registry:
        registry.upgrade()
        wrong = registry.verify_audit(Head(said["audit_head"]["number"], said["audit_head"]["digest"]))
    if wrong:
        raise KeepingError(f"the audit of this back-up is not whole: {'; '.join(wrong[:3])}")
    with closing(Registry(url)) as registry:
        return registry.end_ways_in(by=by)


def _enter(folder: Path, waiting: Path, said: dict[str, Any]) -> None:
    """The copy holds whoever was there: later erasures in the new installation must find it."""
    digest = sha256(folder / MANIFEST)
    add_line(waiting / LEDGER, {"path": str(folder.absolute()), "sha256": digest, "at": said["made_at"]})


def _erased_since(registry: Registry, folders: list[Path]) -> Iterator[str]:
    """Whom a receipt knows: its digest is that of a key which was destroyed, and which the back-up has brought back."""
    known = set()
    for folder in folders:
        for path in sorted(folder.glob("erasure-*.json")) if folder.is_dir() else ():
            known.add(json.loads(path.read_bytes()).get("subject"))
    for wearer in registry.wearers():
        entries = registry.audit_entries(wearer)
        if entries and entries[-1].subject in known:
            yield wearer
