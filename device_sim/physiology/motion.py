"""What wearers do in, what their wrists feel out: three-axis acceleration [g] at 32 Hz.

Without another word, numbers are chosen by the acceleration of Stress-Predict (doi:10.3390/s22218135; an E4, seated):
how much it varies from second to second, over how long, at which frequencies and across which axes.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.physiology.drive import POSTURES, Drive
from device_sim.physiology.lag import share
from device_sim.physiology.noise import Keys, keys, normal, uniform
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["motion"].grid_hz
_ARM: Final = np.array(  # gravity when the arm lies on a table, in the lap, on its side, hangs; and on a shelf
    [[-0.35, -0.2, 0.93], [-0.62, -0.05, 0.78], [-0.25, 0.35, 0.83], [-0.93, -0.1, 0.35], [0.02, -0.01, 1.0]]
)  # the medians of Stress-Predict's sessions lie between these
_HANGING: Final = 3
_SHELF: Final = 4
_ANGLES: Final = 0.25  # how differently people hold their arms [g]
_ACTS: Final = 5  # walk, run, fidget, flap, rock
_EASE: Final = share(0.3, RATE)  # acts start and stop within about a second
# How fast an arm turns [1/s]: median, log-spread, least, most; three lags in a row, so that most of a turn takes 0.2 to
# 0.6 s. Seen in plots of six E4 sets, and chosen by the spectrum and the largest size of their minutes.
_TURNS: Final = (12.0, 0.45, 5.0, 20.0)
_REACH: Final = 0.2 / 9.81  # the band goes with the turning arm, 0.2 m from where it turns [s2]; our choice
_LIFTED: Final = 0.6  # of that is up and down: our choice
_OFFSET_G: Final = 0.008  # sensors are off by so much an axis: a band at rest shows 0.99 to 1.008 g
_NOISE_G: Final = (0.0005, 0.0035)  # from the quietest to the noisiest band; a step of 1/64 g adds 0.0045 g
_WALK_G: Final = 0.2  # our choice, as the next two
_RUN_G: Final = 0.55
_RUN_HZ: Final = 2.6
# Of two wearers in autism_smm (Goodwin 2014) one flaps with 2 g and the other with 0.4 g, and a tenth of that lies near
# one rhythm: no two strokes agree.
_FLAP_G: Final = (1.0, 0.5, 0.4, 2.0)  # median, log-spread, least, most of people
_FLAP_ROUGH: Final = 0.5
_FLAP_UNEVEN: Final = 0.3
_ROCK_G: Final = 0.15  # rocking tilts the resting wrist: it varies by 0.1 to 0.2 g there, at 0.68 to 0.78 Hz
# Nobody is still: small movements come and go on three time scales, and their size is log-normal.
_STIRRED: Final = (np.exp(-1 / 1.5), np.exp(-1 / 12.0), np.exp(-1 / 60.0))  # a second
_SHARES: Final = (
    0.63,
    0.59,
    0.50,
)  # chosen by the correlation of activity at lags of 1 to 80 s: 0.75, 0.3 at 10 s, 0.06
_STIR_G: Final = 0.0036
_STIR_SPREAD: Final = 1.65
_STIR_MAX_G: Final = 0.3
_ASLEEP: Final = 0.95  # of it goes in deep sleep; turns are the director's
_FIDGET_G: Final = 0.15
_FIDGETS: Final = 0.12  # a person who fidgets this share of the time stirs as most do
_SLOW: Final = share(1 / (2 * np.pi * 0.25), RATE)  # spectra of movement fall beyond 0.25 Hz by the square
_SLOW_UNIT: Final = float(np.sqrt((2 - _SLOW) / _SLOW))  # makes its variance 1
_FAST: Final = share(1 / (2 * np.pi * 4.0), RATE)  # and a second part falls beyond 4 Hz only: chosen by the same
_FAST_UNIT: Final = float(np.sqrt((2 - _FAST) / _FAST))
_FAST_SHARE: Final = 0.7  # chosen by how the power of size lies over frequency
_FAST_LESS: Final = _FAST_UNIT / _SLOW_UNIT
_AXES: Final = (1.2, 0.7, 1.05)  # for slow movement only turns the arm, and gravity in it: it has no size of its own
_PLACES: Final = (0.10, 0.03)  # arms are put elsewhere so often a second, half as often while stirring by so much [g]:
_PLACE_G: Final = 0.55  # chosen so that about every other minute has a turn by 0.75 g within a second, as measured,
_PLACING_G: Final = 0.12  # and movement as hard as that turn needs: our choice
# Hands go out and come back: how often a second at most, and the stirring [g] at which a quarter as often; how far on
# each axis [g]; for how long [s]: median and log-spread. Seen in plots, and chosen as ``_TURNS`` are.
_GESTURES: Final = (0.7, 0.07)
_GESTURE_G: Final = 0.55
_GESTURE_S: Final = (0.5, 0.8)
_KNOCKS: Final = (0.12, 0.1)  # hands are set down: how often a second, and the stirring [g] at which half as often
_KNOCK_G: Final = (0.5, 0.7)  # median and log-spread: chosen by the largest size of minutes, as gestures are
_STRAYS: Final = 0.6 / RATE  # where movement leaves the arm, in its sizes a second
_RETURNS: Final = share(90.0, RATE)  # and it comes back to its posture: our choice
_TREMOR_G: Final = 0.0022  # small movements tremble: beyond 4 Hz they lose less than large ones do
_TREMORS: Final = 0.6  # some more than others, log-normally
_TREMOR_AT_G: Final = 0.01
_TREMBLES: Final = 2.0  # times as much at full arousal: our choice
_BLOW_G: Final = 2.2  # hitting: an impact ends the E4's range of 2 g; our choice, as all about blows
_BLOWS_HZ: Final = 1.2  # at most, when both arousal and movement are at their highest
_BLOW_S: Final = 0.25
_TINY: Final = 1e-9


class Motion:
    """State of k wrists; a push of n seconds gives acceleration (k, 3, 32 n) and its moving part (k, 32 n) [g]."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        own = [(p.steps_hz, p.flap_hz, p.rock_hz, np.sqrt(p.fidgets / _FIDGETS), 1.0, 1.0) for p in people]
        self._own = np.array(own).reshape(-1, 6)
        k = len(people)
        self._arm = np.empty((k, POSTURES + 1, 3))
        self._sensor = np.empty((k, 4))  # offset by axis, noise [g]
        _make(self._keys, self._own, self._arm, self._sensor)
        self._acts = np.zeros((k, _ACTS))
        self._gravity = np.full((k, 3), np.nan)
        self._phase = np.zeros((k, 4))  # walk, run, flap, rock
        self._stir = np.zeros((k, 4))  # three scales, the size that follows from them
        self._axis = np.zeros((k, 3, 3))  # slow and fast movement, where they left the arm
        self._turn = np.zeros((k, 3, 6))  # two lags before gravity, its speed, a gesture's way, swing, the next place
        # Samples until a gesture, and of it; the arm's pace; samples until it is put elsewhere.
        self._going = np.tile([0.0, 0.0, share(1 / _TURNS[0], RATE), 0.0], (k, 1))

    def push(self, drive: Drive, *, first: int) -> tuple[Array, Array]:
        """``first``: how many seconds were pushed before; the index of the first one."""
        k, n = drive.arousal.shape
        motion, moving = np.empty((k, 3, RATE * n)), np.empty((k, RATE * n))
        acts = np.stack([drive.walk, drive.run, drive.fidget, drive.flap, drive.rock], axis=-1)
        lived = np.ascontiguousarray(np.stack([drive.arousal, drive.asleep], axis=-1))
        state = (self._acts, self._gravity, self._phase, self._stir, self._axis, self._turn, self._going)
        who = (self._own, self._arm, self._sensor, np.ascontiguousarray(acts), lived)
        _move(self._keys, first, *who, drive.posture, drive.worn, *state, motion, moving)
        return motion, moving


