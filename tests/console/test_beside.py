"""What stands beside a row: cover, proof, plan and who is told next, never better than sight and never over a risk."""

import asyncio
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.events import Station
from alerts.delivery.matter import Kind
from alerts.protection.cover import Cover, Level, Link
from alerts.views import Blind, RiskState
from console.around import DOUBT, Lookout, around
from console.beside import Around, Going, Next, Plan
from console.board import Board
from console.rows import Row, row_of, tally_of
from console.telling import told_of_loss
from tests.console.caring import Caring
from tests.console.house import NAMES, House
from tests.console.test_rows import LONDON, NOW_S, view

WATCHES, COVERS = ("ok", "partly", "none"), ("protected", "partly", "cannot tell", "not")


def cover(level: Level, link: Link | None = Link.GATEWAY, *, told: str = "") -> Cover:
    why = "" if level is Level.PROTECTED else "The gateway is silent"
    return Cover(wearer="w1", level=level, since_s=NOW_S - 1800, link=link, why=why, told=told)


def shown(it: object, **beside: object) -> Row:
    return row_of(it, name="Bea", zone=LONDON, now_s=NOW_S, around=Around(**beside))  # type: ignore[arg-type]


@given(st.sampled_from(RiskState), st.sampled_from([None, *Blind]), st.sampled_from(Level), st.sampled_from(Link))
def test_cover_never_changes_how_the_person_is_and_never_betters_how_well_one_sees(
    risk: RiskState, blind: Blind | None, level: Level, link: Link
) -> None:
    it = view(risk, blind)
    alone, beside = shown(it), shown(it, covers={"w1": cover(level, link)})
    assert (beside.risk, beside.lead) == (alone.risk, alone.lead)
    crossed = alone.risk == "calm" and level is Level.NOT
    assert beside.glyph == ("unprotected" if crossed else alone.glyph)
    assert WATCHES.index(beside.watch) >= WATCHES.index(alone.watch)
    assert COVERS.index(beside.cover) >= COVERS.index(alone.cover)
    assert beside.sounds == "alert" if alone.sounds == "alert" else True
    if level is not Level.PROTECTED:
        assert tally_of([beside]).protected == "0 of 1 protected"


def test_not_protected_is_the_headline_with_why_and_who_was_told() -> None:
    row = shown(view(), covers={"w1": cover(Level.NOT, told="Sam told 14:03")})
    assert (row.word, row.why) == (
        "Calm, not protected since 14:02",
        "Look in. The gateway is silent. Sam told 14:03.",
    )
    assert (row.risk, row.glyph) == ("calm", "unprotected")
    assert (row.watch, row.cover, row.sounds) == ("none", "not", "lost")
    partly = shown(view(), covers={"w1": cover(Level.PARTLY, Link.TABLET)})
    assert (partly.word, partly.sounds) == ("Calm, partly protected since 14:02", "")


def test_a_row_says_shortly_that_its_tablet_cannot_sound_and_never_in_place_of_what_an_alert_says() -> None:
    deaf = Cover(
        wearer="w1",
        level=Level.NOT,
        since_s=NOW_S - 1800,
        link=Link.TABLET,
        why="No tablet can sound. No board is open anywhere.",
        told="Sam told 14:03",
    )
    assert shown(view(), covers={"w1": deaf}).why == "Look in. This tablet cannot sound yet. Sam told 14:03."
    alone, beside = shown(view(RiskState.ALERTING)), shown(view(RiskState.ALERTING), covers={"w1": deaf})
    assert beside.word == alone.word
    assert beside.why.startswith(alone.why)
    assert "This tablet cannot sound yet" in beside.why


def test_what_the_band_says_by_itself_stays_its_own_headline() -> None:
    row = shown(view(blind=Blind.NOT_WORN), covers={"w1": cover(Level.NOT, Link.CONTACT, told="Sam told 14:03")})
    assert row.word == "Band off since 14:21"
    assert row.why.endswith("Sam told 14:03")


def going(**changes: object) -> Going:
    facts = {"matter_id": "w1-1", "kind": Kind.ALERT, "wearer": "w1", "since_s": NOW_S - 68}
    return Going(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("call", "Sam\N{RIGHT SINGLE QUOTATION MARK}s phone rings"),
        ("push", "Sam gets a message on the phone"),
        ("telegram", "Sam is told"),
    ],
)
def test_an_alert_says_who_is_told_next_and_when(channel: str, said: str) -> None:
    row = shown(view(RiskState.ALERTING), going=(going(next=Next("Sam", channel, NOW_S + 60)),))
    assert row.told == f"If nobody takes it, {said} at 14:33."
    taken = shown(view(RiskState.ACKNOWLEDGED), going=(going(next=Next("Sam", channel, NOW_S + 60)),))
    assert taken.told == ""


