"""In real Chromium, whose user installed this house's authority: the board under a name of the LAN is a secure context,
with a service worker, notifications, push and wake lock; without it, or for what was forged with its key, it is not."""

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import BrowserContext, sync_playwright
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route

from console.serve import run
from console.trust.page import trust_app
from forecalm.certificates import authority as room
from forecalm.certificates.live import Live
from forecalm.certificates.names import named
from forecalm.certificates.secured import facts_of, local_of, source_of
from forecalm.certificates.serving import trust_of
from forecalm.config import Config, ConsoleSection, SiteSection
from tests.browsers import FLAGS, push
from tests.forecalm.certificates.nss import trust

NAME: Final = "board.home"
WORKER: Final = Path(__file__).parents[3] / "console" / "static" / "sw.js"
PUSH_KEY: Final = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"


@contextmanager
def served(app: Starlette, tls: ssl.SSLContext | None, host: str = "127.0.0.1") -> Iterator[int]:
    stop, ready, ports = threading.Event(), threading.Event(), []

    def begun(address: str) -> None:
        ports.append(int(address.rsplit(":", 1)[1].strip("/")))
        ready.set()

    thread = threading.Thread(
        target=lambda: run(app, hub=None, host=host, port=0, stop=stop, ready=begun, tls=tls, public=True)
    )
    thread.start()
    try:
        assert ready.wait(30)
        yield ports[0]
    finally:
        stop.set()
        thread.join(30)


def board() -> Starlette:
    """A page and the worker of the real board."""
    page = "<!doctype html><html lang=en><title>Board</title><p>Calm"
    return Starlette(
        routes=[
            Route("/", lambda _: HTMLResponse(page)),
            Route("/sw.js", lambda _: FileResponse(WORKER, media_type="text/javascript")),
        ]
    )


@contextmanager
def browsing(chromium: str, home: Path) -> Iterator[BrowserContext]:
    home.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            str(home / "profile"),
            executable_path=chromium,
            args=[*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP other.example.org 127.0.0.1"],
            env={**os.environ, "HOME": str(home)},
            viewport={"width": 390, "height": 844},
        )
        try:
            yield context
        finally:
            context.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(
        data=str(tmp_path_factory.mktemp("house")),
        site=SiteSection(place="Alder House"),
        console=ConsoleSection(tls="local", names=(NAME,)),
    )


def authority_of(house: Config) -> x509.Certificate:
    return local_of(house).authority(_now()).certificate


def _now() -> float:
    import time

    return time.time()


def test_with_the_authority_installed_a_tablet_can_be_woken_and_without_it_is_warned(
    chromium: str, house: Config, tmp_path: Path
) -> None:
    source = source_of(house)
    assert source is not None
    with Live(source, clock=_now) as live, served(board(), live.context) as port, served(board(), None) as plain:
        trust(tmp_path / "home", authority_of(house).public_bytes(Encoding.DER))
        with browsing(chromium, tmp_path / "home") as context:
            origin = f"https://{NAME}:{port}"
            context.grant_permissions(["notifications", "screen-wake-lock"], origin=origin)
            page = context.new_page()
            assert page.goto(origin).status == 200
            assert page.evaluate("isSecureContext")
            page.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
            assert page.evaluate("Notification.permission") == "granted"
            assert page.evaluate("navigator.wakeLock.request('screen').then(lock => lock.type)") == "screen"
            push(page, origin, '{"body": "Look at the board", "tag": "m"}')
            assert page.evaluate(_SHOWN) == ["Forecalm: Look at the board"]
            told = page.evaluate(_SUBSCRIBE, PUSH_KEY)
            # Subscribing asks Google's service, which is not here: refused for that, and not for want of security
            assert told.startswith(("https://", "AbortError", "no answer")), told
            assert page.goto(f"https://127.0.0.1:{port}/").status == 200, "by its address, too"
            page.goto(f"http://{NAME}:{plain}/")
            assert not page.evaluate("isSecureContext"), "in the clear there is none of it"
            assert page.evaluate("navigator.serviceWorker === undefined && navigator.wakeLock === undefined")
        with browsing(chromium, tmp_path / "stranger") as context, pytest.raises(Exception, match="AUTHORITY_INVALID"):
            context.new_page().goto(f"https://{NAME}:{port}/")


_SUBSCRIBE = """key => navigator.serviceWorker.ready.then(worker => Promise.race([
    worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: key})
        .then(made => made.endpoint, error => error.name + ': ' + error.message),
    new Promise(resolve => setTimeout(resolve, 8000, 'no answer'))]))"""


_SHOWN = """navigator.serviceWorker.ready.then(async worker =>
    (await worker.getNotifications()).map(each => each.title + ': ' + each.body))"""


def test_what_was_forged_with_the_stolen_key_for_another_site_is_refused_by_a_tablet_that_trusts_it(
    chromium: str, house: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = local_of(house).authority(_now())
    monkeypatch.setattr(room, "not_permitted", lambda *_: [])
    forged = room.sign(authority, named(["other.example.org"]), now_s=_now())
    (tmp_path / "forged.pem").write_bytes(forged.key_pem + forged.certificate_pem)
    context_of_thief = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context_of_thief.load_cert_chain(tmp_path / "forged.pem")
    trust(tmp_path / "home", authority.certificate.public_bytes(Encoding.DER))
    with (
        served(board(), context_of_thief) as port,
        browsing(chromium, tmp_path / "home") as context,
        pytest.raises(Exception, match="ERR_CERT"),
    ):
        context.new_page().goto(f"https://other.example.org:{port}/")


def test_the_page_that_hands_it_over_can_be_used_by_everybody(chromium: str, house: Config, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    assert facts_of(house, now_s=_now()).trust_pages
    with served(trust_app(lambda: trust_of(house)), None) as port, browsing(chromium, tmp_path / "home") as context:
        page = context.new_page()
        for scheme, width in (("light", 1280), ("dark", 390)):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            page.goto(f"http://127.0.0.1:{port}/trust")
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert Axe().run(page).response["violations"] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        with page.expect_download() as download:
            page.get_by_text("Download the certificate").click()
        assert Path(download.value.path()).read_bytes() == authority_of(house).public_bytes(Encoding.DER)
        if folder := os.environ.get("FORECALM_TEST_SCREENS"):
            page.screenshot(path=f"{folder}/trust-390.png", full_page=True)
            page.set_viewport_size({"width": 1280, "height": 800})
            page.emulate_media(color_scheme="light")
            page.screenshot(path=f"{folder}/trust-1280.png", full_page=True)
