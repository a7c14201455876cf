"""``forecalm import`` and ``forecalm export`` as a stranger uses them: over every recording that people published."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forecalm.arguments_said import CHANNEL_NAMES
from forecalm.cli import main
from ingest.types import CHANNELS

pytestmark = pytest.mark.long

CONSENT = ["--name", "Jo", "--consent-by", "A. Guardian, mother", "--scope", "care,research"]
STATED = {  # by the list of the published recordings: hours; then recordings in all, how many run side by side, refused
    "stress_predict": (11.0, 12, 1, 0),
    "nurse_stress": (21.8, 14, 1, 0),
    "exam_stress": (37.8, 9, 1, 0),
    "autism_smm": (2.2, 8, 2, 0),
    "eda_artifacts_aww": (3.7, 4, 1, 0),
    "embraceplus_avro": (1.9, 2, 1, 0),
    "e4tools_demo": (9.5, 8, 1, 0),
    "e4_msr2023": (1.0, 1, 1, 0),
    "parser_edge_cases": (None, 2, 1, 0),
    "cogwear": (1.2, 42, 2, 0),
    "welltory_ppg_rr": (0.5, 21, 1, 0),
    "neurokit_bio": (None, 0, 1, 1),
}
LABORATORY = (
    'device = "laboratory"\ntime = {rate_hz = 100}\n[channels]\neda = {column = "EDA"}\nppg = {column = "PPG"}\n'
)
SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
KILLED = """
import os, sys
from ingest.exports import export
from forecalm.cli import main
setattr(export, sys.argv[1], lambda *_: os._exit(9))
main(sys.argv[2:])
"""


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    path = tmp_path / "forecalm.toml"
    path.write_text(f'data = "{tmp_path}/var"\n[site]\ntime_zone = "Europe/London"\n')
    return ["--config", str(path)]


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


def test_all_published_recordings_go_in_once_with_the_hours_that_are_stated(
    shared_data: Path, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["import", *config, str(shared_data), "--wearer", "w1", "--json"]
    assert main([*order, *CONSENT]) == 1  # the laboratory's tables need a mapping, and say so
    first = said(capsys)
    for study, (hours, recordings, abreast, refused) in STATED.items():
        mine = [each for each in first["imported"] if f"/{study}/" in f"/{each['source']}/"]
        assert len(mine) == recordings, study
        assert sum(f"/{study}/" in each["source"] for each in first["refused"]) == refused, study
        if hours is not None:
            assert sum(each["hours"] for each in mine) / abreast == pytest.approx(hours, abs=0.1), study
    assert "--map" in first["refused"][0]["reason"]
    assert main(order) == 1
    again = said(capsys)
    assert again["totals"] == first["totals"] | {"already_there": first["totals"]["recordings"]}


def test_tables_of_a_laboratory_go_in_by_a_mapping_of_their_columns(
    shared_data: Path, config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(LABORATORY)
    path = str(shared_data / "neurokit_bio")
    assert main(["import", *config, path, "--wearer", "w1", *CONSENT, "--map", str(mapping), "--json"]) == 0
    totals = said(capsys)["totals"]
    assert (totals["recordings"], totals["hours"]) == (3, pytest.approx(0.26, abs=0.01))


def test_nothing_is_kept_of_somebody_without_a_consent(
    shared_data: Path, config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["import", *config, str(shared_data / "e4_msr2023"), "--wearer", "w1"]
    assert main(order) == 2
    assert "--consent-by" in capsys.readouterr().err
    assert main([*order, *CONSENT[:4], "--scope", "research"]) == 2
    assert "care" in capsys.readouterr().err
    from ingest.store.sqlite import SqliteStore

    store = SqliteStore(tmp_path / "var" / "readings.sqlite")
    assert store.counts().packets == {}
    store.close()


def test_a_wearer_whose_consent_was_withdrawn_is_refused_with_the_mend(
    shared_data: Path, config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ingest.registry.registry import Registry

    path = str(shared_data / "parser_edge_cases")
    assert main(["import", *config, path, "--wearer", "w1", *CONSENT, "--dry-run", "--json"]) == 0
    assert said(capsys)["totals"]["recordings"] == 2
    registry = Registry(f"sqlite:///{tmp_path}/var/registry.sqlite")
    assert registry.wearers() == []
    registry.add_wearer("w1", "Jo", by="t")
    registry.close()
    assert main(["import", *config, path, "--wearer", "w1", "--json"]) == 2
    told = said(capsys)
    assert told["imported"] == []
    assert all("consent" in each["reason"] for each in told["refused"])
    assert main(["import", *config, path, "--wearer", "w1"]) == 2
    assert "Refused" in capsys.readouterr().out


def test_an_export_comes_back_in_elsewhere(
    shared_data: Path, config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shared_data / "e4tools_demo" / "1003_1507301806_A004AD.zip"
    assert main(["import", *config, str(path), "--wearer", "w1", *CONSENT, "--json"]) == 0
    taken = said(capsys)["totals"]
    out = tmp_path / "out"
    export = ["export", *config, "--wearer", "w1", "--format", "parquet", "--out", str(out)]
    assert main([*export, "--deidentify", "--json"]) == 0
    (told,) = said(capsys)["wearers"]
    assert told["samples"] == taken["samples"]
    assert told["written_as"] != "w1"
    assert main(export) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert main([*export, "--stable"]) == 2
    assert "--deidentify" in capsys.readouterr().err
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(f'data = "{tmp_path}/elsewhere"\n')
    assert main(["import", "--config", str(elsewhere), str(out), "--wearer", "p1", *CONSENT, "--json"]) == 0
    assert said(capsys)["totals"]["samples"] == taken["samples"]


def test_an_export_says_what_it_wrote_and_left_out(
    shared_data: Path, config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shared_data / "e4_msr2023"
    assert main(["import", *config, str(path), "--wearer", "w1", *CONSENT]) == 0
    assert "already there" not in capsys.readouterr().out
    assert main(["import", *config, str(path), "--wearer", "w1"]) == 0
    assert "already there" in capsys.readouterr().out
    order = ["export", *config, "--wearer", "w1", "--format", "csv", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main([*order, "--channels", "eda,pulse"])
    assert "'pulse' is none of eda, temperature" in capsys.readouterr().err
    assert main([*order, "--channels", "eda,temperature", "--until", "2023-04-05T11:00", "--no-labels"]) == 0
    told = capsys.readouterr().out
    assert "eda" in told
    assert "ppg" not in told
    assert "not a medical device" in told


def test_the_command_line_knows_every_channel() -> None:
    assert tuple(CHANNELS) == CHANNEL_NAMES


def test_what_was_exported_from_here_does_not_come_in_twice(
    config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    from forecalm.config import load
    from forecalm.installation import Installation
    from ingest.received import Received
    from ingest.registry.consents import Consent, Scope
    from ingest.wire import Packet, Samples, encode

    here = Installation(load(Path(config[1])))
    registry, store = here.open_registry(), here.open_store()
    registry.add_wearer("w1", "Jo", by="t")
    registry.give_consent("w1", Consent(frozenset(Scope), "g", 0.0), by="t")
    registry.add_band("b_1", by="t")
    registry.assign("b_1", "w1", 1e9, by="t")
    eda = Samples(rate_hz=4.0, tick_us=0, values=np.ones(4, "<f4").tobytes())
    packet = Packet(v=1, band="b_1", boot=1, seq=0, tick_us=1_000_000, eda=eda)
    store.commit([Received(packet, 1.6e9, 1.6e9, encode(packet))])
    for each in (registry, store):
        each.close()
    out = str(tmp_path / "out")
    assert main(["export", *config, "--wearer", "w1", "--format", "bids", "--out", out, "--json"]) == 0
    capsys.readouterr()
    assert main(["import", *config, out, "--wearer", "w1", "--json"]) == 0
    again = said(capsys)
    assert [(each["band"], each["already_there"]) for each in again["imported"]] == [("b_1", True)]
    assert again["refused"] == []
    assert main(["import", *config, out, "--wearer", "w2", "--name", "Bo", "--consent-by", "g"]) == 2
    assert "here already, as w1's" in capsys.readouterr().out.replace("\n", " ")


def test_an_export_of_an_import_does_not_come_in_twice_either(
    shared_data: Path, config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = (str(shared_data / "stress_predict" / name) for name in ("S02.zip", "S03.zip"))
    assert main(["import", *config, path, "--wearer", "w1", *CONSENT, "--json"]) == 0
    out = str(tmp_path / "out")
    assert main(["export", *config, "--wearer", "w1", "--format", "parquet", "--out", out, "--json"]) == 0
    capsys.readouterr()
    assert main(["import", *config, out, path, other, "--wearer", "w1", "--json"]) == 0
    again = said(capsys)
    assert [each["already_there"] for each in again["imported"]] == [True, True, False]
    assert again["imported"][0]["band"] == again["imported"][1]["band"]


def test_a_consent_that_is_stated_covers_shifted_dates_before_1970(
    config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, mapping = tmp_path / "night.csv", tmp_path / "map.toml"
    table.write_text("EDA\n" + "".join(f"{1 + i % 7 / 10}\n" for i in range(240)))
    mapping.write_text('time = {rate_hz = 4, start = "1961-05-04T20:00Z"}\n[channels]\neda = {column = "EDA"}\n')
    order = ["import", *config, str(table), "--map", str(mapping), "--wearer", "w1", *CONSENT, "--json"]
    for dry in (["--dry-run"], []):
        assert main([*order, *dry]) == 0
        (each,) = said(capsys)["imported"]
        assert each["start_s"] < 0
        assert (each["new"], each["dropped"]) == (each["packets"], 0)


@pytest.mark.parametrize("at", ["_write_manifest", "_enter"])
def test_an_export_that_is_killed_leaves_none_and_the_next_one_succeeds(
    config: list[str], tmp_path: Path, at: str
) -> None:
    assert main(["import", *config, str(SAMPLE), "--wearer", "w1", *CONSENT, "--json"]) == 0
    order = ["export", *config, "--wearer", "w1", "--format", "csv", "--out", str(tmp_path / "out"), "--json"]
    assert subprocess.run([sys.executable, "-c", KILLED, at, *order], check=False).returncode == 9
    assert not (tmp_path / "out").exists()
    (unfinished,) = [each.name for each in tmp_path.iterdir() if each.name.startswith(".out.")]
    assert unfinished.endswith(".unfinished")
    assert main(order) == 0
    assert (tmp_path / "out" / "export.json").exists()
