"""What an XDF stream says of itself in, which of its columns are channels of ours and in what unit out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ingest.errors import RecordingError
from ingest.units import UNITS, into_ours

KINDS: Final = {
    "eda": re.compile(r"eda|gsr|electro-?derm|skin.?cond", re.IGNORECASE),
    "ppg": re.compile(r"ppg|bvp|pleth|blood.?volume", re.IGNORECASE),
    "motion": re.compile(r"\bacc(?!u)|_acc(?!u)|accel", re.IGNORECASE),
    "temperature": re.compile(r"temp(?!lat|o|t)|thermo", re.IGNORECASE),
}
"""What a channel is called: in its label or type, or in its stream's type or name."""
OTHERS: Final = re.compile(r"eeg|ecg|ekg|emg|eog|gyro|magn|resp|gaze|pupil|batter|marker|ibi|heart", re.IGNORECASE)
AXES: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """The ``columns`` of a stream that are ``channel``: physical value = value x ``scale`` + ``offset``. ``rate_hz`` is
    the stream's nominal rate, 0 where it has none."""

    channel: str
    columns: tuple[int, ...]
    scale: float
    offset: float
    rate_hz: float


def parts_of(info: Mapping[str, Any], where: str, notes: list[str]) -> list[Part]:
    """The channels in a stream, by pyxdf's ``info``; what is not taken of it is noted. Raises RecordingError where a
    unit cannot be one of its channel."""
    title, kind = (str(info[key][0] or "") for key in ("name", "type"))
    count, rate_hz = int(info["channel_count"][0]), float(info["nominal_srate"][0])
    told = _told(info, count)
    of_stream = _kind(kind) or _kind(title)
    columns: dict[str, list[int]] = {}
    for column, (label, channel_type, _) in enumerate(told):
        channel = _kind(label) or _kind(channel_type)
        if channel is None and not OTHERS.search(f"{label} {channel_type}"):
            channel = of_stream
        if channel is not None:
            columns.setdefault(channel, []).append(column)
    found = []
    for channel, mine in columns.items():
        needed = AXES if channel == "motion" else 1
        if len(mine) < needed:
            notes.append(f"{title}: {channel} has {len(mine)} axes, not {needed}: left out")
            continue
        if len(mine) > needed:
            notes.append(f"{title}: the first {needed} of {len(mine)} columns of {channel} are read")
        units = {told[column][2].strip() for column in mine[:needed]} - {""}
        if len(units) > 1:
            both = ", ".join(sorted(units))
            raise RecordingError(f"{where}: {title}: the axes of {channel} are in different units ({both}): mend them")
        unit = units.pop() if units else ""
        scale, offset = _scale(channel, unit, f"{where}: {title}", notes, title)
        found.append(Part(channel, tuple(mine[:needed]), scale, offset, rate_hz))
    return found


def _kind(text: str) -> str | None:
    if OTHERS.search(text):
        return None
    return next((channel for channel, pattern in KINDS.items() if pattern.search(text)), None)


def _told(info: Mapping[str, Any], count: int) -> Sequence[tuple[str, str, str]]:
    """Label, type and unit of each column; empty where it does not say."""
    found = [("", "", "")] * count
    try:
        listed = info["desc"][0]["channels"][0]["channel"]
    except (KeyError, IndexError, TypeError):
        return found
    for column, each in enumerate(listed[:count]):
        if isinstance(each, Mapping):
            label, kind, unit = (str((each.get(key) or [""])[0] or "") for key in ("label", "type", "unit"))
            found[column] = (label, kind, unit)
    return found


def _scale(channel: str, unit: str, where: str, notes: list[str], title: str) -> tuple[float, float]:
    if channel != "ppg" and not unit.strip():
        notes.append(f"{title}: no unit is said of {channel}: taken as {next(iter(UNITS[channel]))}")
        return 1.0, 0.0
    found = into_ours(channel, unit)
    if found is None:
        expected = ", ".join(UNITS[channel])
        raise RecordingError(f"{where}: {channel} in {unit[:20]!r}, expected one of {expected}: mend its unit")
    return found
