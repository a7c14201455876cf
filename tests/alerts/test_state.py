"""Every transition of risk and sight, as a table."""

import math
from itertools import product

import pytest

from alerts.errors import AlertError
from alerts.policy import Policy
from alerts.state import BY_PEOPLE, GLIMPSE, LOOK, NEXT, Glimpse, Sign, Situation, after, looked, step
from alerts.views import Blind, RiskState, Sight
from models.risk import Abstention

W, R, A, K, O = RiskState  # watching, rising, alerting, acknowledged, resolved  # noqa: E741
POLICY = Policy(hold_s=3, settle_s=4, refractory_s=10, fade_s=5)
HIGH, BETWEEN, LOW = 0.9, 0.5, 0.1


@pytest.mark.parametrize(
    ("before", "counted_s", "estimate", "then", "then_counted_s"),
    [
        (W, 0, HIGH, R, 1),
        (W, 0, BETWEEN, W, 0),
        (W, 0, LOW, W, 0),
        (R, 1, HIGH, R, 2),
        (R, 2, HIGH, A, 0),
        (R, 2, BETWEEN, R, 2),
        (R, 2, LOW, W, 0),
        (A, 0, HIGH, A, 0),
        (A, 0, BETWEEN, A, 0),
        (A, 0, LOW, A, 0),
        (K, 3, HIGH, K, 0),
        (K, 3, BETWEEN, K, 0),
        (K, 2, LOW, K, 3),
        (K, 3, LOW, O, 0),
        (O, 0, HIGH, O, 0),
        (O, 0, LOW, O, 0),
    ],
)
def test_what_one_second_does(
    before: RiskState, counted_s: float, estimate: float, then: RiskState, then_counted_s: float
) -> None:
    situation = after(Situation(before, 100.0, counted_s, 104.0), estimate, 105.0, POLICY)
    assert (situation.risk, situation.counted_s) == (then, then_counted_s)
    assert situation.since_s == (100.0 if then is before else 105.0)


@pytest.mark.parametrize(("risk", "sign"), list(product(RiskState, Sign)))
def test_a_pair_that_is_not_in_the_table_changes_nothing(risk: RiskState, sign: Sign) -> None:
    situation = Situation(risk, 1.0, 2.0, 3.0)
    then = step(situation, sign, 9.0)
    assert then.risk is NEXT.get((risk, sign), risk)
    assert (then is situation) == ((risk, sign) not in NEXT)


def test_an_alert_has_one_way_out_and_it_is_a_person() -> None:
    assert {sign for (risk, sign) in NEXT if risk is RiskState.ALERTING} == {Sign.TAKEN, Sign.ENDED} == BY_PEOPLE


def test_what_people_do_ends_an_alert_and_never_rising_signs() -> None:
    assert {risk for (risk, sign) in NEXT if sign in BY_PEOPLE} == {A, K}


def test_a_second_under_way_while_somebody_ends_an_alert_does_not_end_the_rest_that_follows() -> None:
    ended = step(Situation(A, 90.0), Sign.ENDED, 100.7)
    assert after(ended, HIGH, 100.0, POLICY).risk is O
    assert after(ended, HIGH, 110.0, POLICY).risk is O
    assert after(ended, HIGH, 111.0, POLICY).risk is R


def test_signs_count_again_from_the_very_second_the_refractory_time_is_over() -> None:
    rested = after(Situation(O, 100.0), HIGH, 110.0, POLICY)
    assert (rested.risk, rested.counted_s) == (R, 1)
    assert after(Situation(O, 100.0), LOW, 110.0, POLICY).risk is W


@pytest.mark.parametrize(("blind_s", "then"), [(4.0, A), (6.0, R)])
def test_a_hold_outlasts_a_short_blind_spell_but_old_evidence_does_not_complete_it(
    blind_s: float, then: RiskState
) -> None:
    assert after(Situation(R, 90.0, 2, 100.0), HIGH, 100.0 + blind_s, POLICY).risk is then


