"""A gateway's own file, and what it tells systemd."""

import os
import socket
from pathlib import Path

import pytest

from forecalm.arguments import make_parser
from forecalm.cli import FELL_SHORT
from forecalm.commands.gateway import gateway
from forecalm.config import ConfigError, load
from forecalm.edge import load_edge
from forecalm.notify import Notify
from ingest.sending.sender import Sender


def _file(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, '[gateway]\nname = "a"\nsite = "s"\nadapters = ["hci0", "hci1"]\n[mqtt]\nhost = "h"\n')
    config = load_edge(
        path, said={"gateway": {"name": "c"}}, environment={"FORECALM_GATEWAY_NAME": "b", "FORECALM_MQTT_HOST": "i"}
    )
    assert (config.gateway.name, config.gateway.site, config.mqtt.host) == ("c", "s", "i")
    assert config.gateway.adapters == ("hci0", "hci1")


def test_without_a_file_it_is_the_systems_own_adapter_and_this_computer() -> None:
    config = load_edge(None, environment={})
    assert config.gateway.adapters == ("",)
    assert config.gateway.name.startswith("gw-")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[gateway]\nnane = "x"\n', "nane"),
        ('[gatewy]\nname = "x"\n', "gatewy"),
        ('[gateway]\nname = "a b"\n', "gateway.name"),
        ("[gateway]\nadapters = []\n", "adapters"),
        ('[gateway]\nadapters = ["hci0", "hci0"]\n', "only once"),
        ("[gateway]\nlinks_max = 0\n", "links_max"),
        ("[gateway\n", "not TOML"),
        ("[mqtt]\nport = 99999\n", "port"),
        ('gateway = "x"\n', "gateway"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(ConfigError, match=named) as refused:
        load_edge(path, environment={})
    assert "gateway.toml" in str(refused.value)


def test_a_variable_that_is_no_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="FORECALM_GATEWAY_COLOUR"):
        load_edge(None, environment={"FORECALM_GATEWAY_COLOUR": "red"})


def test_the_command_takes_several_adapters() -> None:
    chosen = make_parser().parse_args(["gateway", "--adapter", "hci0", "--adapter", "usb:0", "--name", "kitchen"])
    assert chosen.adapter == ["hci0", "usb:0"]
    assert chosen.site is None


def test_a_gateway_that_can_send_no_more_ends_and_holds_no_band_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("an error of our own")

    monkeypatch.setattr(Sender, "_step", fail)
    chosen = make_parser().parse_args(
        ["gateway", "--adapter", "hci99", "--data", str(tmp_path), "--host", "127.0.0.1", "--port", "1"]
    )
    assert gateway(chosen) == FELL_SHORT


def test_systemd_is_told_as_often_as_it_wants(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        notify = Notify(
            {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}
        )
        notify.ready()
        for now_s in range(100, 125):
            notify.beat(float(now_s))
        notify.stopping()
        said = [told.recv(64) for _ in range(5)]
    assert said == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_watchdog_of_somebody_else_and_a_socket_that_is_gone_do_no_harm(tmp_path: Path) -> None:
    other = Notify({"NOTIFY_SOCKET": str(tmp_path / "none"), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"})
    assert other.every_s is None
    other.ready()
    Notify({}).ready()
    assert Notify({"NOTIFY_SOCKET": "@abstract", "WATCHDOG_USEC": "many"}).every_s is None


def test_one_environment_may_serve_a_gateway_and_a_service(tmp_path: Path) -> None:
    both = {"FORECALM_STORE_KIND": "influxdb", "FORECALM_DATA_FOLDER": str(tmp_path), "FORECALM_GATEWAY_NAME": "hall"}
    assert load_edge(None, environment=both).gateway.name == "hall"
    assert load(None, both).store.kind == "influxdb"
    for load_it in (lambda said: load_edge(None, environment=said), lambda said: load(None, said)):
        with pytest.raises(ConfigError, match="FORECALM_COLOUR_RED"):
            load_it({**both, "FORECALM_COLOUR_RED": "1"})
