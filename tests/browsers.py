"""Chromium's program in; a browser for the tests of one file out, which waits for what it is told to expect.

A browser ends with its file: while one is driven, nothing else in its process may run an event loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

PATIENT_MS: Final = 30_000
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
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
