"""Two files of somebody's own in; the same, looked through, out."""

import ssl
from pathlib import Path
from typing import Final

from cryptography import x509

from forecalm.certificates.authority import left_s
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.source import Pair, first_certificate

DAY_S: Final = 86_400
SOON_DAYS: Final = 14  # two weeks' notice: whoever renews it may be away


class Own:
    """A certificate that somebody else makes and renews, served anew as soon as its files change."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._pair = Pair(certificate, key)
        self.trouble = ""

    def current(self, now_s: float) -> Pair:
        """See ``Source``. Raises CertificateError, naming the file and the setting, for what cannot be served with."""
        first = check(self._pair)
        days = left_s(first, now_s) / DAY_S
        self.trouble = ""
        if days < 0:
            self.trouble = f"console.certificate: {self._pair.certificate} ended: put a new one there"
        elif days < SOON_DAYS:
            self.trouble = f"console.certificate: {self._pair.certificate} ends in {days:.0f} days: put a new one there"
        return self._pair

    def renew(self, now_s: float) -> None:
        """Somebody else does."""


def check(pair: Pair) -> x509.Certificate:
    """Return the certificate of ``pair``; see ``Own.current``."""
    for setting, path in (("certificate", pair.certificate), ("key", pair.key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise CertificateError(f"console.{setting}: {path}: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise CertificateError(
            f"console.certificate, console.key: {pair.certificate} and {pair.key} do not serve"
            f" ({getattr(error, 'reason', None) or error}): PEM files, the key not encrypted and the one to the"
            " certificate, which comes first, those that signed it after it"
        ) from None
    return first_certificate(pair.certificate)


def _no_password() -> str:
    """So that OpenSSL asks nobody at the terminal."""
    raise ValueError("the key is encrypted")
