"""``forecalm rehearse``: a model that is worse for somebody is blocked until somebody answers for it, by name."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.rehearsal.evidence import encode
from alerts.rehearsal.gate import cautions, passed
from forecalm.cli import main
from forecalm.config import Config, load
from forecalm.installation import Installation
from forecalm.keeping import files
from forecalm.rehearsing import proof, rehearsal
from ingest.labels import Label
from ingest.registry.levels import Level
from models.datasets.target import StateTarget
from models.errors import ShelfError
from models.shelf.pointers import Pointers, Unrehearsed
from models.shelf.shelf import Shelf
from tests.forecalm.rehearsing.conftest import Rehearsed, copied

pytestmark = pytest.mark.long


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


@pytest.fixture
def here(rehearsed: Rehearsed, tmp_path: Path) -> Installation:
    """An installation of one's own, in which the first model was rehearsed."""
    return Installation(load(Path(copied(rehearsed.folder, tmp_path))))


def test_a_rehearsal_is_told_to_a_person_who_decides_by_it(rehearsed: Rehearsed) -> None:
    assert rehearsed.ended == 1
    for part in (
        "Research use only",
        "w-01: worse: ",
        "Blocked: worse for w-01, w-09",
        "no labels",
    ):
        assert part in rehearsed.said


def test_a_rehearsal_finds_the_same_however_many_processes(config: Config, rehearsed: Rehearsed) -> None:
    there = Installation(load(rehearsed.folder / "forecalm.toml"))
    two, _ = proof.read(there, "first")
    one = rehearsal.rehearse(config, "first", now_s=two.at_s, jobs=1)
    assert encode(one) == proof.path_of(there, "first").read_bytes()
    assert {person.wearer for person in two.people} == {"w-01", "w-09"}


def test_whoever_it_is_worse_for_blocks_a_promotion_until_somebody_signs_and_it_is_taken_back(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(here.folder.parent / "forecalm.toml")]
    promote = ["models", "promote", "first", "--by", "Ada", *config]
    assert "was not rehearsed" in ran(capsys, "models", "promote", "second", "--by", "Ada", *config)[1]
    evidence, _ = proof.read(here, "first")
    assert not passed(evidence)
    by = {person.wearer: person for person in evidence.people}
    assert by["w-01"].outcome == by["w-09"].outcome == "worse"
    assert [finding.kind for finding in by["w-01"].ways[0].worse] == ["watch"], "the stand-in told of the event"
    assert [finding.kind for finding in by["w-09"].ways[0].worse] == ["watch"]
    assert any("trained on w-01" in caution for caution in cautions(evidence))
    assert any("labelled an event of w-09" in caution for caution in cautions(evidence))

    for more, told in (
        ([], "worse for w-01, w-09"),
        (["--sign", "w-01", "--because", "moved out"], "worse for w-09"),
        (["--sign", "w-01", "--sign", "w-09"], "give one for all"),
        (["--sign", "w-01", "--sign", "w-09", "--because", " "], "says because of what"),
        (["--sign", "w-05", "--because", "x"], "not worse for them"),
    ):
        code, refused = ran(capsys, *promote, *more)
        assert (code, told in refused) == (2, True), refused
    code, done = ran(capsys, *promote, "--sign", "w-01", "--sign", "w-09", "--because", "moved out", "--because", "y")
    assert (code, done["champion"]) == (0, "first")
    proved = done["done"]["evidence"]
    assert (proved["passed"], proved["worse_for"], proved["signed_by"]) == (False, 2, "Ada")
    assert "nothing to hold it against" in ran(capsys, "rehearse", "first", *config)[1]
    code, back = ran(capsys, "models", "roll-back", "--by", "Bo", "--because", "she is back", *config)
    assert (code, back["champion"]) == (0, "arousal")

    with closing(here.open_registry()) as registry:
        signed = [entry for entry in registry.audit_entries("w-01") if entry.action == "sign for a model"]
        assert (signed[0].actor, json.loads(signed[0].detail)["because"]) == ("Ada", "moved out")
        assert registry.verify_audit() == []


def refused(here: Installation) -> str:
    """Why the rehearsal of the first model speaks for nothing now."""
    with pytest.raises(ShelfError) as told:
        proof.require_sound(here, "first", *proof.read(here, "first"))
    return str(told.value)


