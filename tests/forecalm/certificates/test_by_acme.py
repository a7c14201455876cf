"""Certificates by ACME against an authority on loopback: a real order, real challenges, and every way that it fails."""

import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from forecalm.certificates.authority import names_in
from forecalm.certificates.by_acme import RETRY_S, Account, ByAcme
from forecalm.certificates.local import Local
from forecalm.certificates.names import named
from forecalm.certificates.source import first_certificate
from tests.forecalm.certificates.acme_server import AcmeServer, acme_server, make_acme_authority
from tests.servers import free_port, listens

NAMES = ("board.example.org", "www.example.org")
NOW_S = time.time()  # the authority's library reads the clock, and so must we


@pytest.fixture
def server(tmp_path: Path) -> AcmeServer:
    return AcmeServer(free_port(), make_acme_authority(*NAMES, now_s=NOW_S))


def source(tmp_path: Path, server: AcmeServer, **changed: object) -> ByAcme:
    account = Account(
        directory=server.address,
        email="someone@example.org",
        agreed=True,
        ca=str(tmp_path / "acme" / "authority.crt"),
        host="127.0.0.1",
        port=server.asks_at,
    )
    local = Local(tmp_path / "certificates", place="Home", names=lambda: named(["localhost"]))
    account = replace(account, **changed)  # type: ignore[arg-type]
    return ByAcme(tmp_path / "certificates", account, names=named(NAMES), meanwhile=local)


def test_a_certificate_comes_for_every_name_and_the_challenges_are_gone_afterwards(
    tmp_path: Path, server: AcmeServer
) -> None:
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server)
        made.renew(NOW_S)
    assert made.trouble == ""
    assert made.current(NOW_S).certificate == made.leaf_file
    assert set(names_in(first_certificate(made.leaf_file)).hosts) == set(NAMES)
    assert len(server.asked) == 2
    assert not listens(server.asks_at)
    for path in (made.leaf_file, made.account_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_ordered_again_by_the_same_account_when_a_third_of_its_life_is_left_and_not_before(
    tmp_path: Path, server: AcmeServer
) -> None:
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server)
        made.renew(NOW_S)
        first = made.leaf_file.read_bytes()
        made.renew(NOW_S + 59 * 86_400)
        assert made.leaf_file.read_bytes() == first
        source(tmp_path, server).renew(NOW_S + 61 * 86_400)
        assert made.leaf_file.read_bytes() != first
    assert len(server.accounts) == 1
    assert len(server.orders) == 2


def test_until_one_comes_the_houses_own_is_served_and_what_failed_is_said(tmp_path: Path, server: AcmeServer) -> None:
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server, port=free_port())  # where nobody asks
        made.renew(NOW_S)
        assert "cannot be asked" in made.trouble
        assert made.current(NOW_S).certificate.name == "board.pem"
        made.renew(NOW_S + RETRY_S - 1)
        assert len(server.orders) == 1, "five failures an hour are allowed: no second try so soon"
        made.renew(NOW_S + RETRY_S)
        assert len(server.orders) == 2


def test_what_was_served_is_served_on_while_the_authority_is_away(tmp_path: Path, server: AcmeServer) -> None:
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server)
        made.renew(NOW_S)
    late_s = NOW_S + 80 * 86_400
    made.renew(late_s)
    assert server.address in made.trouble
    assert made.current(late_s).certificate == made.leaf_file
    assert made.current(NOW_S + 91 * 86_400).certificate.name == "board.pem", "what has ended is worth nothing"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"agreed": False}, "terms"),
        ({"ca": ""}, "certificate"),
        ({"directory": "https://127.0.0.1:1/"}, "127.0.0.1"),
    ],
)
def test_what_the_authority_refuses_is_said_in_its_words(
    tmp_path: Path, server: AcmeServer, changed: dict[str, object], told: str
) -> None:
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server, **changed)
        made.renew(NOW_S)
    assert told in made.trouble
    assert "\n" not in made.trouble


def test_an_authority_that_wants_an_account_from_elsewhere_is_named(tmp_path: Path, server: AcmeServer) -> None:
    server.wants_account_of_elsewhere = True
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server)
        made.renew(NOW_S)
    assert "EAB" in made.trouble


def test_a_certificate_that_was_not_ordered_is_not_served(
    tmp_path: Path, server: AcmeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acme_server(server, tmp_path / "acme", NOW_S):
        made = source(tmp_path, server)
        made.renew(NOW_S)
        first, another = made.leaf_file.read_bytes(), server.orders[0].certificate
        monkeypatch.setattr(server, "_signed", lambda *_: another)  # to another key
        made.renew(NOW_S + 61 * 86_400)
        assert "not the certificate that was ordered" in made.trouble
        assert made.leaf_file.read_bytes() == first
