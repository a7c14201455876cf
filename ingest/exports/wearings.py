"""Readings of one person in; recordings out, each one wearing of one device, with what was said of the time."""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ingest.labels import Label
from ingest.readings import Readings, Worn
from ingest.recordings.importing import DEVICE, PRESS
from ingest.recordings.recording import Recording
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Session
from ingest.series import Piece
from ingest.store.protocol import Store
from ingest.types import CHANNELS, Array, Block

BREAK_S: Final = 3600.0  # a band that says nothing for an hour was taken off or charged: the next is another wearing
LONGEST_S: Final = 86_400.0  # of a wristband's recording: a day and night is some 100 MB in memory
JOIN_S: Final = 1.5e-6  # stored times are whole microseconds: what is closer together goes on without a break
WRISTBAND: Final = "wristband"  # the device of readings that were received, not imported

Parts = dict[str, list[tuple[float, float, list[Array]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a wearer is wanted: ``channels`` in ``[since_s, until_s)`` [UTC s], with ``labels`` or without."""

    since_s: float = -math.inf
    until_s: float = math.inf
    channels: tuple[str, ...] = tuple(CHANNELS)
    labels: bool = True


@dataclass(slots=True)
class _Gathered:
    """A wearing so far: pieces of channels as (start, rate, values in order), beats, and how far they reach."""

    start_s: float = math.inf
    end_s: float = -math.inf
    pieces: Parts = field(default_factory=dict)
    beats: list[Array] = field(default_factory=list)

    @property
    def is_begun(self) -> bool:
        """Whether there is anything."""
        return bool(self.pieces or self.beats)

    def add(self, piece: Piece) -> None:
        """Put a piece, which begins no earlier than the last one of its channel, behind it."""
        block = piece.block
        self.start_s, self.end_s = min(self.start_s, block.start_s), max(self.end_s, block.end_s)
        if not block.rate_hz:
            self.beats.append(np.stack([piece.times_s(), piece.values()]))
            return
        held = self.pieces.setdefault(block.channel, [])
        if held and held[-1][1] == block.rate_hz:
            start_s, rate_hz, values = held[-1]
            goes_on_s = start_s + sum(each.shape[-1] for each in values) / rate_hz
            if abs(goes_on_s - block.start_s) <= JOIN_S:
                values.append(block.values)
                return
        held.append((block.start_s, block.rate_hz, [block.values]))

    def recording(self, name: str, device: str, notes: tuple[str, ...]) -> Recording:
        """All of it as a recording."""
        channels = {
            channel: tuple(
                Block(channel, start_s, rate_hz, np.concatenate(values, axis=-1))
                for start_s, rate_hz, values in self.pieces[channel]
            )
            for channel in CHANNELS
            if channel in self.pieces
        }
        beats = np.concatenate(self.beats, axis=1) if self.beats else None
        if beats is not None:
            beats = beats[:, np.argsort(beats[0], kind="stable")]
        start_s = min((pieces[0].start_s for pieces in channels.values()), default=self.start_s)
        return Recording(name, device, start_s, channels, beats, np.zeros(0), notes)


def wearings(readings: Readings, registry: Registry, wearer: str, choice: Choice) -> Iterator[Recording]:
    """Yield what a consent to research covers of a wearer, one recording after the other, in order of their starts,
    memory holding two; every label with the first that ends after the label begins, or else with the last.

    An imported recording is one, as it was; what a wristband sent is one until it said nothing for ``BREAK_S`` or
    lasts ``LONGEST_S``. One of beats alone has no channels, and no labels. Raises RegistryError where the wearer is
    unknown, StoreError.
    """
    labels = _labels(registry, wearer, choice)
    known = {session.band: session for session in registry.sessions(wearer)}
    last: Recording | None = None
    names: dict[str, int] = {}
    for worn in readings.worn(wearer, choice.since_s, choice.until_s, scope=Scope.RESEARCH):
        for recording in _of_one(readings, wearer, worn, choice, known.get(worn.source.band)):
            if not recording.channels:
                yield recording
                continue
            names[recording.name] = times = names.get(recording.name, 0) + 1
            if times > 1:  # somebody else had worn it in between
                recording = replace(recording, name=f"{recording.name}_{times}")
            if last is not None:
                mine = [label for label in labels if label.start_s < last.end_s]
                labels = [label for label in labels if label.start_s >= last.end_s]
                yield _said(last, mine)
            last = recording
    if last is not None:
        yield _said(last, labels)


def _of_one(
    readings: Readings, wearer: str, worn: Worn, choice: Choice, session: Session | None
) -> Iterator[Recording]:
    """The recordings of one stretch of wearing one band."""
    source, gathered = worn.source, _Gathered()
    pieces = heapq.merge(
        *(
            readings.blocks(wearer, name, worn.since_s, worn.until_s, scope=Scope.RESEARCH, source=source.band)
            for name in choice.channels
        ),
        key=lambda piece: piece.start_s,
    )
    device = session.format if session is not None and session.format else WRISTBAND
    notes = session.notes if session is not None else ()

    def done() -> Recording:
        name = source.band if source.imported else f"{source.band}_{_stamp(gathered.start_s)}"
        return gathered.recording(name, device, notes)

    for piece in pieces:
        too_long = piece.end_s - gathered.start_s > LONGEST_S
        if not source.imported and gathered.is_begun and (piece.start_s > gathered.end_s + BREAK_S or too_long):
            yield done()
            gathered = _Gathered()
        gathered.add(piece)
    if gathered.is_begun:
        yield done()


def _stamp(at_s: float) -> str:
    return str(np.datetime64(math.floor(at_s), "s")).translate({ord(each): None for each in "-:"}) + "Z"


def _labels(registry: Registry, wearer: str, choice: Choice) -> list[Label]:
    """The labels of times that a consent to research covers."""
    if not choice.labels:
        return []
    spans = _research(registry, wearer)
    since_s = None if math.isinf(choice.since_s) else choice.since_s
    until_s = None if math.isinf(choice.until_s) else choice.until_s
    found = registry.labels(wearer, since_s, until_s).values()
    return [label for label in found if any(low <= label.start_s < high for low, high in spans)]


def _research(registry: Registry, wearer: str) -> list[tuple[float, float]]:
    return [
        (each.from_s, math.inf if each.until_s is None else each.until_s)
        for each in registry.consents(wearer)
        if each.scope is Scope.RESEARCH and each.withdrawn_s is None
    ]


def _said(recording: Recording, labels: Sequence[Label]) -> Recording:
    """The recording with its labels; what the device's button said as presses."""
    presses_s = [each.start_s for each in labels if _is_press(each)]
    others = tuple(replace(each, wearer="") for each in labels if not _is_press(each))
    return replace(recording, labels=others, tags_s=np.sort(np.array(presses_s, np.float64)))


def _is_press(label: Label) -> bool:
    """Whether a label is what importing makes of a press, and nothing more."""
    at_s = label.start_s
    return label == Label(what=PRESS, start_s=at_s, end_s=at_s, rater=DEVICE, wearer=label.wearer)


def left_out(store: Store, worn: Sequence[Worn], channels: Sequence[str]) -> int:
    """How many samples and beats were measured at times that no consent to research covers."""
    count = 0
    for each in worn:
        at_s = each.since_s
        for low, high in (*each.covered, (each.until_s, each.until_s)):
            if at_s < low:
                for channel in channels:
                    for block in store.read(each.source.band, channel, math.nextafter(at_s, -math.inf), low):
                        piece = Piece.cut(each.source, block, at_s, low)
                        count += 0 if piece is None else piece.high - piece.low
            at_s = high
    return count
