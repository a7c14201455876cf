"""``forecalm rehearse``: a model that is worse for somebody is blocked until somebody answers for it, by name."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from forecalm.cli import main
from forecalm.config import load
from forecalm.installation import Installation


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_one_person_for_whom_it_is_worse_blocks_a_promotion_until_somebody_signs_and_it_is_taken_back(
    config_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", config_path]
    promote = ["models", "promote", "first", "--by", "Ada", *config]
    assert "was not rehearsed" in ran(capsys, *promote)[1]
    code, said = ran(capsys, "rehearse", "first", *config)
    assert (code, said["passed"]) == (1, False)
    by = {person["wearer"]: person for person in said["people"]}
    assert by["w-01"]["outcome"] == by["w-09"]["outcome"] == "worse"
    assert [finding["kind"] for finding in by["w-01"]["ways"][0]["worse"]] == ["events", "watch"]
    assert [finding["kind"] for finding in by["w-09"]["ways"][0]["worse"]] == ["watch"]
    assert any("trained on w-01" in caution for caution in said["cautions"])
    assert any("labelled an event of w-09" in caution for caution in said["cautions"])

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
    evidence = done["done"]["evidence"]
    assert (evidence["passed"], evidence["worse_for"], evidence["signed_by"]) == (False, 2, "Ada")
    code, back = ran(capsys, "models", "roll-back", "--by", "Bo", "--because", "she is back", *config)
    assert (code, back["champion"]) == (0, "arousal")

    with closing(Installation(load(Path(config_path))).open_registry()) as registry:
        signed = [entry for entry in registry.audit_entries("w-01") if entry.action == "sign for a model"]
        assert (signed[0].actor, json.loads(signed[0].detail)["because"]) == ("Ada", "moved out")
        assert registry.verify_audit() == []

