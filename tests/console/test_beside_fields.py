"""What a room refuses stands beside the field that it names; times say their day wherever a weekday would not."""

from zoneinfo import ZoneInfo

import pytest

from console.forms import by_field
from console.support.past import _dated
from ingest.errors import RegistryError

NOW_S = 1_700_000_000.0  # Tuesday 14 November 2023, 22:13 UTC
DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("said", "fields", "shown"),
    [
        ("name: PostgreSQL refuses it", None, {"name": "PostgreSQL refuses it"}),
        ("until_s: too late", {"until_s": "days"}, {"days": "Too late"}),
        ("band, wearer: both", {"band": "code"}, {"code": "Both"}),
        ("site: unknown", {"name": "name"}, {"": "site: unknown"}),
        ("it does not answer", None, {"": "it does not answer"}),
        ("this is no field: at all", None, {"": "this is no field: at all"}),
    ],
)
def test_a_refusal_stands_beside_the_field_it_names_as_it_was_written(
    said: str, fields: dict[str, str] | None, shown: dict[str, str]
) -> None:
    assert by_field(RegistryError(said), fields) == shown


def test_a_weekday_tells_the_day_of_the_last_six_days_only() -> None:
    zone = ZoneInfo("UTC")
    assert _dated(NOW_S - 5 * DAY_S, zone=zone, now_s=NOW_S) == "Thu 22:13"
    assert _dated(NOW_S - 7 * DAY_S, zone=zone, now_s=NOW_S) == "7 Nov 2023, 22:13"
    assert _dated(NOW_S + 7 * DAY_S, zone=zone, now_s=NOW_S) == "21 Nov 2023, 22:13"
