"""Which bands gateways are told to hold, and when."""

from collections.abc import Callable

import pytest

from forecalm.house import House
from ingest.admission import Admission, Verdict
from ingest.errors import StoreError


class Registry:
    """One that says what it is told to say."""

    def __init__(self) -> None:
        self.bands = ["band-01", "band-02"]
        self.broken = False
        self.error: Exception = StoreError("registry.sqlite: locked")

    def to_hold(self, site: str, at_s: float) -> list[str]:
        assert site == "home"
        if self.broken:
            raise self.error
        return list(self.bands)


class Control:
    """One that remembers what gateways were told."""

    def __init__(self) -> None:
        self.said: list[list[str]] = []
        self.overruled = False

    def publish_roster(self, bands: list[str]) -> None:
        self.said.append(bands)

    def gateways(self) -> list[object]:
        return []

    bands = fights = gateways


def admitting(refused: Callable[[], set[str]]) -> Callable[[str, float], Admission]:
    return lambda band, _: Admission(Verdict.DROP if band in refused() else Verdict.KEEP, "w-01")


@pytest.fixture
def house() -> tuple[Registry, Control, set[str], House]:
    registry, control, refused = Registry(), Control(), set[str]()
    return registry, control, refused, House(registry, control, site="home", admit=admitting(lambda: refused))  # type: ignore[arg-type]


def test_gateways_are_told_once_and_again_when_something_changes(
    house: tuple[Registry, Control, set[str], House],
) -> None:
    registry, control, _, it = house
    it.refresh()
    it.refresh()
    registry.bands.append("band-03")
    it.refresh()
    assert control.said == [["band-01", "band-02"], ["band-01", "band-02", "band-03"]]


def test_whoever_tells_gateways_of_other_bands_is_put_right(house: tuple[Registry, Control, set[str], House]) -> None:
    _, control, _, it = house
    it.refresh()
    control.overruled = True
    it.refresh()
    assert control.said == [["band-01", "band-02"]] * 2


def test_a_band_of_whoever_withdrew_their_consent_is_held_by_nobody(
    house: tuple[Registry, Control, set[str], House],
) -> None:
    _, control, refused, it = house
    it.refresh()
    refused.add("band-01")
    it.refresh()
    assert control.said[-1] == ["band-02"]


@pytest.mark.parametrize("error", [StoreError("registry.sqlite: locked"), RuntimeError("a driver's own")])
def test_a_registry_that_does_not_answer_frees_no_band(
    house: tuple[Registry, Control, set[str], House], caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    registry, control, _, it = house
    registry.error = error
    it.refresh()
    registry.broken = True
    it.refresh()
    it.refresh()
    assert control.said == [["band-01", "band-02"]]
    assert len(caplog.records) == 1
    registry.broken = False
    registry.bands = []
    it.refresh()
    assert control.said[-1] == []
