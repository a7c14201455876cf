"""Who wears what: one person a band, one band a person, at every moment."""

import math
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ingest.errors import RegistryError, StoreError
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.tables import METADATA
from tests.ingest.registry.conftest import patient
from tests.servers import LONG_S

CONSENT = Consent(frozenset({Scope.CARE}), "Jane Doe, mother", 0.0)


def test_what_was_entered_is_known(registry: Registry) -> None:
    registry.add_carer("Zoe", by="test")
    registry.add_carer("Cy", by="test")
    assert registry.wearers() == ["w-1", "w-2"]
    assert registry.names() == {"w-1": "Ann", "w-2": "Bo"}
    assert registry.bands() == ["b-1", "b-2"]
    assert registry.carers() == ["Cy", "Zoe"]


def test_a_band_is_worn_from_its_assignment_on(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    assert registry.wearer_of("b-1", 99.9) is None
    assert registry.wearer_of("b-1", 100.0) == "w-1"
    assert registry.wearer_of("b-1", 1e12) == "w-1"
    assert registry.wearer_of("b-2", 100.0) is None
    assert registry.wearer_of("unheard of", 100.0) is None


def test_a_new_assignment_ends_those_of_the_band_and_of_the_wearer(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    registry.assign("b-2", "w-2", 100.0, by="test")
    registry.assign("b-1", "w-2", 200.0, by="test")
    assert [registry.wearer_of("b-1", at_s) for at_s in (199.0, 200.0)] == ["w-1", "w-2"]
    assert [registry.wearer_of("b-2", at_s) for at_s in (199.0, 200.0)] == ["w-2", None]


def test_the_same_again_changes_nothing(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    registry.assign("b-1", "w-1", 300.0, by="test")
    registry.assign("b-1", "w-2", 400.0, by="test")
    assert registry.wearer_of("b-1", 200.0) == "w-1"


@pytest.mark.parametrize(("band", "wearer"), [("b-1", "w-2"), ("b-2", "w-1"), ("b-1", "w-1")])
@pytest.mark.parametrize("since_s", [50.0, 100.0, 150.0, 200.0])
def test_what_would_overlap_is_refused_and_changes_nothing(
    registry: Registry, band: str, wearer: str, since_s: float
) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    registry.assign("b-1", "w-2", 200.0, by="test")
    registry.assign("b-1", "w-1", 200.5, by="test")
    with pytest.raises(RegistryError, match="since_s"):
        registry.assign(band, wearer, since_s, by="test")
    assert [registry.wearer_of("b-1", at_s) for at_s in (100.0, 200.0, 201.0)] == ["w-1", "w-2", "w-1"]
    assert registry.wearer_of("b-2", since_s) is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.add_wearer("w-1", "Ann", by="test"), "w-1"),
        (lambda r: r.add_wearer("Ann Example", "Ann", by="test"), "pseudonym"),
        (lambda r: r.add_wearer("w-9", " ", by="test"), "name"),
        (lambda r: r.add_band("b-1", by="test"), "b-1"),
        (lambda r: r.add_band("b/1", by="test"), "band"),
        (lambda r: r.add_carer("", by="test"), "carer"),
        (
            lambda r: r.assign("b-9", "w-1", 1.0, by="test"),
            "band: 'b-9' is not known; enter it first: forecalm pair BAND WEARER --name",
        ),
        (lambda r: r.assign("b-1", "w-9", 1.0, by="test"), "wearer: 'w-9' is not known"),
        (lambda r: r.assign("b-1", "w-1", math.nan, by="test"), "since_s"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(registry: Registry, change: object, what: str) -> None:
    before = registry.names(), registry.bands(), registry.carers()
    with pytest.raises(RegistryError, match=what):
        change(registry)
    assert before == (registry.names(), registry.bands(), registry.carers())


def everything(registry: Registry) -> tuple[object, ...]:
    worn = [registry.wearer_of(band, at_s) for band in registry.bands() for at_s in (1.0, 150.0, 1e6)]
    return registry.names(), registry.wearers(), registry.bands(), registry.carers(), worn


def test_pairing_enters_what_is_new_and_leaves_what_is_known(registry: Registry) -> None:
    registry.add_carer("Zoe", by="test")
    for _ in range(2):  # the second time everything is known
        registry.pair(
            band="b-9", wearer="w-9", since_s=100.0, name="Cleo", carers=["Zoe", "Cy", "Cy"], consent=CONSENT, by="test"
        )
        assert registry.wearer_of("b-9", 100.0) == "w-9"
        assert registry.names() == {"w-1": "Ann", "w-2": "Bo", "w-9": "Cleo"}
        assert (registry.bands(), registry.carers()) == (["b-1", "b-2", "b-9"], ["Cy", "Zoe"])


@pytest.mark.parametrize("name", ["\x1b[2JBo", "Bo\r", "Bo\x9b31m", "a\u202eoB", "A\nBo", "\u2066Bo", "Bo\u2028"])
def test_a_name_that_would_change_what_is_shown_beside_it_is_refused(registry: Registry, name: str) -> None:
    for enter in (registry.rename, registry.add_wearer):
        with pytest.raises(RegistryError, match="name: must be one line without control characters"):
            enter("w-1", name, by="test")
    assert registry.names()["w-1"] == "Ann"


@pytest.mark.parametrize(
    "name", ["Bj\u00f6rk", "\u05d0\u05d1", "\u0645\u06cc\u200c\u062e", "\u674e", "O'Neil \U0001f98b"]
)
def test_a_name_of_any_script_is_kept_as_it_is(registry: Registry, name: str) -> None:
    registry.rename("w-1", name, by="test")
    assert registry.names()["w-1"] == name


def test_pairing_with_a_name_renames_and_without_one_does_not(registry: Registry) -> None:
    registry.pair(band="b-1", wearer="w-1", since_s=100.0, name="Anna", carers=[], consent=CONSENT, by="test")
    registry.pair(band="b-2", wearer="w-2", since_s=100.0, name=None, carers=[], consent=CONSENT, by="test")
    assert registry.names() == {"w-1": "Anna", "w-2": "Bo"}
    assert [registry.wearer_of(band, 100.0) for band in ("b-1", "b-2")] == ["w-1", "w-2"]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"band": "b/9"}, "band"),
        ({"wearer": "Cleo Example"}, "pseudonym"),
        ({"name": None}, "name: 'w-9' is not known"),
        ({"name": " "}, "name"),
        ({"wearer": "w-1", "name": "x" * 201}, "name"),
        ({"carers": ["Cy", ""]}, "carer"),
        ({"since_s": math.inf}, "since_s"),
        ({"consent": None}, "consent: nobody has agreed that 'w-9'"),
        ({"consent": Consent(frozenset({Scope.RESEARCH}), "Jane Doe, mother", 0.0)}, "consent: nobody"),
        ({"consent": Consent(frozenset({Scope.CARE}), "Jane Doe, mother", 0.0, 200.0)}, "consent: nobody"),
        ({"consent": Consent(frozenset({Scope.CARE}), " ", 0.0)}, "given_by"),
        ({"wearer": "w-1", "name": "Anna", "since_s": 50.0}, "since_s: w-1 has worn b-1 since 100"),
    ],
)
def test_pairing_that_is_refused_leaves_nothing_behind(registry: Registry, wrong: dict[str, object], what: str) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    before = everything(registry)
    asked = {
        "band": "b-9",
        "wearer": "w-9",
        "since_s": 200.0,
        "name": "Cleo",
        "carers": ["Cy"],
        "consent": CONSENT,
        **wrong,
    }
    with pytest.raises(RegistryError, match=what):
        registry.pair(**asked, by="test")
    assert everything(registry) == before


