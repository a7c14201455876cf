"""A secret, and what somebody may do, in; a sealed text that lets them do just that until it ends, out, and back."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from alerts.errors import AlertError

SECRET_MIN: Final = 32
"""Bytes of a secret: as many as the hash has, so that guessing the secret is no easier than guessing a seal."""

SEAL_BYTES: Final = 16
"""128 bits of HMAC-SHA-256 (RFC 2104, section 5): a link has to fit into a text message."""


class Forged(AlertError):
    """The text was not sealed here, or was changed since."""


class Expired(AlertError):
    """It was sealed here, and its time is over."""


@dataclass(frozen=True, slots=True)
class Take:
    """What a link allows: ``to`` takes the matter ``matter_id``, nobody else and no other."""

    matter_id: str
    to: str


class Seals:
    """Seals with ``secret``; everything sealed with it is void once it is another. Raises AlertError where it is short.

    A link goes through services outside, and a matter's id may begin with a pseudonym: so it is encrypted (AES-SIV,
    RFC 5297: the same link for the same receiver and end), and tells nobody what it takes, nor for whom.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_MIN:
            raise AlertError(f"a secret has at least {SECRET_MIN} bytes, not {len(secret)}: make one of random bytes")
        self._secret = secret
        self._links = AESSIV(hmac.digest(secret, b"take", hashlib.sha512))

    def link(self, matter_id: str, to: str, *, until_s: float) -> str:
        """Return the text, fit for a URL, with which ``to`` may take ``matter_id`` until ``until_s`` [UTC s]."""
        body = msgspec.json.encode([matter_id, to, int(until_s)])
        return _text(self._links.encrypt(body, None))

    def read(self, token: str, *, now_s: float) -> Take:
        """Return what ``token`` allows at ``now_s`` [UTC s]; raises Forged or Expired."""
        try:
            content = self._links.decrypt(_bytes(token), None)
        except (InvalidTag, ValueError):
            raise Forged("this link was not made here, or is not whole: open it anew from the message") from None
        matter_id, to, until_s = msgspec.json.decode(content, type=tuple[str, str, int])
        if now_s > until_s:
            raise Expired("this link is too old: take the alert at a tablet, or from a newer message")
        return Take(matter_id, to)

    def tablet_key(self, tablet: str) -> str:
        """Return the key by which ``tablet`` shows that it is itself; it does not end."""
        return _text(self._seal(tablet))

    def opens(self, tablet: str, key: str) -> bool:
        """Whether ``key`` is that of ``tablet``, in a time that says nothing about either."""
        return hmac.compare_digest(self._seal(tablet), _bytes(key))

    def _seal(self, tablet: str) -> bytes:
        return hmac.digest(self._secret, b"tablet\0" + tablet.encode(errors="replace"), hashlib.sha256)[:SEAL_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Return what ``text`` stands for; b"", which no seal is, where it is not written as here."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _text(data) == text else b""
