"""Looking at a store that another process writes, or that nobody does."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.onlooking import Onlooker
from ingest.store.sqlite import SqliteStore

MakeReceived = Callable[..., Received]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_onlooker_sees_what_the_writer_has_committed_meanwhile(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=0)])
        with closing(Onlooker(path)) as onlooker:
            assert onlooker.counts() == store.counts()
            store.commit([make_received(seq=1), make_received(seq=0, band="c")])
            store.remember("clocks", b"state")
            store.settle(2e9, everything=True)
            assert onlooker.counts() == store.counts()
            assert onlooker.bands() == store.bands()
            assert [one.packet.seq for one in onlooker.packets("b")] == [0, 1]
            assert onlooker.recall("clocks") == b"state"
            assert onlooker.check() == []


def test_looking_changes_no_file_and_makes_none(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=0)])
    before = files(tmp_path)
    with closing(Onlooker(path)) as onlooker:
        assert onlooker.counts().packets == {"b": 1}
        assert onlooker.check() == []
        assert len(list(onlooker.packets("b"))) == 1
        for change in (
            lambda: onlooker.commit([make_received(seq=1)]),
            lambda: onlooker.settle(2e9, everything=True),
            lambda: onlooker.remember("clocks", b""),
            lambda: onlooker.erase("b", 0.0, 2e9),
        ):
            with pytest.raises(StoreError, match=r"readonly|read-only"):
                change()
    assert files(tmp_path) == before


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing\.sqlite"):
        Onlooker(tmp_path / "nothing.sqlite")
    (tmp_path / "text.sqlite").write_text("not a database at all, " * 100)
    with pytest.raises(StoreError, match=r"text\.sqlite"):
        Onlooker(tmp_path / "text.sqlite")
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(StoreError, match="version 0"):
        Onlooker(tmp_path / "empty.sqlite")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.sqlite", "text.sqlite"]
