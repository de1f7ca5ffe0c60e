"""Index conditions to row numbers: by dictionary for whole keys, by the sorted first key for ranges, for one loop or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import FixedVector, Index, RangeVector, TextVector, Vector, numbers, spread, stable_order, stored, true_places
from auroraml.batch.numbers import MOST
from auroraml.evaluate import Frame, Runtime, compile
from auroraml.evaluate.keys import codes_of, combine, sort_indices
from auroraml.executor.blocks import tree_blocks, tree_of
from auroraml.executor.index_keys import IndexRows, index_rows, places_of
from auroraml.executor.key_codes import DENSE
from auroraml.executor.loops import Loops
from auroraml.executor.matching import Matcher
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.objects import Relation
from auroraml.ir.tree import same
from auroraml.storage.built import posting_rows, sharing
from auroraml.storage.index import comparable
from auroraml.storage.table import Table
from auroraml.types.bounds import range_keys
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.table import INT8

TURNS = 8  # loops that look at the same entries, up to which these are compared with what each of them asks for
SHARED = 2  # loops that look at the same entries, on average, for these to be looked at once
MOST_PROBES = 256  # loops up to which keys are looked up in the dictionary one by one
SMALL_TABLE = 100_000  # rows up to which a dictionary is made at the first look-up
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
_FAMILIES = {Rep.INT2: "int", Rep.INT4: "int", Rep.INT8: "int", Rep.OID: "int", Rep.FLOAT4: "float", Rep.FLOAT8: "float"}


@dataclass(frozen=True, kw_only=True)
class Bound:
    """`key symbol value`: a condition on an expression (its position among those asked about) that an index can use."""

    column: int
    symbol: str
    value: e.Expr
    key: PgType
    condition: e.Expr


def bounds_of(conditions: Sequence[e.Expr], keys: Sequence[e.Expr]) -> list[Bound]:
    """The comparisons of one of `keys` with something else among conditions."""
    found = []
    bare = [_bare(key) for key in keys]
    for condition in conditions:
        if not isinstance(condition, e.OpCall) or condition.operator.name not in FLIPPED or len(condition.args) != 2:
            continue
        left, right = condition.args
        symbol = condition.operator.name
        place = _place(left, bare)
        if place is None:
            left, right, symbol = right, left, FLIPPED[symbol]
            place = _place(left, bare)
        if place is not None and _alike(left.type, right.type):
            found.append(Bound(column=place, symbol=symbol, value=right, key=left.type, condition=condition))
    return found


def _bare(expr: e.Expr) -> e.Expr:
    return expr.arg if isinstance(expr, e.Relabel) else expr


def _place(expr: e.Expr, keys: Sequence[e.Expr]) -> int | None:
    expr = _bare(expr)
    if isinstance(expr, e.InputRef):
        return next((i for i, key in enumerate(keys) if isinstance(key, e.InputRef) and key.index == expr.index and key.side == expr.side), None)
    if isinstance(expr, e.Const | e.ParamRef):
        return None
    return next((i for i, key in enumerate(keys) if type(key) is type(expr) and same(key, expr)), None)


def _alike(a: PgType, b: PgType) -> bool:
    return a.oid == b.oid or (a.rep in _FAMILIES and _FAMILIES.get(a.rep) == _FAMILIES.get(b.rep))


@dataclass(frozen=True, kw_only=True)
class Found:
    """Candidate rows in index order (loop by loop), their loops, and the conditions that remain to be tested."""

    rows: Index
    owners: Index | None
    left: tuple[e.Expr, ...]
    starts: Index | None = None  # of each loop: the first entry looked at, where that is known
    counts: Index | None = None  # and how many
    places: Index | None = None  # of the rows in the whole order, where they were found by it
    together: bool = False  # the rows are known to follow each other as they are stored
    alike: Vector | None = None  # what `find_alike` compared, where that was values as they are: the condition holds


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Where the entries of many loops lie in an index's order: so many from a place on, each; and the conditions that remain to be tested."""

    order: Ordered
    low: Index
    counts: Index
    left: tuple[e.Expr, ...]

    def every(self) -> tuple[Index, Index]:
        """The rows of all of them, loop by loop, and their loops."""
        owners = spread(self.counts)
        return self._rows(ranges(self.low, self.counts, owners)), owners

    def first(self) -> tuple[Index, Index]:
        """The first row of each loop that has any, and these loops."""
        loops = true_places(self.counts > 0)
        return self._rows(self.low.take(loops, mode="clip")), loops

    def later(self, loops: Index) -> tuple[Index, Index]:
        """The rows behind the first one of some loops, which have more, and their loops."""
        counts = self.counts.take(loops, mode="clip")
        counts -= 1
        owners = spread(counts)
        return self._rows(ranges(self.low.take(loops, mode="clip") + 1, counts, owners)), loops.take(owners, mode="clip")

    def _rows(self, places: Index) -> Index:
        return places if self.order.rows is None else self.order.rows.take(places, mode="clip")


