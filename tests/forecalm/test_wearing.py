"""Who wears what, in the service: as new as the last change, without waiting for the registry, never silent."""

import threading
from pathlib import Path

import pytest

from forecalm.wearing import STALE_S, Wearing
from ingest.admission import Admission, Verdict
from ingest.errors import StoreError
from ingest.registry.admissions import Admissions
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from tests.servers import until


class Scripted:
    """A registry that can be made to fall silent."""

    def __init__(self) -> None:
        self.known = Admissions(1, {"b": [(0.0, 100.0, "w-01")]}, {"w-01": [(0.0, 50.0)]})
        self.fails: Exception | None = None
        self.snapshots = 0

    def revision(self) -> int:
        if self.fails is not None:
            raise self.fails
        return self.known.revision

    def admissions(self) -> Admissions:
        self.snapshots += 1
        return self.known


def test_a_change_counts_from_the_next_look_on_and_no_change_costs_no_snapshot() -> None:
    registry = Scripted()
    wearing = Wearing(registry)
    registry.known = Admissions(2, {"b": [(0.0, 100.0, "w-02")]}, {"w-02": [(0.0, 100.0)]})
    assert wearing.wearer_of("b", 10.0) == "w-01"
    assert wearing.refresh()
    assert wearing.wearer_of("b", 10.0) == "w-02"
    assert wearing.refresh()
    assert registry.snapshots == 2


def test_a_change_is_told_before_it_counts_and_told_again_until_it_was_heard() -> None:
    registry, told = Scripted(), []

    def hear() -> None:
        told.append(wearing.wearer_of("b", 10.0))
        if len(told) == 1:
            raise StoreError("locked")

    wearing = Wearing(registry, on_change=hear)
    registry.known = Admissions(2, {"b": [(0.0, 100.0, "w-02")]}, {"w-02": [(0.0, 100.0)]})
    assert not wearing.refresh()
    assert wearing.refresh()
    assert told == ["w-01", "w-01"]
    assert wearing.wearer_of("b", 10.0) == "w-02"
    assert wearing.refresh()
    assert len(told) == 2


def test_who_has_not_consented_is_not_watched_and_is_known_to_be_so() -> None:
    wearing = Wearing(Scripted())
    assert wearing.admit("b", 49.0) == Admission(Verdict.KEEP, "w-01")
    assert wearing.admit("b", 50.0) == Admission(Verdict.DROP, "w-01")
    assert [wearing.wearer_of("b", at_s) for at_s in (49.0, 50.0)] == ["w-01", None]
    assert [wearing.consented("w-01", at_s) for at_s in (49.0, 50.0)] == [True, False]


@pytest.mark.parametrize("fails", [StoreError("locked"), RuntimeError("a bug")])
def test_where_the_registry_does_not_answer_the_last_answer_stands(
    fails: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    registry, now_s = Scripted(), [0.0]
    wearing = Wearing(registry, clock=lambda: now_s[0])
    registry.known = Admissions(2, {}, {})
    registry.fails = fails
    for now_s[0] in (1.0, 2.0, STALE_S):
        assert not wearing.refresh()
        assert wearing.wearer_of("b", 10.0) == "w-01"
    assert caplog.text.count("does not say") == 1
    now_s[0] = 1.0 + STALE_S
    assert not wearing.refresh()
    assert caplog.text.count("does not say") == 2
    registry.fails = None
    assert wearing.refresh()
    assert "answers again" in caplog.text
    assert wearing.admit("b", 10.0) == Admission(Verdict.WAIT, None)


def test_the_thread_looks_by_itself_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecalm.wearing.CHECK_S", 0.001)
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    registry.upgrade()
    before = set(threading.enumerate())
    with Wearing(registry) as wearing:
        assert wearing.admit("b", 5.0) == Admission(Verdict.WAIT, None)
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.pair(band="b", wearer="w", since_s=0.0, name="Wim", carers=[], consent=consent, by="test")
        until(lambda: wearing.wearer_of("b", 5.0) == "w")
        assert wearing.admit("b", 5.0) == Admission(Verdict.KEEP, "w")
    assert before.issuperset(threading.enumerate())
    registry.close()
