"""What a slip on the command line must not do to who is watched: each is refused before anybody is troubled."""

import io
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from console.errors import PairingError
from forecalm.cli import main
from forecalm.commands import pairing_entering
from forecalm.commands.pairing_entering import Outcome
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.registry.consents import Consent, Scope
from tests.servers import free_port

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A house where Ann (w-1) wears band-01 and Bo (w-2) is known; no gateway was ever heard of."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(free_port()))
    monkeypatch.setattr("console.pairing.line.REACH_S", 0.2)
    installation = Installation(Config(data=str(tmp_path / "house")))
    with closing(installation.open_registry()) as registry:
        agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.pair(band="band-01", wearer="w-1", since_s=1.58e9, name="Ann", carers=[], consent=agreed, by="test")
        registry.add_wearer("w-2", "Bo", by="test")
    return installation


@pytest.fixture
def run(here: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(arguments)
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return run


def worn(here: Installation) -> dict[str, str | None]:
    with closing(here.open_registry()) as registry:
        return {band: each.wearer for band, each in registry.worn(time.time()).items()}


@pytest.mark.parametrize("options", [("--no-confirm",), ()])
@pytest.mark.parametrize("typed", ["", "yes\n", "band-03\n"])
def test_nobodys_band_is_given_up_by_a_slip_in_a_pseudonym(
    run: Run, here: Installation, options: tuple[str, ...], typed: str
) -> None:
    code, said = run("pair", "band-03", "w-1", *options, typed=typed)
    assert code == 2
    assert "w-1 (Ann) wears band-01" in said
    assert "forecalm swap band-01 band-03; --instead-of band-01 agrees beforehand" in said
    assert worn(here) == {"band-01": "w-1"}


@pytest.mark.parametrize(("options", "typed"), [((), "band-01\n"), (("--instead-of", "band-01"), "")])
def test_a_band_is_given_up_where_somebody_says_which(
    run: Run, here: Installation, options: tuple[str, ...], typed: str
) -> None:
    code, said = run("pair", "band-03", "w-1", "--no-confirm", *options, typed=typed)
    assert (code, "band-01 is free" in said) == (0, True), said
    assert worn(here) == {"band-03": "w-1"}


def test_a_swap_has_said_which_band_is_given_up(run: Run, here: Installation) -> None:
    assert run("swap", "band-01", "band-03", "--no-confirm")[0] == 0
    assert worn(here) == {"band-03": "w-1"}


NEW = ("--name", "Cy", "--consent-by", "Ida, mother")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no good", *NEW), "pseudonym: 'no good' must be 1 to 64 of"),
        (("no good",), "pseudonym: 'no good' must be 1 to 64 of"),
        (("everybody", *NEW), "stands for all people in topics and rules"),
        (("w-3", "--name", "", "--consent-by", "Ida"), "--name: must be 1 to 200 characters"),
        (("w-3", "--name", "Cy", "--consent-by", " "), "--consent-by: must be 1 to 200 characters"),
        (("w-3", *NEW, "--carer", ""), "--carer: must be 1 to 200 characters"),
        (("w-2", "--name", "B\x07o", "--consent-by", "Ida"), "--name: must be one line without control characters"),
        (("w-3",), "give the name to show with --name, and who consents by --consent-by"),
        (("w-3", "--name", "Cy"), 'say who does, with their role: --consent-by "Ida Example, mother"'),
        (("w-2",), "say who does, with their role: --consent-by"),
    ],
)
def test_what_the_registry_would_refuse_is_refused_before_anybody_shakes_a_band(
    run: Run, here: Installation, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("somebody was made to do something for nothing")

    with closing(here.open_registry()) as registry:
        before = registry.revision()
    monkeypatch.setattr(pairing_entering, "Talk", asked)
    monkeypatch.setattr("forecalm.commands.pairing_ear.ear_at", lambda *_: object())
    code, said = run("pair", "band-03", *arguments)
    assert (code, says in said) == (2, True), said
    with closing(here.open_registry()) as registry:
        assert (registry.wearers(), registry.revision()) == (["w-1", "w-2"], before), "nothing was entered"


def test_a_sticker_that_cannot_be_written_says_both_kinds_that_can(run: Run, tmp_path: Path) -> None:
    code, said = run("label", "band-07", "--out", str(tmp_path / "x.pdf"))
    assert (code, "must end in .svg or .png" in said) == (2, True), said


def test_a_time_that_is_none_is_refused_by_the_clock_of_the_site(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "forecalm.toml"
    config.write_text('[site]\ntime_zone = "Europe/Berlin"\n')
    code, said = run("pair", "band-03", "w-1", "--until", "banana", "--config", str(config))
    assert (code, "(by the clock of the site, Europe/Berlin)" in said) == (2, True), said


def test_what_is_on_record_is_said_though_somebody_else_takes_its_band_off_the_air(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def arrives(*_: object) -> bool:
        raise PairingError("band-77: somebody else is pairing that: wait until it is done")

    monkeypatch.setattr(pairing_entering, "arrives", arrives)
    place: Any = SimpleNamespace(registry=None, config=None)
    entered = Outcome(0, {"paired": True}, "band-01 is w-1's")
    told = pairing_entering._followed(place, cast(Any, None), "band-01", "w-1", entered)
    assert (told.code, told.as_json, told.text) == (1, {"paired": True, "arrives": False}, entered.text)
