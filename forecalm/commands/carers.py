"""A carer's name as it was typed in; the name that the house knows it by, or why nobody bears it, out."""

from contextlib import closing
from typing import Final

from alerts.names import called, nobody
from forecalm.config import Config, ConfigError
from forecalm.installation import Installation
from ingest.registry.registry import Registry

ENTERED: Final = "enter them first: forecalm account add NAME --role carer"


def known_as(said: str, config: Config, somebody_new: str = ENTERED, *, new: bool = False) -> str:
    """Return as whom the house knows ``said``: a carer who was entered, alone or with an account. A house that knows no
    carer takes any name. Raises ConfigError, with who may be meant, where nobody is: a slip of a key must not leave
    people with somebody who is not there, and whoever has left is not. ``somebody_new`` says what to do with one."""
    here = Installation(config, look=True)
    if not config.registry.url and not here.registry.exists():
        return said.strip()
    with closing(Registry(here.registry_url)) as registry:
        known, account = registry.carers(), registry.account_named(said)
    if account is not None and account.ended_s is not None:
        raise ConfigError(
            f"{account.name} was ended here: forecalm account reopen NAME --role carer lets them in again"
        )
    found = called(said, known)
    if found is None and known and not new:
        raise ConfigError(f"{said.strip()!r}: {nobody(said, known)} If they are new here, {somebody_new}")
    return found or said.strip()


def enter(carer: str, config: Config) -> None:
    """Let the house know a carer from now on, who is offered on its tablets, too. Raises RegistryError, StoreError."""
    from forecalm.commands.terminal import operator

    with closing(Installation(config).open_registry()) as registry:
        if called(carer, registry.carers()) is None:
            registry.add_carer(carer, by=operator())
