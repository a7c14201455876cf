"""Whom a path is about: also long after an alert was over, and what nobody knows is not everybody's."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from console.access.access import Access
from console.access.asker import Asker, Grant, Kind
from console.access.roles import Role
from console.access.scope import About, Places
from tests.askers import ANYBODY, Letting, OneSite
from tests.console.api.rooms import Rooms

THERE = Asker(kind=Kind.PERSON, id="a-2", name="Nia", grants=frozenset({Grant(Role.CARER, "beech")}))
SAID = {"what": "incident", "by": "Nia"}


@pytest.fixture
def door() -> Letting:
    return Letting(ANYBODY)


@pytest.fixture
def rooms(door: Letting) -> Iterator[Rooms]:
    rooms = Rooms(access=Access(door, OneSite(elsewhere={"w3": "beech"})))
    yield rooms
    rooms.close()


def forgotten(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """An alert of long ago, of which delivery keeps no proof, and the desk no view; and what was told of it."""
    alert = rooms.alert("w2")
    told = rooms.post(f"/alerts/{alert}/outcome", SAID).json()["outcome_id"]
    calm: Any = [replace(view, alert=None) for view in rooms.desk.views()]
    monkeypatch.setattr(rooms.desk, "views", lambda: calm)
    monkeypatch.setattr(rooms.delivery, "proof", lambda matter_id: None)
    return alert, told


def test_nobody_elsewhere_tells_of_an_alert_of_long_ago(
    rooms: Rooms, door: Letting, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert, told = forgotten(rooms, monkeypatch)
    before = rooms.outcomes.of("w2")
    door.asker_ = THERE
    assert rooms.post(f"/alerts/{alert}/outcome", SAID).status_code == 404
    assert rooms.post(f"/outcomes/{told}/correct", SAID).status_code == 404
    assert rooms.outcomes.of("w2") == before
    door.asker_ = replace(THERE, grants=frozenset({Grant(Role.CARER, "home")}))
    assert rooms.post(f"/alerts/{alert}/outcome", {**SAID, "what": "exercise"}).status_code == 201


def test_nobody_here_tells_of_an_alert_of_long_ago_that_was_elsewhere(
    rooms: Rooms, door: Letting, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert, told = forgotten(rooms, monkeypatch)
    rooms.access.whereabouts.elsewhere["w2"] = "beech"  # type: ignore[attr-defined]
    door.asker_ = replace(THERE, grants=frozenset({Grant(Role.CARER, "home")}))
    assert rooms.post(f"/alerts/{alert}/outcome", SAID).status_code == 404
    assert rooms.post(f"/outcomes/{told}/correct", SAID).status_code == 404


@pytest.mark.parametrize("place", ["alert_id", "matter_id", "outcome_id"])
def test_what_nobody_knows_is_this_sites_and_not_everybodys(rooms: Rooms, place: str) -> None:
    places = rooms.app.state.entrance.places
    assert places.about({place: "never-was"}) == About("", frozenset({"home"}))


def test_a_board_without_care_knows_no_matter_of_elsewhere(rooms: Rooms) -> None:
    desk: Any = SimpleNamespace(views=lambda: ())
    places = Places(rooms.access.whereabouts, desk, None)
    assert places.about({"alert_id": "never-was"}) == About("", frozenset({"home"}))


def test_a_matter_of_the_house_is_everybodys_who_may_take_one(rooms: Rooms, door: Letting) -> None:
    notice = rooms.notice("house-1", wearer="")
    door.asker_ = THERE
    assert rooms.post(f"/matters/{notice}/take", {}).status_code == 200
