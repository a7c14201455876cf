"""The command line and the environment in, where the broker is and how to talk to it out."""

import argparse
from typing import Final

import msgspec

from forecalm.config import ConfigError, MqttSection, check_tls

ORIGIN: Final = "the command line (or FORECALM_MQTT_* in the environment)"


def broker_said(chosen: argparse.Namespace) -> MqttSection:
    """The broker that was named. Raises ConfigError for what cannot be."""
    name, password = chosen.user
    said = {"host": chosen.host, "port": chosen.port, "username": name, "password": password}
    try:
        mqtt = msgspec.convert({**said, "tls": chosen.tls, "ca": chosen.ca}, MqttSection, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{ORIGIN}: mqtt: {error}") from None
    check_tls(mqtt, ORIGIN)
    return mqtt
