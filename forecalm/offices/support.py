"""The registry, the site's broker and the store in; what stands behind the pages of support staff out."""

import logging
import random
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Final, Self

from console.pairing.alone import Alone
from console.pairing.flow import Pairing
from console.pairing.line import Line
from console.pairing.one import Wish
from console.pairing.under_way import Around, UnderWay
from console.support.office import Anew, Person
from forecalm.commands.people import exchanged
from forecalm.exchanged import RIGHT
from forecalm.house import held
from forecalm.installation import Installation
from forecalm.rescoring.derived import rewriting
from forecalm.rescoring.rescoring import Rescoring, alerts_of
from forecalm.watching.champion import choose
from ingest.errors import RegistryError
from ingest.readings import Readings
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import Change, Correction, Held, Stretch
from ingest.sending.broker import Broker

log = logging.getLogger(__name__)

FRESH_S: Final = 1.0  # who wears what is asked for several times a second while somebody pairs
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another one
LENGTH: Final = 6  # of a pseudonym: 900 million, and nobody learns from it who came first


class Supporting:
    """See ``console.support.office.Support``. Use as a context manager; safe from any thread.

    ``heard`` says of which bands readings have come; ``clock`` gives UTC seconds.
    """

    def __init__(
        self,
        here: Installation,
        registry: Registry,
        *,
        heard: Callable[[], Mapping[str, object]],
        clock: Callable[[], float],
    ) -> None:
        self._here, self._registry, self._heard, self._clock = here, registry, heard, clock
        self._site = here.config.site.name
        self._worn: tuple[float, dict[str, str]] = (float("-inf"), {})
        self._anew = Anew()
        self._scoring = threading.Lock()
        self._scorers: list[threading.Thread] = []
        self._ended = threading.Event()
        around = Around(
            line=self._line,
            held=self._held_by_gateways,
            known=registry.bands,
            worn=self.worn,
            enter=self._enter,
            clock=clock,
            alone=Alone(here.folder),
        )
        self._under_way = UnderWay(around, chance=random.SystemRandom())

    def __enter__(self) -> Self:
        self._under_way.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._under_way.__exit__(None, None, None)
        for scorer in self._scorers:
            scorer.join()

    @property
    def under_way(self) -> UnderWay:
        """Every pairing under way."""
        return self._under_way

    def people(self) -> Sequence[Person]:
        """Everybody who may wear a band, by name."""
        now_s, registry = self._clock(), self._registry
        names, wears = registry.names(), {wearer: band for band, wearer in self._worn_now().items()}
        consented = registry.admissions().consented
        found = [
            Person(
                wearer=wearer,
                name=names.get(wearer, wearer),
                band=wears.get(wearer),
                agreed=consented(wearer, now_s),
            )
            for wearer in registry.wearers()
        ]
        return sorted(found, key=lambda each: each.name.casefold())

    def worn(self) -> Mapping[str, str]:
        """Who wears which band, by band; as old as ``FRESH_S`` at most."""
        now_s = self._clock()
        if not 0 <= now_s - self._worn[0] < FRESH_S:
            self._worn_now()
        return self._worn[1]

    def _worn_now(self) -> dict[str, str]:
        now_s = self._clock()
        worn = {band: each.wearer for band, each in self._registry.worn(now_s).items() if each.wearer is not None}
        self._worn = now_s, worn
        return worn

    def held(self, band: str, wearer: str) -> Held:
        """Who wears ``band`` now, and what ``wearer`` wears."""
        now_s = self._clock()
        wears = self._registry.band_of(wearer, now_s) if wearer else None
        return Held(self._registry.wearer_of(band, now_s), None if wears is None else wears[0])

    def history(self, band: str) -> Sequence[Stretch]:
        """Who wore a band, in order of time."""
        return self._registry.band_history(band)

    def knows(self, band: str) -> bool:
        """Whether a band was entered, or has been heard of."""
        return band in self._heard() or band in self._registry.bands()

    def new_pseudonym(self) -> str:
        """A pseudonym that nobody has, drawn by lot: who was erased may have had it with a chance of nothing."""
        taken = set(self._registry.wearers())
        while True:
            drawn = "w-" + "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
            if drawn not in taken:
                return drawn

    def unpair(self, band: str, *, by: str) -> str:
        """Nobody wears ``band`` from now on."""
        wearer = self._registry.unassign(band, self._clock(), by=by)
        self._worn_now()
        return wearer

    def right(self, band: str, *, by: str) -> str:
        """It is on the right wrist: for a day nothing is asked of its wearer."""
        wearer = self._registry.wearer_of(band, self._clock())
        if wearer is None:
            raise RegistryError(f"band: nobody is known to wear {band}: pair it")
        self._registry.note(RIGHT, wearer=wearer, by=by, band=band)
        return wearer

    def correct(self, band: str, wearer: str | None, *, since_s: float, until_s: float | None, by: str) -> list[Change]:
        """``wearer`` wore ``band`` then."""
        return self._corrected([Correction(band, wearer, since_s, until_s)], by=by)

    def exchange(self, band: str, other: str, *, since_s: float, until_s: float | None, by: str) -> list[Change]:
        """The wearers of two bands wore each other's then."""
        return self._corrected(exchanged(self._registry, band, other, since_s, until_s), by=by)

    def anew(self) -> Anew:
        """How far the scoring anew is."""
        return self._anew

    def _corrected(self, corrections: Sequence[Correction], *, by: str) -> list[Change]:
        changes = self._registry.correct_assignments(corrections, by=by)
        self._worn_now()
        if changes:
            self._anew = Anew(of=0.0)
            scorer = threading.Thread(target=self._score, args=(changes, by), name="scoring anew", daemon=True)
            self._scorers.append(scorer)
            scorer.start()
        return changes

    def _score(self, changes: Sequence[Change], by: str) -> None:
        """Score everybody anew whom a correction touches; what is left undone ``forecalm rescore`` goes on with."""
        with self._scoring:
            try:
                self._score_all(changes, by)
                self._anew = Anew()
            except Exception as error:  # said on the page, and in the log
                log.exception("not everybody is scored anew: forecalm rescore goes on")
                self._anew = Anew(fault=f"Not everybody is scored anew ({type(error).__name__}): forecalm rescore.")

    def _score_all(self, changes: Sequence[Change], by: str) -> None:
        here, registry = self._here, self._registry
        with ExitStack() as stack:
            store = stack.enter_context(closing(here.open_store()))
            influx = here.open_influx()
            derived = {} if influx is None else {"derived": rewriting(stack.enter_context(closing(influx)))}
            rescoring = Rescoring(
                Readings(store, registry),
                registry,
                rescored=here.rescored,
                relearnt=here.relearnt,
                now_s=self._clock(),
                by=by,
                choice=choose(here.models),
                progress=self._show,
                **derived,
            )
            rescoring.ask(changes)
            for _ in rescoring.rescore(rescoring.left(), alerts_of(here.journal)):
                if self._ended.is_set():
                    return

    def _show(self, _: str, share: float) -> None:
        self._anew = Anew(of=share)

    @contextmanager
    def _line(self) -> Iterator[Line]:
        said = self._here.config.mqtt
        broker = Broker(said.host, said.port, said.username, said.password, tls=said.tls, ca=said.ca)
        with Line(broker, site=self._site) as line:
            yield line

    def _held_by_gateways(self) -> Sequence[str]:
        admit = self._registry.admissions().admit
        return held(self._registry, admit, site=self._site, at_s=self._clock())

    def _enter(self, pairing: Pairing, wish: Wish, by: str) -> None:
        now_s = self._clock()
        if self.held(pairing.band, pairing.wearer) != pairing.held:  # the registry says so too, by pseudonyms
            raise RegistryError("meanwhile somebody has paired one of these bands: look again whose is whose")
        consent = None
        if wish.consent_by is not None:  # to care, and to nothing else: no other use of readings is ever assumed
            consent = Consent(frozenset({Scope.CARE}), wish.consent_by, now_s)
        self._registry.pair(
            band=pairing.band,
            wearer=pairing.wearer,
            since_s=now_s,
            until_s=wish.until_s,
            name=wish.name,
            carers=wish.carers,
            consent=consent,
            site=self._site,
            held=pairing.held,
            by=by,
        )
        self._worn_now()
