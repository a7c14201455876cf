"""How many of FLIRT's features ours agree with: FLIRT and ours on the same minutes of real wristband sessions.

Ten minutes from the middle of each Empatica E4 session, as FLIRT gets them: conductance, acceleration in counts, the
band's own intervals cleaned by FLIRT; 60 s windows every 20 s. A feature agrees in a window where both are the same, or
differ by at most 1e-3 of its size plus its spread over the session's windows; it agrees as a whole where it does in
every window of every session. FLIRT fills windows of too few intervals from those after them; only windows which
intervals fill by its own rule are compared.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, table
from ingest.recordings import e4
from signals.sets import flirt
from signals.sets.registry import Table

NEEDS = ("stress_predict",)  # folders of recordings

Array = NDArray[np.float64]

FOLDERS = ("stress_predict", "nurse_stress")
EACH = 8  # sessions of each
SECONDS = 600
WINDOW_S = 60
STEP_S = 20
TOLERANCE = 1e-3


def pieces(data: Path) -> dict[str, tuple[Array, Array, Array, Array]]:
    """Return by session conductance, acceleration in counts, when its intervals ended and how long they were [s]."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((data / folder).glob("*.zip"))[:EACH]:
            recording = e4.read(path)
            if not {"eda", "motion"} <= recording.channels.keys() or recording.ibi_s is None:
                continue
            eda, motion = recording.whole("eda"), recording.whole("motion")
            length_s = min(eda.values.shape[-1] / 4, motion.values.shape[-1] / 32)
            begin = int(length_s / 2 - SECONDS / 2)
            if begin < 0:
                continue
            at_s, interval_s = recording.ibi_s
            at_s = at_s - eda.start_s - begin
            inside = (at_s >= 0) & (at_s < SECONDS)
            found[f"{folder} {path.stem}"] = (
                np.ravel(eda.values)[4 * begin : 4 * (begin + SECONDS)].astype(float),
                64 * motion.values[:, 32 * begin : 32 * (begin + SECONDS)].astype(float),
                at_s[inside],
                interval_s[inside],
            )
    return found


def ours(eda: Array, counts: Array, at_s: Array, interval_s: Array) -> Table:
    """Return our set at a window every second."""
    intervals = np.zeros((1, 64 * SECONDS))
    intervals[0, np.floor(64 * at_s + 1e-6).astype(int)] = interval_s
    return flirt.features(
        eda=eda[None],
        eda_hz=4,
        motion=counts[None] / 64,
        motion_hz=32,
        intervals=intervals,
        interval_hz=64,
        window_s=WINDOW_S,
        hop_s=1,
    )


def flirts(
    eda: Array, counts: Array, at_s: Array, interval_s: Array, *, only_conductance: bool = False
) -> dict[str, tuple[Array, Array]]:
    """Return FLIRT's features by name: when windows end [s], and the values."""
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # FLIRT calls what NumPy 2.4 took away
    import pandas as pd

    begin = pd.Timestamp("2024-01-01", tz="UTC")
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        import flirt as peer

        moments = pd.date_range(begin, periods=counts.shape[1], freq="31250us")
        motion = pd.DataFrame(counts.T, columns=["acc_x", "acc_y", "acc_z"], index=moments)
        series = pd.Series(eda, index=pd.date_range(begin, periods=len(eda), freq="250ms"))
        beats = pd.Series(1000 * interval_s, index=begin + pd.to_timedelta(at_s, unit="s"))
        frames = [peer.get_eda_features(series, WINDOW_S, STEP_S, 4, num_cores=1)]
        if not only_conductance:
            frames.append(peer.get_acc_features(motion, WINDOW_S, STEP_S, 32, num_cores=1))
        if not only_conductance and len(beats) > 1 and at_s[-1] - at_s[0] > WINDOW_S + 1:
            domains = ["td", "fd", "nl", "stat"]
            frames.append(peer.get_hrv_features(beats, WINDOW_S, STEP_S, domains, 0.2, num_cores=1))
    found = {}
    for frame in frames:
        end_s = (frame.index - begin).total_seconds().to_numpy()
        found |= {name: (end_s, frame[name].to_numpy(float)) for name in frame.columns}
    return found


