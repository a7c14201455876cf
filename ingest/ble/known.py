"""The files of ``ingest/ble/profiles`` in, the kinds of bands that a gateway can speak to out."""

import importlib
import logging
import pkgutil

from ingest.ble import profiles
from ingest.ble.profile import Profile
from ingest.errors import LinkError

log = logging.getLogger(__name__)


def known_profiles() -> tuple[Profile, ...]:
    """A fresh profile of each file, in the order of their names; what they keep belongs to one gateway.

    A file that cannot be used is told of by name and left out: bands of its kind are served by nobody either way, and
    all the others would be lost with them if the gateway refused to start. Raises LinkError where none can be used.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(profiles.__path__))
    made: list[Profile] = []
    for name in names:
        try:
            made.append(importlib.import_module(f"{profiles.__name__}.{name}").profile())
        except Exception:  # whatever a file does wrong
            log.exception("profile %s.py cannot be used: no band of its kind is served until it is mended", name)
    if not made:
        raise LinkError(f"no profile can be used ({', '.join(names)}): see the log, and install forecalm anew")
    return tuple(made)
