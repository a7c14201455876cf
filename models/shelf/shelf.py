"""Trained models in, folders on disk out, whole or not at all; and back, where everything about them is proved first.

A model is a folder of its name: ``model.skops``, ``manifest.json``, and ``SHA256SUMS``, which proves both and can be
checked without us (``sha256sum -c SHA256SUMS``). It shows damage and carelessness; against somebody who writes all
three anew stands the manifest's digest, noted when the model was promoted, and that no file can make us run code.
"""

import hashlib
import logging
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED

import msgspec
import skops.io

from models.errors import ShelfError
from models.inputs.inputs import NAMES, VERSION
from models.risk import TRAINING_FREE
from models.shelf import trusted
from models.shelf.manifest import MANIFEST, About, Manifest, decode, encode

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

MODEL: Final = "model.skops"
SUMS: Final = "SHA256SUMS"
WITHDRAWN: Final = "withdrawn"  # the folder of models that may not be used any more
TAKEN: Final = frozenset({WITHDRAWN, TRAINING_FREE, "none"})  # names that mean something else
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LIBRARIES: Final = ("numpy", "scikit-learn", "skops")
ALOUD: Final = 8  # names in a message; the rest is counted


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A model off the shelf: what was ``fitted``, what its ``manifest`` says, whose ``digest`` names exactly this one,
    and ``notes``: what is other than when it was written, and no reason to refuse it."""

    name: str
    fitted: object
    manifest: Manifest
    digest: str
    notes: tuple[str, ...] = ()


def libraries() -> dict[str, str]:
    """Return the versions that a model file depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


