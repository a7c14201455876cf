"""Accounts, sessions, links, tablets and tokens: what lets somebody in, once or for a time, and what ends it."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.accounts import EVERYWHERE, Account, Granted
from ingest.registry.accounts_links import LASTS_S, Purpose
from ingest.registry.accounts_sessions import PER_ACCOUNT
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from ingest.registry.tables import METADATA
from tests.ingest.registry.a_day_of_accounts import ADMINISTRATOR, live_through_a_day_of_accounts
from tests.ingest.registry.conftest import Clock

CARER = Granted("carer", "home")
P256DH = base64.urlsafe_b64encode(b"\4" + bytes(64)).decode().rstrip("=")
AUTH = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")
FIRST, OLD, RENEWED = "$first", "$old", "$renewed"


@pytest.fixture
def house(registry: Registry) -> Registry:
    """A registry with the site home, where Helen is the administrator."""
    registry.add_site(Site("home", "Home", "Europe/London"), by="test")
    token, _ = registry.make_link(Purpose.SET_UP, by="test")
    registry.choose_password(token, "$helen", name="Helen", by="test")
    return registry


def helen(house: Registry) -> Account:
    found = house.account_named("helen")
    assert found is not None
    return found


def jo(house: Registry) -> Account:
    return house.account_named("Jo") or house.add_account("Jo", [CARER], by="test")


def test_a_set_up_makes_one_administrator_of_everything_and_no_second_one(house: Registry) -> None:
    assert helen(house).grants == (ADMINISTRATOR,)
    with pytest.raises(RegistryError, match="there is an administrator already"):
        house.make_link(Purpose.SET_UP, by="test")


def test_a_newer_set_up_link_ends_the_older_one(registry: Registry) -> None:
    older, _ = registry.make_link(Purpose.SET_UP, by="test")
    newer, _ = registry.make_link(Purpose.SET_UP, by="test")
    assert registry.link(older) is None
    assert registry.link(newer) is not None


@pytest.mark.parametrize("purpose", [Purpose.INVITATION, Purpose.PASSWORD])
def test_a_link_sets_a_password_once(house: Registry, purpose: Purpose) -> None:
    token, link = house.make_link(purpose, jo(house).id, by="test")
    assert house.link(token) == link
    assert house.choose_password(token, FIRST, by="test").password == FIRST
    for again in (token, token + "x", ""):
        with pytest.raises(RegistryError, match="link: it was used before"):
            house.choose_password(again, "$second", by="test")
    assert jo(house).password == FIRST


def test_of_many_who_use_a_link_at_once_one_does(house: Registry) -> None:
    token, _ = house.reset(jo(house).id, by="test")

    def use(encoded: str) -> str:
        try:
            return str(house.choose_password(token, encoded, by="test").password)
        except RegistryError:
            return ""

    with ThreadPoolExecutor(4) as threads:
        done = [said for said in threads.map(use, [f"${number}" for number in range(8)]) if said]
    assert done == [jo(house).password]


@pytest.mark.parametrize("purpose", [Purpose.INVITATION, Purpose.PASSWORD, Purpose.SIGN_IN])
def test_a_link_ends_by_itself(house: Registry, clock: Clock, purpose: Purpose) -> None:
    token, _ = house.make_link(purpose, jo(house).id, by="test")
    clock.now_s += LASTS_S[purpose]
    assert house.link(token) is None
    use = house.sign_in_by_link if purpose is Purpose.SIGN_IN else house.choose_password
    with pytest.raises(RegistryError, match="expired"):
        use(token, **({} if purpose is Purpose.SIGN_IN else {"encoded": "$x"}), by="test")  # type: ignore[operator]
    assert house.links() == []


def test_a_link_for_one_thing_is_good_for_no_other(house: Registry) -> None:
    opens, _ = house.make_link(Purpose.SIGN_IN, jo(house).id, by="test")
    enrols, _ = house.invite_tablet("home", name="Kitchen", shows_names=True, by="test")
    resets, _ = house.reset(jo(house).id, by="test")
    wrong: list[Callable[[], object]] = [
        lambda: house.choose_password(opens, "$x", by="test"),
        lambda: house.choose_password(enrols, "$x", by="test"),
        lambda: house.sign_in_by_link(resets, by="test"),
        lambda: house.sign_in_by_link(enrols, by="test"),
        lambda: house.enrol_by_link(opens, by="test"),
        lambda: house.enrol_by_link(resets, by="test"),
    ]
    for use in wrong:
        with pytest.raises(RegistryError):
            use()
    assert {house.link(token) is not None for token in (opens, enrols, resets)} == {True}


def test_another_password_ends_every_session_but_the_one_it_was_chosen_in(house: Registry) -> None:
    who = jo(house)
    sessions = [house.begin_sign_in(who.id, by="Jo")[1] for _ in range(3)]
    other = house.begin_sign_in(helen(house).id, by="Helen")[1]
    house.set_password(who.id, "$new", keep=sessions[1].id, by="Jo")
    assert {each.id for each in house.sign_ins()} == {sessions[1].id, other.id}
    token, _ = house.reset(who.id, by="test")
    house.choose_password(token, "$newer", by="test")
    assert house.sign_ins(who.id) == []


def test_a_hash_is_renewed_only_where_the_password_is_still_the_same(house: Registry) -> None:
    who = jo(house)
    house.set_password(who.id, OLD, by="Jo")
    house.renew_hash(who.id, "$older", "$wrong", by="Jo")
    assert jo(house).password == OLD
    house.renew_hash(who.id, OLD, RENEWED, by="Jo")
    assert jo(house).password == RENEWED


def test_the_session_that_was_used_least_lately_makes_room(house: Registry) -> None:
    who = jo(house)
    sessions = [house.begin_sign_in(who.id, by="Jo")[1] for _ in range(PER_ACCOUNT)]
    house.touch({sessions[0].id: sessions[-1].since_s + 100})
    house.begin_sign_in(who.id, by="Jo")
    left = {each.id for each in house.sign_ins(who.id)}
    assert len(left) == PER_ACCOUNT
    assert sessions[0].id in left
    assert sessions[1].id not in left


def test_that_somebody_was_seen_is_no_change(house: Registry) -> None:
    _, session = house.begin_sign_in(jo(house).id, by="Jo")
    before = house.audit_head()
    house.touch({session.id: session.since_s + 5, "nobody": 1.0})
    house.touch({session.id: session.since_s + 1})
    assert house.sign_ins()[0].seen_s == session.since_s + 5
    assert house.audit_head() == before


def test_whoever_is_ended_is_let_in_no_more_and_keeps_their_name(house: Registry) -> None:
    who = jo(house)
    house.set_password(who.id, "$x", by="Jo")
    house.begin_sign_in(who.id, by="Jo")
    token, _ = house.reset(who.id, by="test")
    house.end_account(who.id, by="test")
    ended = house.account(who.id)
    assert (ended.grants, ended.password, house.sign_ins(), house.link(token)) == ((), None, [], None)
    assert who.id not in {each.id for each in house.ways_in().accounts}
    for refused in (
        lambda: house.add_account(" JO ", by="test"),
        lambda: house.invite(who.id, by="test"),
        lambda: house.set_password(who.id, "$y", by="test"),
        lambda: house.set_grants(who.id, [CARER], by="test"),
    ):
        with pytest.raises(RegistryError):
            refused()
    assert house.reopen_account(who.id, [CARER], by="test").grants == (CARER,)


def test_the_last_administrator_stays_one(house: Registry) -> None:
    only, second = helen(house), jo(house)
    house.set_grants(second.id, [ADMINISTRATOR], by="test")  # who has chosen no password yet
    for away in (lambda: house.set_grants(only.id, [], by="test"), lambda: house.end_account(only.id, by="test")):
        with pytest.raises(RegistryError, match="last administrator"):
            away()
    assert helen(house).grants == (ADMINISTRATOR,)
    house.set_password(second.id, "$x", by="test")
    house.end_account(only.id, by="test")


@pytest.mark.parametrize("grant", [Granted("boss", "home"), Granted("carer", "elsewhere"), Granted("monitor", "home")])
def test_a_role_or_site_that_there_is_not_changes_nothing(house: Registry, grant: Granted) -> None:
    who, before = jo(house), house.audit_head()
    with pytest.raises(RegistryError):
        house.set_grants(who.id, [CARER, grant], by="test")
    assert jo(house).grants == (CARER,)
    assert house.audit_head() == before


def test_a_carer_who_signs_in_is_a_carer_of_the_house(house: Registry) -> None:
    house.add_account("Zoë  Ash", [CARER], by="test")
    assert "Zoë Ash" in house.carers()
    assert "Helen" not in house.carers()


@pytest.mark.parametrize("same", ["JO", "jo", " Jo ", "\uff2a\uff4f"])
def test_a_name_is_somebodys_however_it_is_typed(house: Registry, same: str) -> None:
    who = jo(house)
    found = house.account_named(same)
    assert found is not None
    assert found.id == who.id


def test_a_step_of_time_is_used_once_and_none_before_it(house: Registry) -> None:
    who = jo(house)
    house.set_factor(who.id, "sealed", by="Jo")
    assert [house.use_step(who.id, step) for step in (7, 7, 6, 8)] == [True, False, False, True]
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: house.use_step(who.id, 9), range(8))) == 1


def test_a_recovery_code_is_used_once_by_whom_it_is_of(house: Registry) -> None:
    who = jo(house)
    house.set_factor(who.id, "sealed", ["a", "b"], by="Jo")
    assert not house.use_recovery_code(helen(house).id, "a", by="Helen")
    assert [house.use_recovery_code(who.id, "a", by="Jo") for _ in range(2)] == [True, False]
    assert jo(house).codes == 1
    house.set_factor(who.id, None, by="Jo")
    assert (jo(house).factor, jo(house).codes) == (None, 0)


def test_a_tablet_that_is_revoked_takes_the_sessions_on_it_along(house: Registry) -> None:
    _, kitchen = house.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")
    house.begin_sign_in(jo(house).id, tablet=kitchen.id, by="Jo")
    phone = house.begin_sign_in(jo(house).id, by="Jo")[1]
    assert [house.revoke_tablet(kitchen.id, by="test") for _ in range(2)] == [True, False]
    assert [each.id for each in house.sign_ins()] == [phone.id]
    assert house.ways_in().tablets == ()
    assert house.enrolled_tablets()[0].revoked_s is not None


@pytest.mark.parametrize(
    "change", [{"role": "tablet"}, {"role": "administrator"}, {"site": "elsewhere"}, {"until_s": 1.0}, {"until_s": 9e9}]
)
def test_a_token_is_for_a_role_a_site_and_a_year_at_most(
    house: Registry, clock: Clock, change: dict[str, object]
) -> None:
    said = {"role": "monitor", "site": EVERYWHERE, "until_s": clock.now_s + 3600}
    house.add_token("Counts", **said, by="test")  # type: ignore[arg-type]
    with pytest.raises(RegistryError):
        house.add_token("Counts", **(said | change), by="test")  # type: ignore[arg-type]


def test_nothing_by_which_one_could_sign_in_stands_in_the_database(house: Registry, clock: Clock) -> None:
    who = jo(house)
    tokens = [
        house.reset(who.id, by="test")[0],
        house.begin_sign_in(who.id, by="test")[0],
        house.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")[0],
        house.invite_tablet("home", name="Hall", shows_names=True, by="test")[0],
        house.add_token("Counts", role="monitor", site="home", until_s=clock.now_s + 99, by="test")[0],
    ]
    with house._reading() as connection:
        kept = repr([row for table in METADATA.sorted_tables for row in connection.execute(sa.select(table))])
    for token in tokens:
        assert len(token) == 43
        assert token not in kept


def test_what_happens_to_accounts_names_nobody_in_the_audit(registry: Registry) -> None:
    registry.add_site(Site("home", "Home", "Europe/London"), by="test")
    live_through_a_day_of_accounts(registry)
    details = " ".join(entry.detail for entry in registry.audit_entries())
    for secret in ("Example", "Ann", "Zoe", "$hash", "sealed", "digest", "$salted"):
        assert secret not in details
    assert registry.verify_audit() == []


@pytest.mark.parametrize("roles", [("carer",), ("carer", "administrator"), ("carer", "support"), ("researcher",)])
def test_whose_account_was_ended_is_a_carer_no_more_and_gets_no_messages(
    house: Registry, roles: tuple[str, ...]
) -> None:
    zoe = house.add_account("Zoë", by="test")
    for role in roles:
        house.set_grants(zoe.id, (Granted(role, "home"),), by="test")
    if "carer" not in roles:
        house.add_carer("zoë", by="test")  # at the tablets
    house.add_carer("Ann", by="test")
    for number, name in enumerate(("Zoë", "Ann")):
        key = {"p256dh": P256DH, "auth": AUTH}
        house.add_push(
            endpoint=f"https://push.example.org/{number}", **key, carer=name, tablet=f"t-{number}", by="test"
        )
    house.end_account(zoe.id, by="test")
    assert house.carers() == ["Ann"]
    assert [each.carer for each in house.push_subscriptions()] == ["Ann"]
    house.add_carer("Zoë", by="test")
    assert house.carers() == ["Ann", "Zoë"]


def test_who_is_a_carer_nowhere_any_more_is_none_and_gets_no_messages(house: Registry) -> None:
    zoe = house.add_account("Zoë", [CARER, Granted("support", "home")], by="test")
    house.add_push(
        endpoint="https://push.example.org/1", p256dh=P256DH, auth=AUTH, carer="zoë", tablet="t-1", by="test"
    )
    house.set_grants(zoe.id, [CARER], by="test")
    assert "Zoë" in house.carers()
    house.set_grants(zoe.id, [Granted("support", "home")], by="test")
    assert "Zoë" not in house.carers()
    assert house.push_subscriptions() == []
    house.add_carer("Zoë", by="test")  # at the tablets: it was never a role of theirs that said so
    house.set_grants(zoe.id, [], by="test")
    assert "Zoë" in house.carers()
