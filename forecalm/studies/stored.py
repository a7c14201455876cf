"""An installation and names of people in, a study of what they wore and what is said of them out.

What no consent to research covers is left out, to the sample. Imported recordings are a session each; what a wristband
sent is cut into sessions where it was silent for an hour, and after a day.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.studies.cutting import GAP_S, named, sessions_of
from forecalm.studies.study import Study
from ingest.exports.wearings import WRISTBAND
from ingest.labels import Label
from ingest.readings import Readings, Span, Worn
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind
from ingest.registry.sessions import Session as Entered
from models.datasets.dataset import Session
from models.datasets.rows import Recorded
from models.errors import DatasetError

EVER: Final = float("inf")
DAY_S: Final = 86_400.0  # a wristband that is never silent is cut once a day: 50 MB of the grid
SHOWN: Final = 20  # pseudonyms that an error lists


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPerson:
    """Somebody of an installation: called, it yields their sessions in order of time. It opens store and registry anew
    each time, so that it can be called in another process. ``scope`` is what a consent must cover; ``since_s`` leaves
    out what was before, and ``around`` every stretch of readings in which none of these moments lies [UTC s]."""

    config: Config
    person: str
    study: str
    devices: tuple[str, ...] = ("*",)
    scope: Scope = Scope.RESEARCH
    since_s: float = -EVER
    around: tuple[float, ...] | None = None

    def __call__(self) -> Iterator[Recorded]:
        """Yield the sessions, one in memory at a time."""
        here = Installation(self.config, look=True)
        with closing(here.open_store()) as store, closing(Registry(here.registry_url)) as registry:
            readings = Readings(store, registry)
            labels = tuple(registry.labels(self.person).values())
            for at in _places(readings, registry, self.person, self.devices, self.scope):
                begun_s, ended_s = at.span
                if begun_s < self.since_s or not (
                    self.around is None or any(begun_s <= each <= ended_s for each in self.around)
                ):
                    continue
                yield from self._sessions(readings, at, labels)

    def _sessions(self, readings: Readings, at: "_Place", labels: tuple[Label, ...]) -> Iterator[Recorded]:
        try:
            tick = readings.tick(self.person, *at.span, scope=self.scope, source=at.band)
        except ValueError as error:
            raise DatasetError(f"{self.person}: {at.name} ({at.origin}): {error}") from error
        session = Session(
            name=at.name,
            person=self.person,
            study=self.study,
            start_s=max(at.span[0], float(tick.start_s[0])),
            end_s=min(at.span[1], float(tick.start_s[0] + tick.seconds)),
            origin=at.origin,
            digest=at.digest,
        )
        for part, cut in sessions_of(session, tick):
            yield Recorded(session=part, tick=cut, labels=labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a session rests: what ``band`` sent in ``span`` [UTC s]."""

    band: str
    span: Span
    name: str
    origin: str
    digest: str = ""


def stored(config: Config, *, people: Sequence[str] = ("*",), study: str, devices: Sequence[str] = ("*",)) -> Study:
    """Return the study of an installation's people whose pseudonyms match one of ``people`` (``*`` and ``?`` as in
    file names), of what was recorded with ``devices`` that match (``cogwear-e4``; our own are ``WRISTBAND``).

    Raises DatasetError where nobody matches a pattern, or nothing of anybody may be used for research; StoreError and
    RegistryError where the installation cannot be read.
    """
    here = Installation(config, look=True)
    notes, sources, kept = [], [], []
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        readings = Readings(store, registry)
        for wearer in _matching(registry.wearers(), people):
            worn = readings.worn(wearer, -EVER, EVER, scope=Scope.RESEARCH)
            if any(each.covered for each in worn):
                kept.append(wearer)
                sources.append(StoredPerson(config=config, person=wearer, study=study, devices=tuple(devices)))
            else:
                why = "no consent to research covers any of it" if worn else "never wore a band"
                notes.append(f"{wearer}: left out: {why}")
    if not sources:
        raise DatasetError(
            f"study {study}: nothing may be used: {'; '.join(notes[:SHOWN])}: enter a consent to research (forecalm"
            " consent), or import with --scope care,research"
        )
    return Study(name=study, people=tuple(kept), sources=tuple(sources), notes=tuple(notes))


def _matching(wearers: Sequence[str], patterns: Sequence[str]) -> list[str]:
    for pattern in patterns:
        if not any(fnmatchcase(wearer, pattern) for wearer in wearers):
            some = ", ".join(wearers[:SHOWN]) + (" ..." if len(wearers) > SHOWN else "")
            raise DatasetError(f"people: {pattern!r} is nobody's pseudonym here; there are {some or 'none yet'}")
    return [wearer for wearer in wearers if any(fnmatchcase(wearer, pattern) for pattern in patterns)]


def _places(readings: Readings, registry: Registry, wearer: str, devices: Sequence[str], scope: Scope) -> list[_Place]:
    """Where a person's sessions rest, in order of time."""
    imports: dict[str, Entered] = {
        each.band: each for each in registry.sessions(wearer=wearer) if each.kind is Kind.IMPORTED
    }
    found: list[_Place] = []
    for worn in readings.worn(wearer, -EVER, EVER, scope=scope):
        band = worn.source.band
        device = imports[band].format if band in imports else WRISTBAND
        if not worn.covered or not any(fnmatchcase(device, each) for each in devices):
            continue
        if band in imports:
            entered = imports[band]
            span = (worn.covered[0][0], worn.covered[-1][1])
            digest = entered.digest or "" if len(worn.covered) == 1 and _holds(worn.covered[0], entered) else ""
            found.append(_Place(band=band, span=span, name=band, origin=entered.origin, digest=digest))
        else:
            found += [
                _Place(band=band, span=span, name=named(band, span[0]), origin=band)
                for span in _stretches(readings, wearer, worn, scope)
            ]
    return sorted(found, key=lambda place: (place.span, place.band))


def _holds(span: Span, entered: Entered) -> bool:
    return span[0] <= entered.start_s and entered.end_s <= span[1]


def _stretches(readings: Readings, wearer: str, worn: Worn, scope: Scope) -> Iterator[Span]:
    """Yield from when to when a wristband sent anything, cut at silences of ``GAP_S`` and into days."""
    begun_s = ended_s = -EVER
    for low_s, high_s in worn.covered:
        for _, received in readings.packets(wearer, low_s, high_s, scope=scope, source=worn.source.band):
            start_s, end_s = received.span_s()
            if start_s > ended_s + GAP_S or start_s >= begun_s + DAY_S:
                if ended_s > begun_s:
                    yield max(begun_s, worn.since_s), min(ended_s, start_s)
                begun_s = max(start_s, min(ended_s, start_s + 1))
            ended_s = max(ended_s, end_s)
    if ended_s > begun_s:
        yield max(begun_s, worn.since_s), ended_s