class Shelf:
    """The models in ``folder``, which need not be there yet. Methods raise ShelfError, or OSError where a disk does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: set[str] = set()

    def names(self) -> tuple[str, ...]:
        """Return the names of what lies on the shelf, in order, to be believed or not."""
        if not self.folder.is_dir():
            return ()
        here = (path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        return tuple(sorted(path.name for path in here if path.name not in TAKEN))

    def keep(
        self,
        name: str,
        fitted: object,
        about: About,
        *,
        trust: Iterable[str] = (),
        files: Mapping[str, bytes] | None = None,
    ) -> Manifest:
        """Put a model on the shelf under a new name, and return its manifest. ``files`` lie beside it (a card, say).

        Refused where the name is none or taken, and where it holds types that loading would refuse, so that nobody
        finds out later; ``trust`` names types that the caller vouches for.
        """
        self._require_free(name)
        data = _dumped(name, fitted, trust)
        beside = {MODEL: data, **(files or {})}
        for each in beside:
            if each in (MANIFEST, SUMS) or each != Path(each).name or each.startswith("."):
                raise ShelfError(f"model {name!r}: a file cannot be called {each!r} there: give it a name of its own")
        manifest = Manifest(
            name=name,
            libraries=libraries(),
            files={each: hashlib.sha256(beside[each]).hexdigest() for each in sorted(beside)},
            **_of_what_it_reads(fitted, about),
        )
        said = encode(manifest)
        decode(said, MANIFEST)  # what cannot be read back is not written
        self._write(name, {**beside, MANIFEST: said, SUMS: _sums({**beside, MANIFEST: said})})
        return manifest

    def adopt(self, name: str, source: "Shelf") -> str:
        """Put a copy of a model of another shelf on this one, and return the digest of its manifest.

        Refused is what loading refuses, and a name that is taken; what is copied is what was proved.
        """
        self._require_free(name)
        kept = source.load(name)
        folder = source.folder / name
        copied = {each: _read(folder, each, name) for each in (*kept.manifest.files, MANIFEST, SUMS)}
        if copied[SUMS] != _sums({each: data for each, data in copied.items() if each != SUMS}) or (
            hashlib.sha256(copied[MANIFEST]).hexdigest() != kept.digest
        ):
            raise ShelfError(f"model {name!r}: {folder} has just been changed: look who writes there, and try again")
        self._write(name, copied)
        return kept.digest

    def look(self, name: str) -> tuple[Manifest, str]:
        """Return a model's manifest and its digest, every file proved against it; the model itself is not opened."""
        folder = self._folder_of(name)
        said = _read(folder, MANIFEST, name)
        manifest = decode(said, str(folder / MANIFEST))
        if manifest.name != name:
            raise ShelfError(
                f"model {name!r}: its manifest is that of {manifest.name!r}: a folder was renamed or copied"
            )
        files = {each: hashlib.sha256(_read(folder, each, name)).hexdigest() for each in manifest.files}
        wrong = [each for each, digest in files.items() if digest != manifest.files[each]]
        digest = hashlib.sha256(said).hexdigest()
        if _read(folder, SUMS, name) != _lines({**manifest.files, MANIFEST: digest}):
            wrong.append(MANIFEST)
        if wrong or MODEL not in files:
            raise ShelfError(
                f"model {name!r}: {', '.join(wrong) or MODEL} in {folder} is not as it was written, so it may say"
                " anything: restore it from a back-up, or train it again"
            )
        return manifest, digest

    def load(self, name: str, *, inputs: Sequence[str] = NAMES, trust: Iterable[str] = ()) -> Kept:
        """Return a model, proved; ``inputs`` are the names of what it will be given (default: what runs live).

        Refused are a model that is not there or was withdrawn; whose files are not as they were written; that a newer
        forecalm wrote; that reads inputs of another version, or some that are missing; that holds types which are not
        trusted (``trust`` names more that the caller vouches for). Other library versions are logged once.
        """
        manifest, digest = self.look(name)
        _require_inputs(manifest, inputs)
        data = _read(self._folder_of(name), MODEL, name)
        if hashlib.sha256(data).hexdigest() != manifest.files[MODEL]:
            raise ShelfError(f"model {name!r}: {MODEL} has just been changed: look who writes there, and try again")
        fitted = _loaded(name, data, trust)
        notes = _notes(manifest)
        for note in notes:
            if note not in self._told:
                self._told.add(note)
                log.warning("%s", note)
        return Kept(name, fitted, manifest, digest, notes)

    def withdrawn(self, name: str) -> bool:
        """Whether a model of that name lies among the withdrawn, and none in its place."""
        aside = self.folder / WITHDRAWN
        return not (self.folder / name).is_dir() and any(each.is_dir() for each in aside.glob(f"{name}-*"))

    def _folder_of(self, name: str) -> Path:
        if not NAME.fullmatch(name) or name in TAKEN:
            raise ShelfError(f"{name!r} is not the name of a model on the shelf: {_rule()}")
        folder = self.folder / name
        if folder.is_dir():
            return folder
        if self.withdrawn(name):
            raise ShelfError(
                f"model {name!r} was withdrawn: somebody whom it may have been trained on was erased: train it again"
            )
        there = ", ".join(self.names()[:ALOUD]) or "none"
        raise ShelfError(f"model {name!r} is not on the shelf {self.folder}; there are: {there}")

    def _require_free(self, name: str) -> None:
        if not NAME.fullmatch(name) or name in TAKEN:
            raise ShelfError(f"{name!r} cannot be the name of a model: {_rule()}")
        if (self.folder / name).exists():
            raise ShelfError(f"model {name!r} is on the shelf already and is never overwritten: take another name")

    def _write(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write a folder beside its place, then put it there: a crash leaves all of it or none of it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f".{name}.part"
        with _one_by_one(self.folder):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=0o700)
            try:
                for each, data in files.items():
                    _write_file(part / each, data)
                _sync(part)
                if (self.folder / name).exists():
                    raise ShelfError(
                        f"model {name!r} has just been put on the shelf by somebody else: take another name"
                    )
                part.rename(self.folder / name)
            except BaseException as error:
                shutil.rmtree(part, ignore_errors=True)
                if (
                    isinstance(error, OSError) and error.errno is not None and error.filename is None
                ):  # a full disk does not say where
                    raise OSError(error.errno, error.strerror, str(self.folder / name)) from error
                raise
        _sync(self.folder)


