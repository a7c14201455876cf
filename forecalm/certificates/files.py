"""Bytes in, a file that is whole or not there, and secret where it must be, out."""

import contextlib
import os
from pathlib import Path
from typing import Final

SECRET: Final = 0o600  # its owner alone
PUBLIC: Final = 0o644
FOLDER: Final = 0o700


def keep(path: Path, content: bytes, *, mode: int) -> None:
    """Write ``content`` to ``path``: beside it first, on the disk, then in its place. It never stands there with other
    rights than ``mode``; folders that are made are their owner's alone. Raises OSError."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=FOLDER, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # of a run that was cut off
    before = path.stat() if path.exists() else None
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask says
        if before is not None and (before.st_uid, before.st_gid) != (os.getuid(), os.getgid()):
            with contextlib.suppress(PermissionError):
                os.fchown(file.fileno(), before.st_uid, before.st_gid)  # a broker's file stays the broker's
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
