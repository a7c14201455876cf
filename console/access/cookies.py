"""Whether TLS is on in; by which cookies people and tablets are known, and how these are set and taken away, out."""

from dataclasses import dataclass
from typing import Final

from fastapi import Response

SESSION: Final = "forecalm"
TABLET: Final = "forecalm-tablet"

HOST: Final = "__Host-"
"""By it a browser sends, and takes, a cookie from this very host over TLS only, whatever a neighbour sets."""

SAME_SITE: Final = "lax"
"""Not strict: whoever opens the board from a message or a QR code at night must not be asked to sign in again. What
changes something is a POST, with which a lax cookie does not go from another site; see also ``console.guard``."""

TABLET_S: Final = 400 * 86_400
"""As long as browsers keep a cookie at most (RFC 6265bis, section 5.5); it is set anew while the tablet is used."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """By which cookies people and tablets are known; ``secure``: TLS is on, and nothing goes without it."""

    secure: bool

    @property
    def session(self) -> str:
        """The cookie of somebody who signed in; it goes when the browser is closed."""
        return (HOST if self.secure else "") + SESSION

    @property
    def tablet(self) -> str:
        """The cookie of an enrolled tablet."""
        return (HOST if self.secure else "") + TABLET

    def set_session(self, response: Response, token: str) -> None:
        """Let ``response`` begin a session in the browser."""
        self._set(response, self.session, token, None)

    def end_session(self, response: Response) -> None:
        """Let ``response`` end it."""
        self._set(response, self.session, "", 0)

    def set_tablet(self, response: Response, token: str) -> None:
        """Let ``response`` make the browser an enrolled tablet, or keep it one."""
        self._set(response, self.tablet, token, TABLET_S)

    def _set(self, response: Response, name: str, value: str, age_s: int | None) -> None:
        response.set_cookie(name, value, max_age=age_s, path="/", secure=self.secure, httponly=True, samesite=SAME_SITE)
