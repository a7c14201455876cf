"""A WearerView, its name, the site's zone and the time in; what the board shows of that wearer out, as a ``Row``.

Two axes that never mix. ``risk`` is how the person is (fill and hue) and ``watch`` how well anyone can see it (line,
frame and hatching), so an alert whose sight is lost stays an alert and says both. The first paint and the stream both
show ``Row`` values, so there is one truth; the page's script only copies their fields into place.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from zoneinfo import ZoneInfo

from alerts.protection.cover import Cover as Covered
from alerts.protection.cover import Level
from alerts.views import AlertView, Blind, RiskState, WearerView
from console.beside import NOTHING, Around, Plan
from console.clock import clock_time
from console.losses import STALE, Cover, Loss, Watch, loss_of
from console.telling import Told, cover_words, sounds_lost, told_of_alert, told_of_loss
from console.trend import Trend, trend_of

LOW_BATTERY_PCT: Final = 15
"""From here down a band is shown as partly protected: three hours of a band that lasts twenty."""

UNSTORED: Final = "readings are not stored: tell whoever runs this server"

UNKEPT: Final = "alerts sound, but would not outlast a restart: tell whoever runs this server"

Risk = Literal["calm", "rising", "alert", "held", "unknown"]


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


def row_of(view: WearerView, *, name: str, zone: ZoneInfo, now_s: float, around: Around = NOTHING) -> Row:
    """Return what the board shows of ``view`` at ``now_s`` [UTC s], in the clock of ``zone``, ``around`` beside it."""
    loss, since_s = loss_of(view, now_s=now_s)
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


def initials(name: str) -> str:
    """Return two letters at most that stand for ``name``: of two words the first letters, of one its first two."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else name[:2]


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
        said = f"Look in. {said}" if cover.level is Level.NOT else said
    elif cover.level is Level.NOT and row.risk in ("alert", "held", "rising"):
        said = _sentences([row.why, f"{since.capitalize()}:", why])
    elif blind:
        said = _sentences([row.why, cover.told if cover.told not in row.why else ""])
    return replace(
        row,
        watch=max(row.watch, _WATCHES[cover.level], key=_NO_SIGHT.index),
        cover=max(row.cover, _COVERS[cover.level], key=_WORST.index),
        glyph="unprotected" if row.risk == "calm" and cover.level is Level.NOT else row.glyph,
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
    loss = told_of_loss(lost, plan, clock=clock, now_s=now_s) if lost and row.cover != "protected" else None
    alert = None
    if view.alert and row.risk in ("alert", "held"):
        alert = told_of_alert(view.alert, around.of(view.alert.alert_id), plan, clock=clock, now_s=now_s)
    snoozed = (alert if row.risk == "alert" else loss) or Told("", None, "", "", (), Plan(), "")
    quiet = snoozed.snoozed_until_s is not None and snoozed.snoozed_until_s > now_s
    told = alert.told if alert else loss.told if loss else ""
    if loss and loss.taken and not alert:
        return replace(row, loss=loss, told=told, sounds="", why=_sentences([row.why, loss.taken]))
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


def _sounds(view: WearerView, loss: Loss | None) -> Literal["lost", "notice", ""]:
    """Return what losing sight sounds. That somebody is not recorded was decided or long announced, and nobody can mend
    it by running: it is told once, and only where it ends a watch."""
    if loss is None or (loss.sounds == "notice" and all(value is None for value in view.trend)):
        return ""
    return loss.sounds


def _words(
    view: WearerView, risk: Risk, loss: Loss | None, *, since_s: float, name: str, zone: ZoneInfo, now_s: float
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
        return _over_words(view, clock(view.risk_since_s)), _sentences(["No new alert can come for a moment.", why])
    return "Calm", why


def _over_words(view: WearerView, since: str) -> str:
    """Say that an alert is over, and by what that is known: its signs may stand for a while after somebody said so."""
    by = view.alert.resolved_by if view.alert else None
    return f"{by} said at {since} that it is over" if by else f"Signs over since {since}"


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


def _loss_words(view: WearerView, loss: Loss, *, since: str) -> str:
    why = _sentences(view.why[:2] or (loss.why,))
    if view.sight.reason is Blind.LEARNING:
        return f"No alert can come yet. {why}"
    if view.sight.reason is Blind.NOT_RECORDING:
        return f"{why} Nobody can see since {since}."
    return loss.why if loss is STALE else why


def _lasting(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"for {minutes} min" if minutes > 0 else "just now"


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