class IndexLookup:
    """Finds the rows of an index scan; it is the same for all runs of a plan."""

    def __init__(self, relation: Relation, index: TableIndex, keys: Sequence[e.Expr], conditions: Sequence[e.Expr]) -> None:
        self.relation = relation
        self.index = index
        places = places_of(relation)
        plain = index.predicate is None and not index.expressions
        self.columns = tuple(places[number] for number in index.columns) if plain else ()  # positions in the table, of an index of plain columns
        self.conditions = tuple(conditions)
        self.bounds = bounds_of(conditions, keys)
        self.values = {id(b): compile(b.value) for b in self.bounds}
        self.size = len(keys)

    def find(self, table: Table, loops: Loops, ctx: object) -> Found:
        """The rows that may satisfy the conditions, in index order."""
        n = 1 if loops.n is None else loops.n
        frame = Frame(n=n, params=loops, ctx=ctx)  # type: ignore[arg-type] # an ExecutionContext
        return self._by_key(table, frame, loops.n) or self._by_range(table, frame, loops.n)

    def find_backward(self, table: Table, loops: Loops, ctx: object) -> Found:
        """The same from the end; a posting list gives its rows in their own order also then (_bt_readpage)."""
        n = 1 if loops.n is None else loops.n
        frame = Frame(n=n, params=loops, ctx=ctx)  # type: ignore[arg-type] # an ExecutionContext
        found = self._by_range(table, frame, loops.n)
        assert found.places is not None
        order = ordered(table, self.relation, self.index, frame.ctx)
        lists = table.derived(("posting lists", self.index.oid), lambda: posting_lists(table, self.relation, self.index, order, frame.ctx))
        keys = (found.places, -lists[found.places])
        sequence = np.lexsort(keys if found.owners is None else (*keys, found.owners))
        owners = None if found.owners is None else found.owners[sequence]
        return replace(found, rows=found.rows[sequence], owners=owners, together=False)

    def _by_key(self, table: Table, frame: Frame, loops: int | None) -> Found | None:
        equal = {b.column: b for b in self.bounds if b.symbol == "="}
        known = self.columns in table.equality_keys
        if (
            not self.columns
            or len(equal) < self.size
            or frame.n > (MOST_PROBES if self.index.unique or not table.knows(("order", self.index.oid)) else 1)
            or (table.n > SMALL_TABLE and not known and not table.searchable(self.columns))
        ):
            return None
        used = [equal[key] for key in range(self.size)]
        parts = [self.values[id(b)](frame).datums() for b in used]
        rows: list[int] = []
        owners: list[int] = []
        for loop, values in enumerate(zip(*parts, strict=True)):  # one look-up a loop, and there are few
            key = tuple(comparable(v, b.key) for v, b in zip(values, used, strict=True))
            if None in key:
                continue
            hit = table.rows_of(self.columns, key[0] if len(key) == 1 else key)
            rows += hit
            owners += [loop] * len(hit)
        return self._found(np.array(rows, np.int64), None if loops is None else np.array(owners, np.int64), used)

    def _found(self, rows: Index, owners: Index | None, used: Sequence[Bound], places: Index | None = None) -> Found:
        left = tuple(c for c in self.conditions if not any(c is b.condition for b in used))
        return Found(rows=rows, owners=owners, left=left, places=places)

    def _by_range(self, table: Table, frame: Frame, loops: int | None) -> Found:
        order = ordered(table, self.relation, self.index, frame.ctx)
        first = [b for b in self.bounds if b.column == 0]
        if order.first is None and first and first[0].symbol == "=" and frame.n > 1:
            return self._by_hash(table, frame, loops, order, first[0])
        low, counts, used = self._stretches(order, frame)
        if loops is None:
            start, stop = int(low[0]), int(low[0] + counts[0])
            places, owners = order.entries[start:stop] if order.rows is None else _stretch(start, stop), None
            rows = places if order.rows is None else order.rows[start:stop]
            rows.flags.writeable = False  # they are the index's own
        else:
            owners = spread(counts)
            places = ranges(low, counts, owners)
            rows = places if order.rows is None else order.rows.take(places, mode="clip")
        found = self._found(rows, owners, used, places)
        return replace(found, starts=low, counts=counts, together=owners is None and order.rows is None)

    def _stretches(self, order: Ordered, frame: Frame) -> tuple[Index, Index, list[Bound]]:
        """Where each loop's entries begin in the order, how many they are, and what they were found by."""
        low, high = np.full(frame.n, order.start, np.int64), np.full(frame.n, order.stop, np.int64)
        used = []
        if order.first is not None:
            for bound in (b for b in self.bounds if b.column == 0):
                values = self.values[id(bound)](frame).flat()
                if order.narrow(bound.symbol, values, low, high):
                    used.append(bound)
        if not used:
            low[:], high[:] = 0, order.n
        return low, np.maximum(high - low, 0), used

    def entries(self, table: Table, loops: Loops, ctx: object) -> Entries | None:
        """Where the entries of many loops lie; None where it is not the index's order that tells."""
        assert loops.n is not None
        frame = Frame(n=loops.n, params=loops, ctx=ctx)  # type: ignore[arg-type] # an ExecutionContext
        order = ordered(table, self.relation, self.index, frame.ctx)
        low, counts, used = self._stretches(order, frame)
        left = tuple(c for c in self.conditions if not any(c is b.condition for b in used))
        return Entries(order=order, low=low, counts=counts, left=left) if used else None

    def find_alike(self, table: Table, loops: Loops, ctx: object, also: Bound, column: Vector) -> Found | None:
        """The rows for which `also` holds too (an equality of a column, whose values are given, with something of the loop's).

        Where loops one after another look at the same entries, these are looked at once, and brought to the loops they are for; None
        where it does not pay.
        """
        assert loops.n is not None
        frame = Frame(n=loops.n, params=loops, ctx=ctx)  # type: ignore[arg-type] # an ExecutionContext
        order = ordered(table, self.relation, self.index, frame.ctx)
        low, counts, used = self._stretches(order, frame)
        first = np.flatnonzero(np.concatenate([[True], (low[1:] != low[:-1]) | (counts[1:] != counts[:-1])]))
        if not used or len(first) * SHARED > loops.n:
            return None
        numbered = spread(np.diff(np.append(first, loops.n)))
        asked = compile(also.value)(frame)
        stretches = spread(counts[first])
        places = ranges(low[first], counts[first], stretches)
        rows = places if order.rows is None else order.rows.take(places, mode="clip")
        there = column.take(rows)
        pairs = _by_turns(there, asked.flat(), stretches, np.append(first, loops.n))
        if pairs is not None:
            return replace(self._found(rows.take(pairs[0], mode="clip"), pairs[1], used), alike=there.take(pairs[0]))
        matcher = Matcher([FixedVector(numbered), asked], [INT8, also.key], loops.n)
        of, owners = matcher.pairs([FixedVector(stretches), there], len(rows))
        sequence = stable_order(owners, loops.n)
        of = of.take(sequence, mode="clip")
        return self._found(rows.take(of, mode="clip"), owners.take(sequence, mode="clip"), used)

    def blocks(self, table: Table, relation: Relation, found: Found, loops: Loops, ctx: object, part: float, matched: int) -> int:
        """The index pages of this look-up, of which `part` was read; `matched` entries passed all conditions."""
        tree = tree_of(table, relation, self.index)
        many = 1 if loops.n is None else loops.n
        lists = [c for c in self.conditions if isinstance(c, e.ArrayOp)]
        frame = Frame(n=many, params=loops, ctx=ctx)  # type: ignore[arg-type] # an ExecutionContext
        if found.counts is None and not lists and self.bounds:
            found = self._by_range(table, frame, loops.n)  # a dictionary does not say where the entries are
        used = {b.column: b.symbol for b in self.bounds}
        if used.get(0) == "=" and 1 in used and loops.n is None:  # what the second key leaves lies together
            return tree_blocks(tree, None, [matched])
        if found.counts is not None and not (lists and found.counts.sum() == table.n * many):
            return tree_blocks(tree, found.starts, np.ceil(found.counts * part).astype(np.int64))
        if lists:  # a descent for each item
            items = [
                len({str(x) for x in v.elements if x is not None}) if isinstance(v, PgArray) else 0 for v in compile(lists[0].args[1])(frame).datums()
            ]
            return (tree.height + 1) * max(int(sum(items) * part), 1)
        counts = np.array([len(found.rows)]) if found.owners is None else np.bincount(found.owners, minlength=many)
        return tree_blocks(tree, None, np.ceil(counts * part).astype(np.int64))

    def _by_hash(self, table: Table, frame: Frame, loops: int | None, order: Ordered, bound: Bound) -> Found:
        """Many loops that ask for one value each of a key that numpy cannot search."""
        entries = index_rows(table, self.relation, self.index, frame.ctx)
        matcher = table.derived(
            ("matcher", self.index.oid), lambda: Matcher([entries.keys[0].take(order.entries).flat()], [entries.types[0]], order.n)
        )
        owners, places = matcher.pairs([self.values[id(bound)](frame)], frame.n)
        sequence = np.lexsort((places, owners))
        owners, places = owners[sequence], places[sequence]
        rows = places if order.rows is None else order.rows[places]
        return self._found(rows, None if loops is None else owners, [bound], places)


