"""Pages of staff that stand open, in Chromium, while alerts come and go, the server falls silent, and sessions end."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from forecalm.build import Service
from tests.browsers import PATIENT_MS
from tests.console.tablets import LISTEN
from tests.console.whole import ALERTING, WHO, alert, whole_house

pytestmark = pytest.mark.long

PAGE = "/gateways"
"""Any page of staff: what is tried here is the shell's."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with whole_house(tmp_path_factory.mktemp("house")) as (service, _):
        yield service


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENT_MS)
    context.add_init_script(LISTEN)
    page = context.new_page()
    page.clock.install()
    page.goto(service.address.rstrip("/") + PAGE)
    yield page
    assert page.evaluate("window.forbidden") == []
    context.close()


def take_it(service: Service) -> None:
    for view in service.desk.views():
        if view.wearer == ALERTING and view.alert:
            service.desk.acknowledge(view.alert.alert_id, by="Jo", at_s=time.time())


def test_a_page_that_does_not_hear_the_server_says_so_and_keeps_the_last_alerts(page: Page) -> None:
    strips = page.locator("#strips")
    expect(strips).to_contain_text("Bea may need you now")
    page.route("**/strips", lambda route: route.abort())
    page.clock.run_for(15_000)
    expect(strips).to_contain_text("no longer hears the server")
    expect(strips).to_contain_text("Bea may need you now")
    expect(page.locator("#say-alert")).to_contain_text("alerts may be open")
    page.unroute("**/strips")
    page.clock.run_for(4_000)
    expect(strips).not_to_contain_text("no longer hears")
    expect(page.locator("#say-status")).to_have_text("This page hears the server again.")


def test_a_page_that_is_not_there_tells_of_alerts_too(page: Page, service: Service) -> None:
    answer = page.goto(f"{service.address}no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("#strips")).to_contain_text("Bea may need you now")
    expect(page.locator("#say-alert")).to_contain_text("Bea may need you now")
    expect(page.get_by_role("link", name="Back to the board")).to_be_visible()


def test_a_page_whose_session_has_ended_says_so_and_keeps_what_was_typed(page: Page, service: Service) -> None:
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input id=typed value=kept>')")
    page.context.add_cookies([{"name": WHO, "value": "nobody", "url": service.address}])
    page.clock.run_for(4_000)
    expect(page.locator("#strips")).to_contain_text("You are signed out")
    expect(page.locator("#say-alert")).to_contain_text("no longer tells of alerts")
    expect(page.locator("#typed")).to_have_value("kept")


def test_an_alert_that_somebody_takes_goes_from_every_page_and_a_new_one_is_said(page: Page, service: Service) -> None:
    strips = page.locator("#strips")
    expect(strips).to_contain_text("Bea may need you now")
    take_it(service)
    page.clock.run_for(4_000)
    expect(strips).not_to_contain_text("Bea")
    expect(page.locator("#say-status")).to_have_text("No alert is open any more.")
    alert(service, "w-03")
    page.clock.run_for(4_000)
    expect(strips).to_contain_text("Callum may need you now")
    expect(page.locator("#say-alert")).to_contain_text("Callum may need you now")


def test_who_may_not_see_people_is_told_of_no_alert(browser: Browser, service: Service) -> None:
    context = browser.new_context()
    context.add_cookies([{"name": WHO, "value": "researcher", "url": service.address}])
    told = context.request.get(service.address.rstrip("/") + "/strips")
    assert told.status == 200
    assert "need you" not in told.text()
    context.close()
