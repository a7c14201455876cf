"""A recording in a real browser: marked by mouse, touch and keyboard, at the size of a tablet and of a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.research.lab import START_S, Lab, recording

SIZES = {"wide": (1280, 800), "hand": (390, 844)}


@pytest.fixture
def served(lab: Lab) -> Iterator[str]:
    """The address of a recording of ten minutes, on loopback."""
    path = lab.keep(recording(600, channels=("eda", "ppg")))
    with lab.served() as address:
        yield f"{address}{path}"


def opened(browser: Browser, address: str, size: str, *, touch: bool = False) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
    page = context.new_page()
    page.on("console", lambda said: pytest.fail(said.text) if "Content Security" in said.text else None)
    page.goto(address)
    expect(page.locator("#cursor")).to_be_enabled()
    return page


def test_dragging_marks_a_time_and_saving_keeps_it(browser: Browser, served: str, lab: Lab) -> None:
    page = opened(browser, served, "wide")
    plot = page.locator(".plot").last
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10, steps=5)
    page.mouse.up()
    expect(page.locator("#f-onset")).to_have_value("10:02:30")
    expect(page.locator("#f-end")).to_have_value("10:05:00")
    page.get_by_role("radio", name="Incident").check()
    page.get_by_role("button", name="Save label").click()
    expect(page.locator("#said")).to_contain_text("The label is kept")
    (label,) = lab.registry.labels("w-01").values()
    assert (label.start_s, label.end_s, label.what) == (START_S + 150, START_S + 300, "incident")
    page.context.close()


def test_a_tap_on_a_phone_sets_the_onset(browser: Browser, served: str) -> None:
    page = opened(browser, served, "hand", touch=True)
    plot = page.locator(".plot").last
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 12)
    expect(page.locator("#f-onset")).to_have_value("10:05:00")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_the_keyboard_alone_marks_looks_closer_and_goes_back(browser: Browser, served: str) -> None:
    page = opened(browser, served, "wide")
    page.locator("#cursor").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("o")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("e")
    expect(page.locator("#f-onset")).to_have_value("10:05:03")
    expect(page.locator("#f-end")).to_have_value("10:05:13")
    page.locator("#cursor").focus()
    page.keyboard.press("+")
    expect(page.locator(".zoom-span")).to_contain_text("10:03:45 to 10:06:15")
    page.context.close()


def test_without_script_the_same_can_be_typed(browser: Browser, served: str, lab: Lab) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served)
    page.get_by_role("radio", name="Exercise").check()
    page.fill("#f-onset", "10:01:00")
    page.get_by_role("button", name="Save label").click()
    expect(page.locator("#said")).to_contain_text("The label is kept")
    (label,) = lab.registry.labels("w-01").values()
    assert (label.what, label.start_s) == ("exercise", START_S + 60)
    context.close()
