"""B-tree builds: the pages of an index made over rows already there, entry by entry in key order (nbtsort.c, nbtdedup.c)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import DictVector, FixedVector, NumericVector, RangeVector, TextVector, Vector
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.storage.heap import LINE_POINTER, PAGE
from auroraml.storage.layout import laid_out, nulls_of
from auroraml.storage.sizes import Sizes
from auroraml.types.bounds import range_ranks
from auroraml.types.pg_type import PgType

ENTRY_ROOM = PAGE - 24 - 16 - LINE_POINTER - LINE_POINTER  # without the page's header and end, the high key's pointer and a new entry's
LEAF_SLACK, INNER_SLACK = PAGE * 10 // 100, PAGE * 30 // 100  # left free by a build: 819, 2457
HEADER = 8
ROW_POINTER = 6
POSTING_LIMIT = 808  # bytes of a posting list made by a build
WINDOW = 800  # more entries than fit on a page
IMAGES_DIFFER = ("numeric", "float4", "float8", "interval", "jsonb", "tsvector")  # equal values may be stored differently: never shared


@dataclass(frozen=True, kw_only=True)
class IndexPages:
    """A B-tree's size: its pages with the meta page, and the levels above the leaves."""

    pages: int
    height: int


def built_pages(
    keys: Sequence[Vector], types: Sequence[PgType], unique: bool, further: Sequence[Vector] = (), more: Sequence[PgType] = ()
) -> IndexPages:
    """The size of a freshly built B-tree over the rows of `keys`; `further` columns are included ones."""
    n = keys[0].n if keys else 0  # expressions alone are not measured
    if n == 0:
        return IndexPages(pages=1, height=0)
    sizes = entry_sizes([*keys, *further], [*types, *more])
    prefixes = [entry_sizes(keys[: i + 1], types[: i + 1]) for i in range(len(keys) - 1)]
    shared = not unique and not further and sharing(types)
    if unique and not prefixes and int(sizes.min()) == int(sizes.max()):  # the order of the keys does not matter then
        level = _Level(sizes, np.zeros(n, np.int64), np.zeros(n, np.int64), [])
    else:
        codes = [_ranked(vector) for vector in keys]
        order = np.lexsort(codes[::-1])
        level = _leaves([code[order] for code in codes], sizes[order], [p[order] for p in prefixes], shared)
    return _tree(level)


def sharing(types: Sequence[PgType]) -> bool:
    """Whether equal keys of these types share posting lists."""
    return not any(t.name in IMAGES_DIFFER or t.is_array or t.name.endswith("range") for t in types)


def posting_rows(keys: Sequence[Vector], types: Sequence[PgType]) -> Sizes:
    """For each entry how many rows a posting list of its key takes."""
    return np.maximum((POSTING_LIMIT - entry_sizes(keys, types)) // ROW_POINTER, 1)


@dataclass
class _Level:
    """Entries of one level: their sizes, what a high key saves of each, the first key column in which each differs from the one before."""

    sizes: Sizes
    savings: Sizes
    differs: Sizes
    prefixes: list[Sizes]


def _leaves(codes: list[Sizes], sizes: Sizes, prefixes: list[Sizes], shared: bool) -> _Level:
    n = len(sizes)
    differs = np.full(n, len(codes), np.int64)
    for i in range(len(codes) - 1, -1, -1):
        changed = np.ones(n, np.bool_)
        changed[1:] = codes[i][1:] != codes[i][:-1]
        differs[changed] = i
    if not shared:
        return _Level(sizes, np.zeros(n, np.int64), differs, prefixes)
    firsts = np.flatnonzero(differs < len(codes))
    counts = np.diff(np.append(firsts, n))
    base = sizes[firsts]
    most = np.maximum((POSTING_LIMIT - base) // ROW_POINTER, 1)
    lists = -(-counts // most)
    owner = np.repeat(np.arange(len(firsts)), lists)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(lists) - lists, lists)
    rows = np.minimum(counts[owner] - place * most[owner], most[owner])
    made = np.where(rows > 1, base[owner] + rows * ROW_POINTER + 7 & ~7, base[owner])
    return _Level(made, made - base[owner], np.where(place > 0, len(codes), differs[firsts][owner]), [p[firsts][owner] for p in prefixes])


def _tree(level: _Level) -> IndexPages:
    pages, height = 1, 0
    keys = len(level.prefixes) + 1
    base = level.sizes - level.savings
    widths = np.stack([*level.prefixes, base, base + HEADER])  # of a pivot that keeps so many columns, at last with the row pointer
    starts = _fill(level.sizes, level.savings, LEAF_SLACK, HEADER)
    pages += len(starts)
    pivots = widths[np.minimum(level.differs[starts], keys), starts]
    while len(starts) > 1:
        pivots[0] = HEADER  # the first entry of a level has no key
        starts = _fill(pivots, np.zeros(len(pivots), np.int64), INNER_SLACK, 0)
        pages += len(starts)
        pivots = pivots[starts]
        height += 1
    return IndexPages(pages=pages, height=height)


def _fill(sizes: Sizes, savings: Sizes, slack: int, pointer: int) -> Sizes:
    """Where each page of a level starts: a page that is full enough gives its last entry to the next one."""
    n = len(sizes)
    ends = np.cumsum(sizes + LINE_POINTER)
    starts = [0]
    start, used = 0, 0
    while True:  # a loop over pages
        stop = min(start + WINDOW, n)
        room = ENTRY_ROOM - (ends[start : stop - 1] - used)
        full = (room < sizes[start + 1 : stop] + pointer) | (room + savings[start : stop - 1] < slack)
        full[:1] = False
        found = int(full.argmax()) if len(full) else 0
        if not found:
            if stop == n:
                return np.array(starts)
            raise AssertionError("a page holds fewer entries")
        start += found
        used = int(ends[start - 1])
        starts.append(start)


def entry_sizes(keys: Sequence[Vector], types: Sequence[PgType]) -> Sizes:
    """Bytes of an index entry over the columns, without its line pointer."""
    n = keys[0].n
    nulls = nulls_of(keys, n)
    return laid_out(HEADER if nulls is None else np.where(nulls, 2 * HEADER, HEADER), keys, types, n) + 7 & ~7  # the header's bits for NULLs


def _ranked(vector: Vector) -> Sizes:
    """Codes in the order of the values, equal where they are equal, NULL last."""
    if isinstance(vector, DictVector):
        codes = _ranked(vector.dictionary)[vector.codes] if vector.dictionary.n else np.zeros(vector.n, np.int64)
    else:
        flat = vector.flat()
        if isinstance(flat, TextVector):
            encoded = pc.dictionary_encode(flat.to_arrow().cast(pa.large_binary()))
            places = np.empty(len(encoded.dictionary), np.int64)
            places[np.asarray(pc.sort_indices(encoded.dictionary))] = np.arange(len(encoded.dictionary))
            codes = places[np.asarray(pc.fill_null(encoded.indices, 0))] if len(places) else np.zeros(vector.n, np.int64)
        elif (isinstance(flat, FixedVector) and flat.values.dtype.names is None) or (isinstance(flat, NumericVector) and flat.scale is not None):
            codes = np.unique(flat.values, return_inverse=True)[1].reshape(-1).astype(np.int64)
        elif isinstance(flat, RangeVector):
            codes = range_ranks(flat)
        else:
            known: dict[object, int] = {}
            codes = np.array([known.setdefault(repr(d), len(known)) for d in flat.datums()], np.int64)  # values without an order here
    return np.where(vector.valid, codes, np.iinfo(np.int64).max)
