"""Plans, rules, browsers and outcomes come back from a copy, and what is somebody's goes with them from every file."""

from contextlib import closing
from pathlib import Path

from alerts.journal import Journal
from alerts.outcomes.events import What
from alerts.outcomes.outcomes import Outcomes
from forecalm.backup import back_up
from forecalm.config import Config
from forecalm.erasure.erasure import Erasure
from forecalm.installation import Installation
from forecalm.restore import restore
from ingest.registry.registry import Registry
from ingest.store.protocol import Store
from tests.forecalm.keeping.conftest import NOW_S
from tests.ingest.registry.test_care import AUTH, P256DH

WORDS = (b"quilt of Ottilie", b"song of Ottilie")


def live(here: Installation, registry: Registry, journal: Journal) -> None:
    registry.set_plan("w-1", helps=["the quilt of Ottilie"], avoid=[], by="Ada")
    registry.set_plan("w-1", helps=["the quilt of Ottilie", "a walk"], avoid=["touch"], by="Ada")
    registry.set_plan("w-2", helps=["music"], avoid=[], by="Ada")
    registry.set_alerting_rules("home", "again_s = 60", by="Ada")
    registry.add_push(endpoint="https://push.example/a", p256dh=P256DH, auth=AUTH, carer="Jo", tablet="t", by="Jo")
    outcomes = Outcomes(journal, registry)
    first = outcomes.tell("w-1", alert_id="", by="Jo", what=What.SETTLED, helped=["the song of Ottilie"], at_s=NOW_S)
    outcomes.correct(first.outcome_id, by="Jo", what=What.INCIDENT, helped=["the song of Ottilie"], at_s=NOW_S + 9.0)
    outcomes.tell("w-2", alert_id="", by="Jo", what=What.EXERCISE, at_s=NOW_S)
    assert outcomes.enter() == 0


def test_a_copy_brings_back_plans_rules_browsers_and_outcomes_with_their_history(
    here: Installation, registry: Registry, store: Store, tmp_path: Path
) -> None:
    with closing(Journal(here.journal)) as journal:
        live(here, registry, journal)
        back_up(here, tmp_path / "copy", registry=registry, store=store, now_s=NOW_S)
    there = Installation(Config(data=str(tmp_path / "again")))
    restore(there, tmp_path / "copy", by="test")
    with closing(there.open_registry()) as again, closing(Journal(there.journal)) as journal:
        assert again.plan_history("w-1") == registry.plan_history("w-1")
        assert again.alerting_rules_history("home") == registry.alerting_rules_history("home")
        assert again.push_subscriptions() == registry.push_subscriptions()
        outcomes, before = Outcomes(journal, again), again.labels()
        assert outcomes.enter() == 0
        assert again.labels() == before == registry.labels()
        assert [each.what for each in outcomes.of("w-1")] == [What.SETTLED, What.INCIDENT]


def test_plans_and_outcomes_of_whoever_is_erased_are_in_no_file_and_others_stay(
    here: Installation, registry: Registry, store: Store
) -> None:
    with closing(Journal(here.journal)) as journal:
        live(here, registry, journal)

        def found() -> set[bytes]:
            files = [path.read_bytes() for path in here.folder.rglob("*") if path.is_file()]
            return {word for word in WORDS for raw in files if word in raw}

        assert found() == set(WORDS)
        erasure = Erasure(here, registry, store, by="test", journal=journal)
        listed = erasure.look("w-1")
        assert {trace.what for trace in listed.traces if trace.kind == "registry rows"} >= {"support_plan", "label"}
        assert listed.counts["journal lines"] == 2
        erasure.erase(listed, NOW_S + 10.0)
        assert found() == set()
        outcomes = Outcomes(journal, registry)
        assert outcomes.enter() == 0
        assert (len(outcomes.of("w-1")), len(outcomes.of("w-2"))) == (0, 1)
    assert list(registry.plans()) == ["w-2"]
    assert [label.wearer for label in registry.labels().values()] == ["w-2"]
    assert registry.alerting_rules("home") is not None
