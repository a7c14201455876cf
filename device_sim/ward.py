"""A scenario in, second after second of everybody's bands out; the past first, then what follows it."""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from device_sim.band import Band
from device_sim.director import Director
from device_sim.errors import ScenarioError
from device_sim.faults.bodies import Bodies
from device_sim.faults.plan import Plan
from device_sim.life.lived import Lived
from device_sim.physiology.body import Physiology, Samples
from device_sim.physiology.noise import bits
from device_sim.physiology.person import MEDICINES, STEREOTYPIES, Person, medicated, people
from device_sim.scenario import KINDS, WEARERS_MAX, Scenario, Wearer
from ingest.wire import Packet

_RESPONDS: Final = {"both": (True, True), "heart": (True, False), "sweat": (False, True), "neither": (False, False)}
_DRIFT_PPM: Final = 20.0  # what cheap quartz promises, either way
_UP_S: Final = 14 * 86_400  # bands were started at some time in the last fortnight
_SEED_MAX: Final = (1 << 62) - 1  # what a key of ``noise`` holds
_BOOT_MAX: Final = (1 << 53) - 1  # what the wire holds
PAST_CHUNK_S: Final = 60  # the past is lived in pieces of this length: it bounds memory, and changes nothing
CHUNK_WEARER_S: Final = 30_000  # shorter ones for many: a second or so, in which nobody is told or can stop it


def cast(scenario: Scenario, *, wearers: int, seed: int) -> tuple[Person, ...]:
    """Return the people who play ``scenario``: drawn of its population, where its parts do not overrule them."""
    drawn = people(wearers, seed=seed, population=scenario.population)
    return tuple(_with_part(person, scenario.part(i)) for i, person in enumerate(drawn))


def _with_part(person: Person, part: Wearer) -> Person:
    if part.responds in _RESPONDS:
        heart, sweat = _RESPONDS[part.responds]
        person = dataclasses.replace(person, heart_responder=heart, sweat_responder=sweat)
    if part.stereotypy in STEREOTYPIES:
        person = dataclasses.replace(person, stereotypy=part.stereotypy)
    return medicated(person, part.medicine) if part.medicine in MEDICINES else person


def band_name(number: int) -> str:
    """Return the name of the ``number``-th band (1 for the first), which the ``number``-th wearer wears."""
    return f"band-{number:02d}"


def wearer_name(number: int) -> str:
    """Return the pseudonym of the ``number``-th wearer (1 for the first)."""
    return f"w-{number:02d}"


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A stretch of simulated time: ``samples`` with their truth, and the bands' ``packets[row][second]``."""

    samples: Samples
    packets: list[list[Packet]]


class Ward:
    """Everybody of a scenario, a row each, and their bands; lives from the scenario's past on.

    ``boot`` names this life of all the bands (default: drawn from ``seed``). Give another one where a store may have
    seen the same seed before: it takes ``(band, boot, seq)`` for the same packet. ``plan`` says what the scenario's
    faults do: those to bodies are in the samples; packets are those of bands that never fail (``faults/playing.py``).
    Raises ScenarioError, naming the argument, where that many wearers, the seed, the boot or a fault cannot be.
    """

    def __init__(self, scenario: Scenario, *, wearers: int | None = None, seed: int, boot: int | None = None) -> None:
        count = scenario.wearers if wearers is None else wearers
        _require("wearers", count, 1, WEARERS_MAX)
        _require("seed", seed, 0, _SEED_MAX)
        _require("boot", 0 if boot is None else boot, 0, _BOOT_MAX)
        self.people = cast(scenario, wearers=count, seed=seed)
        self.bands = tuple(_band(number, seed, boot) for number in range(1, count + 1))
        self._director = Director(scenario, self.people, seed=seed)
        self._physiology = Physiology(self.people, seed=seed)
        self._now_s = -scenario.past_s
        names, boots = [band.name for band in self.bands], [band.boot for band in self.bands]
        self.plan = Plan(scenario.faults, seed=seed, bands=names, boots=boots, past_s=scenario.past_s)
        self._bodies = Bodies(self.plan, rows=count, off_wrist=KINDS.index("off_wrist"))
        self.worn_by_hand: dict[int, bool] = {}  # row: whether its band is on, whatever the scenario says

    def episodes(self, start_s: int, seconds: int) -> tuple[Lived, ...]:
        """Return what befalls everybody in these seconds: ``Director.episodes``."""
        return self._director.episodes(start_s, seconds)

    @property
    def now_s(self) -> int:
        """Simulated time [s]: 0 where the scenario's past ends; the next push begins here."""
        return self._now_s

    def push(self, seconds: int) -> Stretch:
        """Live through the next ``seconds`` seconds."""
        samples = self._live(seconds)
        return Stretch(samples, [band.packets(samples, row) for row, band in enumerate(self.bands)])

    def skip(self, seconds: int) -> Samples:
        """As ``push``, but the packets are not made; the bands number and time on as if they had been."""
        for band in self.bands:
            band.skip(seconds)
        return self._live(seconds)

    def _live(self, seconds: int) -> Samples:
        drive = self._bodies.wear(self._director.drive(self._now_s, seconds))
        for row, worn in self.worn_by_hand.items():
            drive.worn[row] = worn
            if not worn:
                for moved in (drive.walk, drive.run, drive.fidget, drive.flap, drive.rock):
                    moved[row] = 0.0
        samples = self._bodies.sense(self._physiology.push(drive))
        self._now_s += seconds
        return samples

    def chunk_s(self, most_s: int = PAST_CHUNK_S) -> int:
        """How many seconds to live at once, at most."""
        return max(1, min(most_s, CHUNK_WEARER_S // len(self.people)))

    def past(self) -> list[list[Packet]]:
        """Live until simulated time 0 and return the packets of that time, ``[row][second]``."""
        packets: list[list[Packet]] = [[] for _ in self.bands]
        while self._now_s < 0:
            stretch = self.push(min(PAST_CHUNK_S, -self._now_s))
            for whole, part in zip(packets, stretch.packets, strict=True):
                whole.extend(part)
        return packets


def _require(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise ScenarioError(f"{what}: must be a whole number from {least} to {most}, got {number}")


def _band(number: int, seed: int, boot: int | None) -> Band:
    draw = np.random.default_rng([seed, number, 1])
    return Band(
        band_name(number),
        boot=(int(bits(seed, 99, 0)) >> 33) if boot is None else boot,
        clock_us=int(draw.integers(0, _UP_S * 1_000_000)),
        phase_s=float(draw.random()),
        drift_ppm=float(draw.uniform(-_DRIFT_PPM, _DRIFT_PPM)),
        battery=float(draw.uniform(55, 100)),
        tells_contact=number % 2 == 0,  # a mixed drawer of bands: one half can tell, as an E4 cannot
    )
