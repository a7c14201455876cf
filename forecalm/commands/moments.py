"""Moments as people write them in, UTC seconds out, and back."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from forecalm.config import ConfigError

IN_UTC: Final = " UTC"
"""How a time in a zone that is UTC ends, for people; others end in their offset."""


def moment(text: str, zone: ZoneInfo, option: str) -> float:
    """UTC seconds of an ISO 8601 time: with Z or an offset, or by the clock on the wall in ``zone``.

    Raises ConfigError where it is none, or where that clock showed it twice or never, when summer time ended or began.
    """
    try:
        said = datetime.fromisoformat(f"{text.removesuffix(IN_UTC)}+00:00" if text.endswith(IN_UTC) else text)
    except ValueError:
        raise ConfigError(
            f"{option} {text!r}: is no time such as 2026-05-06T14:02 (by the clock of the site, {zone.key}),"
            " or 2026-05-06T14:02+02:00"
        ) from None
    if said.tzinfo is not None:
        return said.timestamp()
    offsets = {said.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    if len(offsets) > 1:
        raise ConfigError(
            f"{option} {text}: clocks in {zone.key} showed that twice or never; add the offset, as +02:00"
        )
    return said.replace(tzinfo=zone).timestamp()


def told(at_s: float, zone: ZoneInfo) -> str:
    """A moment by the clock on the wall, with its offset, or "UTC" where that is the zone; ``moment`` reads it."""
    said = datetime.fromtimestamp(at_s, UTC).astimezone(zone).isoformat(sep=" ", timespec="seconds")
    return f"{said.removesuffix('+00:00')}{IN_UTC}" if zone.key == "UTC" else said