def _by_turns(there: Vector, asked: Vector, stretches: Index, first: Index) -> tuple[Index, Index] | None:
    """(row, loop), loop by loop, for the rows that are what a loop of their stretch asks for; None where there are many loops.

    `first` has the first loop of each stretch, and the end. The first loops of all stretches are looked at, then the second, ...
    """
    lengths = np.diff(first)
    most = int(lengths.max())
    if most > TURNS or not all(isinstance(v, FixedVector) and v.validity is None and stored(v).dtype.kind == "i" for v in (there, asked)):
        return None
    assert isinstance(there, FixedVector) and isinstance(asked, FixedVector)
    found, wanted = stored(there), stored(asked)
    fewest = int(lengths.min())
    parts: list[tuple[Index, Index]] = []
    for turn in range(most):
        rows = true_places(wanted.take(first[:-1] + turn, mode="clip").take(stretches, mode="clip") == found)
        of = stretches.take(rows, mode="clip")
        if turn >= fewest:
            there_is = (lengths > turn).take(of, mode="clip")
            rows, of = rows[there_is], of[there_is]
        owners = first.take(of, mode="clip")
        owners += turn
        parts.append((rows, owners))
    return _loop_by_loop(parts, int(first[-1]))


def _loop_by_loop(parts: Sequence[tuple[Index, Index]], loops: int) -> tuple[Index, Index]:
    """(row, loop) in the order of the loops; each part is in it already, and no loop is in two of them."""
    many = [np.bincount(owners, minlength=loops) for _, owners in parts]
    total = np.sum(many, axis=0)
    starts = np.cumsum(total)
    made = np.empty(int(starts[-1]), np.int64)
    starts -= total
    for (rows, owners), own in zip(parts, many, strict=True):
        places = (starts - (np.cumsum(own) - own)).take(owners, mode="clip")
        places += numbers(len(places))
        made[places] = rows
    return made, spread(total)


