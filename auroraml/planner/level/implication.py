"""Whether conditions imply or refute others: AND, OR and arrays by their structure, comparisons by their operators (predtest.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from auroraml.catalog.builtins import builtin_function, builtin_operator
from auroraml.ir import expr as e
from auroraml.ir.objects import Operator
from auroraml.planner.level.operators import family_of, family_operator
from auroraml.planner.level.questions import equal, strip
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BOOL

MOST_ELEMENTS: Final = 100  # longer arrays are not looked into
Fold = Callable[[e.Expr], e.Expr]
Clauses = Sequence[e.Expr]

LESS, LESS_EQUAL, EQUAL, GREATER_EQUAL, GREATER, UNEQUAL = range(1, 7)
# By the known comparison with a constant (row) and the one in question (column), in the order of the strategies above: the comparison
# `questioned constant ? known constant` that decides, "-" for none (BT_implic_table, BT_refute_table).
_SYMBOLS: Final = {"<": LESS, "<=": LESS_EQUAL, "=": EQUAL, ">=": GREATER_EQUAL, ">": GREATER, "<>": UNEQUAL}
_IMPLIES: Final = (">= >= - - - >=", "> >= - - - >", "> >= = <= < <>", "- - - <= < <", "- - - <= <= <=", "- - - - - =")
_REFUTES: Final = ("- - >= >= >= -", "- - > > >= -", "<= < <> > >= =", "<= < < - - -", "<= <= <= - - -", "- - = - - -")
# The same where both compare the same two expressions: what follows at once (BT_implies_table, BT_refutes_table).
_SAME_IMPLIES: Final = ("110001", "010000", "011100", "000100", "000111", "000001")
_SAME_REFUTES: Final = ("001110", "000010", "100011", "100000", "111000", "001000")


def implied(predicates: Clauses, clauses: Clauses, fold: Fold, *, weak: bool = False) -> bool:
    """Whether the `clauses` together make all `predicates` true (weak: not false) (predicate_implied_by)."""
    if not predicates:
        return True
    if not clauses:
        return False
    return Prover(fold).implied(_list(predicates), _list(clauses), weak)


def refuted(predicates: Clauses, clauses: Clauses, fold: Fold, *, weak: bool = False) -> bool:
    """Whether the `clauses` together make `predicates` false (weak: not true) (predicate_refuted_by)."""
    if not predicates or not clauses:
        return False
    return Prover(fold).refuted(_list(predicates), _list(clauses), weak)


def _list(items: Clauses) -> e.Expr:
    return items[0] if len(items) == 1 else e.And(type=BOOL, args=tuple(items))


def _parts(expr: e.Expr) -> tuple[str, list[e.Expr]]:
    """How an expression is taken apart: "and" or "or" with the parts, or "atom" (predicate_classify)."""
    if isinstance(expr, e.And):
        return "and", list(expr.args)
    if isinstance(expr, e.Or):
        return "or", list(expr.args)
    if isinstance(expr, e.ArrayOp):
        elements = _elements(expr)
        if elements is not None:
            single = [e.OpCall(type=BOOL, operator=expr.operator, function=expr.function, args=(expr.args[0], x)) for x in elements]
            return ("and" if expr.all else "or"), list(single)
    return "atom", []


def _elements(expr: e.ArrayOp) -> list[e.Expr] | None:
    array = expr.args[1]
    while isinstance(array, e.Relabel):
        array = array.arg
    if isinstance(array, e.Const) and isinstance(array.value, PgArray) and len(array.value.elements) <= MOST_ELEMENTS:
        assert expr.operator.right is not None
        return [e.Const(type=expr.operator.right, value=value) for value in array.value.elements]
    if isinstance(array, e.ArrayExpr) and not array.multi and len(array.args) <= MOST_ELEMENTS:
        return list(array.args)
    return None


class Prover:
    """Proofs over expressions; `fold` computes comparisons of constants."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold

    def implied(self, predicate: e.Expr, clause: e.Expr, weak: bool) -> bool:
        """predicate_implied_by_recurse."""
        kind, known = _parts(clause)
        wanted, parts = _parts(predicate)
        if kind == "or":
            if wanted == "or":
                return all(any(self.implied(p, c, weak) for p in parts) for c in known)
            return all(self.implied(predicate, c, weak) for c in known)
        if wanted == "and":
            return all(self.implied(p, clause, weak) for p in parts)
        if wanted == "or" and any(self.implied(p, clause, weak) for p in parts):
            return True
        if kind == "and":
            return any(self.implied(predicate, c, weak) for c in known)
        return wanted == "atom" and self._simply_implied(predicate, clause, weak)

    def refuted(self, predicate: e.Expr, clause: e.Expr, weak: bool) -> bool:
        """predicate_refuted_by_recurse."""
        kind, known = _parts(clause)
        wanted, parts = _parts(predicate)
        if kind == "atom":
            inside = _negated(clause, strong=True)
            if inside is not None and self.implied(inside, predicate, not weak):
                return True
        if wanted == "atom":
            inside = _negated(predicate, strong=False)
            if inside is not None and self.implied(inside, clause, False):
                return True
        if kind == "and":
            if wanted == "or":
                return all(self.refuted(p, clause, weak) for p in parts)
            if wanted == "and" and any(self.refuted(p, clause, weak) for p in parts):
                return True
            return any(self.refuted(predicate, c, weak) for c in known)
        if kind == "or":
            if wanted == "or":
                return all(self.refuted(p, clause, weak) for p in parts)
            if wanted == "and":
                return all(any(self.refuted(p, c, weak) for p in parts) for c in known)
            return all(self.refuted(predicate, c, weak) for c in known)
        if wanted == "and":
            return any(self.refuted(p, clause, weak) for p in parts)
        if wanted == "or":
            return all(self.refuted(p, clause, weak) for p in parts)
        return self._simply_refuted(predicate, clause, weak)

    def _simply_implied(self, predicate: e.Expr, clause: e.Expr, weak: bool) -> bool:
        """predicate_implied_by_simple_clause."""
        if equal(predicate, clause):
            return True
        if not weak and isinstance(predicate, e.NullTest):
            return predicate.negated and not predicate.per_field and strict_for(clause, predicate.arg, True)
        return self._compared(predicate, clause, False, weak)

    def _simply_refuted(self, predicate: e.Expr, clause: e.Expr, weak: bool) -> bool:
        """predicate_refuted_by_simple_clause."""
        if predicate is clause:
            return False
        if isinstance(predicate, e.NullTest) and not predicate.negated:
            if predicate.per_field:
                return False
            if strict_for(clause, predicate.arg, True):
                return True
            return isinstance(clause, e.NullTest) and clause.negated and not clause.per_field and equal(clause.arg, predicate.arg)
        if isinstance(clause, e.NullTest) and not clause.negated:
            if clause.per_field:
                return False
            if isinstance(predicate, e.NullTest) and predicate.negated and not predicate.per_field and equal(clause.arg, predicate.arg):
                return True
            return weak and strict_for(predicate, clause.arg, True)
        return self._compared(predicate, clause, True, weak)

    def _compared(self, predicate: e.Expr, clause: e.Expr, refute: bool, weak: bool) -> bool:
        """Two comparisons with an expression in common (operator_predicate_proof)."""
        if not (isinstance(predicate, e.OpCall) and isinstance(clause, e.OpCall) and len(predicate.args) == 2 and len(clause.args) == 2):
            return False
        wanted: Operator | None = predicate.operator
        known: Operator | None = clause.operator
        (a, b), (c, d) = predicate.args, clause.args
        if equal(a, c):
            if equal(b, d):
                return _same_sides(predicate.operator, clause.operator, refute)
            wanted_value, known_value = b, d
        elif equal(b, d):
            wanted_value, known_value = a, c
            wanted, known = _commuted(predicate.operator), _commuted(clause.operator)
        elif equal(a, d):
            if equal(b, c):
                wanted = _commuted(predicate.operator)
                return wanted is not None and _same_sides(wanted, clause.operator, refute)
            wanted_value, known_value = b, c
            known = _commuted(clause.operator)
        elif equal(b, c):
            wanted_value, known_value = a, d
            wanted = _commuted(predicate.operator)
        else:
            return False
        if wanted is None or known is None or not isinstance(wanted_value, e.Const) or not isinstance(known_value, e.Const):
            return False
        if known_value.value is None:
            if not _strict(known):
                return False
            return not (weak and not refute) or (wanted_value.value is None and _strict(wanted))
        if wanted_value.value is None:
            return weak and refute and _strict(wanted)
        test = _test_operator(wanted, known, refute)
        if test is None:
            return False
        operator, negated = test
        function = builtin_function(operator.function)
        if function is None or function.volatility != "i":
            return False
        found = self.fold(e.OpCall(type=BOOL, operator=operator, function=function, args=(wanted_value, known_value)))
        return isinstance(found, e.Const) and found.value is not None and bool(found.value) != negated


