"""A recording on the analysis grid in, its sessions out: it is cut where nothing was recorded for an hour."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from ingest.labels import iso
from ingest.types import CHANNELS, Tick
from models.datasets.dataset import Session

GAP_S: Final = 3600.0
"""Without a sample, after which it is another session: longer than a charge or a bath, shorter than a night. Operators
forget all but what is usual after six minutes of silence, so that nothing they say hangs on it."""


def sessions_of(session: Session, tick: Tick) -> Iterator[tuple[Session, Tick]]:
    """Yield the sessions in a recording's ``tick`` (k = 1): the one that is given, unless there are pauses of more than
    ``GAP_S`` in it; then its parts, numbered, each from its first to its last second with a sample."""
    spans = _spans(tick)
    first_s = int(tick.start_s[0])
    for number, (low, high) in enumerate(spans):
        part = session
        if len(spans) > 1:
            name = f"{session.name} part {number + 1}"
            part = replace(session, name=name, start_s=first_s + low, end_s=first_s + high, digest="")
        yield part, cut(tick, low, high)


def cut(tick: Tick, low: int, high: int) -> Tick:
    """Return the seconds ``low`` to ``high`` of a tick."""
    found = {name: getattr(tick, name)[..., low * c.grid_hz : high * c.grid_hz] for name, c in CHANNELS.items()}
    contact = None if tick.contact is None else tick.contact[:, low:high]
    return Tick(tick.start_s + low, **found, contact=contact)


def named(what: str, start_s: float) -> str:
    """The name of a session of a band that has worn on for days."""
    return f"{what} {iso(float(round(start_s)))}"


def _spans(tick: Tick) -> list[tuple[int, int]]:
    """From which to which second something was recorded, pauses up to ``GAP_S`` included."""
    heard = np.zeros(tick.seconds, np.bool_)
    for name, channel in CHANNELS.items():
        heard |= np.isfinite(getattr(tick, name)).reshape(channel.axes, tick.seconds, channel.grid_hz).any(axis=(0, 2))
    seconds = np.flatnonzero(heard)
    if not seconds.size:
        return []
    pauses = np.flatnonzero(np.diff(seconds) > GAP_S)
    return list(
        zip(seconds[[0, *(pauses + 1)]].tolist(), (seconds[[*pauses, seconds.size - 1]] + 1).tolist(), strict=True)
    )
