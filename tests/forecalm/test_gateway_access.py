"""forecalm gateway-access: a secret that is shown once, two that work while one takes the other's place, and an end."""

import json
import re
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from forecalm.cli import main
from forecalm.config import Config, load
from forecalm.gateway_access import AccessFiles, write_access
from forecalm.installation import Installation
from ingest.broker_access import Access, read_access
from ingest.errors import RegistryError
from ingest.registry.gateway_access import GRACE_S, in_force, let_in, rotate, shut_out
from ingest.registry.registry import Registry
from tests.servers import until

NOW_S = time.time()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "c.toml").write_text(f'data = "{tmp_path / "var"}"\n[mqtt]\npassword = "thought of by somebody"\n')
    return load(tmp_path / "c.toml", {})


@pytest.fixture
def registry(config: Config) -> Iterator[Registry]:
    with closing(Installation(config).open_registry()) as made:
        yield made


def access(config: Config) -> Access:
    folder = config.folder / "broker"
    return read_access((folder / "users").read_text(), (folder / "acl").read_text())


def test_a_gateway_is_let_in_by_the_files_and_its_secret_stands_nowhere(config: Config, registry: Registry) -> None:
    handed = let_in(registry, "hall", site="home", by="jo", now_s=NOW_S)
    assert write_access(config, registry, NOW_S)
    assert access(config).knows(handed.username, handed.password)
    assert access(config).may_say(handed.username, "forecalm/v1/home/gateway/hall/status")
    assert access(config).knows("forecalm", "thought of by somebody")
    assert access(config).may_hear("forecalm", "forecalm/v1/home/alert/w-01")
    assert not write_access(config, registry, NOW_S), "what stands there already is not written anew"
    assert handed.password not in repr(handed)
    for path in config.folder.rglob("*"):
        if path.is_file():
            assert handed.password.encode() not in path.read_bytes(), path
    for path in (config.folder / "broker").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_while_a_secret_is_exchanged_both_work_and_afterwards_the_new_one_alone(
    config: Config, registry: Registry
) -> None:
    old = let_in(registry, "hall", site="home", by="jo", now_s=NOW_S)
    new = rotate(registry, "hall", by="jo", now_s=NOW_S, grace_s=GRACE_S)
    for at_s, works in ((NOW_S, True), (NOW_S + GRACE_S - 1, True), (NOW_S + GRACE_S, False)):
        write_access(config, registry, at_s)
        assert access(config).knows(old.username, old.password) is works
        assert access(config).knows(new.username, new.password)
    assert shut_out(registry, "hall", by="jo", now_s=NOW_S) == 2, "in its grace, too, it can be shut out at once"
    write_access(config, registry, time.time())
    assert not access(config).knows(new.username, new.password)
    assert not access(config).knows(old.username, old.password)
    with pytest.raises(RegistryError, match="gateway: 'hall' is not let in"):
        rotate(registry, "hall", by="jo", now_s=time.time())


def test_a_grace_that_never_ends_is_refused(registry: Registry) -> None:
    let_in(registry, "hall", site="home", by="jo", now_s=NOW_S)
    with pytest.raises(RegistryError, match="grace: 0 to 744 hours"):
        rotate(registry, "hall", by="jo", now_s=NOW_S, grace_s=1e9)
    assert len(in_force(registry.gateway_credentials(), NOW_S)) == 1


def test_who_let_a_gateway_in_or_shut_it_out_stands_in_the_audit_without_its_secret(registry: Registry) -> None:
    handed = let_in(registry, "hall", site="home", by="jo", now_s=NOW_S)
    shut_out(registry, "hall", by="sam", now_s=NOW_S)
    entered = [each for each in registry.audit_entries() if "gateway" in each.action]
    assert [(each.actor, each.action) for each in entered] == [("jo", "let gateway in"), ("sam", "shut gateway out")]
    assert all("$7$" not in str(each) and handed.password not in str(each) for each in entered)


def test_a_running_service_writes_what_another_process_changed(config: Config, registry: Registry) -> None:
    with AccessFiles(config, registry):
        handed = let_in(registry, "hall", site="home", by="jo", now_s=NOW_S)
        until(lambda: access(config).knows(handed.username, handed.password))
        shut_out(registry, "hall", by="jo", now_s=time.time())
        until(lambda: not access(config).knows(handed.username, handed.password))


class _Away:
    def gateway_credentials(self) -> list[object]:
        raise RegistryError("the registry is away")


def test_while_the_registry_is_away_nobody_is_shut_out_by_it(
    config: Config, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    handed = let_in(registry, "hall", site="home", by="jo", now_s=NOW_S)
    write_access(config, registry, NOW_S)
    files = AccessFiles(config, _Away())  # type: ignore[arg-type]
    files.refresh()
    files.refresh()
    assert access(config).knows(handed.username, handed.password)
    assert caplog.text.count("the registry is away") == 1


def test_the_command_shows_the_secret_once_and_never_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'data = "{tmp_path / "var"}"\n')

    def said(*arguments: str) -> str:
        assert main(["gateway-access", *arguments, "--config", str(config)]) == 0
        return capsys.readouterr().out

    handed = json.loads(said("add", "hall", "--json"))
    assert handed["gateway"] == "hall"
    assert handed["password"] not in said("list") + said("list", "--json")
    assert f"FORECALM_MQTT_PASSWORD={handed['password']}" not in (again := said("rotate", "hall"))
    assert "FORECALM_MQTT_PASSWORD=" in again
    assert len(json.loads(said("list", "--json"))) == 2
    assert json.loads(said("write", "--out", str(tmp_path / "mosquitto"), "--json"))["changed"]
    assert (tmp_path / "mosquitto" / "acl").read_text() == (tmp_path / "var" / "broker" / "acl").read_text()
    assert json.loads(said("revoke", "hall", "--json"))["revoked"] == 2
    assert "No gateway" in said("list")
    assert main(["gateway-access", "revoke", "hall", "--config", str(config)]) == 2
    assert "is not let in" in capsys.readouterr().err


def test_a_gateway_that_is_let_in_gets_no_second_user_by_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'data = "{tmp_path / "var"}"\n')

    def said(*arguments: str) -> tuple[int, str, str]:
        code = main(["gateway-access", *arguments, "--config", str(config)])
        return (code, *capsys.readouterr())

    user = json.loads(said("add", "hall", "--json")[1])["username"]
    code, out, err = said("add", "hall", "--json")
    assert (code, out) == (2, "")
    assert f"'hall' is let in already, as {user}; for another secret: forecalm gateway-access rotate hall" in err
    assert [each["username"] for each in json.loads(said("list", "--json")[1])] == [user]
    assert re.fullmatch(rf"hall at home: user {user}, since [-0-9]+ [:0-9]+ UTC\n", said("list")[1])
    assert said("revoke", "hall")[0] == 0
    assert said("add", "hall", "--json")[0] == 0
