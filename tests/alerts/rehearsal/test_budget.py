"""A level is chosen by what the desk itself would have done, and what it would have lost is known before it holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.desk import Desk
from alerts.errors import AlertError
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.rehearsal.budget import BUSY_MAX, LEVELS, Budget, Past, alerts_by, at_level, choose
from alerts.rehearsal.events import Happened
from alerts.views import WearerView
from models.risk import Abstention

HOUR = 3600
DAY = 12 * HOUR
QUICK = Policy(hold_s=3, settle_s=5, refractory_s=7, fade_s=4, version="quick")
OTHER = Policy(hold_s=2, settle_s=5, refractory_s=7, fade_s=4, version="other")


def desks(policy: Policy, other: Policy, end_s: np.ndarray, said: np.ndarray, levelled: np.ndarray) -> list[float]:
    """When a real desk alerts, and somebody takes each alert at once."""
    desk = Desk(wearers=["w"], policy=other, journal=Scratch(), started_s=0.0)
    raised: list[float] = []

    def take(view: WearerView) -> None:
        if view.alert is not None and view.alert.acknowledged_by is None:
            raised.append(view.alert.raised_s)
            desk.acknowledge(view.alert.alert_id, by="test", at_s=view.alert.raised_s)

    desk.subscribe(take)
    for at_s, probability, own in zip(end_s, said, levelled, strict=True):
        desk.tick(float(at_s))
        nothing = {"learnt": 1.0, "heart_rate_bpm": 60.0, "battery_pct": None, "stamp": None, "reasons": ()}
        rules = policy if own else None
        desk.observe("w", float(at_s), float(probability), Abstention.NONE, policy=rules, **nothing)  # type: ignore[arg-type]
    return raised


SECONDS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.3, 0.4, 0.5, 0.65, 0.7, 0.9, 1.0]), st.sampled_from([1, 1, 1, 1, 4, 5, 30])),
    max_size=120,
)


@settings(max_examples=200)
@given(SECONDS, st.sampled_from([0.3, 0.5, 0.7, 0.95]), st.booleans(), st.randoms())
def test_alerts_are_those_of_the_desk(
    seconds: list[tuple[float, int]], enter: float, mixed: bool, luck: object
) -> None:
    said = np.array([probability for probability, _ in seconds])
    end_s = 1000.0 + np.cumsum([step for _, step in seconds])
    levelled = np.array([not mixed or luck.random() < 0.7 for _ in seconds], bool)  # type: ignore[attr-defined]
    policy = at_level(QUICK, enter)
    raised, busy = alerts_by(policy, end_s, said, levelled, OTHER)
    assert raised == desks(policy, OTHER, end_s, said, levelled)
    assert 0 <= busy <= len(seconds)


def past(*rises: tuple[int, float], worn_s: int = DAY) -> Past:
    """A day of wear, calmer than any level, with a minute each of a probability from a second on."""
    said = np.full(worn_s, min(LEVELS) / 2)
    for at, height in rises:
        said[at : at + 60] = height
    start_s = np.arange(worn_s, dtype=np.int64)
    return Past(start_s, said, np.ones(worn_s, bool), start_s)


def chosen(seen: Past, *onsets: float, per_day: float = 2.0, holds: Policy | None = None) -> Budget:
    events = [Happened(what="incident", onset_s=at_s, end_s=at_s) for at_s in onsets]
    default = Policy()
    return choose(seen, events, holds=holds or default, default=default, other=default, per_day=per_day, reach_s=300.0)


def test_the_lowest_level_within_the_budget_is_chosen_and_what_it_loses_is_named() -> None:
    seen = past((5000, 0.95), (12000, 0.85), (20000, 0.8), (30000, 0.75))
    found = chosen(seen, 30050.0)
    assert found.fits is not None
    assert (len(found.fits.alerts_s), len(found.default.alerts_s)) == (2, 4)
    assert 0.8 < found.fits.enter <= 0.85
    assert (found.default.leads_s, found.fits.leads_s) == ((30.0,), (None,))
    assert [event.onset_s for event in found.lost] == [30050.0]
    more = chosen(seen, 30050.0, per_day=4.0)
    assert more.fits is not None
    assert (more.lost, more.fits.lead_s, len(more.fits.false_s)) == ((), 30.0, 3)
    assert not found.enough
    assert more.enough


def test_what_is_told_by_the_level_that_holds_is_lost_too() -> None:
    sharp = Policy(enter=0.5, leave=0.2)
    found = chosen(past((5000, 0.95), (30000, 0.6)), 30050.0, per_day=1.0, holds=sharp)
    assert (found.holds.told, found.default.told, len(found.lost)) == (1, 0, 1)


def test_an_alert_that_never_ends_does_not_look_like_few_alerts() -> None:
    seen = past(worn_s=HOUR)
    seen.probability[:] = 0.5
    found = chosen(seen, per_day=DAY / HOUR)
    assert found.fits is not None
    assert found.fits.enter > 0.5
    assert [level.busy > BUSY_MAX for level in found.levels if level.enter < 0.5] == [True] * sum(
        level < 0.5 for level in LEVELS
    )


def test_where_every_level_alerts_too_often_none_fits() -> None:
    seen = past(*((at, 1.0) for at in range(1000, HOUR, 1000)), worn_s=HOUR)
    assert chosen(seen).fits is None


def test_what_cannot_be_chosen_by_is_refused() -> None:
    seen = past(worn_s=HOUR)
    with pytest.raises(AlertError, match="budget is a number"):
        chosen(seen, per_day=0.0)
    seen.probability[:] = np.nan
    with pytest.raises(AlertError, match="single second"):
        chosen(seen)


def test_signs_are_over_at_the_same_distance_from_any_level() -> None:
    policy = Policy()
    assert at_level(policy, policy.enter).leave == pytest.approx(policy.leave)
    for level in LEVELS:
        moved = at_level(policy, level)
        assert 0 <= moved.leave < moved.enter
        odds = (moved.enter / (1 - moved.enter)) / (moved.leave / (1 - moved.leave))
        assert odds == pytest.approx((0.7 / 0.3) / (0.4 / 0.6))
