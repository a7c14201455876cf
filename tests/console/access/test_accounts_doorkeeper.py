"""Who asks is who has a way in that has not ended, whatever the registry does meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from console.access.access import Credentials
from console.access.asker import NOBODY, Grant, Kind
from console.access.command_line import COMMAND_LINE, HOLDS_S, shown
from console.access.cookies import SESSION, TABLET, Cookies
from console.access.doorkeeper import Doorkeeper
from console.access.lasting import LASTS, SHARED_IDLE_S, lasts
from console.access.roles import OF_PEOPLE, Act, Role
from ingest.errors import StoreError
from ingest.registry import accounts, accounts_devices
from ingest.registry.accounts import Granted
from ingest.registry.accounts_face import WaysIn
from ingest.registry.places import Site
from ingest.registry.registry import Registry

SECRET = b"0123456789abcdef0123456789abcdef"
NOW_S = 1_800_000_000.0


class House:
    """A real registry, a clock that is set by hand, and a doorkeeper; the registry can be taken away."""

    def __init__(self, folder: Path, *, secure: bool = False) -> None:
        self.now_s = NOW_S
        self.registry = Registry(f"sqlite:///{folder}/registry.sqlite", clock=lambda: self.now_s)
        self.registry.upgrade()
        for site in ("home", "away"):
            self.registry.add_site(Site(site, site, "UTC"), by="test")
        self.gone = False
        self.keeper = Doorkeeper(self, secret=SECRET, cookies=Cookies(secure), clock=lambda: self.now_s)

    def _there(self) -> Registry:
        if self.gone:
            raise StoreError("away")
        return self.registry

    def revision(self) -> int:
        return self._there().revision()

    def ways_in(self) -> WaysIn:
        return self._there().ways_in()

    def touch(self, seen: Mapping[str, float]) -> None:
        self._there().touch(seen)

    def sign_in(self, name: str, role: str = "carer", *, tablet: str = "") -> str:
        there = self.registry.account_named(name)
        who = there or self.registry.add_account(name, [Granted(role, "home")], by="test")
        token, _ = self.registry.begin_sign_in(who.id, tablet=tablet, by=name)
        self.keeper.look()
        return token

    def asker(self, *, session: str = "", tablet: str = "", says: str = "", by_itself: bool = False):  # noqa: ANN201
        cookies = {name: token for name, token in ((SESSION, session), (TABLET, tablet)) if token}
        return self.keeper.asker(Credentials(cookies, says, by_itself), self.now_s)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    with closing(house.registry):
        yield house


def test_the_registry_and_the_table_of_roles_know_the_same_roles() -> None:
    assert set(accounts.ROLES) == {role.value for role in OF_PEOPLE}
    programs = {*OF_PEOPLE, Role.MONITOR} - {Role.ADMINISTRATOR}  # a token lies in a file
    assert set(accounts_devices.OF_MACHINES) == {role.value for role in programs}


def test_whoever_signed_in_is_known_by_their_cookie_and_by_nothing_else(house: House) -> None:
    token = house.sign_in("Jo")
    jo = house.asker(session=token)
    assert (jo.kind, jo.name, jo.grants) == (Kind.PERSON, "Jo", frozenset({Grant(Role.CARER, "home")}))
    for nothing in ({}, {"session": token[:-1]}, {"session": ""}, {"tablet": token}, {"says": f"Bearer {token}"}):
        assert house.asker(**nothing) is NOBODY


@pytest.mark.parametrize("role", OF_PEOPLE)
def test_a_session_ends_when_it_was_not_touched_and_when_its_time_is_over(house: House, role: Role) -> None:
    token, limits = house.sign_in("Jo", role.value), LASTS[role]
    house.now_s += limits.idle_s - 1
    assert house.asker(session=token, by_itself=True).kind is Kind.PERSON
    house.now_s += 1
    assert house.asker(session=token) is NOBODY
    again, begun_s = house.sign_in("Jo"), house.now_s
    while house.now_s + limits.idle_s / 2 < begun_s + limits.absolute_s:
        house.now_s += limits.idle_s / 2
        assert house.asker(session=again).kind is Kind.PERSON
    house.now_s = begun_s + limits.absolute_s
    assert house.asker(session=again) is NOBODY


def test_a_carers_own_phone_stays_awake_through_a_shift_that_nobody_touches_it_in(house: House) -> None:
    token = house.sign_in("Jo")
    house.now_s += 12 * 3600
    assert house.asker(session=token, by_itself=True).may(Act.TAKE, "home")


def test_a_session_on_a_tablet_of_the_house_falls_back_to_the_tablet(house: House) -> None:
    key, tablet = house.registry.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")
    token = house.sign_in("Jo", tablet=tablet.id)
    assert house.asker(session=token, tablet=key).name == "Jo"
    house.now_s += SHARED_IDLE_S
    kitchen = house.asker(session=token, tablet=key)
    assert (kitchen.kind, kitchen.name) == (Kind.TABLET, "Kitchen")
    assert kitchen.may(Act.TAKE, "home")
    assert not kitchen.may(Act.BOARD, "away")
    assert not kitchen.may_anywhere(Act.DAY)


def test_a_tablet_without_names_takes_alerts_all_the_same(house: House) -> None:
    key, _ = house.registry.enrol_tablet("Hall", site="home", shows_names=False, by="test")
    house.keeper.look()
    hall = house.asker(tablet=key)
    assert (hall.may(Act.BOARD, "home"), hall.may(Act.TAKE, "home"), hall.may(Act.NAMES, "home")) == (True, True, False)


def test_a_session_is_short_where_any_of_its_roles_is() -> None:
    both = lasts({Role.CARER, Role.ADMINISTRATOR}, shared=False)
    assert both == LASTS[Role.ADMINISTRATOR]
    assert lasts(set(), shared=False).idle_s <= 3600
    assert lasts({Role.CARER}, shared=True).idle_s == SHARED_IDLE_S


def test_a_registry_that_is_away_locks_nobody_out_and_lets_nobody_stay_for_ever(house: House) -> None:
    token = house.sign_in("Jo")
    key, _ = house.registry.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")
    house.keeper.look()
    house.gone = True
    house.now_s += 3600
    with pytest.raises(StoreError):
        house.keeper.look()
    assert house.asker(session=token).name == "Jo"
    assert house.asker(tablet=key).kind is Kind.TABLET
    house.now_s += LASTS[Role.CARER].absolute_s
    assert house.asker(session=token) is NOBODY
    assert house.asker(tablet=key).kind is Kind.TABLET


def test_what_was_seen_is_told_when_the_registry_is_back(house: House) -> None:
    token = house.sign_in("Jo")
    house.now_s += 100
    house.asker(session=token)
    house.gone = True
    with pytest.raises(StoreError):
        house.keeper.look()
    house.gone = False
    house.now_s += 100
    house.keeper.look()
    assert house.registry.sign_ins()[0].seen_s == NOW_S + 100


def test_a_token_lets_a_program_in_as_one_role_until_it_ends_or_is_revoked(house: House) -> None:
    made = {"role": "monitor", "site": "home", "until_s": NOW_S + 1000}
    key, _ = house.registry.add_token("Counts", **made, by="test")
    other, second = house.registry.add_token("Counts", **made, by="test")
    house.keeper.look()
    program = house.asker(says=f"Bearer {key}")
    assert (program.kind, program.name, program.may(Act.COUNTS, "home")) == (Kind.MACHINE, "Counts", True)
    assert not program.may_anywhere(Act.BOARD)
    house.registry.revoke_token(second.id, by="test")
    house.keeper.look()
    assert house.asker(says=f"Bearer {other}") is NOBODY
    house.now_s += 1000
    assert house.asker(says=f"Bearer {key}") is NOBODY


def test_a_token_that_is_wrong_is_nobodys_whatever_cookies_come_with_it(house: House) -> None:
    assert house.asker(session=house.sign_in("Jo"), says="Bearer nothing") is NOBODY


def test_under_tls_only_cookies_of_this_very_host_count(tmp_path: Path) -> None:
    house = House(tmp_path, secure=True)
    with closing(house.registry):
        token = house.sign_in("Jo")
        assert house.asker(session=token) is NOBODY
        host = Credentials({f"__Host-{SESSION}": token})
        assert house.keeper.asker(host, house.now_s).name == "Jo"


@given(early_s=st.floats(-HOLDS_S + 1, HOLDS_S - 1))
def test_the_command_line_is_known_for_a_minute(early_s: float) -> None:
    keeper = Doorkeeper(None, secret=SECRET, cookies=Cookies(False), clock=lambda: NOW_S)  # type: ignore[arg-type]
    header = shown(SECRET, NOW_S)
    assert keeper.asker(Credentials({}, header), NOW_S + early_s) is COMMAND_LINE
    assert keeper.asker(Credentials({}, header), NOW_S + HOLDS_S + 2) is NOBODY
    assert keeper.asker(Credentials({}, shown(b"x" * 32, NOW_S)), NOW_S) is NOBODY


@given(text=st.text(max_size=120), cut=st.integers(0, 85))
def test_no_other_header_is_the_command_line(text: str, cut: int) -> None:
    keeper = Doorkeeper(None, secret=SECRET, cookies=Cookies(False), clock=lambda: NOW_S)  # type: ignore[arg-type]
    whole = shown(SECRET, NOW_S)
    for said in (text, f"Bearer {text}", f"Bearer cli.{text}", f"Bearer cli.{int(NOW_S)}.{text}", whole[:cut]):
        assert keeper.asker(Credentials({}, said), NOW_S) is NOBODY


class Doors(RuleBasedStateMachine):
    """People sign in and out, are ended, and time goes by: at each look, who asks is who has not been ended."""

    sessions = Bundle("sessions")

    @initialize()
    def open(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.house = House(Path(self.folder.name))
        self.alive: dict[str, tuple[str, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.registry.close()
            self.folder.cleanup()

    @rule(target=sessions, name=st.sampled_from(["Jo", "Ida"]))
    def sign_in(self, name: str) -> str:
        registry = self.house.registry
        there = registry.account_named(name)
        if there is not None and there.ended_s is not None:
            registry.reopen_account(there.id, [Granted("carer", "home")], by="test")
        token = self.house.sign_in(name)
        self.alive[token] = (name, self.house.asker(session=token).session)
        return token

    @rule(token=sessions)
    def sign_out(self, token: str) -> None:
        if token in self.alive:
            self.house.registry.end_sign_in(self.alive.pop(token)[1], by="test")

    @rule(name=st.sampled_from(["Jo", "Ida"]), how=st.sampled_from(["password", "end", "everywhere"]))
    def end_all(self, name: str, how: str) -> None:
        registry = self.house.registry
        who = registry.account_named(name)
        if who is None or who.ended_s is not None:
            return
        if how == "password":
            registry.set_password(who.id, "$x", by="test")
        elif how == "end":
            registry.end_account(who.id, by="test")
        else:
            registry.end_sign_ins(who.id, by="test")
        self.alive = {token: whose for token, whose in self.alive.items() if whose[0] != name}

    @rule(token=sessions, role=st.sampled_from(["carer", "support"]))
    def change_role(self, token: str, role: str) -> None:
        if token in self.alive:
            who = self.house.registry.account_named(self.alive[token][0])
            assert who is not None
            self.house.registry.set_grants(who.id, [Granted(role, "home")], by="test")
            self.house.keeper.look()
            assert self.house.asker(session=token).grants == frozenset({Grant(Role(role), "home")})

    @invariant()
    def whoever_asks_is_who_has_not_been_ended(self) -> None:
        if not hasattr(self, "house"):
            return
        self.house.keeper.look()
        for token, (name, _) in self.alive.items():
            assert self.house.asker(session=token).name == name
        assert len(self.house.registry.ways_in().sign_ins) == len(self.alive)


TestDoors = Doors.TestCase
TestDoors.settings = settings(max_examples=8, stateful_step_count=15)
