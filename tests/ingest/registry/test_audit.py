"""Every change is in the audit, in order, naming nobody; and nobody can touch it without its showing."""

import base64
import inspect
import json
from collections.abc import Callable
from contextlib import closing

import pytest
import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.labels import Label
from ingest.registry.audit import Head
from ingest.registry.consents import Consent, Scope
from ingest.registry.levels import Level
from ingest.registry.places import Gateway, Site
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind, Session
from ingest.registry.stretches import Correction
from tests.ingest.registry.a_day_of_accounts import live_through_a_day_of_accounts

CARE = Consent(frozenset({Scope.CARE, Scope.RESEARCH}), "Ida Example, mother", 0.0, 1e6)
LABEL = Label(what="incident", start_s=150.0, end_s=160.0, rater="Jo Example", wearer="w-1", note="Ann was upset")
P256DH = base64.urlsafe_b64encode(bytes(65)).decode().rstrip("=")
AUTH = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")


class Watched:
    """Sees to it that every call that says by whom it is leaves an entry, and remembers which there were."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            before = self._registry.revision()
            answer = getattr(self._registry, name)(*arguments, **named)
            assert (self._registry.revision() > before) == ("by" in named), name
            self.called.add(name)
            return answer

        return call


def live_through_a_day(registry: Registry | Watched) -> None:
    """Call every method that writes, but the one that erases."""
    registry.add_wearer("w-3", "Cleo", by="jo")
    registry.add_band("b-3", by="jo")
    registry.correct_assignments([Correction("b-3", "w-3", 1.0, 2.0)], by="jo")
    registry.add_site(Site("home", "Home", "Europe/Berlin"), by="jo")
    registry.change_site(Site("home", "The house", "Europe/Berlin"), by="jo")
    registry.set_retention("home", 30, by="jo")
    registry.add_gateway(Gateway("g-1", "home", "hall"), by="jo")
    registry.put_in_site("home", wearers=["w-1"], bands=["b-1"], gateways=["g-1"], by="jo")
    registry.rename("w-1", "Anna", by="jo")
    registry.add_carer("Zoe Example", by="jo")
    registry.give_consent("w-1", CARE, by="jo")
    registry.assign("b-1", "w-1", 100.0, by="jo")
    registry.unassign("b-1", 200.0, by="jo")
    registry.correct_assignment("b-1", "w-2", since_s=120.0, until_s=140.0, by="jo")
    registry.pair(band="b-2", wearer="w-2", since_s=300.0, name=None, carers=[], consent=CARE, by="jo")
    registry.add_session(Session(band="b-1", start_s=100.0, end_s=110.0, kind=Kind.LIVE), by="jo")
    (number,) = registry.add_labels([LABEL], by="jo")
    number = registry.correct_label(
        number, Label(what="calm", start_s=1.0, end_s=2.0, rater="Jo", wearer="w-1"), by="jo"
    )
    registry.remove_label(number, by="jo")
    registry.withdraw_consent("w-1", scopes=[Scope.RESEARCH], at_s=400.0, by="jo")
    registry.set_alert_level("w-1", Level("v-1", 0.6, 0.3, 20.0, 120.0, 60.0, 60.0), per_day=2.0, by="jo")
    registry.note("purge", wearer="w-1", by="jo", packets=3)
    registry.enter_outcome("o-1", LABEL, by="jo")
    registry.set_plan("w-1", helps=["Ann's music, from Ida Example"], avoid=["Jo"], by="jo")
    registry.set_alerting_rules("home", "to = 'tel:Ann-Jo-Ida'", by="jo")
    registry.add_push(endpoint="https://push/Zoe", p256dh=P256DH, auth=AUTH, carer="Zoe Example", tablet="t", by="jo")
    registry.remove_push("https://push/Zoe", because="gone", by="jo")
    registry.note_refusal("refused: take link", wearer="w-1", by="jo", because="expired")
    live_through_a_day_of_accounts(registry)  # type: ignore[arg-type] # a watched one does the same


def test_no_method_that_writes_goes_without_an_entry(registry: Registry) -> None:
    watched = Watched(registry)
    live_through_a_day(watched)
    watched.erase_wearer("w-3", by="jo")
    methods = [each for each in inspect.getmembers(Registry, inspect.isfunction) if not each[0].startswith("_")]
    assert watched.called == {name for name, method in methods if "by" in inspect.signature(method).parameters}


def test_every_change_leaves_an_entry_by_whom_and_when(registry: Registry) -> None:
    live_through_a_day(registry)
    entries = registry.audit_entries()
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.at_s for entry in entries] == sorted(entry.at_s for entry in entries)
    assert {entry.actor for entry in entries} == {"test", "jo"}
    assert {entry.action for entry in entries} >= {
        "add site",
        "change site",
        "set retention",
        "add gateway",
        "put in site",
        "rename",
        "add carer",
        "give consent",
        "assign",
        "unassign",
        "correct: was worn by",
        "correct: was not worn by",
        "add session",
        "add labels",
        "correct label",
        "remove label",
        "withdraw consent",
        "set alert level",
        "enter outcome",
        "write support plan",
        "set alerting rules",
        "add push subscription",
        "remove push subscription",
        "refused: take link",
    }
    assert registry.verify_audit() == []


def test_the_audit_names_nobody(registry: Registry) -> None:
    live_through_a_day(registry)
    told = json.dumps([(entry.action, entry.subject, entry.detail) for entry in registry.audit_entries()])
    for name in ("w-1", "w-2", "Ann", "Bo", "Ida", "Zoe", "Example", "upset"):
        assert name not in told
    mine = registry.audit_entries("w-1")
    assert len({entry.subject for entry in mine}) == 1
    assert mine[0].subject != registry.audit_entries("w-2")[0].subject
    with pytest.raises(RegistryError, match="w-9"):
        registry.audit_entries("w-9")


def test_what_is_refused_or_changes_nothing_leaves_no_entry(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    before = registry.audit_head()
    registry.assign("b-1", "w-1", 200.0, by="test")
    with pytest.raises(RegistryError):
        registry.assign("b-1", "w-2", 50.0, by="test")
    with pytest.raises(RegistryError, match="by"):
        registry.add_band("b-9", by=" ")
    assert registry.audit_head() == before
    assert registry.revision() == before.number


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor = 'somebody else' WHERE number = 4",
        "UPDATE audit SET at_s = at_s - 0.001 WHERE number = 4",
        "UPDATE audit SET action = 'add band' WHERE number = 1",
        "UPDATE audit SET detail = '{}' WHERE number = 3",
        "UPDATE audit SET subject = '' WHERE number = 2",
        "UPDATE audit SET digest = 'f' WHERE number = 6",
        "DELETE FROM audit WHERE number = 1",
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
        "DELETE FROM audit",
        "UPDATE audit SET number = 99 WHERE number = 4",
        "INSERT INTO audit SELECT number + 1, at_s, actor, action, subject, detail, digest FROM audit WHERE number ="
        " (SELECT max(number) FROM audit)",
        "UPDATE audit_head SET number = 3",
    ],
)
def test_tampering_shows(registry: Registry, url: str, tampering: str) -> None:
    for number in range(3, 9):
        registry.add_band(f"b-{number}", by="jo")
    assert registry.verify_audit() == []
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        assert connection.exec_driver_sql(tampering).rowcount >= 1
    engine.dispose()
    assert len(registry.verify_audit()) == 1


def test_a_chain_made_anew_shows_only_against_a_witness_kept_elsewhere(url: str) -> None:
    with closing(Registry(url, clock=lambda: 1.0)) as registry:
        registry.add_band("b-1", by="jo")
        witness = registry.audit_head()
        assert registry.verify_audit(witness) == []
        registry.add_band("b-2", by="jo")
        assert registry.verify_audit(witness) == []
        assert registry.verify_audit(Head(witness.number, "0" * 64)) != []
        assert registry.verify_audit(Head(9, witness.digest)) != []
