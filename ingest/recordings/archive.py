"""A path to a folder, a zip or a file in, sources out: named files that a reader may look into, within bounds.

Nothing is ever unpacked to a path: zips are read in memory, and what would lead out of a folder or a zip is refused.
"""

import io
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, Protocol

from ingest.errors import RecordingError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FILE_MAX: Final = 256 << 20  # bytes of one file: six days of BVP as text, the largest of a session
TOTAL_MAX: Final = 2 << 30  # bytes read out of one zip: a month of sessions; a zip that unpacks to more is a bomb
MEMBERS_MAX: Final = 10_000  # files of a folder or zip: a session has ten, a study some thousands
DEPTH_MAX: Final = 8  # folders within folders: a study's tree has three or four
_DRIVE: Final = re.compile(r"[A-Za-z]:")
HEAD: Final = 4096  # bytes: enough to know a format by


class Source:
    """Files that belong together: a folder, a zip, one file, or a part of these. ``name`` is what messages call it.

    ``names`` are the files by their POSIX path within the source, in order; macOS's twins (``._x``), hidden files and
    zips within (each is a source of its own) are not among them. ``folder`` is where in its root a part lies.
    """

    def __init__(self, name: str, files: "_Files", names: Sequence[str], *, folder: str = ".") -> None:
        self.name = name
        self.names = tuple(names)
        self.folder = folder
        self._files = files

    @property
    def stem(self) -> str:
        """The last part of the name without ``.zip`` or the like: what a recording may be called."""
        return PurePosixPath(self.name).stem

    def open(self, name: str, *, limit: int | None = None) -> IO[bytes]:
        """Open one of ``names`` to be read; raises RecordingError where it is larger than ``limit`` bytes
        (``FILE_MAX``), leads out of the source or cannot be read. Reading from it may raise the same."""
        return self._files.open(name, FILE_MAX if limit is None else limit)

    def read(self, name: str, *, limit: int | None = None) -> bytes:
        """All of one of ``names``; raises RecordingError as ``open`` does."""
        return self._files.read(name, FILE_MAX if limit is None else limit)

    def head(self, name: str, size: int = HEAD) -> bytes:
        """The first ``size`` bytes, however large the file; empty where it cannot be read: a look claims nothing."""
        try:
            with self._files.open(name, None) as file:
                return file.read(size)
        except (RecordingError, OSError):
            return b""

    def where(self, name: str) -> str:
        """How a message calls one of ``names``: the source and the file."""
        return self.name if name == self.name else f"{self.name}: {name}"

    def part(self, names: Sequence[str]) -> "Source":
        """The same with only ``names`` in it, called after the folder that holds them all."""
        folder = _common([str(PurePosixPath(name).parent) for name in names])
        return Source(self.name if folder == "." else f"{self.name}/{folder}", self._files, names, folder=folder)

    def without(self, names: Collection[str]) -> "Source":
        """The same without ``names``."""
        return Source(self.name, self._files, [name for name in self.names if name not in names], folder=self.folder)

    def by_folder(self) -> dict[str, list[str]]:
        """``names`` by the folder that each lies in, in order; ``.`` is the source itself."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            found.setdefault(str(PurePosixPath(name).parent), []).append(name)
        return found

    def beside(self, leaf: str) -> bytes | None:
        """A file called ``leaf`` (any case) in the source's folder, or the nearest above it, or beside the source as a
        whole: a table of labels, say. None where there is none."""
        folders = [self.folder, *(str(above) for above in PurePosixPath(self.folder).parents)]
        for folder in dict.fromkeys(folders):
            for name in self._files.names:
                if str(PurePosixPath(name).parent) == folder and leaf_of(name) == leaf.lower():
                    return self.read(name)
        return self._files.beside(leaf)


def leaf_of(name: str) -> str:
    """The last part of a file's name, in lower case."""
    return name.rsplit("/", 1)[-1].lower()


def decoded(data: bytes, where: str, *, otherwise: str | None = None) -> str:
    """Text from bytes: UTF-8 with or without its mark, UTF-16 with its mark, else as ``otherwise`` has it. Raises
    RecordingError, naming ``where``, the byte and the mend."""
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if otherwise is not None:
            return data.decode(otherwise)
        raise RecordingError(f"{where}: byte {error.start} is no text: export it again") from None


