"""An installation in; the header by which a tablet that is enrolled in it now asks its board, out."""

from contextlib import closing
from typing import Final

from console.access.cookies import TABLET
from forecalm.config import Config
from forecalm.installation import Installation

COOKIE: Final = "cookie"
"""The file of a benchmark's folder in which it stands, for other processes."""


def cookie(config: Config) -> str:
    """Return the value of the Cookie header."""
    with closing(Installation(config).open_registry()) as registry:
        token, _ = registry.enrol_tablet("Benchmark", site=config.site.name, shows_names=True, by="benchmark")
    return f"{TABLET}={token}"
