"""How a notice went from hand to hand in; one sentence that says who was told of it when, or who has it, out."""

from collections.abc import Callable

from alerts.delivery.events import Station
from alerts.delivery.proof import BOARD, MQTT, Proof


def who_was_told(proof: Proof | None, clock: Callable[[float], str]) -> str:
    """Return "Sam told 14:03." (the first person whom something reached), "Told on a tablet 14:03." where only a board
    shows it, "Sam has it since 14:05." once somebody does; "" while nobody was told."""
    if proof is None:
        return ""
    if proof.ended_by and proof.ended_s is not None:
        return f"{proof.ended_by} has it since {clock(proof.ended_s)}."
    people = [leg for leg in proof.legs if leg.to and leg.channel not in (BOARD, MQTT) and leg.proved]
    if people:
        first = min(people, key=lambda leg: leg.at_s)
        return f"{first.to} told {clock(first.at_s)}."
    shown = [
        at_s
        for leg in proof.legs
        if leg.channel == BOARD
        for station, at_s in leg.times
        if station in (Station.ON_TABLET, Station.SOUNDED, Station.SEEN)
    ]
    return f"Told on a tablet {clock(min(shown))}." if shown else ""
