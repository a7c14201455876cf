"""Levels of single people: the last that was said holds, what was said before stays, and nonsense is refused."""

from dataclasses import replace

import pytest

from ingest.errors import RegistryError
from ingest.registry.levels import Level
from ingest.registry.registry import Registry

SENSIBLE = Level("rules-1", 0.6, 0.3, 20.0, 120.0, 60.0, 60.0)


def test_the_last_level_holds_and_those_before_are_kept(registry: Registry) -> None:
    first = registry.set_alert_level("w-1", SENSIBLE, per_day=2.0, by="Ada")
    second = registry.set_alert_level("w-1", replace(SENSIBLE, enter=0.5), per_day=3.0, lost=1, by="Bo")
    assert registry.alert_levels() == {"w-1": second}
    assert second.version != first.version
    back = registry.set_alert_level("w-1", None, by="Ada")
    assert registry.alert_levels() == {}
    assert registry.alert_level_history("w-1") == [first, second, back]
    assert registry.alert_level_history("w-2") == []
    assert (second.lost, second.entered_by, back.level) == (1, "Bo", None)


def test_levels_go_with_whom_they_are_of(registry: Registry) -> None:
    registry.set_alert_level("w-1", SENSIBLE, by="Ada")
    other = registry.set_alert_level("w-2", SENSIBLE, by="Ada")
    assert registry.traces_of("w-1")["alert_level"] == 1
    registry.erase_wearer("w-1", by="Ada")
    assert registry.alert_levels() == {"w-2": other}


@pytest.mark.parametrize(
    ("level", "more", "told"),
    [
        (replace(SENSIBLE, enter=1.01), {}, "enter 1.01"),
        (replace(SENSIBLE, leave=0.6), {}, "leave 0.6"),
        (replace(SENSIBLE, hold_s=-1.0), {}, "0 or more seconds"),
        (replace(SENSIBLE, fade_s=float("nan")), {}, "0 or more seconds"),
        (replace(SENSIBLE, of=" "), {}, "alert level of"),
        (SENSIBLE, {"lost": -1}, "lost -1"),
        (SENSIBLE, {"per_day": 0.0}, "per_day 0.0"),
    ],
)
def test_a_level_that_makes_no_sense_is_refused(
    registry: Registry, level: Level, more: dict[str, float], told: str
) -> None:
    with pytest.raises(RegistryError, match=told):
        registry.set_alert_level("w-1", level, by="Ada", **more)  # type: ignore[arg-type]
    with pytest.raises(RegistryError, match="w-9"):
        registry.set_alert_level("w-9", SENSIBLE, by="Ada")
    assert registry.alert_level_history("w-1") == []
