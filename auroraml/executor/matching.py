"""Rows with equal keys: the build side's keys as integer codes, a table from code to rows, probed a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from auroraml.batch import (
    ConstVector,
    FixedVector,
    Index,
    Mask,
    NumericVector,
    Vector,
    all_of,
    ascending,
    distinct,
    numbers,
    put_in_order,
    spread,
    stable_order,
    true_places,
)
from auroraml.batch.narrow import NarrowFixed
from auroraml.executor.key_codes import DENSE, HashedNumbers, KeyCodes, marked
from auroraml.executor.scratch import LARGEST, SMALLEST, SPARSE, borrow, give_back
from auroraml.types.pg_type import PgType

WIDEST = LARGEST  # a table of so many codes is made for many rows that are looked up
T = TypeVar("T")
Keys: TypeAlias = Callable[[int, int], Sequence[Vector]]  # those of the rows from a number to before another
Groups: TypeAlias = npt.NDArray[np.int32]
ROOM, PER_ROW = 16, 4  # codes for each row of the build side, and for each row of both
FARTHEST = 16  # numbers for each row of both whose ranks are codes
NOTHING: Index = np.zeros(0, np.int64)
MOST_TURNED = 1 << 20  # pairs
PIECE = 131_072  # rows looked up at a time: what is made of them stays in the cache, where many at once would need fresh memory each time
LONG, SAMPLE = 65_536, 4_096  # so many codes are looked at in part first
FEWER = 8  # so many times fewer probe rows than build rows: the latter are looked up
SCATTERED = 16  # codes for each row of both, up to which those of ascending probe rows are written down to be looked up


class Found:
    """The matches of probe rows."""

    def count(self) -> int:
        """How many matches there are."""
        raise NotImplementedError

    def sizes(self) -> Index:
        """How many matches each probe row has."""
        raise NotImplementedError

    def pairs(self) -> tuple[Index, Index]:
        """(probe row, build row) for all matches, in the order of the probe rows."""
        raise NotImplementedError

    def outer_pairs(self) -> tuple[Index, Index]:
        """The same, and (probe row, -1) for the rows without a match."""
        raise NotImplementedError


class FoundGroups(Found):
    """Matches by group: `groups` of build rows for the probe rows `rows` (None: for all)."""

    __slots__ = ("groups", "n", "rows", "table")

    def __init__(self, table: Table, n: int, rows: Index | None, groups: Groups) -> None:
        self.table = table
        self.n = n
        self.rows = rows
        self.groups = groups

    def count(self) -> int:
        return int(self.table.sizes(self.groups).sum())

    def sizes(self) -> Index:
        many = self.table.sizes(self.groups)
        if self.rows is None:
            return many
        found = np.zeros(self.n, np.int64)
        found[self.rows] = many
        return found

    def pairs(self) -> tuple[Index, Index]:
        return self.table.pairs(self.rows, self.groups)

    @staticmethod
    def joined(parts: Sequence[FoundGroups]) -> FoundGroups:
        """The matches of rows of which each of `parts` has some, one after the other."""
        groups = np.concatenate([part.groups for part in parts])
        n = sum(part.n for part in parts)
        if len(groups) == n:
            return FoundGroups(parts[0].table, n, None, groups)
        starts = itertools.accumulate((part.n for part in parts), initial=0)
        rows = [(numbers(part.n) if part.rows is None else part.rows) + start for part, start in zip(parts, starts, strict=False)]
        return FoundGroups(parts[0].table, n, np.concatenate(rows), groups)

    def outer_pairs(self) -> tuple[Index, Index]:
        groups = self.groups
        if self.rows is not None:
            groups = np.zeros(self.n, np.int32)
            groups[self.rows] = self.groups
        return self.table.outer_pairs(groups)


class FoundPairs(Found):
    """Matches pair by pair."""

    __slots__ = ("i", "j", "n")

    def __init__(self, n: int, i: Index, j: Index) -> None:
        self.n = n
        self.i, self.j = i, j

    def count(self) -> int:
        return len(self.i)

    def sizes(self) -> Index:
        return np.bincount(self.i, minlength=self.n)

    def pairs(self) -> tuple[Index, Index]:
        return self.i, self.j

    def outer_pairs(self) -> tuple[Index, Index]:
        sizes = self.sizes()
        i = spread(np.maximum(sizes, 1))
        j = np.full(len(i), -1)
        j[sizes.take(i, mode="clip") != 0] = self.j
        return i, j


class Table:
    """Build rows by code. Groups of rows with one code are numbered from 1; group 0 is empty."""

    def __init__(self, codes: Index, rows: Index | None, size: int, latest_first: bool) -> None:
        self.size = size
        self.latest_first = latest_first  # among the rows of a group, the last one is to come first, and does not yet
        self.order = rows  # the rows group by group (None: as they are)
        self.starts: Index | None = None  # of each group among them; None: each has one row
        self.many: Index | None = None  # how many rows each has (None: one)
        self.most = 1 if len(codes) else 0  # rows that one code has
        self.codes = codes
        self.ordered: Index = NOTHING  # the codes group by group, where there are rows with one code
        self._line: tuple[Index, Index | None] | None = None
        self.lock = Lock()
        self._groups: Groups | None = None
        self.lent = False  # whether its buffer is to be given back
        self.written: Index | None = None
        if not (self._scattered(codes) or self._repeats(codes)):
            own = numbers(len(codes) + 1)[1:]
            groups = self._write(codes, own)
            if not (len(codes) and bool((groups.take(codes, mode="clip") != own).any())):
                return
        self._collect(codes, rows)

    def __del__(self) -> None:
        if self.lent and self._groups is not None:  # a small table may be kept until the interpreter ends, when there is nobody to give to
            give_back(self._groups, self.written)

    @property
    def groups(self) -> Groups:
        """The group of each code."""
        with self.lock:
            if self._groups is None:
                assert self.starts is not None
                self._write(self.ordered.take(self.starts[1:-1], mode="clip"), numbers(len(self.starts) - 1)[1:])
            assert self._groups is not None
            return self._groups

    def _write(self, codes: Index, groups: Index) -> Groups:
        """Write down the groups of codes."""
        if self._groups is None:
            self._groups = borrow(self.size)
            self.lent = SMALLEST <= self.size <= LARGEST
        self.written = codes if len(codes) * SPARSE <= self.size else None
        self._groups[codes] = groups
        return self._groups

    def _scattered(self, codes: Index) -> bool:
        """Whether codes are so few of so many that a buffer for all, which is none of those kept, is made only when rows are looked up in it."""
        return self.size > LARGEST and 0 < len(codes) * SPARSE <= self.size

    @staticmethod
    def _repeats(codes: Index) -> bool:
        """Whether a look at some of many codes shows that one comes again."""
        return len(codes) >= LONG and distinct(codes[:SAMPLE]) < SAMPLE

    def _collect(self, codes: Index, rows: Index | None) -> None:
        """Bring rows with one code together."""
        if not ascending(codes):
            order, codes = put_in_order(codes, self.size, last_first=self.latest_first)
            self.order = order if rows is None else rows.take(order, mode="clip")
            self.latest_first = False
        self.codes = self.ordered = codes
        heads = true_places(codes[1:] != codes[:-1])
        self.starts = np.zeros(len(heads) + 3, np.int64)
        self.starts[2:-1] = heads
        self.starts[2:-1] += 1
        self.starts[-1] = len(codes)
        self.many = np.diff(self.starts)
        self.most = int(self.many.max())
        if self._groups is not None:
            self._write(codes.take(self.starts[1:-1], mode="clip"), numbers(len(heads) + 2)[1:])

    def line(self) -> tuple[Index, Index | None]:
        """The codes in their order, and the rows they are of, as they are to come (None: as they are)."""
        if self.starts is not None and not self.latest_first:
            return self.ordered, self.order
        with self.lock:
            if self._line is None:
                order, codes = put_in_order(self.codes, self.size, last_first=self.latest_first)
                self._line = codes, order if self.order is None else self.order.take(order, mode="clip")
            return self._line

    def merged(self, codes: Index, written: list[Groups]) -> tuple[Index, Index] | None:
        """(place among `codes`, build row) for all matches, in the order of the places, where these codes ascend and none comes twice; None else.

        `written` keeps what the codes are written into, for those that come next.
        """
        if not len(codes):
            return None
        start, stop = codes.searchsorted(1), codes.searchsorted(self.size)  # of those behind them no row has any
        some = codes[start:stop]
        if bool((some[1:] <= some[:-1]).any()) or bool((codes[:start] > 0).any()) or bool((codes[stop:] < self.size).any()):
            return None
        if not len(some):
            return NOTHING, NOTHING
        low, span = int(some[0]), int(some[-1]) - int(some[0]) + 1
        ordered, order = self.line()
        begin, end = ordered.searchsorted(low), ordered.searchsorted(low + span)
        if span > SCATTERED * (len(some) + end - begin):
            return None
        wanted = ordered[begin:end] - low
        rows = None if order is None else order[begin:end]
        if span > len(some):
            if not written or len(written[0]) < span:
                written[:] = [np.empty(span, np.int32)]
            place = written[0][:span]
            place.fill(0)
            place[some - low] = numbers(len(some) + 1)[1:]
            found = place.take(wanted, mode="clip")
            places = true_places(found != 0)
            wanted = found.take(places, mode="clip").astype(np.int64)
            wanted -= 1
        else:
            places = numbers(len(wanted))
        wanted += start
        places = places + begin if rows is None else rows.take(places, mode="clip")
        return wanted, places

    def find(self, codes: Index, rows: Index | None, n: int) -> FoundGroups:
        """The matches of codes; `rows`: the probe rows they are of."""
        groups = self.groups.take(codes, mode="clip")
        if len(groups) and groups.min():
            return FoundGroups(self, n, rows, groups)
        hit = true_places(groups != 0)
        return FoundGroups(self, n, hit if rows is None else rows.take(hit, mode="clip"), groups.take(hit, mode="clip"))

    def sizes(self, groups: Groups) -> Index:
        """How many rows each group has."""
        return np.ones(len(groups), np.int64) if self.many is None else self.many.take(groups, mode="clip")

    def pairs(self, rows: Index | None, groups: Groups) -> tuple[Index, Index]:
        """Each of `rows` with each row of its group."""
        if rows is None:
            rows = numbers(len(groups))
        if self.starts is None:
            places = groups.astype(np.int64)
            places -= 1
            return rows, places if self.order is None else self.order.take(places, mode="clip")
        return self._repeated(rows, groups, self.sizes(groups))

    def outer_pairs(self, groups: Groups) -> tuple[Index, Index]:
        """Each of the groups' numbers with each row of the group, with -1 where that is group 0."""
        rows = numbers(len(groups))
        if self.starts is None:
            _, places = self.pairs(None, np.maximum(groups, 1)) if len(self.groups) > 1 and self.most else (rows, np.full(len(groups), -1))
            return rows, np.where(groups == 0, -1, places)
        many = self.sizes(groups)
        np.maximum(many, 1, out=many)
        i, j = self._repeated(rows, groups, many)
        lonely = true_places(groups == 0)
        j = j if j.flags.writeable else j.copy()
        j[np.cumsum(many).take(lonely, mode="clip") - 1] = -1
        return i, j

    def _repeated(self, rows: Index, groups: Groups, many: Index) -> tuple[Index, Index]:
        """Each of `rows` as many times as it has matches, and these."""
        assert self.starts is not None
        ends = np.cumsum(many)
        of = spread(many)
        if self.latest_first:
            last = self.starts.take(groups + 1, mode="clip")
            last += ends
            last -= many + 1
            places = last.take(of, mode="clip")
            places -= numbers(len(of))
        else:
            first = self.starts.take(groups, mode="clip")
            first += many
            first -= ends
            places = first.take(of, mode="clip")
            places += numbers(len(of))
        return of if all_of(rows, len(many)) else rows.take(of, mode="clip"), places if self.order is None else self.order.take(places, mode="clip")