@njit(cache=True, nogil=True)
def _make(keys: Keys, own: Array, arm: Array, sensor: Array) -> None:
    """Fill in how each person holds the arm, and what each band's sensor is like."""
    for r in range(arm.shape[0]):
        for p in range(arm.shape[1]):
            for axis in range(3):
                differs = normal(keys[r], 20, 3 * p + axis) * _ANGLES if p != _SHELF else 0.0
                arm[r, p, axis] = _ARM[p, axis] + differs
            arm[r, p] /= np.sqrt((arm[r, p] ** 2).sum())
        own[r, 4] = np.exp(_TREMORS * normal(keys[r], 19, 4))
        flaps_g = _FLAP_G[0] * np.exp(_FLAP_G[1] * normal(keys[r], 19, 5))
        own[r, 5] = min(max(flaps_g, _FLAP_G[2]), _FLAP_G[3])
        for axis in range(3):
            sensor[r, axis] = _OFFSET_G * normal(keys[r], 19, axis)
        sensor[r, 3] = _NOISE_G[0] + (_NOISE_G[1] - _NOISE_G[0]) * uniform(keys[r], 19, 3)


@njit(cache=True, nogil=True)
def _move(
    keys: Keys,
    first: int,
    own: Array,
    arm: Array,
    sensor: Array,
    acts: Array,
    lived: Array,
    posture: NDArray[np.int64],
    worn: NDArray[np.bool_],
    level: Array,
    gravity: Array,
    phase: Array,
    stir: Array,
    axes: Array,
    turn: Array,
    going: Array,
    motion: Array,
    moving: Array,
) -> None:
    rows, seconds, _ = acts.shape
    for r in range(rows):
        key = keys[r]
        for i in range(seconds):
            lies = posture[r, i] if worn[r, i] else _SHELF
            if worn[r, i] and max(acts[r, i, 0], acts[r, i, 1]) > 0.1:
                lies = _HANGING
            if np.isnan(gravity[r, 0]):
                gravity[r] = arm[r, lies]
                for axis in range(3):
                    turn[r, axis, 0] = turn[r, axis, 1] = gravity[r, axis]
            wanted = _stirring(key, first + i, own[r, 3], lived[r, i, 1], stir[r]) if worn[r, i] else 0.0
            tremor_g = own[r, 4] * _TREMOR_G * (1 + _TREMBLES * lived[r, i, 0]) if worn[r, i] else 0.0
            if worn[r, i]:
                wanted = _placed(key, first + i, wanted, lived[r, i, 1], turn[r], going[r])
                _gesture(key, first + i, wanted + _FIDGET_G * acts[r, i, 2], turn[r], going[r])
            jitter = normal(key, 21, first + i)
            hit_s, hit_g = _hit(key, first + i, acts[r, i, 2], lived[r, i, 0], wanted)
            for s in range(RATE):
                at = (first + i) * RATE + s
                _go_on(acts[r, i], own[r], jitter, level[r], phase[r])
                stir[r, 3] += (wanted - stir[r, 3]) * _EASE
                walk, run, fidget, flap, rock = level[r]
                up, side = _stride(walk, run, phase[r])
                wrist, hand = _flapping(flap * own[r, 5], phase[r, 2])
                tilt = _ROCK_G * rock * np.sin(2 * np.pi * phase[r, 3]) if rock > 0 else 0.0
                rough = stir[r, 3] + _FIDGET_G * fidget + 0.14 * run + 0.05 * walk + 0.2 * flap + 0.04 * rock
                fine = _FAST_SHARE * rough + tremor_g * np.sqrt(min(rough / _TREMOR_AT_G, 1.0))
                fine += _FLAP_ROUGH * flap * own[r, 5]
                hit = hit_g * _ringing(s / RATE - hit_s) if hit_s >= 0 else 0.0
                given = (up, side + tilt, 0.4 * side + wrist - 0.3 * tilt, hand + 0.8 * tilt)
                moving[r, i * RATE + s] = _axes(
                    key,
                    at,
                    rough,
                    fine,
                    hit,
                    given,
                    arm[r, lies],
                    sensor[r],
                    gravity[r],
                    axes[r],
                    turn[r],
                    going[r],
                    motion[r, :, i * RATE + s],
                )


