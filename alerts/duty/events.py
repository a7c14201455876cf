"""Who came on shift, who went, who took over: lines of the journal."""

from alerts.happened import Happened


class ShiftBegun(Happened, frozen=True, kw_only=True, tag="shift begun"):
    """``carer`` has ``wearers`` (empty: everybody) until ``until_s``, or longer where nobody takes over."""

    shift_id: str
    carer: str
    wearers: tuple[str, ...]
    until_s: float
    by: str


class HandOverOffered(Happened, frozen=True, kw_only=True, tag="hand-over offered"):
    """The shift is offered ``to`` somebody; until they take it, whoever has it has it."""

    shift_id: str
    to: str
    note: str


class ShiftEnded(Happened, frozen=True, kw_only=True, tag="shift ended"):
    """``carer`` is off; ``taken_by`` has their people from now on ("": others on shift have them)."""

    shift_id: str
    taken_by: str


class TabletMuted(Happened, frozen=True, kw_only=True, tag="tablet muted"):
    """``by`` took the sound off one tablet until ``until_s``, at the latest the end of their shift."""

    tablet: str
    by: str
    reason: str
    until_s: float


class TabletUnmuted(Happened, frozen=True, kw_only=True, tag="tablet unmuted"):
    """It sounds again: ``by`` said so, "" where a mute ended by itself."""

    tablet: str
    by: str


DutyEvent = ShiftBegun | HandOverOffered | ShiftEnded | TabletMuted | TabletUnmuted
