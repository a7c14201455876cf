"""The account of a run over Bluetooth: what every band sensed, life by life, so that a store can be held against it."""

from dataclasses import dataclass

from device_sim.handled import Kind


@dataclass(frozen=True, slots=True)
class LifeSensed:
    """A forecalm band from one start to the next: it made records ``first_seq`` to ``last_seq`` of ``boot``."""

    boot: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class BandSensed:
    """What the band of one wearer sensed: ``seconds`` of them. A forecalm band (other kinds: None) is in its life
    ``boot``, of which it made records ``first_seq`` to ``last_seq`` (None: none yet); ``lives`` has every life in which
    it made any, the latest last. It still keeps ``unstored`` of all of them and has ``let_go``."""

    band: str
    wearer: str
    kind: Kind
    address: str
    seconds: int
    links: int
    boot: int | None = None
    first_seq: int | None = None
    last_seq: int | None = None
    unstored: int = 0
    let_go: int = 0
    lives: tuple[LifeSensed, ...] = ()


@dataclass(frozen=True, slots=True)
class Sensed:
    """The account of a run. ``behind_s``: by how much the worst second missed its moment. ``seconds`` were played."""

    bands: tuple[BandSensed, ...]
    behind_s: float
    seconds: int

    @property
    def records(self) -> int:
        """How many records forecalm bands made: a store that lost none has as many packets."""
        return sum(band.seconds for band in self.bands if band.kind == "forecalm")
