"""An id that names a person in; one that names nobody, the same each time, out."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Final

BYTES: Final = 24  # 32 characters: the longest ``Topic`` of a push service (RFC 8030, 5.4)


def shade(name: str) -> str:
    """Return 32 characters (base64url) that stand for ``name``: an alert's id begins with its wearer's pseudonym, and
    must not be read by services outside. Whoever has the id can make the same again."""
    return urlsafe_b64encode(hashlib.sha256(name.encode()).digest()[:BYTES]).decode()
