"""The path of a key file in; who we are to push services (VAPID, RFC 8292) out: signatures, and a key for browsers."""

import contextlib
import logging
import os
import secrets
import stat
import threading
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, Final

from alerts.errors import AlertError

log = logging.getLogger(__name__)

TOKEN_S: Final = 12 * 3_600  # how long a signature holds; push services take at most 24 h
RENEW_S: Final = 3_600  # before its end a signature is made anew
OWNER_ONLY: Final = 0o600


class KeyFault(AlertError):
    """The key file cannot be read, made, or holds no key; says which file, never what is in it."""


class Vapid:
    """The key in ``path``, made at first use, readable by its owner only. ``contact`` (mailto: or https:) is whom a
    push service may write to where we trouble it. Threads may share it.

    Without the file each browser has to subscribe anew: it belongs into the backup. Raises KeyFault.
    """

    def __init__(self, path: Path, *, contact: str) -> None:
        if not contact.startswith(("mailto:", "https://")):
            raise KeyFault("contact: must be mailto:somebody@example.org or https://…: Apple's service refuses others")
        self._contact = contact
        self._key: Any = _load(path)
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    @property
    def public_key(self) -> str:
        """What a browser's ``pushManager.subscribe`` takes as ``applicationServerKey``: base64url, no padding."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        point = self._key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return urlsafe_b64encode(point).rstrip(b"=").decode()

    def authorization(self, origin: str, *, now_s: float) -> str:
        """The ``Authorization`` header for the push service at ``origin``; ``now_s`` is UTC."""
        with self._lock:
            token, until_s = self._tokens.get(origin, ("", 0.0))
            if not RENEW_S < until_s - now_s <= TOKEN_S:
                until_s = int(now_s) + TOKEN_S
                token = self._key.sign({"sub": self._contact, "aud": origin, "exp": until_s})["Authorization"]
                self._tokens[origin] = token, until_s
        return token


def _load(path: Path) -> Any:  # noqa: ANN401 - py_vapid has no types
    from py_vapid import Vapid02, VapidException

    try:
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            log.warning("%s could be read by others: now its owner alone can", path)
            path.chmod(OWNER_ONLY)
        return Vapid02.from_pem(path.read_bytes())
    except OSError as error:
        raise KeyFault(f"{path}: {error.strerror}: its folder must be one that this service may write to") from None
    except (ValueError, TypeError, AttributeError, VapidException):
        raise KeyFault(
            f"{path}: holds no key in PEM form: put back the one from the backup, or take it away, and each browser"
            " asks for messages anew"
        ) from None


def _make(path: Path) -> None:
    """Write a new key beside ``path`` and put it there, unless another process was first."""
    from py_vapid import Vapid02

    made = Vapid02()
    made.generate_keys()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(made.private_pem())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)
