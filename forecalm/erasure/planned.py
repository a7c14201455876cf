"""Somebody who is to be erased in; their erasure, made at the next start of the service before anybody is watched, out.

A service that runs holds a person in many places at once (docs/decisions/028); so it ends itself, and the next start
begins with what was planned. A start that is cut off goes on with it the next time. Nobody is unwatched for longer
because of it: what cannot be erased is told, and the service starts all the same.
"""

import json
import logging
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from forecalm.erasure.erasure import Erasure, hold, pending
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import alone, lines_of, shred, write_whole
from ingest.errors import RegistryError

log = logging.getLogger(__name__)

PLAN: Final = "erase-planned.json"
"""In the folder of the installation; it names the wearer, so it is overwritten at the end."""


def plan(here: Installation, wearer: str, *, by: str) -> None:
    """Have ``wearer`` erased at the next start, for ``by``. Raises RegistryError where somebody else is planned, or an
    erasure of somebody else was cut off."""
    other = planned(here) or pending(here) or ""
    if other and other != wearer:
        raise RegistryError(f"erasure: that of {other} is to be finished first")
    _write(here, {"wearer": wearer, "by": by})


def planned(here: Installation) -> str:
    """Return the pseudonym of who is to be erased, "" where nobody is."""
    return str(_plan(here).get("wearer", ""))


def failed(here: Installation) -> str:
    """Return why it could not be done at the last start, "" where it was not tried or nobody is planned."""
    return str(_plan(here).get("why", ""))


def carry_out(here: Installation, now_s: float) -> Path | None:
    """Erase whoever is planned, and return where the receipt is; None: nobody is, or it could not be done, which is
    logged, kept beside the plan, and tried at the next start. Never raises because of the erasure itself."""
    wanted = _plan(here)
    if not wanted:
        return None
    log.warning("somebody is erased before this service starts: nobody is watched meanwhile")
    try:
        receipt = _erase(here, str(wanted["wearer"]), by=str(wanted["by"]), now_s=now_s)
    except Exception as error:  # whatever it is, people must be watched
        log.exception("the erasure that was planned is not done: it is tried again at the next start")
        why = str(error) if isinstance(error, KeepingError) else f"{type(error).__name__}: the log says more."
        _write(here, wanted | {"why": why})
        return None
    shred(here.folder / PLAN)
    return receipt


def _erase(here: Installation, wearer: str, *, by: str, now_s: float) -> Path | None:
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store, alone(here.folder):
        if wearer not in registry.wearers() and pending(here) != wearer:
            return None  # somebody erased them meanwhile
        listed = Erasure(here, registry, store, by=by).look(wearer)
        with closing(hold(here, listed)) as journal:
            return Erasure(here, registry, store, by=by, journal=journal).erase(listed, now_s)


def _plan(here: Installation) -> dict[str, Any]:
    return next(lines_of(here.folder / PLAN), {})


def _write(here: Installation, said: dict[str, Any]) -> None:
    write_whole(here.folder / PLAN, json.dumps(said).encode() + b"\n")
