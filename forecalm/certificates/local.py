"""A folder and a house's names in; certificates of its own authority, made at the first start, out."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from forecalm.certificates.authority import (
    RENEW_LEFT_DAYS,
    Signed,
    left_s,
    make_authority,
    names_in,
    not_permitted,
    sign,
)
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.files import PUBLIC, SECRET, keep
from forecalm.certificates.names import Names
from forecalm.certificates.source import Pair, first_certificate

log = logging.getLogger(__name__)

DAY_S: Final = 86_400
AUTHORITY_LEFT_DAYS: Final = 180  # half a year to walk to every tablet


class Local:
    """Certificates below ``folder`` for what ``names`` says at each look, of an authority called after ``place``.

    What the authority must not sign for is left out and told of: a machine that was renamed is served all the same.
    """

    def __init__(self, folder: Path, *, place: str, names: Callable[[], Names]) -> None:
        self._folder = folder
        self._place = place
        self._names = names
        self.trouble = ""

    @property
    def authority_file(self) -> Path:
        """The authority's certificate: what tablets are given."""
        return self._folder / "authority.crt"

    @property
    def authority_key_file(self) -> Path:
        """The authority's key: whoever has it can pass for this house."""
        return self._folder / "authority.key"

    @property
    def leaf_file(self) -> Path:
        """What the board is served with: key, certificate."""
        return self._folder / "board.pem"

    def authority(self, now_s: float) -> Signed:
        """Return the authority, made where there is none. Raises CertificateError where its files do not fit."""
        if not self.authority_file.exists():
            return self.make_authority(now_s)
        certificate = first_certificate(self.authority_file)
        try:
            key = serialization.load_pem_private_key(self.authority_key_file.read_bytes(), None)
        except OSError as error:
            raise CertificateError(f"{self.authority_key_file}: {error.strerror}: {_AGAIN}") from None
        except ValueError:
            raise CertificateError(f"{self.authority_key_file}: holds no key in PEM form: {_AGAIN}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise CertificateError(f"{self.authority_key_file}: is not the key to {self.authority_file}: {_AGAIN}")
        return Signed(certificate, key)

    def make_authority(self, now_s: float) -> Signed:
        """Make a new authority in place of the old one, which no tablet that knows only it will trust again."""
        made = make_authority(self._place, self._names(), now_s=now_s)
        self.authority_file.unlink(missing_ok=True)  # so that no certificate ever stands beside another's key
        self.leaf_file.unlink(missing_ok=True)
        keep(self.authority_key_file, made.key_pem, mode=SECRET)
        keep(self.authority_file, made.certificate_pem, mode=PUBLIC)
        return made

    def current(self, now_s: float) -> Pair:
        """See ``Source``. Without the authority's key what was signed before is served on, as long as it lasts."""
        try:
            authority = self.authority(now_s)
        except CertificateError as error:
            if self._lasts(now_s):
                self.trouble = str(error)
                return Pair(self.leaf_file, self.leaf_file)
            raise
        wanted, _ = self.permitted(authority.certificate)
        self.trouble = self.trouble_of(authority.certificate, now_s)
        if self._is_due(authority.certificate, wanted, now_s):
            self.make_leaf(now_s)
        return Pair(self.leaf_file, self.leaf_file)

    def trouble_of(self, authority: x509.Certificate, now_s: float) -> str:
        """Return what is wrong with ``authority``, and the mend; "" where all is well."""
        return self._told(authority, self.permitted(authority)[1], now_s)

    def renew(self, now_s: float) -> None:
        """Nothing takes long here: ``current`` does it."""

    def make_leaf(self, now_s: float) -> Signed:
        """Sign a new certificate, whether or not it is due."""
        authority = self.authority(now_s)
        wanted, _ = self.permitted(authority.certificate)
        made = sign(authority, wanted, now_s=now_s)
        keep(self.leaf_file, made.key_pem + made.certificate_pem, mode=SECRET)
        log.info("a new certificate for %s", ", ".join(wanted.spoken))
        return made

    def permitted(self, authority: x509.Certificate) -> tuple[Names, list[str]]:
        """Return the names to be served that ``authority`` may sign for, and those that it must not."""
        wanted = self._names()
        outside = not_permitted(authority, wanted)
        left = {each for each in wanted.addresses if str(each) not in outside}
        return Names(wanted.hosts - set(outside), frozenset(left)), outside

    def _lasts(self, now_s: float) -> bool:
        try:
            return left_s(first_certificate(self.leaf_file), now_s) > 0
        except CertificateError:
            return False

    def _is_due(self, authority: x509.Certificate, wanted: Names, now_s: float) -> bool:
        try:
            leaf = first_certificate(self.leaf_file)
        except CertificateError:
            return True
        ends_s = leaf.not_valid_after_utc.timestamp()
        is_short = left_s(leaf, now_s) < RENEW_LEFT_DAYS * DAY_S and ends_s < authority.not_valid_after_utc.timestamp()
        began_later = leaf.not_valid_before_utc.timestamp() > now_s  # made while this clock was wrong
        return is_short or began_later or not names_in(leaf).covers(wanted) or not _is_signed_by(leaf, authority)

    def _told(self, authority: x509.Certificate, outside: list[str], now_s: float) -> str:
        days = left_s(authority, now_s) / DAY_S
        if days < AUTHORITY_LEFT_DAYS:
            return f"this house's certificate authority ends in {max(days, 0):.0f} days: {_ANEW}"
        if outside:
            return f"this house's authority was not made for {', '.join(outside)}: {_ANEW}, or take the name out"
        return ""


def _is_signed_by(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


_ANEW: Final = "make a new one (forecalm certificate renew --authority) and hand it to every tablet"
_AGAIN: Final = f"restore it from a back-up, or {_ANEW}"
