"""Real tablets (Chromium) before a real server with care: what they prove and what they say."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response, expect

from alerts.channels.shade import shade
from alerts.delivery.matter import Kind
from alerts.protection.cover import Cover, Level, Link
from alerts.views import Blind, Sight
from console.around import DOUBT
from tests.browsers import push
from tests.console.caring import Caring
from tests.console.house import House, Serve
from tests.console.tablets import ALERT, COUNT_SAID, LOST, WORKER, Tablet, eventually, knows, standing, stations

pytestmark = [pytest.mark.service, pytest.mark.long]

SETTLED = "() => localStorage.getItem('forecalm.receipts') === '[]'"
"""What has not been answered is told again, and would be heard twice."""
SHARED = "caches.open('forecalm.tablet').then((it) => it.match('/tablet')).then(Boolean)"
"""Whether the service worker has the tablet's key."""


def test_an_alert_is_proved_in_order_shown_sounded_seen_and_only_once(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    alert_id = house.alert("w2")
    eventually(tablet.page, lambda: len(stations(caring, alert_id)) == 2)
    assert stations(caring, alert_id) == ["on the tablet", "sounded"]
    tablet.page.locator("#tally").click()
    eventually(tablet.page, lambda: len(stations(caring, alert_id)) == 3)
    tablet.page.wait_for_function(SETTLED)
    tablet.page.evaluate("window.dispatchEvent(new Event('online'))")
    tablet.page.locator("#tally").click()
    tablet.page.clock.fast_forward(5100)
    tablet.page.reload()
    tablet.live()
    assert stations(caring, alert_id) == ["on the tablet", "sounded", "seen"]
    house.now_s += 1
    expect(tablet.row("w2").locator(".chain .done strong")).to_have_text(["Raised", "On the tablet", "Sounded", "Seen"])
    expect(tablet.row("w2").locator(".told")).to_have_text("If nobody takes it, Sam\u2019s phone rings at 14:33.")


def test_a_tablet_that_nobody_has_touched_proves_that_it_shows_and_never_that_it_sounds(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    alert_id = house.alert("w2")
    eventually(tablet.page, lambda: stations(caring, alert_id))
    tablet.page.clock.fast_forward(12_000)
    eventually(tablet.page, lambda: standing(caring, house))
    assert stations(caring, alert_id) == ["on the tablet"]
    assert not standing(caring, house).can_sound  # type: ignore[attr-defined]


def test_a_second_window_that_nobody_looks_at_takes_no_voice_from_the_first(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    said: list[dict[str, object]] = []
    tablet.context.on("requestfinished", lambda it: it.url.endswith("/beat") and said.append(it.post_data_json))
    tablet.sounding()
    eventually(tablet.page, lambda: (at := standing(caring, house)) and at.can_sound)  # type: ignore[attr-defined]
    eventually(tablet.page, lambda: said)
    first = said[0]["page"]
    second = tablet.context.new_page()
    second.add_init_script("document.hasFocus = () => false")
    second.goto(tablet.page.url)
    eventually(second, lambda: any(it["page"] != first for it in said))
    assert {it["foreground"] for it in said if it["page"] != first} == {False}
    assert [each.can_sound for each in caring.tablets.standing(house.now_s)] == [True]


def test_a_tablet_can_sound_once_somebody_heard_it_and_not_while_it_is_hidden(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    eventually(tablet.page, lambda: (at := standing(caring, house)) and at.can_sound)  # type: ignore[attr-defined]
    beats: list[dict[str, object]] = []
    tablet.page.on("request", lambda it: it.url.endswith("/beat") and beats.append(it.post_data_json))
    tablet.page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    eventually(tablet.page, lambda: (at := standing(caring, house)) and not at.can_sound)  # type: ignore[attr-defined]
    eventually(tablet.page, lambda: any(it["foreground"] is False for it in beats))
    told = len(beats)
    tablet.page.clock.fast_forward(20_000)
    tablet.page.wait_for_timeout(100)
    assert len(beats) == told
    assert beats[-1]["foreground"] is False
    house.alert("w1")
    expect(tablet.row("w1").locator(".lead")).to_have_text("may need you now")
    eventually(tablet.page, lambda: stations(caring, "w1-1") == ["sounded"])  # it is heard, and nobody sees it
    tablet.page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => false, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    eventually(tablet.page, lambda: "on the tablet" in stations(caring, "w1-1"))


def test_receipts_wait_while_the_server_cannot_take_them_and_keep_their_time(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.context.route("**/receipts", lambda route: route.abort())
    tablet.still()
    house.now_s += 1
    expect(tablet.page.locator("#clock")).to_have_text("14:32:09")
    before = house.now_s
    alert_id = house.alert("w3")
    expect(tablet.row("w3").locator(".lead")).to_be_visible()
    tablet.page.wait_for_function("() => localStorage.getItem('forecalm.receipts')?.includes('w3-1')")
    tablet.page.clock.resume()
    house.now_s += 9
    tablet.context.unroute("**/receipts")
    tablet.page.clock.fast_forward(5100)
    eventually(tablet.page, lambda: stations(caring, alert_id))
    assert caring.telling.heard[0][3] - before < 3
    tablet.page.wait_for_function(SETTLED)


def test_a_receipt_that_comes_before_its_delivery_has_begun_is_sent_again(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    house.caring = None  # the alert is on the boards, and delivery has not heard of it yet
    alert_id = house.alert("w2")
    expect(tablet.row("w2").locator(".lead")).to_be_visible()
    tablet.page.wait_for_function("() => localStorage.getItem('forecalm.receipts')?.includes('w2-1')")
    caring.telling.open(alert_id, "w2", house.now_s)
    tablet.page.clock.fast_forward(6000)
    eventually(tablet.page, lambda: stations(caring, alert_id))
    tablet.page.wait_for_function(SETTLED)
    assert set(stations(caring, alert_id)) == {"on the tablet"}


def test_i_am_on_it_silences_every_tablet(
    house: House, browser: Browser, tablet: Tablet, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, tablet.page.url))
    other = tablets[1].live().sounding()
    tablet.sounding()
    knows(tablet.page, "Jo")
    house.alert("w2")
    for each in tablets:
        each.hears(ALERT)
    tablet.page.clock.fast_forward(1000)
    tablet.row("w2").locator(".take").click()
    expect(other.row("w2").locator(".has")).to_have_text("Jo has it")
    for each in tablets:
        each.hears([220])
        each.page.evaluate("window.heard.length = 0")
        each.page.clock.fast_forward(4100)
        assert each.heard() == []


def test_a_server_killed_and_back_starts_no_alert_anew(
    house: House, caring: Caring, serve: Serve, tablet: Tablet
) -> None:
    tablet.sounding()
    alert_id = house.alert("w2")
    eventually(tablet.page, lambda: "sounded" in stations(caring, alert_id))
    tablet.page.wait_for_function(SETTLED)
    tablet.page.evaluate(COUNT_SAID)
    port = urlsplit(tablet.page.url).port
    tablet.page.evaluate(WORKER)
    serve.end(house)
    back = House()
    back.caring = caring
    back.alert("w2")
    serve(back, port=port or 0)
    tablet.page.clock.fast_forward(8000)
    tablet.live()
    back.now_s += 1
    expect(tablet.page.locator("#clock")).to_have_text("14:32:09")
    assert stations(caring, alert_id) == ["on the tablet", "sounded"]
    assert tablet.page.evaluate("window.said") == 0
    heard = tablet.heard()
    assert heard[:3] == ALERT
    assert 220 not in heard


def test_a_fault_of_protection_never_masks_an_alert(house: House, caring: Caring, tablet: Tablet) -> None:
    house.alert("w2")
    caring.rest.now["w2"] = Cover(
        wearer="w2", level=Level.NOT, since_s=house.now_s, link=Link.BROKER, why="The broker is gone"
    )
    house.now_s += 1
    row = tablet.row("w2")
    expect(row).to_have_attribute("data-watch", "none")
    expect(row).to_have_attribute("data-risk", "alert")
    expect(row.locator(".why")).to_contain_text("Not protected since 14:32: The broker is gone.")
    house.show("w2", sight=Sight(house.now_s, Blind.SILENT))
    expect(row.locator(".word")).to_have_text("Signal lost 14:32. The alert stays.")


def test_where_nothing_can_be_looked_up_beside_the_views_nobody_counts_as_protected(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    caring.rest.fails = True
    house.now_s += 1
    expect(tablet.page.locator("#tally")).to_have_text("0 of 3 protected")
    expect(tablet.row("w1").locator(".why")).to_have_text(DOUBT)
    caring.rest.fails = False
    house.now_s += 1
    expect(tablet.page.locator("#tally")).to_have_text("All 3 protected")


def test_a_push_message_is_shown_without_a_name_and_proved_by_the_service_worker(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    page = tablet.page
    tablet.context.grant_permissions(["notifications"], origin=page.url.rstrip("/"))
    page.evaluate(WORKER)
    eventually(page, lambda: standing(caring, house))
    alert_id = house.alert("w1")
    eventually(page, lambda: stations(caring, alert_id) == ["on the tablet"])
    page.wait_for_function(SETTLED)
    eventually(page, lambda: page.evaluate(SHARED))
    caring.telling.heard.clear()
    message = {"tag": shade(alert_id), "title": "Somebody may need you", "body": "Look at the board."}
    push(page, page.url.rstrip("/"), json.dumps({**message, "link": "/", "priority": "high", "over": False}))
    eventually(page, lambda: stations(caring, alert_id) == ["on the tablet"])
    shown = """navigator.serviceWorker.ready.then((it) => it.getNotifications()).then((all) =>
        all.map(({ title, body, tag }) => [title, body, tag]))"""
    assert page.evaluate(shown) == [["Somebody may need you", "Look at the board.", shade(alert_id)]]
    assert page.evaluate("caches.keys()") == ["forecalm.tablet"]


def test_the_page_can_be_installed_and_weighs_little(house: House, caring: Caring, tablet: Tablet) -> None:
    page = tablet.page
    manifest = page.request.get(f"{page.url}manifest.webmanifest").json()
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        assert page.request.get(f"{page.url.rstrip('/')}{icon['src']}").ok
    answers: list[Response] = []
    page.on("response", lambda it: "events" not in it.url and "/api/" not in it.url and answers.append(it))
    page.reload()
    tablet.live()
    assert 0 < sum(len(it.body()) for it in [*answers]) < 150_000


def test_what_the_house_should_know_is_said_once_and_told_as_shown(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    caring.telling.open("alone-w1", "", house.now_s, kind=Kind.UNCOVERED, words="Nobody is on shift for Aidan")
    house.now_s += 1
    expect(tablet.page.locator("#notices strong")).to_have_text("Nobody is on shift for Aidan.")
    tablet.hears(LOST)
    eventually(tablet.page, lambda: stations(caring, "alone-w1") == ["on the tablet"])
    house.now_s += 2
    expect(tablet.page.locator("#clock")).to_have_text("14:32:11")
    assert tablet.heard() == LOST


def test_a_tablet_whose_beats_do_not_arrive_says_that_nobody_hears_it(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.context.route("**/beat", lambda route: route.abort())
    for _ in range(4):
        tablet.page.clock.fast_forward(5100)
    expect(tablet.page.locator("#deaf")).to_contain_text("Nobody hears this tablet")
    tablet.context.unroute("**/beat")
    tablet.page.clock.fast_forward(5100)
    expect(tablet.page.locator("#deaf")).to_be_hidden()
