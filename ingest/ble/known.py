"""The files of ``ingest/ble/profiles`` in, the kinds of bands that a gateway can speak to out."""

import importlib
import pkgutil

from ingest.ble import profiles
from ingest.ble.profile import Profile


def known_profiles() -> tuple[Profile, ...]:
    """A fresh profile of each file, in the order of their names; what they keep belongs to one gateway."""
    names = sorted(module.name for module in pkgutil.iter_modules(profiles.__path__))
    made: list[Profile] = [importlib.import_module(f"{profiles.__name__}.{name}").profile() for name in names]
    return tuple(made)