@njit(cache=True, nogil=True)
def _axes(
    key: int,
    at: int,
    rough: float,
    fine: float,
    hit: float,
    given: tuple[float, float, float, float],
    arm: Array,
    sensor: Array,
    gravity: Array,
    axes: Array,
    turn: Array,
    going: Array,
    out: Array,
) -> float:
    """Fill in one sample's three axes; return its moving part. ``given``: along gravity, and by axis [g]."""
    length, lifted = 0.0, 0.0
    goes = 1.0 if going[0] <= 0 and going[1] > 0 else 0.0
    going[1 if going[0] <= 0 else 0] -= 1.0  # it and the next may fall below 0, where they mean nothing
    going[3] -= 1.0
    for axis in range(3):
        drawn = normal(key, 22 + axis, at)
        if going[3] == 0:
            axes[axis, 2] = turn[axis, 5]
        axes[axis, 0] += (_SLOW_UNIT * drawn - axes[axis, 0]) * _SLOW
        axes[axis, 1] += (_FAST_UNIT * drawn - axes[axis, 1]) * _FAST
        axes[axis, 2] += rough * axes[axis, 0] * _STRAYS - axes[axis, 2] * _RETURNS
        out[axis] = sensor[3] * drawn + sensor[axis]
        length += (arm[axis] + axes[axis, 2] + goes * turn[axis, 3]) ** 2
    length, turned = np.sqrt(length) + _TINY, 0.0
    for axis in range(3):
        turn[axis, 0] += ((arm[axis] + axes[axis, 2] + goes * turn[axis, 3]) / length - turn[axis, 0]) * going[2]
        turn[axis, 1] += (turn[axis, 0] - turn[axis, 1]) * going[2]
        speed = (turn[axis, 1] - gravity[axis]) * going[2]
        gravity[axis] += speed
        turn[axis, 4] = _REACH * RATE * RATE * (speed - turn[axis, 2])
        turn[axis, 2] = speed
        lifted += _LIFTED * turn[axis, 4]
        turned += (gravity[axis] + rough * axes[axis, 0] * _AXES[axis]) ** 2
    size, turned = 0.0, np.sqrt(turned)
    for axis in range(3):
        slow = (gravity[axis] + rough * axes[axis, 0] * _AXES[axis]) / turned - gravity[axis]
        own = slow + fine * (axes[axis, 1] - _FAST_LESS * axes[axis, 0]) + given[0] * gravity[axis] + given[1 + axis]
        own += hit * (1.0 - 0.4 * axis) + turn[axis, 4] + lifted * gravity[axis]
        size += own * (1.0 if axis == 0 else 0.6)
        out[axis] += gravity[axis] + own
    return size


