"""What staff are told of every band and every consent."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.admission import Admission, Verdict
from ingest.bands import ENDS_SOON_S, ConsentDue, Sent, Waiting, band_reports, consents_due, waiting
from ingest.clock.clocks import ClockState
from ingest.registry.assignments import LINGER_S
from ingest.registry.claims import Claims
from ingest.registry.consents import Given, Scope
from ingest.store.protocol import BandSummary

DAY_S = 86_400.0
NOW_S = 1e9


def summary(band: str = "b", *, first_s: float = NOW_S - 3600, last_s: float = NOW_S) -> BandSummary:
    return BandSummary(band, 2, 3600, 400_000, first_s, last_s, last_s + 0.3)


def clock(band: str, *, boot: int = 1, last_s: float | None = NOW_S) -> ClockState:
    return ClockState(band, boot, 0.0, 12.0, 0.004, None, last_s, 0, is_proven=True)


def consent(
    wearer: str = "w-01",
    *,
    from_s: float = 0.0,
    until_s: float | None = None,
    withdrawn_s: float | None = None,
    scope: Scope = Scope.CARE,
    to_confirm: bool = False,
) -> Given:
    return Given(1, wearer, scope, "Ida, mother", from_s, until_s, withdrawn_s, to_confirm, 0.0, "test")


def reports(**changes: object):  # noqa: ANN201 - band reports
    said: dict[str, object] = {
        "known": ("b",),
        "summaries": (),
        "clocks": (),
        "claims": {},
        "admit": lambda band, at_s: Admission(Verdict.KEEP, "w-01"),
        "sent": {},
        "imported": (),
        "now_s": NOW_S,
        "keep_s": DAY_S,
    }
    return band_reports(**{**said, **changes})  # type: ignore[arg-type]


def test_a_band_is_reported_with_who_wears_it_what_is_stored_and_how_its_clock_runs() -> None:
    (it,) = reports(
        summaries=[summary()],
        clocks=[clock("b", boot=1, last_s=NOW_S - 900), clock("b", boot=2)],
        claims={"b": Claims(covered=((0.0, math.inf),))},
        sent={"b": Sent("attic", 64)},
    )
    assert (it.band, it.wearer, it.verdict, it.packets, it.boots) == ("b", "w-01", Verdict.KEEP, 3600, 2)
    assert it.clock is not None
    assert (it.clock.boot, it.sent, it.last_heard_s) == (2, Sent("attic", 64), NOW_S + 0.3)
    assert it.waiting is None


def test_a_band_that_was_entered_and_never_heard_is_reported_so() -> None:
    (it,) = reports()
    assert (it.last_heard_s, it.packets, it.clock, it.sent) == (None, 0, None, Sent())


def test_a_band_of_which_nothing_is_kept_is_still_known_to_be_heard() -> None:
    (it,) = reports(clocks=[clock("b", last_s=NOW_S - 1)], admit=lambda *_: Admission(Verdict.DROP, "w-01"))
    assert (it.verdict, it.last_heard_s, it.packets, it.is_urgent) == (Verdict.DROP, NOW_S - 1, 0, False)


def test_bands_whose_readings_are_nobodys_come_first_and_bands_in_a_drawer_last() -> None:
    worn = {"a": "w-01", "z": "w-02"}
    found = reports(
        known=("a", "drawer", "z"),
        summaries=[summary("a"), summary("stray"), summary("z")],
        claims={band: Claims(covered=((0.0, math.inf),)) for band in worn},
        admit=lambda band, _: Admission(Verdict.KEEP if band in worn else Verdict.WAIT, worn.get(band)),
    )
    assert [(it.band, it.is_urgent) for it in found] == [("stray", True), ("a", False), ("z", False), ("drawer", False)]


def test_imported_recordings_are_no_bands() -> None:
    assert [it.band for it in reports(summaries=[summary("rec-1")], imported=["rec-1"])] == ["b"]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (Claims(), Waiting(NOW_S - 3600 + DAY_S, NOW_S + 0.3 + DAY_S)),
        (Claims(covered=((0.0, math.inf),)), None),
        (Claims(covered=((0.0, NOW_S - 600),)), Waiting(NOW_S - 600 + DAY_S, NOW_S + 0.3 + DAY_S)),
        (Claims(erased=((0.0, NOW_S - 600),)), Waiting(NOW_S - 600 + DAY_S, NOW_S + 0.3 + DAY_S)),
        (Claims(covered=((0.0, NOW_S - 0.2),)), None),  # its last packet ended in time; the samples reach a little out
        (Claims(covered=((NOW_S + 60, math.inf),)), Waiting(NOW_S - 3600 + DAY_S, NOW_S + 0.3 + DAY_S)),
        (Claims(covered=((NOW_S - 1800, NOW_S - 600),)), Waiting(NOW_S - 600 + DAY_S, NOW_S + 0.3 + DAY_S)),
    ],
)
def test_what_nobody_claims_waits_from_the_last_claim_on(claims: Claims, expected: Waiting | None) -> None:
    assert waiting(summary(), claims, now_s=NOW_S + 60, keep_s=DAY_S) == expected


def test_what_has_waited_for_long_is_going_now_and_then_it_is_gone() -> None:
    old = summary(first_s=NOW_S - 3 * DAY_S, last_s=NOW_S - 0.3)
    assert waiting(old, Claims(), now_s=NOW_S, keep_s=DAY_S) == Waiting(NOW_S, NOW_S + DAY_S)
    assert waiting(old, Claims(), now_s=NOW_S + DAY_S, keep_s=DAY_S) is None


def test_who_has_no_consent_comes_first_then_whose_ends_soonest_then_what_is_to_be_confirmed() -> None:
    given_ = [
        consent("carried", to_confirm=True),
        consent("later", until_s=NOW_S + 6 * DAY_S),
        consent("soon", until_s=NOW_S + DAY_S),
        consent("fine", until_s=NOW_S + 8 * DAY_S),
        consent("gone", withdrawn_s=NOW_S - 5),
    ]
    found = consents_due(["carried", "fine", "gone", "later", "never", "soon"], given_, now_s=NOW_S)
    assert found == [
        ConsentDue("gone", Scope.CARE, False, None),
        ConsentDue("never", Scope.CARE, False, None),
        ConsentDue("soon", Scope.CARE, False, NOW_S + DAY_S),
        ConsentDue("later", Scope.CARE, False, NOW_S + 6 * DAY_S),
        ConsentDue("carried", Scope.CARE, True, None),
    ]


def test_a_consent_that_ended_for_somebody_who_wears_no_band_is_nobodys_concern() -> None:
    over = [consent("imported", until_s=NOW_S - DAY_S), consent("left", withdrawn_s=NOW_S - 5)]
    assert consents_due([], over, now_s=NOW_S) == []
    charging = [consent("charging", until_s=NOW_S + DAY_S)]
    assert consents_due([], charging, now_s=NOW_S) == [ConsentDue("charging", Scope.CARE, False, NOW_S + DAY_S)]


def test_a_consent_that_another_one_follows_does_not_end() -> None:
    both = [consent(from_s=NOW_S + DAY_S), consent(until_s=NOW_S + DAY_S)]
    assert consents_due(["w-01"], both, now_s=NOW_S) == []


def test_a_consent_to_research_ends_no_watch_but_may_be_to_confirm() -> None:
    research = consent(scope=Scope.RESEARCH, until_s=NOW_S + DAY_S, to_confirm=True)
    assert consents_due(["w-01"], [consent(), research], now_s=NOW_S) == [
        ConsentDue("w-01", Scope.RESEARCH, True, None)
    ]


HOURS = st.integers(-48, 12 * 24).map(lambda hours: NOW_S + hours * 3600.0)
CONSENTS = st.lists(
    st.builds(consent, from_s=HOURS, until_s=st.none() | HOURS, withdrawn_s=st.none() | st.just(NOW_S - 1)).filter(
        lambda it: it.until_s is None or it.until_s > it.from_s
    ),
    max_size=6,
)


@given(CONSENTS)
def test_what_is_said_of_the_end_is_what_every_hour_until_then_says(consents: list[Given]) -> None:
    def covered(at_s: float) -> bool:
        return any(it.covers(at_s) for it in consents)

    hours = range(int(ENDS_SOON_S // 3600) + 1)
    end_s = next((NOW_S + hour * 3600.0 for hour in hours if not covered(NOW_S + hour * 3600.0)), None)
    found = consents_due(["w-01"], consents, now_s=NOW_S)
    if end_s is None:
        assert found == []
    else:
        assert found == [ConsentDue("w-01", Scope.CARE, False, None if end_s == NOW_S else end_s)]


@pytest.mark.parametrize(("ago_s", "given_up"), [(0.0, True), (LINGER_S - 1, True), (LINGER_S, False), (DAY_S, False)])
def test_a_band_is_said_to_be_given_up_for_as_long_as_gateways_hold_it(ago_s: float, *, given_up: bool) -> None:
    (it,) = reports(
        summaries=[summary()],
        claims={"b": Claims(covered=((0.0, 10.0), (20.0, NOW_S - ago_s)))},
        admit=lambda *_: Admission(Verdict.WAIT, None),
    )
    assert it.given_up_s == (NOW_S - ago_s if given_up else None)
    assert it.is_urgent is not given_up
    (worn,) = reports(claims={"b": Claims(covered=((0.0, NOW_S - ago_s), (NOW_S - ago_s, math.inf)))})
    assert worn.given_up_s is None
