"""A house, and its board served on loopback by a real server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browsers import launched
from tests.console.caring import Caring
from tests.console.compiled import compiled_once
from tests.console.house import NAMES, House, Serve
from tests.console.tablets import MARKUP, Tablet
from tests.servers import LONG_S


@pytest.fixture(autouse=True, scope="session")
def _compiled() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams beat five times a second: what a test says of a beat is seen as soon. What stands beside the views is not
    doubted because a busy machine looks it up late."""
    monkeypatch.setattr("console.stream.BEAT_S", 0.2)
    monkeypatch.setattr("console.around.LATE_S", LONG_S)


@pytest.fixture
def serve() -> Iterator[Serve]:
    serve = Serve()
    yield serve
    serve.end_all()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with launched(chromium) as browser:
        yield browser


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
def tablet(house: House, caring: Caring, quick: None, serve: Serve, browser: Browser, tablets: list[Tablet]) -> Tablet:
    tablets.append(Tablet(browser, serve(house)))
    return tablets[0].live()
