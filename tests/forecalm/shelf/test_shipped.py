"""The model that is shipped: offered, honest about itself, and on the shelf only when somebody asks for it."""

import json
import shutil
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import forecalm.shipped as shipping
from forecalm.cli import main
from forecalm.config import load
from forecalm.installation import Installation
from forecalm.watching.champion import choose
from forecalm.watching.watchers import ALONE
from models.shelf.shelf import Shelf

NAME = "shipped-sensed"
FORECAST = Path(__file__).parents[3] / "docs" / "forecast.md"


@pytest.fixture
def config(tmp_path: Path) -> str:
    """An installation without models."""
    file = tmp_path / "forecalm.toml"
    file.write_text(f'data = "{tmp_path / "data"}"\n')
    return str(file)


@pytest.fixture
def empty(config: str) -> Installation:
    return Installation(load(Path(config)))


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_it_is_offered_and_looking_at_it_adopts_nothing(
    empty: Installation, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "--config", config]) == 0
    said = capsys.readouterr().out
    assert f"{NAME}: shipped with forecalm, not adopted; trained on simulated people only" in said
    assert "training-free detector (arousal) watches" in said
    for asked in (["models", "show", NAME], ["card", NAME]):
        assert main([*asked, "--config", config]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "Trained on simulated build-ups only: it has never seen a person" in told
        assert "No public recording of the time before incidents of anxiety in severe autism exists" in told
        assert "0.30 (0.24 to 0.36)" in told
        assert "0.67 false alarms in 4 h" in told
    assert not empty.models.exists()
    assert choose(empty.models) is ALONE


def test_what_it_says_of_itself_is_what_was_found() -> None:
    table = FORECAST.read_text().partition("## Everybody's models")[2].partition("\n## ")[0]
    rows = {(cells := line[1:].split("|"))[0].strip(): cells for line in table.splitlines() if line.startswith("|")}
    sensitivity, false_alarms, over_chance = (rows["sensed"][each].strip() for each in (1, 3, 5))
    assert f"foretold {sensitivity} of the incidents" in shipping.REACHED
    assert f"at {false_alarms.split()[0]} false alarms in 4 h" in shipping.REACHED
    assert f"{over_chance.split()[0]} over chance" in shipping.REACHED
    assert f"came to {rows['arousal'][5].split()[0]}." in shipping.REACHED


def test_whoever_lets_it_run_in_shadow_adopts_a_proved_copy_on_record(
    empty: Installation, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ran(capsys, "models", "shadow", NAME, "--by", "Ada", "--config", config)
    assert (code, said["watches"], said["shadow"]) == (0, "arousal", NAME)
    digest = Shelf(empty.models).look(NAME)[1]
    assert digest == shipping.shipped().look(NAME)[1]
    assert stat.S_IMODE((empty.models / NAME).stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in (empty.models / NAME).iterdir()} == {0o600}
    with closing(empty.open_registry()) as registry:
        done = [(entry.actor, entry.action, json.loads(entry.detail)) for entry in registry.audit_entries()]
        assert ("Ada", "model adopted", {"model": NAME, "digest": digest}) in done
        assert registry.verify_audit() == []
    code, said = ran(capsys, "models", "--config", config)
    assert (code, said["shipped"], [each["role"] for each in said["models"]]) == (0, [], ["shadow"])
    assert "never seen a person" in ran(capsys, "models", "show", NAME, "--config", config)[1]["limits"]
    assert not shipping.adopt(empty, NAME, by="Ada")  # it is there


def test_a_rehearsal_adopts_it_too_and_a_promotion_does_not(
    empty: Installation, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    promote = ["models", "promote", NAME, "--by", "Ada", "--unrehearsed", "--because", "nothing is here"]
    assert main([*promote, "--config", config]) != 0
    assert "not adopted here" in capsys.readouterr().err
    assert not empty.models.exists()
    assert main(["rehearse", NAME, "--config", config]) != 0
    assert "nothing" in capsys.readouterr().err  # nobody's sessions are stored
    assert Shelf(empty.models).names() == (NAME,)


@pytest.mark.parametrize("file", ["model.skops", "manifest.json", "SHA256SUMS", "choice.json"])
def test_a_damaged_one_is_not_adopted(
    empty: Installation, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(shipping.shipped().folder, tmp_path / "shipped")
    path = damaged / NAME / file
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    monkeypatch.setattr(shipping, "shipped", lambda: Shelf(damaged))
    config = str(tmp_path / "forecalm.toml")
    assert main(["models", "shadow", NAME, "--config", config]) != 0
    assert NAME in capsys.readouterr().err
    assert Shelf(empty.models).names() == ()


def test_one_that_was_withdrawn_is_not_adopted_again(
    empty: Installation, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shadow = ["models", "shadow", NAME, "--by", "Ada", "--config", config]
    assert main(shadow) == 0
    withdraw = ["models", "withdraw", NAME, "--by", "Ada", "--because", "it says nothing of ours", "--config", config]
    assert main(withdraw) == 0
    shutil.rmtree(empty.models / NAME)
    capsys.readouterr()
    assert ran(capsys, "models", "--config", config)[1]["shipped"] == []
    assert main(shadow) != 0
    assert "was withdrawn here" in capsys.readouterr().err
    assert Shelf(empty.models).names() == ()


def test_one_that_went_with_somebody_who_was_erased_is_not_adopted_again(
    empty: Installation, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipping.adopt(empty, NAME, by="Ada")
    (empty.models / "withdrawn").mkdir()
    (empty.models / NAME).rename(empty.models / "withdrawn" / f"{NAME}-01234567")
    assert main(["models", "shadow", NAME, "--config", config]) != 0
    assert "was withdrawn here" in capsys.readouterr().err
