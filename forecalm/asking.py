"""A question for the service that runs in; its answer, or why it gives none, out."""

import http.client
import json
from typing import Any, Final

from forecalm.config import ConfigError, ConsoleSection

ANSWERS_S: Final = 10.0  # a service that does not answer by then hangs, or is none

API: Final = "/api/v1"


class Asking:
    """Speaks to the board at ``said`` as a tablet of its own, which is registered when one is first needed. Raises
    ConfigError, which says what the service said, where it refuses or cannot be reached."""

    def __init__(self, said: ConsoleSection) -> None:
        self._said = said
        self._key = ""

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - as JSON has it
        """Return what the service answers to ``path``, below ``API``."""
        if not self._key:
            made = self._send("POST", "/tablets", None)
            self._key = f"Tablet {made['tablet']}.{made['key']}"
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401
        at = f"{self._said.host}:{self._said.port}"
        headers = {"Accept": "application/json", "Origin": f"http://{at}"}
        headers |= {"Authorization": self._key} if self._key else {}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self._said.host, self._said.port, timeout=ANSWERS_S)
        try:
            connection.request(method, API + path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ConfigError(
                f"the service that holds the journal does not answer at {at} ({type(error).__name__}): is console.port"
                " in this configuration the one that it runs with?"
            ) from error
        finally:
            connection.close()
        try:
            said = json.loads(text)
        except ValueError:
            said = {}
        if answer.status >= http.client.BAD_REQUEST:
            told = said if isinstance(said, dict) else {}
            field = f"{told['field']}: " if told.get("field") else ""
            why = told.get("detail") or told.get("title") or f"HTTP {answer.status}"
            raise ConfigError(f"the service refused it: {why if str(why).startswith(field) else field + str(why)}")
        return said
