"""What is refused of shifts: what was wrong, and what would be right."""

from alerts.errors import AlertError


class UnknownShift(AlertError, LookupError):
    """No shift with that id is on."""


class LeftAlone(AlertError):
    """``wearers`` (pseudonyms) would have nobody."""

    def __init__(self, wearers: tuple[str, ...], *, carer: str, late: tuple[str, ...] = ()) -> None:
        people = "1 person" if len(wearers) == 1 else f"{len(wearers)} people"
        others = f" (or only {', '.join(late)}, whose shift should be over)" if late else ""
        super().__init__(
            f"{people} would have nobody{others}: {', '.join(wearers)}. Offer the shift to somebody, who takes it with"
            f" a tap; until then {carer} has them. Or end it anyway, with a reason: then staff are told at once."
        )
        self.wearers = wearers
