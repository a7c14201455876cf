"""What docs/scenarios.md shows can be played, and it leaves nothing out that the reader knows."""

import re
from pathlib import Path

import pytest

from device_sim.physiology.person import BUILD_UPS, MEDICINES, POPULATIONS, STEREOTYPIES
from device_sim.scenario import ACTIVITIES, ENDS, KINDS, RESPONDS, load, packaged

DOCUMENT = Path(__file__).parents[2] / "docs" / "scenarios.md"


def test_the_file_that_is_shown_can_be_played(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    (tmp_path / "shown.toml").write_text(shown, "utf-8")
    scenario = load(tmp_path / "shown.toml")
    assert (scenario.clock_s, len(scenario.parts)) == (30_600, 2)
    assert scenario.parts[0].episodes[1].incident_s == 90


@pytest.mark.parametrize(
    "word",
    sorted({*KINDS, *ACTIVITIES, *RESPONDS, *ENDS, *POPULATIONS, *MEDICINES, *STEREOTYPIES, *BUILD_UPS, *packaged()}),
)
def test_every_word_that_is_known_is_told_of(word: str) -> None:
    assert re.search(rf"\b{word}\b", DOCUMENT.read_text("utf-8"))
