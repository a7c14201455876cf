"""A Polar band (Verity Sense, OH1, H10) in, packets of its PPG, its motion and its beats out.

Measurement data come in frames dated by the band's clock, which may say 2019 after a flat battery: ``Ticks`` puts it
where time is. A band with light tells PPG, and its own intervals (PPI) are left alone: they freeze while it moves. A
chest strap (H10) has no light: its beats are taken from the standard heart rate.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.ble.about import need, read_about, read_battery, seen_by_address
from ingest.ble.pacing import answer_pace, pulse_pace, samples_pace
from ingest.ble.packing import Beats, Second, Seconds, Ticks
from ingest.ble.profile import Advert, Conversation, Link, Profile, Sink
from ingest.ble.talking import Talk, loop_s, steady_us
from ingest.control.messages import Seen
from ingest.errors import GattError, LinkError
from ingest.gatt import uuids
from ingest.gatt.heart_rate import INTERVAL_HZ, HeartRate
from ingest.gatt.polar import (
    Frame,
    Kind,
    Op,
    Request,
    Response,
    Setting,
    Settings,
    Status,
    acceleration,
    factor_of,
    ppg,
    rates_of,
)
from ingest.wire import Intervals

NEEDED: Final = {"PMD control (FB005C81)": uuids.POLAR_CONTROL, "PMD data (FB005C82)": uuids.POLAR_DATA}
NAME: Final = "Polar "  # how their names begin: not all put the service into their adverts
ANSWER_S: Final = 5.0
CHANNEL: Final = {Kind.PPG: "ppg", Kind.ACCELERATION: "motion"}
RATE_HZ: Final = {Kind.PPG: 55.0, Kind.ACCELERATION: 52.0}  # Verity Sense's own; else the least that it offers
AMBIENT: Final = 3  # the column of a PPG frame that is the light of the room
MG: Final = 1e-3
GRACE_US: Final = 3_000_000  # beats wait so long for a frame to travel with


class Polar:
    """The profile; what it keeps of each band is where its clock was put."""

    name: Final = "polar"
    bonds: Final = True

    def __init__(self, steady: Callable[[], int] = steady_us) -> None:
        self._steady = steady
        self._ticks: dict[str, Ticks] = {}

    def recognise(self, advert: Advert) -> Seen | None:
        """See ``Profile``."""
        if uuids.POLAR_SERVICE not in advert.services and not (advert.name or "").startswith(NAME):
            return None
        return seen_by_address(self.name, advert)

    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        """See ``Profile``."""
        return PolarTalk(band, link, sink, self._steady, self._ticks.setdefault(band, Ticks()))


class PolarTalk(Talk):
    """See ``Conversation``."""

    def __init__(self, band: str, link: Link, sink: Sink, steady: Callable[[], int], ticks: Ticks) -> None:
        super().__init__(band, link, sink)
        self._steady, self._ticks = steady, ticks
        self._answer_pace, self._pulse_pace = answer_pace(), pulse_pace()
        self._sample_pace = samples_pace(0.0)
        self._answers: asyncio.Queue[Response] = asyncio.Queue()
        self._claimed: dict[str, float] = {}
        self._factor_g = MG
        self._seconds: Seconds | None = None
        self._beats = Beats()
        self._pulses: Intervals | None = None
        self._contact: bool | None = None
        self._battery: int | None = None
        self._told_us = steady()

    async def _talk(self) -> None:
        need(self._band, self._link, NEEDED)
        await self._link.secure()
        firmware, model = await read_about(self._link)
        self._battery = await read_battery(self._link)
        self._sink.about(firmware=firmware, model=model, battery=self._battery)
        await self._link.subscribe(uuids.POLAR_CONTROL, self._judged(self._hear_answer))
        offered = {kind: await self._settings(kind) for kind in CHANNEL}
        self._claimed = {CHANNEL[kind]: _rate_hz(kind, said) for kind, said in offered.items() if said is not None}
        self._seconds = Seconds(self._claimed)
        self._sample_pace = samples_pace(
            sum(_fastest_hz(kind, said) for kind, said in offered.items() if said is not None)
        )
        await self._link.subscribe(uuids.POLAR_DATA, self._judged(self._hear_frame))
        for kind, said in offered.items():
            if said is not None:
                await self._start(kind, said)
        if offered[Kind.PPG] is None and self._link.has(uuids.HEART_RATE):
            await self._link.subscribe(uuids.HEART_RATE, self._judged(self._hear_pulse))

    async def _settings(self, kind: Kind) -> Settings | None:
        """What may be chosen of a measurement; None: it is not measured here."""
        answer = await self._ask(Request(Op.SETTINGS, kind, {}))
        if answer.status in (Status.UNKNOWN_KIND, Status.NOT_SUPPORTED):
            return None
        if answer.status != Status.SUCCESS:
            raise LinkError(
                f"{self._band}: PMD control: will not say what {kind.name.lower()} offers ({answer.status})"
            )
        return answer.settings

    async def _start(self, kind: Kind, offered: Settings) -> None:
        chosen: Settings = {
            setting: (values[0],) for setting, values in offered.items() if values and setting != Setting.FACTOR
        }
        if Setting.RATE in chosen:
            chosen[Setting.RATE] = (round(_rate_hz(kind, offered)),)
        answer = await self._ask(Request(Op.START, kind, chosen))
        if answer.status not in (Status.SUCCESS, Status.ALREADY):
            raise LinkError(f"{self._band}: PMD control: {kind.name.lower()} is not started: status {answer.status}")
        if kind is Kind.ACCELERATION and (factor := factor_of(answer.settings)) is not None:
            self._factor_g = factor

    async def _ask(self, request: Request) -> Response:
        while not self._answers.empty():
            self._answers.get_nowait()
        await self._link.write(uuids.POLAR_CONTROL, bytes(request))
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    answer = await self._answers.get()
                    if (answer.op, answer.kind) == (request.op, request.kind):
                        return answer
        except TimeoutError:
            raise LinkError(f"{self._band}: PMD control: no answer within {ANSWER_S:g} s") from None

    def _hear_answer(self, data: bytes) -> None:
        self._answer_pace.count(loop_s())
        self._answers.put_nowait(Response.from_bytes(data))

    def _hear_frame(self, data: bytes) -> None:
        self._sample_pace.count(now_s := loop_s())
        frame = Frame.from_bytes(data)
        channel = CHANNEL.get(Kind(frame.kind)) if frame.kind in list(Kind) else None
        if channel is None or channel not in self._claimed or self._seconds is None:
            return
        if frame.last_ns == 0:
            raise GattError("PMD data (FB005C82): last_ns: is 0; frames of samples are dated")
        tick_us = self._ticks.of(frame.last_ns // 1000, self._steady())
        values = self._light(frame) if frame.kind == Kind.PPG else self._gravity(frame)
        self._sample_pace.count(now_s, len(values) - 1)
        for second in self._seconds.add(channel, tick_us, values):
            self._pass_on(second)

    def _light(self, frame: Frame) -> NDArray[np.float32]:
        """The light that came back, without that of the room."""
        counts = ppg(frame).astype(np.float64)
        return np.asarray(counts[:, :AMBIENT].mean(1) - counts[:, AMBIENT], np.float32)

    def _gravity(self, frame: Frame) -> NDArray[np.float32]:
        """In g: raw forms count mg; compressed ones what the band said at the start, form 1 of it mg."""
        unit = MG if not frame.compressed or frame.form == 1 else self._factor_g
        return np.asarray(acceleration(frame) * unit, np.float32)

    def _hear_pulse(self, data: bytes) -> None:
        self._pulse_pace.count(loop_s())
        heard, now_us = HeartRate.from_bytes(data), self._steady()
        self._contact = heard.contact
        times_us, intervals_s = self._beats.hear(now_us, [count / INTERVAL_HZ for count in heard.intervals if count])
        before = self._pulses or Intervals(tick_us=[], interval_s=[])
        self._pulses = Intervals(tick_us=[*before.tick_us, *times_us], interval_s=[*before.interval_s, *intervals_s])
        if now_us - self._told_us > GRACE_US:
            self._pass_on(Second(tick_us=now_us, even={}))

    def _pass_on(self, second: Second) -> None:
        beats = None
        if self._pulses is not None:
            pairs = list(zip(self._pulses.tick_us, self._pulses.interval_s, strict=True))
            now = [pair for pair in pairs if pair[0] <= second.tick_us]
            later = [pair for pair in pairs if pair[0] > second.tick_us]
            beats = Intervals(tick_us=[t for t, _ in now], interval_s=[s for _, s in now])
            self._pulses = Intervals(tick_us=[t for t, _ in later], interval_s=[s for _, s in later])
        self._told_us = self._steady()
        self._tell(
            Second(tick_us=second.tick_us, even=second.even, beats=beats), battery=self._battery, contact=self._contact
        )


def _rate_hz(kind: Kind, offered: Settings) -> float:
    rates = rates_of(offered)
    if not rates or RATE_HZ[kind] in rates:
        return RATE_HZ[kind]
    return float(min(rates, key=lambda rate: abs(rate - RATE_HZ[kind])))


def _fastest_hz(kind: Kind, offered: Settings) -> float:
    return max(rates_of(offered), default=RATE_HZ[kind])


def profile() -> Profile:
    """The one of this file."""
    return Polar()
