"""Whatever staff, bands and radios do in whatever order, only a band that was confirmed by hand is ever entered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pairing.fit import NOTHING, Fit, Mend
from console.pairing.flow import (
    ATTEMPTS,
    CONNECT_S,
    DECIDE_S,
    FIT_S,
    WEAR_S,
    Again,
    Agreed,
    Answered,
    Arrived,
    Cancel,
    Checked,
    Do,
    Event,
    Named,
    Pairing,
    Passed,
    Prompted,
    PutOn,
    SoBeIt,
    Stage,
    advance,
    begin,
    begin_with,
)
from console.pairing.gesture import Answer, Rhythm
from ingest.registry.stretches import Held

RHYTHM = Rhythm((2.0, 2.0, 2.0, 2.0))
FREE = Held()
FINE = Fit(Mend.FINE, 10, (), final=True)
LOOSE = Fit(Mend.TOO_LOOSE, 15, (), final=True)
YET = Fit(Mend.CANNOT_TELL, 3, (), final=False)


def play(*events: Event, held: Held = FREE) -> tuple[Pairing, list[Do]]:
    step = begin("b", "w", held, now_s=0.0)
    done, now_s = list(step.do), 0.0
    for event in events:
        now_s += 1.0
        if isinstance(event, Answered) and event.prompt_s < 0:
            event = Answered(event.answer, step.pairing.prompt_s)
        step = advance(step.pairing, event, now_s=now_s)
        done += step.do
    return step.pairing, done


def answered(answer: Answer) -> Answered:
    """About the prompt that stands."""
    return Answered(answer, -1.0)


TO_WRIST = (Arrived(), Prompted(RHYTHM), answered(Answer.THIS), PutOn())


def test_from_a_band_nearby_to_a_pairing() -> None:
    pairing, done = play(*TO_WRIST, Checked(YET), Checked(FINE))
    assert pairing.stage is Stage.DONE
    assert done == [Do.CONNECT, Do.PROMPT, Do.ASK_TO_WEAR, Do.CHECK, Do.ENTER]


@pytest.mark.parametrize("held", [Held("other", None), Held(None, "old"), Held("other", "old")])
def test_nothing_is_taken_from_anybody_before_somebody_agrees(held: Held) -> None:
    pairing, done = play(*TO_WRIST, Checked(FINE), held=held)
    assert (pairing.stage, done) == (Stage.ASK, [])
    pairing, done = play(Agreed(), *TO_WRIST, Checked(FINE), held=held)
    assert (pairing.stage, pairing.held) == (Stage.DONE, held)


def test_where_the_band_comes_first_its_wearer_is_asked_for_once_it_is_confirmed_and_not_before() -> None:
    step = begin_with("b", now_s=0.0)
    for event in (Named("w", FREE), Arrived(), Named("w", FREE), Prompted(RHYTHM)):
        step = advance(step.pairing, event, now_s=1.0)
    assert (step.pairing.stage, step.pairing.wearer) == (Stage.CONFIRM, "")
    step = advance(step.pairing, Answered(Answer.THIS, 1.0), now_s=2.0)
    assert (step.pairing.stage, step.do) == (Stage.WHO, (Do.ASK_WHO,))
    assert advance(step.pairing, PutOn(), now_s=3.0).pairing.stage is Stage.WHO, "nobody is known to wear it yet"
    assert advance(step.pairing, Passed(), now_s=3.0 + DECIDE_S).pairing.stage is Stage.STOPPED
    step = advance(step.pairing, Named("w", Held(None, "old")), now_s=3.0)
    assert (step.pairing.stage, step.pairing.wearer, step.pairing.held) == (Stage.WEAR, "w", Held(None, "old"))


def test_a_band_that_is_the_wearers_already_is_checked_without_asking() -> None:
    assert play(held=Held("w", "b"))[1] == [Do.CONNECT]


@pytest.mark.parametrize("answer", [Answer.NONE, Answer.OTHER, Answer.SEVERAL])
def test_a_gesture_that_is_not_this_bands_is_asked_for_again_and_then_given_up(answer: Answer) -> None:
    pairing, done = play(Arrived(), *(Prompted(RHYTHM), answered(answer)) * (ATTEMPTS - 1))
    assert pairing.stage is Stage.CONFIRM
    assert done.count(Do.PROMPT) == ATTEMPTS
    pairing, done = play(Arrived(), *(Prompted(RHYTHM), answered(answer)) * ATTEMPTS)
    assert pairing.stage is Stage.STOPPED
    assert done[-1] is Do.LET_GO


def test_an_answer_to_an_earlier_prompt_says_nothing() -> None:
    pairing, _ = play(
        Arrived(), Prompted(RHYTHM), answered(Answer.NONE), Prompted(RHYTHM), Answered(Answer.THIS, prompt_s=2.0)
    )
    assert (pairing.stage, pairing.confirmed) == (Stage.CONFIRM, False)


def test_a_bad_fit_is_mended_checked_again_or_taken_as_it_is() -> None:
    pairing, done = play(*TO_WRIST, Checked(LOOSE))
    assert (pairing.stage, done[-1]) == (Stage.MEND, Do.ASK_TO_MEND)
    assert play(*TO_WRIST, Checked(LOOSE), Again(), Checked(FINE))[0].stage is Stage.DONE
    pairing, done = play(*TO_WRIST, Checked(LOOSE), SoBeIt())
    assert (pairing.stage, pairing.fit, done[-1]) == (Stage.DONE, LOOSE, Do.ENTER)


@pytest.mark.parametrize(
    ("events", "patience_s"),
    [((), CONNECT_S), (TO_WRIST[:1], DECIDE_S), (TO_WRIST[:3], WEAR_S), ((*TO_WRIST, Checked(LOOSE)), DECIDE_S)],
)
def test_what_takes_too_long_is_stopped_and_says_why(events: tuple[Event, ...], patience_s: float) -> None:
    pairing, _ = play(*events)
    waits = advance(pairing, Passed(), now_s=pairing.since_s + patience_s)
    assert waits.pairing == pairing
    stopped = advance(pairing, Passed(), now_s=pairing.since_s + patience_s + 0.1)
    assert stopped.pairing.stage is Stage.STOPPED
    assert stopped.pairing.reason.endswith("nothing was entered")
    assert stopped.do == (Do.LET_GO,)


def out_of_reach(*events: Event, why: str = "") -> Pairing:
    """A pairing whose fit check ended by itself, and what gateways say of the band."""
    pairing, _ = play(*TO_WRIST, *events)
    return advance(pairing, Passed(why), now_s=pairing.since_s + FIT_S + 1).pairing


@pytest.mark.parametrize("events", [(), (Checked(NOTHING),), (Checked(LOOSE), Again())])
def test_a_band_of_which_nothing_arrives_in_the_fit_check_is_said_to_be_out_of_reach_and_is_not_taken(
    events: tuple[Event, ...],
) -> None:
    pairing = out_of_reach(*events, why="hall says: not heard")
    assert (pairing.stage, pairing.fit is not None and pairing.fit.mend) == (Stage.MEND, Mend.NOTHING_ARRIVES)
    assert pairing.fit is not None
    assert pairing.fit.words.startswith("Nothing of the band arrives")
    assert pairing.fit.words.endswith("hall says: not heard.")
    step = advance(pairing, SoBeIt(), now_s=pairing.since_s + 1)
    assert (step.pairing, step.do) == (pairing, (Do.ASK_TO_MEND,)), "it is asked again, and nothing is entered"
    step = advance(pairing, Again(), now_s=pairing.since_s + 1)
    assert advance(step.pairing, Checked(FINE), now_s=pairing.since_s + 9).do == (Do.ENTER,)


def test_where_no_gateway_says_why_nothing_arrives_it_says_what_to_look_at() -> None:
    fit = out_of_reach().fit
    assert fit is not None
    assert "charged, near a gateway" in fit.words


def test_a_band_that_was_heard_for_too_short_a_time_is_said_so_and_may_be_taken_as_it_sits() -> None:
    pairing = out_of_reach(Checked(YET))
    assert pairing.fit is not None
    assert pairing.fit.words == "Cannot tell yet: keep still. Only 3 s of its readings arrived in time."
    assert advance(pairing, SoBeIt(), now_s=pairing.since_s + 1).do == (Do.ENTER,)


EVENTS = st.sampled_from(
    [
        Agreed(),
        Arrived(),
        Prompted(RHYTHM),
        *(answered(each) for each in Answer),
        PutOn(),
        Checked(YET),
        Checked(FINE),
        Checked(LOOSE),
        Checked(NOTHING),
        Again(),
        SoBeIt(),
        Cancel(),
        Passed(),
    ]
)
HELD = st.sampled_from([Held(), Held("other", None), Held(None, "old"), Held("other", "old"), Held("w", "b")])


@given(held=HELD, events=st.lists(EVENTS, max_size=30), seconds=st.lists(st.floats(0, 400), min_size=30, max_size=30))
def test_only_what_was_agreed_confirmed_and_looked_at_is_entered_and_only_once(
    held: Held, events: list[Event], seconds: list[float]
) -> None:
    step = begin("b", "w", held, now_s=0.0)
    now_s, done, agreed, this = 0.0, list(step.do), False, False
    for event, later_s in zip(events, seconds, strict=False):
        before, now_s = step.pairing, now_s + later_s
        if isinstance(event, Answered):
            event = Answered(event.answer, before.prompt_s)
        step = advance(before, event, now_s=now_s)
        agreed |= before.stage is Stage.ASK and isinstance(event, Agreed)
        this |= isinstance(event, Answered) and event.answer is Answer.THIS and before.rhythm is not None
        done += step.do
        assert (step.pairing.band, step.pairing.wearer, step.pairing.held) == ("b", "w", held)
        assert (step.pairing.stage is Stage.STOPPED) == bool(
            step.pairing.reason and step.pairing.stage is not Stage.CONFIRM
        )
    entered = done.count(Do.ENTER)
    assert entered == (step.pairing.stage is Stage.DONE)
    if entered:
        assert this
        assert step.pairing.confirmed
        assert step.pairing.fit is not None
        assert step.pairing.fit.heard
        assert agreed or (held.wearer in (None, "w") and held.band in (None, "b"))
    assert done.count(Do.LET_GO) == (step.pairing.stage is Stage.STOPPED and Do.CONNECT in done)
