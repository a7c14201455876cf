"""What all tablets of one sight are told: the same bytes, news at once, nothing older after what is newer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import pytest

from console import showing
from console.board import Board
from console.house import House as Place
from console.showing import Frame, Showing, Showings, Told
from console.sight import EVERYBODY
from console.standing import ModelsAt
from tests.console.house import NAMES, House
from tests.servers import LONG_S


def told_of(house: House) -> Showings:
    board = Board(names=NAMES, zone=ZoneInfo("Europe/London"), clock=lambda: house.now_s)
    return Showings(board, Place(house, None, ModelsAt), house.hub)


def rows(frame: Frame | None) -> dict[str, str]:
    assert frame is not None
    found = {}
    for event in frame.events.split(b"\n\n"):
        name, _, data = event.partition(b"\ndata: ")
        if name == b"event: row":
            row = json.loads(data)
            found[row["row"]["wearer"]] = row["risk_state"]
    return found


def play(act: Callable[[Showing, Told], Awaitable[None]], house: House, *, beat_s: float = 0.05) -> None:
    async def scene() -> None:
        shown = told_of(house).of(EVERYBODY, beat_s=beat_s)
        with shown.tablet() as tablet:
            assert set(rows(await shown.first())) == set(NAMES)
            await act(shown, tablet)

    asyncio.run(asyncio.wait_for(scene(), LONG_S))


@pytest.fixture(params=["AT_ONCE_MOST", "PEOPLE_MOST"])
def many(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """As if there were too many tablets, or too many people for one of them, for all to go at once."""
    monkeypatch.setattr(showing, request.param, 0)


def test_an_alert_goes_at_once_and_what_is_no_news_with_the_beat(house: House, many: None) -> None:
    async def act(_: Showing, tablet: Told) -> None:
        await tablet.next()
        house.show("w1", battery_pct=7)
        house.alert("w2")
        at_once = await tablet.next()
        assert rows(at_once) == {"w2": "alerting"}
        assert at_once
        assert not at_once.beats
        with_the_beat: dict[str, str] = {}
        while "w1" not in with_the_beat:
            frame = await tablet.next()
            with_the_beat |= rows(frame)
            assert frame
            assert frame.beats

    play(act, house, beat_s=0.5)


def test_of_many_what_shows_as_before_is_not_told_again(house: House, many: None) -> None:
    async def act(_: Showing, tablet: Told) -> None:
        await tablet.next()
        for _ in range(3):
            house.show("w1", probability=0.1000001)
            assert "w1" not in rows(await tablet.next())

    house.show("w1", probability=0.1)
    play(act, house)


def test_a_tablet_that_does_not_read_is_told_the_newest_of_everybody_when_it_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "WAITING_MOST", 5_000)

    async def act(shown: Showing, tablet: Told) -> None:
        with shown.tablet() as other:
            for percent in range(60, 20, -1):
                house.show("w1", battery_pct=percent)
                await other.next()
            house.alert("w2")
            while rows(await other.next()).get("w2") != "alerting":
                continue
        frame = await tablet.next()
        assert rows(frame) | {"w2": "alerting"} == rows(frame)
        assert frame
        assert len(frame.events) < 20_000

    play(act, house)


def test_two_tablets_are_told_the_same_bytes_and_the_last_one_ends_it(house: House) -> None:
    async def scene() -> None:
        showings = told_of(house)
        shown = showings.of(EVERYBODY, beat_s=0.05)
        with shown.tablet() as one:
            await shown.first()
            with shown.tablet() as two:
                assert showings.of(EVERYBODY, beat_s=0.05) is shown
                house.alert("w2")
                first, second = await one.next(), await two.next()
                while first != second:  # one was there for a beat more
                    first = await one.next()
            assert not shown.over
        assert shown.over
        assert showings.of(EVERYBODY, beat_s=0.05) is not shown

    asyncio.run(asyncio.wait_for(scene(), LONG_S))


def test_a_hub_that_closes_ends_what_is_shown(house: House) -> None:
    async def act(_: Showing, tablet: Told) -> None:
        house.hub.close()
        while await tablet.next() is not None:
            continue

    play(act, house)


def test_what_cannot_be_drawn_ends_the_stream_so_that_tablets_ask_anew(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(_: Showing, tablet: Told) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Board, "beat_event", broken)
        while await tablet.next() is not None:
            continue

    play(act, house)
    assert "they ask anew" in caplog.text
