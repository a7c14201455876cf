"""A WearerView, its name, the site's zone and the time in; what the board shows of that wearer out, as a ``Row``.

Two axes that never mix. ``risk`` is how the person is (fill and hue) and ``watch`` how well anyone can see it (line,
frame and hatching), so an alert whose sight is lost stays an alert and says both. The first paint and the stream both
show ``Row`` values, so there is one truth; the page's script only copies their fields into place.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final, Literal
from zoneinfo import ZoneInfo

from alerts.policy import ENTER
from alerts.protection.cover import Cover as Covered
from alerts.protection.cover import Level
from alerts.views import TREND_STEP_S, AlertView, Blind, RiskState, WearerView
from console.beside import NOTHING, Around, Plan
from console.telling import Told, cover_words, sounds_lost, told_of_alert, told_of_loss

STALE_S: Final = 15.0
"""A view older than this is no sight: nobody looks at that wearer any more. The page calls its server lost as late."""

LOW_BATTERY_PCT: Final = 15
"""From here down a band is shown as partly protected: three hours of a band that lasts twenty."""

ALERT_LINE: Final = round((38 - 36 * ENTER) / 0.4, 1)
"""How far down the trend's box [%] the production policy begins to count towards an alert."""

UNSTORED: Final = "readings are not stored: tell whoever runs this server"

UNKEPT: Final = "alerts sound, but would not outlast a restart: tell whoever runs this server"

Risk = Literal["calm", "rising", "alert", "held", "unknown"]
Watch = Literal["ok", "partly", "none"]
Cover = Literal["protected", "partly", "cannot tell", "not"]


@dataclass(frozen=True, slots=True)
class Trend:
    """Half an hour of probability in a box 100 wide and 40 high, 0 at its foot.

    ``ink`` and ``area`` are SVG path data; ``now`` is the height of the last value in % from the top, None where it is
    unknown; ``unseen`` holds (left, width) in % of every stretch that nobody could see.
    """

    ink: str
    area: str
    now: float | None
    unseen: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One wearer on the board, in words and attributes; empty strings where there is nothing to say.

    ``glyph`` names a symbol of the page's sprite, unless ``badge`` (the initials of who has the wearer) stands there.
    ``cover`` says whether an alert could come at all. ``sounds`` is what a tablet sounds when the row comes to this:
    "alert" until taken, "lost" again and again until somebody has touched the tablet, "notice" once, or nothing.
    ``cover_why`` says why protection is not whole and who was told, ``told`` who is told next. ``alert`` is what stands
    with the alert at hand, taken or not, and ``loss`` with the news that protection is lost; None where there is none.
    """

    wearer: str
    name: str
    risk: Risk
    watch: Watch
    cover: Cover
    glyph: str
    badge: str
    lead: str
    word: str
    why: str
    hands: str
    signal: str
    battery: str
    sounds: Literal["alert", "lost", "notice", ""]
    alert_id: str
    trend: Trend
    cover_why: str = ""
    told: str = ""
    alert: Told | None = None
    loss: Told | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the house can be watched: ``protected`` is the headline, ``rest`` says what ails the others."""

    protected: str
    rest: str


@dataclass(frozen=True, slots=True)
class _Loss:
    """How one way of not seeing is shown: by itself (``word``, ``why``) and beside a risk that stays (``beside``)."""

    word: str
    beside: str
    why: str
    glyph: str
    watch: Watch
    cover: Cover
    signal: str
    sounds: Literal["lost", "notice", ""]


