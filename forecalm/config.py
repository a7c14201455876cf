"""One TOML file and the environment in, frozen typed sections out; unknown keys are errors that name the file."""

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from forecalm.nearest import meant
from ingest.errors import SourceError
from ingest.ids import ID

PREFIX: Final = "FORECALM_"  # FORECALM_MQTT_PORT=1884 overrides [mqtt] port
OF_TESTS: Final = "FORECALM_TEST_"  # is not ours
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Site = Annotated[str, msgspec.Meta(pattern=ID)]


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the file or variable, the key and what would be right."""


class SiteSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where this is: ``name`` stands in every topic, ``place`` and ``time_zone`` on every page."""

    name: Site = "home"
    place: str = "Home"
    time_zone: str = "UTC"  # no guess: a wrong zone on an alert is worse than an unfamiliar one


class MqttSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker. Credentials always: brokers drop the sessions of the anonymous."""

    host: str = "127.0.0.1"
    port: Port = 1883  # the registered port
    username: str = "forecalm"
    password: str = "forecalm"  # noqa: S105 - for the embedded broker on loopback; a real one gets its own
    tls: bool = False  # the embedded broker has none, nor needs it on loopback; wherever else it is for you to say
    ca: str = ""  # PEM file of the authority that signed the broker's certificate; "": those that the system trusts


class StoreSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where readings settle; they always land in a file of ``data`` first. All but ``kind`` is for InfluxDB."""

    kind: Literal["sqlite", "influxdb"] = "sqlite"
    url: str = "http://127.0.0.1:8086"  # InfluxDB's own port
    org: str = ""  # 2.x only
    bucket: str = "forecalm"
    verify_ssl: bool = True
    token: str = ""  # better in the environment: FORECALM_STORE_TOKEN


class RegistrySection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people, bands, consents and labels are kept: a file of ``data``, or a PostgreSQL by its ``url``."""

    url: str = ""  # postgresql+psycopg://user@host/database; the password better in the environment


class KeepingSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not kept for ever. How long readings of people are kept is said for each site in the registry."""

    unassigned_hours: Annotated[float, msgspec.Meta(ge=0, le=24 * 31)] = 24.0  # a day to say who wore a band


class ConsoleSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the board is served, and how tablets know that it is ours: docs/tls.md."""

    host: str = "127.0.0.1"  # "0.0.0.0": on every network of this machine, by TLS
    port: Port = 8420
    url: str = ""  # under which carers' phones reach it (a tunnel, a proxy), for links in messages; "": no links
    tls: Literal["auto", "off", "local", "own", "acme"] = "auto"  # see ``secured``
    names: tuple[str, ...] = ()  # further names and addresses of this machine; of acme: those to be certified
    certificate: str = ""  # of own: PEM, the server's first, those that signed it after it
    key: str = ""  # of own: PEM, not encrypted; may be the same file
    trust_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8421  # of local: hands out the authority; 0: nowhere
    acme_directory: str = "https://acme-v02.api.letsencrypt.org/directory"  # Let's Encrypt: free, and known everywhere
    acme_email: str = ""  # for its notices; it need not have any
    acme_agree: bool = False  # that you agree to its terms is yours to say
    acme_port: Port = 80  # where it asks (RFC 8555, 8.3); another only where 80 is forwarded to it
    acme_ca: str = ""  # PEM of who vouches for the directory itself, of an authority in the house; "": the system's

    @property
    def secured(self) -> Literal["off", "local", "own", "acme"]:
        """How it is served: as said; ``auto`` is one's own certificate where there is one, else nothing on loopback,
        else that of this house's own authority."""
        if self.tls != "auto":
            return self.tls
        if self.certificate:
            return "own"
        return "off" if self.host in LOOPBACK else "local"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. ``data`` is the folder of stores, journal, registry and what was learnt."""

    data: str = "var"
    site: SiteSection = SiteSection()
    mqtt: MqttSection = MqttSection()
    store: StoreSection = StoreSection()
    registry: RegistrySection = RegistrySection()
    keeping: KeepingSection = KeepingSection()
    console: ConsoleSection = ConsoleSection()

    @property
    def folder(self) -> Path:
        """``data`` as a path."""
        return Path(self.data)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.site.time_zone)


SECTIONS: Final[dict[str, type[msgspec.Struct]]] = {
    "site": SiteSection,
    "mqtt": MqttSection,
    "store": StoreSection,
    "registry": RegistrySection,
    "keeping": KeepingSection,
    "console": ConsoleSection,
}
OF_GATEWAYS: Final = ("gateway",)  # sections that only forecalm gateway reads; one environment may serve both
LISTS: Final = ("names",)  # in the environment with commas between
VARIABLE_NEAR: Final = 0.85  # how alike, of 1, by ``difflib``: all begin alike
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Config:
    """Return the configuration in ``path`` (None: all defaults), overridden by FORECALM_* of the environment.

    Raises ConfigError for what cannot be read, unknown keys, values of the wrong type, and addresses off this machine.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes()) if path is not None else {}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    origin = "the environment" if path is None else f"{path} (or FORECALM_* in the environment)"
    check_keys(found, {"data": None, **SECTIONS}, str(path))
    overridden = _override(found, os.environ if environment is None else environment)
    try:
        config = msgspec.convert(overridden, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{origin}: {error}") from None
    try:
        _ = config.zone
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"{origin}: site.time_zone: {config.site.time_zone!r} is no zone such as Europe/London"
        ) from None
    check_tls(config.mqtt, origin)
    check_url(config.console.url, origin)
    check_console(config.console, origin)
    return config


