"""A file in, numbers for packets of bands that do not number out: never one twice, whatever dies.

A run of the gateway is a boot of every such band. Its number is the second in which the gateway started, or one after
the last run's, and below it twenty bits that this gateway drew once: so that two gateways do not meet.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Final

from ingest.errors import SpoolError

OWN_BITS: Final = 20  # two of ten gateways of a site draw the same with a chance of 4e-5
SECONDS_MAX: Final = 1 << (53 - OWN_BITS)  # docs/wire.md: numbers below 2^53


class Numbering:
    """Numbers of one run of a gateway; ``now_us`` is its clock at the start. Raises SpoolError where ``path`` cannot be
    read as what was written there, or not be written."""

    def __init__(self, path: Path, *, now_us: int) -> None:
        last_s, own = _read(path)
        started_s = max(last_s + 1, now_us // 1_000_000)
        if started_s >= SECONDS_MAX:
            raise SpoolError(f"{path}: {started_s} runs are more than can be numbered: is the clock right?")
        _write(path, started_s, own)
        self.boot: Final = started_s << OWN_BITS | own
        self._next: dict[str, int] = {}

    def number(self, band: str) -> tuple[int, int]:
        """(boot, the next seq) of ``band``."""
        seq = self._next.get(band, 0)
        self._next[band] = seq + 1
        return self.boot, seq

    def take_back(self, band: str, boot: int, seq: int) -> None:
        """The last number of ``band`` was not used after all: a hole would hold up the watermark of all that follows.
        Nothing happens where the number is not from here."""
        if boot == self.boot and self._next.get(band) == seq + 1:
            self._next[band] = seq


def _read(path: Path) -> tuple[int, int]:
    try:
        said = json.loads(path.read_bytes())
        last_s, own = said["started_s"], said["own"]
        if type(last_s) is not int or type(own) is not int or not 0 <= own < 1 << OWN_BITS or last_s < 0:
            raise ValueError(said)
        return last_s, own
    except FileNotFoundError:
        return 0, secrets.randbits(OWN_BITS)
    except (OSError, ValueError, KeyError, TypeError):
        raise SpoolError(f"{path}: cannot be read: delete it, and this gateway numbers as a new one") from None


def _write(path: Path, started_s: int, own: int) -> None:
    write_whole(path, json.dumps({"started_s": started_s, "own": own}).encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or as it was, even if the power goes; for this user alone. Raises
    SpoolError."""
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SpoolError(f"{path}: {error.strerror}: is the disk full, or not ours to write?") from None