def ranges(starts: Index, counts: Index, owners: Index) -> Index:
    """The numbers from each start on, so many of each; `owners` are the places of these starts, each as often."""
    if len(starts) == 1:
        return _stretch(int(starts[0]), int(starts[0] + counts[0]))
    ends = np.cumsum(counts)
    places: Index = (starts + counts - ends).take(owners, mode="clip") if len(owners) else np.zeros(0, np.int64)
    places += numbers(len(places))
    return places


def _stretch(start: int, stop: int) -> Index:
    """The numbers from `start` to before `stop`."""
    return numbers(stop)[start:] if stop <= MOST else np.arange(start, stop)


class Ordered:
    """A table's rows in index order (None: as stored), and the first key's values in that order where numpy can search them."""

    def __init__(self, *, n: int, rows: Index | None, entries: Index, first: np.ndarray | None, start: int, stop: int, descending: bool) -> None:
        self.n = n
        self.rows = rows
        self.entries = entries  # the same as positions among the index's entries
        self.first = first  # ascending whatever the index's direction
        self.start = start  # where the rows whose first key is not NULL
        self.stop = stop  # begin and end
        self.descending = descending
        self._borders: npt.NDArray[np.integer] | None = None
        self._bordered = False  # whether that is known

    def narrow(self, symbol: str, values: Vector, low: Index, high: Index) -> bool:
        """Take part of the ranges `low` to `high` (of each loop) by `key symbol value`; False where the values cannot be searched for."""
        assert self.first is not None
        found = _searchable(values)
        if found is None:
            return False
        if self.descending:
            low, high = high, low
        if symbol == "=":
            first, last = self._equal(found)
            self._limit(low, first, lower=True)
            self._limit(high, last, lower=False)
        elif symbol in (">=", ">"):
            self._limit(low, np.searchsorted(self.first, found, "right" if symbol == ">" else "left"), lower=True)
        else:
            self._limit(high, np.searchsorted(self.first, found, "left" if symbol == "<" else "right"), lower=False)
        if values.validity is not None:
            none = ~values.validity
            low[none] = high[none] = self.start
        return True

    def _equal(self, found: np.ndarray) -> tuple[Index, Index]:
        """Where the rows of each value begin and end, counted from the first row that is not NULL."""
        assert self.first is not None
        if len(found) <= MOST_PROBES or self.borders is None:
            return np.searchsorted(self.first, found, "left"), np.searchsorted(self.first, found, "right")
        codes = found.astype(np.int64)
        codes -= int(self.first[0]) - 1
        np.clip(codes, 0, len(self.borders) - 2, out=codes)
        first = self.borders.take(codes, mode="clip").astype(np.int64, copy=False)
        codes += 1
        return first, self.borders.take(codes, mode="clip").astype(np.int64, copy=False)

    @property
    def borders(self) -> npt.NDArray[np.integer] | None:
        """Of whole numbers that lie close together: where each begins, from one below the smallest to one above the largest, and the end."""
        if not self._bordered:
            self._borders = self._counted()
            self._bordered = True  # last: other threads may look
        return self._borders

    def _counted(self) -> npt.NDArray[np.integer] | None:
        keys = self.first
        if keys is None or keys.dtype.kind not in "iu" or not len(keys) or int(keys[-1]) - int(keys[0]) > max(DENSE, 8 * len(keys)):
            return None
        many = np.bincount(keys.astype(np.int64) - int(keys[0]))
        # half as wide, more of it stays in the caches
        made: npt.NDArray[np.integer] = np.zeros(len(many) + 3, np.int32 if len(keys) < 2**31 else np.int64)
        np.cumsum(many, dtype=made.dtype, out=made[2:-1])
        made[-1] = made[-2]
        return made

    def _limit(self, bound: Index, place: Index, *, lower: bool) -> None:
        if self.descending:
            place, lower = self.stop - place, not lower
        else:
            place = self.start + place
        (np.maximum if lower else np.minimum)(bound, place, out=bound)


