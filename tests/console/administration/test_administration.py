"""The pages of administrators, asked without a browser."""

import pytest

from tests.console.administration.office import RULES, Rooms

PAGES = [
    "/admin", "/admin/people", "/admin/people/new", "/admin/people/w1", "/admin/people/w2", "/admin/people/w1/name",
    "/admin/people/w1/site", "/admin/people/w1/consent", "/admin/people/w1/withdraw", "/admin/people/w1/plan",
    "/admin/people/w1/level", "/admin/people/w1/erase", "/admin/consents", "/admin/accounts", "/admin/accounts/new",
    "/admin/tablets", "/admin/tablets/new", "/admin/tokens", "/admin/tokens/new", "/admin/sites", "/admin/sites/new",
    "/admin/sites/home", "/admin/chain", "/admin/chain/history", "/admin/chain/text", "/admin/channels", "/admin/audit",
    "/admin/audit/witness", "/admin/receipts",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_drawn_and_shows_names_as_text(rooms: Rooms, path: str) -> None:
    rooms.registry.set_alerting_rules("home", RULES, because="first", by="Helen")
    page = rooms.get(path)
    assert "not a medical device" in page
    assert "<b>Bea" not in page
    assert "SECRET" not in page
