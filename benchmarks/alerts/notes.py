"""What a process saw in; a line of its own file, which outlives a kill, out, and all lines of a file back."""

import email
import email.policy
import json
import os
import time
from pathlib import Path
from typing import Any


class Notes:
    """Appends to ``path``: what was written before a SIGKILL is there after it. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, **said: object) -> None:
        """One line, in one write; ``at_s`` is now [UTC s] where it is not said."""
        os.write(self._fd, json.dumps({"at_s": time.time(), **said}).encode() + b"\n")


def read(path: Path) -> list[dict[str, Any]]:
    """Return every whole line; [] where there is no file. A line that a kill tore is left out."""
    return Tail(path).more()


class Tail:
    """Reads ``path`` while somebody writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def more(self) -> list[dict[str, Any]]:
        """Return the whole lines that were not returned yet."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            whole = file.read().rpartition(b"\n")[0]
        if not whole:
            return []
        self._at += len(whole) + 1
        return [json.loads(line) for line in whole.split(b"\n") if line.startswith(b"{") and line.endswith(b"}")]


def text_of(channel: str, what: str) -> str:
    """What a person reads of what arrived: of an e-mail its subject and its text, decoded."""
    if channel != "mail":
        return what
    mail = email.message_from_string(what, policy=email.policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([str(mail["subject"]), *map(str, parts)])
