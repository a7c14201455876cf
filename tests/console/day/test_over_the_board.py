"""Days and alerts over a board in a real browser: it goes on sounding, and says at once who is signed out."""

import pytest
from playwright.sync_api import Browser, expect

from alerts.delivery.matter import Kind
from console.access.asker import NOBODY
from tests.console.caring import Caring
from tests.console.day.days import JO, WALL, Home, minutes
from tests.console.house import NAMES, NOW_S, Serve
from tests.console.tablets import ALERT, LOST, MARKUP, Tablet, knows

pytestmark = [pytest.mark.service, pytest.mark.long]

HAND = {"width": 390, "height": 844}
LAMPS = """
window.dim = true;
window.lamps = [];
class Lamp extends EventTarget {
  released = false;
  out() { this.released = true; this.dispatchEvent(new Event("release")); }
}
navigator.wakeLock.request = async () => {
  if (window.dim) throw new DOMException("low", "NotAllowedError");
  return window.lamps[window.lamps.push(new Lamp()) - 1];
};
"""
"""Screens that this browser keeps on, unless ``dim``, until it puts them out."""


@pytest.fixture
def home(quick: None) -> Home:
    home = Home(JO)
    home.caring = Caring(list(NAMES))
    home.caring.rest.set_plan("w2", helps=["Blue headphones", MARKUP], avoid=["Questions"], by="Jo")
    home.caring.duty.begin("Jo", [], until_s=home.now_s + 8 * 3600, by="Jo", at_s=home.now_s)
    home.book.readings["w2"] = minutes(NOW_S - 7200, [0.1] * 115)
    return home


@pytest.fixture
def board(home: Home, serve: Serve, browser: Browser, tablets: list[Tablet]) -> Tablet:
    tablets.append(Tablet(browser, serve(home)))
    return tablets[0].live()


def test_a_row_leads_to_its_person_and_two_taps_lead_back_while_the_board_goes_on_sounding(
    home: Home, board: Tablet
) -> None:
    board.sounding()
    board.row("w2").click(position={"x": 400, "y": 20})
    sheet = board.page.locator("#sheet")
    expect(sheet).to_contain_text("watched of")
    sheet.get_by_role("link", name="Tue").click()
    expect(sheet).to_contain_text("Yesterday")
    home.alert("w1")
    board.hears(ALERT)
    expect(sheet.locator(".over-alert")).to_have_text("Aidan may need you now. Back to the board.")
    sheet.locator(".later").click()
    expect(sheet).to_be_hidden()


def test_a_note_is_written_over_the_board_and_what_is_wrong_with_it_keeps_what_was_typed(
    home: Home, board: Tablet
) -> None:
    board.page.get_by_role("link", name="Bea").click()
    sheet = board.page.locator("#sheet")
    sheet.get_by_text("Add a note").click()
    sheet.get_by_label("What happened?").fill(MARKUP)
    sheet.get_by_label("When?").fill("23:59")
    sheet.get_by_role("button", name="Keep the note as Jo").click()
    expect(sheet).to_contain_text("That has not come yet")
    expect(sheet.get_by_label("What happened?")).to_have_value(MARKUP)
    sheet.get_by_label("When?").fill("14:00")
    sheet.get_by_role("button", name="Keep the note as Jo").click()
    expect(sheet.locator(".written")).to_have_text(MARKUP)
    assert [note.by for note in home.book.noted.values()] == ["Jo"]


def test_who_signed_in_is_named_at_the_top_and_takes_an_alert_on_its_own_screen_without_being_asked(
    home: Home, serve: Serve, browser: Browser, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, serve(home), viewport=HAND))
    hand = tablets[0].live()
    expect(hand.page.locator("#me")).to_have_text("Jo")
    expect(hand.page.locator("#tablet")).to_be_hidden()
    home.alert("w2")
    hand.settled("w2").page.get_by_role("link", name="Bea").click()
    screen = hand.page.locator("#sheet .urgent")
    expect(screen.get_by_text("Blue headphones")).to_be_visible()
    take = screen.get_by_role("button", name="I\u2019m on it")
    expect(take).to_be_in_viewport(ratio=1)
    take.click()
    expect(screen).to_have_attribute("data-state", "held")
    expect(screen).to_contain_text("You have it, Jo.")
    screen.get_by_role("link", name="Board").click()
    expect(hand.row("w2").locator(".word")).to_have_text("Jo has it since 14:32")


def test_an_alerts_screen_changes_when_somebody_else_takes_it(home: Home, board: Tablet) -> None:
    alert_id = home.alert("w2")
    board.settled("w2").row("w2").get_by_role("link", name="Bea").click()
    expect(board.page.locator("#sheet .urgent")).to_have_attribute("data-state", "open")
    home.acknowledge(alert_id, by="Maryam", at_s=home.now_s)
    expect(board.page.locator("#sheet .urgent")).to_contain_text("Maryam has it.")


def test_who_is_signed_out_reads_so_at_once_and_what_is_known_goes_on_sounding(home: Home, board: Tablet) -> None:
    board.sounding()
    home.alert("w2")
    board.hears(ALERT)
    home.ask_as(NOBODY)
    expect(board.page.locator("#signed-out")).to_be_visible()
    expect(board.page.get_by_role("link", name="Sign in")).to_be_visible()
    board.page.evaluate("window.heard.length = 0")
    board.page.clock.run_for(5000)
    board.hears(ALERT)
    home.ask_as(JO)
    board.page.clock.run_for(6000)
    expect(board.page.locator("#signed-out")).to_be_hidden()
    expect(board.page.locator("#live")).to_have_text("Live")


