"""Everything by which somebody is let in, in; who asks, from memory, out."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from console.access.access import Credentials
from console.access.asker import NOBODY, Asker, Grant, Kind
from console.access.command_line import COMMAND_LINE, is_ours
from console.access.cookies import Cookies
from console.access.lasting import lasts
from console.access.roles import Role
from ingest.registry.accounts import Account
from ingest.registry.accounts_devices import EnrolledTablet, MachineToken
from ingest.registry.accounts_face import WaysIn
from ingest.registry.accounts_sessions import SignIn, digest_of

log = logging.getLogger(__name__)

BEARER: Final = "Bearer "
TOLD_S: Final = 60.0
"""How late the registry hears when somebody was last seen: after a restart, sessions last up to a minute less."""


class Known(Protocol):
    """The registry, as far as it is asked here. May block; raises StoreError where it is away."""

    def revision(self) -> int:
        """A number that grows with every change."""
        ...

    def ways_in(self) -> WaysIn:
        """Everything by which somebody is let in."""
        ...

    def touch(self, seen: Mapping[str, float]) -> None:
        """Enter when sessions, tablets and tokens were last seen."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """What is known, by digest."""

    revision: int = -1
    people: Mapping[str, tuple[SignIn, Account, frozenset[Grant]]] = field(default_factory=dict)
    tablets: Mapping[str, EnrolledTablet] = field(default_factory=dict)
    tokens: Mapping[str, MachineToken] = field(default_factory=dict)


class Doorkeeper:
    """Knows people, tablets, programs and the command line. ``asker`` looks at nothing but memory, and may be called
    from any thread; ``look`` asks ``known`` what has changed, and is to be called every second or so, and after
    a change of one's own. Where the registry is away, what was known last holds; limits of time hold all the same.

    ``secret`` is the installation's; ``clock`` gives UTC seconds.
    """

    def __init__(self, known: Known, *, secret: bytes, cookies: Cookies, clock: Callable[[], float]) -> None:
        self.cookies = cookies
        self._known = known
        self._secret = secret
        self._clock = clock
        self._held = _Held()
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        self._untold: dict[str, float] = {}
        self._told_s = clock()
        self._looking = threading.Lock()

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        """See ``console.access.access.Doorkeeper``. A program is known by its token alone, whatever cookies come with
        it; somebody who signed in on an enrolled tablet is themselves, and when their session has ended the tablet."""
        if credentials.authorization.startswith(BEARER):
            return self._program(credentials.authorization, now_s)
        person = self._person(credentials, now_s)
        return person if person is not None else self._tablet(credentials, now_s)

    def tablet_of(self, credentials: Credentials) -> EnrolledTablet | None:
        """Return the enrolled tablet that asks, whoever has signed in on it; None where it is none."""
        token = credentials.cookies.get(self.cookies.tablet, "")
        return self._held.tablets.get(digest_of(token)) if token else None

    def look(self) -> None:
        """Take over what has changed. Raises StoreError or RegistryError where the registry cannot say."""
        with self._looking:
            self._tell()
            if self._known.revision() != self._held.revision:
                self._held = _held(self._known.ways_in())

    def _program(self, authorization: str, now_s: float) -> Asker:
        if is_ours(self._secret, authorization, now_s):
            return COMMAND_LINE
        token = self._held.tokens.get(digest_of(authorization.removeprefix(BEARER).strip()))
        if token is None or not token.since_s - TOLD_S <= now_s < token.until_s:
            return NOBODY
        self._see(token.id, now_s)
        grants = frozenset({Grant(Role(token.role), token.site)})
        return Asker(kind=Kind.MACHINE, id=token.id, name=token.name, grants=grants)

    def _person(self, credentials: Credentials, now_s: float) -> Asker | None:
        token = credentials.cookies.get(self.cookies.session, "")
        found = self._held.people.get(digest_of(token)) if token else None
        if found is None:
            return None
        session, account, grants = found
        lasting = lasts({grant.role for grant in grants}, shared=bool(session.tablet))
        with self._lock:
            seen_s = max(session.seen_s, self._seen.get(session.id, 0.0))
        if now_s - seen_s >= lasting.idle_s or now_s - session.since_s >= lasting.absolute_s:
            return None
        if not credentials.by_itself:
            self._see(session.id, now_s)
        return Asker(
            kind=Kind.PERSON,
            id=account.id,
            name=account.name,
            grants=grants,
            session=session.id,
            proved_s=session.proved_s,
        )

    def _tablet(self, credentials: Credentials, now_s: float) -> Asker:
        tablet = self.tablet_of(credentials)
        if tablet is None:
            return NOBODY
        self._see(tablet.id, now_s)
        role = Role.TABLET if tablet.shows_names else Role.TABLET_UNNAMED
        return Asker(kind=Kind.TABLET, id=tablet.id, name=tablet.name, grants=frozenset({Grant(role, tablet.site)}))

    def _see(self, what: str, now_s: float) -> None:
        with self._lock:
            self._seen[what] = self._untold[what] = now_s

    def _tell(self) -> None:
        """Say once a minute when whom was seen. A registry that does not take it is told the next time."""
        now_s = self._clock()
        if 0 <= now_s - self._told_s < TOLD_S:
            return
        with self._lock:
            untold, self._untold = self._untold, {}
            self._told_s = now_s
        if not untold:
            return
        try:
            self._known.touch(untold)
        except Exception:
            with self._lock:
                self._untold = {**untold, **self._untold}
            raise
        there = {session.id for session, _, _ in self._held.people.values()}
        with self._lock:
            self._seen = {what: at_s for what, at_s in self._seen.items() if what in there}


def _held(ways: WaysIn) -> _Held:
    accounts = {account.id: account for account in ways.accounts}
    grants = {
        account.id: frozenset(Grant(Role(each.role), each.site) for each in account.grants) for account in ways.accounts
    }
    return _Held(
        revision=ways.revision,
        people={
            each.digest: (each, accounts[each.account], grants[each.account])
            for each in ways.sign_ins
            if each.account in accounts
        },
        tablets={each.digest: each for each in ways.tablets},
        tokens={each.digest: each for each in ways.tokens},
    )
