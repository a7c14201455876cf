"""Second factors in: secrets for any authenticator app, sealed; the step of time that a code is of, out (RFC 6238)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

STEP_S: Final = 30
"""What every authenticator app reckons with."""

DRIFT: Final = 1
"""Steps to either side: phones whose clock is up to half a minute off, and people who type slowly (RFC 6238, 5.2)."""

RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10  # 80 bits: not guessed even by whoever has read the digests
_NONCE: Final = 12
_ISSUER: Final = "Forecalm"
_ISSUER_MAX: Final = 60  # apps show it in one line


class Factors:
    """Makes, seals and checks second factors with the installation's secret: a registry that was read elsewhere tells
    nobody's codes."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"forecalm second factor").derive(secret)
        self._box = AESGCM(key)

    def new(self) -> str:
        """Return a new secret, as apps take it."""
        return pyotp.random_base32()

    def sealed(self, secret: str, account: str) -> str:
        """Return the secret as it may be kept; it opens for the same account only."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._box.encrypt(nonce, secret.encode(), account.encode())).decode()

    def opened(self, sealed: str, account: str) -> str | None:
        """Return the secret; None where it was sealed for somebody else, or with another installation's secret."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            return self._box.decrypt(raw[:_NONCE], raw[_NONCE:], account.encode()).decode()
        except (InvalidTag, ValueError):
            return None


def step_of(secret: str, code: str, now_s: float, *, after: int | None) -> int | None:
    """Return the step of time whose code this is, None where it is wrong, or of ``after`` or a step before it: a code
    that was read over a shoulder is of no use."""
    digits = "".join(code.split())
    found = None
    for step in range(int(now_s // STEP_S) - DRIFT, int(now_s // STEP_S) + DRIFT + 1):
        same = hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step).encode(), digits.encode())
        if same and (after is None or step > after):
            found = step
    return found


def uri_of(secret: str, name: str, place: str) -> str:
    """Return the address by which an app takes the secret, as a QR code carries it."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"{_ISSUER}, {place}"[:_ISSUER_MAX])


def new_recovery_codes() -> Sequence[str]:
    """Return codes that take the place of a lost phone, each once."""
    return [_grouped(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)]


def recovery_digest(code: str) -> str:
    """Return what is kept of a recovery code, however it is typed."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
