"""The files of the page as they lie on the disk in; a word that changes with any of them out."""

from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDERS: Final = ("static", "templates")

LENGTH: Final = 12
"""Hexadecimal digits: two versions of a page never share them by chance."""


def version() -> str:
    """Return the version of the page: scripts, styles and templates as one."""
    digest = sha256()
    here = Path(__file__).parent
    for path in sorted(path for folder in FOLDERS for path in (here / folder).rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(here).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:LENGTH]
