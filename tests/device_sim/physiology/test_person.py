"""People: plausible, different, and always the same for a seed."""

import numpy as np
import pytest

from device_sim.physiology.person import people


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