def _negated(expr: e.Expr, *, strong: bool) -> e.Expr | None:
    """What an expression says is not true, or (`strong`) false (extract_not_arg, extract_strong_not_arg)."""
    if isinstance(expr, e.Not):
        return expr.arg
    if isinstance(expr, e.BooleanTest):
        if (expr.test, expr.negated) == ("false", False):
            return expr.arg
        if not strong and (expr.test, expr.negated) in (("true", True), ("unknown", False)):
            return expr.arg
    return None


def strict_for(clause: e.Expr, part: e.Expr, may_be_false: bool) -> bool:
    """Whether `clause` is NULL (or false, where that will do) when `part` is NULL (clause_is_strict_for)."""
    clause, part = strip(clause), strip(part)
    if equal(clause, part):
        return True
    if isinstance(clause, (e.OpCall, e.Call)):
        return clause.function.strict and any(strict_for(arg, part, False) for arg in clause.args)
    if isinstance(clause, (e.ViaText, e.ArrayCoerce)):
        return strict_for(clause.arg, part, False)
    if isinstance(clause, e.ArrayOp):
        scalar, array = clause.args
        if clause.function.strict and strict_for(scalar, part, False):
            if may_be_false and not clause.all:
                return True
            if isinstance(array, e.Const):
                return array.value is None or (isinstance(array.value, PgArray) and len(array.value.elements) > 0)
            if isinstance(array, e.ArrayExpr) and not array.multi and array.args:
                return True
        return strict_for(array, part, False)
    return isinstance(clause, e.Const) and clause.value is None