def _of_what_it_reads(fitted: object, about: About) -> dict[str, Any]:
    """What is said of a model, of the inputs that it reads alone where it says which these are."""
    said = {field: getattr(about, field) for field in about.__struct_fields__}
    reads = tuple(getattr(fitted, "input_names", about.inputs))
    known = about.training.inputs
    training = msgspec.structs.replace(about.training, inputs={each: known[each] for each in reads if each in known})
    return said | {"inputs": reads, "training": training}


def _rule() -> str:
    return "1 to 64 of a-z 0-9 _ -, the first a letter or a digit, and not " + ", ".join(sorted(TAKEN))


def _dumped(name: str, fitted: object, trust: Iterable[str]) -> bytes:
    try:
        data: bytes = skops.io.dumps(fitted, compression=ZIP_DEFLATED, compresslevel=9)
        strangers = trusted.strangers(data, trust)
    except Exception as error:  # whatever skops meets in what it was given
        raise ShelfError(
            f"model {name!r} cannot be kept: skops cannot write a {type(fitted).__name__}: {error}"
        ) from error
    _require_known(name, strangers)
    return data


def _loaded(name: str, data: bytes, trust: Iterable[str]) -> object:
    try:
        strangers = trusted.strangers(data, trust)
    except Exception as error:  # whatever skops meets in a file that somebody made
        raise ShelfError(f"model {name!r}: {MODEL} is not a skops file: {error}") from error
    _require_known(name, strangers)
    try:
        return trusted.load(data, trust)
    except Exception as error:
        raise ShelfError(
            f"model {name!r}: {MODEL} cannot be loaded with these versions ({error}): take those that its manifest"
            " names, or train it again"
        ) from error


def _require_known(name: str, strangers: list[str]) -> None:
    if strangers:
        raise ShelfError(
            f"model {name!r} holds {_some(strangers)}, which is not trusted: a model may hold scikit-learn's plain"
            " types and ours; vouch for a type of your own by its full name, or leave it out"
        )


def _require_inputs(manifest: Manifest, inputs: Sequence[str]) -> None:
    if manifest.inputs_version != VERSION:
        raise ShelfError(
            f"model {manifest.name!r} was trained on inputs of version {manifest.inputs_version}, these are of version"
            f" {VERSION} and may mean something else: train it again"
        )
    missing = [each for each in manifest.inputs if each not in set(inputs)]
    if missing:
        raise ShelfError(
            f"model {manifest.name!r} reads {_some(missing)}, which {'is' if len(missing) == 1 else 'are'} missing or"
            " renamed here: train it again on what there is"
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - ALOUD} more" if len(names) > ALOUD else ""
    return ", ".join(repr(each) for each in names[:ALOUD]) + more


def _notes(manifest: Manifest) -> tuple[str, ...]:
    now = libraries()
    return tuple(
        f"model {manifest.name!r} was written with {each} {then}, this is {now.get(each, 'none')}: figures may differ"
        " in the last digits; judge it again before you rely on it"
        for each, then in manifest.libraries.items()
        if now.get(each) != then
    )


def _sums(files: Mapping[str, bytes]) -> bytes:
    return _lines({each: hashlib.sha256(data).hexdigest() for each, data in files.items()})


def _lines(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digests[each]}  {each}\n" for each in sorted(digests)).encode()


def _read(folder: Path, file: str, name: str) -> bytes:
    path = folder / file
    if file != Path(file).name or path.is_symlink() or not path.is_file():
        raise ShelfError(f"model {name!r}: there is no file {file!r} in {folder}: restore it, or train it again")
    return path.read_bytes()


@contextmanager
def _one_by_one(folder: Path) -> Iterator[None]:
    """Who else writes a model there waits: two of one name would write into each other's. Windows has no such call."""
    if sys.platform == "win32":
        yield
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _write_file(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make names in a folder as durable as their files; Windows has no such call."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
