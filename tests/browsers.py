"""Chromium's program in; a browser for the tests of one file out, which waits for what it is told to expect. A push
message in; whoever is to hear it has, out.

A browser ends with its file: while one is driven, nothing else in its process may run an event loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.servers import LONG_S, until

PATIENT_MS: Final = 90_000
"""A bound, never waited out where things work: a machine with much else to do draws a page in seconds."""

BY_PLAYWRIGHT: Final = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch"
)
"""What Playwright turns off in Chromium: said again, since of a switch that is given twice the last one holds."""

UNSEEN: Final = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"
"""Pages behind the address bar. Every window loads them, nobody sees them here, and they take as long as a board."""

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={BY_PLAYWRIGHT},{UNSEEN}",
]


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """Yield a browser that is closed at the end; what is expected of its pages may take ``PATIENT_MS``."""
    expect.set_options(timeout=PATIENT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=LONG_S * 1000)
        yield browser
        browser.close()


def push(page: Page, origin: str, message: str) -> None:
    """Deliver a push message to the worker of ``origin`` by the browser's own debugger (offline no push service can),
    and return when the worker has done with it. Only then may anybody ask what is shown: a notification that is asked
    for while it is being drawn is forgotten by Chromium, which takes it for one that was closed."""
    session = page.context.new_cdp_session(page)
    known: list[str] = []
    done: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: known.extend(each["registrationId"] for each in said["registrations"]),
    )
    session.on(
        "BackgroundService.backgroundServiceEventReceived",
        lambda said: done.append(said["backgroundServiceEvent"]["eventName"]),
    )
    session.send("ServiceWorker.enable")
    session.send("BackgroundService.startObserving", {"service": "pushMessaging"})
    session.send("BackgroundService.setRecording", {"shouldRecord": True, "service": "pushMessaging"})
    until(lambda: page.evaluate("true") and bool(known), "the browser does not tell of the worker")
    delivered = {"origin": origin, "registrationId": known[0], "data": message}
    session.send("ServiceWorker.deliverPushMessage", delivered)
    until(lambda: page.evaluate("true") and "Push event completed" in done, "the worker is not done with it")
    session.detach()