def _strict(operator: Operator) -> bool:
    function = builtin_function(operator.function)
    return function is not None and function.strict


def _commuted(operator: Operator) -> Operator | None:
    return builtin_operator(operator.commutator) if operator.commutator else None


def _strategies(operator: Operator) -> Iterator[tuple[int, int]]:
    """The families an operator compares in and how; <> counts as the negator of = (get_op_btree_interpretation)."""
    found = family_of(operator)
    if found is not None:
        yield found
        return
    negator = builtin_operator(operator.negator) if operator.negator else None
    found = None if negator is None else family_of(negator)
    if found is not None and found[1] == EQUAL:
        yield found[0], UNEQUAL


def _same_sides(wanted: Operator, known: Operator, refute: bool) -> bool:
    """`x known y` and `x wanted y` (operator_same_subexprs_proof)."""
    if refute:
        if wanted.negator and wanted.negator == known.oid:
            return True
    elif wanted.oid == known.oid:
        return True
    table = _SAME_REFUTES if refute else _SAME_IMPLIES
    for family, strategy in _strategies(wanted):
        for other, given in _strategies(known):
            if family == other and table[given - 1][strategy - 1] == "1":
                return True
    return False


def _test_operator(wanted: Operator, known: Operator, refute: bool) -> tuple[Operator, bool] | None:
    """The operator that compares the constants, and whether its result is to be negated (get_btree_test_op)."""
    table = _REFUTES if refute else _IMPLIES
    for family, strategy in _strategies(wanted):
        for other, given in _strategies(known):
            symbol = table[given - 1].split()[strategy - 1]
            if family != other or symbol == "-" or wanted.right is None or known.right is None:
                continue
            number = _SYMBOLS[symbol]
            operator = family_operator(wanted.right, known.right, EQUAL if number == UNEQUAL else number)
            if operator is not None:
                return operator, number == UNEQUAL
    return None
