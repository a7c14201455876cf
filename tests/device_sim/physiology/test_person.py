"""People: plausible, different, and always the same for a seed."""

import numpy as np
import pytest

from device_sim.physiology.person import BUILD_UPS, MEDICINES, POPULATIONS, STEREOTYPIES, medicated, people


def test_the_first_people_are_the_same_however_many_there_are() -> None:
    assert people(20, seed=4)[:3] == people(3, seed=4)


def test_another_seed_makes_other_people() -> None:
    assert people(3, seed=4) != people(3, seed=5)


def test_people_spread_as_widely_as_the_sessions_they_were_modelled_on() -> None:
    crowd = people(400, seed=1)
    rest = np.array([person.rest_bpm for person in crowd])
    eda = np.array([person.eda_us for person in crowd])
    assert 60 < np.percentile(rest, 5) < 70
    assert 85 < np.percentile(rest, 95) < 95
    assert np.percentile(eda, 95) / np.percentile(eda, 5) > 5


def test_some_hearts_and_some_skins_do_not_tell() -> None:
    crowd = people(400, seed=1)
    assert 0.1 < np.mean([not person.heart_responder for person in crowd]) < 0.3
    assert 0.08 < np.mean([not person.sweat_responder for person in crowd]) < 0.25


def test_fewer_than_no_people_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        people(-1, seed=1)


@pytest.mark.parametrize("population", POPULATIONS)
def test_in_every_population_the_first_people_are_the_same_however_many_there_are(population: str) -> None:
    assert people(20, seed=4, population=population)[:3] == people(3, seed=4, population=population)


def test_an_unknown_population_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of adults, autistic_adults, autistic_children; got 'cats'"):
        people(1, seed=1, population="cats")


def test_children_s_hearts_beat_and_lungs_breathe_faster() -> None:
    grown, young = (people(300, seed=1, population=name) for name in ("autistic_adults", "autistic_children"))
    assert np.median([p.rest_bpm for p in young]) - np.median([p.rest_bpm for p in grown]) > 5
    assert np.median([p.breaths_hz for p in young]) > 0.3 > np.median([p.breaths_hz for p in grown])


def test_autistic_people_have_less_breathing_in_their_hearts() -> None:
    typical, autistic = people(300, seed=1), people(300, seed=1, population="autistic_adults")
    g = (np.mean([p.rsa for p in typical]) - np.mean([p.rsa for p in autistic])) / np.std([p.rsa for p in typical])
    assert 0.4 < g < 0.9


def test_medicines_and_stereotypies_are_as_common_as_their_sources_say() -> None:
    crowd = people(1000, seed=1, population="autistic_children")
    assert np.mean([p.medicine == "antipsychotic" for p in crowd]) == pytest.approx(0.2, abs=0.04)
    assert np.mean([p.medicine in ("stimulant", "alpha2_agonist") for p in crowd]) == pytest.approx(0.3, abs=0.05)
    assert np.mean([p.stereotypy != "none" for p in crowd]) == pytest.approx(0.57, abs=0.05)
    assert {p.stereotypy for p in crowd} == set(STEREOTYPIES)
    assert {p.build_up for p in crowd} == set(BUILD_UPS)
    assert {p.medicine for p in crowd} == set(MEDICINES)


def test_healthy_adults_take_no_medicine_and_have_no_stereotypies() -> None:
    assert {(p.medicine, p.stereotypy) for p in people(200, seed=1)} == {("none", "none")}


def test_medicines_do_to_bodies_what_they_are_known_to_do() -> None:
    (plain,) = people(1, seed=1)
    blocked, calmed, dry, awake = (
        medicated(plain, name) for name in ("beta_blocker", "alpha2_agonist", "antipsychotic", "stimulant")
    )
    assert blocked.rest_bpm / plain.rest_bpm == pytest.approx(56 / 68, abs=0.01)
    assert blocked.heart_gain < blocked.effort_gain * plain.heart_gain / plain.effort_gain
    assert calmed.rest_bpm < plain.rest_bpm
    assert calmed.scr_gain < plain.scr_gain
    assert dry.eda_us < plain.eda_us
    assert dry.scr_per_min < plain.scr_per_min
    assert awake.rest_bpm > plain.rest_bpm


def test_a_medicine_that_is_taken_off_leaves_the_person_as_before() -> None:
    (plain,) = people(1, seed=1)
    after = medicated(medicated(plain, "antipsychotic"), "none")
    assert after.medicine == "none"
    assert after.eda_us == pytest.approx(plain.eda_us)
    assert after.rest_bpm == pytest.approx(plain.rest_bpm)
