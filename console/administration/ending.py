"""What lets a tablet or a program in, and who may end it, in; the page that asks, and its end, out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.administration.ground import Ground, by
from console.forms import form_of
from console.refusal import Refusal


class LetIn(Protocol):
    """What lets somebody in at a site; see ``ingest.registry.accounts_devices``."""

    @property
    def id(self) -> str:
        """By which it is known."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def site(self) -> str:
        """Where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How such things end: ``every`` there is, ``revoke`` (id, by) one, whoever may do ``act`` at its site. ``kind`` is
    what one is called, ``several`` what the page at ``back`` lists; ``what`` comes of it, in a sentence."""

    act: Act
    every: Callable[[], Sequence[LetIn]]
    revoke: Callable[..., object]
    kind: str
    several: str
    back: str
    what: str


def add_ending(ground: Ground, ending: Ending) -> None:
    """Add the page that ends one, below the page that lists them."""
    app, here = ground.app, ground.sheets.here
    path = f"{ending.back}/{{{ending.kind}_id}}/end"

    def found(request: Request) -> LetIn:
        id_ = request.path_params[f"{ending.kind}_id"]
        it = next((each for each in ending.every() if each.id == id_), None)
        if it is None or not asker_of(request).may(ending.act, it.site):
            raise Refusal(404, f"There is no such {ending.kind}", f"Look at the list of {ending.several}.")
        return it

    @app.get(path, include_in_schema=False)
    async def ask_end(request: Request) -> Response:
        it = await here.records.run(found, request)
        facts: dict[str, Any] = {"name": it.name, "what": ending.what, "back": ending.back}
        return await ground.show(request, "thing_end.html", verb="Let it in no more", **facts)

    @app.post(path, include_in_schema=False)
    async def end(request: Request) -> Response:
        await form_of(request)
        it = await here.records.run(found, request)
        await here.records.run(ending.revoke, it.id, by=by(request))
        return ground.after(request, ending.back, "ended")
