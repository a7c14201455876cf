"""A question for the service that runs in; its answer, or why it gives none, out."""

import http.client
import json
import ssl
import time
from typing import Any, Final

from console.access.command_line import shown
from forecalm.config import Config, ConfigError
from forecalm.installation import Installation

ANSWERS_S: Final = 10.0
"""A service that is alive answers in milliseconds, one whose disk is slow in seconds."""

API: Final = "/api/v1"


ON_THIS_MACHINE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked for, not listened on
"""Where to ask a service that listens on every address."""


class NotGranted(ConfigError):
    """The service refuses, or none answers."""


class Asking:
    """Speaks to the service of this configuration, on this very machine, sealed with the installation's secret: whoever
    may read that may do what people may. Raises NotGranted, which says what the service said, where it refuses or none
    answers."""

    def __init__(self, config: Config) -> None:
        self._said = config.console
        self._here = Installation(config, look=True)

    @property
    def address(self) -> str:
        """Where it is asked."""
        host, scheme = self._host, "http" if self._said.secured == "off" else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._said.port}"

    @property
    def _host(self) -> str:
        return ON_THIS_MACHINE.get(self._said.host, self._said.host)

    def runs(self) -> bool:
        """Whether one answers."""
        try:
            self._send("GET", "/healthz", None, sealed=False)
        except NotGranted:
            return False
        return True

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - as JSON has it
        """Return what the service answers to ``path``, below ``API``."""
        return self._send(method, API + path, body, sealed=True)

    def _seal(self) -> str:
        try:
            return shown(self._here.secret(), time.time())
        except OSError as error:
            raise NotGranted(
                f"{self._here.folder}: its secret cannot be read ({error.strerror}): ask as the user who"
                " runs the service, with the same --config"
            ) from error

    def _connected(self) -> http.client.HTTPConnection:
        if self._said.secured == "off":
            return http.client.HTTPConnection(self._host, self._said.port, timeout=ANSWERS_S)
        return http.client.HTTPSConnection(self._host, self._said.port, timeout=ANSWERS_S, context=_own_machine())

    def _send(self, method: str, path: str, body: object, *, sealed: bool) -> Any:  # noqa: ANN401
        headers = {"Accept": "application/json", "Origin": self.address}
        headers |= {"Authorization": self._seal()} if sealed else {}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        connection = self._connected()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NotGranted(
                f"no service answers at {self.address} ({type(error).__name__}): start `forecalm serve` with the same"
                " --config, or set console.port to the one that it runs with; nothing has changed"
            ) from error
        finally:
            connection.close()
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if answer.status >= http.client.BAD_REQUEST:
            raise NotGranted(f"the service refused it: {_why(said, answer.status)}")
        if said is None:
            raise NotGranted(f"what answers at {self.address} is no service of ours: look at console.port")
        return said


def _why(said: object, status: int) -> str:
    """What a problem says of itself, its field first."""
    problem = said if isinstance(said, dict) else {}
    why = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
    field = f"{problem['field']}: " if problem.get("field") else ""
    return why if why.startswith(field) else field + why


def _own_machine() -> ssl.SSLContext:
    """Return TLS that asks for no certificate: a question never leaves this machine, whose certificate may be for names
    that only others know it by, and the seal is of no use to anybody a minute later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