@njit(cache=True, nogil=True)
def _stirring(key: int, second: int, own: float, asleep: float, stir: Array) -> float:
    """Take one row's small movements one second on, in place; return their size [g]."""
    size = 0.0
    for scale in range(3):
        kept = _STIRRED[scale]
        stir[scale] = kept * stir[scale] + np.sqrt(1 - kept * kept) * normal(key, 25 + scale, second)
        size += _SHARES[scale] * stir[scale]
    stirred = _STIR_G * own * np.exp(_STIR_SPREAD * size) * (1 - _ASLEEP * asleep)
    bounded: float = min(stirred, _STIR_MAX_G)
    return bounded


@njit(cache=True, nogil=True)
def _placed(key: int, second: int, wanted: float, asleep: float, turn: Array, going: Array) -> float:
    """Let one row's arm be put elsewhere if this is the second for it, in place; return its stirring [g]."""
    if uniform(key, 30, second) >= _PLACES[0] * (1 - asleep) * wanted / (wanted + _PLACES[1]):
        return wanted
    for axis in range(3):
        turn[axis, 5] = _PLACE_G * normal(key, 31 + axis, second)
    going[3] = 1 + int(RATE * uniform(key, 13, second))
    moved: float = max(wanted, _PLACING_G)
    return moved


