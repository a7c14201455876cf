from pathlib import Path

import pytest

from forecalm.cli import main
from forecalm.config import Config, ConfigError, load
from forecalm.edge import EdgeConfig, load_edge


def written(folder: Path, text: str) -> Path:
    path = folder / "forecalm.toml"
    path.write_text(text)
    return path


def test_without_a_file_everything_has_its_default() -> None:
    assert load(None, {}) == Config()


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[mqtt]\nport = 1884\nhost = "broker"\n')
    config = load(path, {"FORECALM_MQTT_PORT": "1885", "FORECALM_DATA_FOLDER": "elsewhere", "PATH": "/bin"})
    assert (config.mqtt.host, config.mqtt.port, config.data) == ("broker", 1885, "elsewhere")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[mqtt]\nprot = 1884\n", "prot"),
        ("[mqtt]\nport = 0\n", r"mqtt\.port"),
        ('[mqtt]\nport = "many"\n', r"mqtt\.port"),
        ('[site]\nname = "a house"\n', r"site\.name"),
        ('[site]\ntime_zone = "Mars/Olympus"\n', "Europe/London"),
        ('[console]\nhost = "0.0.0.0"\ntls = "off"\n', r"127\.0\.0\.1"),
        ("mqtt = 3\n", "mqtt"),
        ('[store]\nkind = "oracle"\n', r"store\.kind"),
        ("[keeping]\nunassigned_hours = -1\n", r"keeping\.unassigned_hours"),
        ("[mqtt\n", "not TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_file(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=told) as error:
        load(path, {})
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["FORECALM_MQT_PORT", "FORECALM_MQTT_PROT", "FORECALM_DATA"])
def test_a_mistyped_variable_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load(None, {name: "1884"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml", {})


def test_an_authority_that_is_of_no_use_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert load(None, {"FORECALM_MQTT_TLS": "true"}).mqtt.tls
    with pytest.raises(ConfigError, match=r"mqtt\.ca: ca\.crt: is for TLS: set mqtt\.tls"):
        load(written(tmp_path, '[mqtt]\nca = "ca.crt"\n'), {})
    for name, told in (("nowhere.crt", "No such file"), ("forecalm.toml", "holds no certificate"), (".", "ca.crt")):
        path = written(tmp_path, f'[mqtt]\ntls = true\nca = "{tmp_path / name}"\n')
        for read in (load, load_gateway):
            with pytest.raises(ConfigError, match=f"forecalm.toml.*mqtt.ca: .*{name}: .*{told}"):
                read(path, {})


def load_gateway(path: Path, environment: dict[str, str]) -> EdgeConfig:
    return load_edge(path, environment=environment)


def test_a_switch_for_tls_that_is_neither_on_nor_off_is_never_taken_for_off(capsys: pytest.CaptureFixture[str]) -> None:
    for value in ("yes", "", "on"):
        with pytest.raises(ConfigError, match=r"mqtt\.tls"):
            load(None, {"FORECALM_MQTT_TLS": value})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FORECALM_MQTT_TLS", value)
            assert main(["simulate", "--seconds", "1", "--port", "1"]) == 2
        assert "mqtt" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["board", "http://board.example.org", "https://", "https://x/?a=1", "ftp://x"])
def test_an_address_for_links_that_leads_nowhere_is_refused_by_name(tmp_path: Path, url: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f'[console]\nurl = "{url}"\n')
    with pytest.raises(ConfigError, match=r"console\.url"):
        load(path, {})


def test_links_lead_to_a_secure_address_or_to_this_machine(tmp_path: Path) -> None:
    for url in ("https://board.example.org", "https://a.b/board", "http://127.0.0.1:8420", ""):
        path = tmp_path / "c.toml"
        path.write_text(f'[console]\nurl = "{url}"\n')
        assert load(path, {}).console.url == url
