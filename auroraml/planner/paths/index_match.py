"""Which conditions an index column can look up, and as what (match_clause_to_indexcol)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from auroraml.catalog.builtins import builtin_function, builtin_operator
from auroraml.dispatch import Choices
from auroraml.ir import expr as e
from auroraml.ir.objects import Function, Operator
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import family_member, strategy_in
from auroraml.planner.level.questions import cuts, equal, strip, volatile
from auroraml.planner.level.relation import IndexChoice
from auroraml.planner.paths.pattern_match import pattern_conditions
from auroraml.types.table import BOOL

EQUAL: Final = 3
BOOLEAN_EQUALITY: Final = 91
LESS: Final = 1
LESS_EQUAL: Final = 2
GREATER_EQUAL: Final = 4
GREATER: Final = 5


class IndexClause:
    """A clause as an index scan uses it: conditions with the key on the left; `lossy` ones leave the clause to be tested as well."""

    __slots__ = ("clause", "exprs", "lossy", "position")

    def __init__(self, clause: Clause, exprs: Sequence[e.Expr], position: int, lossy: bool = False) -> None:
        self.clause = clause
        self.exprs = list(exprs)
        self.position = position
        self.lossy = lossy


class Key:
    """A key column of an index at a level."""

    def __init__(self, level: Level, index: IndexChoice, position: int) -> None:
        self.level = level
        self.index = index
        self.position = position
        self.family = index.families[position]

    def is_key(self, expr: e.Expr) -> bool:
        """Whether an expression is the key (match_index_to_operand)."""
        return is_key(self.index, self.position, expr)

    def is_outside(self, expr: e.Expr) -> bool:
        """Whether an expression has the same value for the whole scan."""
        return not self.level.bits_of(expr) & self.index.relation.bits and not volatile(expr)

    def strategy(self, operator: Operator) -> int:
        """The operator's strategy number for the index (hash indexes know equality only); 0: none."""
        found = strategy_in(operator.oid, self.family)
        if self.index.ordered:
            return found
        return EQUAL if found == EQUAL and operator.can_hash else 0


def is_key(index: IndexChoice, position: int, expr: e.Expr) -> bool:
    """Whether an expression is a key of the index (match_index_to_operand)."""
    key = index.columns[position]
    bare = expr.arg if isinstance(expr, e.Relabel) and not cuts(expr) and not expr.collation else expr
    if isinstance(key, e.ColumnRef):
        return isinstance(bare, e.ColumnRef) and bare.id == key.id
    return equal(strip(key), strip(bare))


def commuted_operator(operator: Operator) -> Operator | None:
    """The operator for exchanged sides."""
    return builtin_operator(operator.commutator) if operator.commutator else None


def function_of(operator: Operator) -> Function:
    """The function behind a built-in operator."""
    found = builtin_function(operator.function)
    assert found is not None
    return found


def commuted(expr: e.OpCall) -> e.OpCall | None:
    """The comparison with its sides exchanged; None where there is no such operator."""
    operator = commuted_operator(expr.operator)
    function = None if operator is None else builtin_function(operator.function)
    if operator is None or function is None:
        return None
    return e.OpCall(type=expr.type, operator=operator, function=function, args=(expr.args[1], expr.args[0]))


def match_clause(level: Level, index: IndexChoice, position: int, clause: Clause) -> IndexClause | None:
    """The clause as conditions on an index column, None where it does not fit."""
    key = Key(level, index, position)
    if index.columns[position].type is BOOL:
        made = _boolean(clause.expr, key)
        if made is not None:
            return IndexClause(clause, [made], position)
    return _match(clause.expr, key, clause)


def _boolean(expr: e.Expr, key: Key) -> e.Expr | None:
    """A boolean key as a condition is a comparison with true or false (match_boolean_index_clause)."""
    value = True
    if not key.is_key(expr):
        if isinstance(expr, e.Not):
            value = False
        elif isinstance(expr, e.BooleanTest) and not expr.negated and expr.test in ("true", "false"):
            value = expr.test == "true"
        else:
            return None
        expr = expr.arg
        if not key.is_key(expr):
            return None
    operator = builtin_operator(BOOLEAN_EQUALITY)
    assert operator is not None
    return e.OpCall(type=BOOL, operator=operator, function=function_of(operator), args=(expr, e.Const(type=BOOL, value=value)))


def _match(expr: e.Expr, key: Key, clause: Clause) -> IndexClause | None:
    return _MATCHES[expr.__class__](expr, key, clause)


def _match_other(expr: e.Expr, key: Key, clause: Clause) -> IndexClause | None:
    return None


