"""Receipts of a real tablet (Chromium): none is lost by what goes wrong on the way, or by another that is wrong."""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.console.caring import Caring
from tests.console.house import NAMES, House, Serve
from tests.console.tablets import Tablet
from tests.servers import LONG_S

pytestmark = pytest.mark.service

WAITING = "forecalm.receipts"
SETTLED = f"() => localStorage.getItem('{WAITING}') === '[]'"


@pytest.fixture
def caring(house: House) -> Caring:
    house.caring = Caring(list(NAMES))
    return house.caring


@pytest.fixture
def tablet(house: House, caring: Caring, serve: Serve, browser: Browser) -> Iterator[Tablet]:
    tablet = Tablet(browser, serve(house)).live()
    yield tablet
    tablet.context.close()


def until_told(tablet: Tablet) -> None:
    """Let the page's time go on, five times as fast as the server's, until nothing waits any more."""
    deadline = time.monotonic() + LONG_S
    while not tablet.page.evaluate(SETTLED):
        assert time.monotonic() < deadline, tablet.page.evaluate(f"localStorage.getItem('{WAITING}')")
        tablet.page.wait_for_timeout(100)
        tablet.page.clock.run_for(500)


def waits(page: Page, *matters: str) -> None:
    """Let receipts for ``matters`` wait on the tablet, as after an hour without a server."""
    told = [{"matter_id": matter, "station": "on the tablet", "at_s": 1_763_562_728.0} for matter in matters]
    page.evaluate(f"(told) => localStorage.setItem('{WAITING}', told)", json.dumps(told))
    page.evaluate("window.dispatchEvent(new Event('online'))")


def heard(caring: Caring) -> set[str]:
    return {matter for _, matter, _, _ in caring.telling.heard}


def test_one_receipt_that_the_server_calls_wrong_takes_no_other_with_it(caring: Caring, tablet: Tablet) -> None:
    known = [f"m-{number}" for number in range(150)]
    for matter in known:
        caring.telling.open(matter, "w1", 1_763_562_728.0)
    waits(tablet.page, *known[:70], "x" * 201, *known[70:])
    until_told(tablet)
    assert heard(caring) == set(known)


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_receipts_outlast_a_server_that_cannot_take_them_now(
    house: House, caring: Caring, tablet: Tablet, status: int
) -> None:
    tablet.context.route("**/receipts", lambda route: route.fulfill(status=status, json={}))
    alert_id = house.alert("w2")
    expect(tablet.row("w2").locator(".lead")).to_be_visible()
    tablet.page.clock.run_for(12_000)
    assert heard(caring) == set()
    tablet.context.unroute("**/receipts")
    until_told(tablet)
    assert heard(caring) == {alert_id}


def test_an_answer_of_which_half_arrives_proves_nothing(house: House, caring: Caring, tablet: Tablet) -> None:
    def half(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body='{"taken": 0, "unkn')

    tablet.context.route("**/receipts", half)
    alert_id = house.alert("w2")
    expect(tablet.row("w2").locator(".lead")).to_be_visible()
    tablet.page.clock.run_for(2000)
    tablet.context.unroute("**/receipts")
    until_told(tablet)
    assert heard(caring) == {alert_id}


def test_those_that_come_too_early_hold_up_nobody(caring: Caring, tablet: Tablet) -> None:
    early = [f"early-{number}" for number in range(120)]
    caring.telling.open("m-1", "w1", 1_763_562_728.0)
    waits(tablet.page, *early, "m-1")
    tablet.page.wait_for_function(f"() => !localStorage.getItem('{WAITING}').includes('m-1')")
    assert heard(caring) == {"m-1"}
    for matter in early:
        caring.telling.open(matter, "w1", 1_763_562_728.0)
    until_told(tablet)
    assert heard(caring) == {"m-1", *early}
