"""Names and a time in; a house's own certificate authority, and what it signs for these names, out.

ECDSA on P-256. The authority may sign for this house's own names and for private addresses only (name constraints,
RFC 5280, 4.2.1.10), for servers only, and no further authorities. Times are UTC seconds.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from forecalm.certificates.errors import CertificateError
from forecalm.certificates.names import PRIVATE, Names, is_private

AUTHORITY_DAYS: Final = 3_650  # as long as a tablet lasts: each new one has to be carried to every tablet by hand
LEAF_DAYS: Final = 90  # it renews itself; Apple takes 825 at most from authorities that people installed
RENEW_LEFT_DAYS: Final = 30  # a month of tries, and of warnings, before a board goes dark
BEFORE: Final = timedelta(days=1)  # valid from then: a tablet's clock may lag


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and the key to it. The key is never shown."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"Signed({fingerprint(self.certificate)})"

    @property
    def certificate_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key alone, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def make_authority(place: str, names: Names, *, now_s: float) -> Signed:
    """Return an authority of the house called ``place`` that may sign for ``names`` and for private addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(now_s, UTC)
    shown = "".join(c for c in place if c.isprintable())[:40].strip()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Forecalm at {shown or 'home'}")])
    public = sorted(str(address) for address in names.addresses if not is_private(address))
    permitted: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted(names.hosts)]
    permitted += [x509.IPAddress(network) for network in (*PRIVATE, *map(ipaddress.ip_network, public))]
    certificate = (
        _begun(name, name, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Signed(certificate, key)


def sign(authority: Signed, names: Names, *, now_s: float) -> Signed:
    """Return a certificate for ``names`` with a key of its own, signed by ``authority``; it ends with it at the latest.

    Raises CertificateError for names that ``authority`` must not sign for.
    """
    outside = not_permitted(authority.certificate, names)
    if outside:
        raise CertificateError(
            f"console.names: this house's authority was made for other names than {', '.join(outside)}: make a new one"
            " (forecalm certificate renew --authority) and hand it to every tablet"
        )
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(now_s, UTC)
    named: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted(names.hosts)]
    named += [x509.IPAddress(address) for address in sorted(names.addresses, key=str)]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Forecalm board")])
    left_days = (authority.certificate.not_valid_after_utc - now) / timedelta(days=1)
    certificate = (
        _begun(subject, authority.certificate.subject, key.public_key(), now, min(LEAF_DAYS, left_days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(named), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Signed(certificate, key)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the whole certificate, as tablets show it: pairs of hexadecimal digits between colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def names_in(certificate: x509.Certificate) -> Names:
    """Return for what a certificate is."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Names(frozenset(), frozenset())
    addresses = [each for each in said.get_values_for_type(x509.IPAddress) if not hasattr(each, "netmask")]
    return Names(
        frozenset(map(str.lower, said.get_values_for_type(x509.DNSName))),
        frozenset(addresses),
    )


def not_permitted(authority: x509.Certificate, names: Names) -> list[str]:
    """Return those ``names`` that ``authority`` must not sign for."""
    try:
        said = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return []
    hosts = [each.value for each in said if isinstance(each, x509.DNSName)]
    networks = [each.value for each in said if isinstance(each, x509.IPAddress)]
    outside = [host for host in sorted(names.hosts) if not any(host == of or host.endswith(f".{of}") for of in hosts)]
    return outside + [
        str(address)
        for address in sorted(names.addresses, key=str)
        if not any(address.version == of.version and address in of for of in networks)  # type: ignore[operator]
    ]


def left_s(certificate: x509.Certificate, now_s: float) -> float:
    """Return for how long a certificate still holds; negative where it has ended."""
    return certificate.not_valid_after_utc.timestamp() - now_s


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
