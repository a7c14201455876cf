"""The whole service by TLS: from its first run, under every name, with a certificate that changes while it runs."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from forecalm.build import Service
from forecalm.certificates.authority import fingerprint
from forecalm.certificates.secured import local_of
from forecalm.cli import main
from forecalm.config import Config, load
from tests.forecalm.certificates.handshakes import shown, trusting
from tests.servers import free_port, until


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "c.toml"
    console = f'tls = "local"\nnames = ["board.home"]\nport = {free_port()}\ntrust_port = {free_port()}'
    path.write_text(f'data = "{tmp_path / "var"}"\n[mqtt]\nport = {free_port()}\n[console]\n{console}\n')
    return load(path, {})


@pytest.fixture
def service(config: Config) -> Iterator[Service]:
    with Service(config) as running:
        yield running


def test_a_house_that_vouches_for_itself_leaves_the_way_to_its_page_for_tablets_open(
    service: Service, config: Config
) -> None:
    connection = http.client.HTTPSConnection(
        "127.0.0.1",
        config.console.port,
        context=trusting(local_of(config).authority_file.read_bytes()),
        timeout=60,
    )
    connection.request("GET", "/healthz")
    headers = connection.getresponse().headers
    connection.close()
    assert "strict-transport-security" not in headers, "it would hold for every port of this name"


def asked(config: Config, trusted: ssl.SSLContext, path: str, host: str = "board.home") -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection("127.0.0.1", config.console.port, context=trusted, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{config.console.port}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_it_is_served_by_tls_from_its_first_run_and_a_renewed_certificate_needs_no_restart(
    service: Service, config: Config, tmp_path: Path
) -> None:
    trusted = trusting(local_of(config).authority_file.read_bytes())
    assert service.address.startswith("https://")
    assert asked(config, trusted, "/healthz")[0] == 200
    assert asked(config, trusted, "/healthz", host="evil.example.org")[0] == 421
    first = fingerprint(shown(config.console.port, trusted, "board.home"))
    assert main(["certificate", "renew", "--config", str(tmp_path / "c.toml")]) == 0
    until(lambda: fingerprint(shown(config.console.port, trusted, "board.home")) != first)
    assert service.works()


def test_the_page_for_tablets_hands_over_what_the_board_is_trusted_by(service: Service, config: Config) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", config.console.trust_port, timeout=60)
    connection.request("GET", "/trust/authority.crt")
    handed = x509.load_der_x509_certificate(connection.getresponse().read())
    connection.close()
    made = local_of(config).authority_file.read_bytes()
    assert handed == x509.load_pem_x509_certificate(made)
    assert asked(config, trusting(made), "/healthz")[0] == 200