def test_an_alert_carries_its_proof_its_plan_and_the_rules_it_was_raised_by() -> None:
    told = (going(on_tablet_s=NOW_S - 67, tablets=3, sounded_s=NOW_S - 66, sounding=2),)
    row = shown(view(RiskState.ALERTING), going=told, plans={"w1": Plan(("Lights down",), ("Questions",))})
    assert row.alert is not None
    assert [(stage.label, stage.detail, stage.done) for stage in row.alert.chain] == [
        ("Raised", "14:31", True),
        ("On 3 tablets", "14:31", True),
        ("Sounded", "14:31", True),
        ("Seen", "by nobody yet", False),
        ("I\N{RIGHT SINGLE QUOTATION MARK}m on it", "by nobody yet", False),
    ]
    assert (row.alert.plan.helps, row.alert.terms) == (("Lights down",), "Rules policy-1, arousal, level 0.80")
    assert shown(view()).alert is None


@pytest.mark.parametrize(("seen_s", "said"), [(None, "14:24"), (NOW_S - 600, "14:22")])
def test_whoever_took_an_alert_has_seen_it(seen_s: float | None, said: str) -> None:
    row = shown(view(RiskState.ACKNOWLEDGED), going=(going(over=True, by="Jo", ended_s=NOW_S, seen_s=seen_s),))
    assert row.alert is not None
    stages = {stage.label: (stage.detail, stage.done) for stage in row.alert.chain}
    assert stages["Seen"] == (said, True)
    assert stages["Sounded"] == ("not yet", False), "no tablet sounded it"


def test_whoever_sees_to_a_loss_has_seen_it() -> None:
    lost = going(kind=Kind.PROTECTION, over=True, by="Jo", ended_s=NOW_S)
    seen = told_of_loss(lost, None, clock=lambda at_s: f"{at_s - NOW_S:g}", now_s=NOW_S).chain[-1]
    assert (seen.label, seen.detail, seen.done) == ("Seen", "0", True)


def test_a_snoozed_alert_stays_an_alert_and_sounds_again_when_its_end_comes() -> None:
    paused = shown(view(RiskState.ALERTING), going=(going(snoozed_until_s=NOW_S + 1),))
    assert (paused.risk, paused.sounds, paused.alert_id) == ("alert", "", "w1-1")
    over = shown(view(RiskState.ALERTING), going=(going(snoozed_until_s=NOW_S),))
    assert over.sounds == "alert"


def test_the_snooze_of_another_alert_pauses_nothing_here() -> None:
    row = shown(view(RiskState.ALERTING), going=(going(matter_id="w1-0", snoozed_until_s=NOW_S + 300),))
    assert row.sounds == "alert"


def test_a_proof_is_read_off_the_tablets_that_came_to_each_station() -> None:
    caring = Caring(["w1"])
    caring.telling.open("w1-1", "w1", NOW_S)
    caring.telling.receipt("t1", "w1-1", Station.ON_TABLET, NOW_S + 1)
    caring.telling.receipt("t1", "w1-1", Station.SEEN, NOW_S + 9)
    caring.telling.receipt("t2", "w1-1", Station.SOUNDED, NOW_S + 3)
    told = around(caring.care, [], NOW_S + 10).of("w1-1")
    assert told is not None
    assert (told.on_tablet_s, told.tablets, told.sounded_s, told.seen_s) == (NOW_S + 1, 1, NOW_S + 3, NOW_S + 9)
    caring.telling.taken("w1-1", "Jo")
    assert around(caring.care, [], NOW_S + 10).of("w1-1") is None
    taken = around(caring.care, ["w1-1"], NOW_S + 10).of("w1-1")
    assert taken is not None
    assert taken.over


def test_what_cannot_be_looked_up_leaves_nobody_protected() -> None:
    caring = Caring(["w1"])
    caring.rest.fails = True

    async def look() -> Around:
        return await Lookout(caring.care, clock=lambda: NOW_S).look([])

    doubt = asyncio.run(look())
    assert doubt.doubt == DOUBT
    row = row_of(view(), name="Bea", zone=LONDON, now_s=NOW_S, around=doubt)
    assert (row.word, row.cover) == ("Calm, partly protected", "partly")


def test_a_beat_is_made_once_for_all_tablets_that_were_told_the_same(house: House) -> None:
    board = Board(names=NAMES, zone=ZoneInfo("Europe/London"), clock=lambda: house.now_s)
    views = house.views()
    first = board.beat_event(views, kept=True, stored=True, standby="")
    assert board.beat_event(list(views), kept=True, stored=True, standby="") is first
    house.alert("w2")
    other = board.beat_event(house.views(), kept=True, stored=True, standby="")
    assert other != first
    assert board.beat_event(house.views(), kept=False, stored=True, standby="") != other
    house.now_s += 1
    assert board.beat_event(house.views(), kept=True, stored=True, standby="") != other


def test_a_notice_about_somebody_says_whom_first(house: House) -> None:
    house.caring = Caring(list(NAMES))
    words = {"w2": "Not protected since 14:02", "w3": "Callum is not protected", "": "The disk is nearly full"}
    for wearer, said in words.items():
        house.caring.telling.open(f"n-{wearer}", wearer, NOW_S, kind=Kind.OPEN_LONG, words=said)
    board = Board(names=NAMES, zone=LONDON, clock=lambda: NOW_S, care=house.caring.care)
    asyncio.run(board.look())
    assert [it.text for it in board.notices()] == [
        "Bea: Not protected since 14:02.",
        "Callum is not protected.",
        "The disk is nearly full.",
    ]
