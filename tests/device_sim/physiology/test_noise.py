"""Random numbers that depend on where they stand and on nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.physiology.noise import bits, keys, normal, uniform

MASK = (1 << 64) - 1


def splitmix(key: int, stream: int, index: int) -> int:
    """The plain twin of ``bits``."""
    z = key ^ ((stream + 1) * 0xBF58476D1CE4E5B9 & MASK)
    z = (z + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**62), st.integers(0, 100), st.integers(0, 2**40))
def test_the_kernel_mixes_as_its_plain_twin(key: int, stream: int, index: int) -> None:
    assert int(bits(key, stream, index)) == splitmix(key, stream, index)


def test_normal_numbers_have_mean_0_and_variance_1_and_no_memory() -> None:
    drawn = np.array([normal(5, 3, i) for i in range(20_000)])
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.var() - 1) < 0.03
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.03


def test_uniform_numbers_fill_0_to_1() -> None:
    drawn = np.array([uniform(5, 3, i) for i in range(5_000)])
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] - 500).max() < 100


def test_people_have_keys_of_their_own() -> None:
    assert len(set(keys(seed=1, numbers=tuple(range(1000))).tolist())) == 1000
    assert keys(seed=1, numbers=(7,))[0] == keys(seed=1, numbers=(3, 7))[1]
    assert keys(seed=1, numbers=(7,))[0] != keys(seed=2, numbers=(7,))[0]