def sources(path: Path) -> Iterator["Source | RecordingError"]:
    """Yield the sources at ``path``: the file or zip itself, or of a folder its loose files as one and each zip in it
    as one. Zips directly within a zip are sources too; deeper ones are files that nobody reads. A source that cannot be
    looked into comes as the error that says why, so that the others are still read. Each can be used until the next is
    asked for. Raises RecordingError where there is nothing at ``path``."""
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:
        raise RecordingError(f"{path}: cannot be looked into: {error.strerror}") from error
    if is_folder:
        folder = _Folder(path)
        loose = [name for name in folder.names if not _is_zip(name)]
        if loose or not folder.names:
            yield Source(path.name or str(path), folder, loose)
        for name in folder.names:
            if _is_zip(name):
                yield from _zips(folder.path_of, name, f"{path.name}/{name}")
    elif not is_file:
        raise RecordingError(f"{path}: there is no such file or folder")
    elif _is_zip(path.name) or _begins_as_zip(path):
        yield from _zips(lambda _: path, path.name, path.name)
    else:
        yield Source(path.name, _One(path), [path.name])


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


class _Files(Protocol):
    """Where a source's files come from."""

    names: list[str]

    def open(self, name: str, limit: int | None) -> IO[bytes]:
        """See ``Source.open``; without a limit only the beginning will be read."""

    def read(self, name: str, limit: int) -> bytes:
        """See ``Source.read``."""

    def beside(self, leaf: str) -> bytes | None:
        """A file beside all of them."""


def _beside(folder: Path, leaf: str) -> bytes | None:
    """The file called ``leaf``, in any case, in a folder on disk."""
    for found in sorted(folder.iterdir()):
        if found.name.lower() == leaf.lower() and found.is_file():
            return _read(found, found.name, FILE_MAX)
    return None


def _read(path: Path, where: str, limit: int) -> bytes:
    with _opened(path, where, limit) as file:
        try:
            return file.read()
        except OSError as error:
            raise RecordingError(f"{where}: cannot be read: {error.strerror}") from error


def _opened(path: Path, where: str, limit: int | None) -> IO[bytes]:
    try:
        if limit is not None and path.stat().st_size > limit:
            raise RecordingError(f"{where}: is larger than {limit} bytes: no recording of one wearing")
        return path.open("rb")
    except OSError as error:
        raise RecordingError(f"{where}: cannot be read: {error.strerror}") from error


class _One:
    """One file on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names = [path.name]

    def open(self, name: str, limit: int | None) -> IO[bytes]:
        return _opened(self._path, name, limit)

    def read(self, name: str, limit: int) -> bytes:
        return _read(self._path, name, limit)

    def beside(self, leaf: str) -> bytes | None:
        return _beside(self._path.parent, leaf)


class _Folder:
    """The regular files below a folder on disk, zips among them; linked folders are not entered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = path.resolve()
        try:
            self.names = sorted(self._walk(path, DEPTH_MAX))
        except OSError as error:
            raise RecordingError(f"{path.name}: cannot be looked into: {error.strerror}") from error

    def _walk(self, folder: Path, depth: int) -> Iterator[str]:
        entries = sorted(folder.iterdir())
        if len(entries) > MEMBERS_MAX:
            raise RecordingError(f"{folder.name}: holds {len(entries)} files: give each session its own folder")
        for entry in entries:
            name = entry.relative_to(self._path).as_posix()
            if _is_hidden(name):
                continue
            if entry.is_dir() and not entry.is_symlink() and depth:
                yield from self._walk(entry, depth - 1)
            elif entry.is_file():
                yield name

    def path_of(self, name: str) -> Path:
        """Where a file is; raises RecordingError where a link leads out of the folder."""
        path = self._path / name
        if not path.resolve().is_relative_to(self._root):
            raise RecordingError(f"{self._path.name}: {name} is a link that leads out of the folder: copy the file")
        return path

    def open(self, name: str, limit: int | None) -> IO[bytes]:
        return _opened(self.path_of(name), f"{self._path.name}: {name}", limit)

    def read(self, name: str, limit: int) -> bytes:
        return _read(self.path_of(name), f"{self._path.name}: {name}", limit)

    def beside(self, leaf: str) -> bytes | None:
        return _beside(self._path.resolve().parent, leaf)


