"""Where a broker is, who one is to it, and how they talk: host, port, credentials, TLS. No sockets."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker. Credentials are never shown. ``ca`` is a PEM file of authorities; "": the system's."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: str = ""

    def __str__(self) -> str:
        return f"broker {self.host}:{self.port}"