def test_signed_out_for_long_the_screen_says_that_it_watches_nobody_and_how_to_sign_in(
    home: Home, board: Tablet
) -> None:
    home.ask_as(NOBODY)
    expect(board.page.locator("#signed-out")).to_be_visible()
    board.page.clock.fast_forward(16_000)
    lost = board.page.locator("#lost")
    expect(lost).to_contain_text("Signed out")
    expect(lost.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_tablet_whose_person_is_signed_out_goes_on_by_its_own_right_and_asks_for_names(
    home: Home, board: Tablet
) -> None:
    expect(board.page.locator("#me")).to_have_text("Jo")
    home.ask_as(WALL)
    board.page.reload()
    board.live()
    expect(board.page.locator("#me")).to_be_hidden()
    knows(board.page, "Maryam")
    home.alert("w2")
    board.settled("w2").row("w2").get_by_role("button", name="I\u2019m on it").click()
    expect(board.row("w2").locator(".word")).to_have_text("Maryam has it since 14:32")
    board.settled("w2", "held").page.get_by_role("link", name="Callum").click()
    expect(board.page.locator("#sheet").get_by_role("link", name="Sign in")).to_be_visible()


def test_what_a_screen_reader_was_told_is_gone_when_it_is_old(home: Home, board: Tablet) -> None:
    home.alert("w2")
    expect(board.page.locator("#say-alert")).to_contain_text("Bea may need you now.")
    board.page.clock.fast_forward(11_000)
    expect(board.page.locator("#say-alert")).to_have_text("")


def test_a_board_that_cannot_read_a_new_servers_beat_says_that_it_was_renewed(home: Home, board: Tablet) -> None:
    board.page.route(
        "**/events",
        lambda route: route.fulfill(content_type="text/event-stream", body='event: beat\ndata: {"another": 1}\n\n'),
    )
    with board.page.expect_console_message(lambda it: it.type == "error") as complaint:
        board.page.clock.fast_forward(6000)
    assert "TypeError" in complaint.value.text
    expect(board.page.locator("#renewed")).to_be_visible()
    board.page.unroute("**/events")
    board.page.get_by_role("button", name="Load it anew").click()
    expect(board.page.locator("#renewed")).to_be_hidden()
    board.live()
    board.complaints[:] = [it for it in board.complaints if "TypeError" not in it]


def test_a_shift_that_begins_asks_for_the_sound_again(home: Home, board: Tablet) -> None:
    assert home.caring is not None
    board.sounding()
    expect(board.page.locator("#heard-strip")).to_be_hidden()
    home.now_s += 120
    home.caring.duty.begin("Maryam", [], until_s=home.now_s + 3600, by="Maryam", at_s=home.now_s)
    home.now_s += 1
    expect(board.page.locator("#heard-strip")).to_contain_text("A shift has begun. Did you hear three notes?")
    board.page.click("#sound-again")
    board.hears(ALERT)
    board.page.click("#sound-heard")
    expect(board.page.locator("#heard-strip")).to_be_hidden()


def test_whoever_has_just_heard_the_notes_and_begins_a_shift_is_not_asked_again(home: Home, board: Tablet) -> None:
    assert home.caring is not None
    board.sounding()
    home.caring.duty.begin("Maryam", [], until_s=home.now_s + 3600, by="Maryam", at_s=home.now_s)
    home.now_s += 1
    expect(board.page.locator("#shift")).to_contain_text("Maryam")
    expect(board.page.locator("#heard-strip")).to_be_hidden()


def test_a_screen_that_may_go_dark_says_so_until_the_browser_keeps_it_on_and_again_when_it_lets_go(
    home: Home, serve: Serve, browser: Browser, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, serve(home), script=LAMPS))
    page = tablets[0].live().page
    strip = page.locator("#awake")
    expect(strip).to_contain_text("The screen may go dark")
    page.evaluate("window.dim = false")
    strip.get_by_role("button", name="Keep it on").click()
    expect(strip).to_be_hidden()
    assert page.evaluate("window.lamps.length") == 1
    page.evaluate("window.lamps[0].out()")
    expect(strip).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(strip).to_be_hidden()
    assert page.evaluate("window.lamps.length") == 2


def test_that_nobody_is_on_shift_leaves_boards_as_soon_as_somebody_is(home: Home, board: Tablet) -> None:
    assert home.caring is not None
    caring = home.caring
    for shift in caring.duty.shifts():
        caring.duty.end(shift.shift_id, by="Jo", at_s=home.now_s, anyway="ill")
    caring.telling.open("uncovered-1", "", home.now_s, kind=Kind.UNCOVERED, words="No carer is on shift.")
    home.now_s += 1
    expect(board.page.locator("#notices .strip")).to_have_count(1)
    caring.telling.taken("uncovered-1", "Jo")
    home.now_s += 1
    expect(board.page.locator("#notices .seen-to")).to_contain_text("Jo is seeing to it")
    caring.duty.begin("Jo", [], until_s=home.now_s + 3600, by="Jo", at_s=home.now_s)
    home.now_s += 1
    expect(board.page.locator("#notices .strip")).to_have_count(0)


def test_the_lost_server_is_said_with_what_was_known(home: Home, board: Tablet, serve: Serve) -> None:
    board.sounding()
    serve.end(home)
    board.page.clock.fast_forward(16_000)
    expect(board.page.locator("#lost")).to_contain_text("Server lost at")
    board.hears(LOST)