def test_a_registry_of_a_newer_version_is_named_and_left_alone(registry: Registry, url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from_the_future'")
    engine.dispose()
    with closing(Registry(url)) as older, pytest.raises(RegistryError, match=r"registry .*: written by a newer"):
        older.upgrade()
    assert registry.names() == {"w-1": "Ann", "w-2": "Bo"}


def test_an_upgrade_that_fails_lets_its_connections_go(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"no database at all " * 99)
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    let_go: list[object] = []
    sa.event.listen(registry._database._engine, "engine_disposed", let_go.append)
    with pytest.raises(StoreError):
        registry.upgrade()
    assert let_go


def test_everything_is_there_after_a_restart_and_a_second_upgrade(registry: Registry, url: str) -> None:
    registry.assign("b-1", "w-1", 1.0, by="test")
    with closing(Registry(url)) as again:
        again.upgrade()
        assert again.wearer_of("b-1", 2.0) == "w-1"


def test_the_migrations_lead_to_the_tables(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_writers_wait_for_each_other(registry: Registry, url: str) -> None:
    failed = []

    def enter(first: int) -> None:
        try:
            with closing(Registry(patient(url))) as mine:
                for number in range(first, first + 20):
                    mine.add_band(f"x-{number}", by="test")
        except (RegistryError, StoreError) as error:
            failed.append(error)

    threads = [threading.Thread(target=enter, args=(100 * k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(registry.bands()) == 62


def test_whoever_opens_a_new_file_waits_for_another_who_does(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        leaving = threading.Timer(0.1, other.execute, ["ROLLBACK"])
        leaving.start()
        with closing(Registry(f"sqlite:///{path}?timeout={LONG_S}")) as registry:
            registry.upgrade()
            assert registry.verify_audit() == []
        leaving.join()


def test_a_database_that_cannot_be_used_says_so_and_hides_its_password(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"no database at all " * 99)
    with (
        closing(Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")) as registry,
        pytest.raises(StoreError, match="file is not a database"),
    ):
        registry.upgrade()


def test_names_are_kept_apart_from_what_is_measured(registry: Registry, url: str) -> None:
    registry.assign("b-1", "w-1", 1.0, by="test")
    registry.give_consent("w-1", CONSENT, by="test")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        holding = [t for t in tables if "Ann" in str(connection.exec_driver_sql(f"SELECT * FROM {t}").all())]  # noqa: S608
    engine.dispose()
    assert holding == ["wearer_name"]


def test_importing_a_type_loads_no_database() -> None:
    code = "import sys, ingest.types, ingest.wire, ingest.received; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert {"sqlalchemy", "alembic", "numba", "paho", "amqtt", "sqlite3"}.isdisjoint(done.stdout.split())


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    with (
        closing(Registry("postgresql://jo:s3cret@127.0.0.1:1/registry")) as registry,
        pytest.raises(StoreError, match=r"postgresql\+psycopg://jo:\*\*\*@127\.0\.0\.1:1/registry") as told,
    ):
        registry.wearers()
    assert "s3cret" not in str(told.value)
    assert "sqlalche.me" not in str(told.value)


def test_no_error_of_the_database_tells_a_name(tmp_path: Path) -> None:
    with closing(Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")) as registry:
        registry.upgrade()
        with closing(sqlite3.connect(tmp_path / "registry.sqlite")) as db:
            db.execute("DROP TABLE wearer_name")
        with pytest.raises(StoreError, match="no such table") as refused:
            registry.add_wearer("w-1", "Ottokar Quackenbush", by="test")
        assert "Quackenbush" not in str(refused.value)
