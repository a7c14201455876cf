"""A pairing under way in; the band on record as somebody's, once it has shown itself and sits well, out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.forms import Form, form_of
from console.pairing.flow import Again, Cancel, Event, Named, PutOn, SoBeIt, Stage
from console.pairing.one import Now
from console.refusal import Refusal
from console.support.counter import Counter, by_of
from console.support.fits import checks_of
from console.support.naming import Naming, naming_of
from console.support.picking import parts_near
from console.support.scope import Scope
from console.support.steps import mark_of, steps_of

GONE: Final = Refusal(404, "That pairing is over", "It was too long ago, or the server has started anew. Begin again.")

SAID: Final[Mapping[str, Callable[[], Event]]] = {
    "worn": PutOn,
    "again": Again,
    "so-be-it": SoBeIt,
    "cancel": Cancel,
}
"""What one tap says."""


@dataclass(frozen=True, slots=True)
class _Pairings:
    """The pairings under way, as the pages on them find and draw them."""

    counter: Counter

    async def seen(self, request: Request, pairing: str) -> tuple[Scope, Now]:
        """Return what whoever asks may do, and how ``pairing`` stands; 404 where it is over, or elsewhere."""
        scope = self.counter.scope(request)
        try:
            now = await self.counter.sheets.here.records.run(self.counter.office.under_way.now, pairing)
        except LookupError:
            raise GONE from None
        scope.require_band(now.pairing.band, Act.PAIR)
        return scope, now

    async def mine(self, request: Request, pairing: str) -> tuple[Scope, Now]:
        """Return the same where it is theirs; 403 where somebody else began it."""
        scope, now = await self.seen(request, pairing)
        if now.by != by_of(scope.asker):
            raise Refusal(403, "Somebody else is pairing this band", "Ask them, or wait until they have ended it.")
        return scope, now

    async def draw(
        self, request: Request, scope: Scope, now: Now, errors: dict[str, str], form: Form | None = None
    ) -> Response:
        """Return the page on which a pairing goes on."""
        counter = self.counter
        rows, fault = await counter.near(scope)
        name = scope.names(lambda wearer: now.called or counter.sheets.here.name(wearer))
        naming: Naming | None = None
        if now.pairing.stage is Stage.WHO:
            naming = await self.naming(scope, now, chosen=request.query_params.get("wearer", ""))
        return await counter.sheets.show(
            request,
            "support/pair.html",
            status=422 if errors else 200,
            now=now,
            pairing=now.pairing,
            stage=now.pairing.stage.value,
            steps=steps_of(now),
            rows=rows,
            fault=fault,
            whose=name(now.pairing.wearer) if now.pairing.wearer else "",
            naming=naming,
            checks=checks_of(now.pairing.fit),
            errors=errors,
            form=form,
            mark=mark_of(now, rows, fault),
        )

    async def naming(self, scope: Scope, now: Now, *, chosen: str = "") -> Naming:
        """Return whom the band may be given to."""
        people = await self.counter.people(scope)
        held = await self.counter.sheets.here.records.run(self.counter.office.held, now.pairing.band, "")
        return naming_of(people, held, name=self.counter.name(scope), chosen=chosen)


def add_under_way(app: FastAPI, counter: Counter) -> None:
    """Serve the pages of a pairing under way, from the shake to the fit."""
    pairings = _Pairings(counter)
    _add_showing(app, pairings)
    _add_naming(app, pairings)
    _add_saying(app, pairings)


def _add_showing(app: FastAPI, pairings: _Pairings) -> None:
    counter = pairings.counter

    @app.get("/pair/{pairing}", include_in_schema=False)
    async def show(request: Request, pairing: str) -> Response:
        scope, now = await pairings.seen(request, pairing)
        return await pairings.draw(request, scope, now, {})

    @app.get("/pair/{pairing}/now", include_in_schema=False)
    async def tell(request: Request, pairing: str) -> Response:
        scope, now = await pairings.seen(request, pairing)
        rows, fault = await counter.near(scope)
        parts = parts_near(counter, rows) | {
            "trouble": counter.draw("trouble", now.trouble),
            "prompt": counter.draw("prompt", now),
            "fit": counter.draw("fit", now.pairing.fit, checks_of(now.pairing.fit)),
        }
        return counter.live(mark_of(now, rows, fault), parts)


def _add_naming(app: FastAPI, pairings: _Pairings) -> None:
    counter = pairings.counter
    run = counter.sheets.here.records.run

    @app.post("/pair/{pairing}/who", include_in_schema=False)
    async def who(request: Request, pairing: str) -> Response:
        form = await form_of(request)
        scope, now = await pairings.mine(request, pairing)
        naming = await pairings.naming(scope, now)
        new = await run(counter.office.new_pseudonym)
        wanted, errors = naming.read(form, now_s=counter.sheets.here.clock(), new=new)
        if wanted is None:
            return await pairings.draw(request, scope, now, errors, form)
        wearer, agreed, wish = wanted
        if await run(counter.office.held, now.pairing.band, wearer) != agreed:
            errors = {"who": "Meanwhile somebody has paired one of these bands. Look again whose is whose."}
            return await pairings.draw(request, scope, now, errors, form)
        await run(counter.office.under_way.say, pairing, Named(wearer, agreed), wish=wish)
        return counter.sheets.after(request, f"/pair/{pairing}")


def _add_saying(app: FastAPI, pairings: _Pairings) -> None:
    """One tap each. What takes any word stands last, for its path would take those of the others."""
    counter = pairings.counter
    run, under_way = counter.sheets.here.records.run, counter.office.under_way

    @app.post("/pair/{pairing}/shake", include_in_schema=False)
    async def shake(request: Request, pairing: str) -> Response:
        await form_of(request)
        await pairings.mine(request, pairing)
        await run(under_way.prompt, pairing)
        return counter.sheets.after(request, f"/pair/{pairing}{_query(request)}")

    @app.post("/pair/{pairing}/identify", include_in_schema=False)
    async def identify(request: Request, pairing: str) -> Response:
        await form_of(request)
        _, now = await pairings.mine(request, pairing)
        await run(under_way.identify, now.pairing.band)
        return counter.sheets.after(request, f"/pair/{pairing}{_query(request)}", "It was asked to vibrate or blink.")

    @app.post("/pair/{pairing}/{said}", include_in_schema=False)
    async def say(request: Request, pairing: str, said: str) -> Response:
        await form_of(request)
        if said not in SAID:
            raise Refusal(404, "There is no such page", "Go on from the page that pairs a band.")
        await pairings.mine(request, pairing)
        await run(under_way.say, pairing, SAID[said]())
        return counter.sheets.after(request, f"/pair/{pairing}{_query(request)}")


def _query(request: Request) -> str:
    """Whom a pairing was begun for goes along with it."""
    wearer = request.query_params.get("wearer", "")
    return f"?wearer={quote(wearer, safe='')}" if wearer else ""
