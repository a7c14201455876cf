"""``forecalm budget``: what each level would have meant for somebody is shown, and no known event is lost unsaid."""

import json
from contextlib import closing
from typing import Any

import pytest

from alerts.policy import Policy
from forecalm.cli import main
from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.watching.policies import policies_of
from tests.forecalm.rehearsing.conftest import SAMPLE, Lived

pytestmark = pytest.mark.long

MINUTES = ("--days", "0.003")  # the last four, with the alert; what was before is learnt from at once
MANY = ("--per-day", "800", *MINUTES)  # so that they are enough to choose by


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["budget", "w-01", *arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_each_level_is_shown_with_what_it_keeps_and_nothing_is_set_of_too_little(
    config_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ran(capsys, "--config", config_path)
    found = said["budget"]
    assert code == 0
    assert (found["holds"]["policy"]["enter"], found["holds"]["leads_s"]) == (0.7, [120.0])
    alerts = [len(level["alerts_s"]) for level in found["levels"]]
    assert (alerts[0], alerts[-1]) == (0, 1)
    assert found["fits"]["a_day"] <= 2
    assert [event["what"] for event in found["lost"]] == ["incident"], "two a day are less than one in eighteen minutes"
    code, refused = ran(capsys, "--set", "--by", "Ada", *MINUTES, "--config", config_path)
    assert (code, "too little to choose by" in refused) == (2, True)
    assert main(["budget", "w-01", *MINUTES, "--config", config_path]) == 0
    shown = capsys.readouterr().out
    for part in ("Research use only", "holds now", "fits", "LOST at the level that fits: incident"):
        assert part in shown


def test_a_level_is_set_for_one_person_with_its_history_and_taken_back(
    config_path: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    by = ("--by", "Ada", "--config", config_path)
    code, said = ran(capsys, "--set", *MANY, *by)
    assert (code, said["set"]["version"], said["set"]["lost"]) == (0, "level-1", 0)
    with closing(Installation(config).open_registry()) as registry:
        policies = policies_of(registry, Policy())
        (entry,) = [each for each in registry.audit_entries("w-01") if each.action == "set alert level"]
    assert list(policies) == ["w-01"]
    held = policies["w-01"]
    assert (held.version, held.of) == ("first-light-1 level-1", "first-light-1")
    assert (held.enter, held.hold_s) == (said["budget"]["fits"]["policy"]["enter"], Policy().hold_s)
    assert entry.actor == "Ada"
    assert ran(capsys, *MANY, "--config", config_path)[1]["budget"]["holds"]["policy"]["version"] == held.version

    assert ran(capsys, "--default", *by)[0] == 0
    with closing(Installation(config).open_registry()) as registry:
        assert policies_of(registry, Policy()) == {}
    code, said = ran(capsys, "--history", "--config", config_path)
    assert [each["level"] is None for each in said["history"]] == [False, True]
    assert main(["budget", "w-01", "--history", "--config", config_path]) == 0
    assert "everybody's level" in capsys.readouterr().out


def test_a_level_that_loses_a_known_event_wants_somebody_who_accepts_that(
    config_path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.rehearsal.budget.LEVELS", (0.999,))  # at which nothing is ever told
    by = ("--set", *MANY, "--by", "Ada", "--config", config_path)
    code, refused = ran(capsys, *by)
    assert (code, "would have been LOST" in refused) == (2, True)
    code, said = ran(capsys, *by, "--accept-lost")
    assert (code, said["set"]["lost"]) == (0, 1)


def test_of_whom_there_are_only_imported_recordings_these_are_replayed_told_as_such_and_nothing_is_set_by_them(
    config_path: str, capsys: pytest.CaptureFixture[str], lived: Lived
) -> None:
    consent = ["--name", "r-1", "--consent-by", "Ida, mother", "--scope", "care,research"]
    assert main(["import", str(SAMPLE), "--wearer", "r-1", *consent, "--config", config_path]) == 0
    capsys.readouterr()
    order = ["budget", "r-1", "--per-day", "800", "--config", config_path]
    assert main([*order, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["budget"]
    assert found["recorded"]
    assert len(found["holds"]["alerts_s"]) == len(lived.alerts_s)
    assert main(order) == 0
    assert "replayed as they were recorded: imported, nothing of it late" in capsys.readouterr().out
    assert main([*order, "--set", "--by", "Ada"]) == 2
    assert "only imported recordings were replayed: nothing is set" in capsys.readouterr().err.replace("\n", " ")
    assert main(["budget", "w-01", *MANY, "--json", "--config", config_path]) == 0
    assert not json.loads(capsys.readouterr().out)["budget"]["recorded"]


def test_nobody_of_whom_nothing_may_be_replayed_has_a_budget(
    config_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    consent = ["--name", "r-2", "--consent-by", "Ida, mother"]
    assert main(["import", str(SAMPLE), "--wearer", "r-2", *consent, "--config", config_path]) == 0
    assert main(["budget", "r-2", "--config", config_path]) == 2
    assert "an imported recording one to research" in " ".join(capsys.readouterr().err.split())
