"""A question for the service that runs in; its answer, or why it gives none, out."""

import http.client
import json
from typing import Any, Final

from forecalm.config import ConfigError, ConsoleSection

ANSWERS_S: Final = 10.0
"""A service that is alive answers in milliseconds, one whose disk is slow in seconds."""

API: Final = "/api/v1"


class NotGranted(ConfigError):
    """The service refuses, or none answers."""


class Asking:
    """Speaks to the service at ``said`` as a tablet of its own, which never beats and is registered when one is first
    needed. Raises NotGranted, which says what the service said, where it refuses or none answers."""

    def __init__(self, said: ConsoleSection) -> None:
        self._said = said
        self._key = ""

    @property
    def address(self) -> str:
        """Where it is asked."""
        host = self._said.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._said.port}"

    def runs(self) -> bool:
        """Whether one answers."""
        try:
            self._send("GET", "/healthz", None)
        except NotGranted:
            return False
        return True

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - as JSON has it
        """Return what the service answers to ``path``, below ``API``."""
        if not self._key:
            made = self._send("POST", f"{API}/tablets", None)
            self._key = f"Tablet {made['tablet']}.{made['key']}"
        return self._send(method, API + path, body)

    def _send(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401
        headers = {"Accept": "application/json", "Origin": self.address}
        headers |= {"Authorization": self._key} if self._key else {}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self._said.host, self._said.port, timeout=ANSWERS_S)
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
