"""Commands on people and their bands: pair."""

import argparse
import getpass
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from forecalm.config import Config
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.registry.consents import Consent


def pair(chosen: argparse.Namespace) -> int:
    """Say who wears a band from now on; a running service must be started anew to watch a new wearer."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        now_s, names = time.time(), registry.names()
        before = registry.wearer_of(chosen.band, now_s)
        registry.pair(
            band=chosen.band,
            wearer=chosen.wearer,
            since_s=now_s,
            name=chosen.name,
            carers=chosen.carer,
            consent=_consent(chosen.consent_by, now_s),
            by=_operator(),
        )
    said = [f"{chosen.wearer} wears {chosen.band} from now on."]
    if before not in (None, chosen.wearer):
        said.append(f"{before} ({names[before]}) no longer has a band.")
    if chosen.wearer not in names:
        said.append("A service that runs must be started again to watch a new wearer.")
    sys.stdout.write(" ".join(said) + f"\nKept in {here.registry}\n")
    return 0


def _consent(given_by: str | None, from_s: float) -> "Consent | None":
    """To care, and to nothing else: no other use of readings is ever assumed."""
    from ingest.registry.consents import Consent, Scope

    return None if given_by is None else Consent(frozenset({Scope.CARE}), given_by, from_s)


def _operator() -> str:
    """Who the audit says it was: the user of this machine, where it has names."""
    try:
        return f"{getpass.getuser()} at the command line"
    except (KeyError, OSError):
        return "the command line"
