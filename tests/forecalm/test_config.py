from pathlib import Path

import pytest

from forecalm.config import Config, ConfigError, load


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
        ('[console]\nhost = "0.0.0.0"\n', r"127\.0\.0\.1"),
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
