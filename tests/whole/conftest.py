"""One house, one browser that trusts it, and whoever looks after the house, for all tests of the whole."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright, ViewportSize, expect, sync_playwright

from tests.accounts import PASSWORD, add_person
from tests.browsers import FLAGS
from tests.whole.devices import HAND, PATIENT_MS, Device
from tests.whole.house import NAME, House

Get = Callable[..., Device]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ends with its file: while it runs, nothing else in its process may run an event loop."""
    expect.set_options(timeout=PATIENT_MS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(chromium: str, house: House, playwright: Playwright) -> Iterator[Browser]:
    with trusting(playwright, chromium, house) as browser:
        yield browser


@pytest.fixture(scope="module")
def robin(house: House, browser: Browser) -> Iterator[Device]:
    """Who opened the link that the first start prints, with a phone; looks after the house from then on."""
    phone = Device(browser, house, HAND, clock=False)
    phone.go(house.set_up_link())
    phone.look("1-set-up")
    phone.page.get_by_label("Your name").fill("Robin")
    phone.page.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.tap("Set up")
    phone.live()
    phone.look("2-first-board")
    yield phone
    phone.close()


@pytest.fixture(scope="module")
def carers(house: House) -> tuple[str, ...]:
    """Two carers who have accounts."""
    for name in ("Maryam", "Sam"):
        add_person(house.config, name, "carer")
    return "Maryam", "Sam"


@pytest.fixture
def other_browser(chromium: str, house: House, playwright: Playwright) -> Iterator[Browser]:
    """A program of its own, which can be put to sleep without the others."""
    with trusting(playwright, chromium, house) as browser:
        yield browser


@contextmanager
def trusting(playwright: Playwright, chromium: str, house: House) -> Iterator[Browser]:
    """A browser whose user has installed the authority of the house."""
    browser = playwright.chromium.launch(
        executable_path=chromium,
        args=[*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"],
        env={**os.environ, "HOME": str(house.home)},
    )
    yield browser
    browser.close()


@pytest.fixture
def device(house: House, browser: Browser) -> Iterator[Get]:
    """Another tablet or phone; at the end nothing may have gone wrong on any."""
    house.start()  # where a test that failed has left it killed
    devices: list[Device] = []

    def get(size: ViewportSize = HAND, *, clock: bool = True, of: Browser = browser) -> Device:
        devices.append(Device(of, house, size, clock=clock))
        return devices[-1]

    yield get
    for each in devices:
        each.close()
