"""A house for tests of delivery: a clock that is set by hand, tablets, shifts, and channels that fail, hang and lie."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from alerts.channels.channel import Because, Channel, ChannelError, Message
from alerts.delivery.dispatch import Dispatch
from alerts.delivery.messages import plainly
from alerts.delivery.rules import SiteRules, parse
from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import Scratch
from alerts.views import AlertView, RiskState, Sight, WearerView

REACH = 'reach = { phone = "json://127.0.0.1/call" }'
TEXT = f"""
again_s = 60
[[contact]]
name = "Sam"
{REACH}
[[alert]]
after_s = 0
who = "on shift"
channel = "board"
[[alert]]
after_s = 30
who = "on shift"
channel = "push"
[[alert]]
after_s = 90
who = "Sam"
channel = "phone"
[mqtt]
events = false
"""
RULES = parse(TEXT)


@dataclass(frozen=True)
class Paper:
    """A tablet that was heard at ``at_s``."""

    tablet: str
    at_s: float


Answer = TypeVar("Answer")


class Crash(BaseException):
    """The process ends here."""


class Line:
    """A channel by hand: ``does`` says what becomes of each message."""

    def __init__(self) -> None:
        self.came: list[Message] = []
        self.denied: Counter[str] = Counter()
        self.does = "goes"

    def send(self, message: Message) -> None:
        """Take it, and answer as ``does`` has it: what lies takes it and says that it did not."""
        if self.does == "dies before":
            raise Crash
        if self.does in ("goes", "lies", "hangs", "breaks off", "dies after"):
            self.came.append(message)
        if self.does == "dies after":
            raise Crash
        if self.does in ("fails", "lies"):
            self.denied[message.message_id] += 1
        if self.does == "gone":
            raise ChannelError(Because.GONE, "", certain=True)
        if self.does in ("fails", "lies"):
            raise ChannelError(Because.UNREACHABLE, "", certain=True)
        if self.does == "breaks off":
            raise ChannelError(Because.SILENT, "", certain=False)


class Here:
    """Hands that send at once, in the caller's thread; what hangs is answered by hand, or never."""

    def __init__(self) -> None:
        self.hanging: dict[object, Callable[[ChannelError | None], None]] = {}

    def hand(
        self,
        key: object,
        name: str,
        channel: Channel,
        message: Message,
        answer: Callable[[ChannelError | None], None],
    ) -> None:
        """Send it; a line that hangs does not answer."""
        became = None
        try:
            channel.send(message)
        except ChannelError as error:
            became = error
        if isinstance(channel, Line) and channel.does == "hangs":
            self.hanging[key] = answer
        else:
            answer(became)

    def withdraw(self, key: object) -> bool:
        """It is on its way already."""
        return False


class Disk(Scratch):
    """A journal whose disk can be full."""

    full = False
    dies = ""

    def append(self, events: Sequence[Event]) -> None:
        """Refuse while it is full; the process may die before or after it is written."""
        if self.full:
            raise JournalError("no space")
        if self.dies == "before":
            raise Crash
        super().append(events)
        if self.dies == "after":
            raise Crash


@dataclass
class House:
    """A dispatch and all that is around it; ``crash`` throws away everything but the journal."""

    rules: SiteRules = RULES
    now_s: float = 1_000.0
    on_shift: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"": ("Ann",)})
    tablets: tuple[str, ...] = ("kitchen",)
    journal: Disk = field(default_factory=Disk)
    push: Line = field(default_factory=Line)
    phone: Line = field(default_factory=Line)
    more: Mapping[str, Channel] = field(default_factory=dict)
    reachable: tuple[str, ...] = ("Ann", "Kim")
    broken: bool = False

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin from the journal."""
        self.hands = Here()
        self.dispatch = Dispatch(
            journal=self.journal,
            rules=self.rules,
            channels={"push": self.push, "phone": self.phone, **self.more},
            on_shift=lambda wearer: self.ask(self.on_shift.get(wearer, ())),
            tablets=lambda: self.ask(tuple(Paper(name, self.now_s) for name in self.tablets)),
            link=lambda matter_id, to: self.ask(f"https://house/take/{matter_id}/{to}"),
            reachable=lambda channel: self.reachable if channel == "push" else (),
            say=lambda matter, over: self.ask(plainly(matter, over)),
            clock=lambda: self.now_s,
            hands=self.hands,
        )
        self.dispatch.resume()
        self.settle()

    def ask(self, answer: Answer) -> Answer:
        """Answer, unless the house is broken."""
        if self.broken:
            raise RuntimeError("broken")
        return answer

    def crash(self) -> None:
        """Everything but the journal is gone."""
        full = self.journal.full
        self.journal = Disk(self.journal.history)
        self.journal.full = full
        self.start()

    def settle(self) -> None:
        """Take turns until nothing is left in the inbox."""
        while self.dispatch.turn() == 0.0:
            pass

    def wait(self, seconds: float) -> None:
        """Let time pass, a turn each half second."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(self.now_s + 0.5, until_s)
            self.settle()

    def alert(self, alert_id: str = "w1-1", wearer: str = "w1") -> AlertView:
        """The desk shows an alert that it has just raised."""
        alert = AlertView(alert_id, wearer, self.now_s, 0.9, ("Sweat rising.",), "p1")
        self.show(alert)
        return alert

    def show(self, alert: AlertView) -> None:
        """The desk shows an alert."""
        view = WearerView(
            alert.wearer, self.now_s, RiskState.ALERTING, self.now_s, Sight(self.now_s), 0.9, (), (), 1.0, alert=alert
        )
        self.dispatch.hear(view)
        self.settle()

    def take(self, alert: AlertView, by: str = "Ann") -> None:
        """Somebody takes the alert at the desk."""
        self.show(replace(alert, acknowledged_by=by, acknowledged_s=self.now_s))
