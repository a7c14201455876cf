"""What happened, appended to disk before anybody is told: one JSON object a line, read back at the start."""

import io
import logging
import os
import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from alerts.errors import JournalError
from alerts.events import Event
from alerts.happened import HappenedTo

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

CLOSE_S: Final = 2.0
"""A write that has not ended by then, when everything else has, hangs."""


class Log(Protocol):
    """Where the desk writes before it speaks, and from which it starts again."""

    @property
    def history(self) -> Sequence[Event]:
        """What was in it when it was opened, oldest first."""
        ...

    def append(self, events: Sequence[Event]) -> None:
        """Write all of ``events`` durably; raises JournalError, and then none of them is in the log."""
        ...


class ReadableLog(Log, Protocol):
    """A log that can be read while it is written."""

    def read(self) -> Sequence[Event]:
        """Return everything that is in it now, oldest first; raises JournalError."""
        ...


class Scratch:
    """A log in memory, for replays that tell nobody: what it holds dies with the process."""

    def __init__(self, history: Sequence[Event] = ()) -> None:
        self._events = list(history)

    @property
    def history(self) -> Sequence[Event]:
        """Everything that it holds, oldest first."""
        return tuple(self._events)

    def read(self) -> tuple[Event, ...]:
        """The same."""
        return tuple(self._events)

    def append(self, events: Sequence[Event]) -> None:
        """Keep ``events``."""
        self._events.extend(events)


class Journal:
    """The log on disk at ``path``, made where there is none (its folder too). For one process, and any of its threads.

    A last line without its newline is a write that a crash tore, so nobody was told of it: it is cut off, with a note
    in the log, unless it is whole. Anything else that cannot be read raises JournalError naming file and line, and
    leaves the file as it is. Read whole at the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = _open(path)
        except OSError as error:
            raise JournalError(f"cannot open the journal {path}: {error.strerror}") from error
        try:
            self._lock(self._fd)
            if not os.path.samestat(os.fstat(self._fd), path.stat()):
                raise JournalError(f"another process has just written the journal {path} anew: try again")
            self._part.unlink(missing_ok=True)
            self._history, self._end = self._read()
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._fd)
            raise
        self._encoder = msgspec.json.Encoder()
        self._torn = False
        self._writing = threading.Lock()

    @property
    def history(self) -> Sequence[Event]:
        """What was in it when it was opened, oldest first, but for what was forgotten."""
        return self._history

    def forget(self, wearers: Collection[str]) -> None:
        """Keep of ``history`` only what happened to others than ``wearers``, for whoever is watched later: everybody
        else has taken in what they need, and years of a house fill memory. On disk everything stays."""
        self._history = tuple(
            event for event in self._history if isinstance(event, HappenedTo) and event.wearer not in wearers
        )

    def append(self, events: Sequence[Event]) -> None:
        """Write ``events`` and wait for the disk; raises JournalError, and then none of them is in the journal."""
        data = b"".join(self._encoder.encode(event) + b"\n" for event in events)
        with self._writing:
            try:
                if self._torn:
                    os.ftruncate(self._fd, self._end)
                    self._torn = False
                _write(self._fd, data, self._end)
                os.fsync(self._fd)
            except OSError as error:
                self._torn = True
                raise JournalError(f"cannot write the journal {self._path}: {error.strerror}") from error
            self._end += len(data)

    def read(self) -> tuple[Event, ...]:
        """Return everything that is in it now, oldest first, read anew from the disk; raises JournalError."""
        end = self._end  # a write that hangs keeps nobody from reading what is on disk
        try:
            data = os.pread(self._fd, end, 0) if hasattr(os, "pread") else self._path.read_bytes()[:end]
        except OSError as error:
            raise JournalError(f"cannot read the journal {self._path}: {error.strerror}") from error
        return tuple(_events(data, self._path)[0])

    def erase(self, wearer: str) -> int:
        """Take ``wearer`` out of every line that tells of them (see ``Happened.without``) and return of how many; the
        file that held them is overwritten with zeros.

        A crash leaves the old journal or the new one. Raises JournalError; nothing else is lost. What a disk keeps
        beside a file's content (copies on write, worn blocks) is out of reach. Not on Windows.
        """
        events, _ = self._read()
        left = [event.without(wearer) for event in events]
        stay = [event for event in left if event is not None]
        gone = sum(now != before for now, before in zip(left, events, strict=True))
        if gone:
            data = b"".join(self._encoder.encode(event) + b"\n" for event in stay)
            try:
                self._replace(data)
            except OSError as error:
                raise JournalError(f"cannot write the journal {self._path}: {error.strerror}") from error
            self._history, self._end, self._torn = tuple(stay), len(data), False
        return gone

    def _replace(self, data: bytes) -> None:
        """Put a new file in the place of this one, and wipe the old one."""
        fresh = _open(self._part)
        try:
            self._lock(fresh)  # before it has the journal's name: nobody else is to have it in between
            os.ftruncate(fresh, 0)
            _write(fresh, data, 0)
            os.fsync(fresh)
            self._part.replace(self._path)
        except BaseException:
            os.close(fresh)
            raise
        old, self._fd = self._fd, fresh
        try:
            _sync_folder(self._path.parent)
            _write(old, bytes(os.fstat(old).st_size), 0)
            os.fsync(old)
        finally:
            os.close(old)

    def close(self) -> None:
        """Let go of the file; everything appended is already on disk. One that a write hangs on is left to the end of
        the process: its number must not become another file's."""
        if not self._writing.acquire(timeout=CLOSE_S):
            log.critical("%s: a write hangs, so the file stays open", self._path)
            return
        fd, self._fd = self._fd, -1  # a number that no other file can come to have
        os.close(fd)
        self._writing.release()

    def _lock(self, fd: int) -> None:
        if sys.platform != "win32":
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise JournalError(f"another process writes the journal {self._path}: stop it first") from error

    def _read(self) -> tuple[tuple[Event, ...], int]:
        data = self._path.read_bytes()
        events, end = _events(data, self._path)
        if end < len(data):
            end = self._mend(data[end:], len(events) + 1, end, events)
        return tuple(events), end

    def _mend(self, tail: bytes, number: int, end: int, events: list[Event]) -> int:
        try:
            events.append(msgspec.json.decode(tail, type=Event))
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.warning("%s, line %d: %d bytes of a torn write cut off", self._path, number, len(tail))
            os.ftruncate(self._fd, end)
        else:
            os.lseek(self._fd, 0, os.SEEK_END)
            os.write(self._fd, b"\n")
            end += len(tail) + 1
        os.fsync(self._fd)
        return end


def read(path: Path) -> tuple[Event, ...]:
    """Return what is in the journal at ``path``, oldest first, while a service may be writing it; nothing is written,
    and a last line that is not whole yet is passed over. Empty where there is none. Raises JournalError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise JournalError(f"cannot read the journal {path}: {error.strerror}") from error
    return tuple(_events(data, path)[0])


def _events(data: bytes, path: Path) -> tuple[list[Event], int]:
    """The events of every line that has its end, and where the last of them ends."""
    decoder = msgspec.json.Decoder(Event)
    events: list[Event] = []
    end = 0
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.endswith(b"\n"):
            break
        try:
            events.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise JournalError(
                f"{path}, line {number} is not an event of this version ({error}): mend it or put it aside"
            ) from error
        end += len(line)
    return events, end


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)


def _write(fd: int, data: bytes, at: int) -> None:
    os.lseek(fd, at, os.SEEK_SET)
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _sync_folder(folder: Path) -> None:
    """Make a new file's name as durable as its content; Windows has no such call."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
