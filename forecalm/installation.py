"""A configuration in; the files and databases that an installation consists of out."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from forecalm.config import Config, StoreSection
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from ingest.store.protocol import Store

if TYPE_CHECKING:
    from ingest.store.influx_connection import InfluxConnection

RELEARNT = "relearnt"  # the folder, beside what is learnt, into which it may be handed over
SECRET_BYTES = 32  # as long as the digests that it keys
BY = "the configuration"  # whom the audit names for what follows from it


class Installation:
    """Everything below ``folder``, which is made where there is none (unless somebody only wants to ``look``), and the
    servers that take the place of files.

    Opening raises StoreError or RegistryError where a database cannot be used, and OSError where a file cannot.
    """

    def __init__(self, config: Config, *, look: bool = False) -> None:
        self.config = config
        self.folder = config.folder
        if not look:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # names and readings: for its owner alone

    @property
    def readings(self) -> Path:
        """Every packet that was received: all of it, or what has not settled in InfluxDB yet."""
        return self.folder / "readings.sqlite"

    @property
    def registry(self) -> Path:
        """Who wears what, who consented, what was labelled; unless PostgreSQL holds it."""
        return self.folder / "registry.sqlite"

    @property
    def registry_url(self) -> str:
        """Where the registry is; may hold a password."""
        return self.config.registry.url or f"sqlite:///{self.registry}"

    @property
    def journal(self) -> Path:
        """Every alert and what became of it."""
        return self.folder / "journal.jsonl"

    @property
    def learnt(self) -> Path:
        """What is usual for each wearer."""
        return self.folder / "learnt.npz"

    @property
    def relearnt(self) -> Path:
        """What was learnt anew of wearers, a file each, until the engine takes it over."""
        return self.folder / RELEARNT

    @property
    def rescored(self) -> Path:
        """What corrected assignments were found to mean, a file a wearer and correction."""
        return self.folder / "rescored"

    @property
    def models(self) -> Path:
        """The shelf: trained models, and which of them is to watch."""
        return self.folder / "models"

    @property
    def push_key(self) -> Path:
        """The key by which browsers know messages of this server; made when one is first needed."""
        return self.folder / "push.pem"

    @property
    def erasing(self) -> Path:
        """The mark of an erasure that is under way, or was cut off; it names the wearer."""
        return self.folder / "erasing.json"

    def open_registry(self) -> Registry:
        """The registry, its tables up to date, and this site in it."""
        registry = Registry(self.registry_url)
        registry.upgrade()
        try:
            self._enter_site(registry)
        except BaseException:
            registry.close()
            raise
        return registry

    def _enter_site(self, registry: Registry) -> None:
        said = self.config.site
        known = {site.name: site for site in registry.sites()}.get(said.name)
        if known is None:
            registry.add_site(Site(said.name, said.place, said.time_zone), by=BY)
        elif (known.place, known.time_zone) != (said.place, said.time_zone):
            registry.change_site(Site(said.name, said.place, said.time_zone, known.readings_days), by=BY)

    def open_store(self) -> Store:
        """The store of readings: a file, or a file to land in with an InfluxDB behind it."""
        if self.config.store.kind == "sqlite":
            from ingest.store.sqlite import SqliteStore

            return SqliteStore(self.readings)
        from ingest.store.inbox import Inbox
        from ingest.store.influx import InfluxRest
        from ingest.store.settling import SettlingStore

        return SettlingStore(Inbox(self.readings), InfluxRest(self._connect(self.config.store)))

    def open_influx(self) -> "InfluxConnection | None":
        """A connection of its own to the InfluxDB behind the store; None where there is none."""
        said = self.config.store
        return self._connect(said) if said.kind == "influxdb" else None

    def _connect(self, said: StoreSection) -> "InfluxConnection":
        from ingest.store.influx_connection import InfluxConnection

        return InfluxConnection(
            url=said.url,
            bucket=said.bucket,
            token=said.token or None,
            org=said.org or None,
            verify_ssl=said.verify_ssl,
        )

    def identity(self) -> str:
        """The name of this installation, made at its first start.

        A broker keeps one connection a client id, so two services must never share one: each would cut the other off.
        """
        return self._made_once("identity", 8)

    def secret(self) -> bytes:
        """What the keys of tablets and the links of alerts are sealed with, made at the first start: whoever has it can
        take an alert in anybody's name."""
        return bytes.fromhex(self._made_once("secret", SECRET_BYTES))

    def _made_once(self, name: str, size: int) -> str:
        """What stands in a file of this folder, readable by its owner alone: ``size`` random bytes, written in hex."""
        path = self.folder / name
        if not path.exists():
            part = path.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(secrets.token_hex(size) + "\n")
            part.replace(path)  # killed before, the next start makes another: never half of one
        return path.read_text().strip()
