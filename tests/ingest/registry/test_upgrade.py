"""A registry of version 0.1 goes on: nobody is lost, nobody who was watched is watched no more, nothing is assumed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from ingest.admission import Admission, Verdict
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.tables import METADATA

GOLDEN = Path(__file__).parent / "golden"
NOW_S = 5000.0


@pytest.fixture
def old_sqlite(tmp_path: Path) -> str:
    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((GOLDEN / "version_0_1.sqlite.sql").read_text())
    return f"sqlite:///{path}"


@pytest.fixture
def old_postgres(empty_postgres: Callable[..., str]) -> str:
    url = empty_postgres()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in (GOLDEN / "version_0_1.postgresql.sql").read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def old_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"old_{request.param}")
    return url


@pytest.fixture
def upgraded(old_url: str) -> Iterator[Registry]:
    with closing(Registry(old_url, clock=lambda: NOW_S)) as registry:
        registry.upgrade()
        yield registry


def test_everything_that_was_there_is_there(upgraded: Registry) -> None:
    assert upgraded.names() == {"w-01": "Ann", "w-02": "Bo", "w-03": "Cleo"}
    assert (upgraded.bands(), upgraded.carers()) == (["b-1", "b-2"], ["Jo"])
    assert [upgraded.wearer_of("b-1", at_s) for at_s in (999.9, 1000.0, 2000.24, 2000.25, 9e9)] == [
        None,
        "w-01",
        "w-01",
        "w-02",
        "w-02",
    ]
    assert upgraded.wearer_of("b-2", 2500.0) == "w-01"
    assert upgraded.site_of() == {"w-01": "home", "w-02": None, "w-03": None}
    (site,) = upgraded.sites()
    assert (site.name, site.time_zone, site.readings_days) == ("home", "UTC", None)


def test_whoever_was_watched_is_watched_on_for_care_alone_and_shown_for_review(upgraded: Registry) -> None:
    carried = upgraded.consents()
    assert [(each.wearer, each.scope, each.from_s, each.until_s) for each in carried] == [
        ("w-01", Scope.CARE, 1000.0, None),
        ("w-02", Scope.CARE, 2000.25, None),
        ("w-03", Scope.CARE, NOW_S, None),
    ]
    assert all(each.to_confirm and "to be confirmed" in each.given_by for each in carried)
    snapshot = upgraded.admissions()
    assert snapshot.admit("b-1", 1000.0) == Admission(Verdict.KEEP, "w-01")
    assert snapshot.admit("b-1", 9e9) == Admission(Verdict.KEEP, "w-02")
    assert snapshot.admit("b-2", 2499.0) == Admission(Verdict.WAIT, None)


def test_a_consent_that_somebody_gives_takes_the_place_of_the_carried_one_without_a_gap(upgraded: Registry) -> None:
    upgraded.give_consent("w-01", Consent(frozenset({Scope.CARE}), "Ida, mother", 6000.0, 7000.0), by="test")
    assert not any(each.to_confirm for each in upgraded.consents("w-01"))
    assert [upgraded.has_consent("w-01", Scope.CARE, at_s) for at_s in (1000.0, 5999.9, 6000.0, 7000.0)] == [
        True,
        True,
        True,
        False,
    ]
    assert [each.to_confirm for each in upgraded.consents("w-02")] == [True]


def test_the_audit_begins_with_what_was_carried_over_and_is_whole(upgraded: Registry) -> None:
    assert upgraded.verify_audit() == []
    assert [entry.action for entry in upgraded.audit_entries()] == ["carry over consent, to be confirmed"] * 3
    assert [entry.number for entry in upgraded.audit_entries("w-02")] == [2]


def test_the_tables_are_those_of_a_new_registry_and_a_second_upgrade_changes_nothing(
    upgraded: Registry, old_url: str
) -> None:
    upgraded.upgrade()
    assert len(upgraded.consents()) == 3
    engine = sa.create_engine(old_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()


@pytest.mark.parametrize(
    "values",
    [
        "('b-1', 'w-03', 3000, NULL)",  # the band is worn
        "('b-2', 'w-03', 3000, 2000)",  # ends before it begins
        "('b-9', 'w-03', 3000, 4000)",  # no such band
    ],
)
def test_the_database_itself_still_refuses_what_cannot_be(upgraded: Registry, old_url: str, values: str) -> None:
    engine = sa.create_engine(old_url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
            connection.rollback()
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql(f"INSERT INTO assignment (band, wearer, since_s, until_s) VALUES {values}")  # noqa: S608
    engine.dispose()
    upgraded.assign("b-2", "w-03", 3000.0, by="test")
    assert upgraded.wearer_of("b-2", 3000.0) == "w-03"


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Callable[[], str]:
    return lambda: f"sqlite:///{tmp_path / 'between.sqlite'}"


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def test_every_version_in_between_goes_on_with_its_labels(
    version: str, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url: str = request.getfixturevalue(f"empty_{kind}")()
    upgrade = command.upgrade
    with monkeypatch.context() as patched, closing(Registry(url, clock=lambda: NOW_S)) as before:
        patched.setattr(command, "upgrade", lambda config, _: upgrade(config, version))
        before.upgrade()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO wearer (pseudonym) VALUES ('w-1')")
        if version != "0001":
            connection.exec_driver_sql(
                "INSERT INTO label (wearer, what, start_s, end_s, rater, onset_uncertainty_s, note, entered_at_s,"
                " entered_by) VALUES ('w-1', 'incident', 1.0, 2.0, 'Jo', 0.0, '', 3.0, 'Jo')"
            )
    with closing(Registry(url, clock=lambda: NOW_S)) as registry:
        registry.upgrade()
        assert [label.what for label in registry.labels().values()] == ["incident"] * (version != "0001")
        assert registry.outcomes_entered() == frozenset()
        assert (registry.plans(), registry.push_subscriptions(), registry.alerting_rules("home")) == ({}, [], None)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()
