"""Somebody is erased: no row, no byte of any file and no entry of the audit tells who they were; the rest stands."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.admission import Admission, Verdict
from ingest.errors import RegistryError
from ingest.labels import Label
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind, Session
from ingest.registry.tables import METADATA

CARE = Consent(frozenset({Scope.CARE}), "Marguerite Quackenbush, mother", 0.0)
WHO = ("subject-zero-xyzzy", "Ottokar Quackenbush")
SESSION = Session(
    band="e4-abc",
    start_s=100.0,
    end_s=200.0,
    kind=Kind.IMPORTED,
    origin="ottokar.zip",
    digest="d1",
    notes=("ottokar was tired",),
    wearer=WHO[0],
)
LABEL = Label(what="meltdown", start_s=1.0, end_s=2.0, rater="Jo", wearer=WHO[0], note="Ottokar hit the wall")


def enter(registry: Registry) -> None:
    registry.pair(band="b-9", wearer=WHO[0], since_s=1000.0, name=WHO[1], carers=[], consent=CARE, by="jo")
    registry.correct_assignment("b-1", WHO[0], since_s=500.0, until_s=600.0, by="jo")
    registry.pair(band="b-2", wearer="w-2", since_s=1000.0, name=None, carers=[], consent=CARE, by="jo")
    registry.add_session(SESSION, by="jo")
    (first,) = registry.add_labels([LABEL], by="jo")
    registry.correct_label(first, replace(LABEL, start_s=0.0), by="jo")
    (other,) = registry.add_labels([replace(LABEL, wearer="w-2", note="was it Bo?")], by="jo")
    registry.correct_label(other, LABEL, by="jo")


def test_what_would_go_is_told_first_and_that_goes(registry: Registry) -> None:
    enter(registry)
    told = registry.traces_of(WHO[0])
    assert told == {
        "wearer": 1,
        "wearer_name": 1,
        "wearer_key": 1,
        "consent": 1,
        "label": 3,
        "session": 1,
        "assignment": 3,
    }
    gone = registry.erase_wearer(WHO[0], by="jo")
    assert gone.rows == told
    assert gone.wiped
    assert registry.traces_of(WHO[0]) == {}
    assert (registry.wearers(), registry.sessions(), registry.labels()) == (["w-1", "w-2"], [], {})


def test_no_table_holds_a_word_of_them(registry: Registry, url: str) -> None:
    enter(registry)
    registry.erase_wearer(WHO[0], by="jo")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        for table in METADATA.sorted_tables:
            rows = str(connection.execute(sa.select(table)).all()).lower()
            assert not [word for word in ("xyzzy", "ottokar") if word in rows], table.name
            assert table.name == "consent" or "quackenbush" not in rows
    engine.dispose()


def test_the_audit_stays_whole_and_can_no_longer_tell_whom_it_means(registry: Registry) -> None:
    enter(registry)
    before = registry.audit_entries(WHO[0])
    assert before
    registry.erase_wearer(WHO[0], by="jo")
    assert registry.verify_audit() == []
    assert registry.audit_entries()[-1].action == "erase"
    with pytest.raises(RegistryError, match="not known"):
        registry.audit_entries(WHO[0])
    registry.add_wearer(*WHO, by="jo")
    assert {entry.subject for entry in registry.audit_entries(WHO[0])}.isdisjoint(entry.subject for entry in before)


def test_what_arrives_late_of_them_is_dropped_and_the_band_is_free(registry: Registry) -> None:
    enter(registry)
    registry.erase_wearer(WHO[0], by="jo")
    snapshot = registry.admissions()
    for band, at_s in (("b-1", 550.0), ("b-9", 1000.0), ("e4-abc", 150.0)):
        assert snapshot.admit(band, at_s) == Admission(Verdict.DROP, None)
    assert snapshot.admit("b-9", 3e9) == Admission(Verdict.WAIT, None)
    assert snapshot.admit("b-2", 1000.0) == Admission(Verdict.KEEP, "w-2")
    for change in (
        lambda: registry.correct_assignment("b-1", "w-2", since_s=550.0, until_s=700.0, by="jo"),
        lambda: registry.add_session(replace(SESSION, wearer="w-2"), by="jo"),
    ):
        with pytest.raises(RegistryError, match="erased"):
            change()
    registry.assign("b-9", "w-1", 3e9, by="jo")
    assert registry.wearer_of("b-9", 3e9) == "w-1"


def test_what_was_to_come_of_them_is_free_at_once(registry: Registry) -> None:
    registry.add_wearer(*WHO, by="jo")
    now_s = registry.audit_entries()[-1].at_s
    for since_s, until_s in ((now_s - 50.0, now_s + 5000.0), (now_s + 6000.0, now_s + 7000.0), (now_s + 8000.0, None)):
        registry.correct_assignment("b-1", WHO[0], since_s=since_s, until_s=until_s, by="jo")
    registry.erase_wearer(WHO[0], by="jo")
    registry.assign("b-1", "w-1", now_s + 100.0, by="jo")
    assert registry.admissions().admit("b-1", now_s - 1.0) == Admission(Verdict.DROP, None)
    assert [registry.wearer_of("b-1", now_s + late_s) for late_s in (99.0, 100.0, 1e6)] == [None, "w-1", "w-1"]


def test_whoever_is_not_there_cannot_be_erased(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="wearer: 'w-9' is not known"):
        registry.erase_wearer("w-9", by="jo")


def test_no_file_of_sqlite_holds_a_byte_of_them(new_sqlite: Callable[[], str]) -> None:
    url = new_sqlite()
    path = Path(url.removeprefix("sqlite:///"))
    with closing(Registry(url)) as registry, closing(Registry(url)) as other:
        registry.add_wearer("w-2", "Bo", by="jo")
        for number in range(300):  # pages that split
            registry.add_band(f"x-{number}", by="jo")
        for band in ("b-1", "b-2"):
            registry.add_band(band, by="jo")
        enter(registry)
        registry.add_labels([replace(LABEL, start_s=-float(at_s)) for at_s in range(200)], by="jo")
        assert other.wearers() == [WHO[0], "w-2"]  # a connection of another process stays open

        def found() -> list[str]:
            files = [each.read_bytes() for each in path.parent.glob(path.name + "*")]
            return [word for word in (*WHO, "Ottokar hit", "ottokar.zip") if any(word.encode() in raw for raw in files)]

        assert len(found()) == 4
        assert registry.erase_wearer(WHO[0], by="jo").wiped
        assert found() == []


def test_a_reader_that_holds_old_pages_is_told_of_and_wiping_goes_on_later(new_sqlite: Callable[[], str]) -> None:
    url = new_sqlite()
    engine = sa.create_engine(url, connect_args={"isolation_level": None})
    with closing(Registry(url + "?timeout=0.05")) as registry:
        registry.add_wearer(*WHO, by="jo")
        with engine.connect() as reader:
            reader.exec_driver_sql("BEGIN")
            reader.exec_driver_sql("SELECT * FROM wearer").all()
            assert not registry.erase_wearer(WHO[0], by="jo").wiped
            reader.exec_driver_sql("ROLLBACK")
        assert registry.wipe()
    engine.dispose()


@pytest.mark.service
def test_no_table_file_of_postgresql_holds_a_byte_of_them(new_postgres: Callable[[], str]) -> None:
    url = new_postgres()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with closing(Registry(url)) as registry, engine.connect() as admin:
        registry.add_wearer("w-2", "Bo", by="jo")
        for band in ("b-1", "b-2"):
            registry.add_band(band, by="jo")
        enter(registry)
        folder = Path(str(admin.exec_driver_sql("SHOW data_directory").scalar()))
        base = (
            folder
            / "base"
            / str(admin.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar())
        )

        def found() -> list[str]:
            admin.exec_driver_sql("CHECKPOINT")
            files = [each.read_bytes() for each in base.iterdir() if each.is_file()]
            return [word for word in (*WHO, "Ottokar hit", "ottokar.zip") if any(word.encode() in raw for raw in files)]

        assert len(found()) == 4
        assert registry.erase_wearer(WHO[0], by="jo").wiped
        assert found() == []
    engine.dispose()