def test_a_rehearsal_speaks_for_what_it_is_of_alone(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence, digest = proof.read(here, "first")
    proof.require_sound(here, "first", evidence, digest)
    with pytest.raises(ShelfError, match="of another model"):
        proof.require_sound(here, "second", evidence, digest)

    with closing(here.open_registry()) as registry:
        registry.set_alert_level("w-01", Level("first-light-1", 0.6, 0.3, 20.0, 120.0, 60.0, 60.0), by="test")
        assert "have changed" in refused(here)
        registry.set_alert_level("w-01", None, by="test")
        proof.require_sound(here, "first", evidence, digest)
        at_s = evidence.at_s - 1000
        label = Label(what="incident", start_s=at_s, end_s=at_s, rater="Jo", wearer="w-09")
        (number,) = registry.add_labels([label], by="test")
        assert "have changed" in refused(here)
        registry.remove_label(number, by="test")

    with monkeypatch.context() as other:
        other.setattr("forecalm.rehearsing.rehearsal.commit", lambda: "1" * 40)
        assert "by other code" in refused(here)

    path = proof.path_of(here, "first")
    whole = path.read_bytes()
    config = ["--config", str(here.folder.parent / "forecalm.toml")]
    path.write_bytes(whole.replace(b'"outcome": "worse"', b'"outcome": "better"'))
    assert "not as it was written" in refused(here)
    assert main(["models", "promote", "first", "--by", "Ada", *config]) == 2
    path.write_bytes(whole)
    unrehearsed = ["--unrehearsed", "--because", "a test", *config]
    assert main(["models", "promote", "second", "--by", "Ada", *unrehearsed]) == 0
    assert "against arousal, which is not what watches now (second)" in refused(here)


def test_whoever_promotes_another_model_meanwhile_makes_a_rehearsal_one_against_what_watched_before(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two promotions at once, each held against the training-free detector, and never against each other."""
    pointers, alone = Pointers(Shelf(here.models)), files.alone

    @contextmanager
    def after_somebody_else(folder: Path) -> Iterator[None]:
        with alone(folder):
            signed = Unrehearsed(signed_by="Bo", because="a test")
            pointers.promote("second", by="Bo", evidence=signed, at_s=1.0)
            yield

    monkeypatch.setattr(files, "alone", after_somebody_else)
    config = ["--config", str(here.folder.parent / "forecalm.toml")]
    signs = ["--sign", "w-01", "--sign", "w-09", "--because", "x"]
    code, refused = ran(capsys, "models", "promote", "first", "--by", "Ada", *signs, *config)
    assert (code, "not what watches now (second)" in refused) == (2, True), refused
    champion = pointers.standing().champion
    assert champion is not None
    assert champion.name == "second"


def test_a_model_that_a_rehearsal_found_worse_is_not_promoted_as_if_there_had_been_none(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(here.folder.parent / "forecalm.toml")]
    proof.path_of(here, "first").unlink()
    unrehearsed = ["models", "promote", "first", "--by", "Ada", "--unrehearsed", "--because", "in a hurry"]
    code, refused = ran(capsys, *unrehearsed, *config)
    assert (code, "found it worse for 2" in refused) == (2, True), refused
    assert Pointers(Shelf(here.models)).standing().champion is None


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """One way of replaying, of the two."""
    monkeypatch.setattr(rehearsal, "WAYS", {"as recorded": rehearsal.WAYS["as recorded"]})


@pytest.mark.usefixtures("quickly")
def test_words_that_no_label_says_are_told_with_those_that_labels_say(
    config_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["--wearers", "w-01", "--events", "meltdown", "--config", config_path]
    code, said = ran(capsys, "rehearse", "first", *only)
    assert code == 1
    assert any("No label says 'meltdown'; there are 'incident' (1)" in caution for caution in said["cautions"])


def test_who_rehearses_again_by_other_words_hears_what_was_found_before_and_overwrites_nothing(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence, digest = proof.read(here, "first")
    with closing(here.open_registry()) as registry:
        assert proof.otherwise(registry, evidence, digest) == ()
        rules = msgspec.structs.replace(evidence.rules, words=("storm",))
        fine = tuple(msgspec.structs.replace(each, outcome="no different") for each in evidence.people)
        again = msgspec.structs.replace(evidence, rules=rules, people=fine)
        path = proof.keep(here, registry, again, by="Ada")
    kept = sorted(path.parent.glob("first.*.json"))
    assert len(kept) == 2
    assert any(each.read_bytes() == encode(evidence) for each in kept)
    config = ["--config", str(here.folder.parent / "forecalm.toml")]
    assert main(["models", "promote", "first", "--by", "Ada", *config]) == 0
    told = capsys.readouterr().err
    assert "of 2 by events incident, found otherwise: signatures wanted there 2, in this one, by storm, 0" in told


def test_the_events_of_a_model_that_tells_a_state_are_that_state() -> None:
    assert rehearsal.words_of(StateTarget(positive=("stroop", "interview"), negative=("rest",))) == (
        "stroop",
        "interview",
    )


@pytest.mark.usefixtures("quickly")
def test_a_rehearsal_of_some_promotes_nothing_and_goes_with_whom_it_names(
    config_path: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ran(capsys, "rehearse", "first", "--wearers", "w-09", "--config", config_path)
    assert (code, said["left_out"]) == (1, ["w-01"])
    assert any("promotes nothing" in caution for caution in said["cautions"])
    here = Installation(config)
    assert "without w-01" in refused(here)
    assert main(["erase", "w-01", "--yes", "--config", config_path]) == 0
    assert not list(proof.path_of(here, "first").parent.glob("first*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rehearse", "none-such"], "not on the shelf"),
        (["rehearse", "first", "--wearers", "w-05"], "nothing that may be replayed is stored"),
        (["budget", "w-05"], "no wearer of this installation"),
        (["budget", "w-01", "--set"], "--by"),
        (["budget", "w-01", "--set", "--default", "--by", "Ada"], "one of them"),
    ],
)
def test_what_cannot_be_done_is_said(
    config_path: str, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    code, said = ran(capsys, *arguments, "--config", config_path)
    assert (code, told in said) == (2, True), said
