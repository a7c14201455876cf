"""What a model is to foretell: the words of the labels that count, and from when to when."""

from typing import Annotated, Final, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=604_800)]  # a week: beyond it nothing is an early warning
Words = tuple[str, ...]
"""Words of ``Label.what``. One may ask for a degree, ``"stress >= 1"`` (``=``, ``>=``, ``>``, ``<=``, ``<``): then
labels with that ``what`` count whose ``level`` is so."""
UNSURE: Final = "unsure"
"""The word of somebody who was there and could not tell whether it was an event. Where a forecast does not name it
otherwise, what may lead up to one is neither an event nor none: it is left out."""

Doubtful = Literal["refuse", "leave out"]
"""What becomes of labels that contradict each other, of people of whom all labels lie outside of their recordings, and
of words that no label has: a DatasetError, or they are left out, counted in ``Dataset.notes``."""


class StateTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="state"):
    """Is it so now? A moment is positive where its whole window lies in a label of ``positive``, negative where it lies
    in one of ``negative``; every other moment is left out. Labels of one side that touch or overlap count as one.
    A window that reaches into the onset uncertainty of a label of either side is left out too.

    ``apart`` are labels whose moments (again: whole windows) are left out of training and told by themselves (negative
    controls).
    """

    positive: Words
    negative: Words
    apart: Words = ()
    doubtful: Doubtful = "refuse"


class ForecastTarget(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="forecast"
):
    """Will it begin soon? A moment t is positive where t is in [onset - (horizon + latency), onset - latency) of an
    event; ``latency_s`` is what a carer needs to act. Left out are moments from onset - latency to the event's end, and
    for ``refractory_s`` after that (Imbiriba 2023, doi:10.1001/jamanetworkopen.2023.48898); moments whose side the
    event's ``onset_uncertainty_s`` leaves open; moments in a label of ``apart`` (told by themselves, as in
    ``StateTarget``); moments that would be led up to, in or just after an event if a label of ``UNSURE`` were one; the
    first ``window_s`` of a session; and the last ``horizon + latency`` of it, unless an event is known to follow:
    nobody may have watched whether one did.

    Labels of ``events`` that touch or overlap are one event, from the earliest onset, with that label's uncertainty, to
    the latest end. An event is *lead* where the one before it ended ``lead_s`` or more ago, or none is known of that
    person.
    """

    events: Words
    horizon_s: Seconds = 180.0
    latency_s: Seconds = 15.0
    refractory_s: Seconds = 60.0
    lead_s: Seconds = 900.0
    apart: Words = ()
    doubtful: Doubtful = "refuse"


Target = StateTarget | ForecastTarget
