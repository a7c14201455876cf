"""How often a band says something in, whether that is more than any band has to say out. Pure.

A flood is one band's fault and everybody's loss: what it says would wait before what the other bands say, in the
gateway, on its disk and at the broker. So a band that floods is sent away, by name.
"""

from typing import Final

from ingest.errors import GattError

RECORDS_HZ: Final = 300.0  # one a second live, and what is asked for: 120 with each look at a band, twice a second
RECORDS_BURST: Final = 1_000.0  # a stack that was stuck gives what it held all at once
PIECES_HZ: Final = 5_000.0  # notifications of any content: some three times what a link at 2 Mbit/s carries
PIECES_BURST: Final = 20_000.0
WORDS_HZ: Final = 5.0  # states and events: hands and batteries are slow
WORDS_BURST: Final = 100.0
BAD_HZ: Final = 1.0  # records with a wrong CRC: the link has one of its own and sends again, so hardly ever
BAD_BURST: Final = 60.0
PULSES_HZ: Final = 10.0  # heart rates (2A37): straps tell each second, some with each beat: four of a racing heart
MOTIONS_HZ: Final = 100.0  # motions of an InfiniTime: it tells ten
POLAR_TIMES: Final = 4.0  # samples of a Polar band for each that its fastest settings promise
PACKETS_HZ: Final = 20.0  # of a band that numbers none: about one, and one more for each hole in what it told
STUCK_S: Final = 30.0  # a stack that was stuck for longer has lost the link: so much may come all at once
BOOTS_MAX: Final = 64  # boots spoken of over one link: a state names 33, and another start is another link


class Pace:
    """At most ``hz`` of ``what`` a second, ``burst`` at once."""

    def __init__(self, what: str, *, hz: float, burst: float) -> None:
        self._what, self._hz, self._burst = what, hz, burst
        self._left = burst
        self._at_s: float | None = None

    def count(self, now_s: float, number: int = 1) -> None:
        """So many more at ``now_s``, by a clock that does not go back; raises GattError where it is a flood."""
        passed_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._at_s = now_s
        self._left = min(self._burst, self._left + passed_s * self._hz) - number
        if self._left < 0:
            raise GattError(f"{self._what}: pace: more than {self._hz:g} a second; no band has so much to say")


def pulse_pace() -> Pace:
    """Of notifications of the standard heart rate, over one link."""
    return Pace("heart rate (2A37)", hz=PULSES_HZ, burst=PULSES_HZ * STUCK_S)


def motion_pace() -> Pace:
    """Of motions of an InfiniTime, over one link."""
    return Pace("InfiniTime motion (00030002)", hz=MOTIONS_HZ, burst=MOTIONS_HZ * STUCK_S)


def answer_pace() -> Pace:
    """Of answers of a Polar band's control point, over one link."""
    return Pace("Polar control (FB005C81)", hz=WORDS_HZ, burst=WORDS_BURST)


def packets_pace() -> Pace:
    """Of packets that are made of what a band without numbers says, over one link."""
    return Pace("packets", hz=PACKETS_HZ, burst=PACKETS_HZ * STUCK_S)


def samples_pace(offered_hz: float) -> Pace:
    """Of samples of a Polar band whose measurements offer ``offered_hz`` together at their fastest: one that somebody
    else began goes on at whichever rate that was. An empty frame counts as a sample."""
    hz = POLAR_TIMES * max(offered_hz, 1.0)
    return Pace("Polar data (FB005C82): samples", hz=hz, burst=hz * STUCK_S)


class Paces:
    """What is counted of one link to a forecalm band."""

    def __init__(self) -> None:
        self.records = Pace("records (0101)", hz=RECORDS_HZ, burst=RECORDS_BURST)
        self.pieces = Pace("records (0101)", hz=PIECES_HZ, burst=PIECES_BURST)
        self.bad = Pace("records (0101): crc", hz=BAD_HZ, burst=BAD_BURST)
        self.states = Pace("state (0103)", hz=WORDS_HZ, burst=WORDS_BURST)
        self.events = Pace("events (0202)", hz=WORDS_HZ, burst=WORDS_BURST)
        self._boots: set[int] = set()
        self._live: int | None = None

    def boot(self, boot: int, *, live: bool) -> None:
        """It spoke of a boot, ``live``: of its own. Raises GattError where that is another than before, or one of too
        many."""
        if live and self._live not in (None, boot):
            raise GattError(f"record (0101): boot: {boot} after {self._live}; another start is another connection")
        if live:
            self._live = boot
        self._boots.add(boot)
        if len(self._boots) > BOOTS_MAX:
            raise GattError(f"state (0103): boot: more than {BOOTS_MAX} of them over one connection")
