"""Who plays a scenario: people of its population, where its parts do not overrule them."""

from dataclasses import replace

import pytest

from device_sim.physiology.person import people
from device_sim.scenario import Scenario, Wearer, load
from device_sim.ward import Ward, cast

PARTS = (
    Wearer(),
    Wearer(medicine="beta_blocker"),
    Wearer(stereotypy="rocking", medicine="none"),
    Wearer(responds="sweat"),
)
MINE = Scenario(name="mine", title="", past_s=0, wearers=4, parts=PARTS, population="autistic_adults")


def test_people_are_drawn_of_the_population_that_the_scenario_names() -> None:
    assert cast(MINE, wearers=1, seed=2) == people(1, seed=2, population="autistic_adults")
    assert cast(replace(MINE, population="adults"), wearers=1, seed=2) == people(1, seed=2)


def test_parts_overrule_what_was_drawn() -> None:
    _, calmed, rocker, silent = cast(MINE, wearers=4, seed=2)
    assert calmed.medicine == "beta_blocker"
    assert (rocker.stereotypy, rocker.medicine) == ("rocking", "none")
    assert (silent.heart_responder, silent.sweat_responder) == (False, True)


def test_a_ward_tells_what_befalls_its_people() -> None:
    first, *_ = Ward(load("first_light"), seed=1).episodes(0, 60)
    assert (first.row, first.kind, first.start_s) == (0, "anxiety", 5)


@pytest.mark.parametrize(("wearers", "most_s"), [(1, 60), (500, 60), (1000, 30), (10_000, 3)])
def test_the_more_there_are_the_less_time_is_lived_at_once(wearers: int, most_s: int) -> None:
    assert Ward(load("quiet"), wearers=wearers, seed=1).chunk_s() == most_s