_LOSSES: Final[dict[Blind, _Loss]] = {
    Blind.NOT_HEARD: _Loss(
        word="Not heard yet",
        beside="Not heard yet.",
        why="The band has not sent anything yet.",
        glyph="cannot",
        watch="none",
        cover="not",
        signal="No signal yet",
        sounds="",
    ),
    Blind.SILENT: _Loss(
        word="Not protected since {at}",
        beside="Signal lost {at}.",
        why="The band has stopped sending.",
        glyph="unprotected",
        watch="none",
        cover="not",
        signal="No signal",
        sounds="lost",
    ),
    Blind.NOT_WORN: _Loss(
        word="Band off since {at}",
        beside="Band came off at {at}.",
        why="The band is not on the skin.",
        glyph="bandoff",
        watch="none",
        cover="not",
        signal="Band off",
        sounds="lost",
    ),
    Blind.POOR_SIGNAL: _Loss(
        word="Cannot tell since {at}",
        beside="Signal poor since {at}.",
        why="Too little of the signal can be used.",
        glyph="cannot",
        watch="partly",
        cover="cannot tell",
        signal="Signal poor",
        sounds="",
    ),
    Blind.LEARNING: _Loss(
        word="Getting to know {name}",
        beside="Cannot tell since {at}.",
        why="What is usual is not known yet.",
        glyph="cannot",
        watch="partly",
        cover="cannot tell",
        signal="Signal good",
        sounds="",
    ),
    Blind.OUT_OF_RANGE: _Loss(
        word="Cannot tell since {at}",
        beside="Cannot tell since {at}.",
        why="Readings unlike any that were learnt from.",
        glyph="cannot",
        watch="partly",
        cover="cannot tell",
        signal="Signal good",
        sounds="",
    ),
    Blind.NOT_RECORDING: _Loss(
        word="Not recording",
        beside="Not recording.",
        why="No consent: nothing is kept, and no alert can come.",
        glyph="notrecording",
        watch="none",
        cover="not",
        signal="Not recording",
        sounds="notice",
    ),
}

_STALE: Final = _Loss(
    word="Not protected since {at}",
    beside="Nobody can see since {at}.",
    why="The server has stopped reading. Look in.",
    glyph="unprotected",
    watch="none",
    cover="not",
    signal="No signal",
    sounds="lost",
)


def row_of(view: WearerView, *, name: str, zone: ZoneInfo, now_s: float, around: Around = NOTHING) -> Row:
    """Return what the board shows of ``view`` at ``now_s`` [UTC s], in the clock of ``zone``, ``around`` beside it."""
    loss, since_s = _loss(view, now_s=now_s)
    low = loss is None and view.battery_pct is not None and view.battery_pct <= LOW_BATTERY_PCT
    risk = _risk_of(view.risk, blind=loss is not None)
    partly = low or (loss is None and view.risk is RiskState.RESOLVED)
    word, why = _words(view, risk, loss, since_s=since_s, name=name, zone=zone, now_s=now_s)
    if low:
        charge = f"Band battery {view.battery_pct} %: charge it soon."
        word = f"{word}, partly protected" if word == "Calm" else word
        why = _sentences([charge, why] if risk == "calm" else [why, charge])
    by = _taken(view)[0] if risk == "held" else ""
    row = Row(
        wearer=view.wearer,
        name=name,
        risk=risk,
        watch=loss.watch if loss else "partly" if partly else "ok",
        cover=loss.cover if loss else "partly" if partly else "protected",
        glyph=loss.glyph if loss and risk == "unknown" else risk,
        badge=initials(by),
        lead="may need you now" if risk == "alert" else "",
        word=word,
        why=why,
        hands=f"{by} has it" if by else "",
        signal=loss.signal if loss else "Signal good",
        battery="Battery unknown" if view.battery_pct is None else f"Battery {view.battery_pct} %",
        sounds="alert" if risk == "alert" else _sounds(view, loss),
        alert_id=view.alert.alert_id if view.alert and risk == "alert" else "",
        trend=trend_of(view.trend, filled=risk in ("rising", "held"), blind=loss is not None, age_s=now_s - since_s),
    )
    return _beside(_covered(row, around, zone=zone, now_s=now_s), view, around, zone=zone, now_s=now_s)


def tally_of(rows: Sequence[Row], *, kept: bool = True, stored: bool = True) -> Tally:
    """Return how many of ``rows`` can be watched. Somebody whom the model cannot tell about is not protected.

    ``kept`` is whether alerts outlast a restart of the server, ``stored`` whether readings are; where they are not,
    that is what is said beside.
    """
    if not kept or not stored:
        return replace(tally_of(rows), rest=UNSTORED if kept else UNKEPT)
    count = Counter(row.cover for row in rows)
    if not rows:
        return Tally(protected="Nobody is paired yet", rest="so nobody is watched")
    if count["protected"] == len(rows):
        rising, needing = (sum(row.risk == risk for row in rows) for risk in ("rising", "alert"))
        quiet = "nobody rising" if all(row.risk == "calm" for row in rows) else ""
        now = [f"{needing} may need you"] if needing else []
        now += [f"{rising} rising"] if rising else []
        return Tally(f"All {len(rows)} protected", ", ".join(now) or quiet)
    doubts: tuple[Cover, ...] = ("partly", "cannot tell", "not")
    rest = ", ".join(f"{count[cover]} {cover}" for cover in doubts if count[cover])
    return Tally(protected=f"{count['protected']} of {len(rows)} protected", rest=rest)


