"""Where a broker is and who one is to it: host, port, credentials. No sockets."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker. Credentials are never shown."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"broker {self.host}:{self.port}"
