"""Pages: the bytes a row takes on a heap page, and the pages of a B-tree, by PostgreSQL's rules."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auroraml.batch import Datum, FixedVector, NumericVector, TextVector, Vector
from auroraml.lazy import compute as pc
from auroraml.storage.btree import LEAF_ROOM, Growth, entry_size
from auroraml.storage.built import IndexPages
from auroraml.storage.heap import LINE_POINTER
from auroraml.storage.layout import laid_out
from auroraml.storage.sizes import Sizes
from auroraml.storage.toast import tuple_lengths
from auroraml.types.pg_type import PgType


def tuple_sizes(vectors: Sequence[Vector], types: Sequence[PgType], attributes: int, n: int) -> Sizes:
    """Bytes each of `n` rows takes on a heap page, its line pointer included; `attributes` counts dropped columns too."""
    return (tuple_lengths(vectors, types, attributes, n) + 7 & ~7) + LINE_POINTER


HASH_FILL = 307  # entries a bucket is meant to hold: 75 % of a page


def hash_pages(n: int) -> IndexPages:
    """The size of a freshly built hash index: buckets in powers of two (quarters of them beyond 512), a bitmap and a meta page."""
    buckets = max(math.ceil(n / HASH_FILL), 2)
    power = 1 << max(buckets - 1, 1).bit_length()
    if power > 512:  # the last doubling is made in four steps
        half = power // 2
        power = half + math.ceil((buckets - half) / (half // 4)) * (half // 4)
    return IndexPages(pages=power + 2, height=0)


def tree_pages(leaves: int, per_page: int, root: int = 0) -> IndexPages:
    """A tree over so many leaves, `per_page` children to an inner page; a root may have up to `root` of them."""
    pages, height, level = leaves, 0, leaves
    while level > 1:
        level = 1 if level <= root else math.ceil(level / per_page)
        pages += level
        height += 1
    return IndexPages(pages=pages + 1, height=height)


def grown_pages(growth: Growth) -> IndexPages:
    """The size of a B-tree that grew key by key: its root splits when it is full, inner pages are 70 % full after that."""
    full = LEAF_ROOM // growth.entry
    return tree_pages(growth.leaves, max(full * 7 // 10, 2), full) if growth.rows else IndexPages(pages=1, height=0)


def mean_entry(keys: Sequence[Vector], types: Sequence[PgType]) -> int:
    """The mean size of an index entry over the rows of `keys`."""
    return entry_size(int(np.ceil(laid_out(0, keys, types, keys[0].n).mean()))) if keys[0].n else 0


def extremes(vector: Vector) -> tuple[Datum, Datum] | None:
    """The least and greatest value in B-tree order; None where there is none, or no order here."""
    flat = vector.flat()
    known = flat if flat.validity is None else flat.filter(flat.validity)
    if not known.n:
        return None
    if isinstance(known, TextVector):
        return tuple(pc.min_max(known.values).as_py().values())
    if isinstance(known, FixedVector | NumericVector) and known.values.dtype.names is None:
        if isinstance(known, NumericVector) and known.scale is None and any(value.is_nan() for value in known.values):
            return None
        least, most = known.datum(int(np.argmin(known.values))), known.datum(int(np.argmax(known.values)))
        return (least, most) if least is not None and most is not None else None
    return None