def _match_op_call(expr: e.OpCall, key: Key, clause: Clause) -> IndexClause | None:
    if len(expr.args) != 2:
        return None
    left, right = expr.args
    if key.is_key(left) and key.is_outside(right):
        if key.strategy(expr.operator):
            return IndexClause(clause, [expr], key.position)
        return _supported(expr.function, expr.args, key, clause)
    if key.is_key(right) and key.is_outside(left):
        turned = commuted(expr)
        if turned is not None and key.strategy(turned.operator):
            return IndexClause(clause, [turned], key.position)
    return None


def _match_call(expr: e.Call, key: Key, clause: Clause) -> IndexClause | None:
    if len(expr.args) == 2 and key.is_key(expr.args[0]):
        return _supported(expr.function, expr.args, key, clause)
    return None


def _match_array_op(expr: e.ArrayOp, key: Key, clause: Clause) -> IndexClause | None:
    left, right = expr.args
    if not expr.all and key.is_key(left) and key.is_outside(right) and key.strategy(expr.operator):
        return IndexClause(clause, [expr], key.position)
    return None


def _match_null_test(expr: e.NullTest, key: Key, clause: Clause) -> IndexClause | None:
    if key.index.ordered and not expr.per_field and key.is_key(expr.arg):
        return IndexClause(clause, [expr], key.position)
    return None


def _match_row_compare(expr: e.RowCompare, key: Key, clause: Clause) -> IndexClause | None:
    if not key.index.ordered:
        return None
    operator: Operator | None = expr.operators[0]
    turned = not (key.is_key(expr.left[0]) and key.is_outside(expr.right[0]))
    if turned:
        if not (key.is_key(expr.right[0]) and key.is_outside(expr.left[0])):
            return None
        operator = commuted_operator(expr.operators[0])
    strategy = 0 if operator is None else key.strategy(operator)
    return _row_comparison(expr, key, clause, strategy, turned) if strategy in (LESS, LESS_EQUAL, GREATER_EQUAL, GREATER) else None


def _supported(function: Function, args: Sequence[e.Expr], key: Key, clause: Clause) -> IndexClause | None:
    """Conditions that the function's support function derives (get_index_clause_from_support)."""
    found = pattern_conditions(function, tuple(args), key.family < 0, lambda operator: bool(key.strategy(operator)))
    return None if found is None else IndexClause(clause, found, key.position, lossy=True)


def _row_comparison(expr: e.RowCompare, key: Key, clause: Clause, strategy: int, turned: bool) -> IndexClause:
    """As many leading columns as the index has with the same direction (expand_indexqual_rowcompare)."""
    own, others = (expr.right, expr.left) if turned else (expr.left, expr.right)
    operators: list[Operator] = []
    families: list[int] = []
    for number, (mine, other) in enumerate(zip(own, others, strict=True)):
        operator = commuted_operator(expr.operators[number]) if turned else expr.operators[number]
        if operator is None or (number and not key.is_outside(other)):
            break
        place = key.position if number == 0 else _place(key.index, mine, operator, strategy)
        if place < 0:
            break
        operators.append(operator)
        families.append(key.index.families[place])
    count = len(operators)
    lossy = count < len(own)
    if not lossy and not turned:
        return IndexClause(clause, [expr], key.position)
    if lossy and strategy in (LESS, GREATER):
        strategy = LESS_EQUAL if strategy == LESS else GREATER_EQUAL
        operators = [_member(families[i], operators[i], strategy) for i in range(count)]
    if count == 1:
        made: e.Expr = e.OpCall(type=BOOL, operator=operators[0], function=function_of(operators[0]), args=(own[0], others[0]))
    else:
        made = e.RowCompare(type=BOOL, operators=tuple(operators), functions=tuple(function_of(o) for o in operators), left=own[:count],
                            right=others[:count], symbol=operators[0].name)  # fmt: skip
    return IndexClause(clause, [made], key.position, lossy)


def _place(index: IndexChoice, expr: e.Expr, operator: Operator, strategy: int) -> int:
    for place in range(len(index.columns)):
        if is_key(index, place, expr) and strategy_in(operator.oid, index.families[place]) == strategy:
            return place
    return -1


def _member(family: int, operator: Operator, strategy: int) -> Operator:
    left, right = operator.left, operator.right
    assert left is not None and right is not None
    found = family_member(family, left, right, strategy)
    assert found is not None
    return found


_MATCHES: Final[Choices[Callable[..., IndexClause | None]]] = Choices(
    {
        object: _match_other,
        e.OpCall: _match_op_call,
        e.Call: _match_call,
        e.ArrayOp: _match_array_op,
        e.NullTest: _match_null_test,
        e.RowCompare: _match_row_compare,
    }
)
