"""Real tablets (Chromium) before a real server with care: what they prove, what carers do on them, what they say."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from alerts.channels.shade import shade
from alerts.delivery.matter import Kind
from alerts.delivery.snooze import ALERT_MOST_S, NOTICE_MOST_S
from alerts.outcomes.events import What
from alerts.protection.cover import Cover, Level, Link
from alerts.views import Blind, Sight
from console.around import DOUBT
from tests.console.caring import Caring
from tests.console.house import NAMES, House, Serve
from tests.console.test_tablet import ALERT, FLAGS, LOST, Tablet

pytestmark = pytest.mark.service

MARKUP = "Lights down <b>now</b> & \u0647\u062f\u0648\u0621 \U0001f3a7"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tablets() -> Iterator[list[Tablet]]:
    """A list to put tablets in; at the end nothing may have gone wrong on them."""
    tablets: list[Tablet] = []
    yield tablets
    for tablet in tablets:
        assert tablet.page.evaluate("window.forbidden") == []
        assert tablet.outside == []
        assert [it for it in tablet.complaints if "Failed to load" not in it] == []
        tablet.context.close()


@pytest.fixture
def caring(house: House) -> Caring:
    house.caring = Caring(list(NAMES))
    house.caring.rest.set_plan("w2", helps=["Blue headphones", MARKUP], avoid=["Questions"], by="Jo")
    house.caring.duty.begin("Jo", [], until_s=house.now_s + 8 * 3600, by="Jo", at_s=house.now_s)
    return house.caring


@pytest.fixture
def tablet(house: House, caring: Caring, serve: Serve, browser: Browser, tablets: list[Tablet]) -> Tablet:
    tablets.append(Tablet(browser, serve(house)))
    return tablets[0].live()


def knows(page: Page, name: str) -> None:
    """Let the tablet know whose it is."""
    page.click("#tablet")
    page.get_by_role("button", name=name).first.click()
    expect(page.locator("#tablet")).to_contain_text(name)


def stations(caring: Caring, matter: str) -> list[str]:
    return [station for _, it, station, _ in caring.telling.heard if it == matter]


def eventually(page: Page, holds: object) -> None:
    """Wait until ``holds()``; the page goes on meanwhile."""
    for _ in range(300):
        if holds():  # type: ignore[operator]
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never held")


def standing(caring: Caring, house: House) -> object:
    return next(iter(caring.tablets.standing(house.now_s)), None)


def test_an_alert_is_proved_in_order_shown_sounded_seen_and_only_once(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    alert_id = house.alert("w2")
    eventually(tablet.page, lambda: len(stations(caring, alert_id)) == 2)
    assert stations(caring, alert_id) == ["on the tablet", "sounded"]
    tablet.page.locator("#tally").click()
    eventually(tablet.page, lambda: len(stations(caring, alert_id)) == 3)
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
    second = tablet.context.new_page()
    second.add_init_script("document.hasFocus = () => false")
    second.goto(tablet.page.url)
    eventually(second, lambda: len({it["page"] for it in said if it["page"]}) == 2)
    assert said[-1]["foreground"] is False
    assert [each.can_sound for each in caring.tablets.standing(house.now_s)] == [True]


def test_a_tablet_can_sound_once_somebody_heard_it_and_not_while_it_is_hidden(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    eventually(tablet.page, lambda: (at := standing(caring, house)) and at.can_sound)  # type: ignore[attr-defined]
    beats: list[str] = []
    tablet.page.on("request", lambda it: it.url.endswith("/beat") and beats.append(it.post_data or ""))
    tablet.page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    eventually(tablet.page, lambda: (at := standing(caring, house)) and not at.can_sound)  # type: ignore[attr-defined]
    told = len(beats)
    tablet.page.clock.fast_forward(20_000)
    tablet.page.wait_for_timeout(100)
    assert len(beats) == told
    assert json.loads(beats[-1])["foreground"] is False
    house.alert("w1")
    expect(tablet.row("w1").locator(".lead")).to_have_text("may need you now")
    assert stations(caring, "w1-1") == []
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
    before = house.now_s
    alert_id = house.alert("w3")
    expect(tablet.row("w3").locator(".lead")).to_be_visible()
    tablet.page.wait_for_function("() => localStorage.getItem('forecalm.receipts')?.includes('w3-1')")
    house.now_s += 9
    tablet.context.unroute("**/receipts")
    tablet.page.clock.fast_forward(5100)
    eventually(tablet.page, lambda: stations(caring, alert_id))
    assert caring.telling.heard[0][3] - before < 3
    tablet.page.wait_for_function("() => localStorage.getItem('forecalm.receipts') === '[]'")


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
    tablet.page.wait_for_function("() => localStorage.getItem('forecalm.receipts') === '[]'")
    assert set(stations(caring, alert_id)) == {"on the tablet"}


def test_i_am_on_it_silences_every_tablet_within_a_second(
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
    expect(other.row("w2").locator(".has")).to_have_text("Jo has it", timeout=1000)
    for each in tablets:
        each.hears([220])
        each.page.evaluate("window.heard.length = 0")
        each.page.clock.fast_forward(9000)
        assert each.heard() == []


def test_a_server_killed_and_back_starts_no_alert_anew(
    house: House, caring: Caring, serve: Serve, tablet: Tablet
) -> None:
    tablet.sounding()
    alert_id = house.alert("w2")
    eventually(tablet.page, lambda: "sounded" in stations(caring, alert_id))
    said = tablet.page.evaluate(
        """() => {
          window.said = 0;
          new MutationObserver((changes) => { window.said += changes.length; })
            .observe(document.getElementById("say-alert"), { childList: true });
        }"""
    )
    assert said is None
    port = urlsplit(tablet.page.url).port
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


def lengths_s(page: Page) -> list[float]:
    """For how long a snooze is offered."""
    return [60.0 * int(each.get_attribute("value") or "") for each in page.locator("#snooze .chip:visible").all()]


def test_a_snooze_pauses_one_matter_on_every_tablet_counts_down_and_ends(
    house: House, caring: Caring, browser: Browser, tablet: Tablet, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, tablet.page.url))
    other = tablets[1].live().sounding()
    knows(tablet.page, "Maryam")
    alert_id = house.alert("w2")
    other.hears(ALERT)
    tablet.row("w2").get_by_role("button", name="Snooze").click()
    assert max(lengths_s(tablet.page)) == ALERT_MOST_S
    tablet.page.get_by_role("button", name="For 5 min").click()
    expect(tablet.page.locator("#snooze .note")).to_have_text("Please say why first.")
    tablet.page.get_by_label("Somebody is with them").check()
    tablet.page.get_by_role("button", name="For 5 min").click()
    eventually(tablet.page, lambda: caring.telling.all[alert_id].snoozes)
    assert caring.telling.all[alert_id].snoozes[0].reason == "Somebody is with them"
    house.now_s += 1
    expect(other.row("w2").locator(".paused")).to_have_text("Sound paused for 4:59")
    expect(other.row("w2")).to_have_attribute("data-risk", "alert")
    other.page.evaluate("window.heard.length = 0")
    other.page.clock.fast_forward(9000)
    assert other.heard() == []
    house.alert("w1")
    other.hears(ALERT)
    house.acknowledge("w1-1", by="Jo", at_s=house.now_s)
    other.hears([220])
    house.now_s += 300
    other.page.evaluate("window.heard.length = 0")
    other.hears(ALERT)


def test_lost_protection_can_be_snoozed_too(house: House, caring: Caring, tablet: Tablet) -> None:
    tablet.sounding()
    knows(tablet.page, "Jo")
    caring.telling.open("cover-w3", "w3", house.now_s, kind=Kind.PROTECTION, words="Callum is not protected.")
    caring.rest.now["w3"] = Cover(
        wearer="w3", level=Level.NOT, since_s=house.now_s - 60, link=Link.GATEWAY,
        why="The garden room gateway is silent", told="Sam told 14:32",
    )  # fmt: skip
    house.now_s += 1
    row = tablet.row("w3")
    expect(row.locator(".word")).to_have_text("Calm, not protected since 14:31")
    expect(row.locator(".why")).to_have_text("Look in. The garden room gateway is silent. Sam told 14:32.")
    expect(row).to_have_attribute("data-watch", "none")
    expect(tablet.page.locator("#tally")).to_have_text("2 of 3 protected")
    tablet.hears(LOST)
    eventually(tablet.page, lambda: "sounded" in stations(caring, "cover-w3"))
    row.get_by_role("button", name="Snooze").click()
    assert ALERT_MOST_S < max(lengths_s(tablet.page)) <= NOTICE_MOST_S
    tablet.page.get_by_label("Band problem").check()
    tablet.page.get_by_role("button", name="For 20 min").click()
    house.now_s += 1
    expect(row.locator(".paused")).to_contain_text("Sound paused for ")
    expect(row).to_have_attribute("data-sounds", "")


def test_two_taps_say_what_it_was_and_the_board_goes_on_meanwhile(house: House, caring: Caring, tablet: Tablet) -> None:
    tablet.sounding()
    knows(tablet.page, "Jo")
    alert_id = house.alert("w2")
    house.acknowledge(alert_id, by="Jo", at_s=house.now_s)
    tablet.row("w2").get_by_role("link", name="It\u2019s over").click()
    expect(tablet.page.locator("#sheet")).to_contain_text("Bea: how did it go?")
    house.alert("w1")
    tablet.hears(ALERT)
    expect(tablet.page.locator("#sheet .over-alert")).to_have_text("Aidan may need you now. Back to the board.")
    tablet.page.locator("#sheet").get_by_label("Anxious, then settled").check()
    tablet.page.locator("#sheet").get_by_role("button", name="Blue headphones").click()
    expect(tablet.page.locator("#sheet")).to_be_hidden()
    told = caring.outcomes.of("w2")[-1]
    assert (told.what, told.helped, told.by) == (What.SETTLED, ("Blue headphones",), "Jo")
    expect(tablet.row("w2").locator(".word")).to_have_text("Signs over since 14:32")


def test_an_outcome_works_before_a_script_and_a_correction_keeps_the_first(
    house: House, caring: Caring, serve: Serve, browser: Browser
) -> None:
    alert_id = house.alert("w2")
    house.acknowledge(alert_id, by="Jo", at_s=house.now_s)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    address = serve(house)
    for answer, helped in (("Incident", "Time alone"), ("Exercise", "A walk")):
        house.now_s += 30
        page.goto(f"{address}alerts/{alert_id}/outcome")
        page.get_by_label(answer, exact=True).check()
        page.get_by_role("button", name=helped).click()
        expect(page.locator("#board")).to_be_visible()
    assert [(it.what, it.helped) for it in caring.outcomes.of("w2")] == [
        (What.INCIDENT, ("time alone",)),
        (What.EXERCISE, ("a walk",)),
    ]
    page.goto(f"{address}outcome")
    page.get_by_role("link", name="Callum").click()
    page.get_by_label("Incident", exact=True).check()
    page.get_by_label("Said by").select_option("Maryam")
    page.get_by_label("30 min ago").check()
    page.get_by_role("button", name="It passed by itself").click()
    expect(page.locator("#board")).to_be_visible()
    told = caring.outcomes.of("w3")[-1]
    assert (told.alert_id, told.by, told.began_s) == ("", "Maryam", house.now_s - 1800)
    context.close()


def test_a_plan_is_shown_as_text_whatever_somebody_wrote(house: House, tablet: Tablet) -> None:
    house.alert("w2")
    tablet.row("w2").get_by_text("What helps").first.click()
    expect(tablet.row("w2").locator(".helps li")).to_have_text(["Blue headphones", MARKUP])
    expect(tablet.row("w2").locator(".avoid li")).to_have_text(["Questions"])
    assert tablet.row("w2").locator(".helps b").count() == 0


def test_a_shift_is_handed_over_by_two_taps_and_nobody_on_shift_is_said(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    expect(tablet.page.locator("#shift")).to_have_text("On shift: Jo")
    tablet.page.locator("#shift").click()
    sheet = tablet.page.locator("#sheet")
    sheet.locator(".pass-do").get_by_role("button", name="Maryam").click()
    expect(sheet).to_contain_text("Until you tap, Jo has them.")
    assert [shift.carer for shift in caring.duty.shifts()] == ["Jo"]
    sheet.get_by_role("button", name="Take over as Maryam").click()
    expect(sheet.locator(".pass-from strong")).to_have_text("Maryam")
    house.now_s += 1
    expect(tablet.page.locator("#shift")).to_have_text("On shift: Maryam")
    sheet.get_by_text("End without a hand-over").click()
    sheet.get_by_role("button", name="End Maryam").click()
    expect(sheet.locator(":scope > .note")).not_to_be_empty()
    sheet.get_by_label("why?").fill("Everybody is out with family")
    sheet.get_by_role("button", name="End Maryam").click()
    expect(sheet).to_contain_text("Nobody is on shift")
    house.now_s += 1
    expect(tablet.page.locator("#shift")).to_have_text("Nobody is on shift")


def test_a_muted_tablet_says_so_shows_alerts_and_sounds_again_by_a_tap(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    knows(tablet.page, "Jo")
    tablet.page.click("#sound")
    tablet.page.get_by_role("button", name="Mute for 15 min").click()
    expect(tablet.page.locator("#muted")).to_contain_text("This tablet is muted until 14:47")
    alert_id = house.alert("w2")
    expect(tablet.row("w2").locator(".lead")).to_be_visible()
    eventually(tablet.page, lambda: stations(caring, alert_id))
    assert tablet.heard() == []
    tablet.page.click("#unmute")
    expect(tablet.page.locator("#muted")).to_be_hidden()
    tablet.page.clock.fast_forward(4100)
    tablet.hears(ALERT)


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


def pushed(context: BrowserContext, page: Page, message: dict[str, object]) -> None:
    """Deliver a push message by the browser's own debugger: offline no push service can."""
    session = context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(it["registrationId"] for it in told["registrations"]),
    )
    session.send("ServiceWorker.enable")
    eventually(page, lambda: found)
    origin = page.url.rstrip("/")
    data = json.dumps(message)
    session.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": found[0], "data": data})


