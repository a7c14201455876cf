"""Temperature, conductance and movement in, whether the band is on the skin out: once a second, a row a person."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import Record, RowOperator
from signals.types import Array, Rows

DRY_US: Final = 0.05  # an electrode that touches nothing reads less; Kleckner 2018, doi:10.1109/TBME.2017.2758643
COLD_C: Final = 30.0  # with DRY_US: 0 to 0.2 % of worn minutes of three E4 data sets
WARM_C: Final = 31.0  # only skin is this warm: hysteresis of 1 degC
LET_GO_US: Final = 2 * DRY_US  # conductance that was this high moments ago let go; lower, it may have dried out
OPEN_US: Final = 0.01  # an open circuit reads the same all the time; poor contact does not
OPEN_S: Final = 5
LATELY_S: Final = 10  # how far back falls and rises of temperature are looked for
JUST_S: Final = 3  # a fall that goes on fell in these too; a band that slipped falls once
FALL_C: Final = 0.15  # within LATELY_S: more than dry electrodes on skin show
FALLING_C: Final = 0.05  # within JUST_S
PLUNGE_C: Final = 0.3  # the same where there is no conductance to ask: kept up for 40 s, faster than skin of worn E4s
CLIFF_C: Final = 2.0  # within LATELY_S and to below COLD_C: no skin does this
RISE_C: Final = 0.5  # within LATELY_S: put on, or in a hand
COOLED_C: Final = 1.5  # since contact was lost, slowly: a band whose sensor is slow, or in a pocket
FAR_C: Final = 3.0  # below what is usual while worn: where there is no conductance to ask
COOLER_C: Final = 0.5  # the same, where conductance let go in one step
USUAL_S: Final = 600.0
# A quarter of an E4's step: lies on a table; breathing alone moves a wrist by more over a minute.
STILL_G: Final = 0.004
STILL_S: Final = 60
LAID_S: Final = 10  # so long without movement, what conducts is no proof of skin
PULSE: Final = 0.8  # share of the last seconds that beats which keep their rhythm fill: not by chance
STALE_S: Final = 15  # a pulse that looks back is believed once conductance has been away for longer than it looks
LYING_C: Final = 26.0  # colder than sleepers' hands: what has not moved for a minute lies there, in lamplight perhaps
QUIET_G: Final = 0.05  # above it steps can look like a pulse
OFF: Final = 4.0  # evidence that decides
ON: Final = 10.0
LEAK: Final = 0.2  # of evidence, a second without any
BLIND_S: Final = 10  # without evidence because a sensor is missing, until what was known is forgotten

_WEAR = np.dtype(
    [
        ("worn", "f8"),  # 1, 0, or NaN
        ("off", "f8"),  # evidence that it is off, and that it is on
        ("on", "f8"),
        ("lost_C", "f8"),  # temperature when conductance was last seen
        ("usual_C", "f8"),  # temperature while worn
        ("let_go", "f8"),  # whether conductance left in one step (1), or dried out (0)
        ("blind", "i8"),  # seconds of no evidence because a sensor is missing
        ("silent", "i8"),  # seconds of nothing that could tell
        ("still", "i8"),
        ("dry", "i8"),
        ("at", "i8"),  # of the rings
    ]
)


class Wear(RowOperator):
    """Whether the band is worn: (k, n) degC, uS and g, a value a second, in; 1, 0 or NaN (cannot tell), (k, n), out.

    Evidence for off and for on is summed second by second and decides when it reaches a bound (a cumulative sum test
    after Page 1954, doi:10.1093/biomet/41.1-2.100; the weights are our own); in between what was known stays known.

    Off: while conductance is below 0.05 uS, a temperature that falls and goes on falling (decides in 4 s); that is
    below 30 degC, or fell by 0.5 degC, since conductance let go in one step to an open circuit, which reads the same
    all the time (16 s); that is below 30 degC and fell by 1.5 degC since contact was lost (4 s); or that is below 31
    degC while nothing has moved for a minute (4 s). A fall by 2 degC within 10 s to below 30 degC counts whatever
    conductance says: fingers touch electrodes too. Neither cool nor dry skin, nor both after drying slowly, is any
    evidence; from the first second on both together are. On: conductance of at least 0.05 uS unless temperature falls
    or nothing moves (10 s; 5 s while temperature rises by 0.5 degC in 10 s, 20 s on a cold band that was off); at least
    31 degC and not falling (10 s), or rising by 0.5 degC in 10 s (20 s).

    Without conductance, off: a fall that goes on for 40 s, or cold and 3 degC below what is usual. Cool skin is unknown
    then, until there is a pulse. Without temperature dry is unknown.

    ``contact`` (1 touches, 0 does not, NaN not reported) is what the band itself says. ``pulse`` is the share of the
    last 10 s that beats in rhythm fill, looked for whether worn or not; at least 0.8 at rest (steps look like a pulse)
    speaks for on, and where conductance is low, for dry skin: on E4s it was seen in none of the time off and in 0.4 of
    the quiet time of a laboratory. It speaks for nothing where it is colder than 26 degC and nothing has moved for a
    minute: lamps flicker.
    NaN where nothing that could tell arrives, until evidence has lasted, and where what arrives has been no evidence
    for 10 s because temperature or conductance is missing.
    """

    def __init__(self, *, rows: int, rate_hz: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if rate_hz != 1:
            raise SignalError(f"{self._name}.rate_hz: must be 1, got {rate_hz!r}")
        self._state = np.zeros(rows, _WEAR)
        for name in ("worn", "lost_C", "usual_C"):
            self._state[name] = np.nan
        self._state["let_go"] = 1.0
        self._past = np.full((rows, 2, LATELY_S), np.nan)  # temperature and conductance

    def push(
        self,
        temperature: Array,
        eda: Array,
        motion: Array,
        contact: Array | None = None,
        pulse: Array | None = None,
        *,
        rows: Rows | None = None,
    ) -> Array:
        """Return whether the rows ``rows`` wear their bands in the next n seconds."""
        temperature, known = self._take(temperature, rows, argument="temperature")
        eda, _ = self._take(eda, rows, argument="eda")
        motion, _ = self._take(motion, rows, argument="motion")
        if not temperature.shape == eda.shape == motion.shape:
            raise SignalError(
                f"{self._name}.eda, .motion: must be {temperature.shape}, got {eda.shape}, {motion.shape}"
            )
        contact = self._given(contact, rows, "contact", temperature.shape)
        pulse = self._given(pulse, rows, "pulse", temperature.shape)
        out = np.empty_like(temperature)
        _tell(temperature, eda, motion, contact, pulse, known, self._past, self._state, out)
        return out

    def _given(self, x: Array | None, rows: Rows | None, argument: str, shape: tuple[int, ...]) -> Array:
        if x is None:
            return np.full(shape, np.nan)
        given, _ = self._take(x, rows, argument=argument)
        if given.shape != shape:
            raise SignalError(f"{self._name}.{argument}: must be {shape}, got {given.shape}")
        return np.where(np.isfinite(given), given, np.nan)


@njit(cache=True, nogil=True)
def _tell(
    temperature: Array,
    eda: Array,
    motion: Array,
    contact: Array,
    pulse: Array,
    rows: Rows,
    past: Array,
    state: NDArray[np.void],
    out: Array,
) -> None:
    for k in range(rows.size):
        s, warmth, touch = state[rows[k]], past[rows[k], 0], past[rows[k], 1]
        for i in range(out.shape[1]):
            celsius = temperature[k, i] if np.isfinite(temperature[k, i]) else np.nan
            us = eda[k, i] if np.isfinite(eda[k, i]) else np.nan
            g, bit = abs(motion[k, i]), contact[k, i]
            s.dry = min(s.dry + 1, STALE_S) if us < DRY_US else 0
            lies = s.still >= STILL_S and celsius < LYING_C
            beats = pulse[k, i] >= PULSE and not g > QUIET_G and not 0 < s.dry < STALE_S and not lies
            nothing = math.isnan(us) and math.isnan(celsius) and math.isnan(bit) and not beats
            s.silent = min(s.silent + 1, BLIND_S) if nothing else 0
            if s.silent >= BLIND_S:
                _forget(s)
            s.still = min(s.still + 1, STILL_S) if g < STILL_G else 0
            _feel(s, celsius, us, warmth, touch, beats)
            off = _off(s, celsius, us, warmth, touch, bit, beats)
            on = _on(s, celsius, us, warmth, bit, beats)
            s.off = min(max(s.off + (off if off != 0.0 else -LEAK), 0.0), OFF)
            s.on = min(max(s.on + (on if on != 0.0 else -LEAK), 0.0), ON)
            as_before = celsius >= s.usual_C - COOLED_C if s.worn == 1.0 else celsius < COLD_C and s.worn == 0.0
            dumb = off <= 0.0 and on <= 0.0 and (math.isnan(celsius) or (math.isnan(us) and not as_before))
            s.blind = min(s.blind + 1, BLIND_S) if dumb else 0
            if s.off >= OFF:
                s.worn, s.on = 0.0, 0.0
            elif s.on >= ON:
                s.usual_C = s.usual_C if s.worn == 1.0 else celsius
                s.worn = 1.0
            elif s.blind >= BLIND_S:
                s.worn = np.nan
            if s.worn == 1.0 and not math.isnan(celsius):
                s.usual_C = celsius if math.isnan(s.usual_C) else s.usual_C + (celsius - s.usual_C) / USUAL_S
            out[k, i] = np.nan if nothing else s.worn


@njit(cache=True, nogil=True)
def _forget(s: Record) -> None:
    s.worn, s.lost_C, s.usual_C = np.nan, np.nan, np.nan
    s.off, s.on, s.let_go = 0.0, 0.0, 1.0


@njit(cache=True, nogil=True)
def _feel(s: Record, celsius: float, us: float, warmth: Array, touch: Array, beats: bool) -> None:
    """Put this second into the rings, the newest at ``at``; note how conductance left, and how warm it was then. Where
    there is a pulse without conductance the skin is dry, and nothing let go."""
    if beats:
        s.let_go = 0.0
    if us >= DRY_US or beats:
        s.lost_C = celsius
    elif us < DRY_US and touch[s.at] >= DRY_US:
        s.let_go = 1.0 if np.nanmax(touch) >= LET_GO_US else 0.0
    s.at = (s.at + 1) % LATELY_S
    warmth[s.at], touch[s.at] = celsius, us


@njit(cache=True, nogil=True)
def _off(s: Record, celsius: float, us: float, warmth: Array, touch: Array, bit: float, beats: bool) -> float:
    """How much this second speaks for off, below 0 where it speaks against it. Nothing holds of what is unknown."""
    fallen = np.nanmax(warmth) - celsius
    cliff = fallen >= CLIFF_C and celsius < COLD_C
    laid = s.still >= STILL_S
    falling = warmth[(s.at - JUST_S) % LATELY_S] - celsius >= FALLING_C
    weight = 1.0 if cliff else 0.0
    if us < DRY_US:
        if fallen >= FALL_C and falling:
            weight += 1.0
        if celsius < COLD_C and s.lost_C - celsius >= COOLED_C:
            weight += 1.0
        elif s.let_go > 0.0 and (celsius < COLD_C or s.lost_C - celsius >= COOLER_C) and _open(touch, s.at):
            weight += 0.25 if s.worn == 1.0 else 1.0
        if laid and not celsius >= WARM_C:
            weight += 1.0
    elif us >= DRY_US and not cliff:
        weight -= 2.0
    elif laid and celsius < WARM_C:
        weight += 1.0
    elif fallen >= PLUNGE_C and falling:
        weight += 0.1
    elif celsius < COLD_C and s.usual_C - celsius >= FAR_C and not celsius - np.nanmin(warmth) >= RISE_C:
        weight += 0.25
    if bit == 0.0:
        weight += 2.0
    elif bit > 0.0 and not (laid and celsius < WARM_C):
        weight -= 2.0
    return weight - 2.0 if beats and not cliff else weight


@njit(cache=True, nogil=True)
def _open(touch: Array, at: int) -> bool:
    low, high = np.inf, -np.inf
    for j in range(OPEN_S):
        us = touch[(at - j) % LATELY_S]
        if math.isnan(us):
            return False
        low, high = min(low, us), max(high, us)
    return high - low < OPEN_US


@njit(cache=True, nogil=True)
def _on(s: Record, celsius: float, us: float, warmth: Array, bit: float, beats: bool) -> float:
    """How much this second speaks for on, below 0 where it speaks against it. Nothing holds of what is unknown."""
    fallen, risen = np.nanmax(warmth) - celsius, celsius - np.nanmin(warmth)
    weight = 0.0
    if us >= DRY_US:
        if not (fallen >= RISE_C or s.still >= LAID_S):
            rising = celsius - warmth[(s.at + 1) % LATELY_S] >= RISE_C
            weight = 2.0 if rising else 0.5 if s.worn == 0.0 and celsius < COLD_C else 1.0
    elif celsius >= WARM_C and not fallen >= FALL_C:
        weight = 1.0
    elif risen >= RISE_C:
        weight = 0.5
    elif us < DRY_US:
        weight = -3.0
    if bit == 0.0:
        weight -= 2.0
    elif bit > 0.0 and not s.still >= STILL_S:
        weight = max(weight, 0.0) + 2.0
    return max(weight, 0.0) + 1.0 if beats else weight