@njit(cache=True, nogil=True)
def _gesture(key: int, second: int, wanted: float, turn: Array, going: Array) -> None:
    """Let one row's hand begin a gesture if this is the second for it and none is under way, in place."""
    if going[1] > 0 or uniform(key, 35, second) >= _GESTURES[0] * (wanted / (wanted + _GESTURES[1])) ** 2:
        return
    for axis in range(3):
        turn[axis, 3] = _GESTURE_G * normal(key, 36 + axis, second)
    going[0] = RATE * uniform(key, 10, second)
    going[1] = RATE * _GESTURE_S[0] * np.exp(_GESTURE_S[1] * normal(key, 11, second))
    turns = _TURNS[0] * np.exp(_TURNS[1] * normal(key, 12, second))
    going[2] = 1 - np.exp(-min(max(turns, _TURNS[2]), _TURNS[3]) / RATE)


@njit(cache=True, nogil=True)
def _hit(key: int, second: int, fidget: float, arousal: float, stirring: float) -> tuple[float, float]:
    """When in this second the hand hits something [s], or -1, and how hard [g].

    Who deals blows is much aroused and moves as hard as can be; whoever moves sets hands down.
    """
    blows = _BLOWS_HZ * max(fidget - 0.6, 0.0) * max(arousal - 0.6, 0.0) / 0.16
    knocks = _KNOCKS[0] * stirring / (stirring + _KNOCKS[1])
    drawn, at_s = uniform(key, 28, second), uniform(key, 29, second) * (1 - _BLOW_S)
    if drawn < blows:
        return at_s, _BLOW_G
    if drawn < blows + knocks:
        return at_s, _KNOCK_G[0] * np.exp(_KNOCK_G[1] * normal(key, 34, second))
    return -1.0, 0.0


@njit(cache=True, nogil=True)
def _ringing(since_s: float) -> float:
    """An impact of 1 g and its echo in the strap [g]."""
    if not 0 <= since_s < _BLOW_S:
        return 0.0
    rings: float = np.exp(-since_s / 0.06) * np.cos(2 * np.pi * 7 * since_s)
    return rings


@njit(cache=True, nogil=True)
def _go_on(acts: Array, own: Array, jitter: float, level: Array, phase: Array) -> None:
    """Take one row's acts and their rhythms one sample on, in place."""
    for a in range(_ACTS):
        level[a] += (acts[a] - level[a]) * _EASE
        if level[a] < _TINY:
            level[a] = 0.0
    phase[0] = (phase[0] + own[0] / RATE) % 2.0  # two steps: one swing of the arm
    phase[1] = (phase[1] + _RUN_HZ / RATE) % 2.0
    phase[2] = (phase[2] + own[1] * max(1 + _FLAP_UNEVEN * jitter, 0.3) / RATE) % 1.0
    phase[3] = (phase[3] + own[2] * (1 + 0.1 * jitter) / RATE) % 1.0


@njit(cache=True, nogil=True)
def _stride(walk: float, run: float, phase: Array) -> tuple[float, float]:
    """What steps do along gravity and what the swinging arm does along itself [g]."""
    up, side = 0.0, 0.0
    if walk > 0:
        step, swing = 2 * np.pi * phase[0], np.pi * phase[0]
        up = _WALK_G * walk * (np.sin(step) + 0.4 * np.sin(2 * step + 0.7))
        side = 0.6 * _WALK_G * walk * np.sin(swing)
    if run > 0:
        stride, pump = 2 * np.pi * phase[1], np.pi * phase[1]
        up += _RUN_G * run * (np.sin(stride) + 0.3 * np.sin(2 * stride + 0.4))
        side += 0.7 * _RUN_G * run * np.sin(pump)
    return up, side


@njit(cache=True, nogil=True)
def _flapping(flap: float, phase: float) -> tuple[float, float]:
    """What a hand that flaps by ``flap`` g does across the wrist, and across the hand [g]."""
    if not flap > 0:
        return 0.0, 0.0
    turn = 2 * np.pi * phase
    return 0.5 * flap * np.cos(turn), flap * (np.sin(turn) + 0.2 * np.sin(2 * turn + 0.5))
