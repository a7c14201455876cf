"""A band that somebody wears in; another one on their wrist, and the first on the charger, out: in two steps."""

from dataclasses import dataclass

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.errors import PairingError
from console.forms import Form, form_of
from console.refusal import Refusal
from console.support.counter import Counter, by_of, require_id
from console.support.near_rows import NearRow
from console.support.picking import band_meant, parts_near
from console.support.scope import Scope
from console.support.steps import mark_of
from ingest.errors import RegistryError
from ingest.registry.stretches import Held


@dataclass(frozen=True, slots=True)
class _Near:
    """The bands near by, as a swap sees them: the ``old`` one (None: it is not near), and those that are ``free``."""

    rows: tuple[NearRow, ...]
    fault: str
    old: NearRow | None
    free: list[NearRow]

    @property
    def mark(self) -> str:
        """What changes whenever the page is to be drawn anew."""
        return mark_of(None, self.free, self.fault)


def add_swapping(app: FastAPI, counter: Counter) -> None:
    """Serve the two steps of a swap: the old band comes off and goes on the charger, another one goes on."""

    @app.get("/bands/{band}/swap", include_in_schema=False)
    async def show(request: Request, band: str) -> Response:
        return await _draw(counter, request, band, {})

    @app.get("/bands/{band}/swap/now", include_in_schema=False)
    async def tell(request: Request, band: str) -> Response:
        scope, _ = await _wearer_of(counter, request, band)
        near = await _near(counter, scope, band)
        parts = parts_near(counter, near.rows) | {"old": counter.draw("old", band, near.old)}
        return counter.live(near.mark, parts)

    @app.post("/bands/{band}/swap", include_in_schema=False)
    async def begin(request: Request, band: str) -> Response:
        form = await form_of(request)
        scope, wearer = await _wearer_of(counter, request, band)
        try:
            pairing = await _begun(counter, scope, band, band_meant(form), wearer)
        except (PairingError, RegistryError) as error:
            return await _draw(counter, request, band, {"code": str(error)}, form)
        return counter.sheets.after(request, f"/pair/{pairing}")


async def _wearer_of(counter: Counter, request: Request, band: str) -> tuple[Scope, str]:
    scope = counter.scope(request)
    scope.require_band(require_id(band), Act.PAIR)
    held: Held = await counter.sheets.here.records.run(counter.office.held, band, "")
    if held.wearer is None:
        raise Refusal(404, "Nobody wears this band", "So there is nobody to give another one to. Pair it instead.")
    return scope, held.wearer


async def _near(counter: Counter, scope: Scope, band: str) -> _Near:
    rows, fault = await counter.near(scope)
    old = next((row for row in rows if row.band == band), None)
    return _Near(rows, fault, old, [row for row in rows if row.free])


async def _draw(
    counter: Counter, request: Request, band: str, errors: dict[str, str], form: Form | None = None
) -> Response:
    scope, wearer = await _wearer_of(counter, request, band)
    near = await _near(counter, scope, band)
    return await counter.sheets.show(
        request,
        "support/swap.html",
        status=422 if errors else 200,
        band=band,
        whose=counter.name(scope)(wearer),
        off=request.query_params.get("step") == "2" or request.method == "POST",
        old=near.old,
        rows=near.free,
        fault=near.fault,
        errors=errors,
        form=form,
        mark=near.mark,
    )


async def _begun(counter: Counter, scope: Scope, band: str, new: str, wearer: str) -> str:
    """Begin to pair ``new`` with the wearer of ``band``; raises PairingError where it is not free."""
    run, office = counter.sheets.here.records.run, counter.office
    scope.require_band(new, Act.PAIR)
    held = await run(office.held, new, wearer)
    if new == band or held.wearer is not None:
        whose = "the one that is swapped" if new == band else "somebody else's"
        raise PairingError(f"{new}: that is {whose}: take one that nobody wears")
    begun: str = await run(office.under_way.begin, new, by=by_of(scope.asker), wearer=wearer, held=held)
    return begun