def _searchable(vector: Vector) -> np.ndarray | None:
    if isinstance(vector, FixedVector) and vector.values.dtype.names is None and vector.values.dtype != np.bool_:
        return vector.values
    if isinstance(vector, TextVector):
        nothing = b"" if pa.types.is_large_binary(vector.values.type) else ""
        return np.array([nothing if value is None else value for value in vector.datums()], object)
    return range_keys(vector) if isinstance(vector, RangeVector) else None


_LOOKUPS: WeakKeyDictionary[p.PhysicalPlan, IndexLookup] = WeakKeyDictionary()


def lookup_of(node: p.IndexScan | p.BitmapIndexScan) -> IndexLookup:
    """How a node finds its rows, made once in the plan's life."""
    found = _LOOKUPS.get(node)
    if found is None:
        found = _LOOKUPS[node] = IndexLookup(node.relation, node.index, node.keys, node.conditions)
    return found


def ordered(table: Table, relation: Relation, index: TableIndex, ctx: Runtime) -> Ordered:
    """All row versions in the order of an index."""
    return table.derived(("order", index.oid), lambda: _ordered(table, index_rows(table, relation, index, ctx), index))


def _ordered(table: Table, found: IndexRows, index: TableIndex) -> Ordered:
    directions = index.directions or ((False, False),) * len(found.keys)
    descending, nulls_first = directions[0]
    lead = found.keys[0].flat()
    plain = isinstance(lead, FixedVector) and lead.values.dtype.names is None and lead.values.dtype != np.bool_
    n = found.n
    if plain and len(found.keys) == 1 and lead.validity is None and not descending:
        values = lead.values  # type: ignore[attr-defined] # a FixedVector
        if n < 2 or bool((values[1:] >= values[:-1]).all()):
            return Ordered(n=n, rows=found.rows, entries=np.arange(n), first=values, start=0, stop=n, descending=False)
    entries = sort_indices(found.keys, found.types, [d for d, _ in directions], [f for _, f in directions], n)
    valid = n if lead.validity is None else int(np.count_nonzero(lead.validity))
    start = n - valid if nulls_first else 0
    first = _values(lead.take(entries[start : start + valid]).flat(), found.types[0])
    if first is not None and descending:
        first = first[::-1]
    if bool((entries[1:] > entries[:-1]).all()):
        rows = found.rows  # as they are stored
    else:
        rows = entries if found.rows is None else found.rows[entries]
    return Ordered(n=n, rows=rows, entries=entries, first=first, start=start, stop=start + valid, descending=descending)


