"""A house's authority: what it signs is trusted for the house's names, and what it must not sign by nobody."""

import dataclasses
import ipaddress
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from forecalm.certificates import authority as room
from forecalm.certificates.authority import fingerprint, make_authority, names_in, not_permitted, sign
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.names import Names, named, names_of
from tests.forecalm.certificates.handshakes import echoing, serving, shown, trusting

NOW_S = datetime.now(UTC).timestamp()  # OpenSSL verifies by the clock
HERE = named(["localhost", "127.0.0.1", "::1", "board", "board.local", "192.168.1.20"])
AUTHORITY = make_authority("Alder House", HERE, now_s=NOW_S)


def forged(names: Names) -> room.Signed:
    """What somebody with the authority's key signs, whatever it was made for."""
    bare = dataclasses.replace(AUTHORITY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "not_permitted", lambda *_: [])
        return sign(bare, names, now_s=NOW_S)


def served(tmp_path: Path, made: room.Signed, name: str) -> x509.Certificate:
    path = tmp_path / "made.pem"
    path.write_bytes(made.key_pem + made.certificate_pem)
    with echoing(serving(path)) as port:
        return shown(port, trusting(AUTHORITY.certificate_pem), name)


def test_every_name_and_address_of_the_house_is_trusted(tmp_path: Path) -> None:
    made = sign(AUTHORITY, HERE, now_s=NOW_S)
    for name in HERE.spoken:
        assert served(tmp_path, made, name) == made.certificate


@pytest.mark.parametrize("name", ["www.example.org", "other.local", "local", "8.8.8.8", "2001:db8::5"])
def test_whoever_stole_the_key_can_pass_for_nobody_else_where_constraints_are_kept(tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        served(tmp_path, forged(named([name])), name)
    with pytest.raises(CertificateError, match=r"console\.names: .*made for other names"):
        sign(AUTHORITY, named([name]), now_s=NOW_S)


def test_it_makes_no_further_authorities_and_vouches_for_servers_alone() -> None:
    said = {each.oid._name: each for each in AUTHORITY.certificate.extensions}
    assert said["basicConstraints"].critical
    assert said["basicConstraints"].value == x509.BasicConstraints(ca=True, path_length=0)
    assert [each._name for each in said["extendedKeyUsage"].value] == ["serverAuth"]  # type: ignore[attr-defined]
    assert said["nameConstraints"].critical
    assert not said["keyUsage"].value.digital_signature  # type: ignore[attr-defined]


def test_the_fingerprint_is_the_one_that_openssl_and_tablets_show(tmp_path: Path) -> None:
    path = tmp_path / "authority.crt"
    path.write_bytes(AUTHORITY.certificate_pem)
    command = ["openssl", "x509", "-in", str(path), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert said.endswith("=" + fingerprint(AUTHORITY.certificate))


def test_nothing_shows_the_key() -> None:
    assert "PRIVATE" not in repr(AUTHORITY)
    assert str(AUTHORITY.key.private_numbers().private_value) not in repr(AUTHORITY)


_LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)
_HOSTS = st.lists(st.lists(_LABEL, min_size=1, max_size=3).map(".".join), max_size=5)
_ADDRESSES = st.lists(st.ip_addresses().map(str), max_size=5)


@settings(max_examples=30, deadline=None)
@given(hosts=_HOSTS, addresses=_ADDRESSES)
def test_what_an_authority_was_made_for_it_may_sign_and_the_certificate_says_just_that(
    hosts: list[str], addresses: list[str]
) -> None:
    wanted = named(["localhost", *hosts, *addresses])
    authority = make_authority("x" * 500, wanted, now_s=NOW_S)
    assert not_permitted(authority.certificate, wanted) == []
    assert names_in(sign(authority, wanted, now_s=NOW_S).certificate) == wanted


@pytest.mark.parametrize("name", ["", "a b", "-x", "*.example.org", "ä.example", "a" * 64, "x..y", "https://x"])
def test_what_is_neither_a_name_nor_an_address_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="neither a host name nor an address"):
        named([name])


def test_on_loopback_a_house_has_no_names_but_loopbacks_and_those_that_were_said() -> None:
    found = names_of("127.0.0.1", ["board.example.org"])
    assert found.hosts == {"localhost", "board.example.org"}
    assert all(address.is_loopback for address in found.addresses)


def test_everywhere_stands_for_the_addresses_that_this_machine_has_and_none_that_is_public() -> None:
    for host, version in (("0.0.0.0", {4}), ("::", {4, 6})):  # noqa: S104
        found = names_of(host).addresses - names_of("127.0.0.1").addresses
        assert {each.version for each in found} <= version
        assert all(each.is_private or each in ipaddress.ip_network("100.64.0.0/10") for each in found)
        assert not any(each.is_unspecified for each in found)
