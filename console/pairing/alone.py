"""An installation's folder in; one pairing in it at a time, from wherever it was begun, out.

Two people who pair at once, each with the other's band in the hand, would answer each other's prompts. What says that
one is under way is a lock on a file: the system lets go of it however a process ends, so that a crash bars nobody.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from console.errors import PairingError

if sys.platform != "win32":
    import fcntl

NAME: Final = "pairing.lock"
SAID_MAX: Final = 1024  # bytes of what the file says


class Alone:
    """The one pairing that may be under way in ``folder``; with None there is nobody else. Not for several threads."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / NAME
        self._fd: int | None = None

    def take(self, band: str, by: str) -> None:
        """Begin, or go on with another band. Raises PairingError, naming what is being paired and by whom, where
        somebody else has begun and not ended."""
        if self._path is None:
            return
        if self._fd is None:
            self._fd = _locked(self._path)
        self._say(f"{band} is being paired by {by}")

    def require_free(self, band: str, by: str) -> None:
        """Raise as ``take`` does, and begin nothing: for whoever has to ask something first, and may wait long."""
        with self.held(band, by):
            pass

    def let_go(self) -> None:
        """It is over; nothing happens where none was begun."""
        if self._fd is not None:
            self._say("")
            fd, self._fd = self._fd, None
            _unlock(fd)

    def _say(self, words: str) -> None:
        """For others to read; a full disk takes no words, and the lock holds without them."""
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, words.encode()[:SAID_MAX], 0)

    @contextmanager
    def held(self, band: str, by: str) -> Iterator[None]:
        """For as long as it lasts; raises as ``take`` does."""
        self.take(band, by)
        try:
            yield
        finally:
            self.let_go()


def _locked(path: Path) -> int:
    """Open and lock. Whoever may do everything leaves the file to whose folder it is: the service must open it too."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform != "win32" and os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(fd, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise PairingError(
            f"whether somebody else is pairing cannot be told: {path}: {error.strerror}; give it to whoever runs the"
            " service, or delete it"
        ) from error
    try:
        if sys.platform != "win32":
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        said = os.pread(fd, SAID_MAX, 0).decode(errors="replace") or "another band is being paired by somebody else"
        os.close(fd)
        raise PairingError(f"{said}: wait until that is done") from error
    except OSError as error:
        os.close(fd)
        raise PairingError(
            f"whether somebody else is pairing cannot be told: {path}: {error.strerror}; its disk must know locks"
        ) from error
    return fd


def _unlock(fd: int) -> None:
    """For any child of ours, too, that has the file open."""
    try:
        if sys.platform != "win32":
            fcntl.flock(fd, fcntl.LOCK_UN)
    finally:
        os.close(fd)
