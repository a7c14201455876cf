"""What a model is to foretell: the words of the labels that count, and from when to when."""

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Words = tuple[str, ...]


class StateTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="state"):
    """Is it so now? A moment is positive where its whole window lies in a label of ``positive``, negative where it lies
    in one of ``negative``; every other moment is left out. Words are those of ``Label.what``.

    ``apart`` are labels whose moments are left out of training and told by themselves (negative controls).
    """

    positive: Words
    negative: Words
    apart: Words = ()


class ForecastTarget(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="forecast"
):
    """Will it begin soon? A moment t is positive where t is in [onset - (horizon + latency), onset - latency) of an
    event; ``latency_s`` is what a carer needs to act. Left out are moments from onset - latency to the event's end, and
    for ``refractory_s`` after that (science: Imbiriba 2023, doi:10.1001/jamanetworkopen.2023.48898); moments whose side
    the event's ``onset_uncertainty_s`` leaves open; and nothing else.

    ``events`` are words of ``Label.what``. An event is *lead* where the one before it ended ``lead_s`` or more ago, or
    there was none in the session. ``apart`` as in ``StateTarget``.
    """

    events: Words
    horizon_s: Seconds = 180.0
    latency_s: Seconds = 15.0
    refractory_s: Seconds = 60.0
    lead_s: Seconds = 900.0
    apart: Words = ()


Target = StateTarget | ForecastTarget
