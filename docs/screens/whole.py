"""The whole system on simulated bands in; pictures of every page of it, as whoever it is for sees it, out."""

import re
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

from pictures import HAND, UPRIGHT, WIDE, keep
from playwright.sync_api import Browser, Page, expect

from alerts.views import RiskState
from forecalm.build import Service
from forecalm.demo import Demo
from tests.console.furnish import furnish
from tests.console.visits import Visit
from tests.console.whole import WHO, let_in, visits_of

SCENARIO = "first_light"
"""Somebody's signs rise after a few quiet minutes."""

PATIENCE_S = 240
SETTLED_MS = 2500
"""What a board says once of itself has gone by then."""
SIZES = {"wide": WIDE, "upright": UPRIGHT, "hand": HAND}
IN_HAND = ("people", "alerts", "support", "outcome", "take", "sign-in")
"""Pages that are looked at in the hand and by night as well: the documentation shows both."""


def take_house(browser: Browser, folder: Path, *, every: bool, only: str) -> None:
    """Write pictures of every page into ``folder``: first while all is calm, then what an alert opens. Meanwhile a
    tablet stands in the hall and can sound, or nobody would be protected."""
    with let_in() as opened, Demo(scenario=SCENARIO, port=None, say=print) as demo:
        opened.door.furnished = furnish(demo.service)
        wait(lambda: all(view.probability is not None for view in demo.service.desk.views()), "somebody is not heard")
        hall = open_page(browser, Visit("/", demo.service.address), WIDE, "light")
        if hall is None:
            raise TimeoutError("no board is there")
        turn_sound_on(hall)
        expect(hall.locator("#tally")).to_contain_text("All", timeout=1000 * PATIENCE_S)
        asked = [visit for visit in visits_of(demo.service, opened) if only in name_of(visit)]
        ways = [visit for visit in asked if "{alert_id}" not in visit.path]  # as long as none is open, one long over
        for visit in ways:
            take(browser, visit, folder, every=every)
        wait_for_alert(demo.service)
        for visit in visits_of(demo.service, opened):
            if only in name_of(visit) and "alert" in visit.path + visit.address and visit not in ways:
                take(browser, visit, folder, every=every)
        hall.context.close()


def turn_sound_on(board: Page) -> None:
    """Let a board be one that can sound, and was heard."""
    board.click("#sound-on")
    board.click("#sound-heard")


def name_of(visit: Visit) -> str:
    """Return what a picture of a page is called: its path in words."""
    words = re.sub(r"{\w+}", "one", visit.path).strip("/").replace("/", "-") or "board"
    return words


def take(browser: Browser, visit: Visit, folder: Path, *, every: bool) -> None:
    """Write the pictures of one page."""
    name = name_of(visit)
    looks = list(product(SIZES, ("light", "dark"))) if every else [("wide", "light")]
    if not every and visit.path.strip("/").startswith(IN_HAND):
        looks.append(("hand", "dark"))
    for size, theme in looks:
        page = open_page(browser, visit, SIZES[size], theme)
        if page is None:
            return
        if visit.path == "/":
            turn_sound_on(page)
            page.wait_for_timeout(SETTLED_MS)
        if visit.path == "/pair":
            expect(page.locator(".near-tap")).not_to_have_count(0, timeout=1000 * PATIENCE_S)
            page.wait_for_timeout(SETTLED_MS)
        ending = f"{'-hand' if size == 'hand' else ''}{'-night' if theme == 'dark' else ''}"
        shown = f"{name}-{size}-{theme}.png" if every else f"{name}{ending}.png"
        keep(page, folder / shown, whole=size != "hand" or every)


def open_page(browser: Browser, visit: Visit, size: tuple[int, int], theme: str) -> Page | None:
    """Return a page at ``visit``; None where there is none to look at."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    if visit.who:
        context.add_cookies([{"name": WHO, "value": visit.who, "url": visit.address}])
    page = context.new_page()
    answer = page.goto(visit.address)
    if answer is None or "<html" not in answer.text():
        context.close()
        return None
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)
    return page


def wait_for_alert(service: Service) -> None:
    """Return when somebody's alert is open."""
    wait(lambda: any(view.risk is RiskState.ALERTING for view in service.desk.views()), "no alert came")


def wait(holds: Callable[[], bool], wrong: str) -> None:
    """Return when it ``holds``; raises TimeoutError with what is ``wrong`` where it does not within ``PATIENCE_S``."""
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until_s:
            raise TimeoutError(f"{wrong} within {PATIENCE_S} s")
        time.sleep(0.5)
