"""A name, a password and a code in; whose account that is, or what is wrong and in which field, out. May block."""

from dataclasses import dataclass
from typing import Final

from console.access import passwords
from console.access.totp import recovery_digest, step_of
from console.door.office import Door
from ingest.registry.accounts import Account, key_of

DIGITS: Final = 6
"""Of a code; what is longer is a recovery code."""

MEANWHILE: Final = "Alerts can be taken meanwhile on every enrolled tablet."


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why somebody is not let in, beside which field; ``because`` is for the audit; ``account`` "" where unknown."""

    field: str
    why: str
    because: str
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was typed, from which address, on which enrolled tablet ("": none), at ``now_s`` [UTC s]."""

    name: str
    password: str
    code: str
    address: str
    tablet: str
    now_s: float

    @property
    def who(self) -> str:
        """By what failures are counted: an account at an enrolled tablet, or anywhere else. Whoever guesses from
        elsewhere keeps nobody from signing in on a tablet of the house."""
        return f"{key_of(self.name)} at {self.tablet or 'no tablet'}"


def prove(door: Door, said: Attempt) -> Account | Wrong:
    """Return whose name, password and code these are. Takes as long whether or not there is such an account."""
    wait_s = door.tries.wait_s(said.who, said.address, said.now_s)
    if wait_s > 0:
        return Wrong("password", f"Too many tries. Please wait {long(wait_s)}. {MEANWHILE}", "too many tries")
    account = door.registry.account_named(said.name)
    there = account is not None and account.ended_s is None
    kept = account.password if account is not None and there else None
    if not passwords.is_right(kept, said.password) or account is None or kept is None:
        door.tries.fail(said.who, said.address, said.now_s)
        left = door.tries.left(said.who, said.now_s)
        tries = f"{left} {'try' if left == 1 else 'tries'} left." if left else "Please wait a little."
        known = account.id if account is not None else ""
        return Wrong("password", f"Name and password do not match. {tries}", "name or password", known)
    if account.factor is not None:
        wrong = _check_code(door, account, said)
        if wrong is not None:
            return wrong
    door.tries.succeed(said.who)
    if passwords.is_outdated(kept):
        door.registry.renew_hash(account.id, kept, passwords.encoded(said.password), by=account.name)
    return account


def _check_code(door: Door, account: Account, said: Attempt) -> Wrong | None:
    """Return what is wrong with a code, None where it is right; that it is asked for is no failure."""
    code = said.code
    if not code:
        return Wrong("code", "Your password once more, and the code that your phone shows, or a recovery code.", "")
    if _uses_up(door, account, code, said.now_s):
        return None
    door.tries.fail(said.who, said.address, said.now_s)
    return Wrong("code", "That code is wrong, or was used before. Wait for the next one.", "code", account.id)


def _uses_up(door: Door, account: Account, code: str, now_s: float) -> bool:
    plain = "".join(letter for letter in code if letter.isalnum())
    if len(plain) > DIGITS:
        return door.registry.use_recovery_code(account.id, recovery_digest(plain), by=account.name)
    secret = door.factors.opened(account.factor or "", account.id)
    step = None if secret is None else step_of(secret, plain, now_s, after=account.factor_step)
    return step is not None and door.registry.use_step(account.id, step)


def long(wait_s: float) -> str:
    """Return how long to wait, in words."""
    return f"{wait_s:.0f} s" if wait_s < 90 else f"{wait_s / 60:.0f} minutes"
