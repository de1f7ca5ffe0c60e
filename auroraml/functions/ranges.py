"""Ranges: constructors, their parts, comparison, containment and set operations, over arrays of bounds (rangetypes.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import (
    EMPTY_RANGE,
    LOWER_INC,
    LOWER_INF,
    UPPER_INC,
    UPPER_INF,
    ConstVector,
    FixedVector,
    Mask,
    RangeVector,
    Vector,
    concat,
)
from auroraml.errors import DataException, SyntaxError
from auroraml.functions.aggregates.basic import present, valid_rows
from auroraml.functions.signature import SCALARS, Kernel, Types, aggregate, oid_of, scalar
from auroraml.lazy import compute as pc
from auroraml.types.bounds import Bounds, Ends, ends_of, places, range_of, values_of
from auroraml.types.data import RANGES
from auroraml.types.pg_type import PgType
from auroraml.types.ranges import differences, made
from auroraml.types.table import BY_OID

_FLAGS = {"()": 0, "[)": LOWER_INC, "(]": UPPER_INC, "[]": LOWER_INC | UPPER_INC}


def _constructed(types: Types, lower: Vector, upper: Vector, flags: np.ndarray | int) -> Vector:
    wanted = np.broadcast_to(np.asarray(flags, np.uint8), (lower.n,))
    infinite = np.where(lower.valid, 0, LOWER_INF) | np.where(upper.valid, 0, UPPER_INF)
    return made(types.result, lower.flat().with_validity(None), upper.flat().with_validity(None), wanted | infinite.astype(np.uint8))


def constructor2(types: Types, lower: Vector, upper: Vector) -> Vector:
    """The range from `lower` to before `upper`; NULL is no bound."""
    return _constructed(types, lower, upper, LOWER_INC)


def constructor3(types: Types, lower: Vector, upper: Vector, flags: Vector) -> Vector:
    """The range between two bounds, which the third argument says to be in or out."""
    texts = (flags.one if isinstance(flags, ConstVector) else flags).flat()
    if not texts.valid.all():
        raise DataException("range constructor flags argument must not be null")
    known = pc.index_in(texts.values, value_set=pa.array(list(_FLAGS), pa.large_string()))  # type: ignore[attr-defined] # a TextVector
    if known.null_count:
        raise SyntaxError("invalid range bound flags", hint='Valid values are "[]", "[)", "(]", and "()".')
    return _constructed(types, lower, upper, np.array(list(_FLAGS.values()), np.uint8)[known.to_numpy(zero_copy_only=False)])


def _lower(vector: Vector) -> Vector:
    """The lower bound, NULL where there is none."""
    found = range_of(vector)
    there = (found.flags & (EMPTY_RANGE | LOWER_INF)) == 0
    return found.lower if there.all() else found.lower.with_validity(there)


def _upper(vector: Vector) -> Vector:
    """The upper bound, NULL where there is none."""
    found = range_of(vector)
    there = (found.flags & (EMPTY_RANGE | UPPER_INF)) == 0
    return found.upper if there.all() else found.upper.with_validity(there)


def _flag(bit: int) -> Callable[[Vector], Vector]:
    def run(vector: Vector) -> Vector:
        return FixedVector((range_of(vector).flags & bit) != 0)

    return run


def _rank(left: Vector, right: Vector) -> tuple[Mask, Mask]:
    """Where the first range comes before the second, and where the two are equal (range_cmp)."""
    a, b = ends_of(left, right)
    neither = ~a.empty & ~b.empty
    lower = a.lower.same(b.lower)
    below = a.lower.below(b.lower) | (lower & a.upper.below(b.upper))
    same = lower & a.upper.same(b.upper)
    return (a.empty & ~b.empty) | (neither & below), (a.empty & b.empty) | (neither & same)


_COMPARISONS: dict[str, Callable[[Mask, Mask], Mask]] = {
    "eq": lambda below, same: same, "ne": lambda below, same: ~same, "lt": lambda below, same: below,
    "le": lambda below, same: below | same, "gt": lambda below, same: ~(below | same), "ge": lambda below, same: ~below,
}  # fmt: skip


def _comparison(name: str) -> Callable[[Vector, Vector], Vector]:
    def run(left: Vector, right: Vector) -> Vector:
        return FixedVector(_COMPARISONS[name](*_rank(left, right)))

    return run


@scalar("range_cmp(anyrange,anyrange)", raises=False)
def compare(left: Vector, right: Vector) -> Vector:
    """-1, 0 or 1."""
    below, same = _rank(left, right)
    return FixedVector(np.where(below, -1, np.where(same, 0, 1)).astype(np.int32))


@scalar("range_contains_elem(anyrange,anyelement)", raises=False)
def contains_element(ranges: Vector, element: Vector) -> Vector:
    """range @> element."""
    found = range_of(ranges)
    low, high, value = values_of([found.lower, found.upper, element])
    flags = found.flags
    inside = ((flags & LOWER_INF) != 0) | _bool(low < value) | (((flags & LOWER_INC) != 0) & _bool(low == value))
    inside &= ((flags & UPPER_INF) != 0) | _bool(value < high) | (((flags & UPPER_INC) != 0) & _bool(high == value))
    return FixedVector(inside & ((flags & EMPTY_RANGE) == 0))


def _bool(found: np.ndarray) -> Mask:
    return found.astype(np.bool_, copy=False)


@scalar("elem_contained_by_range(anyelement,anyrange)", raises=False)
def element_contained(element: Vector, ranges: Vector) -> Vector:
    """element <@ range."""
    return contains_element(ranges, element)


def _contains(a: Ends, b: Ends) -> Mask:
    return b.empty | (~a.empty & ~b.lower.below(a.lower) & ~a.upper.below(b.upper))


def _overlaps(a: Ends, b: Ends) -> Mask:
    return ~a.empty & ~b.empty & ~b.upper.below(a.lower) & ~a.upper.below(b.lower)


def _meets(upper: Bounds, lower: Bounds) -> Mask:
    """Where one range ends exactly where another begins; canonical discrete ranges have no other way to be neighbours (bounds_adjacent)."""
    return (upper.side == 0) & (lower.side == 0) & _bool(upper.value == lower.value) & ((upper.shift == 0) != (lower.shift == 0))  # type: ignore[no-any-return] # numpy gives Any


def _adjacent(a: Ends, b: Ends) -> Mask:
    return ~a.empty & ~b.empty & (_meets(a.upper, b.lower) | _meets(b.upper, a.lower))


def _neither(test: Callable[[Ends, Ends], Mask]) -> Callable[[Ends, Ends], Mask]:
    return lambda a, b: ~a.empty & ~b.empty & test(a, b)


_TESTS: dict[str, Callable[[Ends, Ends], Mask]] = {
    "range_contains": _contains, "range_contained_by": lambda a, b: _contains(b, a), "range_overlaps": _overlaps, "range_adjacent": _adjacent,
    "range_before": _neither(lambda a, b: a.upper.below(b.lower)), "range_after": _neither(lambda a, b: b.upper.below(a.lower)),
    "range_overleft": _neither(lambda a, b: ~b.upper.below(a.upper)), "range_overright": _neither(lambda a, b: ~a.lower.below(b.lower)),
}  # fmt: skip


def _test(holds: Callable[[Ends, Ends], Mask]) -> Callable[[Vector, Vector], Vector]:
    def run(left: Vector, right: Vector) -> Vector:
        return FixedVector(holds(*ends_of(left, right)))

    return run


def _whole(vector: Vector) -> RangeVector:
    flat = vector.flat()
    assert isinstance(flat, RangeVector)
    return flat


def _chosen(first: Mask, a: Vector, b: Vector) -> Vector:
    """The values of `a` where `first`, else those of `b`."""
    if first.all():
        return a
    rows = np.arange(len(first))
    return concat([a, b]).take(np.where(first, rows, rows + len(first)))


def _joined(types: Types, left: RangeVector, right: RangeVector, lower_left: Mask, upper_left: Mask) -> RangeVector:
    """Ranges from the lower bound of one to the upper bound of another."""
    lower_bits, upper_bits = np.uint8(LOWER_INC | LOWER_INF), np.uint8(UPPER_INC | UPPER_INF)
    flags = np.where(lower_left, left.flags, right.flags) & lower_bits | np.where(upper_left, left.flags, right.flags) & upper_bits
    return made(types.result, _chosen(lower_left, left.lower, right.lower), _chosen(upper_left, left.upper, right.upper), flags)


def _picked(choice: np.ndarray, options: Sequence[RangeVector]) -> Vector:
    """For each row the range of the option that `choice` names."""
    n = len(choice)
    return concat(options).take(choice * n + np.arange(n))


def _spanned(types: Types, left: RangeVector, right: RangeVector, a: Ends, b: Ends) -> Vector:
    span = _joined(types, *_safe(left, right, a.empty | b.empty), a.lower.below(b.lower), b.upper.below(a.upper))
    return _picked(np.where(a.empty, 1, np.where(b.empty, 0, 2)), [left, right, span])


def _safe(left: RangeVector, right: RangeVector, unused: Mask) -> tuple[RangeVector, RangeVector]:
    """Both ranges, with the second one in place of rows whose result is not used, so that no bounds clash."""
    if not unused.any():
        return left, right
    empty = np.where(unused, np.uint8(LOWER_INF | UPPER_INF), left.flags), np.where(unused, np.uint8(LOWER_INF | UPPER_INF), right.flags)
    return RangeVector(left.lower, left.upper, empty[0]), RangeVector(right.lower, right.upper, empty[1])


@scalar("range_union(anyrange,anyrange)", typed=True)
def union(types: Types, left: Vector, right: Vector) -> Vector:
    """left + right."""
    a, b = ends_of(left, right)
    if not (a.empty | b.empty | _overlaps(a, b) | _adjacent(a, b)).all():
        raise DataException("result of range union would not be contiguous")
    return _spanned(types, _whole(left), _whole(right), *ends_of(_whole(left), _whole(right)))


@scalar("range_merge(anyrange,anyrange)", typed=True, raises=False)
def merge(types: Types, left: Vector, right: Vector) -> Vector:
    """The smallest range that includes both."""
    first, second = _whole(left), _whole(right)
    return _spanned(types, first, second, *ends_of(first, second))


@scalar("range_intersect(anyrange,anyrange)", typed=True, raises=False)
def intersect(types: Types, left: Vector, right: Vector) -> Vector:
    """left * right."""
    first, second = _whole(left), _whole(right)
    a, b = ends_of(first, second)
    apart = ~_overlaps(a, b)
    found = _joined(types, *_safe(first, second, apart), ~a.lower.below(b.lower), ~b.upper.below(a.upper))
    return _emptied(found, apart) if apart.any() else found


def _emptied(found: RangeVector, where: Mask) -> RangeVector:
    return found.take(np.where(where, -1, np.arange(found.n)), True).with_validity(None)


@scalar("range_minus(anyrange,anyrange)", typed=True)
def minus(types: Types, left: Vector, right: Vector) -> Vector:
    """left - right."""
    first, second = _whole(left), _whole(right)
    a, b = ends_of(first, second)
    both = ~a.empty & ~b.empty
    if (both & a.lower.below(b.lower) & b.upper.below(a.upper)).any():
        raise DataException("result of range difference would not be contiguous")
    apart = ~_overlaps(a, b)
    gone = both & ~apart & ~a.lower.below(b.lower) & ~b.upper.below(a.upper)
    left_part = both & ~apart & ~gone & ~b.lower.below(a.lower) & ~b.upper.below(a.upper)
    right_part = both & ~apart & ~gone & ~left_part
    before = _with_bounds(types, first, left_part, upper=(second.lower, _turned(second.flags, LOWER_INC, UPPER_INC)))
    after = _with_bounds(types, first, right_part, lower=(second.upper, _turned(second.flags, UPPER_INC, LOWER_INC)))
    return _picked(np.where(left_part, 1, np.where(right_part, 2, 0)), [_emptied(first, gone) if gone.any() else first, before, after])


def _turned(flags: np.ndarray, inside: int, other: int) -> np.ndarray:
    """A bound seen from its other side: in where it was out."""
    return np.where(flags & inside, np.uint8(0), np.uint8(other))


_Bound = tuple[Vector, np.ndarray]


def _with_bounds(types: Types, found: RangeVector, where: Mask, lower: _Bound | None = None, upper: _Bound | None = None) -> RangeVector:
    """The ranges with another lower or upper bound; without any where that is not asked for."""
    low = (found.lower, found.flags & np.uint8(LOWER_INC | LOWER_INF)) if lower is None else lower
    high = (found.upper, found.flags & np.uint8(UPPER_INC | UPPER_INF)) if upper is None else upper
    return made(types.result, low[0], high[0], np.where(where, low[1] | high[1], np.uint8(LOWER_INF | UPPER_INF)))


@aggregate("range_intersect_agg(anyrange)", typed=True)
def intersect_agg(types: Types, args: Sequence[Vector], codes: np.ndarray, groups: int) -> Vector:
    """What all ranges of a group have in common: the highest lower bound and the lowest upper one, if these leave anything."""
    vector, codes = valid_rows(args[0], codes, groups)
    found = range_of(vector)
    (ends,) = ends_of(found)
    known = present(codes, groups)
    if not found.n:
        return found.take(np.full(groups, -1, np.int64), True)
    lows, highs = _extreme(ends.lower, codes, groups, last=True), _extreme(ends.upper, codes, groups, last=False)
    empty = np.bincount(codes[ends.empty], minlength=groups) > 0
    return intersect(types, _emptied(found.take(lows), empty), _emptied(found.take(highs), empty)).with_validity(known)


def _extreme(bounds: Bounds, codes: np.ndarray, groups: int, last: bool) -> np.ndarray:
    """The row with the highest or lowest bound of each group, the first of equal ones; 0 for a group without rows."""
    keys = [codes, bounds.side, np.where(bounds.side == 0, places(bounds.value), 0), bounds.shift]
    sign = -1 if last else 1
    order = np.lexsort([key if i == 0 else _directed(key, sign) for i, key in enumerate(keys)][::-1])
    ordered = codes[order]
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    out = np.zeros(groups, np.int64)
    out[ordered[first]] = order[first]
    return out


def _directed(key: np.ndarray, sign: int) -> np.ndarray:
    return key if sign > 0 else ~key.astype(np.int64)


@scalar("int4range_canonical(int4range)", "int8range_canonical(int8range)", "daterange_canonical(daterange)", raises=False)
def canonical(ranges: Vector) -> Vector:
    """The range itself, as all ranges are canonical here."""
    return range_of(ranges)


def _subdiff(subtype: PgType) -> Callable[[Vector, Vector], Vector]:
    def run(left: Vector, right: Vector) -> Vector:
        return FixedVector(differences(subtype, left.flat(), right.flat()))

    return run


def _register() -> None:
    for name in _COMPARISONS:
        SCALARS[oid_of(f"range_{name}(anyrange,anyrange)")] = Kernel(function=_comparison(name), raises=False)
    for name, holds in _TESTS.items():
        SCALARS[oid_of(f"{name}(anyrange,anyrange)")] = Kernel(function=_test(holds), raises=False)
    for name, bit in (
        ("isempty", EMPTY_RANGE),
        ("lower_inc", LOWER_INC),
        ("upper_inc", UPPER_INC),
        ("lower_inf", LOWER_INF),
        ("upper_inf", UPPER_INF),
    ):
        SCALARS[oid_of(f"{name}(anyrange)")] = Kernel(function=_flag(bit), raises=False)
    SCALARS[oid_of("lower(anyrange)")] = Kernel(function=_lower, raises=False)
    SCALARS[oid_of("upper(anyrange)")] = Kernel(function=_upper, raises=False)
    for row in RANGES:
        name, subtype = BY_OID[row[0]].name, BY_OID[row[1]].name
        SCALARS[oid_of(f"{name}({subtype},{subtype})")] = Kernel(function=constructor2, typed=True)
        SCALARS[oid_of(f"{name}({subtype},{subtype},text)")] = Kernel(function=constructor3, typed=True)
        SCALARS[row[6]] = Kernel(function=_subdiff(BY_OID[row[1]]))


_register()