def apart(table_: Table, theirs: dict[str, tuple[Array, Array]]) -> dict[str, Array]:
    """Return by feature how far ours is from FLIRT's in each window, as a share of its size and spread."""
    found = {}
    for name, (end_s, values) in theirs.items():
        at = np.round(end_s - WINDOW_S).astype(int)
        inside = (at >= 0) & (at < len(table_.end_s))
        mine, wanted = table_.column(name)[0, at[inside]], values[inside]
        told = np.isfinite(mine) | (not name.startswith("hrv"))
        mine, wanted = mine[told], wanted[told]
        same = (mine == wanted) | (np.isnan(mine) & np.isnan(wanted))
        known = np.isfinite(wanted)
        scale = np.abs(wanted) + (wanted[known].std() if known.any() else 0.0) + 1e-9
        with np.errstate(invalid="ignore"):
            off = np.where(same, 0.0, np.abs(mine - wanted) / scale)
        found[name] = np.where(np.isnan(off), np.inf, off)
    return found


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """Let FLIRT solve its convex problem to the end: its own arguments but for the tolerances."""
    import flirt.eda.feature_calculation as conductance

    options = vars(conductance)["__cvx_eda"].__defaults__[-1]
    shipped = dict(options)
    options.update(abstol=1e-12, reltol=1e-12, feastol=1e-12)
    try:
        yield
    finally:
        options.clear()
        options.update(shipped)


def measure(data: Path) -> list[Figure]:
    """Compare over all sessions."""
    sessions, lines = pieces(data), []
    off: dict[str, list[Array]] = {}
    solved: dict[str, list[Array]] = {}
    for name, piece in sessions.items():
        mine = ours(*piece)
        found = apart(mine, flirts(*piece))
        with exact():
            to_the_end = apart(mine, flirts(*piece, only_conductance=True))
        agree = sum(bool((one <= TOLERANCE).all()) for one in found.values())
        share = np.mean(np.concatenate(list(found.values())) <= TOLERANCE)
        windows = max(len(one) for one in found.values())
        lines.append([name, str(windows), f"{agree} of {len(found)}", f"{100 * share:.2f} %"])
        for feature, one in found.items():
            off.setdefault(feature, []).append(one)
        for feature, one in to_the_end.items():
            solved.setdefault(feature, []).append(one)
    together = {feature: np.concatenate(some) for feature, some in off.items()}
    ended = together | {feature: np.concatenate(some) for feature, some in solved.items()}
    rest = {feature: one for feature, one in together.items() if (one > TOLERANCE).any()}
    left = [feature for feature, one in ended.items() if (one > TOLERANCE).any()]
    of_values = np.mean(np.concatenate(list(together.values())) <= TOLERANCE)
    of_ended = np.mean(np.concatenate(list(ended.values())) <= TOLERANCE)
    differing = [
        [
            feature,
            f"{100 * np.mean(one > TOLERANCE):.1f} %",
            f"{np.median(one):.1g}",
            f"{np.max(one):.2g}",
            f"{100 * np.mean(ended[feature] > TOLERANCE):.1f} %",
        ]
        for feature, one in sorted(rest.items(), key=lambda item: -np.mean(item[1] > TOLERANCE))
    ]
    head = ["feature that does not", "windows in which", "median off", "at most off", "with FLIRT's solver tightened"]
    detail = "\n\n".join(
        [
            table(["session", "windows", "features that agree in every window", "values that agree"], lines),
            "All that do not are of the decomposition: FLIRT's solver stops at a tolerance at which they still move."
            " Tightened (1e-12 for each tolerance, nothing else changed), it comes to ours; left is the order of"
            " phasic samples that are zero but for rounding.",
            table(head, differing),
        ]
    )
    alike = len(together) - len(rest)
    return [
        Figure(
            "FLIRT's feature set",
            f"FLIRT 0.0.2 on {len(sessions)} E4 sessions, 60 s windows, within 1e-3",
            "every feature in every window, FLIRT's solver tightened",
            f"{alike} of {len(together)} in every window, {100 * of_values:.2f} % of all values; with FLIRT's solver"
            f" tightened {len(together) - len(left)}, {100 * of_ended:.2f} %",
            not left,
            {
                "features": len(together),
                "agreeing": alike,
                "values_share": float(of_values),
                "agreeing_tightened": len(together) - len(left),
                "values_share_tightened": float(of_ended),
            },
            detail,
        )
    ]
