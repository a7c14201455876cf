"""Accounts, tablets and tokens on the pages of administrators."""

import re
from typing import Any

import pytest

from console.access.lasting import PROVED_S
from ingest.registry.accounts import EVERYWHERE, Granted
from tests.console.administration.office import HASH, PASSWORD, Rooms

LINK = re.compile(r"http://localhost/(?:welcome|tablet)/([\w-]{43})")


def test_somebody_is_invited_by_a_link_that_is_shown_once(rooms: Rooms) -> None:
    page = rooms.post("/admin/accounts/new", 200, name="Jo", roles__home=["carer"]).text
    found = LINK.search(page)
    assert found
    assert "<svg" in page
    account = rooms.registry.account_named("Jo")
    assert account is not None
    assert account.grants == (Granted("carer", "home"),)
    assert "Jo" in rooms.registry.carers()
    link = rooms.registry.link(found[1])
    assert link is not None
    assert link.account == account.id
    assert found[1] not in rooms.get(f"/admin/accounts/{account.id}")
    assert "an invitation, until" in rooms.get("/admin/accounts")


def test_the_last_administrator_is_neither_ended_nor_made_something_else(rooms: Rooms) -> None:
    helen = f"/admin/accounts/{rooms.helen.id}"
    rooms.account("Not yet", Granted("administrator", EVERYWHERE), password=False)  # has not signed in
    page = rooms.post(f"{helen}/end", 422, sure="yes").text
    assert "last administrator" in page
    page = rooms.post(f"{helen}/roles", 422, roles__home=["carer"]).text
    assert "last administrator" in page
    page = rooms.post(f"{helen}/roles", 422, roles__beech=["administrator"]).text
    assert "last administrator of home" in page
    assert rooms.registry.account(rooms.helen.id).grants == (Granted("administrator", EVERYWHERE),)
    ivy = rooms.account("Ivy", Granted("administrator", EVERYWHERE))
    rooms.post(f"{helen}/end", sure="yes")
    rooms.sign_in(ivy)
    rooms.post(f"/admin/accounts/{ivy.id}/end", 422, sure="yes")


def test_nobody_gets_more_than_they_have_by_changing_somebody_else(rooms: Rooms) -> None:
    ned = rooms.account("Ned", Granted("administrator", "home"))
    both = rooms.account("Both", Granted("carer", "home"), Granted("carer", "beech"))
    beech = rooms.account("Beech", Granted("carer", "beech"))
    rooms.sign_in(ned)
    for act in ("reset", "invite", "end", "roles", "factor", "sessions"):
        rooms.post(f"/admin/accounts/{rooms.helen.id}/{act}", 403, sure="yes", roles__home=["carer"])
        rooms.post(f"/admin/accounts/{both.id}/{act}", 403, sure="yes", roles__home=["carer"])
        rooms.post(f"/admin/accounts/{beech.id}/{act}", 404, sure="yes", roles__home=["carer"])
    page = rooms.post("/admin/accounts/new", 422, name="Mallory", **{"roles__*": ["administrator"]}).text
    assert "Say what they are here" in page
    rooms.post("/admin/accounts/new", 422, name="Mallory", roles__beech=["carer"])
    assert rooms.registry.account_named("Mallory") is None
    rooms.post(f"/admin/accounts/{ned.id}/roles", 422, **{"roles__*": ["administrator"]})
    assert rooms.registry.account(ned.id).grants == (Granted("administrator", "home"),)


def test_a_lost_password_a_left_screen_and_somebody_who_left_are_seen_to(rooms: Rooms) -> None:
    jo = rooms.account("Jo", Granted("carer", "home"))
    rooms.registry.begin_sign_in(jo.id, by="Jo")
    page = rooms.post(f"/admin/accounts/{jo.id}/reset", 200, go="yes").text
    found = LINK.search(page)
    assert found
    assert rooms.registry.account(jo.id).password == HASH
    rooms.post(f"/admin/accounts/{jo.id}/sessions", 422, go="yes")
    rooms.post(f"/admin/accounts/{jo.id}/sessions", sure="yes")
    assert rooms.registry.sign_ins(jo.id) == []
    rooms.post(f"/admin/accounts/{jo.id}/end", sure="yes")
    assert rooms.registry.account(jo.id).ended_s is not None
    assert rooms.registry.link(found[1]) is None
    page = rooms.post(f"/admin/accounts/{jo.id}/reopen", 200, roles__home=["support"]).text
    assert LINK.search(page)
    assert rooms.registry.account(jo.id).grants == (Granted("support", "home"),)


