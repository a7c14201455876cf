"""Counts of one person in, between which bounds the share or rate behind them lies with 95 % confidence out.

Both take events, or alarms, as independent of one another. Those that cluster are not, and the true bounds are wider:
these are the least that one person's figures are unsure by.
"""

import numpy as np
from scipy.special import gammaincinv, ndtri

from models.datasets.dataset import Array
from models.evaluation.people import LEVEL


def share_bounds(share: Array, n: Array) -> tuple[Array, Array]:
    """Return low and high (P,) of ``share`` of ``n`` (Wilson 1927, doi:10.1080/01621459.1927.10502953); NaN of none."""
    z = float(ndtri((1 + LEVEL) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def rate_bounds(count: Array, hours: Array) -> tuple[Array, Array]:
    """Return low and high (P,) of ``count`` in ``hours`` [1/h] (Garwood 1936, doi:10.1093/biomet/28.3-4.437); no count
    at all still has a high; NaN without hours."""
    low = np.where(count > 0, gammaincinv(np.maximum(count, 1), (1 - LEVEL) / 2), 0.0)
    high = gammaincinv(count + 1, (1 + LEVEL) / 2)
    hours = np.where(hours > 0, hours, np.nan)
    return np.asarray(low / hours), np.asarray(high / hours)
