"""Range kernels against sets of points: discrete ranges as the numbers in them, continuous ones as the half steps in them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml.batch import ConstVector, Datum, RangeVector, Vector, from_datums
from auroraml.errors import DataException
from auroraml.evaluate.keys import groups, sort_indices
from auroraml.functions.ordering import orderable
from auroraml.functions.signature import AGGREGATES, SCALARS, Types, oid_of
from auroraml.types import table
from auroraml.types.bounds import range_bytes, range_of, range_ranks
from auroraml.types.pg_type import PgType, Range
from auroraml.types.ranges import made

INT4RANGE, NUMRANGE = table.BY_NAME["int4range"], table.BY_NAME["numrange"]
POINTS = {INT4RANGE: [Decimal(n) for n in range(-1, 9)], NUMRANGE: [Decimal(n) / 2 for n in range(-1, 17)]}
Test = Callable[[frozenset[Decimal], frozenset[Decimal]], bool]
Spec = tuple[int | None, int | None, bool, bool]  # bounds, and whether they are in
SPECS = st.tuples(st.none() | st.integers(0, 7), st.none() | st.integers(0, 7), st.booleans(), st.booleans()).filter(
    lambda s: s[0] is None or s[1] is None or s[0] <= s[1]
)
TYPES = pytest.mark.parametrize("type", [INT4RANGE, NUMRANGE], ids=lambda type: type.name)


def points(type: PgType, spec: Spec) -> frozenset[Decimal]:
    """The points of a range."""
    low, high, low_in, high_in = spec
    return frozenset(
        p for p in POINTS[type]
        if (low is None or p > low or (low_in and p == low)) and (high is None or p < high or (high_in and p == high))
    )  # fmt: skip


def vector_of(type: PgType, specs: list[Spec]) -> Vector:
    """The ranges, made from their bounds."""
    subtype = table.BY_OID[type.subtype]
    bounds = [[None if s[i] is None else s[i] if type is INT4RANGE else Decimal(s[i] or 0) for s in specs] for i in (0, 1)]
    flags = [2 * s[2] + 4 * s[3] + 8 * (s[0] is None) + 16 * (s[1] is None) for s in specs]
    lower, upper = (from_datums(subtype, found).with_validity(None) for found in bounds)
    return made(type, lower, upper, np.array(flags, np.uint8))


def called(name: str, type: PgType, *args: Vector) -> list[Datum | None]:
    """A kernel over vectors."""
    kernel = SCALARS[oid_of(name)]
    extra = (Types(args=(type, type), result=type),) if kernel.typed else ()
    found: Vector = kernel.function(*extra, *args)
    return found.datums()


def in_points(type: PgType, value: object) -> frozenset[Decimal]:
    """The points of a computed range."""
    assert isinstance(value, Range)
    return frozenset() if value.empty else points(type, (value.lower, value.upper, value.lower_inc, value.upper_inc))  # type: ignore[arg-type]


@TYPES
@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(SPECS, SPECS), min_size=1, max_size=12), constant=st.booleans())
def test_as_sets(type: PgType, pairs: list[tuple[Spec, Spec]], constant: bool) -> None:
    """Containment, overlap and intersection are those of the sets; with a constant on the right too."""
    left, right = [a for a, _ in pairs], [pairs[0][1] if constant else b for _, b in pairs]
    a, b = vector_of(type, left), vector_of(type, right)
    sets = [(points(type, x), points(type, y)) for x, y in zip(left, right, strict=True)]
    second: Vector = ConstVector(b.slice(0, 1), b.n) if constant else b
    names: dict[str, Test] = {
        "range_overlaps": lambda x, y: bool(x & y),
        "range_contains": lambda x, y: x >= y,
        "range_contained_by": lambda x, y: x <= y,
    }
    for name, holds in names.items():
        assert called(f"{name}(anyrange,anyrange)", type, a, second) == [holds(x, y) for x, y in sets]
    met = called("range_intersect(anyrange,anyrange)", type, a, second)
    assert [in_points(type, m) for m in met] == [x & y for x, y in sets]
    apart: dict[str, Test] = {"range_before": lambda x, y: max(x) < min(y), "range_after": lambda x, y: min(x) > max(y)}
    for name, test in apart.items():
        assert called(f"{name}(anyrange,anyrange)", type, a, second) == [bool(x and y and test(x, y)) for x, y in sets]


@TYPES
@settings(max_examples=60, deadline=None)
@given(one=SPECS, other=SPECS)
def test_union_and_difference(type: PgType, one: Spec, other: Spec) -> None:
    """Where the result is one range it is the sets' own; else an error."""
    a, b = vector_of(type, [one]), vector_of(type, [other])
    x, y = points(type, one), points(type, other)
    for name, wanted in (("range_union", x | y), ("range_minus", x - y)):
        try:
            (found,) = called(f"{name}(anyrange,anyrange)", type, a, b)
        except DataException:
            inside = [p for p in POINTS[type] if min(wanted) <= p <= max(wanted)]
            assert set(inside) != wanted
        else:
            assert in_points(type, found) == wanted


