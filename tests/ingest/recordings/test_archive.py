"""Folders, zips and files as sources: what is in them is found, and nothing that they say leads anywhere else."""

import contextlib
import io
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.archive import Source, decoded, sources


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The same bytes at any time of day: of 1980."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, how)
    return buffer.getvalue()


def opened(path: Path) -> dict[str, dict[str, bytes] | str]:
    """Every source by name, with its files; why not, where it cannot be looked into."""
    found: dict[str, dict[str, bytes] | str] = {}
    for source in sources(path):
        if isinstance(source, RecordingError):
            found[str(source).split(":")[0]] = str(source)
        else:
            found[source.name] = {name: source.read(name) for name in source.names}
    return found


def test_a_folder_is_its_loose_files_and_each_of_its_zips(tmp_path: Path) -> None:
    study = tmp_path / "study"
    (study / "S01" / "inner").mkdir(parents=True)
    (study / "S01" / "inner" / "EDA.csv").write_bytes(b"1")
    (study / "S01" / "._x.csv").write_bytes(b"twin")
    (study / ".DS_Store").write_bytes(b"junk")
    (study / "labels.csv").write_bytes(b"2")
    inner = zipped({"a.csv": b"4", "deeper.zip": zipped({"b.csv": b"5"})})
    (study / "S02.ZIP").write_bytes(zipped({"x/EDA.csv": b"3", "__MACOSX/x/._EDA.csv": b"t", "more/in.zip": inner}))
    assert opened(study) == {
        "study": {"S01/inner/EDA.csv": b"1", "labels.csv": b"2"},
        "study/S02.ZIP": {"x/EDA.csv": b"3"},
        "study/S02.ZIP/more/in.zip": {"a.csv": b"4", "deeper.zip": zipped({"b.csv": b"5"})},
    }


def test_a_zip_is_one_by_its_first_bytes_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "session").write_bytes(zipped({"EDA.csv": b"1"}))
    (tmp_path / "one.csv").write_bytes(b"2")
    assert opened(tmp_path / "session") == {"session": {"EDA.csv": b"1"}}
    assert opened(tmp_path / "one.csv") == {"one.csv": {"one.csv": b"2"}}


def test_a_file_beside_is_found_from_wherever_a_part_lies(tmp_path: Path) -> None:
    study = tmp_path / "study"
    (study / "a" / "b").mkdir(parents=True)
    (study / "a" / "b" / "EDA.csv").write_bytes(b"1")
    (study / "Labels.csv").write_bytes(b"of the study")
    (study / "S.zip").write_bytes(zipped({"in.zip": zipped({"EDA.csv": b"1"}), "EDA.csv": b"2"}))
    (study / "T.zip").write_bytes(zipped({"in.zip": zipped({"EDA.csv": b"1"}), "labels.csv": b"of the zip"}))
    told = {}
    for source in sources(study):
        assert isinstance(source, Source)
        told[source.name] = source.beside("labels.csv")
        if source.name == "study":
            part = source.part(["a/b/EDA.csv"])
            assert (part.name, part.stem, part.beside("labels.csv")) == ("study/a/b", "b", b"of the study")
    assert told == {
        "study": b"of the study",
        "study/S.zip": b"of the study",
        "study/S.zip/in.zip": b"of the study",
        "study/T.zip": b"of the zip",
        "study/T.zip/in.zip": b"of the zip",
    }


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", "a/../../x.csv", "..\\x.csv", "C:\\x.csv", "c:/x.csv"])
def test_names_that_lead_out_of_a_zip_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "s.zip").write_bytes(zipped({name: b"1"}))
    (refused,) = opened(tmp_path / "s.zip").values()
    assert "leads out" in refused


