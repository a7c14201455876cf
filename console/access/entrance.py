"""A request that came through the gate in; who asks, whom they may ask about, and what the audit is told of it, out.

What handlers use. The gate has checked the site of what stands in the path; whom a body or a query names is checked
here, with ``check_person`` or ``check_people``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fastapi import Request

from alerts.names import called, nobody, same
from console.access.access import Access
from console.access.asker import NOBODY, Asker, Kind
from console.access.command_line import is_own
from console.access.roles import Act
from console.access.scope import Places
from console.access.trail import Said, Trail
from console.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the gate stands on. ``refused`` counts what was refused, and why; ``carers`` are known to this house, and
    may grow; ``clock`` gives UTC seconds."""

    access: Access
    places: Places
    trail: Trail
    refused: Callable[[str, str], None]
    carers: Sequence[str]
    clock: Callable[[], float]


def entrance_of(request: Request) -> Entrance:
    """Return what the gate stands on."""
    entrance: Entrance = request.state.entrance
    return entrance


def asker_of(request: Request) -> Asker:
    """Return who asks, as the gate found out."""
    asker: Asker = getattr(request.state, "asker", NOBODY)
    return asker


def elsewhere() -> Refusal:
    """Return what is answered of things elsewhere: that they exist is nobody's business who has no part there."""
    return Refusal(404, "There is no such thing here", "It is not here, or not yours to see. Please look at the board.")


def may_of(request: Request, act: Act, wearer: str) -> bool:
    """Return whether whoever asks may do it with ``wearer``."""
    return asker_of(request).may(act, entrance_of(request).access.whereabouts.of_wearer(wearer))


def check_person(request: Request, act: Act, wearer: str) -> None:
    """Refuse with 404, as if nobody of that name were here, who may not do it with ``wearer``."""
    if not may_of(request, act, wearer):
        refuse(request, act.name.lower(), because="elsewhere")
        raise elsewhere()


def check_people(request: Request, act: Act, wearers: Iterable[str]) -> None:
    """Refuse with 404 who may not do it with each of ``wearers``."""
    for wearer in wearers:
        check_person(request, act, wearer)


def may_place(request: Request, act: Act, name: str, said: str) -> bool:
    """Return whether whoever asks may do it with everybody whom something is about: ``name`` is as in paths,
    "shift_id", "alert_id"."""
    about = entrance_of(request).places.about({name: said})
    return about is None or about.sites is None or all(asker_of(request).may(act, site) for site in about.sites)


def check_place(request: Request, act: Act, name: str, said: str) -> None:
    """Refuse with 404 who may not do it with what a body names; see ``may_place``."""
    if not may_place(request, act, name, said):
        refuse(request, act.name.lower(), because="elsewhere")
        raise elsewhere()


def check_site(request: Request, act: Act, site: str) -> None:
    """Refuse with 404 who may not do it at ``site``."""
    if not asker_of(request).may(act, site):
        refuse(request, act.name.lower(), because="elsewhere")
        raise elsewhere()


def by_of(request: Request, said: str, *, field: str = "by") -> str:
    """Return in whose name it is done: a person's own, whatever was ``said``; at a tablet that of a carer who is known
    here; a program's own, or that of such a carer; of a command on this machine that of its user, or of such a carer.
    Refused with 422, which names ``field``, where nobody is."""
    asker, name = asker_of(request), " ".join(said.split())
    if asker.kind is Kind.PERSON and asker.name:
        name = asker.name
    elif asker.kind is Kind.MACHINE and (not name or name == asker.name or (not asker.name and is_own(name))):
        name = name or asker.name
    elif asker.kind in (Kind.TABLET, Kind.MACHINE):
        name = _carer(entrance_of(request).carers, name, field)
    if not name:
        raise Refusal(422, "Who are you?", f"{field}: choose a name, or write one.", field=field)
    request.state.by = name
    return name


def carer_of(request: Request, said: str, *, field: str, new: bool) -> str:
    """Return the carer who is to have somebody: one who is known here, a person's own name, or, where a command on this
    machine says so, somebody ``new``, whom it enters. Refused with 422, which names ``field``, where it is nobody."""
    asker, known = asker_of(request), entrance_of(request).carers
    if asker.kind is Kind.PERSON and same(asker.name, said):
        return asker.name
    is_command = asker.kind is Kind.MACHINE and not asker.name
    return said if new and is_command and called(said, known) is None else _carer(known, said, field)


def carers_of(request: Request, said: str, *, field: str) -> str:
    """Return those to whom a shift is offered, with commas between, each as ``carer_of`` has them. A command on this
    machine has looked by itself: it may know of somebody whom the service has not heard of yet."""
    if asker_of(request).kind is Kind.MACHINE and not asker_of(request).name:
        return said
    named = [name.strip() for name in said.split(",") if name.strip()]
    return ", ".join(carer_of(request, name, field=field, new=False) for name in named)


def _carer(known: Sequence[str], name: str, field: str) -> str:
    """Return the carer of that name. A house that has entered none takes any name: an alert must find somebody."""
    if not known or not name:
        return name
    carer = called(name, known)
    if carer is None:
        why = f"{field}: {nobody(name, known)} Choose a carer of this house, or ask an administrator to add them."
        raise Refusal(422, "Nobody of that name is known here", why, field=field)
    return carer


def seen(request: Request, wearer: str | None, what: str) -> None:
    """Enter that whoever asks saw ``what`` ("day", "recordings") of ``wearer``, once in a quarter of an hour."""
    entrance = entrance_of(request)
    entrance.trail.look(asker_of(request), wearer, what, entrance.clock())


def did(request: Request, action: str, *, wearer: str | None = None, **detail: Said) -> None:
    """Enter that whoever asks did something ("export", "set rules"); ``detail`` names nobody. The gate then enters
    nothing of its own for this request."""
    request.state.told = True
    by = getattr(request.state, "by", "")
    entrance_of(request).trail.act(asker_of(request), action, wearer=wearer, by=by, **detail)


def refuse(request: Request, action: str, *, because: str) -> None:
    """Enter that whoever asks was refused something, and count it; both are words of ours."""
    entrance = entrance_of(request)
    entrance.refused(action, because)
    entrance.trail.refuse(asker_of(request), action, because=because)
