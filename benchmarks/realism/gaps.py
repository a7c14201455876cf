"""Sessions in, how much of them cannot be read out: lost beats, artefacts, loose electrodes, session by session."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.realism.sessions import Session
from ingest.types import Array

LONG_S: Final = 5.0  # a pause between beats that are told longer than this is a gap
MINUTE_S: Final = 60

COLUMNS: Final = {  # by name: what it is
    "beats_covered": "share of the worn time that beats fill which our finder believes",
    "own_covered": "share of the time that the intervals fill which the band's maker tells",
    "gap_median_s": "median pause between believed beats, of those over 5 s",
    "gap_p95_s": "the longest twentieth of these pauses",
    "gaps_per_h": "such pauses an hour of wear",
    "eda_artefact": "share of worn minutes' time within which our rule sees conductance shaken",
    "eda_lost": "share of worn time in which electrodes do not touch",
    "still": "share of worn seconds in which the wrist is still",
    "rate_again_1min": "how heart rate goes with itself a minute later (means of a minute)",
    "rate_again_5min": "and five minutes later",
    "rate_sd_bpm": "spread of those means within a session",
    "temperature_sd_c": "spread of a session's skin temperature while worn",
    "temperature_per_10min_c": "median absolute change of skin temperature in ten minutes",
    "eda_change_10min": "median absolute change of log10 conductance in ten minutes",
}


def lacks(sessions: Sequence[Session]) -> dict[str, Array]:
    """Return each number of ``COLUMNS`` for each session (n,); NaN where a session cannot say."""
    rows = [_of(session) for session in sessions]
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in COLUMNS}


def _of(session: Session) -> dict[str, float]:
    said = session.said
    worn = said["worn"] != 0
    hours = worn.sum() / 3600
    if hours < 0.1:
        return {}
    found = {"temperature_sd_c": float("nan")}
    if np.isfinite(session.channels["ppg"]).any():
        gaps = np.diff(session.beats[0])
        gaps = gaps[gaps > LONG_S]
        found |= {
            "beats_covered": float(session.beats[1].sum() / worn.sum()),
            "gap_median_s": float(np.median(gaps)) if gaps.size else float("nan"),
            "gap_p95_s": float(np.quantile(gaps, 0.95)) if gaps.size else float("nan"),
            "gaps_per_h": gaps.size / hours,
        } | _heart(_minutes(np.where(worn, said["heart_rate_bpm"], np.nan)))
    if session.own_beats is not None:
        found["own_covered"] = float(session.own_beats[1].sum() / session.seconds)
    if np.isfinite(session.channels["eda"]).any():
        found["eda_artefact"] = float(np.nanmean(np.where(worn, said["eda_artefact"], np.nan)))
        found["eda_lost"] = float((said["eda_contact"][worn] == 0).mean())
        level = _minutes(np.where(worn, _seconds(session.channels["eda"]), np.nan))
        found["eda_change_10min"] = _apart(np.log10(np.maximum(level, 0.01)), 10)
    if np.isfinite(session.channels["motion"]).any():
        found["still"] = float(np.nanmean(said["still"][worn]))
    if np.isfinite(session.channels["temperature"]).any():
        warmth = _minutes(np.where(worn, _seconds(session.channels["temperature"]), np.nan))
        found["temperature_sd_c"] = float(np.nanstd(warmth))
        found["temperature_per_10min_c"] = _apart(warmth, 10)
    return found


def _heart(rate: Array) -> dict[str, float]:
    return {
        "rate_again_1min": _again(rate, 1),
        "rate_again_5min": _again(rate, 5),
        "rate_sd_bpm": float(np.nanstd(rate)) if np.isfinite(rate).sum() > 10 else float("nan"),
    }


def _seconds(x: Array) -> Array:
    found: Array = x.reshape(-1, 4).mean(axis=-1)
    return found


def _minutes(x: Array) -> Array:
    """Means of whole minutes of which half is known; NaN elsewhere."""
    each = x[: x.size // MINUTE_S * MINUTE_S].reshape(-1, MINUTE_S)
    known = np.isfinite(each).sum(axis=1)
    total = np.nansum(each, axis=1)
    return np.where(known >= MINUTE_S // 2, total / np.maximum(known, 1), np.nan)


def _again(x: Array, lag: int) -> float:
    a, b = x[:-lag], x[lag:]
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 15 or a[both].std() == 0 or b[both].std() == 0:
        return float("nan")
    return float(np.corrcoef(a[both], b[both])[0, 1])


def _apart(x: Array, lag: int) -> float:
    change = np.abs(x[lag:] - x[:-lag])
    return float(np.nanmedian(change)) if np.isfinite(change).any() else float("nan")
