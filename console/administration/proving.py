"""Somebody who would let somebody in, or end what cannot be begun again, in; whether it is surely they, out.

A session that was left open lets whoever comes by look; it must not let them stay.
"""

from functools import partial
from typing import Final

from fastapi import Request

from console.access.asker import Kind
from console.access.entrance import asker_of, refuse
from console.access.lasting import PROVED_S
from console.access.passwords import is_right
from console.administration.ground import Ground
from console.forms import Form

EVERY_S: Final = 30.0
BURST: Final = 3
"""Tries of a password here: three, then one every half minute. Whoever sits at somebody else's screen gives up."""


def is_due(ground: Ground, request: Request) -> bool:
    """Return whether the password of whoever asks is to be given again: it was too long ago."""
    asker = asker_of(request)
    return asker.kind is Kind.PERSON and ground.sheets.here.clock() - asker.proved_s > PROVED_S


async def wrong(ground: Ground, request: Request, form: Form) -> dict[str, str]:
    """Return what is wrong with the password in ``form``, by field; nothing where it is right, or is not due."""
    if not is_due(ground, request):
        return {}
    why = await proved(ground, request, form.text("password"))
    if why:
        return {"password": why}
    asker = asker_of(request)
    await ground.sheets.here.records.run(partial(ground.office.registry.prove, asker.session, by=asker.name))
    return {}


async def proved(ground: Ground, request: Request, password: str) -> str:
    """Return why ``password`` does not show that whoever asks is who they are, "" where it does."""
    asker = asker_of(request)
    if asker.kind is not Kind.PERSON or not asker.id:
        return "Only somebody who has signed in by a password may do this."
    if not password:
        return "Give your password again."
    if not ground.sheets.here.may(f"password of {asker.id}", every_s=EVERY_S, burst=BURST):
        return f"That were too many tries: wait {EVERY_S:.0f} seconds."
    account = await ground.sheets.here.records.run(ground.office.registry.account, asker.id)
    if await ground.slow.run(is_right, account.password, password):
        return ""
    refuse(request, "give password again", because="password")
    return "That is not your password."