@TYPES
@settings(max_examples=40, deadline=None)
@given(specs=st.lists(SPECS, max_size=12))
def test_one_order_for_sorting_grouping_and_single_values(type: PgType, specs: list[Spec]) -> None:
    """Ranks, groups and keys of single values agree."""
    vector = vector_of(type, specs)
    keys = [orderable(type, d) for d in vector.datums()]
    ranks = range_ranks(vector).tolist()
    ranked = sorted(range(len(specs)), key=ranks.__getitem__)
    for i in range(len(specs)):
        for j in range(len(specs)):
            assert (ranks[i] < ranks[j]) == (keys[i] < keys[j])  # type: ignore[operator] # keys of one type compare
            assert (ranks[i] == ranks[j]) == (keys[i] == keys[j])
    written = range_bytes(range_of(vector))
    assert (written is None) == (type is NUMRANGE)
    assert written is None or [written[i].as_py() for i in ranked] == sorted(written.to_pylist())
    assert written is None or len(set(written.to_pylist())) == len(set(keys))
    assert groups([vector], [type], vector.n)[1] == len(set(keys))
    order = sort_indices([vector], [type], [True], [False], vector.n)
    assert [keys[i] for i in order] == sorted(keys, reverse=True)  # type: ignore[type-var]


@TYPES
@settings(max_examples=40, deadline=None)
@given(specs=st.lists(st.tuples(st.integers(0, 2), st.none() | SPECS), max_size=12))
def test_intersections_of_groups(type: PgType, specs: list[tuple[int, Spec | None]]) -> None:
    """range_intersect_agg is the sets' intersection, NULL for a group without ranges."""
    known = [spec for _, spec in specs if spec is not None]
    rows = iter(vector_of(type, known).datums())
    vector = from_datums(type, [None if spec is None else next(rows) for _, spec in specs])
    codes = np.array([group for group, _ in specs], np.int64)
    kernel = AGGREGATES[oid_of("range_intersect_agg(anyrange)")]
    found = kernel.function(Types(args=(type,), result=type), [vector], codes, 3).datums()
    for group in range(3):
        sets = [points(type, spec) for g, spec in specs if g == group and spec is not None]
        assert (found[group] is None) == (not sets)
        assert not sets or in_points(type, found[group]) == frozenset.intersection(*sets)


def test_without_rows_and_with_nulls() -> None:
    """Empty vectors and NULLs pass through; what stands at a NULL is an empty range."""
    none = from_datums(INT4RANGE, [])
    assert isinstance(none, RangeVector)
    assert called("range_overlaps(anyrange,anyrange)", INT4RANGE, none, none) == []
    taken = none.take(np.array([-1, -1]), True)
    assert taken.datums() == [None, None] and taken.flags.tolist() == [1, 1]
