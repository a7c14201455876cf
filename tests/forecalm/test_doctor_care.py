"""The doctor says which alerting rules reach nobody, and which outcomes are not learnt from; no secret, no name."""

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerts.journal import Journal
from alerts.outcomes.events import What
from alerts.outcomes.outcomes import Outcomes
from forecalm.config import Config
from forecalm.doctor.care import care
from forecalm.doctor.examine import examine
from forecalm.doctor.finding import Level
from forecalm.installation import Installation
from tests.ingest.registry.test_care import AUTH, P256DH

KEY = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
BOARD = '[[alert]]\nafter_s = 0\nwho = "on shift"\nchannel = "board"\n'


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    installation = Installation(Config(data=str(tmp_path / "house")))
    with closing(installation.open_registry()) as registry:
        registry.add_wearer("w-1", "Ann", by="test")
    return installation


def set_rules(here: Installation, text: str) -> None:
    with closing(here.open_registry()) as registry:
        registry.set_alerting_rules("home", text, by="test")


def found(here: Installation) -> list[tuple[Level, str]]:
    findings = list(care(here))
    told = "".join(f"{each.what}{each.mend}" for each in findings)
    assert KEY not in told
    assert "Zoe" not in told
    assert all(each.mend for each in findings if each.level in (Level.WARNING, Level.FAILURE))
    return [(each.level, each.what) for each in findings]


def test_a_house_without_rules_is_told_what_holds(here: Installation) -> None:
    ((level, what),) = found(here)
    assert level is Level.NOTE
    assert "nobody outside" in what


def test_rules_that_no_longer_parse_are_a_failure_that_names_the_field(here: Installation) -> None:
    set_rules(here, f'[[contact]]\nname = "Zoe"\nreach = {{phone = "tgrm://{KEY}"}}\n{BOARD}')
    ((level, what),) = found(here)
    assert level is Level.FAILURE
    assert "contact[0].reach.phone" in what


def test_a_contact_without_an_address_is_a_warning(here: Installation) -> None:
    set_rules(here, f'[[contact]]\nname = "Zoe"\n{BOARD}')
    warned = [what for level, what in found(here) if level is Level.WARNING]
    assert "contact[0] has no address: only push messages can reach them" in warned
    assert any("may not be meant" in what for what in warned)


def test_outcomes_that_are_no_labels_yet_are_counted(here: Installation) -> None:
    with closing(Journal(here.journal)) as journal, closing(here.open_registry()) as registry:
        outcomes = Outcomes(journal, registry)
        outcomes.tell("w-1", alert_id="", by="Zoe", what=What.INCIDENT, at_s=1e9)
        assert (Level.WARNING, "1 of 1 outcome that carers told: no labels yet") in found(here)
        outcomes.enter()
        assert (Level.OK, "every one of 1 that carers told is a label") in found(here)


def test_browsers_of_whoever_is_no_carer_are_counted_and_not_named(here: Installation) -> None:
    with closing(here.open_registry()) as registry:
        registry.add_carer("Jo", by="test")
        registry.add_push(
            endpoint="https://push.example/a", p256dh=P256DH, auth=AUTH, carer="Zoe", tablet="t", by="Zoe"
        )
    assert (Level.OK, "1 browser is told by push") in found(here)
    assert any("1 person not entered as a carer" in what for _, what in found(here))


def test_somebody_whom_an_earlier_version_let_be_called_everybody_is_told_of(here: Installation) -> None:
    engine = sa.create_engine(here.registry_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO wearer (pseudonym) VALUES ('everybody')")
    engine.dispose()
    assert any("stands for all people" in what for _, what in found(here))


def test_where_nothing_is_set_up_yet_nothing_is_said(tmp_path: Path) -> None:
    assert list(care(Installation(Config(data=str(tmp_path / "nowhere")), look=True))) == []


def test_it_is_part_of_the_whole_examination(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(here.folder))
    assert any(each.subject == "alerting" for each in examine(None))