def test_links_are_not_followed_out_of_what_was_named(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(b"secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.csv").write_bytes(b"secret")
    folder = tmp_path / "folder"
    (folder / "loop").mkdir(parents=True)
    (folder / "loop" / "again").symlink_to(folder)
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    (folder / "EDA.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "TEMP.csv").write_bytes(b"1")
    (folder / "BVP.csv").symlink_to(folder / "TEMP.csv")
    os.mkfifo(folder / "ACC.csv")
    (source,) = sources(folder)
    assert isinstance(source, Source)
    assert source.names == ("BVP.csv", "EDA.csv", "TEMP.csv")
    assert source.read("BVP.csv") == b"1"
    assert source.head("EDA.csv") == b""
    with pytest.raises(RecordingError, match=r"EDA\.csv is a link that leads out"):
        source.read("EDA.csv")


def test_a_link_in_a_zip_is_no_file(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("EDA.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(RecordingError, match=r"EDA\.csv: is a link"):
        opened(tmp_path / "s.zip")


def test_a_zip_bomb_costs_neither_memory_nor_an_unpacked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.recordings.archive.FILE_MAX", 1 << 20)
    monkeypatch.setattr("ingest.recordings.archive.TOTAL_MAX", 3 << 20)
    large = zipped({"EDA.csv": bytes(40 << 20)})
    (tmp_path / "large.zip").write_bytes(large)
    (tmp_path / "many.zip").write_bytes(zipped({f"{i}.csv": bytes(1 << 20) for i in range(5)}))
    lying = bytearray(large)
    at = lying.rindex(b"PK\x01\x02") + 24  # the unpacked size in the directory
    lying[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "lying.zip").write_bytes(lying)
    tracemalloc.start()
    for name, what in (("large", r"EDA\.csv: unpacks to more"), ("many", "more than 3145728"), ("lying", "lying")):
        with pytest.raises(RecordingError, match=what):
            opened(tmp_path / f"{name}.zip")
        (source,) = sources(tmp_path / f"{name}.zip")
        assert isinstance(source, Source)
        with pytest.raises(RecordingError), source.open(source.names[0], limit=1 << 19) as file:
            file.read()
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.zip", "lying.zip", "many.zip"]


def test_zips_that_cannot_be_opened_are_refused_by_name(tmp_path: Path) -> None:
    locked = bytearray(zipped({"EDA.csv": b"1"}, zipfile.ZIP_STORED))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(RecordingError, match=r"locked\.zip.*password"):
        opened(tmp_path / "locked.zip")
    (tmp_path / "text.zip").write_text("hello")
    assert "not a whole zip" in str(opened(tmp_path / "text.zip"))
    twice = zipped({"EDA.csv": b"1", "XDA.csv": b"2"}).replace(b"XDA.csv", b"EDA.csv")
    (tmp_path / "twice.zip").write_bytes(twice)
    assert "twice" in str(opened(tmp_path / "twice.zip"))
    (tmp_path / "inner.zip").write_bytes(zipped({"in.zip": b"hello", "EDA.csv": b"1"}))
    told = opened(tmp_path / "inner.zip")
    assert told["inner.zip"] == {"EDA.csv": b"1"}
    assert "not a whole zip" in str(told["inner.zip/in.zip"])


def test_what_cannot_be_looked_into_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        opened(tmp_path / "absent")
    with pytest.raises(RecordingError, match="cannot be looked into"):
        opened(tmp_path / ("long" * 100))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_text_is_read_in_the_encodings_that_say_so(encoding: str) -> None:
    data = ("\ufeff" if encoding == "utf-16-le" else "").encode(encoding) + "1,°\n".encode(encoding)
    assert decoded(data, "x").lstrip("\ufeff") == "1,°\n"


def test_text_in_no_known_encoding_is_refused_or_read_as_told() -> None:
    with pytest.raises(RecordingError, match=r"x\.csv: byte 2"):
        decoded(b"1,\xb0", "x.csv")
    assert decoded(b"1,\xb0", "x.csv", otherwise="latin-1") == "1,°"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_zip_in_a_zip_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    how = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]))
    damaged = bytearray(zipped({"a/EDA.csv": b"1\n" * 100, "in.zip": zipped({"TEMP.csv": b"2\n" * 100}, how)}, how))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "d.zip"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    with contextlib.suppress(RecordingError):
        opened(path)


def test_a_zip_that_asks_for_more_memory_than_there_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object, **__: object) -> None:
        raise MemoryError

    path = tmp_path / "session.zip"
    path.write_bytes(zipped({"EDA.csv": b"1\n" * 100}, zipfile.ZIP_LZMA))
    monkeypatch.setattr("lzma.LZMADecompressor", too_much)
    with pytest.raises(RecordingError, match=r"session\.zip.*more memory than there is"):
        opened(path)
