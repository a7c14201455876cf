"""A service in; the whole of yesterday of two people out: the minutes that were kept of it, and what happened."""

import math
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from alerts.events import Event
from alerts.outcomes.events import OutcomeTold, What
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.views import Blind
from forecalm.build import Service
from forecalm.installation import Installation
from forecalm.watching.foretold import FOLDER, Minute, Readings, Share
from forecalm.watching.minutes import MINUTE_S
from ingest.labels import NOTE, Label

HOUR_S: Final = 3600.0
CALM_BEFORE_S: Final = 15 * MINUTE_S
"""Until so long ago it goes: what runs from then on is the service's own."""
WALKS: Final = ((10.2, 10.9), (16.4, 17.2))
OFF: Final = ((7.1, 7.6), (19.4, 20.1))
"""When, in hours of the day, they walked about and the band was off: a shower, the charger."""
RISEN: Final = {"w-01": (14.2, 15.0), "w-02": (11.6, 12.2)}
"""When signs were high."""
HELPED: Final = ("Blue headphones: hall drawer, left", "Sit beside, not in front")


def yesterday(zone: ZoneInfo) -> tuple[float, str]:
    """Return when yesterday began [UTC s], and its date."""
    today = datetime.fromtimestamp(time.time(), zone).replace(hour=0, minute=0, second=0, microsecond=0)
    day = (today - timedelta(hours=12)).replace(hour=0)
    return day.timestamp(), f"{day:%Y-%m-%d}"


def live_through(service: Service) -> str:
    """Enter what was kept of yesterday, and of today so far; return yesterday's date."""
    here, zone = Installation(service._config), ZoneInfo(service._config.site.time_zone)
    began_s, date = yesterday(zone)
    minutes = [it for wearer in RISEN for it in _minutes(wearer, began_s, time.time() - CALM_BEFORE_S)]
    folder = here.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for day in sorted({_day(it) for it in minutes}):
        lines = b"".join(msgspec.json.encode(it) + b"\n" for it in minutes if _day(it) == day)
        with (folder / f"{day}.jsonl").open("ab") as file:
            file.write(lines)
    for wearer, (rose_h, settled_h) in RISEN.items():
        told = _told(wearer, began_s + rose_h * HOUR_S, began_s + settled_h * HOUR_S)
        service.desk._kept._journal.append([*told, *_unseen(wearer, began_s)])
    note_s = began_s + 13.2 * HOUR_S
    note = Label(what=NOTE, start_s=note_s, end_s=note_s, rater="Maryam", wearer="w-01", note="Slept badly, quiet day")
    with closing(here.open_registry()) as registry:
        registry.add_labels([note], by="Maryam")
    return date


def _minutes(wearer: str, since_s: float, until_s: float) -> Iterator[Minute]:
    since_s = since_s // MINUTE_S * MINUTE_S
    rose_h, settled_h = RISEN[wearer]
    for i in range(int((until_s - since_s) // MINUTE_S)):
        hour = i / 60
        of_day = hour % 24
        if any(begins <= of_day < ends for begins, ends in OFF):
            continue
        effort = float(any(begins <= of_day < ends for begins, ends in WALKS))
        awake = 1.0 if 7 <= of_day < 22 else 0.0
        high = math.sin(math.pi * (hour - rose_h) / (settled_h - rose_h)) if rose_h <= hour < settled_h else 0.0
        sway = math.sin(i / 9) * 0.5 + math.sin(i / 2.3) * 0.3 + math.sin(i * 1.7) * 0.2
        risk = min(0.97, 0.06 + 0.04 * awake + 0.03 * sway + 0.88 * high)
        yield Minute(
            at_s=int(since_s) + i * MINUTE_S,
            wearer=wearer,
            seconds=MINUTE_S,
            own=MINUTE_S,
            told=Share(model="arousal", known=MINUTE_S, mean=round(max(risk - 0.04, 0.0), 4), highest=round(risk, 4)),
            readings=Readings(
                sweat_us=round(1.1 + 0.5 * awake + 0.25 * sway + 1.6 * effort + 3.2 * high, 3),
                pulse_bpm=round(62 + 16 * awake + 4 * sway + 28 * effort + 22 * high, 3),
                skin_c=round(33.4 - 0.7 * awake + 0.15 * sway - 0.5 * high, 3),
                movement_g=round(max(0.005 + 0.03 * awake * (1.2 + sway) + 0.35 * effort, 0.002), 3),
            ),
        )


def _told(wearer: str, rose_s: float, settled_s: float) -> Iterator[Event]:
    alert_id, at_s = f"{wearer}-gone", rose_s + 8 * MINUTE_S
    reasons = ("Sweat rising for 6 min while sitting still.", "Pulse 96, above usual.")
    yield AlertRaised(wearer=wearer, at_s=at_s, alert_id=alert_id, probability=0.74, reasons=reasons, policy="p")
    yield AlertAcknowledged(wearer=wearer, at_s=at_s + 62, alert_id=alert_id, by="Jo")
    yield AlertResolved(wearer=wearer, at_s=settled_s, alert_id=alert_id, by="Jo")
    yield OutcomeTold(
        wearer=wearer,
        at_s=settled_s + 40,
        outcome_id=f"{alert_id}-1",
        alert_id=alert_id,
        by="Jo",
        what=What.SETTLED,
        helped=HELPED,
        began_s=rose_s,
        uncertainty_s=60.0,
        ended_s=settled_s,
    )


def _unseen(wearer: str, began_s: float) -> Iterator[Event]:
    for begins_h, ends_h in OFF:
        off_s = began_s + begins_h * HOUR_S
        yield SightLost(wearer=wearer, at_s=off_s, reason=Blind.NOT_WORN, since_s=off_s)
        yield SightRegained(wearer=wearer, at_s=began_s + ends_h * HOUR_S)


def _day(minute: Minute) -> str:
    return f"{datetime.fromtimestamp(minute.at_s, ZoneInfo('UTC')):%Y-%m-%d}"
