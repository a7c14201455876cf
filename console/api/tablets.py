"""Tablets in: their registration, heartbeats, receipts and mutes; keys, and whether they can sound, out."""

import secrets
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from alerts.channels.shade import shade
from alerts.delivery.dispatch import UnknownTablet
from alerts.delivery.events import Station
from alerts.protection.tablets import Beat
from console.access.entrance import asker_of, by_of
from console.api.answers import BeatAnswer, Muted, NewTablet, ReceiptsAnswer
from console.api.bodies import BeatBody, ByBody, Identity, MuteBody, ReceiptBody, Receipts
from console.api.here import Here, caller
from console.care import Care
from console.refusal import Refusal, only_from_here

ID_BYTES: Final = 8
"""2^64 ids: two tablets never meet, and nobody guesses one."""

REGISTER_EVERY_S, REGISTER_BURST = 2.0, 100
"""Registrations of one session or one enrolled tablet: windows and browsers that were reset, not a script's thousands.
Not by address: behind a router a whole house has one, and whoever used that up kept tablets from proving anything."""

BEAT_EVERY_S, BEAT_BURST = 1.0, 20
"""Beats of one tablet: one in 5 s, and one more whenever its page comes and goes."""

RECEIPTS_EVERY_S, RECEIPTS_BURST = 0.2, 100
"""Messages with receipts of one tablet: three stations of a house's worth of alerts at once."""

BACK_S: Final = 86_400.0
"""A receipt says no earlier than a day ago: a tablet's clock may be wrong, and the order of a proof must hold."""


def routes(here: Here) -> APIRouter:
    """Return the routes of tablets."""
    router = APIRouter(prefix="/tablets", tags=["tablets"])
    key = caller(here, programs=False)

    async def own(tablet: Identity, asked: Annotated[str, Depends(key)]) -> str:
        if tablet != asked:
            refusal = Refusal(403, "That is another tablet's", "A tablet speaks for itself only.")
            raise here.refuse(refusal, what="tablet key", because="another tablet")
        return tablet

    Own = Annotated[str, Depends(own)]

    @router.post("", status_code=201)
    async def register(request: Request) -> NewTablet:
        """Make a page of a tablet and its key, by which it says that it shows and sounds."""
        only_from_here(request)
        care = here.given
        asker = asker_of(request)
        _not_too_often(here, f"register {asker.session or asker.id}", REGISTER_EVERY_S, REGISTER_BURST)
        tablet = f"t-{secrets.token_hex(ID_BYTES)}"
        return NewTablet(tablet=tablet, key=care.seals.tablet_key(tablet))

    @router.post("/{tablet}/beat")
    async def beat(tablet: Own, body: BeatBody) -> BeatAnswer:
        """Say how this tablet is, every 5 s while its page is in front."""
        _not_too_often(here, f"beat {tablet}", BEAT_EVERY_S, BEAT_BURST)
        return await here.tablets.run(_beat, here.given, tablet, body, here.clock())

    @router.post("/{tablet}/receipts")
    async def receive(tablet: Own, body: Receipts) -> ReceiptsAnswer:
        """Say what this tablet showed, sounded, and where it was touched; the second time nothing happens."""
        _not_too_often(here, f"receipts {tablet}", RECEIPTS_EVERY_S, RECEIPTS_BURST)
        return await here.tablets.run(_receive, here.given, tablet, body, here.clock())

    @router.post("/{tablet}/mute")
    async def mute(request: Request, tablet: Own, body: MuteBody) -> Muted:
        """Take the sound off this tablet; it ends with the shift of whoever does it, and is shown on every board."""
        duty, now_s = here.given.duty, here.clock()
        until_s = await here.rest.run(
            duty.mute, tablet, by=by_of(request, body.by), reason=body.reason, until_s=body.until_s, at_s=now_s
        )
        return Muted(muted_until_s=until_s)

    @router.post("/{tablet}/unmute")
    async def unmute(request: Request, tablet: Own, body: ByBody) -> Muted:
        """Give this tablet its sound back."""
        await here.rest.run(here.given.duty.unmute, tablet, by=by_of(request, body.by), at_s=here.clock())
        return Muted(muted_until_s=None)

    return router


def _beat(care: Care, tablet: str, body: BeatBody, now_s: float) -> BeatAnswer:
    beat = Beat(
        foreground=body.foreground,
        able=body.able,
        tested_s=body.tested_s,
        push=body.push,
        carer=body.carer,
        page=body.page,
    )
    care.tablets.beat(tablet, beat, now_s)
    at = care.tablets.at(tablet, now_s)
    return BeatAnswer(
        muted_until_s=care.duty.muted_until(tablet, now_s),
        can_sound=at is not None and at.can_sound,
        why="" if at is None else at.why,
        now_s=now_s,
    )


def _receive(care: Care, tablet: str, receipts: Sequence[ReceiptBody], now_s: float) -> ReceiptsAnswer:
    unknown = []
    shaded = {shade(proof.matter.matter_id): proof.matter.matter_id for proof in care.delivery.proofs()}
    for receipt in receipts:
        at_s = min(max(receipt.at_s, now_s - BACK_S), now_s)
        try:
            matter_id = shaded.get(receipt.matter_id, receipt.matter_id)  # a service worker knows no more
            care.delivery.receipt(tablet, matter_id, Station(receipt.station), at_s)
        except UnknownTablet as error:
            raise Refusal(409, "This tablet is not known yet", "Send a beat, then the receipts again.") from error
        except LookupError:
            unknown.append(receipt.matter_id)
    return ReceiptsAnswer(taken=len(receipts) - len(unknown), unknown=list(dict.fromkeys(unknown)))


def _not_too_often(here: Here, what: str, every_s: float, burst: int) -> None:
    if not here.may(what, every_s=every_s, burst=burst):
        raise Refusal(429, "That is too often", f"Once in {every_s:g} s is enough: wait a moment.")
