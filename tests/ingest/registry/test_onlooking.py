"""Looking at a registry that another process writes, or that nobody does."""

from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import StoreError
from ingest.registry.onlooking import look, versions
from ingest.registry.registry import Registry


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_looking_at_a_registry_changes_no_file_and_makes_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/the house, 100 %.sqlite"
    with closing(Registry(url)) as registry:
        registry.upgrade()
        registry.add_wearer("w-01", "Bea", by="test")
    before = files(tmp_path)
    stands, head = versions(url)
    assert stands == head
    with closing(look(url)) as registry:
        assert registry.wearers() == ["w-01"]
        assert registry.verify_audit() == []
        with pytest.raises(StoreError, match=r"readonly|read-only"):
            registry.add_wearer("w-02", "Cal", by="test")
    assert files(tmp_path) == before


def test_an_onlooker_sees_what_another_connection_has_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/registry.sqlite"
    with closing(Registry(url)) as registry:
        registry.upgrade()
        with closing(look(url)) as onlooker:
            registry.add_wearer("w-01", "Bea", by="test")
            assert onlooker.wearers() == ["w-01"]


def test_a_registry_without_tables_says_so_and_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite").touch()
    assert versions(f"sqlite:///{tmp_path}/empty.sqlite")[0] is None
    with pytest.raises(StoreError, match=r"nothing\.sqlite: no such file"):
        look(f"sqlite:///{tmp_path}/nothing.sqlite")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.sqlite"]
