"""Probe rows whose one key is a stored column of whole numbers: what they match is found in the column as it lies, not by a code for each row."""

from __future__ import annotations

import numpy as np

from auroraml.batch import FixedVector, Index, Vector, true_places
from auroraml.batch.batch import Rows
from auroraml.batch.narrow import NarrowFixed, stored
from auroraml.executor.key_codes import FAR, Ascent, KeyCodes, Ranks, flags_at, marked
from auroraml.executor.matching import NOTHING, Found, FoundGroups, FoundPairs, Matcher, Table

LONG = 65_536  # probe rows from which it pays
RARE = 8  # codes for each that has rows, from which most probe rows are taken to meet nobody
FITTING = 1 << 20  # codes of which a byte each stays in the caches
STRETCH, FAR_STRETCH = 65_536, 262_144  # stored values looked at in one step: while codes are made of them, and as they are


def find_stored(matcher: Matcher, column: Vector, rows: Rows) -> Found | None:
    """The matches of probe rows whose key is `column` at `rows`; None where they are to be looked up row by row."""
    if rows.n < LONG or not matcher.n:
        return None
    return _ascending(matcher, column, rows) or _rare(matcher, column, rows)


def _ascending(matcher: Matcher, column: Vector, rows: Rows) -> Found | None:
    """Where the column ascends: the build side's keys are looked up in it."""
    n = rows.n
    if not (rows.is_range or rows.ascending or rows.mask is not None):
        return None
    ascent = Ascent.of(column)
    if ascent is None or (n < 2 * matcher.n and (matcher.table is None or matcher.table.starts is None)):  # its codes would be sorted for it
        return None
    matcher.build(n)
    assert matcher.table is not None and isinstance(column, FixedVector)
    key = _one_key(matcher)
    if key is None or key.base is None or key.scale is not None or abs(key.base - ascent.base) >= FAR:
        return None
    first, last = rows.ends()
    values = stored(column)
    distances, order = _distances(matcher, matcher.table, key)
    begin, end = distances.searchsorted(int(values[first]) - key.base), distances.searchsorted(int(values[last]) - key.base, "right")
    if n < 2 * (end - begin):
        return None
    i = ascent.ranks.of(distances[begin:end] + (key.base - ascent.base))
    if rows.is_range:
        i -= first
    else:
        i = Ranks.of_mask(rows.marked()).of(i - first)
    places = true_places(i > 0)
    i = i.take(places, mode="clip")
    i -= 1
    return FoundPairs(n, i, places + begin if order is None else order[begin:end].take(places, mode="clip"))


def _one_key(matcher: Matcher) -> KeyCodes | None:
    """The key, if its codes are the rows'."""
    return matcher.keys[0] if matcher.keys is not None and len(matcher.keys) == 1 and matcher.last is None else None


def _distances(matcher: Matcher, table: Table, key: KeyCodes) -> tuple[Index, Index | None]:
    """The distances of the one key's values in their order, and the rows they are of (None: as they are)."""
    codes, order = table.line()
    if key.distances is None:
        return codes, order
    with matcher.lock:
        if matcher.ordered is None:
            matcher.ordered = key.distances if order is None else key.distances.take(order, mode="clip")
        return matcher.ordered, order


def _rare(matcher: Matcher, column: Vector, rows: Rows) -> Found | None:
    """Where most rows meet nobody: all of their stretch is looked at as stored, to find the few that do."""
    n = rows.n
    if matcher.n * RARE > FITTING or not (rows.is_range or rows.mask is not None) or not isinstance(column, FixedVector):
        return None
    matcher.build(n)
    table, key = matcher.table, _one_key(matcher)
    if table is None or key is None or key.base is None or key.ranks is not None or table.size > FITTING or len(table.codes) * RARE > table.size:
        return None
    direct = _direct(key, column)
    size = table.size if direct is None else max(table.size, int(column.hi or 0) + 1)
    with matcher.lock:
        if matcher.marks is None or len(matcher.marks) < size:
            matcher.marks = marked(table.codes, size)
        marks = matcher.marks
    hits, found = [NOTHING], [NOTHING]
    stop = rows.start + (n if rows.mask is None else len(rows.mask))
    step = STRETCH if direct is None else FAR_STRETCH
    for start in range(rows.start, stop, step):
        if direct is None:
            codes = key.probe(column.slice(start, min(start + step, stop)))
            hit = marks.take(codes, mode="clip")
        else:
            codes = direct[start : min(start + step, stop)]
            hit = flags_at(marks, codes)
        if rows.mask is not None:
            hit = hit & rows.mask[start - rows.start : start - rows.start + len(hit)]
        places = true_places(hit)
        found.append(codes.take(places, mode="clip"))
        places += start
        hits.append(places)
    i = there = np.concatenate(hits)
    if rows.start:
        i = there - rows.start
    if rows.mask is not None:
        i = Ranks.of_mask(rows.mask).of(i + 1)
        i -= 1
        rows.picked(i, there)
    return FoundGroups(table, n, i, table.groups.take(np.concatenate(found), mode="clip"))


def _direct(key: KeyCodes, column: FixedVector) -> np.ndarray | None:
    """The column's values as numbers without a sign, where they are their own codes and none is too great for a table of codes."""
    if key.base != 0 or key.scale is not None or type(column) is not NarrowFixed or column.validity is not None:
        return None
    if column.lo is None or column.hi is None or column.lo < 0 or column.hi >= FITTING:
        return None
    return column.narrow.view(f"u{column.narrow.itemsize}")