def _values(vector: Vector, type: PgType) -> np.ndarray | None:
    """The values of a first key, sorted, as numpy searches them; texts only where they are not too many to be made Python's."""
    if isinstance(vector, TextVector) and (type.name == "bpchar" or vector.n > SMALL_TABLE):
        return None
    return _searchable(vector)


def posting_lists(table: Table, relation: Relation, index: TableIndex, order: Ordered, ctx: Runtime) -> Index:
    """Numbers of the posting lists that an index's entries are in, in index order; rows that came after the index was made are alone."""
    found = index_rows(table, relation, index, ctx)
    n = order.n
    built = table.built.get(index.oid, 0)
    if index.unique or index.included or not built or not sharing(found.types) or n == 0:
        return np.arange(n)
    codes, _ = combine([codes_of(vector, type) for vector, type in zip(found.keys, found.types, strict=True)], n)
    codes = codes[order.entries]
    first = np.concatenate([[True], codes[1:] != codes[:-1]])
    starts = np.flatnonzero(first)
    rank = np.arange(n) - np.repeat(starts, np.diff(np.append(starts, n)))
    rows = order.entries if order.rows is None else order.rows
    most = posting_rows(found.keys, found.types)[order.entries]
    return np.cumsum(first | (rank % most == 0) | (rows >= built))
