"""Where certificates come from, as a protocol: a time in, the files to serve with out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography import x509

from forecalm.certificates.errors import CertificateError


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its chain, and its key, in files of PEM; both may be one file."""

    certificate: Path
    key: Path

    def stamp(self) -> tuple[object, ...]:
        """What changes when the files do. Raises OSError where one is not there."""
        return tuple((each.stat().st_mtime_ns, each.stat().st_size, each.stat().st_ino) for each in self._files)

    @property
    def _files(self) -> tuple[Path, Path]:
        return self.certificate, self.key


class Source(Protocol):
    """Where certificates come from."""

    @property
    def trouble(self) -> str:
        """What is wrong with what is served, and the mend; "" where all is well."""
        ...

    def current(self, now_s: float) -> Pair:
        """Return what to serve with at ``now_s``. Asks nobody. Raises CertificateError where there is nothing."""
        ...

    def renew(self, now_s: float) -> None:
        """Renew what is due, which may take minutes and ask others. Whatever fails is ``trouble``."""
        ...


def first_certificate(path: Path) -> x509.Certificate:
    """Return the certificate that a file begins with, which is the server's own. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise CertificateError(f"{path}: holds no certificate in PEM form") from None
