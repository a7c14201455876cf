"""What the desk, tablets, channels and people say of a matter in; the events that it makes, noted, out."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from alerts.channels.channel import ChannelError
from alerts.delivery.book import Book, ends
from alerts.delivery.desk_alerts import of_alert, of_desk
from alerts.delivery.events import DeliveryBegun, Station
from alerts.delivery.matter import Matter
from alerts.delivery.onward import Onward
from alerts.delivery.proof import BOARD
from alerts.delivery.rules import SiteRules
from alerts.delivery.telling import Key, Telling, reached
from alerts.views import AlertView

TAKEN: Final = "somebody has it"
SETTLED: Final = "over"


class Intake:
    """Notes in ``book`` what is said of matters; ``now_s`` is what the clock shows. For one thread at a time, but for
    ``coming``: ids of matters that somebody has brought, and that are not in the book yet."""

    def __init__(
        self,
        book: Book,
        *,
        telling: Telling,
        times: Onward,
        rules: Callable[[], SiteRules],
        channels: Collection[str],
    ) -> None:
        self._book = book
        self._telling = telling
        self._times = times
        self._rules = rules
        self._channels = channels
        self.coming: set[str] = set()

    def begin(self, matter: Matter, at_s: float | None, now_s: float) -> None:
        """Somebody must be told of ``matter``, since ``at_s`` (None: now); one that is known changes nothing."""
        if matter.matter_id in self._book:
            return
        rules = self._rules()
        self._book.note(
            DeliveryBegun(
                wearer=matter.wearer,
                at_s=now_s if at_s is None else at_s,
                matter_id=matter.matter_id,
                kind=matter.kind,
                priority=matter.priority,
                words=matter.words,
                version=rules.version,
                steps=rules.steps(matter.kind, self._channels),
                again_s=rules.again_s,
                deliver_within_s=rules.deliver_within_s,
                answer_within_s=rules.answer_within_s,
                since_s=matter.since_s,
            )
        )
        self.coming.discard(matter.matter_id)

    def end(self, matter_id: str, by: str, because: str, now_s: float) -> None:
        """``by`` has it ("": it is over by itself): what has not gone yet goes no more."""
        proof = self._book.proof(matter_id)
        if proof is None or not proof.is_open:
            return
        at_s = self._times.at(matter_id, now_s)
        self._telling.withdraw(proof, at_s, because)
        self._book.note(ends(proof, by=by, because=because, at_s=at_s))

    def alert(self, alert: AlertView, now_s: float) -> None:
        """The desk shows ``alert``."""
        if alert.alert_id not in self._book and alert.acknowledged_by is None and alert.resolved_s is None:
            self.begin(of_alert(alert), min(alert.raised_s, now_s), now_s)
        elif alert.acknowledged_by is not None:
            self.end(alert.alert_id, alert.acknowledged_by, TAKEN, now_s)
        elif alert.resolved_s is not None:
            self.end(alert.alert_id, "", SETTLED, now_s)
        self.coming.discard(alert.alert_id)

    def receipt(self, tablet: str, matter_id: str, station: Station, at_s: float, now_s: float) -> None:
        """A tablet got to ``station`` at ``at_s`` by the clock."""
        proof = self._book.proof(matter_id)
        if proof is None or not proof.is_open:
            return
        step = next((number for number, step in enumerate(proof.steps) if step.channel == BOARD), 0)
        at_s = min(max(self._times.at(matter_id, at_s), proof.begun.at_s), self._times.at(matter_id, now_s))
        self._book.note(reached(proof, step, tablet, BOARD, station, at_s))

    def answer(self, key: Key, error: ChannelError | None, now_s: float) -> None:
        """A channel says what became of a message: None, it was taken on."""
        matter_id, step, to, channel, attempt = key
        proof = self._book.proof(matter_id)
        if proof is None:
            return
        station = Station.SENT if error is None else Station.FAILED if error.certain else Station.UNCERTAIN
        detail = "" if error is None else str(error.because)
        at_s = self._times.at(matter_id, now_s)
        self._book.note(reached(proof, step, to, channel, station, at_s, attempt=attempt, detail=detail))

    def catch_up(self, history: Iterable[object], begun: Collection[str], now_s: float) -> None:
        """Take in what the desk wrote before a stop; of the alerts in ``begun`` delivery has begun already."""
        open_, closed = of_desk(history)
        for raised in open_:
            if raised.alert_id not in begun:
                self.begin(of_alert(raised), min(raised.at_s, now_s), now_s)
        for proof in self._book.unsettled():
            if proof.matter.matter_id in closed:
                by = closed[proof.matter.matter_id]
                self.end(proof.matter.matter_id, by, TAKEN if by else SETTLED, now_s)
