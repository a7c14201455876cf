"""Packets in, what waits to be stored out, in memory or on disk: names are always in memory, payloads where told."""

from pathlib import Path


class Spool:
    """What a ``Sender`` keeps. Made by ``in_memory`` or ``on_disk``; belongs to one sender."""

    @classmethod
    def in_memory(cls, *, limit: int = 64 << 20) -> "Spool":
        """Nothing survives the process."""
        raise NotImplementedError

    @classmethod
    def on_disk(cls, folder: Path, *, limit: int = 2 << 30) -> "Spool":
        """In ``folder``, made where there is none, with all that waited there. A damaged file is moved aside, and told.

        Raises SpoolError, naming the file and the mend, where the folder cannot be used or another process has it.
        """
        raise NotImplementedError
