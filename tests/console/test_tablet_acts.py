"""Real tablets (Chromium) before a real server with care: what carers do on them."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from alerts.delivery.matter import Kind
from alerts.delivery.snooze import ALERT_MOST_S, NOTICE_MOST_S
from alerts.outcomes.events import What
from alerts.protection.cover import Cover, Level, Link
from tests.console.caring import Caring
from tests.console.house import House, Serve
from tests.console.tablets import ALERT, LOST, MARKUP, WORKER, Tablet, eventually, knows, stations

pytestmark = [pytest.mark.service, pytest.mark.long]


def lengths_s(page: Page) -> list[float]:
    """For how long a snooze is offered."""
    expect(page.locator("#snooze")).to_be_visible()
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
    other.page.clock.fast_forward(4100)
    assert other.heard() == []
    house.alert("w1")
    other.hears(ALERT)
    house.acknowledge("w1-1", by="Jo", at_s=house.now_s)
    other.hears([220])
    other.page.evaluate("window.heard.length = 0")
    house.now_s += 300
    expect(other.row("w2").locator(".paused").filter(has_text="paused")).to_have_count(0)
    other.page.clock.fast_forward(4100)
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


@pytest.mark.parametrize("granted", [True, False])
def test_whoever_goes_back_to_the_board_before_the_answer_stays_there_unless_it_was_refused(
    house: House, caring: Caring, tablet: Tablet, *, granted: bool
) -> None:
    asked: list[Route] = []
    tablet.page.route("**/shift/offer", lambda route: asked.append(route))
    tablet.page.locator("#shift").click()
    sheet = tablet.page.locator("#sheet")
    sheet.locator(".pass-do").get_by_role("button", name="Maryam").click()
    expect(sheet.locator(":scope > .note")).to_have_text("Sending…")
    sheet.get_by_role("button", name="Board").click()
    expect(sheet).to_be_hidden()
    eventually(tablet.page, lambda: asked)
    over = "requestfinished" if granted else "requestfailed"
    with tablet.page.expect_event(over, lambda it: it.url.endswith("/shift/offer")):
        asked[0].continue_() if granted else asked[0].abort()
    if granted:
        eventually(tablet.page, lambda: bool(caring.duty.shifts()[0].offered_to))
        tablet.page.evaluate("() => new Promise(requestAnimationFrame)")
        expect(sheet).to_be_hidden()
    else:
        expect(sheet.locator(":scope > .note")).to_have_text("Not sent, nothing is kept yet. Please tap again.")
        expect(sheet).to_be_visible()


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


def test_in_the_hand_the_one_tap_is_in_sight_though_a_shift_asks_for_the_sound(house: House, tablet: Tablet) -> None:
    tablet.page.set_viewport_size({"width": 390, "height": 844})
    knows(tablet.page, "Jo")
    tablet.page.click("#sound-on")
    expect(tablet.page.locator("#heard-strip")).to_be_visible()
    tablet.page.evaluate(
        "document.getElementById('heard-what').textContent = 'A shift has begun. Did you hear three notes?'"
    )
    house.alert("w2")
    expect(tablet.row("w2").locator(".take")).to_be_in_viewport(ratio=1)
    expect(tablet.page.locator("#sound-heard")).to_be_in_viewport(ratio=1)


def test_in_the_hand_the_one_tap_is_in_sight_though_the_tablet_cannot_sound(house: House, tablet: Tablet) -> None:
    tablet.page.set_viewport_size({"width": 390, "height": 844})
    knows(tablet.page, "Jo")
    expect(tablet.page.locator("#sound-strip")).to_be_visible()
    foot = tablet.page.locator(".foot").bounding_box()
    assert foot is not None
    assert foot["height"] <= 100, "the people have the screen, not the ways to elsewhere"
    expect(tablet.page.get_by_role("link", name="No alert came?")).to_be_in_viewport(ratio=1)
    expect(tablet.page.locator(".foot .law")).to_be_in_viewport(ratio=1)
    house.alert("w1")
    house.alert("w3")
    expect(tablet.row("w1").locator(".take")).to_be_in_viewport(ratio=1)
    expect(tablet.page.locator("#sound-on")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
def test_what_is_said_over_a_dialog_never_lies_over_the_way_back(
    house: House, tablet: Tablet, size: tuple[int, int]
) -> None:
    tablet.page.set_viewport_size({"width": size[0], "height": size[1]})
    knows(tablet.page, "Jo")
    house.alert("w1")
    expect(tablet.row("w1").locator(".lead")).to_be_visible()
    tablet.page.locator("#shift").click()
    strip, back = tablet.page.locator("#sheet .over-alert"), tablet.page.locator("#sheet .over-head .later")
    expect(strip).to_be_visible()
    said, way = strip.bounding_box(), back.bounding_box()
    assert said is not None
    assert way is not None
    assert way["y"] >= said["y"] + said["height"]


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
    tablet.page.evaluate(WORKER)
    serve.end(house)
    tablet.page.clock.fast_forward(20_000)
    expect(tablet.page.locator("#lost")).to_be_visible()
    expect(tablet.page.locator("dialog[open]")).to_have_count(0)
