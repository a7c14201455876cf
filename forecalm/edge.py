"""A gateway's TOML file, the environment and what was said on the command line in, frozen typed sections out.

A gateway is a machine of its own with a file of its own: unknown keys are errors, as in ``forecalm.config``.
"""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from forecalm.config import OF_TESTS, PREFIX, ConfigError, MqttSection, Site, check_keys, check_tls, variable_meant
from forecalm.config import SECTIONS as OF_SERVICE
from ingest.ids import fitted

MEGA: Final = 1 << 20
NAME_MAX: Final = 64


def this_computer() -> str:
    """What a gateway is called that nobody named: ``gw-`` and this computer's name, as far as topics hold it."""
    return "gw-" + (fitted(platform.node(), "-").strip("-") or "unnamed")[: NAME_MAX - 3]


class GatewaySection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is called, where it is, and by which radios it hears.

    ``adapters``: ``""`` for the operating system's own, ``hci0`` for one of BlueZ's, or a transport such as ``usb:0``.
    ``links_max`` holds for each. ``data`` is where it keeps what is not stored, its bonds, numbers and the roster.
    """

    name: Site = msgspec.field(default_factory=this_computer)
    site: Site = "home"
    adapters: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=16)] = ("",)
    links_max: Annotated[int, msgspec.Meta(ge=1, le=32)] = 7  # USB adapters hold 7 to 10
    data: str = "var/gateway"
    spool_mb: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] = 2048  # half a month of one band, 17 h of twenty


class EdgeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set of a gateway."""

    gateway: GatewaySection = msgspec.field(default_factory=GatewaySection)
    mqtt: MqttSection = MqttSection()

    @property
    def folder(self) -> Path:
        """``data`` as a path."""
        return Path(self.gateway.data)


SECTIONS: Final[dict[str, type[msgspec.Struct]]] = {"gateway": GatewaySection, "mqtt": MqttSection}


def load_edge(
    path: Path | None,
    *,
    said: Mapping[str, Mapping[str, object]] | None = None,
    environment: Mapping[str, str] | None = None,
) -> EdgeConfig:
    """Return the configuration in ``path`` (None: all defaults), under FORECALM_GATEWAY_* and FORECALM_MQTT_* of the
    environment, under what was ``said`` on the command line.

    Raises ConfigError, naming the file or variable and the key, for what cannot be read, unknown keys and values of the
    wrong type.
    """
    try:
        found: dict[str, Any] = msgspec.toml.decode(path.read_bytes()) if path is not None else {}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    check_keys(found, SECTIONS, str(path))
    origin = "the command line" if path is None else f"{path} (or FORECALM_* in the environment, or the command line)"
    for section, values in (*_from(os.environ if environment is None else environment), *(said or {}).items()):
        inner = found.get(section, {})
        if isinstance(inner, dict):
            found[section] = {**inner, **values}
    try:
        config = msgspec.convert(found, EdgeConfig, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{origin}: {error}") from None
    check_tls(config.mqtt, origin)
    if len(set(config.gateway.adapters)) < len(config.gateway.adapters):
        raise ConfigError(f"{origin}: gateway.adapters: {config.gateway.adapters}: each only once")
    return config


def _from(environment: Mapping[str, str]) -> list[tuple[str, dict[str, object]]]:
    found: list[tuple[str, dict[str, object]]] = []
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name.startswith(OF_TESTS):
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if name == PREFIX + "DATA_FOLDER" or (section in OF_SERVICE and section not in SECTIONS):
            continue  # the service's, which checks them: one environment may serve both
        if section not in SECTIONS or key not in SECTIONS[section].__struct_fields__:
            near = variable_meant(name, SECTIONS)
            raise ConfigError(f"{name}: no such setting of a gateway{near} see docs/guides/gateway.md")
        found.append((section, {key: value.split(",") if key == "adapters" else value}))
    return found
