"""A slip of a key on the command line, or in a file of settings, is told with what was wrong and what is right."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from alerts.duty.duty import SHIFT_MAX_S
from forecalm.asking import Asking
from forecalm.cli import main
from forecalm.config import Config, ConfigError, load
from forecalm.edge import load_edge
from forecalm.installation import Installation
from tests.servers import free_port

Say = Callable[..., str]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """What a command says that is refused, in a house of Aidan (w-12) and Bea (w-13)."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(free_port()))
    monkeypatch.setattr("console.pairing.line.REACH_S", 0.2)
    with closing(Installation(Config(data=str(tmp_path / "house"))).open_registry()) as registry:
        registry.add_wearer("w-12", "Aidan", by="test")
        registry.add_wearer("w-13", "Bea", by="test")

    def said(*arguments: str) -> str:
        try:
            code: object = main(arguments)
        except SystemExit as ended:
            code = ended.code
        assert code == 2
        return " ".join(capsys.readouterr().err.split())

    return said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("shfit",), "did you mean shift?"),
        (("shift", "bgin"), "did you mean begin?"),
        (("account",), "required: ACTION, one of add, roles, reset, end, reopen, list"),
        (("audit",), "required: verify"),
        (("budget", "Aidan"), "'Aidan' is a name, and this takes the pseudonym: w-12"),
        (("budget", "aidan"), "'aidan' is a name, and this takes the pseudonym: w-12"),
        (("budget", "w12"), "'w12' is no wearer of this installation, did you mean w-12"),
        (("budget", "zzz"), "'zzz' is no wearer of this installation; there are: w-12, w-13"),
        (("account", "add", "Jo", "--role", "admin"), "is none of carer, support, researcher, administrator"),
        (("pair", "band-07", "w-12"), '--consent-by "Ida Example, mother"'),
    ],
)
def test_what_is_refused_names_what_would_be_right(said: Say, arguments: tuple[str, ...], says: str) -> None:
    assert says in said(*arguments)


@pytest.mark.parametrize("action", [("begin", "Jo"), ("take", "s-1", "--by", "Jo")])
def test_a_shift_that_cannot_be_is_refused_in_the_words_of_the_command_line_before_any_service_is_asked(
    said: Say, monkeypatch: pytest.MonkeyPatch, action: tuple[str, ...]
) -> None:
    monkeypatch.setattr(Asking, "ask", lambda *_: pytest.fail("a service was asked"))
    assert f"--hours 800: a shift lasts {SHIFT_MAX_S / 3600:.0f} hours at most" in said(
        "shift", *action, "--hours", "800"
    )
    assert "--until 2001-01-01T00:00: is past: name a time within" in said(
        "shift", *action, "--until", "2001-01-01T00:00"
    )
    far = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(time.time() + SHIFT_MAX_S + 120))
    assert f"--until {far}: is too far off" in said("shift", *action, "--until", far)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[sit]\nname = "x"', "no section [sit], did you mean site?"),
        ('[site]\nnam = "x"', "no key nam under [site], did you mean name?"),
        ("[mqtt]\nzzzz = 1", "no key zzzz under [mqtt]; there are: host, port, username, password, tls, ca"),
        ("port = 3", "no key port, does it belong under [mqtt] or [console]?"),
        ('dta = "x"', "no key dta, did you mean data?"),
        ("zzzz = 1", "no key zzzz; there are: data, site, mqtt"),
        ('site = "x"', "site is a section: [site]"),
        ("[data]\na = 1", "data is a key: data = ..."),
    ],
)
def test_a_setting_that_nothing_reads_is_told_with_the_nearest_that_there_is(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "forecalm.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    assert str(refused.value).startswith(f"{path}: ")
    assert says in str(refused.value)


def test_a_gateways_file_is_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("[gateway]\nlinks_mx = 3")
    with pytest.raises(ConfigError, match=r"no key links_mx under \[gateway\], did you mean links_max\?"):
        load_edge(path, environment={})


def test_a_variable_that_nothing_reads_is_told_with_the_nearest_that_there_is() -> None:
    with pytest.raises(ConfigError, match=r"MQTT_PROT: no such setting, did you mean FORECALM_MQTT_PORT\?"):
        load(None, {"FORECALM_MQTT_PROT": "1"})
    with pytest.raises(ConfigError, match=r"FORECALM_ZZZ: no such setting; see docs/configuration\.md"):
        load(None, {"FORECALM_ZZZ": "1"})
    with pytest.raises(ConfigError, match=r"gateway, did you mean FORECALM_GATEWAY_LINKS_MAX\?"):
        load_edge(None, environment={"FORECALM_GATEWAY_LINKS_MX": "1"})
