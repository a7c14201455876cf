"""A configuration in, what is well and what is wrong with the installation out, each with its mend. Changes nothing.

It works while the service runs, and where nothing is set up yet. No finding holds a password, a token or a name.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config
from forecalm.doctor import machine
from forecalm.doctor.finding import Finding, Level

log = logging.getLogger(__name__)

Check = Callable[[], Iterable[Finding]]


def examine(path: Path | None) -> Iterator[Finding]:
    """Yield what is found, one thing after the other; a configuration that cannot be used is a finding too, and then
    the machine alone is looked at."""
    yield from _look([("modules", machine.modules)])
    of_machine: list[tuple[str, Check]] = [
        ("versions", machine.versions),
        ("clock", machine.clock),
        ("Bluetooth", machine.bluetooth),
    ]
    try:
        config = load_config(path)
    except ConfigError as error:
        mend = "mend it; broker, store and registry cannot be looked for before: docs/configuration.md"
        yield Finding(Level.FAILURE, "configuration", str(error), mend)
        yield from _look(of_machine)
        return
    shown = "no file, defaults and the environment" if path is None else str(path)
    yield Finding(
        Level.OK, "configuration", f"{shown}; data in {config.folder.absolute()}, time zone {config.zone.key}"
    )
    try:
        checks = _of_data(config)
    except ImportError as error:
        what = f"{error.name} cannot be loaded, so broker, store and registry are not looked at: {error}"
        yield Finding(Level.FAILURE, "modules", what, "see above, or install again: docs/guides/developers.md")
        checks = []
    yield from _look(checks + of_machine)


def _of_data(config: Config) -> list[tuple[str, Check]]:
    from forecalm.doctor import broker, care, certificate, data, shelf
    from forecalm.installation import Installation

    here = Installation(config, look=True)
    return [
        ("broker", lambda: broker.broker(config.mqtt, config.site.name)),
        ("service", lambda: data.service(here)),
        ("certificate", lambda: certificate.certificate(config, time.time())),
        ("disk", lambda: data.disk(here)),
        ("store", lambda: data.store(here)),
        ("InfluxDB", lambda: data.influxdb(config.store)),
        ("registry", lambda: data.registry(here)),
        ("alerting", lambda: care.care(here)),
        ("copies", lambda: data.copies(here, time.time())),
        ("what was learnt", lambda: data.learnt(here)),
        ("models", lambda: shelf.models(here)),
    ]


def _look(checks: list[tuple[str, Check]]) -> Iterator[Finding]:
    """Run checks; one that fails by an error of its own hides no other."""
    for subject, check in checks:
        try:
            yield from check()
        except Exception as error:
            log.debug("%s", subject, exc_info=True)
            what = f"could not be looked at: {type(error).__name__}"
            yield Finding(Level.FAILURE, subject, what, "an error of our own, or of the machine: forecalm -v doctor")