def test_a_push_message_is_shown_without_a_name_and_proved_by_the_service_worker(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    page = tablet.page
    tablet.context.grant_permissions(["notifications"], origin=page.url.rstrip("/"))
    page.evaluate("navigator.serviceWorker.ready.then((it) => it.scope)")
    eventually(page, lambda: standing(caring, house))
    alert_id = house.alert("w1")
    eventually(page, lambda: stations(caring, alert_id) == ["on the tablet"])
    caring.telling.heard.clear()
    message = {"tag": shade(alert_id), "title": "Somebody may need you", "body": "Look at the board."}
    pushed(tablet.context, page, {**message, "link": "/", "priority": "high", "over": False})
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
    sizes: list[int] = []
    page.on("response", lambda it: "events" not in it.url and "/api/" not in it.url and sizes.append(len(it.body())))
    page.reload()
    tablet.live()
    assert 0 < sum(sizes) < 150_000


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


def test_a_notice_can_be_snoozed_with_a_reason_and_sounds_again_when_that_ends(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    tablet.sounding()
    knows(tablet.page, "Jo")
    caring.telling.open("disk", "", house.now_s, kind=Kind.HOUSE, words="The disk is nearly full")
    house.now_s += 1
    strip = tablet.page.locator("#notices .strip")
    tablet.hears(LOST)
    expect(strip.get_by_role("link", name="Who is here?")).to_be_hidden()
    strip.get_by_role("button", name="Snooze").click()
    expect(tablet.page.get_by_label("Happy, excited")).to_be_hidden()
    tablet.page.get_by_label("Support has been told").check()
    tablet.page.get_by_role("button", name="For 5 min").click()
    eventually(tablet.page, lambda: caring.telling.all["disk"].snoozes)
    assert caring.telling.all["disk"].snoozes[0].reason == "Support has been told"
    house.now_s += 1
    expect(strip.locator(".paused")).to_have_text("Sound paused for 4:59")
    assert tablet.heard() == LOST
    house.now_s += 300
    tablet.hears(LOST + LOST)
    expect(strip.locator(".paused")).to_have_text("")


def test_an_alert_out_of_sight_is_named_at_the_foot_and_a_tap_leads_to_it(house: House, tablet: Tablet) -> None:
    tablet.page.set_viewport_size({"width": 390, "height": 844})
    tablet.sounding()
    knows(tablet.page, "Jo")
    house.alert("w1")
    house.alert("w3")
    foot = tablet.page.locator("#elsewhere")
    expect(foot).to_have_text("Callum may need you now")
    foot.click()
    expect(tablet.row("w3").locator(".take")).to_be_in_viewport(ratio=1)
    expect(tablet.row("w3").locator(".take")).to_be_focused()
    house.acknowledge("w1-1", by="Jo", at_s=house.now_s)
    house.acknowledge("w3-1", by="Jo", at_s=house.now_s)
    expect(foot).to_be_hidden()


@pytest.mark.parametrize("size", [(390, 844), (800, 1280), (1280, 800)])
def test_what_the_house_should_know_never_hides_the_button_that_takes_an_alert(
    house: House, caring: Caring, tablet: Tablet, size: tuple[int, int]
) -> None:
    tablet.page.set_viewport_size({"width": size[0], "height": size[1]})
    tablet.sounding()
    knows(tablet.page, "Jo")
    for number in range(4):
        words = "Alerts sound, but would not outlast a restart, because the journal cannot be written"
        caring.telling.open(f"house-{number}", "", house.now_s, kind=Kind.HOUSE, words=words)
    house.now_s += 1
    expect(tablet.page.locator("#notices .strip")).to_have_count(4)
    house.alert("w2")
    expect(tablet.row("w2").locator(".take")).to_be_in_viewport(ratio=1)
    expect(tablet.page.locator("#elsewhere")).to_be_hidden()


def test_everybody_who_needs_somebody_is_named_over_a_dialog_until_somebody_has_them(
    house: House, tablet: Tablet
) -> None:
    knows(tablet.page, "Jo")
    house.alert("w1")
    expect(tablet.row("w1").locator(".lead")).to_be_visible()
    tablet.page.locator("#shift").click()
    strip = tablet.page.locator("#sheet .over-alert")
    expect(strip).to_have_text("Aidan may need you now. Back to the board.")
    house.alert("w3")
    expect(strip).to_have_text("Aidan and Callum may need you now. Back to the board.")
    house.acknowledge("w1-1", by="Maryam", at_s=house.now_s)
    expect(strip).to_have_text("Callum may need you now. Back to the board.")
    strip.click()
    expect(tablet.page.locator("#sheet")).to_be_hidden()


def test_no_question_stays_open_over_a_lost_server(house: House, serve: Serve, tablet: Tablet) -> None:
    house.alert("w2")
    tablet.row("w2").get_by_role("button", name="Snooze").click()
    expect(tablet.page.locator("#snooze")).to_be_visible()
    serve.end(house)
    tablet.page.clock.fast_forward(20_000)
    expect(tablet.page.locator("#lost")).to_be_visible()
    expect(tablet.page.locator("dialog[open]")).to_have_count(0)
