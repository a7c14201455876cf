"""Shallow trees and inputs in, what each input contributes out: by a table of every way through a tree."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]


BLOCK = 128  # rows that go through all trees together: their inputs stay in the fastest memory


@njit(cache=True, nogil=True)
def passed(X: Array, feature: Index, threshold: Array, missing_left: NDArray[np.bool_], pattern: Index) -> None:
    """Write the pattern of each column of ``X`` (F, b) in one tree: bit j is set where node j sends it to the left.

    All nodes are asked, without a branch, a row after the other: several rows go through at a time.
    """
    pattern[:] = 0
    for j in range(feature.size):
        if feature[j] < 0:
            continue
        x, least, unknown = X[feature[j]], threshold[j], missing_left[j]
        for i in range(pattern.size):
            pattern[i] |= ((x[i] <= least) | (unknown & (x[i] != x[i]))) << j


@njit(cache=True, nogil=True)
def contribute(
    X: Array, feature: Index, threshold: Array, missing_left: NDArray[np.bool_], slot: Index, table: Array, out: Array
) -> None:
    """Add up the contributions of trees t to inputs: ``feature``, ``threshold``, ``missing_left`` (t, 7) by node in
    heap order, -1 where there is none; ``slot`` (t, 7): which input each column of ``table`` (t, 128, 7) speaks of."""
    for first in range(0, X.shape[0], BLOCK):
        some = np.ascontiguousarray(X[first : first + BLOCK].T)
        pattern, sums = np.empty(some.shape[1], np.intp), np.zeros(some.shape)
        for t in range(feature.shape[0]):
            passed(some, feature[t], threshold[t], missing_left[t], pattern)
            for s in range(slot.shape[1]):
                if slot[t, s] < 0:
                    break
                to = sums[slot[t, s]]
                for i in range(pattern.size):
                    to[i] += table[t, pattern[i], s]
        out[first : first + BLOCK] += sums.T


@njit(cache=True, nogil=True)
def total(X: Array, feature: Index, threshold: Array, missing_left: NDArray[np.bool_], leaf: Array, out: Array) -> None:
    """Add up the values of trees: ``leaf`` (t, 8) by the way taken, three bits, the first split's the highest."""
    value = np.empty((feature.shape[0], 128))
    for t in range(feature.shape[0]):
        reached(feature[t], leaf[t], value[t])
    for first in range(0, X.shape[0], BLOCK):
        some = np.ascontiguousarray(X[first : first + BLOCK].T)
        pattern, to = np.empty(some.shape[1], np.intp), out[first : first + BLOCK]
        for t in range(feature.shape[0]):
            passed(some, feature[t], threshold[t], missing_left[t], pattern)
            for i in range(pattern.size):
                to[i] += value[t, pattern[i]]


@njit(cache=True, nogil=True)
def reached(feature: Index, leaf: Array, value: Array) -> None:
    """Write the value of the leaf that each pattern leads to, (128,); where there is no split, left is right."""
    for pattern in range(value.size):
        node = 0
        for _ in range(3):
            left = feature[node] < 0 or pattern >> node & 1
            node = 2 * node + (1 if left else 2)
        value[pattern] = leaf[node - 7]


@njit(cache=True, nogil=True)
def tabulate(node_feature: Index, slots: Index, left_share: Array, leaf: Array, table: Array) -> float:
    """Write what each of a tree's inputs contributes at every pattern, exactly as TreeSHAP has it, and return the
    tree's mean: ``node_feature`` (7,), the m inputs ``slots`` (7,), -1 after them, the share of training rows that go
    left at each node (7,), ``leaf`` (8,)."""
    m = 0
    while m < slots.size and slots[m] >= 0:
        m += 1
    weight = np.empty(m + 1)  # of a set of s among the m - 1 others: s! (m - s - 1)! / m!
    for s in range(m):
        weight[s] = 1.0 / m
        for i in range(s):
            weight[s] *= (i + 1.0) / (m - 1.0 - i)
    value = np.empty(1 << m)
    reach = np.empty(15)
    for pattern in range(128):
        for known in range(1 << m):
            reach[0] = 1.0
            for j in range(7):
                share = 1.0
                if node_feature[j] >= 0:
                    share = left_share[j]
                    for s in range(m):
                        if slots[s] == node_feature[j] and known >> s & 1:
                            share = 1.0 if pattern >> j & 1 else 0.0
                reach[2 * j + 1] = reach[j] * share
                reach[2 * j + 2] = reach[j] * (1.0 - share)
            value[known] = 0.0
            for at in range(8):
                value[known] += reach[7 + at] * leaf[at]
        for s in range(m):
            table[pattern, s] = 0.0
            for known in range(1 << m):
                if known >> s & 1:
                    continue
                size = 0
                for i in range(m):
                    size += known >> i & 1
                table[pattern, s] += weight[size] * (value[known | 1 << s] - value[known])
    return float(value[0])
