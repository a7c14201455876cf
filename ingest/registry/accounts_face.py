"""Who signs in in, with what, as what and where; who is let in out: accounts, sessions, links, tablets and tokens."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.registry import (
    accounts,
    accounts_devices,
    accounts_ending,
    accounts_links,
    accounts_sessions,
    audit,
    gateway_access,
)
from ingest.registry.accounts import Account, Granted
from ingest.registry.accounts_devices import EnrolledTablet, GatewayCredential, MachineToken
from ingest.registry.accounts_links import Link, Purpose
from ingest.registry.accounts_sessions import SignIn
from ingest.registry.face import Face

DOOR: Final = "the door"
"""Who writes what no entry tells of."""


@dataclass(frozen=True, slots=True)
class WaysIn:
    """Everything by which somebody is let in, as of one moment; what has ended is not among it."""

    revision: int
    accounts: tuple[Account, ...]
    sign_ins: tuple[SignIn, ...]
    tablets: tuple[EnrolledTablet, ...]
    tokens: tuple[MachineToken, ...]


class Accounts(Face):
    """Accounts and everything else by which somebody is let in. Secrets are kept as digests or hashes: what is handed
    out as a token is never seen again."""

    # Accounts

    def accounts(self) -> list[Account]:
        """Every account, those that were ended too, by name."""
        with self._reading() as connection:
            return accounts.every(connection)

    def account(self, account: str) -> Account:
        """One account by its id."""
        with self._reading() as connection:
            return accounts.one(connection, account)

    def account_named(self, name: str) -> Account | None:
        """The account of that name, whatever its case, None where nobody signs in by it. It may have been ended."""
        with self._reading() as connection:
            return accounts.named(connection, name)

    def has_administrator(self) -> bool:
        """Whether somebody who has chosen a password may say who signs in: else a set-up link is to be made."""
        with self._reading() as connection:
            return accounts.has_administrator(connection)

    def add_account(self, name: str, grants: Iterable[Granted] = (), *, by: str) -> Account:
        """Enter somebody who is to sign in; ``invite`` them next. Nobody else may have, or have had, that name: it
        stands for them in journals. Whoever has the role of a carer should also be one: see ``add_carer``."""
        with self._writing(by) as writing:
            return accounts.add(writing, name, grants)

    def set_grants(self, account: str, grants: Iterable[Granted], *, by: str) -> Account:
        """Say what somebody is, and where, from now on; it holds in running sessions within three seconds. Who was a
        carer, and is one nowhere any more, gets no messages. Raises RegistryError where nobody would be left to say who
        signs in."""
        with self._writing(by) as writing:
            return accounts.set_grants(writing, account, grants)

    def end_account(self, account: str, *, by: str) -> None:
        """Let somebody in no more: sessions, roles, links, password and second factor go; the name stays theirs."""
        with self._writing(by) as writing:
            accounts.end(writing, account)

    def reopen_account(self, account: str, grants: Iterable[Granted], *, by: str) -> Account:
        """Let somebody in again whose account was ended; ``invite`` them next."""
        with self._writing(by) as writing:
            return accounts.reopen(writing, account, grants)

    def set_password(self, account: str, encoded: str, *, keep: str = "", by: str) -> None:
        """Set the hash of a password, and end every session of theirs but ``keep``."""
        with self._writing(by) as writing:
            accounts.set_password(writing, account, encoded, keep=keep)

    def renew_hash(self, account: str, was: str, encoded: str, *, by: str) -> None:
        """Keep another hash of the same password; nothing happens where the password is another meanwhile."""
        with self._writing(by) as writing:
            accounts.renew_hash(writing, account, was, encoded)

    def set_factor(self, account: str, sealed: str | None, digests: Collection[str] = (), *, by: str) -> None:
        """Set the sealed secret of a second factor and the digests of its recovery codes; None: there is none."""
        with self._writing(by) as writing:
            accounts.set_factor(writing, account, sealed, digests)

    def use_step(self, account: str, step: int) -> bool:
        """Use up the code of one step of time; False: that one, or a later one, was used before."""
        with self._writing(DOOR) as writing:
            return accounts.use_step(writing, account, step)

    def use_recovery_code(self, account: str, digest: str, *, by: str) -> bool:
        """Use up a recovery code; False: it is none of theirs, or was used before."""
        with self._writing(by) as writing:
            return accounts.use_recovery_code(writing, account, digest)

    # Links that work once

    def make_link(self, purpose: Purpose, account: str | None = None, *, by: str) -> tuple[str, Link]:
        """Make a link for a first set-up (no account), an invitation, a lost password, or to sign in; return its token
        and what it is. An earlier one of the same purpose for the same account ends. Its path is ``/welcome/TOKEN``."""
        with self._writing(by) as writing:
            return accounts_links.make(writing, purpose, account)

    def invite(self, account: str, *, by: str) -> tuple[str, Link]:
        """Make a link by which somebody chooses their first password."""
        return self.make_link(Purpose.INVITATION, account, by=by)

    def reset(self, account: str, *, by: str) -> tuple[str, Link]:
        """Make a link by which somebody chooses another password; until they have, the old one holds. Whoever may know
        it: ``end_sign_ins`` too, or ``end_account``."""
        return self.make_link(Purpose.PASSWORD, account, by=by)

    def link(self, token: str) -> Link | None:
        """The link of a token that may still be used; None for what is forged, expired or used."""
        with self._reading() as connection:
            return accounts_links.find(connection, token, self._clock())

    def choose_password(self, token: str, encoded: str, *, name: str = "", by: str) -> Account:
        """Use up a link for a set-up, an invitation or a lost password: set the hash of the password that was chosen.
        That of a set-up makes an administrator of everything called ``name``. All of it happens or nothing."""
        with self._writing(by) as writing:
            return accounts_links.choose_password(writing, token, encoded, name=name)

    def sign_in_by_link(self, token: str, *, device: str = "", by: str) -> tuple[str, SignIn]:
        """Use up a link to sign in; return the token of the session, and what it is."""
        with self._writing(by) as writing:
            return accounts_links.sign_in(writing, token, device=device)

    def links(self) -> list[Link]:
        """Every link that may still be used, the oldest first."""
        with self._reading() as connection:
            return accounts_links.open_ones(connection, self._clock())

    def end_link(self, link: str, *, by: str) -> bool:
        """End a link by its id before it is used; False: there is none such."""
        with self._writing(by) as writing:
            return accounts_links.end(writing, link)

    # Sessions

    def begin_sign_in(
        self, account: str, *, tablet: str = "", device: str = "", how: str = "password", by: str
    ) -> tuple[str, SignIn]:
        """Begin a session, on an enrolled tablet or on none; return its token, and what it is."""
        with self._writing(by) as writing:
            return accounts_sessions.begin(writing, account, tablet=tablet, device=device, how=how)

    def sign_ins(self, account: str | None = None) -> list[SignIn]:
        """Every session that was not ended, or those of one account, the oldest first; limits of time may have ended
        some of them."""
        with self._reading() as connection:
            return accounts_sessions.every(connection, account)

    def end_sign_in(self, session: str, *, by: str) -> bool:
        """End a session by its id; False: there is none such."""
        with self._writing(by) as writing:
            return accounts_sessions.end(writing, session)

    def end_sign_ins(self, account: str, *, keep: str = "", by: str) -> int:
        """End every session of an account but ``keep``; return how many."""
        with self._writing(by) as writing:
            ended = accounts_sessions.end_all(writing, account, keep=keep)
            writing.record("sign out everywhere", account=account, ended=ended)
            return ended

    def prove(self, session: str, *, by: str) -> None:
        """Enter that a password was given again in a session."""
        with self._writing(by) as writing:
            accounts_sessions.prove(writing, session)

    def touch(self, seen: Mapping[str, float]) -> None:
        """Enter when sessions, tablets and tokens, by id, were last seen [UTC s]. No change that the audit tells of."""
        with self._writing(DOOR) as writing:
            accounts_sessions.touch(writing, seen)

    # Tablets

    def invite_tablet(self, site: str, *, name: str, shows_names: bool, by: str) -> tuple[str, Link]:
        """Make a link by which a tablet is enrolled; return its token and what it is. Its path is ``/tablet/TOKEN``."""
        with self._writing(by) as writing:
            return accounts_links.make(writing, Purpose.TABLET, site=site, label=name, shows_names=shows_names)

    def enrol_by_link(self, token: str, *, name: str = "", by: str) -> tuple[str, EnrolledTablet]:
        """Use up a link that enrols a tablet; return the tablet's token, and what it is."""
        with self._writing(by) as writing:
            return accounts_devices.enrol_by_link(writing, token, name=name)

    def enrol_tablet(self, name: str, *, site: str, shows_names: bool, by: str) -> tuple[str, EnrolledTablet]:
        """Enrol a tablet; return its token, and what it is."""
        with self._writing(by) as writing:
            return accounts_devices.enrol(writing, name, site=site, shows_names=shows_names)

    def enrolled_tablets(self) -> list[EnrolledTablet]:
        """Every tablet that was ever enrolled, those that were revoked too, the oldest first."""
        with self._reading() as connection:
            return accounts_devices.tablets(connection)

    def change_tablet(self, tablet: str, *, name: str, shows_names: bool, by: str) -> EnrolledTablet:
        """Say how a tablet is called, and whether names show on it when nobody has signed in."""
        with self._writing(by) as writing:
            return accounts_devices.change_tablet(writing, tablet, name=name, shows_names=shows_names)

    def revoke_tablet(self, tablet: str, *, by: str) -> bool:
        """Let a tablet in no more, and end the sessions on it; False: there is none such."""
        with self._writing(by) as writing:
            return accounts_devices.revoke_tablet(writing, tablet)

    # Tokens of machines

    def add_token(self, name: str, *, role: str, site: str, until_s: float, by: str) -> tuple[str, MachineToken]:
        """Make a token by which a program asks as one role at one site until then; return it, and what it is."""
        with self._writing(by) as writing:
            return accounts_devices.add_token(writing, name, role=role, site=site, until_s=until_s)

    def machine_tokens(self) -> list[MachineToken]:
        """Every token that was ever made, those that were revoked or have ended too, the oldest first."""
        with self._reading() as connection:
            return accounts_devices.tokens(connection)

    def revoke_token(self, token: str, *, by: str) -> bool:
        """Let a program in no more, by its token's id; False: there is none such."""
        with self._writing(by) as writing:
            return accounts_devices.revoke_token(writing, token)

    # What lets gateways in

    def add_gateway_credential(
        self, gateway: str, *, site: str, username: str, secret: str, by: str
    ) -> GatewayCredential:
        """Let a gateway in at the broker of a site by a user name; ``secret`` is a salted hash of its password. One of
        that name that was revoked is taken over."""
        with self._writing(by) as writing:
            return accounts_devices.add_gateway_credential(
                writing, gateway, site=site, username=username, secret=secret
            )

    def gateway_credentials(self) -> list[GatewayCredential]:
        """Every credential of gateways, those that were revoked too, by user name."""
        with self._reading() as connection:
            return accounts_devices.gateway_credentials(connection)

    def revoke_gateway_credential(self, username: str, *, by: str) -> bool:
        """Let a gateway in no more; False: there is none such."""
        return self.end_gateway_credential(username, at_s=None, by=by)

    def end_gateway_credential(self, username: str, *, at_s: float | None, by: str) -> bool:
        """Let a gateway in no more by that user from ``at_s`` [UTC s] on (None: from now on); False: there is none such
        that would last longer."""
        with self._writing(by) as writing:
            return gateway_access.end(writing, username, at_s)

    # All of it

    def end_ways_in(self, *, by: str) -> dict[str, int]:
        """End every session, tablet, token and link; return how many of each. Passwords, second factors, roles and what
        lets gateways in stay."""
        with self._writing(by) as writing:
            return accounts_ending.end_ways_in(writing)

    def ways_in(self) -> WaysIn:
        """Everything by which somebody is let in now, as of one revision."""
        with self._reading() as connection:
            return WaysIn(
                revision=audit.head(connection).number,
                accounts=tuple(each for each in accounts.every(connection) if each.ended_s is None),
                sign_ins=tuple(accounts_sessions.every(connection)),
                tablets=tuple(each for each in accounts_devices.tablets(connection) if each.revoked_s is None),
                tokens=tuple(each for each in accounts_devices.tokens(connection) if each.revoked_s is None),
            )
