"""How many groups rows fall into (selfuncs.c: estimate_num_groups)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir.tree import children, same
from auroraml.planner.estimate.estimator import Estimator, Input, Variable, clamp_rows, is_volatile
from auroraml.planner.estimate.objects import KnownObject
from auroraml.planner.estimate.set_rows import made_rows
from auroraml.planner.rules.placeholder import is_held
from auroraml.types.table import BOOL

SEVERAL_COLUMNS: Final = 0.1  # columns are thought to be correlated: no more groups than this share of the rows


class _Grouping:
    """A variable that groups, and where it comes from."""

    __slots__ = ("defaulted", "distinct", "input", "variable")

    def __init__(self, variable: Variable, distinct: float, defaulted: bool) -> None:
        self.variable = variable
        self.distinct = distinct
        self.defaulted = defaulted
        self.input = variable.input


def distinct_count(expr: e.Expr, estimator: Estimator) -> tuple[float, bool]:
    """The distinct values of an expression, and whether that is a mere default."""
    return estimator.distinct_count(estimator.examine(expr))


def _columns(expr: e.Expr, estimator: Estimator) -> list[e.ColumnRef]:
    """The columns an expression reads, also through place holders."""
    found: list[e.ColumnRef] = []
    pending: list[object] = [expr]
    while pending:
        node = pending.pop()
        if isinstance(node, e.ColumnRef) and node.id in estimator.columns and not is_held(node):
            found.append(node)  # a whole row is one column
        else:
            pending += children(node)[::-1]
    return found


def any_defaulted(exprs: Sequence[e.Expr], estimator: Estimator) -> bool:
    """Whether a group count of `exprs` rests on a mere default for some column."""
    found = _groupings(exprs, estimator)
    for input in {id(one.input): one.input for one in found or ()}.values():
        here = [one for one in found or () if one.input is input]
        left = here if input is None else _together(input, here)[1]
        if any(one.defaulted for one in left):
            return True
    return False


def estimate_num_groups(exprs: Sequence[e.Expr], rows: float, estimator: Estimator) -> float:
    """The groups that `rows` input rows make by `exprs`."""
    if not exprs:
        return 1.0
    rows = clamp_rows(rows)
    found = _groupings(exprs, estimator)
    if found is None:
        return rows
    groups = 2.0 ** sum(expr.type == BOOL for expr in exprs)
    made = max(1.0, *(made_rows(expr, estimator) for expr in exprs))  # rows that set-returning functions make of one
    while found:
        input = found[0].input
        here = [one for one in found if one.input is input]
        found = [one for one in found if one.input is not input]
        if input is not None and input.tuples > 0:
            groups *= _of_input(input, here)
    groups = float(math.ceil(groups * made))
    return max(min(groups, rows), 1.0)


def _groupings(exprs: Sequence[e.Expr], estimator: Estimator) -> list[_Grouping] | None:
    """The variables that expressions group by, but for booleans, each known value once; None where a volatile expression makes each row a group."""
    found: list[_Grouping] = []
    for expr in exprs:
        if expr.type == BOOL:
            continue
        variable = estimator.examine(expr)
        if variable.statistics is not None or variable.unique:
            _add(found, variable, estimator)
            continue
        columns = _columns(expr, estimator)
        if not columns and is_volatile(expr):
            return None
        for column in columns:
            _add(found, estimator.examine(column), estimator)
    return found


def _add(found: list[_Grouping], variable: Variable, estimator: Estimator) -> None:
    """Take a variable in, once; of columns known to be equal across inputs the one with fewer values (add_unique_group_var)."""
    distinct, defaulted = estimator.distinct_count(variable)
    for old in list(found):
        if same(old.variable.expr, variable.expr):
            return
        if old.input is not variable.input and estimator.known_equal(variable.expr, old.variable.expr):
            if old.distinct <= distinct:
                return
            found.remove(old)
    found.append(_Grouping(variable, distinct, defaulted))


def _of_input(input: Input, variables: Sequence[_Grouping]) -> float:
    """The groups among the rows of one input that its own conditions leave."""
    counts, left = _together(input, variables)
    groups = most = 1.0
    for count in (*counts, *(one.distinct for one in left)):
        groups *= count
        most = max(most, count)
    limit = input.tuples
    if len(counts) + len(left) > 1:
        limit *= SEVERAL_COLUMNS
        if limit < most:
            limit = min(most, input.tuples)
    groups = min(groups, limit)
    if groups > 0 and input.rows < input.tuples:
        groups *= 1 - math.pow((input.tuples - input.rows) / input.tuples, input.tuples / groups)
    return clamp_rows(groups)


# Several columns of one table


def _together(input: Input, variables: Sequence[_Grouping]) -> tuple[list[float], list[_Grouping]]:
    """What statistics objects count, as often as one is about two or more of the variables, and those variables that remain."""
    counts: list[float] = []
    left = list(variables)
    objects = [object for object in input.objects if object.found.distinct is not None] if len(left) > 1 else []
    while True:
        best: set[int] = set()
        score = (0, 0)
        found: KnownObject | None = None
        for object in objects:
            matched = {number for one in left if (number := _dimension(one, object)) is not None}
            own = (sum(number < 0 for number in matched), sum(number > 0 for number in matched))
            if len(matched) > 1 and own > score:
                best, score, found = matched, own, object
        if found is None:
            return counts, left
        counts.append(next(item.count for item in found.found.distinct or () if best == set(item.attributes)))
        left = [one for one in left if _dimension(one, found) is None]


def _dimension(one: _Grouping, object: KnownObject) -> int | None:
    """A variable's attribute number, if it is a column of the object; -1, -2, ... if it is its first, second, ... expression."""
    expr, column = one.variable.expr, one.variable.column
    if isinstance(expr, e.ColumnRef):
        return column.number if column is not None and column.number in object.columns else None
    place = object.place(expr)
    return None if place is None else -1 - place
