"""A service that runs: what is said of accounts anywhere holds in it within seconds, and over its restarts."""

import http.client
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from forecalm.asking import Asking
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from ingest.registry.accounts_links import Purpose
from tests.accounts import PASSWORD, add_person, person, tablet
from tests.servers import embedded_at, free_port, until

pytestmark = pytest.mark.long


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    config = Config(
        data=str(tmp_path / "var"), mqtt=MqttSection(port=free_port()), console=ConsoleSection(port=free_port())
    )
    with embedded_at(config.mqtt.port, config.mqtt.username, config.mqtt.password):
        yield config


def status(
    address: str, path: str, headers: Mapping[str, str] | None = None, body: Mapping[str, str] | None = None
) -> int:
    """What is answered to a browser, which follows nothing."""
    host = urllib.parse.urlsplit(address).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    sent = {"Accept": "text/html", **(headers or {})}
    sent |= {} if body is None else {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{host}"}
    try:
        form = None if body is None else urllib.parse.urlencode(body)
        connection.request("GET" if body is None else "POST", path, form, sent)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_the_first_start_lets_one_administrator_in_and_later_ones_nobody(config: Config) -> None:
    with Service(config) as service:
        assert service.set_up.startswith(f"{service.address}welcome/")
        assert status(service.address, "/") == 303
        way = urllib.parse.urlsplit(service.set_up).path
        assert status(service.address, way, body={"name": "Helen", "password": PASSWORD}) == 303
        helen = person(config, "Helen")
        until(lambda: status(service.address, "/me", helen) == 200)
    with Service(config) as again:
        assert again.set_up == ""
        assert status(again.address, "/me", helen) == 200, "sessions are kept over restarts"


def test_what_is_ended_by_another_process_ends_within_seconds(config: Config) -> None:
    jo, kitchen = person(config, "Jo", "carer"), tablet(config)
    with Service(config) as service, closing(Installation(config).open_registry()) as elsewhere:
        assert status(service.address, "/me", jo) == 200
        assert status(service.address, "/strips", kitchen) == 200
        assert Asking(config).ask("GET", "/cover")["covers"] == []
        elsewhere.end_sign_ins(elsewhere.sign_ins()[0].account, by="test")
        elsewhere.revoke_tablet(elsewhere.enrolled_tablets()[0].id, by="test")
        until(lambda: (status(service.address, "/me", jo), status(service.address, "/strips", kitchen)) == (303, 303))


def test_a_link_that_signs_in_opens_the_board(config: Config) -> None:
    robin = add_person(config, "Robin", "carer", "support")
    with Service(config) as service, closing(Installation(config).open_registry()) as elsewhere:
        token, _ = elsewhere.make_link(Purpose.SIGN_IN, robin, by="test")
        assert status(service.address, f"/welcome/{token}", body={}) == 303
        assert status(service.address, f"/welcome/{token}", body={}) == 410
