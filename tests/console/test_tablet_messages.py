"""A real tablet (Chromium) on which somebody asks for messages: what the server is told of, and what is promised."""

import pytest
from playwright.sync_api import Locator, Route, expect

from ingest.errors import RegistryError
from tests.console.caring import Caring
from tests.console.house import House
from tests.console.tablets import SUBSCRIBING, Tablet, eventually, knows
from tests.receivers import PushReceiver

pytestmark = [pytest.mark.service, pytest.mark.long]

ENDPOINT = "https://push.example.org/push/a"
COME = "Messages for Jo come here from now on, also while this page is closed."


@pytest.fixture
def note(tablet: Tablet) -> Locator:
    """What a tablet whose browser may subscribe says of its sound and of messages."""
    tablet.context.grant_permissions(["notifications"], origin=tablet.page.url.rstrip("/"))
    subscription = PushReceiver().subscription() | {"endpoint": ENDPOINT}
    tablet.page.evaluate(SUBSCRIBING, subscription)
    knows(tablet.page, "Jo")
    tablet.sounding().page.click("#sound")
    return tablet.page.locator("#voice-note")


def ask(tablet: Tablet) -> None:
    tablet.page.get_by_role("button", name="Messages when the page is closed").click()


def subscribed(tablet: Tablet) -> bool:
    mine = "navigator.serviceWorker.ready.then((it) => it.pushManager.getSubscription()).then(Boolean)"
    return bool(tablet.page.evaluate(mine))


def test_whoever_asks_for_messages_is_told_to_stay_until_the_server_knows_of_the_browser(
    house: House, caring: Caring, tablet: Tablet, note: Locator
) -> None:
    held: list[Route] = []
    tablet.page.route("**/push/key", lambda it: held.append(it))
    ask(tablet)
    expect(note).to_have_text("One moment: leave this page open.")
    eventually(tablet.page, lambda: held)
    assert caring.rest.subscriptions == []
    held[0].continue_()
    expect(note).to_have_text(COME)
    assert caring.rest.subscriptions == [ENDPOINT]


def test_messages_that_the_server_was_not_told_of_are_not_promised_and_can_be_asked_for_again(
    house: House, caring: Caring, tablet: Tablet, note: Locator
) -> None:
    tablet.page.route("**/push/subscriptions", lambda it: it.abort(), times=1)
    ask(tablet)
    expect(note).to_have_text("The server does not answer: no messages come yet. Please try again.")
    assert (caring.rest.subscriptions, subscribed(tablet)) == ([], False)
    ask(tablet)
    expect(note).to_have_text(COME)
    assert (caring.rest.subscriptions, subscribed(tablet)) == ([ENDPOINT], True)


def test_where_the_server_refuses_somebody_more_whoever_had_messages_here_keeps_them(
    house: House, caring: Caring, tablet: Tablet, note: Locator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(tablet)
    expect(note).to_have_text(COME)

    def refuse(**_: str) -> None:
        raise RegistryError("carer: has too many browsers")

    monkeypatch.setattr(caring.rest, "add_push", refuse)
    ask(tablet)
    expect(note).to_contain_text("has too many browsers")
    assert subscribed(tablet)
