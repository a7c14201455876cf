"""What befalls people: the same however it is asked for, at the rates that were asked for, and told as it was lived."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from device_sim.director import Director
from device_sim.life.lived import Lived
from device_sim.physiology.drive import Drive
from device_sim.physiology.person import people
from device_sim.scenario import KINDS, Chance, Episode, Scenario, Wearer, load
from device_sim.ward import cast

HOUR = 3600
SUDDEN = Chance(
    kind="incident",
    per_h=2.0,
    rise_s=(0, 0),
    hold_s=(5, 60),
    fall_s=(60, 120),
    strength=(0.5, 1),
    incidents=1.0,
    incident_s=(5, 60),
    branching=0.74,
    memory_s=200.0,
)
WORRY = Chance(
    kind="anxiety",
    per_h=1.5,
    rise_s=(60, 600),
    hold_s=(10, 60),
    fall_s=(60, 120),
    strength=(0.5, 1),
    incidents=0.4,
    incident_s=(5, 60),
)
NAMES = [field.name for field in fields(Drive) if field.name != "start_s"]


def played(*parts: Wearer, past_s: int = 0, **more: object) -> Scenario:
    return replace(Scenario(name="mine", title="", past_s=past_s, wearers=len(parts), parts=parts), **more)


def director(scenario: Scenario, wearers: int, *, rows: slice = slice(None), seed: int = 3) -> Director:
    return Director(scenario, cast(scenario, wearers=wearers, seed=seed)[rows], seed=seed)


def same(one: Drive, other: Drive) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@cache
def busy() -> Scenario:
    """Everything at once: by the clock, listed, drawn, round after round."""
    home = load("care_home_day")
    parts = tuple(replace(part, chances=(*part.chances, SUDDEN, replace(WORRY, per_h=6))) for part in home.parts)
    return replace(home, parts=parts, repeat_s=0.9 * HOUR, stagger_s=7.5, clock_s=21.5 * HOUR, past_s=100)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-99, 3899), max_size=5))
def test_where_time_is_cut_changes_nothing(cuts: list[int]) -> None:
    whole = director(busy(), 10).drive(-100, 4000)
    again, ends = director(busy(), 10), [*sorted(set(cuts)), 3900]
    parts = [again.drive(a, b - a) for a, b in zip([-100, *ends[:-1]], ends, strict=True)]
    for name in NAMES:
        told = np.concatenate([getattr(part, name) for part in parts], axis=1)
        np.testing.assert_array_equal(told, getattr(whole, name), err_msg=name)


@cache
def a_day() -> tuple[Lived, ...]:
    return director(busy(), 10).episodes(-100, 24 * HOUR)


@settings(max_examples=40, deadline=None)
@given(st.integers(-100, 23 * HOUR), st.integers(1, HOUR))
def test_however_short_the_stretch_all_that_lies_in_it_is_told(start_s: int, seconds: int) -> None:
    told = director(busy(), 10).episodes(start_s, seconds)
    there = [one for one in a_day() if one.start_s < start_s + seconds and one.end_s > start_s]
    assert [repr(one) for one in told] == [repr(one) for one in there]  # NaN is no equal of itself


def test_time_may_be_asked_for_in_any_order() -> None:
    one, other = director(busy(), 4), director(busy(), 4)
    late, early = one.drive(9000, 60), one.drive(-50, 60)
    same(early, other.drive(-50, 60))
    same(late, other.drive(9000, 60))


def test_a_row_knows_nothing_of_its_neighbours() -> None:
    among = director(busy(), 8).drive(0, 2000)
    alone = Director(
        replace(busy(), parts=busy().parts[5:6], stagger_s=0), cast(busy(), wearers=8, seed=3)[5:6], seed=3
    )
    for name in NAMES:
        np.testing.assert_array_equal(getattr(among, name)[5], getattr(alone.drive(0, 2000), name)[0], err_msg=name)


def test_another_seed_draws_another_life() -> None:
    who = people(3, seed=1)
    one, other = (Director(played(Wearer(chances=(WORRY,))), who, seed=seed).episodes(0, 40_000) for seed in (1, 2))
    assert {episode.start_s for episode in one}.isdisjoint(episode.start_s for episode in other)


@pytest.mark.parametrize("name", ["care_home_day", "school_morning", "night", "quiet_house", "crisis", "first_light"])
def test_what_drives_a_body_stays_within_its_bounds(name: str) -> None:
    scenario = load(name)
    drive = director(scenario, scenario.wearers).drive(-scenario.past_s, scenario.past_s + 6 * HOUR)
    for field in NAMES[:11]:
        values = getattr(drive, field)
        assert values.shape == (scenario.wearers, scenario.past_s + 6 * HOUR)
        assert values.min() >= (-1 if field == "heat" else 0)
        assert values.max() <= 1
    assert drive.fit.min() >= 0
    assert drive.fit.max() <= 1
    assert drive.kind.max() < len(KINDS)


def test_quiet_houses_and_exercise_hours_hold_no_anxiety() -> None:
    for name in ("quiet", "quiet_house", "exercise_hour"):
        scenario = load(name)
        lived = director(scenario, 20).episodes(-scenario.past_s, 24 * HOUR)
        assert not {episode.kind for episode in lived} & {"anxiety", "incident"}


def test_a_crisis_has_the_incidents_of_the_wards_it_is_modelled_on() -> None:
    onsets = [episode.onset_s for episode in director(load("crisis"), 400).episodes(0, 8 * HOUR)]
    in_time = [onset for onset in onsets if 0 <= onset < 8 * HOUR]
    assert len(in_time) / 400 / 8 == pytest.approx(13.1, rel=0.15)


def test_episodes_come_as_often_as_asked() -> None:
    lived = director(played(Wearer(chances=(WORRY,))), 60).episodes(0, 24 * HOUR)
    begun = [episode for episode in lived if episode.start_s >= 0]
    assert len(begun) / 60 / 24 == pytest.approx(1.5, rel=0.08)
    assert np.mean([episode.ends == "incident" for episode in begun]) == pytest.approx(0.4, abs=0.04)
    assert all(0.5 <= episode.strength <= 1 for episode in begun)


def test_people_differ_in_how_often_it_comes_as_widely_as_asked() -> None:
    often = replace(WORRY, per_h=10.0)
    for uneven, width in ((0.0, 0.1), (0.8, 0.8)):
        lived = director(played(Wearer(chances=(replace(often, uneven=uneven),))), 200).episodes(0, 24 * HOUR)
        count = np.bincount([episode.row for episode in lived], minlength=200)
        assert count.mean() / 24 == pytest.approx(10, rel=0.15)
        assert np.log(count).std() == pytest.approx(width, abs=0.1)


def test_episodes_begin_within_their_hours() -> None:
    scenario = played(Wearer(chances=(replace(WORRY, hours=(8, 12)),)), clock_s=6 * HOUR)
    lived = director(scenario, 40).episodes(0, 48 * HOUR)
    hours = np.array([(episode.start_s / HOUR + 6) % 24 for episode in lived])
    assert hours.min() >= 8
    assert hours.max() < 12
    assert len(lived) / 40 / 8 == pytest.approx(1.5, rel=0.15)


def hawkes_fit(onsets_s: list[np.ndarray], seconds: float) -> tuple[float, float, float]:
    """Maximum likelihood of (rate [1/h], branching, memory [s]) by onset times alone (Ozaki 1979)."""

    def loss(log_what: np.ndarray) -> float:
        rate, branching, memory = np.exp(log_what)
        total = 0.0
        for times in onsets_s:
            excited, before = 0.0, None
            for time in times:
                excited = 0.0 if before is None else (excited + 1) * np.exp(-(time - before) / memory)
                before = time
                total += np.log(rate + branching / memory * excited)
            total -= rate * seconds + branching * (1 - np.exp(-(seconds - times) / memory)).sum()
        return -total

    found = minimize(loss, np.log([2e-3, 0.4, 100.0]), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-2})
    rate, branching, memory = np.exp(found.x)
    return float(rate) * HOUR, float(branching), float(memory)


def test_incidents_set_off_as_many_others_as_asked_told_by_their_times_alone() -> None:
    lived = director(played(Wearer(chances=(SUDDEN,))), 24).episodes(0, 48 * HOUR)
    onsets = [np.sort([e.onset_s for e in lived if e.row == row and e.onset_s < 48 * HOUR]) for row in range(24)]
    per_h, branching, memory_s = hawkes_fit(onsets, 48 * HOUR)
    assert branching == pytest.approx(0.74, abs=0.03)
    assert memory_s == pytest.approx(200, rel=0.1)
    assert per_h == pytest.approx(2, rel=0.1)
    assert np.mean([not episode.lead for episode in lived]) == pytest.approx(0.74, abs=0.02)


def test_without_branching_no_incident_sets_off_another() -> None:
    lived = director(played(Wearer(chances=(replace(SUDDEN, branching=0.0),))), 20).episodes(0, 24 * HOUR)
    assert all(episode.lead for episode in lived)


def anxiety(**more: object) -> Episode:
    usual = Episode(kind="anxiety", start_s=100, rise_s=200, hold_s=50, fall_s=100, strength=0.9)
    return replace(usual, **more)


def test_an_incident_begins_at_the_top_and_moves_the_wrist_hard() -> None:
    scenario = played(Wearer(episodes=(anxiety(incident_s=60),), activity="still"))
    one = director(scenario, 1)
    drive, (lived,) = one.drive(0, 600), one.episodes(0, 600)
    assert lived == Lived(
        row=0, kind="anxiety", start_s=100, onset_s=350, end_s=510, strength=0.9, ends="incident", lead=True
    )
    kind = drive.kind[0]
    assert (kind[350:410] == KINDS.index("incident")).all()
    assert (kind[100:350] == KINDS.index("anxiety")).all()
    assert (kind[410:510] == KINDS.index("anxiety")).all()
    assert (np.delete(kind, slice(100, 510)) == -1).all()
    moved = drive.fidget + drive.flap + drive.rock + drive.run
    assert moved[0, 350:410].mean() > 5 * moved[0, 100:350].mean()
    assert drive.arousal[0, 300:410].min() == pytest.approx(0.9)


def test_an_anxiety_that_settles_has_no_onset() -> None:
    one = director(played(Wearer(episodes=(anxiety(),))), 1)
    (lived,) = one.episodes(0, 600)
    assert np.isnan(lived.onset_s)
    assert lived.ends == "settles"
    assert KINDS.index("incident") not in one.drive(0, 600).kind


def test_a_sudden_incident_begins_without_warning() -> None:
    sudden = Episode(kind="incident", start_s=100, rise_s=0, hold_s=30, fall_s=60, strength=1.0)
    one = director(played(Wearer(episodes=(sudden,))), 1)
    (lived,) = one.episodes(0, 600)
    assert lived.onset_s == 100
    drive = one.drive(0, 600)
    assert drive.arousal[0, 99] < 0.2
    assert drive.arousal[0, 100:130].min() == 1
    assert (drive.kind[0, 130:190] == KINDS.index("anxiety")).all()


@pytest.mark.parametrize("shape", ["ramp", "steps", "late_surge", "plateau", "waves"])
def test_whatever_its_shape_a_build_up_ends_at_its_height(shape: str) -> None:
    drive = director(played(Wearer(episodes=(anxiety(shape=shape),))), 1).drive(0, 600)
    assert drive.arousal[0, 100] == 0
    assert drive.arousal[0, 300] == pytest.approx(0.9)
    assert drive.arousal[0, 100:300].max() <= 0.9


def test_shapes_that_nobody_named_differ_from_person_to_person() -> None:
    drive = director(played(Wearer(episodes=(anxiety(shape="drawn"),))), 60).drive(0, 600)
    assert len(np.unique(drive.arousal[:, 190])) == 5


def test_the_same_episode_is_told_in_every_stretch_that_it_touches() -> None:
    one = director(played(Wearer(episodes=(anxiety(incident_s=60),))), 1)
    assert one.episodes(0, 101) == one.episodes(500, 5) == one.episodes(100, 400)
    assert one.episodes(0, 100) == ()
    assert one.episodes(510, 100) == ()


def test_a_repeating_time_line_is_told_round_by_round() -> None:
    lived = director(played(Wearer(episodes=(anxiety(),)), repeat_s=1000.0), 1).episodes(0, 3000)
    assert [episode.start_s for episode in lived] == [100, 1100, 2100]


def test_rounds_that_overlap_stretches_and_are_staggered_far_are_all_told() -> None:
    scenario = played(Wearer(episodes=(anxiety(start_s=890, rise_s=60, hold_s=40, fall_s=10),)), repeat_s=1000.0)
    lived = director(replace(scenario, stagger_s=777.0), 30).episodes(20_000, 1900)
    there = [(row, 890 + 777 * row + 1000 * turn) for row in range(30) for turn in range(60)]
    assert [(one.row, one.start_s) for one in lived] == [
        (row, start) for row, start in there if 20_000 - 110 < start < 21_900
    ]


def test_nobody_can_be_simulated() -> None:
    drive = Director(busy(), (), seed=1).drive(0, 10)
    assert drive.arousal.shape == drive.posture.shape == drive.fit.shape == (0, 10)


def test_what_was_drawn_is_what_the_drive_does() -> None:
    one = director(played(Wearer(chances=(WORRY, SUDDEN)), past_s=600), 5)
    drive, lived = one.drive(-600, 20_000), one.episodes(-600, 20_000)
    raging = np.zeros_like(drive.worn)
    for episode in lived:
        if episode.onset_s == episode.onset_s:
            raging[episode.row, int(np.ceil(episode.onset_s)) + 600] = True
    assert (drive.kind[raging] == KINDS.index("incident")).all()
    on = np.zeros_like(drive.worn)
    for episode in lived:
        on[episode.row, max(int(np.ceil(episode.start_s)) + 600, 0) : int(np.ceil(episode.end_s)) + 600] = True
    np.testing.assert_array_equal(on, drive.kind >= 0)


def test_people_who_live_by_the_clock_sleep_at_night_and_not_by_day() -> None:
    scenario = played(Wearer(activity="by_clock"), clock_s=12 * HOUR, population="autistic_adults")
    one = director(scenario, 20)
    by_hour = (one.drive(0, 48 * HOUR).asleep > 0.05).reshape(20, 48, HOUR).mean(axis=(0, 2))
    assert by_hour[:7].max() == 0  # noon to seven
    assert by_hour[13:17].min() > 0.75  # one to five at night; they wake up now and then
    assert by_hour[37:41].min() > 0.75
    assert all(episode.kind == "sleep" for episode in one.episodes(0, 48 * HOUR))


def test_sleepers_lie_still_turn_over_and_wake_up() -> None:
    asleep = director(played(Wearer(activity="asleep"), population="autistic_adults"), 10).drive(0, 6 * HOUR)
    awake = director(played(Wearer(), population="autistic_adults"), 10).drive(0, 6 * HOUR)
    assert asleep.fidget.mean() < 0.5 * awake.fidget.mean()
    assert asleep.fidget.max() > 0.5
    assert (asleep.asleep == 0).any()
    assert asleep.asleep.max() > 0.95
    assert (asleep.walk == 0).mean() > 0.99
    assert (asleep.kind == KINDS.index("sleep")).all()


def test_anxiety_wakes_a_sleeper() -> None:
    drive = director(played(Wearer(activity="asleep", episodes=(anxiety(),))), 1).drive(0, 600)
    assert drive.asleep[0, 300:350].max() == 0
    assert drive.kind[0, 300] == KINDS.index("anxiety")


def test_heat_cold_meals_and_loose_bands_leave_room_for_ordinary_life() -> None:
    def on(kind: str) -> Episode:
        return Episode(kind=kind, start_s=0, rise_s=60, hold_s=7000, fall_s=60, strength=0.8)

    parts = [Wearer(episodes=(on(kind),)) for kind in ("heat", "cold", "meal", "loose")]
    drive = director(played(*parts), 4).drive(0, 7000)
    plain = director(played(Wearer()), 4).drive(0, 7000)
    assert drive.heat[:, 3000].tolist() == [0.8, -0.8, 0, 0]
    assert drive.meal[:, 3000].tolist() == [0, 0, 0.8, 0]
    np.testing.assert_allclose(drive.fit[3, 3000], 0.2 * plain.fit[3, 3000])
    np.testing.assert_array_equal(drive.walk, plain.walk)
    np.testing.assert_array_equal(drive.arousal, plain.arousal)


def test_rockers_rock_and_flappers_flap_and_more_so_when_anxious() -> None:
    worried = anxiety(start_s=3 * HOUR, rise_s=10, hold_s=3 * HOUR, fall_s=10, strength=1.0)
    parts = [Wearer(stereotypy=what, episodes=(worried,)) for what in ("flapping", "rocking", "none")]
    drive = director(played(*parts), 90).drive(0, 6 * HOUR)
    flap, rock = drive.flap.reshape(30, 3, -1).mean(axis=0), drive.rock.reshape(30, 3, -1).mean(axis=0)
    assert flap[1:].max() == rock[0].max() == rock[2].max() == 0
    for acts in (flap[0], rock[1]):
        assert 0.01 < acts[: 3 * HOUR].mean() < 0.15
        assert acts[3 * HOUR :].mean() > 1.5 * acts[: 3 * HOUR].mean()


def test_a_band_that_is_off_feels_nothing_of_an_incident() -> None:
    off = Episode(kind="off_wrist", start_s=300, rise_s=0, hold_s=300, fall_s=0, strength=1.0)
    one = director(played(Wearer(episodes=(anxiety(incident_s=60), off), stereotypy="flapping")), 1)
    drive = one.drive(0, 600)
    assert not drive.worn[0, 300:].any()
    for moves in (drive.flap, drive.rock, drive.run, drive.walk, drive.fidget):
        assert moves[0, 305:].max() == 0
    assert drive.arousal[0, 360] == pytest.approx(0.9)


def test_time_before_the_past_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="begins at -1800 s"):
        director(load("quiet"), 1).episodes(-1801, 1)
