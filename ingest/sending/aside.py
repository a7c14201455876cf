"""A damaged file in, the same out of the way, with what SQLite keeps beside it, out. Bounded in number."""

import logging
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

ASIDE_MAX: Final = 3  # for somebody to look at; a disk that damages file after file must not fill with them
PARTS: Final = ("-wal", "-shm", "")  # the log first: beside a new file it would be taken for its own


def move_aside(path: Path, why: str) -> None:
    """Rename ``path`` to ``….damaged-1`` or the next number, and delete the oldest of those over ``ASIDE_MAX``.

    Raises OSError where it cannot be renamed. One that cannot be deleted is told in the log, and stays.
    """
    earlier = _earlier(path)
    number = max(earlier, default=0) + 1
    for ending in PARTS:
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(_aside(path, number, ending))
    log.error("%s: is damaged (%s): moved to %s; goes on in a new one", path, why, _aside(path, number).name)
    for old in [*earlier, number][:-ASIDE_MAX]:
        _delete(path, old)


def _earlier(path: Path) -> list[int]:
    """The numbers that were given before, in their order."""
    endings = (one.name.rpartition("-")[2] for one in path.parent.glob(f"{path.name}.damaged-*"))
    return sorted(int(ending) for ending in endings if ending.isascii() and ending.isdigit())


def _aside(path: Path, number: int, ending: str = "") -> Path:
    return path.with_name(f"{path.name}.damaged-{number}{ending}")


def _delete(path: Path, number: int) -> None:
    try:
        for ending in PARTS:
            _aside(path, number, ending).unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s: cannot be deleted: %s", _aside(path, number), error.strerror)
    else:
        log.warning("%s: deleted: the newest %d damaged files are kept", _aside(path, number), ASIDE_MAX)
