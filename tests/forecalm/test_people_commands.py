"""What staff say on the command line about people, bands, consents and labels is kept and told back."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alerts.journal import Journal
from alerts.situation_events import AlertRaised
from forecalm.cli import main
from forecalm.commands.moments import moment, told
from forecalm.commands.people import exchanged
from forecalm.config import Config, ConfigError
from forecalm.installation import Installation
from forecalm.rescoring.derived import rewriting
from forecalm.rescoring.lived import Decided
from forecalm.rescoring.rescoring import rescored_in
from ingest.clock.clocks import Clocks
from ingest.errors import StoreError
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.wire import encode

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
LONDON = ZoneInfo("Europe/London")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A house in London with two people, whose bands are a and b since 2020."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_SITE_TIME_ZONE", "Europe/London")
    installation = Installation(Config(data=str(tmp_path / "house")))
    with closing(installation.open_registry()) as registry:
        for band, wearer in (("a", "w-1"), ("b", "w-2")):
            agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
            registry.pair(band=band, wearer=wearer, since_s=1.58e9, name="Name", carers=[], consent=agreed, by="test")
    return installation


@pytest.fixture
def run(here: Installation, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def registry_of(here: Installation) -> closing[Registry]:
    return closing(here.open_registry())


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-06T14:02", "2026-05-06T13:02:00Z"),
        ("2026-01-06 14:02:03.5", "2026-01-06T14:02:03.5Z"),
        ("2026-05-06T14:02+05:30", "2026-05-06T08:32:00Z"),
        ("2026-05-06T14:02Z", "2026-05-06T14:02:00Z"),
    ],
)
def test_a_time_is_by_the_clock_of_the_site_or_says_its_offset(text: str, utc: str) -> None:
    assert moment(text, LONDON, "--since") == moment(utc, ZoneInfo("Asia/Tokyo"), "--since")


@pytest.mark.parametrize("text", ["2026-10-25T01:30", "2026-03-29T01:30"])
def test_a_time_that_the_clock_showed_twice_or_never_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="offset"):
        moment(text, LONDON, "--since")
    assert moment(text + "+01:00", LONDON, "--since") > 0


@pytest.mark.parametrize("text", ["", "yesterday", "14:02", "2026-13-01T00:00"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--until.*2026-05-06T14:02"):
        moment(text, LONDON, "--until")


def test_a_moment_is_told_with_its_offset() -> None:
    assert told(moment("2026-05-06T14:02", LONDON, ""), LONDON) == "2026-05-06 14:02:00+01:00"


def test_unpairing_ends_who_wears_it_from_now_on(run: Run, here: Installation) -> None:
    code, out, _ = run("unpair", "a")
    assert code == 0
    assert "w-1 no longer wears a" in out
    assert str(here.registry) in out
    with registry_of(here) as registry:
        assert registry.wearer_of("a", time.time()) is None
        assert registry.wearer_of("b", time.time()) == "w-2"
    code, _, err = run("unpair", "a")
    assert code == 2
    assert "nobody wears" in err


def test_a_correction_is_told_back_and_needs_to_say_who(run: Run, here: Installation) -> None:
    assert run("correct", "a", "--since", "2026-05-06T14:00")[0] == 2
    assert run("correct", "a", "w-1", "--nobody", "--since", "2026-05-06T14:00")[0] == 2
    code, out, _ = run(
        "correct", "a", "--nobody", "--since", "2026-05-06T14:00", "--until", "2026-05-06T15:00", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert found["changes"] == [
        {
            "band": "a",
            "since_s": moment("2026-05-06T13:00Z", LONDON, ""),
            "until_s": moment("2026-05-06T14:00Z", LONDON, ""),
            "before": "w-1",
            "after": None,
        }
    ]
    assert [each["wearer"] for each in found["rescored"]] == ["w-1"]
    code, out, _ = run("correct", "a", "--nobody", "--since", "2026-05-06T14:00", "--until", "2026-05-06T15:00")
    assert "nothing changes" in out


def test_bands_that_were_exchanged_are_exchanged_back(run: Run, here: Installation) -> None:
    code, _, err = run("correct", "a", "--exchange", "b", "--since", "2026-05-06T14:00", "--until", "2026-05-06T15:00")
    assert code == 0, err
    inside, after = moment("2026-05-06T14:30", LONDON, ""), moment("2026-05-06T15:00", LONDON, "")
    with registry_of(here) as registry:
        assert (registry.wearer_of("a", inside), registry.wearer_of("b", inside)) == ("w-2", "w-1")
        assert (registry.wearer_of("a", after), registry.wearer_of("b", after)) == ("w-1", "w-2")
        for since_s, until_s in ((inside, None), (0.0, inside)):
            registry.correct_assignments(exchanged(registry, "a", "b", since_s, until_s), by="test")
        assert (registry.wearer_of("a", inside), registry.wearer_of("b", inside)) == ("w-1", "w-2")
        assert (registry.wearer_of("a", after), registry.wearer_of("b", after)) == ("w-2", "w-1")


def test_a_correction_says_what_would_have_alerted_and_which_alerts_were_not_theirs(
    run: Run, here: Installation
) -> None:
    clocks = Clocks()
    with closing(here.open_store()) as store:
        sent = [(at_s, packet) for at_s, packet in packets(read(SAMPLE), band="a")]
        store.commit([Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent])
    start_s, end_s = sent[0][0], sent[-1][0]
    journal = Journal(here.journal)
    journal.append(
        [
            AlertRaised(
                wearer="w-1", at_s=start_s + 900, alert_id="w-1-900-1", probability=0.8, reasons=("Why.",), policy="p"
            )
        ]
    )
    code, out, err = run(  # the journal is still open, as that of a service that runs
        "correct", "b", "--nobody", "--since", told(start_s - 60, LONDON), "--until", told(end_s + 60, LONDON)
    )
    assert code == 0, err
    code, out, err = run(
        "correct", "a", "w-2", "--since", told(start_s - 60, LONDON), "--until", told(end_s + 60, LONDON)
    )
    journal.close()
    assert code == 0, err
    assert "a was worn by w-2, not by w-1" in err
    assert "would have alerted" in out
    assert "not theirs: the alert of" in out
    assert "w-1-900-1" in out
    assert len(rescored_in(here.rescored)) == 3
    assert sorted(path.stem for path in here.relearnt.iterdir()) == ["w-1", "w-2"]
    listed = json.loads(run("rescore", "--list", "--json")[1])["rescored"]
    assert [each["wearer"] for each in listed] == [each.wearer for each in rescored_in(here.rescored)]


def test_consents_are_given_listed_and_withdrawn(run: Run, here: Installation) -> None:
    with pytest.raises(SystemExit):
        run("consent", "give", "w-1", "--by", "Ida, mother")  # no use of readings is ever assumed
    code, out, _ = run(
        "consent", "give", "w-1", "--by", "Ida, mother", "--scope", "research", "--since", "2026-01-01T00:00"
    )
    assert code == 0
    assert "research from 2026-01-01 00:00:00+00:00" in out
    found = json.loads(run("consent", "list", "w-1", "--json")[1])
    assert [(each["scope"], each["given_by"], each["withdrawn_s"]) for each in found] == [
        ("care", "Ida, mother", None),
        ("research", "Ida, mother", None),
    ]
    code, out, _ = run("consent", "withdraw", "w-1")
    assert code == 0
    assert "2 consents are withdrawn" in out
    assert "stays until it is erased" in out
    with registry_of(here) as registry:
        assert not registry.has_consent("w-1", Scope.CARE, time.time())
        assert registry.has_consent("w-2", Scope.CARE, time.time())
    assert run("consent", "list")[1].count("\n") == 3
    assert "1 consent is withdrawn" in run("consent", "withdraw", "w-2", "--scope", "care")[1]
    assert run("consent", "withdraw", "w-9")[0] == 2


def test_labels_come_and_go_as_one_file(run: Run, here: Installation, tmp_path: Path) -> None:
    code, out, _ = run(
        *("labels", "add", "w-1", "meltdown", "--start", "2026-05-06T14:02", "--end", "2026-05-06T14:10"),
        *("--rater", "Jo", "--uncertainty", "30", "--level", "3", "--note", "after lunch, loud"),
    )
    assert code == 0
    assert "w-1  meltdown  2026-05-06 14:02:00+01:00  to 2026-05-06 14:10:00+01:00" in out
    path = tmp_path / "labels.csv"
    assert run("labels", "export", "--out", str(path))[0] == 0
    assert run("labels", "export")[1] == path.read_text()
    assert json.loads(run("labels", "import", str(path), "--json")[1]) == {"read": 1, "new": 0}
    path.write_text("what,start,rater\ntag,2026-05-06T15:00Z,band\n")
    assert run("labels", "import", str(path))[0] == 2
    assert "1 label read, 1 of them new" in run("labels", "import", str(path), "--wearer", "w-2")[1]
    listed = json.loads(run("labels", "list", "--json")[1])
    assert [(each["wearer"], each["what"]) for each in listed] == [("w-1", "meltdown"), ("w-2", "tag")]
    assert json.loads(run("labels", "list", "w-1", "--since", "2026-05-06T14:11", "--json")[1]) == []
    assert run("labels", "list", "w-9")[0] == 2
    for action in ("list", "export"):
        assert run("labels", action, "--wearer", "w-1")[1] == run("labels", action, "w-1")[1]
    assert run("labels", "list", "--wearer", "w-1")[1] != run("labels", "list")[1]
    assert run("labels", "list", "--wearer", "w-9")[0] == 2
    assert run("labels", "list", "w-1", "--wearer", "w-2")[0] == 2
    path.write_text("what,start,rater\ntag,2026-05-06T15:00,band\n")
    code, _, err = run("labels", "import", str(path), "--wearer", "w-2")
    assert code == 2
    assert "line 2" in err


def test_pairing_says_where_it_is_kept_without_a_password() -> None:
    from forecalm.commands.people import kept_in
    from forecalm.config import RegistrySection

    class Elsewhere:
        config = Config(registry=RegistrySection(url="postgresql+psycopg://ann:secret@db.house/forecalm"))

    said = kept_in(Elsewhere())  # type: ignore[arg-type]
    assert "db.house/forecalm" in said
    assert "secret" not in said


class Influx:
    """Remembers what it was told; refuses where it is ``away``."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.told: list[str] = []

    def run(self, statement: str) -> None:
        if self.away:
            raise StoreError("cannot be reached")
        self.told.append(statement)

    def write(self, text: bytes) -> None:
        self.told.append(text.decode())


