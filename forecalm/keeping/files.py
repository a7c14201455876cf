"""Small files of an installation in; written whole or not at all, and overwritten before they go, out."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from forecalm.keeping.errors import KeepingError

if sys.platform != "win32":
    import fcntl

LOCK: Final = "keeping.lock"
CHUNK: Final = 1 << 20  # bytes read or overwritten at a time


def write_whole(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, readable by this user alone. A crash leaves what was there or this, never half; what
    was there is overwritten with zeros."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        if sys.platform != "win32":
            os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if not path.exists():
        part.replace(path)
        return
    with path.open("r+b") as old:
        part.replace(path)
        _zero(old.fileno())


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    for each in [*reversed(path.parents), path]:
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def shred(path: Path) -> None:
    """Overwrite a file with zeros and remove it. What a disk keeps beside it (copies on write, worn blocks) is out of
    reach."""
    with path.open("r+b") as file:
        _zero(file.fileno())
    path.unlink()


def _zero(fd: int) -> None:
    left = os.fstat(fd).st_size
    os.lseek(fd, 0, os.SEEK_SET)
    while left > 0:
        left -= os.write(fd, bytes(min(left, CHUNK)))
    os.fsync(fd)


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            digest.update(data)
    return digest.hexdigest()


def files_in(path: Path) -> list[Path]:
    """The file itself, or every file below a folder, in order."""
    return [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())


def remove_folder(folder: Path, *, last: Path) -> None:
    """Overwrite and delete every file of a folder, ``last`` at the end, and the folder."""
    for path in [*(each for each in files_in(folder) if each != last), *([last] if last.exists() else [])]:
        shred(path)
    for empty in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        empty.rmdir()
    folder.rmdir()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nothing else of an installation is copied or erased meanwhile. Raises KeepingError where something is."""
    with (folder / LOCK).open("ab") as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise KeepingError(f"{folder}: a back-up or an erasure is under way: wait for its end") from error
        yield


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines; nothing where there is no file. A last line that a crash tore, and
    lines that are no objects, are left out."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def add_line(path: Path, line: dict[str, Any]) -> None:
    """Append an object to a file of JSON lines, durably; a line that a crash tore is closed first."""
    with path.open("a+b") as file:
        file.seek(max(0, path.stat().st_size - 1))
        if file.read() not in (b"", b"\n"):
            file.write(b"\n")
        if sys.platform != "win32":
            os.fchmod(file.fileno(), 0o600)
        file.write(_line(line))
        file.flush()
        os.fsync(file.fileno())


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write a file of JSON lines anew."""
    write_whole(path, b"".join(_line(line) for line in lines))


def _line(line: dict[str, Any]) -> bytes:
    return json.dumps(line, sort_keys=True).encode() + b"\n"