def check_keys(found: Mapping[str, object], known: Mapping[str, type[msgspec.Struct] | None], path: str) -> None:
    """Raise ConfigError, with the nearest that there is, for a section or a key that nothing reads. ``known``: the
    struct of each section; None: a key that stands in none."""
    for name, inner in found.items():
        if name not in known:
            raise ConfigError(f"{path}: {_unknown(name, inner, known)}")
        section = known[name]
        if section is None and isinstance(inner, dict):
            raise ConfigError(f"{path}: {name} is a key: {name} = ...")
        if section is not None and not isinstance(inner, dict):
            raise ConfigError(f"{path}: {name} is a section: [{name}]")
        if section is None or not isinstance(inner, dict):
            continue
        for key in inner:
            if key not in section.__struct_fields__:
                near = meant(key, section.__struct_fields__) or _there(section.__struct_fields__)
                raise ConfigError(f"{path}: no key {key} under [{name}]{near}")


def _unknown(name: str, inner: object, known: Mapping[str, type[msgspec.Struct] | None]) -> str:
    """Why a section or a key at the top is none, and where it may belong."""
    if isinstance(inner, dict):
        return f"no section [{name}]{meant(name, known) or _there(known)}"
    homes = [f"[{each}]" for each, section in known.items() if section and name in section.__struct_fields__]
    if homes:
        return f"no key {name}, does it belong under {' or '.join(homes)}?"
    return f"no key {name}{meant(name, known) or _there(known)}"


def variable_meant(said: str, sections: Mapping[str, type[msgspec.Struct]]) -> str:
    """Return which variable of the environment may be meant by one that is none."""
    known = [f"{PREFIX}{name}_{key}".upper() for name, of in sections.items() for key in of.__struct_fields__]
    near = get_close_matches(said, [*known, PREFIX + "DATA_FOLDER"], n=1, cutoff=VARIABLE_NEAR)
    return f", did you mean {near[0]}? If not," if near else ";"


def _there(known: Iterable[str]) -> str:
    return f"; there are: {', '.join(known)}"


def check_console(said: ConsoleSection, origin: str) -> None:
    """Raise ConfigError where the board would be served off this machine in the clear, or by TLS that cannot be."""

    def refuse(key: str, why: str) -> None:
        raise ConfigError(f"{origin}: console.{key}: {why}")

    if said.secured == "off" and said.host not in LOOPBACK:
        refuse(
            "tls",
            f'"off" is for this machine alone: at {said.host!r} passwords, names and alerts would cross the network for'
            ' all to read, and no tablet could be woken; take it out ("auto"), or set console.host to 127.0.0.1',
        )
    if said.secured == "own" and not (said.certificate and said.key):
        refuse("key" if said.certificate else "certificate", 'tls = "own" takes certificate and key: name both files')
    if said.secured != "own" and (said.certificate or said.key):
        refuse("certificate", f'tls = "{said.tls}" takes no certificate and no key: set tls = "own", or take them out')
    if said.secured == "acme" and not said.names:
        refuse("names", 'tls = "acme" takes the names to be certified, such as ["board.example.org"]')
    if said.secured == "acme" and not said.acme_agree:
        refuse("acme_agree", f"true says that you agree to the terms of {said.acme_directory}: read them, and set it")
    if said.secured == "acme" and not said.acme_directory.startswith("https://"):
        refuse("acme_directory", f"{said.acme_directory!r} is no https:// address")
    if said.secured == "local" and said.trust_port == said.port:
        refuse("trust_port", f"{said.port} is the board's own port: choose another, or 0 for none")
    from forecalm.certificates.names import named  # sockets, which a mere --help need not load

    for key, names in (("names", said.names), ("host", (said.host,))):
        try:
            named(names)
        except ValueError as error:
            refuse(key, f"{error}")


def check_url(url: str, origin: str) -> None:
    """Raise ConfigError where links to ``url`` would lead nowhere, or be read on their way."""
    said = urlsplit(url)
    secure = said.scheme == "https" or (said.scheme == "http" and said.hostname in LOOPBACK)
    if url and not (secure and said.hostname and not (said.query or said.fragment)):
        raise ConfigError(
            f"{origin}: console.url: {url!r} is no address for links: https://NAME, or http:// on this machine"
        )


def check_tls(mqtt: MqttSection, origin: str) -> None:
    """Raise ConfigError where ``mqtt`` names an authority that is of no use, or cannot be read."""
    if mqtt.ca and not mqtt.tls:
        raise ConfigError(f"{origin}: mqtt.ca: {mqtt.ca}: is for TLS: set mqtt.tls = true, and mqtt.port (8883)")
    if mqtt.tls:
        from ingest.sending.tls import context  # paho, which a mere --help need not load

        try:
            context(mqtt.ca)
        except SourceError as error:
            raise ConfigError(f"{origin}: mqtt.{error}") from None


def _override(found: dict[str, object], environment: Mapping[str, str]) -> dict[str, object]:
    """Return ``found`` with FORECALM_DATA_FOLDER and FORECALM_{SECTION}_{KEY} laid over it."""
    merged = dict(found)
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name.startswith(OF_TESTS):
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        inner = merged.get(section, {})
        if name == PREFIX + "DATA_FOLDER":
            merged["data"] = value
        elif section in OF_GATEWAYS:
            continue
        elif section not in SECTIONS or key not in SECTIONS[section].__struct_fields__:
            raise ConfigError(f"{name}: no such setting{variable_meant(name, SECTIONS)} see docs/configuration.md")
        elif isinstance(inner, dict):
            merged[section] = {**inner, key: value.split(",") if key in LISTS else value}
    return merged
