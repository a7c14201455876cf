"""A band in somebody's hand in; on record as somebody's, once it has shown itself and sits well, out: page by page."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.errors import PairingError
from console.forms import Form, form_of
from console.pairing.flow import Again, Cancel, Event, Named, PutOn, SoBeIt, Stage
from console.pairing.label import band_named
from console.pairing.under_way import Now
from console.refusal import Refusal
from console.support.counter import Counter, by_of, require_id
from console.support.fits import checks_of
from console.support.naming import Naming, naming_of
from console.support.scope import Scope
from console.support.steps import mark_of, steps_of
from ingest.errors import RegistryError
from ingest.registry.stretches import Held

GONE: Final = Refusal(404, "That pairing is over", "It was too long ago, or the server has started anew. Begin again.")

SAID: Final[Mapping[str, Callable[[], Event]]] = {
    "worn": PutOn,
    "again": Again,
    "so-be-it": SoBeIt,
    "cancel": Cancel,
}
"""What one tap says."""


def add_pairing(app: FastAPI, counter: Counter) -> None:
    """Serve the pages that pair a band, from the first to the last."""
    run = counter.sheets.here.records.run

    async def pick(request: Request, *, wearer: str, errors: dict[str, str], form: Form | None = None) -> Response:
        scope = counter.scope(request)
        rows, fault = await counter.near(scope)
        return await counter.sheets.show(
            request,
            "support/pick.html",
            status=422 if errors else 200,
            rows=rows,
            fault=fault,
            wearer=wearer,
            whose=counter.name(scope)(wearer) if wearer else "",
            typed=request.query_params.get("band", ""),
            errors=errors,
            form=form,
            mark=mark_of(None, rows, fault),
        )

    @app.get("/pair", include_in_schema=False)
    async def show_pick(request: Request) -> Response:
        wearer = request.query_params.get("wearer", "")
        if wearer:
            counter.scope(request).require_wearer(wearer, Act.PAIR)
        return await pick(request, wearer=wearer, errors={})

    @app.get("/pair/now", include_in_schema=False)
    async def tell_near(request: Request) -> Response:
        rows, fault = await counter.near(counter.scope(request))
        return counter.live(mark_of(None, rows, fault), parts_near(counter, rows))

    @app.post("/pair", include_in_schema=False)
    async def begin(request: Request) -> Response:
        scope, form = counter.scope(request), await form_of(request)
        wearer = form.one("wearer")
        if wearer:
            scope.require_wearer(wearer, Act.PAIR)
        try:
            band = band_in(form)
            scope.require_band(band, Act.PAIR)
            id_ = await run(counter.office.under_way.begin, band, by=by_of(scope.asker))
        except PairingError as error:
            return await pick(request, wearer=wearer, errors={"code": str(error)}, form=form)
        return counter.sheets.after(request, f"/pair/{id_}" + (f"?wearer={quote(wearer, safe='')}" if wearer else ""))

    _add_under_way(app, counter)


def _add_under_way(app: FastAPI, counter: Counter) -> None:
    run = counter.sheets.here.records.run

    async def now_of(request: Request, pairing: str) -> tuple[Scope, Now]:
        scope = counter.scope(request)
        try:
            now = await run(counter.office.under_way.now, pairing)
        except LookupError:
            raise GONE from None
        scope.require_band(now.pairing.band, Act.PAIR)
        return scope, now

    async def mine(request: Request, pairing: str) -> tuple[Scope, Now]:
        scope, now = await now_of(request, pairing)
        if now.by != by_of(scope.asker):
            raise Refusal(403, "Somebody else is pairing this band", "Ask them, or wait until they have ended it.")
        return scope, now

    async def draw(
        request: Request, scope: Scope, now: Now, errors: dict[str, str], form: Form | None = None
    ) -> Response:
        rows, fault = await counter.near(scope)
        name = counter.name(scope)
        naming: Naming | None = None
        if now.pairing.stage is Stage.WHO:
            people = await counter.people(scope)
            held = await run(counter.office.held, now.pairing.band, "")
            naming = naming_of(people, held, name=name, chosen=request.query_params.get("wearer", ""))
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

    @app.get("/pair/{pairing}", include_in_schema=False)
    async def show(request: Request, pairing: str) -> Response:
        scope, now = await now_of(request, pairing)
        return await draw(request, scope, now, {})

    @app.get("/pair/{pairing}/now", include_in_schema=False)
    async def tell(request: Request, pairing: str) -> Response:
        scope, now = await now_of(request, pairing)
        rows, fault = await counter.near(scope)
        parts = parts_near(counter, rows) | {
            "trouble": counter.draw("trouble", now.trouble),
            "prompt": counter.draw("prompt", now),
            "fit": counter.draw("fit", now.pairing.fit, checks_of(now.pairing.fit)),
        }
        return counter.live(mark_of(now, rows, fault), parts)

    @app.post("/pair/{pairing}/shake", include_in_schema=False)
    async def shake(request: Request, pairing: str) -> Response:
        await form_of(request)
        await mine(request, pairing)
        await run(counter.office.under_way.prompt, pairing)
        return counter.sheets.after(request, f"/pair/{pairing}{_query(request)}")

    @app.post("/pair/{pairing}/who", include_in_schema=False)
    async def who(request: Request, pairing: str) -> Response:
        form = await form_of(request)
        scope, now = await mine(request, pairing)
        people, band = await counter.people(scope), now.pairing.band
        held = await run(counter.office.held, band, "")
        naming = naming_of(people, held, name=counter.name(scope))
        new = await run(counter.office.new_pseudonym)
        wanted, errors = naming.read(form, now_s=counter.sheets.here.clock(), new=new)
        if wanted is not None:
            wearer, agreed, wish = wanted
            if await run(counter.office.held, band, wearer) != agreed:
                errors = {"who": "Meanwhile somebody has paired one of these bands. Look again whose is whose."}
        if errors or wanted is None:
            return await draw(request, scope, now, errors, form)
        await run(counter.office.under_way.say, pairing, Named(wearer, agreed), wish=wish)
        return counter.sheets.after(request, f"/pair/{pairing}")

    @app.post("/pair/{pairing}/identify", include_in_schema=False)
    async def identify(request: Request, pairing: str) -> Response:
        await form_of(request)
        _, now = await mine(request, pairing)
        await run(counter.office.under_way.identify, now.pairing.band)
        return counter.sheets.after(request, f"/pair/{pairing}{_query(request)}", "It was asked to vibrate or blink.")

    @app.post("/pair/{pairing}/{said}", include_in_schema=False)
    async def say(request: Request, pairing: str, said: str) -> Response:
        await form_of(request)
        if said not in SAID:
            raise Refusal(404, "There is no such page", "Go on from the page that pairs a band.")
        await mine(request, pairing)
        await run(counter.office.under_way.say, pairing, SAID[said]())
        return counter.sheets.after(request, f"/pair/{pairing}{_query(request)}")


def add_swapping(app: FastAPI, counter: Counter) -> None:
    """Serve the two steps of a swap: the old band comes off and goes on the charger, another one goes on."""
    run = counter.sheets.here.records.run

    async def wearer_of(request: Request, band: str) -> tuple[Scope, str]:
        scope = counter.scope(request)
        scope.require_band(require_id(band), Act.PAIR)
        held: Held = await run(counter.office.held, band, "")
        if held.wearer is None:
            raise Refusal(404, "Nobody wears this band", "So there is nobody to give another one to. Pair it instead.")
        return scope, held.wearer

    async def draw(request: Request, band: str, errors: dict[str, str], form: Form | None = None) -> Response:
        scope, wearer = await wearer_of(request, band)
        rows, fault = await counter.near(scope)
        off = request.query_params.get("step") == "2" or request.method == "POST"
        return await counter.sheets.show(
            request,
            "support/swap.html",
            status=422 if errors else 200,
            band=band,
            whose=counter.name(scope)(wearer),
            off=off,
            old=next((row for row in rows if row.band == band), None),
            rows=[row for row in rows if row.free],
            fault=fault,
            errors=errors,
            form=form,
            mark=mark_of(None, [row for row in rows if row.free], fault),
        )

    @app.get("/bands/{band}/swap", include_in_schema=False)
    async def show(request: Request, band: str) -> Response:
        return await draw(request, band, {})

    @app.get("/bands/{band}/swap/now", include_in_schema=False)
    async def tell(request: Request, band: str) -> Response:
        scope, _ = await wearer_of(request, band)
        rows, fault = await counter.near(scope)
        old = next((row for row in rows if row.band == band), None)
        parts = parts_near(counter, rows) | {"old": counter.draw("old", band, old)}
        return counter.live(mark_of(None, [row for row in rows if row.free], fault), parts)

    @app.post("/bands/{band}/swap", include_in_schema=False)
    async def begin(request: Request, band: str) -> Response:
        form = await form_of(request)
        scope, wearer = await wearer_of(request, band)
        try:
            new = band_in(form)
            scope.require_band(new, Act.PAIR)
            held = await run(counter.office.held, new, wearer)
            if new == band or held.wearer is not None:
                whose = "the one that is swapped" if new == band else "somebody else's"
                raise PairingError(f"{new}: that is {whose}: take one that nobody wears")
            under_way = counter.office.under_way
            id_ = await run(under_way.begin, new, by=by_of(scope.asker), wearer=wearer, held=held)
        except (PairingError, RegistryError) as error:
            return await draw(request, band, {"code": str(error)}, form)
        return counter.sheets.after(request, f"/pair/{id_}")


Draw = Callable[..., Awaitable[Response]]


def parts_near(counter: Counter, rows: tuple[object, ...]) -> dict[str, str]:
    """Return what moves in a list of bands, by the id of its place."""
    return {f"near-{row.band}": counter.draw("moving", row) for row in rows}  # type: ignore[attr-defined]


def band_in(form: Form) -> str:
    """Return the band that was tapped, scanned or typed; raises PairingError where it is none."""
    said = form.one("band") or form.one("code")
    if not said:
        raise PairingError("Tap a band in the list, scan its code, or type its id.")
    band = band_named(said)
    try:
        return require_id(band)
    except Refusal as error:
        raise PairingError(f"No band is called that. {error.detail}") from None


def _query(request: Request) -> str:
    """Whom a pairing was begun for goes along with it."""
    wearer = request.query_params.get("wearer", "")
    return f"?wearer={quote(wearer, safe='')}" if wearer else ""
