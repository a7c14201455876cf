"""An installation in use in, a folder that holds all of it as of now out, with a manifest by which it can be proved.

Copies are made while the service runs: each is whole in itself. The registry is copied first, so that whatever it
says is stored is in the copy of the readings.
"""

import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from forecalm.erasure.erasure import pending
from forecalm.erasure.parts import MANIFEST
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import add_line, alone, files_in, lines_of, make_folder, sha256, write_lines, write_whole
from forecalm.keeping.postgres import dump
from ingest.registry.registry import Registry
from ingest.store.protocol import Store
from ingest.store.sqlite import SqliteStore

LEDGER: Final = "backups.jsonl"
DUMP: Final = "registry.dump"
READINGS, REGISTRY = "readings.sqlite", "registry.sqlite"
FORMAT: Final = 1  # of the manifest
LEFT_OUT: Final = (".part", ".lock", "-wal", "-shm", "-journal")  # ends of names of files that are under way
APPENDED: Final = ".jsonl"  # copied up to the last whole line

Progress = Callable[[str], None]
"""``progress(what)``: what is copied or looked at now."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A back-up at ``path``; the digest of its manifest, which proves it if it is kept elsewhere; what it counts, and
    what is not in it."""

    path: Path
    digest: str
    counts: dict[str, int]
    notes: tuple[str, ...]


def back_up(
    here: Installation,
    folder: Path,
    *,
    registry: Registry,
    store: Store,
    now_s: float,
    progress: Progress = lambda _: None,
) -> Copied:
    """Copy everything of an installation into a new folder, which appears whole or not at all.

    Raises KeepingError where the folder is not empty or lies in the installation, an erasure was cut off or is under
    way, or pg_dump is missing; StoreError or OSError.
    """
    target = folder.absolute()
    _require_room(here, target)
    with alone(here.folder):
        if pending(here) is not None:
            raise KeepingError(f"an erasure was cut off ({here.erasing}): finish it first: forecalm erase WEARER")
        unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.unfinished")
        add_line(here.folder / LEDGER, {"path": str(unfinished), "unfinished": True})  # cut off, erasures must find it
        make_folder(unfinished)
        try:
            head = _copy(here, unfinished, registry, store, progress)
            manifest, counts, notes = _manifest(here, unfinished, head, now_s, progress)
            write_whole(unfinished / MANIFEST, manifest)
            digest = sha256(unfinished / MANIFEST)
            add_line(here.folder / LEDGER, {"path": str(target), "sha256": digest, "at": _iso(now_s)})
            if target.exists():
                target.rmdir()
            unfinished.rename(target)
            ledger = here.folder / LEDGER
            write_lines(ledger, [line for line in lines_of(ledger) if line.get("path") != str(unfinished)])
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return Copied(target, digest, counts, notes)


def _require_room(here: Installation, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise KeepingError(f"{target}: is there already and not an empty folder: name another; nothing is overwritten")
    if target.resolve().is_relative_to(here.folder.resolve()):
        raise KeepingError(f"{target}: lies in the folder that is copied: a disk that dies would take both")


def _copy(here: Installation, target: Path, registry: Registry, store: Store, progress: Progress) -> dict[str, Any]:
    """Copy everything, the registry first, and return the end of its audit."""
    progress("registry")
    if here.config.registry.url:
        dump(here.config.registry.url, target / DUMP)
        audit = registry.audit_head()
        head = {"number": audit.number, "digest": audit.digest}
    else:
        head = _copy_registry(here.registry, target / REGISTRY)
    progress("readings")
    store.backup(target / READINGS)
    for path in files_in(here.folder):
        name = path.relative_to(here.folder)
        if name.as_posix() in (READINGS, REGISTRY, LEDGER, here.erasing.name) or path.name.endswith(LEFT_OUT):
            continue
        progress(name.as_posix())
        make_folder((target / name).parent)
        _copy_file(path, target / name)
    return head


def _copy_registry(path: Path, target: Path) -> dict[str, Any]:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            number, digest = copy.execute("SELECT number, digest FROM audit_head").fetchone()
    except sqlite3.Error as error:
        raise KeepingError(f"{path}: cannot be copied: {error}") from error
    return {"number": number, "digest": digest}


def _copy_file(path: Path, target: Path) -> None:
    """Copy a small file as it is now; one that has gone meanwhile is not there."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    if path.suffix == APPENDED:
        data = data[: data.rfind(b"\n") + 1]
    write_whole(target, data)


def _manifest(
    here: Installation, target: Path, head: dict[str, Any], now_s: float, progress: Progress
) -> tuple[bytes, dict[str, int], tuple[str, ...]]:
    """What the copy is; its counts, and what is not in it."""
    progress("digests")
    counts = counted(target)
    notes = ["passwords and tokens, which stand in the configuration and the environment"]
    in_it = dict(counts)
    if here.config.store.kind == "influxdb":
        elsewhere = _elsewhere(target)
        in_it |= {name: counts[name] - count for name, count in elsewhere.items()}
        notes.append(f"{elsewhere['packets']:,} packets more are in InfluxDB, which has its own back-up: influx backup")
    files = {
        path.relative_to(target).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in files_in(target)
    }
    said = {
        "forecalm": "backup",
        "format": FORMAT,
        "version": version("forecalm"),
        "made_at": _iso(now_s),
        "settles_in": here.config.store.kind,
        "counts": counts,
        "counts_in_it": in_it,
        "audit_head": head,
        "not_in_it": notes,
        "files": files,
    }
    return json.dumps(said, indent=1).encode() + b"\n", in_it, tuple(notes)


def _elsewhere(folder: Path) -> dict[str, int]:
    """How many packets and samples a copy knows of that are not in it, for they have settled in InfluxDB."""
    with closing(sqlite3.connect(f"{(folder / READINGS).absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        packets, samples = db.execute("SELECT total(packets), total(samples) FROM boots").fetchone()
    return {"packets": int(packets), "samples": int(samples)}


def counted(folder: Path) -> dict[str, int]:
    """What a folder knows of: packets and samples wherever they rest, quarantined messages, lines of the journal."""
    with closing(SqliteStore(folder / READINGS)) as store:
        held = store.counts()
    journal = folder / "journal.jsonl"
    return {
        "bands": len(held.packets),
        "packets": sum(held.packets.values()),
        "samples": sum(held.samples.values()),
        "quarantined": held.quarantined,
        "journal_lines": journal.read_bytes().count(b"\n") if journal.exists() else 0,
    }


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