def test_derived_series_are_taken_away_before_they_are_written_anew_and_a_server_that_is_away_is_said() -> None:
    from alerts.desk import Desk
    from alerts.journal import Scratch
    from alerts.policy import Policy
    from forecalm.pipeline import Pipeline

    clocks = Clocks()
    desk = Desk(wearers=["w-1"], policy=Policy(), journal=Scratch(), started_s=0.0)
    pipeline, steps = Pipeline(wearers=["w-1"], desk=desk), []
    for at_s, packet in list(packets(read(SAMPLE), band="a"))[:60]:
        pipeline.receive("w-1", Received(packet, clocks.map(packet, at_s), at_s, b""))
        for step in pipeline.advance(at_s):
            signals = step.signals
            steps.append(Decided(int(signals.start_s[0]), signals.features[0], step.risk.probability[0]))
    start_s = steps[0].start_s
    influx = Influx()
    assert rewriting(influx)("w-1", start_s - 0.5, start_s + 60, steps) == ""
    delete, text = influx.told
    assert delete.startswith('DELETE FROM "derived" WHERE "wearer" = \'w-1\'')
    assert f"time >= {start_s - 1}000000000 AND" in delete
    assert text.startswith("derived,wearer=w-1 ")
    assert len({line.rsplit(" ", 1)[1] for line in text.splitlines()}) == len(steps)
    assert np.isfinite([each.features for each in steps]).any()
    assert "cannot be reached" in rewriting(Influx(away=True))("w-1", 0.0, 1.0, steps)
