"""A body's samples in, the packets of its wristband out: quantised, numbered, timed by the band's own clock."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.physiology.body import Samples
from ingest.types import CHANNELS, Array
from ingest.wire import Packet
from ingest.wire import Samples as WireSamples

SECOND_US: Final = 1_000_000
STEPS: Final = {  # what one count is worth, in the channel's unit
    "eda": 0.00128,  # uS: the step seen in an E4's files
    "temperature": 0.02,  # degC: an E4's resolution
    "ppg": 0.0625,  # 16 bits over +-2048 units of an E4's BVP
    "motion": 0.015625,  # 1/64 g, as an E4 has it
}
_LAST: Final = {"eda": 32767, "temperature": 32767, "ppg": 32767, "motion": 127}  # an E4's motion ends at +-2 g
_BATTERY_PER_H: Final = 2.5  # per cent: about 40 h, as the makers of such bands promise


class Band:
    """The wristband ``name``: its sensors' steps, its counter and its clock.

    Packets are numbered from 0 since ``boot``. The band's clock showed ``clock_us`` when the first sample was taken.
    ``phase_s`` in [0, 1) is how much later than the whole second its packets are complete; ``drift_ppm`` how much
    faster than true time its clock runs. Neither shows in the packets: they say when to send (``due_s``). A band with
    ``tells_contact`` reports skin contact; others leave it out.
    """

    def __init__(
        self,
        name: str,
        *,
        boot: int,
        clock_us: int = 0,
        phase_s: float = 0.0,
        drift_ppm: float = 0.0,
        battery: float = 100.0,
        tells_contact: bool = False,
    ) -> None:
        self.name = name
        self.boot = boot
        self._clock_us = clock_us
        self._phase_s = phase_s
        self._second_s = 1 / (1 + drift_ppm * 1e-6)
        self._battery = battery
        self._tells_contact = tells_contact
        self._next = 0

    @property
    def tick_us(self) -> int:
        """What its clock shows when its next packet begins [us]."""
        return self._clock_us + self._next * SECOND_US

    def due_s(self, seq: int, *, since: int = 0) -> float:
        """When packet ``seq`` is complete: true seconds after packet ``since`` began, for a band whose phase is 0."""
        return self._phase_s + (seq + 1 - since) * self._second_s

    def skip(self, seconds: int) -> None:
        """Number and time ``seconds`` packets that nobody will see."""
        self._next += seconds

    def packets(self, samples: Samples, row: int) -> list[Packet]:
        """Return one packet for each second of ``row``; they go on where the last call ended."""
        streams = [
            ("eda", samples.eda[row]),
            ("temperature", samples.temperature[row]),
            ("ppg", samples.ppg[row]),
            ("motion", samples.motion[row].T),
        ]
        counts = {channel: quantise(channel, values) for channel, values in streams}
        worn = samples.drive.worn[row]
        return [self._packet(counts, i, bool(worn[i])) for i in range(samples.drive.seconds)]

    def _packet(self, counts: dict[str, NDArray[np.int16]], second: int, worn: bool) -> Packet:
        seq, self._next = self._next, self._next + 1
        begin_us = self._clock_us + seq * SECOND_US

        def of(channel: str) -> WireSamples:
            rate = CHANNELS[channel].grid_hz
            values = counts[channel][second * rate : (second + 1) * rate].tobytes()
            return WireSamples(rate_hz=float(rate), tick_us=begin_us, values=values, dtype="i2", scale=STEPS[channel])

        return Packet(
            v=1,
            band=self.name,
            boot=self.boot,
            seq=seq,
            tick_us=begin_us + SECOND_US,
            battery=max(int(self._battery - _BATTERY_PER_H * seq / 3600), 0),
            contact=worn if self._tells_contact else None,
            eda=of("eda"),
            temperature=of("temperature"),
            ppg=of("ppg"),
            motion=of("motion"),
        )


def quantise(channel: str, values: Array) -> NDArray[np.int16]:
    """Return the counts (little-endian int16) that a sensor gives for physical ``values``; it saturates at its ends."""
    last = _LAST[channel]
    return np.clip(np.rint(values / STEPS[channel]), -last - (channel == "motion"), last).astype("<i2")