def trend_of(values: Sequence[float | None], *, filled: bool, blind: bool, age_s: float) -> Trend:
    """Return the drawing of ``values`` (oldest first, one in ``TREND_STEP_S``).

    ``filled`` closes the area under the line. While ``blind``, the last ``age_s`` seconds are hatched even where the
    values do not say so yet, because a stretch that nobody could see must never look like a calm one.
    """
    count = len(values)
    unseen_from = count - int(age_s // TREND_STEP_S) - 1 if blind else count
    known = [value if i < unseen_from else None for i, value in enumerate(values)]
    step = 100 / max(count - 1, 1)
    ink, area, unseen = [], [], []
    for is_known, run in groupby(enumerate(known), key=lambda item: item[1] is not None):
        points = [(i * step, 38 - 36 * value) for i, value in run if value is not None] if is_known else []
        if points:
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            ink.append(f"M{line}" if len(points) > 1 else f"M{line}h0")
            area.append(f"M{line}V40H{points[0][0]:.1f}Z")
        else:
            places = [i for i, _ in run]
            left, right = max((places[0] - 0.5) * step, 0.0), min((places[-1] + 0.5) * step, 100.0)
            unseen.append((round(left, 1), round(right - left, 1)))
    last = known[-1] if known else None
    return Trend(
        ink="".join(ink),
        area="".join(area) if filled else "",
        now=None if last is None else round((38 - 36 * last) / 0.4, 1),
        unseen=tuple(unseen),
    )


def initials(name: str) -> str:
    """Return two letters at most that stand for ``name``: of two words the first letters, of one its first two."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else name[:2]


def clock_time(at_s: float, *, zone: ZoneInfo, now_s: float) -> str:
    """Return ``at_s`` [UTC s] as 14:02 in ``zone``, with its weekday if that is not the day of ``now_s``."""
    at, now = datetime.fromtimestamp(at_s, zone), datetime.fromtimestamp(now_s, zone)
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%a %H:%M}"


_WATCHES: Final[dict[Level, Watch]] = {Level.PROTECTED: "ok", Level.PARTLY: "partly", Level.NOT: "none"}
_COVERS: Final[dict[Level, Cover]] = {Level.PROTECTED: "protected", Level.PARTLY: "partly", Level.NOT: "not"}
_WORST: Final[tuple[Cover, ...]] = ("protected", "partly", "cannot tell", "not")
_NO_SIGHT: Final[tuple[Watch, ...]] = ("ok", "partly", "none")


def _covered(row: Row, around: Around, *, zone: ZoneInfo, now_s: float) -> Row:
    """Return ``row`` with what is known of protection: never better than sight or cover alone, never over a risk."""
    known = around.covers.get(row.wearer)
    doubt = Covered(wearer=row.wearer, level=Level.PARTLY, since_s=now_s, why=around.doubt) if around.doubt else None
    cover = known or doubt
    if cover is None or cover.level is Level.PROTECTED:
        return row
    since, why = cover_words(cover, clock=lambda at_s: clock_time(at_s, zone=zone, now_s=now_s))
    blind = row.glyph != row.risk or row.risk == "unknown"  # sight says by itself what is wrong
    word, said = row.word, _sentences([row.why, why if why not in row.why else ""])
    if row.risk == "calm" and word.startswith("Calm"):
        word, said = f"Calm, {since if known else 'partly protected'}", why or row.why
    elif cover.level is Level.NOT and row.risk in ("alert", "held", "rising"):
        said = _sentences([row.why, f"{since.capitalize()}:", why])
    elif blind:
        said = _sentences([row.why, cover.told if cover.told not in row.why else ""])
    return replace(
        row,
        watch=max(row.watch, _WATCHES[cover.level], key=_NO_SIGHT.index),
        cover=max(row.cover, _COVERS[cover.level], key=_WORST.index),
        word=word,
        why=said,
        cover_why=why,
        sounds=row.sounds or ("lost" if sounds_lost(cover) else ""),
    )


def _beside(row: Row, view: WearerView, around: Around, *, zone: ZoneInfo, now_s: float) -> Row:
    """Return ``row`` with its alert's proof and plan, and with the sound of what was snoozed left out."""

    def clock(at_s: float) -> str:
        return clock_time(at_s, zone=zone, now_s=now_s)

    plan, lost = around.plans.get(row.wearer), around.loss_of(row.wearer)
    loss = told_of_loss(lost, plan, clock=clock) if lost and row.cover != "protected" else None
    alert = None
    if view.alert and row.risk in ("alert", "held"):
        alert = told_of_alert(view.alert, around.of(view.alert.alert_id), plan, clock=clock)
    snoozed = (alert if row.risk == "alert" else loss) or Told("", None, "", "", (), Plan(), "")
    quiet = snoozed.snoozed_until_s is not None and snoozed.snoozed_until_s > now_s
    told = alert.told if alert else loss.told if loss else ""
    return replace(row, alert=alert, loss=loss, told=told, sounds="" if quiet else row.sounds)


def _risk_of(state: RiskState, *, blind: bool) -> Risk:
    match state:
        case RiskState.ALERTING:
            return "alert"
        case RiskState.ACKNOWLEDGED:
            return "held"
        case RiskState.RISING:
            return "rising"
        case RiskState.WATCHING | RiskState.RESOLVED:
            return "unknown" if blind else "calm"


def _loss(view: WearerView, *, now_s: float) -> tuple[_Loss | None, float]:
    loss = None if view.sight.reason is None else _LOSSES[view.sight.reason]
    if now_s - view.at_s > STALE_S and (loss is None or loss.cover != "not"):
        return _STALE, view.at_s
    return loss, view.sight.since_s if loss else now_s


def _sounds(view: WearerView, loss: _Loss | None) -> Literal["lost", "notice", ""]:
    """Return what losing sight sounds. That somebody is not recorded was decided or long announced, and nobody can mend
    it by running: it is told once, and only where it ends a watch."""
    if loss is None or (loss.sounds == "notice" and all(value is None for value in view.trend)):
        return ""
    return loss.sounds


def _words(
    view: WearerView, risk: Risk, loss: _Loss | None, *, since_s: float, name: str, zone: ZoneInfo, now_s: float
) -> tuple[str, str]:
    """Return the state word and the sentences that stand beside it."""

    def clock(at_s: float) -> str:
        return clock_time(at_s, zone=zone, now_s=now_s)

    why = _sentences(view.why[:2])
    beside = loss.beside.format(at=clock(since_s)) if loss else ""
    if risk == "alert":
        return _alert_words(view, beside=beside, zone=zone, now_s=now_s)
    if risk == "held":
        by, taken_s = _taken(view)
        return f"{by} has it since {clock(taken_s)}", _sentences([beside, why])
    if risk == "rising":
        return (
            (f"Was rising. {beside}", why or loss.why)
            if loss
            else (f"Rising {_lasting(now_s - view.risk_since_s)}", why)
        )
    if loss:
        return loss.word.format(at=clock(since_s), name=name), _loss_words(view, loss, since=clock(since_s))
    if view.risk is RiskState.RESOLVED:
        return f"Signs over since {clock(view.risk_since_s)}", _sentences(["No new alert can come for a moment.", why])
    return "Calm", why


def _alert_words(view: WearerView, *, beside: str, zone: ZoneInfo, now_s: float) -> tuple[str, str]:
    reasons = view.alert.reasons if view.alert and view.alert.reasons else view.why
    raised_s = view.alert.raised_s if view.alert else view.risk_since_s
    first, *rest = reasons or ("Signs as they come before a hard time.",)
    minutes = int((now_s - raised_s) // 60)
    since = (
        f"Alert {clock_time(raised_s, zone=zone, now_s=now_s)}, {f'{minutes} min ago' if minutes > 0 else 'just now'}."
    )
    if beside:
        return f"{beside} The alert stays.", _sentences([since, first])
    return first, _sentences([since, *rest[:3]])


def _taken(view: WearerView) -> tuple[str, float]:
    alert: AlertView | None = view.alert
    if alert is None or alert.acknowledged_by is None or alert.acknowledged_s is None:
        return "Somebody", view.risk_since_s
    return alert.acknowledged_by, alert.acknowledged_s


def _loss_words(view: WearerView, loss: _Loss, *, since: str) -> str:
    why = _sentences(view.why[:2] or (loss.why,))
    if view.sight.reason is Blind.LEARNING:
        return f"No alert can come yet. {why}"
    if view.sight.reason is Blind.NOT_RECORDING:
        return f"{why} Nobody can see since {since}."
    return loss.why if loss is _STALE else why


def _lasting(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"for {minutes} min" if minutes > 0 else "just now"


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