@pytest.mark.parametrize(("blind_s", "then"), [(4.0, O), (6.0, K)])
def test_calm_that_nobody_saw_settles_nothing(blind_s: float, then: RiskState) -> None:
    assert after(Situation(K, 90.0, 3, 100.0), LOW, 100.0 + blind_s, POLICY).risk is then


def test_a_clock_set_back_stretches_no_refractory_time() -> None:
    assert after(Situation(O, 5000.0), HIGH, 1400.0, POLICY).risk is R


def test_without_a_hold_the_first_high_second_alerts() -> None:
    assert after(Situation(W, 0.0), HIGH, 1.0, Policy(hold_s=0)).risk is A


@pytest.mark.parametrize("estimate", [math.nan, -0.1, 1.1, math.inf])
def test_no_estimate_is_not_a_number_between_0_and_1(estimate: float) -> None:
    with pytest.raises(AlertError, match="probability"):
        after(Situation(W, 0.0), estimate, 1.0, POLICY)


@pytest.mark.parametrize("reason", [a for a in Abstention if a not in (Abstention.NONE, Abstention.NO_SIGNAL)])
def test_every_abstention_is_a_reason_to_be_blind(reason: Abstention) -> None:
    assert isinstance(looked(Sight(1.0), GLIMPSE[reason], 9.0).reason, Blind)


@pytest.mark.parametrize(
    ("before", "glimpse", "then"),
    [
        (Sight(1.0), Glimpse.SEEN, Sight(1.0)),
        (Sight(1.0), Glimpse.QUIET, Sight(9.0, Blind.SILENT)),
        (Sight(1.0, Blind.SILENT), Glimpse.QUIET, Sight(1.0, Blind.SILENT)),
        (Sight(1.0, Blind.SILENT), Glimpse.OFF, Sight(1.0, Blind.NOT_WORN)),
        (Sight(1.0, Blind.NOT_WORN), Glimpse.SEEN, Sight(9.0)),
        (Sight(1.0, Blind.NOT_WORN), Glimpse.FORBIDDEN, Sight(9.0, Blind.NOT_RECORDING)),
        (Sight(1.0, Blind.NOT_RECORDING), Glimpse.ALLOWED, Sight(9.0, Blind.NOT_HEARD)),
        (Sight(1.0, Blind.SILENT), Glimpse.ALLOWED, Sight(1.0, Blind.SILENT)),
    ],
)
def test_what_sight_does(before: Sight, glimpse: Glimpse, then: Sight) -> None:
    assert looked(before, glimpse, 9.0) == then


@pytest.mark.parametrize("glimpse", Glimpse)
def test_from_not_recording_a_consent_alone_leads_out(glimpse: Glimpse) -> None:
    dark = Sight(1.0, Blind.NOT_RECORDING)
    assert (looked(dark, glimpse, 9.0) is dark) == (glimpse is not Glimpse.ALLOWED)


def test_a_band_that_never_sent_does_not_stop() -> None:
    assert (Blind.NOT_HEARD, Glimpse.QUIET) not in LOOK


def test_only_a_second_with_an_estimate_is_sight() -> None:
    assert {glimpse for (_, glimpse), then in LOOK.items() if then is None} == {Glimpse.SEEN}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"version": " "}, "version"),
        ({"enter": 0.0}, "enter"),
        ({"enter": 1.1}, "enter"),
        ({"enter": math.nan}, "enter"),
        ({"leave": 0.8}, "leave"),
        ({"leave": -0.1}, "leave"),
        ({"leave": math.nan}, "leave"),
        ({"hold_s": -1}, "hold_s"),
        ({"settle_s": math.inf}, "settle_s"),
        ({"refractory_s": math.nan}, "refractory_s"),
        ({"fade_s": -1}, "fade_s"),
        ({"silent_after_s": 1}, "silent_after_s"),
        ({"silent_after_s": 600}, "silent_after_s"),
        ({"hold_s": 1e6}, "hold_s"),
        ({"hold_s": "20"}, "hold_s"),
        ({"enter": True}, "enter"),
        ({"version": None}, "version"),
    ],
)
def test_a_policy_that_makes_no_sense_names_the_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(AlertError, match=f"policy.{field}"):
        Policy(**wrong)  # type: ignore[arg-type]
