"""The same where InfluxDB holds the readings and PostgreSQL the registry."""

import itertools
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from alerts.journal import Journal
from forecalm.backup import DUMP, back_up
from forecalm.config import Config, RegistrySection, StoreSection
from forecalm.erasure.erasure import Erasure
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.restore import restore
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.store import influx_derived
from ingest.store.influx_derived import DERIVED, DerivedSeries
from tests.ingest.registry.conftest import empty_postgres, postgres  # noqa: F401 - fixtures
from tests.ingest.store.influx_server import TOKEN, Influx, bucket_of
from tests.servers import LONG_S

Pack = Callable[..., Received]
NOW_S = 1_800_000_000.0
CARE = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)


@pytest.mark.service
def test_what_rests_in_influxdb_and_what_was_written_for_dashboards_goes(
    influx: Influx, tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(influx_derived, "STOP_S", LONG_S)
    bucket = bucket_of(influx, tmp_path)
    said = StoreSection(kind="influxdb", url=influx.url, bucket=bucket, token=TOKEN)
    here = Installation(Config(data=str(tmp_path / "var"), store=said))
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        for wearer, band in (("w-1", "b-1"), ("w-2", "b-2")):
            registry.pair(band=band, wearer=wearer, since_s=0.0, name="N", carers=[], consent=CARE, by="test")
            store.commit([pack(band, NOW_S - 100 + i) for i in range(20)])
        store.settle(NOW_S, everything=True)
        connection = here.open_influx()
        assert connection is not None
        derived = DerivedSeries(connection)
        for wearer in ("w-1", "w-2"):
            derived.write(wearer, int(NOW_S) - 90, ["heart_rate", "risk"], np.full((5, 2), 0.5))
        derived.start()
        derived.stop()
        with closing(Journal(here.journal)) as journal:
            erasure = Erasure(here, registry, store, by="test", journal=journal)
            listed = erasure.look("w-1")
            assert (listed.counts["packets"], listed.counts["derived seconds"]) == (20, 5)
            erasure.erase(listed, NOW_S)
        assert (len(list(store.packets("b-1"))), len(list(store.packets("b-2")))) == (0, 20)
    left = {tags for series in influx.ask("SHOW TAG VALUES WITH KEY = wearer", bucket) for _, tags in series["values"]}
    points = influx.ask(f'SELECT count("risk") FROM "{DERIVED}" GROUP BY "wearer"', bucket)  # noqa: S608
    assert {series["tags"]["wearer"]: series["values"][0][1] for series in points} == {"w-2": 5}
    assert left == {"w-2"}


@pytest.mark.service
def test_a_copy_beside_influxdb_says_what_is_in_it_and_what_is_not(influx: Influx, tmp_path: Path, pack: Pack) -> None:
    said = StoreSection(kind="influxdb", url=influx.url, bucket=bucket_of(influx, tmp_path), token=TOKEN)
    here, there = (Installation(Config(data=str(tmp_path / name), store=said)) for name in ("var", "again"))
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        registry.pair(band="b-1", wearer="w-1", since_s=0.0, name="N", carers=[], consent=CARE, by="test")
        store.commit([pack("b-1", NOW_S - 100 + i) for i in range(20)])
        store.settle(NOW_S, everything=True)
        store.commit([pack("b-1", NOW_S - 50 + i) for i in range(7)])
        copied = back_up(here, tmp_path / "copy", registry=registry, store=store, now_s=NOW_S)
    assert (copied.counts["packets"], copied.counts["samples"]) == (7, 28)
    assert "20 packets more are in InfluxDB, which has its own back-up" in copied.notes[-1]
    assert restore(there, tmp_path / "copy", by="test").counts == copied.counts


@pytest.mark.service
def test_a_registry_in_postgresql_is_copied_while_it_is_written_and_brought_back_into_an_empty_one(
    empty_postgres: Callable[..., str],  # noqa: F811
    tmp_path: Path,
    pack: Pack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = itertools.count()

    def installation() -> Installation:
        registry = RegistrySection(url=empty_postgres())
        return Installation(Config(data=str(tmp_path / f"var-{next(numbers)}"), registry=registry))

    here, there = installation(), installation()
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        registry.pair(band="b-1", wearer="w-1", since_s=0.0, name="Ann", carers=["Jo"], consent=CARE, by="test")
        store.commit([pack("b-1", NOW_S + i) for i in range(20)])
        back_up(here, tmp_path / "copy", registry=registry, store=store, now_s=NOW_S)
        with monkeypatch.context() as bare:
            bare.setenv("PATH", str(tmp_path))
            with pytest.raises(KeepingError, match="pg_dump is not installed"):
                back_up(here, tmp_path / "other", registry=registry, store=store, now_s=NOW_S)
        assert not (tmp_path / "other").exists()
    assert b"Ann" not in b"".join(path.read_bytes() for path in tmp_path.glob("copy/*.sqlite"))
    assert (tmp_path / "copy" / DUMP).stat().st_mode & 0o077 == 0
    with pytest.raises(KeepingError, match="registry of this back-up was a PostgreSQL"):
        restore(Installation(Config(data=str(tmp_path / "file"))), tmp_path / "copy", by="test")
    full = Installation(Config(data=str(tmp_path / "full"), registry=here.config.registry))
    with pytest.raises(KeepingError, match="is not empty"):
        restore(full, tmp_path / "copy", by="test")
    restore(there, tmp_path / "copy", by="test")
    with closing(there.open_registry()) as registry, closing(there.open_store()) as store:
        assert (registry.names(), registry.carers()) == ({"w-1": "Ann"}, ["Jo"])
        assert registry.verify_audit() == []
        assert len(list(store.packets("b-1"))) == 20
    assert not (there.folder / DUMP).exists()
