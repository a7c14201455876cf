"""Real accounts, tablets and seals in an installation: what tests of a whole service are let in by."""

import time
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from functools import cache

from console.access import passwords
from console.access.command_line import shown
from console.access.cookies import SESSION, TABLET
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.registry.accounts import EVERYWHERE, Granted

PASSWORD = "three blue kettles sing"  # noqa: S105 - of tests
"""Of everybody here."""


@cache
def encoded() -> str:
    """The hash of ``PASSWORD``: made once."""
    return passwords.encoded(PASSWORD)


def sealed(config: Config) -> dict[str, str]:
    """The header by which the command line of this installation asks, for a minute."""
    return {"Authorization": shown(Installation(config).secret(), time.time())}


def asked(
    config: Config, address: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> urllib.request.Request:
    """A request of the command line."""
    return urllib.request.Request(address, data=data, headers={**(headers or {}), **sealed(config)})


def enrolled(config: Config, name: str = "Kitchen", *, site: str | None = None, shows_names: bool = True) -> str:
    """The token of a tablet that is enrolled now; it goes in the cookie ``forecalm-tablet``."""
    with closing(Installation(config).open_registry()) as registry:
        where = site or config.site.name
        return registry.enrol_tablet(name, site=where, shows_names=shows_names, by="test")[0]


def tablet(
    config: Config, name: str = "Kitchen", *, site: str | None = None, shows_names: bool = True
) -> dict[str, str]:
    """The header by which an enrolled tablet asks. A service that runs knows it within a second or two."""
    return {"Cookie": f"{TABLET}={enrolled(config, name, site=site, shows_names=shows_names)}"}


def add_person(config: Config, name: str, *roles: str, site: str = EVERYWHERE) -> str:
    """Enter somebody who signs in by ``PASSWORD``; return their account's id."""
    with closing(Installation(config).open_registry()) as registry:
        account = registry.add_account(name, [Granted(role, site) for role in roles], by="test")
        registry.set_password(account.id, encoded(), by="test")
        return account.id


def sign_in(config: Config, name: str, *roles: str, site: str = EVERYWHERE) -> str:
    """The token of a session that somebody has begun, who is entered where they are not known yet; it goes in the
    cookie ``forecalm``. A service that runs knows it within a second or two."""
    with closing(Installation(config).open_registry()) as registry:
        known = registry.account_named(name)
        account = known.id if known is not None else None
    account = account or add_person(config, name, *roles, site=site)
    with closing(Installation(config).open_registry()) as registry:
        return registry.begin_sign_in(account, device="Chrome on Linux", by=name)[0]


def person(config: Config, name: str, *roles: str, site: str = EVERYWHERE) -> dict[str, str]:
    """The header by which somebody who has signed in asks."""
    return {"Cookie": f"{SESSION}={sign_in(config, name, *roles, site=site)}"}


def cookie(address: str, name: str, token: str) -> dict[str, object]:
    """As Playwright's ``context.add_cookies([...])`` takes it; ``name`` is ``SESSION`` or ``TABLET``."""
    return {"name": name, "value": token, "url": address, "httpOnly": True, "sameSite": "Lax"}
