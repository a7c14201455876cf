"""A running service in; the facts that protection is judged by out, gathered every second by a thread of its own."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from alerts.delivery.matter import Matter
from alerts.duty.notices import is_long_overdue
from alerts.duty.roster import Shift
from alerts.protection.cover import Cover, Level, Link
from alerts.protection.links import Facts, Gateway, Late, Person
from alerts.protection.tablets import Tablet
from alerts.protection.watch import Watch
from alerts.views import WearerView
from ingest.control.picture import Standing

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
"""As often as the engine tells the desk the time: of the 15 s in which a break is told, one goes for looking."""

PROBE_S: Final = 5.0
"""A disk is tried that often: a journal is written only when something happens, which is too late to find it full."""

PROBE_MAX_S: Final = 10.0
"""A disk that has not answered for so long does not answer."""

JUDGED_MAX_S: Final = 10.0
"""What was judged longer ago than ten looks is not known any more."""

UNJUDGED: Final = "The server does not know how anybody is protected: look in on everybody."

PROBE_BYTES: Final = 4096
"""A block: what the next event needs of the disk."""


class Unjudged(RuntimeError):
    """How anybody is protected was never judged."""


class Models(Protocol):
    """Which model watches, and which should: see ``console.standing.ModelsAt``."""

    @property
    def watches(self) -> str: ...
    @property
    def chosen(self) -> str: ...


class Held(Protocol):
    """Why nothing can be stored: see ``ingest.intake.counts.HeldBack``."""

    @property
    def reason(self) -> str: ...


class Pulse:
    """When somebody last said that they run; a number that one thread writes and others read."""

    def __init__(self) -> None:
        self.last_s: float | None = None

    def beat(self, now_s: float) -> None:
        """Say so, at ``now_s`` [UTC s]."""
        self.last_s = now_s


class Probe:
    """Whether ``folder`` takes what is written: a thread of its own writes a block there every ``PROBE_S`` and takes it
    away again, for a disk that hangs must not hold up whoever asks. Use as a context manager, or call ``look``."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / "journal.probe"
        self._clock = clock
        self._said = ""
        self._begun_s: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PROBE_S)

    @property
    def fault(self) -> str:
        """Why nothing can be written, "" where it can."""
        return "the disk does not answer" if self.hangs else self._said

    @property
    def hangs(self) -> bool:
        """Whether the disk does not even say no: whoever writes waits for good."""
        begun_s = self._begun_s
        return begun_s is not None and self._clock() - begun_s > PROBE_MAX_S

    def look(self) -> None:
        """Try it now."""
        self._begun_s = self._clock()
        try:
            write_block(self._path)
        except OSError as error:
            if not self._said:
                log.critical("nothing can be written where the journal is: %s", error.strerror)
            self._said = str(error.strerror or error)
        else:
            self._said = ""
        self._begun_s = None

    def _run(self) -> None:
        self.look()
        while not self._stop.wait(PROBE_S):
            self.look()


