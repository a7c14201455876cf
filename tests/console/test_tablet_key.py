"""A tablet keeps its key whatever else is refused, and lets it go when the key itself is no key here."""

import json

import pytest
from playwright.sync_api import Page, Route

from tests.console.caring import Caring
from tests.console.house import House
from tests.console.tablets import Tablet, eventually, standing

pytestmark = [pytest.mark.service, pytest.mark.long]

FORGED = "A" * 22


def key(page: Page) -> dict[str, str]:
    kept: dict[str, str] = page.evaluate("JSON.parse(localStorage['forecalm.tablet'] ?? null) ?? {}")
    return kept


REFUSALS = [
    (401, "Please sign in"),
    (403, "That is not yours to do"),
    (403, "That is another tablet's"),
    (429, "Too often"),
]


def test_a_tablet_that_is_refused_for_another_reason_keeps_its_key(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    page = tablet.page
    eventually(page, lambda: standing(caring, house))
    had = key(page)
    left = iter(REFUSALS)

    def refuse(route: Route) -> None:
        status, title = next(left, REFUSALS[-1])
        body = json.dumps({"title": title, "status": status})
        route.fulfill(status=status, content_type="application/problem+json", body=body)

    page.route("**/beat", refuse)
    for _ in (*REFUSALS, "once more, by when each was read"):
        with page.expect_response("**/beat"):
            page.clock.fast_forward(6000)
    assert key(page) == had


def test_a_tablet_whose_key_is_none_here_registers_anew(house: House, caring: Caring, tablet: Tablet) -> None:
    page = tablet.page
    eventually(page, lambda: standing(caring, house))
    had = key(page)
    page.evaluate("(kept) => localStorage['forecalm.tablet'] = JSON.stringify(kept)", had | {"key": FORGED})
    with page.expect_response("**/api/v1/tablets"):
        for _ in range(2):
            with page.expect_response("**/beat"):
                page.clock.fast_forward(6000)
    eventually(page, lambda: key(page).get("key", FORGED) != FORGED)
    now = key(page)
    assert now["tablet"] != had["tablet"]
    eventually(page, lambda: any(each.tablet == now["tablet"] for each in caring.tablets.standing(house.now_s)))
