"""A certificate that changes while it is served: new connections get the new one, and nobody is hung up on."""

import logging
import socket
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

from forecalm.certificates.authority import make_authority, sign
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.live import Live
from forecalm.certificates.names import named
from forecalm.certificates.own import Own
from forecalm.certificates.source import Pair
from tests.forecalm.certificates.handshakes import echoing, shown, trusting
from tests.servers import until

NOW_S = time.time()
HERE = named(["localhost", "127.0.0.1"])
AUTHORITY = make_authority("Alder House", HERE, now_s=NOW_S)


def put(folder: Path) -> bytes:
    """Put another certificate there, in two files as others do; return its fingerprint."""
    made = sign(AUTHORITY, HERE, now_s=NOW_S)
    (folder / "own.key").write_bytes(made.key_pem)
    (folder / "own.crt").write_bytes(made.certificate_pem)
    return made.certificate_pem


def at_once(path: Path, content: bytes) -> None:
    """Replace a file so that nobody finds half of it."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


def own(folder: Path) -> Own:
    return Own(folder / "own.crt", folder / "own.key")


def now_s() -> float:
    return NOW_S


def test_files_that_change_are_served_to_the_next_connection_and_those_that_are_open_go_on(tmp_path: Path) -> None:
    first = put(tmp_path)
    client = trusting(AUTHORITY.certificate_pem)
    with (
        Live(own(tmp_path), clock=now_s, check_s=0.01) as live,
        echoing(live.context) as port,
        socket.create_connection(("127.0.0.1", port)) as plain,
        client.wrap_socket(plain, server_hostname="localhost") as stream,
    ):
        assert shown(port, client).public_bytes(Encoding.PEM) == first
        second = put(tmp_path)
        until(lambda: shown(port, client).public_bytes(Encoding.PEM) == second)
        stream.sendall(b"still here")
        assert stream.recv(100) == b"still here"
        assert shown(port, client, names_it=False).public_bytes(Encoding.PEM) == second, "who names nobody, too"


def test_half_a_change_is_never_served_and_said_only_if_it_lasts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, other = put(tmp_path), sign(AUTHORITY, HERE, now_s=NOW_S)
    client = trusting(AUTHORITY.certificate_pem)
    with Live(own(tmp_path), clock=now_s, check_s=0.01) as live, echoing(live.context) as port:
        at_once(tmp_path / "own.key", other.key_pem)
        until(lambda: "served on" in live.trouble)
        assert shown(port, client).public_bytes(Encoding.PEM) == first
        at_once(tmp_path / "own.crt", other.certificate_pem)
        until(lambda: live.trouble == "")
        assert shown(port, client).public_bytes(Encoding.PEM) == other.certificate_pem
    assert [record.levelno for record in caplog.records] == [logging.ERROR], "once, however often it is looked at"


def test_no_handshake_fails_while_certificates_change_without_end(tmp_path: Path) -> None:
    put(tmp_path)
    client, changing = trusting(AUTHORITY.certificate_pem), threading.Event()
    seen: set[int] = set()
    with Live(own(tmp_path), clock=now_s, check_s=0.001) as live, echoing(live.context) as port:

        def change() -> None:
            while not changing.wait(0.001):
                put(tmp_path)

        def several() -> bool:
            seen.add(shown(port, client).serial_number)
            return len(seen) > 1

        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(60):
                several()
            until(several, "the certificate of before is served on")
        finally:
            changing.set()
            thread.join()


def test_where_there_is_nothing_to_serve_with_it_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"console\.certificate: .*own.crt: No such file"):
        Live(own(tmp_path), clock=now_s).__enter__()


class _Breaks:
    trouble = ""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.renewals = 0

    def current(self, now_s: float) -> Pair:
        return self.pair

    def renew(self, now_s: float) -> None:
        self.renewals += 1
        raise RuntimeError("an error of a library")


def test_whatever_a_renewal_raises_the_next_look_comes(tmp_path: Path) -> None:
    put(tmp_path)
    source = _Breaks(Pair(tmp_path / "own.crt", tmp_path / "own.key"))
    with Live(source, clock=now_s, check_s=0.001) as live:
        until(lambda: source.renewals > 3)
        assert "an error of a library" in live.trouble


@pytest.mark.parametrize(
    ("crt", "key", "told"),
    [
        (b"", None, "do not serve"),
        (None, b"", "do not serve"),
        (None, b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "do not serve"),
    ],
)
def test_files_that_are_no_certificate_and_key_are_named_with_what_would_be_right(
    tmp_path: Path, crt: bytes | None, key: bytes | None, told: str
) -> None:
    put(tmp_path)
    for name, content in (("own.crt", crt), ("own.key", key)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
    with pytest.raises(CertificateError, match=told) as error:
        own(tmp_path).current(NOW_S)
    assert "own.crt" in str(error.value)
    assert "not encrypted" in str(error.value)


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(tmp_path: Path) -> None:
    put(tmp_path)
    made = sign(AUTHORITY, HERE, now_s=NOW_S)
    sealed = made.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "own.key").write_bytes(sealed)
    with pytest.raises(CertificateError, match="the key is encrypted"):
        own(tmp_path).current(NOW_S)


def test_an_own_certificate_that_ends_soon_or_ended_is_said_and_served_all_the_same(tmp_path: Path) -> None:
    put(tmp_path)
    source = own(tmp_path)
    for days, told in ((0, ""), (80, "ends in 10 days"), (100, "ended")):
        source.current(NOW_S + days * 86_400)
        assert told in source.trouble
        assert bool(told) == bool(source.trouble)