def write_block(path: Path) -> None:
    """Write a block to ``path`` through to the disk, and take it away; raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if os.write(file, bytes(PROBE_BYTES)) < PROBE_BYTES:
            raise OSError(28, os.strerror(28))
        os.fsync(file)
    finally:
        os.close(file)
        with contextlib.suppress(OSError):
            path.unlink()


class Gathering:
    """Asks every part of a running service how it stands; each call answers at once and from any thread.

    ``views`` are the desk's; ``standing`` how gateways stand; ``connected`` whether the broker sends us what bands
    publish; ``engine`` the engine's pulse; ``models`` which watch; ``not_kept`` and ``held`` why journal and readings
    cannot be written, ``disk_hangs`` whether the disk does not even say no; ``tablets(now_s)``; ``shifts()`` that are
    on, in time or overdue; ``pushable()`` carers with a device that takes push messages; ``carried()`` by which gateway
    each band was heard last; ``wearer_of(band, now_s)``.
    """

    def __init__(
        self,
        *,
        views: Callable[[], Sequence[WearerView]],
        standing: Callable[[], Standing],
        connected: Callable[[], bool],
        engine: Pulse,
        models: Callable[[], Models],
        not_kept: Callable[[], str],
        disk_hangs: Callable[[], bool],
        held: Callable[[], Held | None],
        tablets: Callable[[float], tuple[Tablet, ...]],
        shifts: Callable[[], Sequence[Shift]],
        pushable: Callable[[], Collection[str]],
        carried: Callable[[], Mapping[str, str | None]],
        wearer_of: Callable[[str, float], str | None],
    ) -> None:
        self._views = views
        self._standing = standing
        self._connected = connected
        self._engine = engine
        self._models = models
        self._not_kept = not_kept
        self._disk_hangs = disk_hangs
        self._held = held
        self._tablets = tablets
        self._shifts = shifts
        self._pushable = pushable
        self._carried = carried
        self._wearer_of = wearer_of
        self._broker_lost_s: float | None = None
        self._started_s: float | None = None

    def facts(self, now_s: float) -> Facts:
        """Return everything as it stands at ``now_s`` [UTC s]."""
        standing, models, held = self._standing(), self._models(), self._held()
        gateway_of, shifts = self._gateways_of(standing, now_s), self._shifts()
        late = [shift for shift in shifts if is_long_overdue(shift, now_s)]
        in_time = [shift for shift in shifts if not is_long_overdue(shift, now_s)]
        if self._started_s is None:
            self._started_s = now_s
        if self._connected():
            self._broker_lost_s = None
        elif self._broker_lost_s is None:
            self._broker_lost_s = now_s
        return Facts(
            at_s=now_s,
            people=tuple(
                Person(
                    view=view,
                    gateway=gateway_of.get(view.wearer),
                    carers=tuple(dict.fromkeys(each.carer for each in in_time if each.has(view.wearer))),
                    late=tuple(Late(carer=each.carer, until_s=each.until_s) for each in late if each.has(view.wearer)),
                )
                for view in self._views()
            ),
            tablets=self._tablets(now_s),
            engine_s=self._engine.last_s,
            started_s=self._started_s,
            gateways={each.gateway: Gateway(online=each.online, deaf=each.deaf) for each in standing.gateways},
            broker_lost_s=self._broker_lost_s,
            standby=models.watches != models.chosen,
            not_kept=self._not_kept(),
            disk_hangs=self._disk_hangs(),
            not_stored="" if held is None else held.reason,
            pushable=frozenset(self._pushable()),
        )

    def _gateways_of(self, standing: Standing, now_s: float) -> dict[str, str]:
        """By wearer: the gateway that holds their band, or else heard it last, or else spoke of it last."""
        spoken = {each.band: each.gateway or each.status.gateway for each in standing.bands}
        holds = {each.band: each.gateway for each in standing.bands if each.gateway is not None}
        carried = {band: gateway for band, gateway in self._carried().items() if gateway is not None}
        found = {}
        for band, gateway in (spoken | carried | holds).items():
            if (wearer := self._wearer_of(band, now_s)) is not None:
                found[wearer] = gateway
        return found


class Guard:
    """Looks every ``TICK_S`` and lets ``watch`` judge; ``on_look`` is told the time [UTC s] afterwards, on that thread.
    Use as a context manager, or call ``look``.

    A look that fails is logged and tried again. Where none has gone well for ``JUDGED_MAX_S``, ``covers`` says of
    everybody that they are not protected: what was judged before is no news. ``clock`` gives UTC seconds, ``steady``
    seconds that do not jump.
    """

    def __init__(
        self,
        *,
        facts: Callable[[float], Facts],
        watch: Watch,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        on_look: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._facts = facts
        self._watch = watch
        self._clock = clock
        self._steady = steady
        self._on_look = on_look
        self._judged: tuple[float, float] | None = None  # UTC, and steady
        self._made_s = steady()
        self._failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Look once."""
        now_s = self._clock()
        try:
            self._watch.tick(self._facts(now_s), now_s)
            self._judged = now_s, self._steady()
            self._on_look(now_s)
        except Exception:  # were this thread to die of it, nobody would be told of anything that breaks
            if not self._failing:
                log.critical("protection cannot be judged: tried again every second", exc_info=True)
            self._failing = True
        else:
            self._failing = False

    def covers(self) -> Mapping[str, Cover]:
        """Return everybody's cover by pseudonym; answers at once, from any thread. Raises Unjudged where no look has
        ever gone well: nobody knows even of whom to say that."""
        covers, judged = self._watch.covers(), self._judged
        if self.judges():
            return covers
        if judged is None:
            raise Unjudged(UNJUDGED)
        return {
            wearer: Cover(
                wearer=wearer, level=Level.NOT, since_s=_since(cover, judged[0]), link=Link.SERVER, why=UNJUDGED
            )
            for wearer, cover in covers.items()
        }

    def judges(self) -> bool:
        """Return whether a look has gone well lately; answers at once, from any thread."""
        judged_s = self._made_s if self._judged is None else self._judged[1]
        return self._steady() - judged_s <= JUDGED_MAX_S

    def notices(self) -> Sequence[Matter]:
        """Return what staff have been told of and is not over; answers at once, from any thread."""
        return self._watch.notices()

    def _run(self) -> None:
        self.look()
        while not self._stop.wait(TICK_S):
            self.look()


def _since(cover: Cover, judged_s: float) -> float:
    """Somebody who was not protected before has not been since then."""
    return cover.since_s if cover.level is Level.NOT else judged_s