def _is_hidden(name: str) -> bool:
    """Whether it is a hidden file, a twin that macOS writes, or in a folder of them."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _begins_as_zip(path: Path) -> bool:
    """Whether a file that is called something else is a zip all the same."""
    with _opened(path, path.name, None) as file:
        return file.read(4) == b"PK\x03\x04"


def _zips(place: Callable[[str], Path], name: str, shown: str) -> Iterator[Source | RecordingError]:
    """A zip on disk and the zips directly in it; an error in the place of what cannot be opened."""
    try:
        path = place(name)
        file = _opened(path, shown, None)
    except RecordingError as error:
        yield error
        return
    with file:
        try:
            outer = _Zip(file, shown, lambda leaf: _beside(path.parent, leaf))
        except RecordingError as error:
            yield error
            return
        loose = [member for member in outer.names if not _is_zip(member)]
        if loose or not outer.names:
            yield Source(shown, outer, loose)
        for member in outer.names:
            if _is_zip(member):
                yield _within(outer, shown, member)


def _within(outer: "_Zip", shown: str, member: str) -> Source | RecordingError:
    """A zip in a zip."""
    beside = Source(shown, outer, outer.names, folder=str(PurePosixPath(member).parent)).beside
    name = f"{shown}/{member}"
    try:
        files = _Zip(io.BytesIO(outer.read(member, FILE_MAX)), name, beside)
    except RecordingError as error:
        return error
    return Source(name, files, files.names)


class _Zip:
    """The files in a zip, read in memory."""

    def __init__(self, file: IO[bytes], name: str, beside: Callable[[str], bytes | None]) -> None:
        self._name = name
        self.beside = beside
        self._left = TOTAL_MAX
        with _told(name):
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
        if len(infos) > MEMBERS_MAX:
            raise RecordingError(f"{name}: holds {len(infos)} files: give each session its own zip")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            member = info.filename.replace("\\", "/")
            parts = PurePosixPath(member)
            if parts.is_absolute() or ".." in parts.parts or _DRIVE.match(member):
                raise RecordingError(f"{name}: {info.filename[:200]!r} leads out of the archive: refused")
            if member and not member.endswith("/") and not _is_hidden(str(parts)):
                if str(parts) in self._members:
                    raise RecordingError(f"{name}: holds {member[:200]!r} twice: zip it again")
                self._members[str(parts)] = info
        self.names = sorted(self._members)

    def open(self, name: str, limit: int | None) -> IO[bytes]:
        where = f"{self._name}: {name}"
        return io.BufferedReader(_Member(self, self._opened(name, where), where, limit))

    def read(self, name: str, limit: int) -> bytes:
        where = f"{self._name}: {name}"
        with _told(where), self._opened(name, where) as member:
            data = member.read(min(limit, max(self._left, 0)) + 1)
        self.spend(len(data))
        if len(data) > limit:
            raise _too_large(where, limit)
        return data

    def _opened(self, name: str, where: str) -> IO[bytes]:
        info = self._members[name]
        if stat.S_ISLNK(info.external_attr >> 16):
            raise RecordingError(f"{where}: is a link, not a file: zip the files themselves")
        with _told(where):
            return self._zip.open(info)

    def spend(self, size: int) -> None:
        """Count what has been unpacked; raises RecordingError where it is more than any recordings need."""
        self._left -= size
        if self._left < 0:
            raise RecordingError(f"{self._name}: unpacks to more than {TOTAL_MAX} bytes: give each session its own zip")


class _Member(io.RawIOBase):
    """A file in a zip as it is unpacked, never beyond ``limit`` bytes, whatever the zip says of itself."""

    def __init__(self, archive: _Zip, member: IO[bytes], where: str, limit: int | None) -> None:
        self._archive, self._member, self._where, self._limit = archive, member, where, limit
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        with _told(self._where):
            data = self._member.read(len(view))
        self._read += len(data)
        self._archive.spend(len(data))
        if self._limit is not None and self._read > self._limit:
            raise RecordingError(
                f"{self._where}: unpacks to more than {self._limit} bytes: no recording of one wearing"
            )
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._member.close()
        super().close()


def _too_large(where: str, limit: int) -> RecordingError:
    return RecordingError(f"{where}: unpacks to more than {limit} bytes: no recording of one wearing")


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn what goes wrong in a zip into a RecordingError that names it and the mend."""
    try:
        yield
    except RecordingError:  # a ValueError too, and already told
        raise
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise RecordingError(f"{where}: not a whole zip file ({error}): copy or download it again") from error
    except MemoryError as error:  # LZMA makes room for whatever a damaged head asks for
        raise RecordingError(f"{where}: asks for more memory than there is: copy or download it again") from error
    except (RuntimeError, ValueError) as error:  # zipfile's words for a password and for unknown compression
        raise RecordingError(f"{where}: cannot be unpacked ({error}): zip it again without a password") from error


def _common(folders: Sequence[str]) -> str:
    """The deepest folder that holds all of ``folders``."""
    parts = [PurePosixPath(folder).parts for folder in folders]
    shared = takewhile(lambda level: len(set(level)) == 1, zip(*parts, strict=False))
    return str(PurePosixPath(*(level[0] for level in shared)))