class Matcher:
    """The build side's rows by key. Rows with a NULL in a key match nothing.

    What the keys are looked up in is made when rows are first looked up, as how many these are decides how large it may be. Where they
    are far fewer than the build side's rows, these are looked up among them the first time.
    """

    def __init__(self, keys: Sequence[Vector], types: Sequence[PgType], n: int, latest_first: bool = False, expected: float = 0) -> None:
        self.n = n
        self.expected = int(min(expected, 1 << 30))  # rows to be looked up in all, by a guess
        self.vectors = [v.flat() if isinstance(v, ConstVector) else v for v in keys]
        self.types = types
        self.latest_first = latest_first
        self.keys: list[KeyCodes] | None = None
        self.size = 0
        self.codes: Index = NOTHING
        self.last: HashedNumbers | None = None
        self.squeezed: list[HashedNumbers | None] = []
        self.seen: list[Mask | None] = []  # by key, where all of them take a hash table: which of its numbers there are
        self.table: Table | None = None
        self.present: Mask | None = None  # by code: whether there are rows
        self.lock = Lock()  # participants of a Gather share what they look up in
        self.marks: Mask | None = None  # by code: the same, where there is a table
        self.ordered: Index | None = None  # the one key's distances in their order, where its codes are ranks
        self.turned = False  # the build side's rows were looked up once
        self.folding = Lock()
        self.folds: dict[int, object] = {}

    def again(self) -> Matcher:
        """One that looks up in the same table, with nothing folded by it."""
        made = Matcher.__new__(Matcher)
        made.__dict__.update(self.__dict__)
        made.lock, made.folding, made.folds = Lock(), Lock(), {}
        return made

    @property
    def unique(self) -> bool:
        """Whether no key has two rows."""
        self.build(self.n)
        return self.most <= 1

    @property
    def most(self) -> int:
        """No key has more rows than this."""
        return self.n if self.table is None else self.table.most

    def build(self, probes: int) -> None:
        """Make the table, to look up so many rows at a time."""
        with self.lock:
            if self.table is None:
                codes, rows = self._usable(probes)
                self.table = Table(codes, rows, self.size, self.latest_first)
                self.vectors, self.codes, self.present = [], NOTHING, None

    def _usable(self, probes: int) -> tuple[Index, Index | None]:
        """The codes of the rows that have no NULL in a key, and which these are (None: all)."""
        keys = self.keys
        if keys is None:
            both = self.n + max(probes, self.expected)
            widest = max(DENSE, ROOM * self.n, min(WIDEST, 32 * both), PER_ROW * both)
            keys = [KeyCodes(v, t, widest, FARTHEST * both) for v, t in zip(self.vectors, self.types, strict=True)]
            self._number(keys, widest)
            self.keys = keys
        valid = [v.validity for v in self.vectors if v.validity is not None]
        if not valid:
            return self.codes, None
        rows = true_places(np.logical_and.reduce(valid))
        return (self.codes, None) if len(rows) == self.n else (self.codes.take(rows, mode="clip"), rows)

    def _number(self, keys: Sequence[KeyCodes], widest: int) -> None:
        """One code for all keys."""
        codes = keys[0].codes if keys else np.ones(self.n, np.int64)
        size = keys[0].size if keys else 3
        for key in keys[1:]:
            if size * key.size > 2**62:
                hashed = HashedNumbers(codes)
                self.squeezed.append(hashed)
                codes, size = hashed.of(codes), hashed.different + 1
            else:
                self.squeezed.append(None)
            codes, size = codes * key.size + key.codes, size * key.size
        if size > (widest + 2 if len(keys) > 1 else 2 * widest + 3):
            self.last = HashedNumbers(codes)
            codes, size = self.last.of(codes), self.last.different + 2
            self.seen = [None if key.base is None else marked(key.codes, key.size) for key in keys]
        self.codes, self.size = codes, size

    def _probe(self, keys: Sequence[Vector], n: int) -> tuple[Index, Index | None]:
        """Codes of the probe rows that may match, and which rows those are (None: all)."""
        assert self.keys is not None
        flat = [v.flat() if isinstance(v, ConstVector) else v for v in keys]
        if not flat:
            return np.ones(n, np.int64), None
        parts = [key.probe(vector) for key, vector in zip(self.keys, flat, strict=True)]
        if len(parts) == 1:
            return (parts[0] if self.last is None else self.last.of(parts[0])), None
        parts = [part if key.base is None else np.clip(part, 0, key.size - 1) for key, part in zip(self.keys, parts, strict=True)]
        known = self.seen or [None] * len(parts)
        rows = true_places(
            np.logical_and.reduce([p != 0 if seen is None else seen.take(p, mode="clip") for p, seen in zip(parts, known, strict=True)])
        )
        if len(rows) < n:
            parts = [part.take(rows, mode="clip") for part in parts]
        codes = parts[0]
        for key, more, values in zip(self.keys[1:], parts[1:], self.squeezed, strict=True):
            if values is not None:
                codes = values.of(codes)
            codes = codes * key.size + more
        if self.last is not None:
            codes = self.last.of(codes)
        return codes, None if len(rows) == n else rows

    def folded(self, key: int, make: Callable[[Index, Index | None, int], T | None]) -> T | None:
        """What is made of the rows' codes, which rows these are of (None: all), and the number they are below; once for each `key`.

        None where the table is made already, as the codes are not kept then.
        """
        with self.folding:
            if key not in self.folds:
                with self.lock:
                    coded = None if self.table is not None else self._usable(self.n)
                self.folds[key] = None if coded is None else make(*coded, self.size)
            return self.folds[key]  # type: ignore[return-value] # what `make` has made

    def _pieces(self, n: int) -> list[tuple[int, int]]:
        """Where each part of `n` rows begins and ends that is looked up at a time; all of them where Arrow makes a hash table each time."""
        if n < 2 * PIECE or any(key.values is not None for key in self.keys or ()):
            return [(0, n)]
        return [(start, min(start + PIECE, n)) for start in range(0, n, PIECE)]

    def codes_of(self, keys: Sequence[Vector], n: int) -> Index:
        """The codes of `n` other rows, 0 where there is none; of rows that meet nobody, any number may come."""
        codes, rows = self._probe(keys, n)
        if rows is None:
            return np.clip(codes, 0, self.size - 1)
        found = np.zeros(n, np.int64)
        found[rows] = codes
        return found

    def find(self, keys: Sequence[Vector], n: int) -> Found:
        """The matches of `n` probe rows."""
        return self.find_by(lambda start, stop: keys if stop - start == n else [key.slice(start, stop) for key in keys], n)

    def find_by(self, keys: Keys, n: int) -> Found:
        """The matches of `n` probe rows, whose keys are asked for piece by piece if they are many."""
        if not self.n or not n:
            return FoundPairs(n, NOTHING, NOTHING)
        vectors = self.vectors
        if n * FEWER <= self.n and self._turns(asked := keys(0, n), vectors) and (found := self._turned(asked, vectors, n)) is not None:
            return found
        self.build(n)
        assert self.table is not None
        return self._looked_up(self.table, keys, n, self.table.starts is not None and n >= max(LONG, self.n // 2))

    def _looked_up(self, table: Table, keys: Keys, n: int, merging: bool) -> Found:
        """The matches found in the table; `merging`: where the keys ascend, by looking the build side's rows up among them, both in order."""
        parts: list[FoundGroups] = []
        pairs: list[tuple[Index, Index]] = []
        written: list[Groups] = []
        for start, stop in self._pieces(n):
            codes, rows = self._probe(keys(start, stop), stop - start)
            if merging and (made := table.merged(codes, written)) is not None:
                i, j = made if rows is None else (rows.take(made[0], mode="clip"), made[1])
                pairs.append((i + start if start else i, j))
                continue
            if pairs:  # the keys do not go on as they began: all pairs may be too many
                return self._looked_up(table, keys, n, False)
            merging = False
            parts.append(table.find(codes, rows, stop - start))
        if merging:
            return FoundPairs(n, np.concatenate([i for i, _ in pairs]), np.concatenate([j for _, j in pairs]))
        return parts[0] if len(parts) == 1 else FoundGroups.joined(parts)

    def pairs(self, keys: Sequence[Vector], n: int) -> tuple[Index, Index]:
        """(probe row, build row) for all matches, in the order of the probe rows."""
        return self.find(keys, n).pairs()

    def _turns(self, keys: Sequence[Vector], vectors: Sequence[Vector]) -> bool:
        """Whether to look up the build side's rows this time, these being far more."""
        if self.table is not None or self.turned:
            return False
        return all(_kind(a) == _kind(b) for a, b in zip(keys, vectors, strict=True))

    def _turned(self, keys: Sequence[Vector], vectors: Sequence[Vector], n: int) -> Found | None:
        """The matches found by looking the build side's rows up among the others; None where these are many."""
        self.turned = True
        turned = Matcher(keys, self.types, n)
        turned.build(self.n)
        found = turned.find(vectors, self.n)
        if found.count() > MOST_TURNED:
            return None
        there, here = found.pairs()
        if self.latest_first:
            there, here = there[::-1], here[::-1]
        order = stable_order(here, n)
        return FoundPairs(n, here.take(order, mode="clip"), there.take(order, mode="clip"))

    def sizes(self, keys: Sequence[Vector], n: int) -> Index:
        """How many matches each probe row has."""
        return self.find(keys, n).sizes()

    def contains(self, keys: Sequence[Vector], n: int) -> Mask:
        """Which probe rows match anything."""
        return self.contains_by(lambda start, stop: keys if stop - start == n else [key.slice(start, stop) for key in keys], n)

    def contains_by(self, keys: Keys, n: int) -> Mask:
        """Which of `n` probe rows match anything; their keys are asked for piece by piece if they are many."""
        if not self.n or not n:
            return np.zeros(n, np.bool_)
        with self.lock:
            if self.table is None and self.present is None:
                stored, _ = self._usable(n)
                present = np.zeros(self.size, np.bool_)
                present[stored] = True
                self.present = present
            seen = self.present
        parts = [self._contained(keys(start, stop), stop - start, seen) for start, stop in self._pieces(n)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _contained(self, keys: Sequence[Vector], n: int, seen: Mask | None) -> Mask:
        codes, rows = self._probe(keys, n)
        hit: Mask
        if seen is not None:
            hit = seen.take(codes, mode="clip")
        else:
            assert self.table is not None
            hit = self.table.groups.take(codes, mode="clip") != 0
        if rows is None:
            return hit
        found = np.zeros(n, np.bool_)
        found[rows] = hit
        return found


def _kind(vector: Vector) -> object:
    """What two vectors must share for the values of either to be looked up among the other's."""
    if isinstance(vector, NumericVector):
        return NumericVector, vector.scale
    if isinstance(vector, NarrowFixed):
        return "i"
    if isinstance(vector, FixedVector):
        return "i" if vector.values.dtype.kind == "i" else vector.values.dtype
    return type(vector)
