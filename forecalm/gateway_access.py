"""A registry in; the files by which a broker lets gateways in, kept as the registry says, out."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from forecalm.again import Again
from forecalm.certificates.files import SECRET, keep
from forecalm.config import Config
from ingest.broker import RULES, USERS
from ingest.broker_access import SALT_BYTES, Entry, hashed, is_right, rules_text, users_text
from ingest.registry.accounts_devices import GatewayCredential
from ingest.registry.gateway_access import entries_of, in_force

FOLDER: Final = "broker"  # in the folder of the configuration
LOOK_S: Final = 1.0  # how soon a change is written: a stolen secret must not work for long
SERVICE_ITERATIONS: Final = 20_000  # the service's own password may be one that somebody thought of


class Source(Protocol):
    """The registry, as far as it is asked here."""

    def gateway_credentials(self) -> list[GatewayCredential]:
        """Every credential there ever was."""


def write_access(config: Config, source: Source, now_s: float, folder: Path | None = None) -> bool:
    """Write the files of who is let in now to ``folder`` (None: the data's); return whether that changed them. Raises
    OSError and RegistryError."""
    where = config.folder / FOLDER if folder is None else folder
    entries: list[Entry] = entries_of(in_force(source.gateway_credentials(), now_s))
    service = config.mqtt.username
    wanted = (
        (where / RULES, rules_text(service, entries)),  # first: nobody ever comes in without rules
        (where / USERS, users_text((service, _service_secret(where / USERS, config)), entries)),
    )
    changed = [(path, text) for path, text in wanted if _read(path) != text]
    for path, text in changed:
        keep(path, text.encode(), mode=SECRET)
    return bool(changed)


def _service_secret(users: Path, config: Config) -> str:
    """The hash of the service's own password: the one that stands there, if it is right, so that nothing changes."""
    for line in _read(users).splitlines():
        name, _, secret = line.partition(":")
        if name == config.mqtt.username and is_right(config.mqtt.password, secret):
            return secret
    return hashed(config.mqtt.password, salt=secrets.token_bytes(SALT_BYTES), iterations=SERVICE_ITERATIONS)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


class AccessFiles(Again):
    """Keeps the files as the registry says, within ``LOOK_S``: also where a grace ends. Where the registry or the disk
    fails, what was written last stands."""

    def __init__(self, config: Config, source: Source, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__("gateway access", every_s=LOOK_S, failing="who comes in at the broker stays as it was")
        self._config = config
        self._source = source
        self._clock = clock

    def look(self) -> None:
        """Write what has changed."""
        write_access(self._config, self._source, self._clock())
