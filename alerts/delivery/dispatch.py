"""What somebody must be told in; told along the site's chain until somebody has it, every step written first, out."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from alerts.channels.channel import Channel, ChannelError
from alerts.delivery import snooze
from alerts.delivery.book import Book
from alerts.delivery.due import due
from alerts.delivery.events import AT_TABLETS, DeliveryEvent, Station
from alerts.delivery.intake import TAKEN, Intake
from alerts.delivery.matter import Kind, Matter
from alerts.delivery.messages import Say, plainly
from alerts.delivery.onward import Onward
from alerts.delivery.proof import Proof, fold
from alerts.delivery.rules import SiteRules
from alerts.delivery.telling import Key, Telling
from alerts.delivery.workers import Hands, Workers
from alerts.errors import AlertError
from alerts.journal import Log
from alerts.names import name
from alerts.views import WearerView

log = logging.getLogger(__name__)

TURN_S: Final = 0.5
"""The clock is looked at this often at least: a step comes at most that much late, also after the clock has jumped."""

STUCK_S: Final = 15.0
"""A turn takes milliseconds, and seconds where the disk hangs: one that has not ended for so long will not."""

TRY_AGAIN_S: Final = 5.0
"""A matter whose telling failed by a mistake of ours is tried again this often: soon, without flooding the log."""

HEARD_S: Final = 15.0
"""A tablet not heard for this long shows nothing: three of its beats are lost."""


class UnknownMatter(AlertError, LookupError):
    """Nothing of that id is being told, nor was lately."""


class UnknownTablet(AlertError, LookupError):
    """No tablet of that name has said itself."""


class Tablet(Protocol):
    """What delivery knows of a tablet: see ``alerts.protection.tablets.Tablet``."""

    @property
    def tablet(self) -> str: ...
    @property
    def at_s(self) -> float: ...


Work = Callable[[float], None]
Listener = Callable[[Proof], None]


def _nobody(channel: str) -> tuple[str, ...]:
    """Where nobody says who could be reached, contacts of the rules are asked alone."""
    return ()


class Dispatch:
    """Tells what it hears by ``rules``, and goes on from what ``journal`` holds when it is started.

    ``channels`` by name; "board" is none of them: tablets prove themselves by receipts. ``on_shift`` (of a wearer, "":
    all) and ``tablets`` say who is there now; ``link`` makes the link with which one receiver takes one matter;
    ``reachable`` names everybody whom a channel reaches beside the contacts of the rules; ``say`` is title and body of
    what leaves the house; ``clock`` is UTC seconds, ``steady`` seconds that do not jump.
    ``hands`` hand messages on (threads of each channel's own).

    Whoever hears, tells or brings a receipt never waits. Everything is in the journal before it is done; where the
    journal cannot be written, people are told all the same. A thread of its own calls ``turn``; listeners are called
    from it, without any lock. None of the functions given may call back into ``snooze``, ``taken`` or ``turn``.
    """

    def __init__(
        self,
        *,
        journal: Log,
        rules: SiteRules,
        channels: Mapping[str, Channel],
        on_shift: Callable[[str], tuple[str, ...]],
        tablets: Callable[[], tuple[Tablet, ...]],
        link: Callable[[str, str], str],
        reachable: Callable[[str], tuple[str, ...]] = _nobody,
        say: Say = plainly,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        hands: Hands | None = None,
    ) -> None:
        self._journal = journal
        self._rules = rules
        self._channels = channels
        self._tablets = tablets
        self._book = Book(journal)
        self._look_s: dict[str, float] = {}
        self._times = Onward(clock, under_way=self._under_way, on_set_back=self._look_s.clear)
        self._telling = Telling(
            self._book,
            rules=lambda: self._rules,
            channels=channels,
            hands=Workers() if hands is None else hands,
            on_shift=on_shift,
            reachable=reachable,
            link=link,
            say=say,
            answered=self._answered,
        )
        self._intake = Intake(
            self._book, telling=self._telling, times=self._times, rules=lambda: self._rules, channels=channels
        )
        self._lock = threading.RLock()
        self._inbox: deque[Work] = deque()
        self._heard: dict[str, tuple[str, bool, bool]] = {}
        self._tablet_there = False
        self._listeners: dict[object, Listener] = {}
        self._woken = threading.Event()
        self._stopping = False
        self._steady = steady
        self._turned_at = steady()
        self._thread: threading.Thread | None = None

    @property
    def rules(self) -> SiteRules:
        """The newest rules: a channel asks them for an address when a message goes."""
        return self._rules

    @property
    def journal_fault(self) -> str | None:
        """Why the journal cannot be written, or None."""
        return self._book.fault

    def tells(self) -> bool:
        """Whether a turn has gone well lately: one that hangs, as on a disk that does not answer, tells nobody; answers
        at once, from any thread."""
        return self._steady() - self._turned_at <= STUCK_S

    def start(self) -> None:
        """Go on from the journal, and tell what is due from now on."""
        self.resume()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more; what was handed on and not answered is told again at the next start, marked."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def use(self, rules: SiteRules) -> None:
        """Go by other rules from now on; what is under way keeps its steps."""
        self._rules = rules

    def hear(self, view: WearerView) -> None:
        """Take in what the desk shows; never waits."""
        alert = view.alert
        if alert is None:
            return
        state = (alert.alert_id, alert.acknowledged_by is not None, alert.resolved_s is not None)
        if self._heard.get(alert.wearer) != state:
            self._heard[alert.wearer] = state
            self._intake.coming.add(alert.alert_id)
            self._bring(partial(self._intake.alert, alert))

    def tell(self, matter: Matter) -> None:
        """Tell a matter that is no alert; never waits. One told before, open or over, is not told anew: a new break has
        a new id."""
        self._intake.coming.add(matter.matter_id)
        self._bring(partial(self._intake.begin, matter, None))

    def over(self, matter_id: str, because: str) -> None:
        """It is over by itself: nobody is told any more; never waits."""
        self._bring(partial(self._intake.end, matter_id, "", because))

    def taken(self, matter_id: str, by: str) -> None:
        """``by`` has it: nobody is told any more. Who took it first has it. Raises UnknownMatter, AlertError."""
        who = name(by, of="by")
        self._known(matter_id)
        self._bring(partial(self._intake.end, matter_id, who, TAKEN))
        with self._lock:
            self._take_in()
            self._book.write()

    def receipt(self, tablet: str, matter_id: str, station: Station, at_s: float) -> None:
        """A tablet shows a matter, sounded, or was touched, at ``at_s`` [UTC s]; never waits, and what is known changes
        nothing. Raises UnknownTablet, UnknownMatter, or AlertError where tablets do not get to such a station."""
        if station not in AT_TABLETS or not math.isfinite(at_s):
            raise AlertError(f"a tablet gets to {', '.join(AT_TABLETS)} at a time in UTC seconds, not to {station!r}")
        self._known(matter_id)
        if not any(each.tablet == tablet for each in self._standing()):
            raise UnknownTablet("no tablet of that name has said itself today: register it, and let it beat")
        self._bring(partial(self._intake.receipt, tablet, matter_id, station, at_s))

    def snooze(self, matter_id: str, *, by: str, reason: str, until_s: float, at_s: float) -> None:
        """Pause the sound of one matter; whoever is next is told all the same. Raises UnknownMatter, AlertError."""
        self._known(matter_id)
        with self._lock:
            self._take_in()
            proof = self._book.proof(matter_id)
            if proof is not None:
                behind_s = self._times.behind(matter_id)
                at_s, until_s = at_s + behind_s, until_s + behind_s
                self._book.note(snooze.snoozed(proof, by=by, reason=reason, until_s=until_s, at_s=at_s))
            self._book.write()
        self._woken.set()

    def proof(self, matter_id: str) -> Proof | None:
        """Return how far a matter came, open or lately closed; None where nobody knows it. What is still to come
        (who is told next, the end of a snooze) it tells by the clock as it is now, though that was set back."""
        proof = self._book.proof(matter_id)
        return None if proof is None else self._by_clock(proof)

    def proofs(self) -> tuple[Proof, ...]:
        """Return what is open: nobody has it yet; times as ``proof`` has them."""
        return tuple(self._by_clock(proof) for proof in self._book.unsettled() if proof.is_open)

    def taken_lately(self, since_s: float) -> tuple[Proof, ...]:
        """Return what is no alert and somebody took since then [UTC s], also before a restart."""
        closed = (*self._book.closed(), *(proof for proof in self._book.unsettled() if not proof.is_open))
        return tuple(
            self._by_clock(proof)
            for proof in closed
            if proof.ended_by and (proof.ended_s or 0.0) >= since_s and proof.matter.kind is not Kind.ALERT
        )

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every proof that changes from now on; return what ends that."""
        key = object()
        self._listeners[key] = listener
        return lambda: self._listeners.pop(key, None) and None

    def resume(self) -> None:
        """Take up what the journal holds: alerts that nobody was told of, messages whose answer a crash took."""
        with self._lock:
            now_s = self._times.now()
            proofs = fold(event for event in self._journal.history if isinstance(event, DeliveryEvent))
            self._book.recall(proofs.values(), now_s)
            for proof in self._book.unsettled():
                self._times.go_on(proof.matter.matter_id, proof.last_s, now_s)
            self._intake.catch_up(self._journal.history, proofs, now_s)
            for proof in self._book.unsettled():
                for leg in proof.orphans():
                    self._telling.again(proof, leg, self._times.at(proof.matter.matter_id, now_s))
            self._book.write()
            self._telling.send(now_s)

    def turn(self) -> float:
        """Do what is due now; return how many seconds nothing can become due."""
        with self._lock:
            now_s = self._times.now()
            self._take_in()
            there = any(now_s - each.at_s <= HEARD_S for each in self._standing())
            all_anew, self._tablet_there = there != self._tablet_there, there
            for proof in self._book.unsettled():
                matter_id = proof.matter.matter_id
                if all_anew or matter_id in self._book.changed or self._look_s.get(matter_id, -math.inf) <= now_s:
                    self._try(matter_id, now_s)
            self._book.write()
            self._telling.send(now_s)
            news = [proof for proof in map(self._book.proof, self._book.changed) if proof is not None]
            self._book.changed.clear()
            wait_s = min(self._look_s.values(), default=math.inf) - now_s
        for proof in news:
            self._announce(proof)
        return 0.0 if self._inbox else max(0.0, wait_s)

    def _run(self) -> None:
        while not self._stopping:
            try:
                wait_s = self.turn()
            except Exception:  # whatever it was, the next alert must be told
                log.exception("a turn of delivery failed")
                wait_s = TURN_S
            else:
                self._turned_at = self._steady()
            self._woken.wait(min(wait_s, TURN_S))
            self._woken.clear()

    def _bring(self, work: Work) -> None:
        self._inbox.append(work)
        self._woken.set()

    def _under_way(self) -> list[str]:
        return [proof.matter.matter_id for proof in self._book.unsettled()]

    def _by_clock(self, proof: Proof) -> Proof:
        behind_s = self._times.behind(proof.matter.matter_id)
        return replace(proof, behind_s=behind_s) if behind_s else proof

    def _known(self, matter_id: str) -> None:
        if matter_id not in self._book and matter_id not in self._intake.coming:
            raise UnknownMatter("nothing of that id is being told: it may be long over, look at the board")

    def _standing(self) -> tuple[Tablet, ...]:
        try:
            return self._tablets()
        except Exception:  # then none is there, and the next step comes
            log.exception("tablets cannot be asked")
            return ()

    def _take_in(self) -> None:
        now_s = self._times.now()
        while self._inbox:
            try:
                self._inbox.popleft()(now_s)
            except Exception:  # whatever it was, it must not keep what came after it from being told
                log.exception("something that was brought to delivery could not be taken in")

    def _try(self, matter_id: str, now_s: float) -> None:
        """Act; a matter that cannot be told must not keep any other from being."""
        try:
            self._act(matter_id, now_s)
        except Exception:
            log.exception("a matter could not be told: tried again in %g s", TRY_AGAIN_S)
            self._look_s[matter_id] = now_s + TRY_AGAIN_S

    def _act(self, matter_id: str, now_s: float) -> None:
        """Do what is due for one matter until nothing is; every action moves its proof, so that ends."""
        while True:
            proof = self._book.proof(matter_id)
            if proof is None:
                return
            found = due(
                proof,
                tablets=self._tablet_there,
                now_s=self._times.at(matter_id, now_s),
                silent_when_over=self._rules.silent_when_over,
            )
            if not found.actions:
                break
            for action in found.actions:
                self._telling.do(matter_id, action, max(self._times.at(matter_id, now_s), proof.last_s))
        if proof.ended is not None and math.isinf(found.again_s):
            self._book.close(proof, now_s)
            self._look_s.pop(matter_id, None)
            self._times.forget(matter_id)
        else:
            self._look_s[matter_id] = self._times.shown(matter_id, found.again_s)

    def _answered(self, key: Key, error: ChannelError | None) -> None:
        self._bring(partial(self._intake.answer, key, error))

    def _announce(self, proof: Proof) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(proof)
            except Exception:  # a broken screen must not keep the others from being told
                log.exception("a listener failed")
