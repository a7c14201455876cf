"""A browser's subscription to Web Push in; the key that it subscribes with out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from alerts.channels.push import Misaddressed, Subscription, check_subscription
from console.access.asker import Kind
from console.access.entrance import asker_of, by_of
from console.access.roles import Act
from console.api.answers import PushKey
from console.api.bodies import SubscribeBody
from console.api.bodies import Subscription as Said
from console.api.here import Here, caller
from console.refusal import Refusal
from ingest.registry.push import Owner


def routes(here: Here) -> APIRouter:
    """Return the routes of Web Push."""
    router = APIRouter(prefix="/push", tags=["push"])
    key = caller(here, programs=False)

    @router.get("/key")
    async def tell_key() -> PushKey:
        """The public key that a browser subscribes with."""
        if not here.given.push_key:
            raise Refusal(404, "Nobody is told by Web Push here", "Messages come to tablets that show the board.")
        return PushKey(key=here.given.push_key)

    @router.post("/subscriptions", status_code=204)
    async def subscribe(request: Request, body: SubscribeBody, tablet: Annotated[str, Depends(key)]) -> Response:
        """Let a carer be told on this tablet while its page sleeps."""
        _own(body, tablet)
        said, carer = body.subscription, by_of(request, body.carer, field="carer")
        await here.records.run(_judge, said)  # it encrypts for the browser, to see that it can
        await here.records.run(
            here.given.push.add_push,
            endpoint=said.endpoint,
            p256dh=said.keys.p256dh,
            auth=said.keys.auth,
            carer=carer,
            tablet=_browser(request, tablet),
            by=carer,
        )
        return Response(status_code=204)

    @router.delete("/subscriptions", status_code=204)
    async def unsubscribe(request: Request, body: SubscribeBody, tablet: Annotated[str, Depends(key)]) -> Response:
        """Tell this browser no more; that it was not told, or is somebody else's elsewhere, changes nothing."""
        _own(body, tablet)
        endpoint, by = body.subscription.endpoint, by_of(request, body.carer, field="carer")
        owner = _owner(request, tablet)
        await here.records.run(here.given.push.remove_push, endpoint, because="asked at the tablet", by=by, owner=owner)
        return Response(status_code=204)

    return router


def _browser(request: Request, tablet: str) -> str:
    """Return what a browser is kept as: an enrolled tablet as what it is enrolled as, however often it registers, so
    that it takes up the room of one."""
    asker = asker_of(request)
    return f"enrolled:{asker.id}" if asker.kind is Kind.TABLET else tablet


def _owner(request: Request, tablet: str) -> Owner | None:
    """Return whose browsers whoever asks may end: their own, and those of the tablet that they ask on. None: any."""
    asker = asker_of(request)
    if asker.may_anywhere(Act.ACCOUNTS):
        return None
    carer = asker.name if asker.kind is Kind.PERSON else ""
    return Owner(carer=carer, tablets=(tablet, _browser(request, tablet)))


def _judge(said: Said) -> None:
    """Refuse what no browser gives, above all an address inside the house: this server would call it."""
    device = Subscription(endpoint=said.endpoint, p256dh=said.keys.p256dh, auth=said.keys.auth)
    try:
        check_subscription(device)
    except Misaddressed as error:
        raise Refusal(422, "That is no subscription", str(error), field="subscription") from error


def _own(body: SubscribeBody, tablet: str) -> None:
    if body.tablet != tablet:
        raise Refusal(403, "That is another tablet's", "A tablet speaks for itself only.", field="tablet")
