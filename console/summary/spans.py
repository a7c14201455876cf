"""Stretches of time in; what they have in common, what is left of them and how long they are out."""

from collections.abc import Iterable, Sequence

Spans = tuple[tuple[float, float], ...]
"""Stretches [UTC s], each up to but without its end, in order, none touching another."""


def joined(spans: Iterable[tuple[float, float]]) -> Spans:
    """Return what any of ``spans`` covers."""
    found: list[tuple[float, float]] = []
    for since_s, until_s in sorted(spans):
        if since_s >= until_s:
            continue
        if found and since_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until_s))
        else:
            found.append((since_s, until_s))
    return tuple(found)


def common(one: Spans, other: Spans) -> Spans:
    """Return what both cover."""
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        since_s, until_s = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if since_s < until_s:
            found.append((since_s, until_s))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def without(one: Spans, other: Spans) -> Spans:
    """Return what ``one`` covers and ``other`` does not."""
    if not one:
        return ()
    edges = [one[0][0], *(edge for span in other for edge in span), one[-1][1]]
    if edges[0] > edges[1]:
        edges[0] = edges[1]
    if edges[-1] < edges[-2]:
        edges[-1] = edges[-2]
    return common(one, joined(zip(edges[::2], edges[1::2], strict=True)))


def lasting_s(spans: Iterable[tuple[float, float]]) -> float:
    """Return how long they are together [s]."""
    return sum(until_s - since_s for since_s, until_s in spans)


def holds(spans: Sequence[tuple[float, float]], at_s: float) -> bool:
    """Return whether a moment lies in one of them."""
    return any(since_s <= at_s < until_s for since_s, until_s in spans)
