"""Somebody who has signed in and gives their password once more in; whether it is theirs, out.

What cannot be undone, or would let a passer-by at an open session stay, asks for it again.
"""

from functools import partial

from fastapi import Request

from console.access import passwords
from console.access.asker import Asker, Kind
from console.access.entrance import asker_of
from console.door.entering import asked, look, refused, slowly, whence_of
from console.door.office import Door
from console.door.proving import MEANWHILE, Wrong, long
from console.refusal import Refusal
from console.sheets import Sheets


def person_of(request: Request) -> Asker:
    """Return who has signed in; refused with 403 for tablets and programs."""
    asker = asker_of(request)
    if asker.kind is not Kind.PERSON:
        raise Refusal(403, "That is for people", "Tablets and programs have no account of their own.")
    return asker


async def proves(request: Request, sheets: Sheets, door: Door, password: str) -> str:
    """Return "" where ``password`` is that of whoever has signed in, and enter that they gave it again; else what is
    wrong, to be shown beside the field."""
    asker = person_of(request)
    wrong = await slowly(door, _check, door, asker, password, whence_of(request, door), sheets.here.clock())
    if wrong is not None:
        refused(request, "give password again", wrong)
        return wrong.why
    await asked(sheets, partial(door.registry.prove, asker.session, by=asker.name))
    await look(sheets, door)
    return ""


def _check(door: Door, asker: Asker, password: str, address: str, now_s: float) -> Wrong | None:
    who = f"{asker.id} in {asker.session}"
    wait_s = door.tries.wait_s(who, address, now_s)
    if wait_s > 0:
        why = f"Too many tries. Please wait {long(wait_s)}. {MEANWHILE}"
        return Wrong("password", why, "too many tries", asker.id)
    if passwords.is_right(door.registry.account(asker.id).password, password):
        door.tries.succeed(who)
        return None
    door.tries.fail(who, address, now_s)
    return Wrong("password", "That is not your password.", "password", asker.id)
