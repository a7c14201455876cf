"""Faults in scenario files and on command lines: read strictly, refused by name where a way out cannot do them."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from device_sim.errors import ScenarioError
from device_sim.faults.fault import FAULTS, Fault, parse_fault, require_transport
from device_sim.scenario import load
from device_sim.ward import Ward

PAGE = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text("utf-8")
TRANSPORTS = ("mqtt", "ble", "e4", "parquet")


def test_a_table_and_a_word_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[[fault]]\nkind = "loss"\nshare = 0.05\nbands = ["band-01", "band-02"]\nstart_s = 60\nhold_s = 120\n'
    )
    said = parse_fault("loss share=0.05 bands=band-01,band-02 start_s=60 hold_s=120")
    assert load(tmp_path / "mine.toml").faults == (said,)
    assert said == Fault(kind="loss", share=0.05, bands=("band-01", "band-02"), start_s=60, hold_s=120)


@pytest.mark.parametrize("kind", FAULTS)
def test_every_kind_has_usual_sizes_and_at_least_one_way_out(kind: str) -> None:
    fault = parse_fault(kind)
    assert fault.hold_s > 0
    assert math.isnan(fault.value) == (not FAULTS[kind].settings)
    assert FAULTS[kind].transports


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "kind: must be one of loss"),
        ("lost", "kind: must be one of loss"),
        ("loss share=2", "share: must be a number from 0 to 1"),
        ("loss share=much", "share: must be a number"),
        ("loss share", "'share': must be KEY=VALUE"),
        ("loss share=", "must be KEY=VALUE"),
        ("loss share=1 share=1", "each once"),
        ("loss where=air", "where: must be one of radio, wire"),
        ("duplicates where=wire", "where: is no key"),
        ("reboot ppm=3", "ppm: is no key that is known here"),
        ("drift ppm=nan", "ppm: must be a number"),
        ("away hold_s=60 every_s=60", "every_s: must be 0 or more than hold_s"),
        ("off_wrist every_s=0.002 hold_s=0.001", "every_s: must be 0 or at least 10, got 0.002"),
        ("away hold_s=1e-320", "hold_s: must be a number from 0.001"),
        ("away hold_s=0", "hold_s: must be a number from 0.001"),
        ("away start_s=-1", "start_s: must be a number from 0"),
        ("away bands=band-01,band-01", "bands: names one of them twice"),
        ("dst bands=band-01", "bands: dst happens to the whole house"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=f"^--fault {re.escape(repr(text))}: ") as caught:
        parse_fault(text)
    assert said in str(caught.value)


def test_a_mistake_in_a_file_is_told_with_file_and_table(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[fault]]\nkind = "reboot"\n[[fault]]\nkind = "away"\nbands = "band-01"\n')
    with pytest.raises(ScenarioError, match=r"^mine.toml: fault 2: bands: must be a list of names"):
        load(tmp_path / "mine.toml")


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_way_out_does_a_fault_or_refuses_it_by_name(kind: str, transport: str) -> None:
    if transport in FAULTS[kind].transports:
        require_transport([parse_fault(kind)], transport)
    else:
        with pytest.raises(
            ScenarioError, match=f"^--fault '{kind}': kind: {kind} is for --transport .*, not {transport}"
        ):
            require_transport([parse_fault(kind)], transport)


def test_a_band_that_is_not_there_is_named() -> None:
    scenario = load("faults")
    with pytest.raises(
        ScenarioError, match=r"^faults.toml: fault 5: bands: there is no band-03, only band-01 to band-02"
    ):
        Ward(scenario, wearers=2, seed=1)
    with pytest.raises(ScenarioError, match=r"^faults.toml: fault 1: bands: there is no band-02, only band-01: name"):
        Ward(scenario, wearers=1, seed=1)


def test_a_band_that_is_misspelt_is_named_with_file_and_table_or_with_the_words_said(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[fault]]\nkind = "reboot"\n[[fault]]\nkind = "away"\nbands = ["bnad-01"]\n')
    mine = load(tmp_path / "mine.toml")
    with pytest.raises(
        ScenarioError, match=r"^mine.toml: fault 2: bands: there is no bnad-01, only band-01 to band-03"
    ):
        Ward(mine, wearers=3, seed=1)
    said = replace(mine, faults=(parse_fault("away bands=bnad-01"),))
    with pytest.raises(ScenarioError, match=r"^--fault 'away bands=bnad-01': bands: there is no bnad-01"):
        Ward(said, wearers=3, seed=1)


def test_a_fault_of_a_file_that_a_way_out_cannot_do_is_told_with_file_and_table(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[fault]]\nkind = "frozen"\n[[fault]]\nkind = "loss"\nwhere = "wire"\n')
    faults = load(tmp_path / "mine.toml").faults
    mend = r"^mine.toml: fault 2: kind: loss on the wire is for --transport mqtt, not ble: take it out$"
    with pytest.raises(ScenarioError, match=mend):
        require_transport(faults, "ble")
    with pytest.raises(ScenarioError, match=r"^fault doubled: kind: doubled is for"):  # one that nobody has read
        require_transport([Fault(kind="doubled")], "e4")


def test_the_packaged_storm_has_every_kind() -> None:
    assert {fault.kind for fault in load("faults").faults} == set(FAULTS)


@pytest.mark.parametrize(
    ("at_s", "window"), [(9.9, None), (10, (10, 13)), (13, None), (31.5, (30, 33)), (50, (50, 53))]
)
def test_a_fault_comes_again_where_it_says_so(at_s: float, window: tuple[float, float] | None) -> None:
    fault = parse_fault("away start_s=10 hold_s=3 every_s=20")
    assert fault.window(at_s) == window
    assert sum(fault.window(tenth / 10) is not None for tenth in range(round(at_s * 10))) / 10 == pytest.approx(
        fault.lasted_s(at_s)
    )


@pytest.mark.parametrize("kind", FAULTS)
def test_every_kind_is_described_with_its_settings_and_its_ways_out(kind: str) -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith(f"| `{kind}`")]
    assert rows
    about = FAULTS[kind]
    for row in rows:
        assert all(f"`{name}`" in row[1] for name in about.settings)
        assert ["yes" in cell for cell in row[3:6]] == [way in about.transports for way in ("mqtt", "ble", "e4")]
    assert any(about.layer == row[2].strip() for row in rows)
