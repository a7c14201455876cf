"""Bands nearby, wearers and moments in, what a person or a script reads of them out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.markup import escape

from console.pairing.nearby import Found

COLUMNS: Final = 80  # of a terminal that nobody has made wider


def listed(near: Sequence[Found], names: Mapping[str, str], zone: ZoneInfo) -> str:
    """What a person reads of bands nearby; ``names`` by wearer."""
    if not near:
        return "No band is nearby. Is it charged, and near a gateway?\n"
    return "".join(f"{i:3}  {_told(each, names, zone)}\n" for i, each in enumerate(near, 1))


def as_json(each: Found) -> dict[str, Any]:
    """The same for scripts: pseudonyms, no names."""
    seen, worn = each.seen, each.worn_by
    return {
        "band": each.band,
        "gateway": each.gateway,
        "others": list(each.others),
        "rssi": seen.rssi,
        "battery": seen.battery,
        "firmware": seen.firmware,
        "model": seen.model,
        "worn": seen.worn,
        "charging": seen.charging,
        "pairing": seen.pairing,
        "connected": seen.connected,
        "wearer": None if worn is None else worn.wearer,
        "since_s": None if worn is None else worn.since_s,
    }


def called(wearer: str, names: Mapping[str, str]) -> str:
    """A wearer with the name to show, where there is one, escaped for a terminal."""
    return f"{wearer} ({escape(names[wearer])})" if wearer in names else wearer


def clock(at_s: float, zone: ZoneInfo) -> str:
    """A moment [s, UTC] by the clock on the wall, with the day where that is not today."""
    then = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    today = datetime.now(UTC).astimezone(zone).date() == then.date()
    return then.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


def _told(each: Found, names: Mapping[str, str], zone: ZoneInfo) -> str:
    """Two lines: which band and who wears it, then how it does; the second, and mostly the first, fit 80 columns."""
    seen, worn = each.seen, each.worn_by
    said = ["signal unknown" if seen.rssi is None else f"{_bars(seen.rssi)} {seen.rssi} dBm"]
    said.append("battery unknown" if seen.battery is None else f"battery {seen.battery} %")
    if seen.firmware:
        said.append(f"firmware {_printable(seen.firmware)}")
    said += [
        word for word, so in (("charging", seen.charging), ("on skin", seen.worn), ("pairing", seen.pairing)) if so
    ]
    said.append(f"at {each.gateway}")
    since = "" if worn is None else f" since {clock(worn.since_s, zone)}"
    who = "free" if worn is None or worn.wearer is None else f"worn by {called(worn.wearer, names)}{since}"
    return f"{each.band}  {who}\n{_wrapped(said)}"


def _wrapped(said: Sequence[str]) -> str:
    """As many as fit a terminal's line, indented."""
    lines, indent = [""], " " * 5
    for word in said:
        if lines[-1] and len(f"{indent}{lines[-1]}, {word}") > COLUMNS:
            lines.append("")
        lines[-1] += f", {word}" if lines[-1] else word
    return "\n".join(indent + line for line in lines)


def _bars(rssi: int) -> str:
    return "near" if rssi >= -60 else "in the room" if rssi >= -75 else "far"


def _printable(text: str) -> str:
    """What a band says of itself, harmless to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