def test_a_tablet_is_enrolled_by_a_link_and_let_in_no_more(rooms: Rooms) -> None:
    assert 'id="e-name"' in rooms.post("/admin/tablets/new", 422, site="home").text
    page = rooms.post("/admin/tablets/new", 200, name="Kitchen", site="home", shows_names="yes").text
    assert "Only this machine reaches this house." in page
    found = LINK.search(page)
    assert found
    _, tablet = rooms.registry.enrol_by_link(found[1], by="the tablet")
    assert tablet.shows_names
    assert "Kitchen" in rooms.get("/admin/tablets")
    assert "It shows nothing from then on" in rooms.get(f"/admin/tablets/{tablet.id}/end")
    rooms.post(f"/admin/tablets/{tablet.id}/end", go="yes")
    assert rooms.registry.enrolled_tablets()[0].revoked_s is not None
    rooms.post("/admin/tablets/none/end", 404, go="yes")


def test_a_token_is_shown_once_and_ended_and_never_an_administrators(rooms: Rooms) -> None:
    page = rooms.post("/admin/tokens/new", 200, name="Grafana", role="monitor", site="home", days="90").text
    found = re.search(r"<output[^>]*>([\w-]{43})</output>", page)
    assert found
    made = rooms.registry.machine_tokens()[0]
    assert (made.role, made.site) == ("monitor", "home")
    assert found[1] not in rooms.get("/admin/tokens")
    rooms.post(f"/admin/tokens/{made.id}/end", go="yes")
    assert rooms.registry.machine_tokens()[0].revoked_s is not None
    page = rooms.post("/admin/tokens/new", 422, name="X", role="administrator", site="home", days="9999").text
    assert 'id="e-role"' in page
    assert 'id="e-days"' in page


def test_a_gateway_is_let_in_by_a_password_that_is_shown_once_renewed_and_shut_out(rooms: Rooms) -> None:
    assert 'id="e-gateway"' in rooms.post("/admin/gateways/new", 422, gateway="no good/#", site="home").text
    page = rooms.post("/admin/gateways/new", 200, gateway="hall", site="home").text
    password = re.findall(r"<output[^>]*>([\w-]{43})</output>", page)[0]
    made = rooms.registry.gateway_credentials()[0]
    for said in ("gateway.toml", f'username = "{made.username}"', "gateway.env", "FORECALM_MQTT_PASSWORD="):
        assert said in page, said
    again = rooms.post("/admin/gateways/new", 422, gateway="hall", site="home").text
    assert "It is let in already. For another password choose “New password…”" in again
    assert [each.username for each in rooms.registry.gateway_credentials()] == [made.username]
    assert (made.gateway, made.site, made.made_by) == ("hall", "home", "Helen")
    assert password not in rooms.get("/admin/gateways")
    assert "24 hours more" in rooms.get("/admin/gateways/hall/renew")
    rooms.post("/admin/gateways/hall/renew", 200, go="yes")
    assert "the old one, until" in rooms.get("/admin/gateways")
    rooms.post("/admin/gateways/hall/end", go="yes")
    assert "No gateway has a user" in rooms.get("/admin/gateways")
    rooms.post("/admin/gateways/hall/end", 404, go="yes")
    rooms.get("/admin/gateways/hall/other", 404)


WAYS_TO_STAY: dict[str, dict[str, Any]] = {
    "/admin/accounts/new": {"name": "Mallory", "roles__home": ["administrator"]},
    "/admin/tokens/new": {"name": "Mallory", "role": "carer", "site": "home", "days": "366"},
    "/admin/accounts/{jo}/roles": {"roles__home": ["administrator"]},
    "/admin/accounts/{jo}/reset": {},
    "/admin/accounts/{jo}/invite": {},
    "/admin/accounts/{jo}/factor": {"sure": "yes"},
    "/admin/accounts/{jo}/end": {"sure": "yes"},
}


@pytest.mark.parametrize("path", WAYS_TO_STAY)
def test_whoever_comes_by_a_screen_that_was_left_open_lets_nobody_in(rooms: Rooms, path: str) -> None:
    """Looking ends with the session; an account, a role, a link or a token of their own would stay."""
    jo = rooms.account("Jo", Granted("carer", "home"))
    rooms.sign_in(rooms.helen, proved_ago_s=PROVED_S + 1)
    where, said, before = path.replace("{jo}", jo.id), WAYS_TO_STAY[path], rooms.registry.accounts()
    assert 'type="password"' in rooms.get(where)
    for guess in ({}, {"password": "not hers at all"}):
        assert 'id="e-password"' in rooms.post(where, 422, **said, **guess).text
    assert rooms.registry.accounts() == before
    assert [*rooms.registry.machine_tokens(), *rooms.registry.links()] == []
    handed = path.endswith(("new", "reset", "invite"))
    rooms.post(where, 200 if handed else 303, **said, password=PASSWORD)


def test_the_password_is_not_asked_for_again_at_once_and_never_to_sign_somebody_out(rooms: Rooms) -> None:
    jo = rooms.account("Jo", Granted("carer", "home"))
    assert 'type="password"' not in rooms.get("/admin/accounts/new")
    rooms.sign_in(rooms.helen, proved_ago_s=PROVED_S + 1)
    rooms.post(f"/admin/accounts/{jo.id}/sessions", sure="yes")
