"""``forecalm models``: what it says is so, what it does is in force and on record, and it can all be taken back."""

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from forecalm.cli import main
from forecalm.doctor.finding import Level
from forecalm.doctor.shelf import models as examined
from forecalm.installation import Installation
from forecalm.watching.champion import ShelfWatch, choose, stamp
from forecalm.watching.foretold import Minute, Share
from forecalm.watching.watchers import Choice
from ingest.labels import Label

UNREHEARSED = ["--unrehearsed", "--because", "nothing is recorded here yet"]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["models", *arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


@pytest.fixture
def promoted(config: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The configuration of an installation in which the first model watches."""
    assert main(["models", "promote", "first", "--by", "Ada", *UNREHEARSED, "--config", config]) == 0
    capsys.readouterr()
    return config


def test_without_models_it_says_what_watches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "forecalm.toml"
    file.write_text(f'data = "{tmp_path / "data"}"\n')
    assert main(["models", "--config", str(file)]) == 0
    said = capsys.readouterr().out
    assert "no trained model yet" in said
    assert "training-free detector (arousal) watches" in said


def test_every_model_is_listed_with_whether_it_can_be_believed(
    here: Installation, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = here.models / "second" / "model.skops"
    path.write_bytes(path.read_bytes() + b".")
    code, said = ran(capsys, "list", "--config", config)
    first, second = said["models"]
    assert code == 0  # nobody relies on the second
    assert (first["name"], first["people"], first["refused"]) == ("first", 4, "")
    assert "not as it was written" in second["refused"]
    assert main(["models", "--config", config]) == 0
    assert "refused" in capsys.readouterr().out


def test_one_model_is_shown_with_its_limits_and_its_history(promoted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--config", promoted, "show", "first"]) == 0
    said = capsys.readouterr().out
    for part in ("first (champion)", "4 people", "Limits:", "promoted by Ada", "unrehearsed", "Proved"):
        assert part in said
    code, all_of_it = ran(capsys, "show", "first", "--config", promoted)
    assert code == 0
    assert all_of_it["trained_on"] == ["w-00", "w-01", "w-02", "w-03"]
    assert all_of_it["history"][0]["done"] == "promoted"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "a promotion wants evidence"),
        (["--unrehearsed"], "because of what"),
        (["--unrehearsed", "--because", "x", "--evidence", "verdict.json"], "goes with neither"),
    ],
)
def test_a_promotion_without_evidence_is_refused(
    here: Installation, config: str, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    code, said = ran(capsys, "promote", "first", "--by", "Ada", "--config", config, *more)
    assert code == 2
    assert told in said
    assert choose(here.models).chosen == "arousal"


def test_what_is_done_is_in_force_on_record_and_taken_back_in_one_step(
    here: Installation, promoted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = ["--by", "Bo", "--config", promoted]
    assert ran(capsys, "shadow", "second", *signed)[1]["shadow"] == "second"
    assert ran(capsys, "promote", "second", *signed, *UNREHEARSED)[1]["before"] == "first"
    assert choose(here.models).chosen == "second"
    code, said = ran(capsys, "roll-back", *signed, "--because", "too many alerts")
    assert (code, said["champion"]) == (0, "first")
    assert ran(capsys, "roll-back", *signed, "--because", "still")[1]["champion"] == "arousal"
    code, said = ran(capsys, "roll-back", *signed, "--because", "again")
    assert code == 2
    assert "nothing before it" in said
    with closing(here.open_registry()) as registry:
        done = [(entry.actor, entry.action) for entry in registry.audit_entries() if entry.action.startswith("model")]
        assert registry.verify_audit() == []
    assert done == [
        ("Ada", "model promoted"),
        ("Bo", "model shadowed"),
        ("Bo", "model promoted"),
        ("Bo", "model rolled back"),
        ("Bo", "model rolled back"),
    ]


def test_what_cannot_be_believed_is_not_said_to_watch_after_a_roll_back_to_it(
    here: Installation, promoted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = ["--by", "Bo", "--config", promoted]
    ran(capsys, "promote", "second", *signed, *UNREHEARSED)
    shutil.rmtree(here.models / "first")
    assert main(["models", "roll-back", *signed, "--because", "x"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("arousal watches.")
    assert "Refused: model 'first' is not on the shelf" in said


def test_a_model_is_withdrawn_and_never_gone_back_to(promoted: str, capsys: pytest.CaptureFixture[str]) -> None:
    signed = ["--by", "Bo", "--config", promoted]
    ran(capsys, "promote", "second", *signed, *UNREHEARSED)
    assert ran(capsys, "withdraw", "first", *signed, "--because", "a mistake in its labels")[1]["before"] == "arousal"


def test_a_champion_that_cannot_be_believed_falls_short_in_the_list_and_with_the_doctor(
    here: Installation, promoted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {finding.level for finding in examined(here)} == {Level.OK}
    shutil.rmtree(here.models / "first")
    (finding,) = examined(here)
    assert finding.level is Level.FAILURE
    assert "'first' is not on the shelf" in finding.what
    code, said = ran(capsys, "--config", promoted)
    assert code == 1
    assert said["models"][0]["role"] == "champion"
    assert "not on the shelf" in said["models"][0]["refused"]


def test_a_service_that_runs_follows_what_is_done_on_the_shelf(
    here: Installation, promoted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Choice] = []
    watch = ShelfWatch(here.models, stamp(here.models), on_choice=told.append)
    watch.look()
    assert told == []
    ran(capsys, "roll-back", "--by", "Bo", "--because", "x", "--config", promoted)
    watch.look()
    watch.look()
    assert [choice.chosen for choice in told] == ["arousal"]
    ran(capsys, "promote", "second", "--by", "Bo", "--config", promoted, *UNREHEARSED)
    watch.look()
    shutil.rmtree(here.models / "second")
    watch.look()
    assert [choice.champion is None for choice in told] == [True, False, True]
    assert "'second' is not on the shelf" in told[-1].faults[0]


def test_drift_is_told_of_outcomes_that_no_longer_fit(
    here: Installation, promoted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(here.open_registry()) as registry:
        registry.add_wearer("w-1", "Kim", by="a test")
        registry.add_labels(
            [
                Label(what="incident", start_s=3600.0 * i, end_s=3600.0 * i + 60, rater="Ada", wearer="w-1")
                for i in range(10, 22)
            ],
            by="a test",
        )
    folder = here.folder / "foretold"
    folder.mkdir()
    share = Share(model="first", known=60, mean=0.001, highest=0.01)
    minutes = [Minute(at_s=60 * i, wearer="w-1", seconds=60, own=60, told=share) for i in range(1440)]
    (folder / "1970-01-01.jsonl").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in minutes))
    code, said = ran(capsys, "drift", "--config", promoted)
    assert code == 0
    (model,) = said["models"]
    assert model["inputs"] is None
    assert model["outcomes"]["told"] == 12
    assert model["outcomes"]["expected"] == pytest.approx(1440 * 0.001 * 60 / 180, abs=1e-4)
    assert model["outcomes"]["drifted"] is True
    assert main(["models", "drift", "--config", promoted]) == 0
    assert "which no longer fits" in capsys.readouterr().out


def test_without_a_trained_model_nothing_drifts(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "drift", "--config", config]) == 0
    assert "nothing can drift from it" in capsys.readouterr().out
