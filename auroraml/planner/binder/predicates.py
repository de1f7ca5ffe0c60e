"""Predicates: AND and OR, OVERLAPS, IS tests, IN, ANY and ALL, LIKE, comparisons of rows, subqueries as operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from auroraml.errors import FeatureNotSupported, WrongObjectType
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.ir import expr as e
from auroraml.ir.logical import LogicalPlan
from auroraml.ir.objects import Operator
from auroraml.ir.tree import expressions
from auroraml.planner.binder.calling import Calls
from auroraml.planner.binder.coercion import array_type
from auroraml.planner.binder.scope import column
from auroraml.types.pg_type import Rep
from auroraml.types.table import BOOL, RECORD, TEXT, UNKNOWN


class Predicates(Calls):
    """Binds predicates over what the expression binder binds."""

    scope: Any

    def query_of(self, node: exp.Expression, at: int) -> LogicalPlan:
        """The plan of a subquery."""
        raise NotImplementedError

    def row_items(self, node: exp.Expression) -> list[e.Expr] | None:
        """The fields of a row constructor as written, unknown literals still unknown; None for what is none."""
        inner = bare(node)
        if isinstance(inner, exp.Tuple):
            return self.elements(inner.expressions)
        if isinstance(inner, exp.Anonymous) and self.leaves.mark(inner.this)[1] >= 0:
            token = self.leaves.source.tokens[self.leaves.mark(inner.this)[1]]
            if token.is_word("row"):
                return self.elements(inner.expressions)
        return None

    def _rows(self, left: exp.Expression, right: exp.Expression) -> tuple[list[e.Expr], list[e.Expr]] | None:
        items = self.row_items(left)
        others = None if items is None else self.row_items(right)
        return None if items is None or others is None else (items, others)

    def row_comparison(self, symbol: str, left: Sequence[e.Expr], right: Sequence[e.Expr], at: int) -> e.Expr:
        """(a, b) op (c, d)."""
        if len(left) != len(right):
            raise SqlSyntaxError("unequal number of entries in row expressions", at=at)
        tests = [self.operator(symbol, [a, b], at) for a, b in zip(left, right, strict=True)]
        if symbol == "=":
            return tests[0] if len(tests) == 1 else e.And(type=BOOL, args=tuple(tests))
        if symbol == "<>":
            return tests[0] if len(tests) == 1 else e.Or(type=BOOL, args=tuple(tests))
        calls = [test for test in tests if isinstance(test, e.OpCall)]
        return e.RowCompare(
            type=BOOL, operators=tuple(c.operator for c in calls), functions=tuple(c.function for c in calls), left=tuple(c.args[0] for c in calls),
            right=tuple(c.args[1] for c in calls), symbol=symbol, at=at,
        )  # fmt: skip

    def _bind_not(self, node: exp.Not) -> e.Expr:
        inner = node.this
        if isinstance(inner, exp.Is) and not isinstance(node.this, exp.Paren):
            return self.is_test(inner, True)
        if isinstance(inner, exp.In) and not isinstance(node.this, exp.Paren):
            return self.membership(inner, True)
        if isinstance(node.this, (exp.Like, exp.ILike, exp.SimilarTo, exp.Escape)):
            return self.pattern(node.this, True)
        bound = self.binder.boolean(self.bind(node.this), "NOT", self.leaves.start(node.this))
        return e.Not(type=BOOL, arg=bound)

    def _bind_and(self, node: exp.And) -> e.Expr:
        return self._logical(node, exp.And, "AND", e.And)

    def _bind_or(self, node: exp.Or) -> e.Expr:
        return self._logical(node, exp.Or, "OR", e.Or)

    def _logical(self, node: exp.Expression, kind: type[exp.Expression], word: str, make: type[e.And] | type[e.Or]) -> e.Expr:
        parts: list[exp.Expression] = []
        pending = [node]
        while pending:
            item = pending.pop()
            if isinstance(item, kind):
                pending += [item.expression, item.this]
            else:
                parts.append(item)
        args: list[e.Expr] = []
        for part in parts:
            bound = self.binder.boolean(self.bind(part), word, self.leaves.start(part))
            args += bound.args if isinstance(bound, make) else [bound]
        return make(type=BOOL, args=tuple(args))

    def _bind_is(self, node: exp.Is) -> e.Expr:
        return self.is_test(node, bool(node.args.get("negate")))

    def _bind_overlaps(self, node: exp.Overlaps) -> e.Expr:
        at = self.leaves.operator_at(node.expression, "overlaps")
        ends: list[e.Expr] = []
        for side, word in ((bare(node.this), "left"), (bare(node.expression), "right")):
            if not isinstance(side, exp.Tuple) or len(side.expressions) != 2:
                raise SqlSyntaxError(f"wrong number of parameters on {word} side of OVERLAPS expression", at=at)
            ends += [self.bind(item) for item in side.expressions]
        return self.known_call("overlaps", ends, at)

    def _bind_null_safe_neq(self, node: exp.NullSafeNEQ) -> e.Expr:
        return self._distinct(node)

    def _bind_null_safe_eq(self, node: exp.NullSafeEQ) -> e.Expr:
        return e.Not(type=BOOL, arg=self._distinct(node))

    def _bind_between(self, node: exp.Between) -> e.Expr:
        low, high = node.args["low"], node.args["high"]

        def tests(a: exp.Expression, b: exp.Expression) -> e.Expr:
            first = self.operator(">=", [self.bind(node.this), self.bind(a)], self.leaves.start(low))
            second = self.operator("<=", [self.bind(node.this), self.bind(b)], self.leaves.start(high))
            return e.And(type=BOOL, args=(first, second))

        if node.args.get("symmetric"):
            return e.Or(type=BOOL, args=(tests(low, high), tests(high, low)))
        return tests(low, high)

    def _bind_in(self, node: exp.In) -> e.Expr:
        return self.membership(node, False)

    def _bind_like(self, node: exp.Expression) -> e.Expr:
        return self.pattern(node, False)

    def _bind_exists(self, node: exp.Exists) -> e.Expr:
        return e.SubLink(type=BOOL, kind="exists", query=self.query_of(node.this, self.leaves.start(node)), at=self.leaves.start(node))

    def is_test(self, node: exp.Is, negated: bool) -> e.Expr:
        """IS [NOT] NULL, TRUE, FALSE, UNKNOWN, NORMALIZED."""
        arg = self.bind(node.this)
        test = node.expression
        if isinstance(test, exp.Boolean):
            word = "IS NOT " if negated else "IS "
            word += "TRUE" if test.this else "FALSE"
            bound = self.binder.boolean(arg, word, self.leaves.start(node.this))
            return e.BooleanTest(type=BOOL, arg=bound, test="true" if test.this else "false", negated=negated)
        if isinstance(test, exp.Null):
            end = max(self.leaves.indexes(node.this), default=0)
            tokens = self.leaves.source.tokens
            unknown = next((t for t in tokens[end + 1 : end + 6] if t.is_word("null", "unknown", "isnull", "notnull")), None)
            if unknown is not None and unknown.text == "unknown":
                return e.BooleanTest(
                    type=BOOL, arg=self.binder.boolean(arg, "IS UNKNOWN", self.leaves.start(node.this)), test="unknown", negated=negated
                )
            if arg.type.oid == UNKNOWN.oid:
                arg = self.coercer.coerce(arg, TEXT)
            return e.NullTest(type=BOOL, arg=arg, negated=negated, per_field=arg.type.rep is Rep.STRUCT)
        token = self.leaves.token(test.this) if isinstance(test, exp.Column) else None
        if token is not None and token.is_word("normalized", "nfc", "nfd", "nfkc", "nfkd"):
            form = [] if token.text == "normalized" else [e.Const(type=UNKNOWN, value=token.text.upper())]
            found = self.known_call("is_normalized", [arg, *form], self.leaves.word_after(node.this, "is"))
            return e.Not(type=BOOL, arg=found) if negated else found
        raise FeatureNotSupported("this IS test is not supported", at=self.leaves.start(node))

    def _distinct(self, node: exp.Binary) -> e.Expr:
        symbol_at = self.leaves.start(node.expression)
        pair = self._rows(node.this, node.expression)
        if pair is not None:
            if len(pair[0]) != len(pair[1]):
                raise SqlSyntaxError("unequal number of entries in row expressions", at=symbol_at)
            tests = tuple(self._differs(a, b, symbol_at) for a, b in zip(*pair, strict=True))
            return tests[0] if len(tests) == 1 else e.Or(type=BOOL, args=tests)
        sides = [self.bind(node.this), self.bind(node.expression)]
        for side, other in (sides, sides[::-1]):
            if isinstance(side, e.Const) and side.value is None and side.type.oid == UNKNOWN.oid and other.type.oid != UNKNOWN.oid:
                return e.NullTest(type=BOOL, arg=other, negated=True)  # IS DISTINCT FROM NULL
        return self._differs(sides[0], sides[1], symbol_at)

    def _differs(self, left: e.Expr, right: e.Expr, symbol_at: int) -> e.Expr:
        call = self.operator("=", [left, right], symbol_at)
        assert isinstance(call, e.OpCall)
        return e.Distinct(type=BOOL, operator=call.operator, function=call.function, args=call.args)

    def _in_at(self, query: exp.Expression, negated: bool) -> int:
        """Where the IN (or NOT IN) before a subquery stands."""
        tokens = self.leaves.source.tokens
        i = self.leaves.first(query) - 1
        while i > 0 and not tokens[i].is_word("in"):
            i -= 1
        return tokens[i - 1 if negated and tokens[i - 1].is_word("not") else i].start

    def membership(self, node: exp.In, negated: bool) -> e.Expr:
        """[NOT] IN a list or a subquery."""
        query = node.args.get("query")
        listed = node.args.get("expressions")
        if listed and isinstance(listed[0], exp.Values):
            query = listed[0]
        if query is not None:
            found = self.sublink("any", "=", node.this, query, self._in_at(query, negated))
            return e.Not(type=BOOL, arg=found) if negated else found
        symbol = "<>" if negated else "="
        items = listed or [node.args["field"]]
        left = self.bind(node.this)
        bound = [self.bind(item) for item in items]
        at = self.leaves.operator_at(items[0], "in")
        if len(bound) > 1 and not isinstance(left, e.RowExpr) and not any(isinstance(b, e.RowExpr) or _has_column(b) for b in bound):
            known = [left, *bound]
            categories = {x.type.category for x in known if x.type.oid != UNKNOWN.oid}
            if len(categories) <= 1:
                type = self.coercer.common(known, "IN")
                array = array_type(self.binder.catalog, type)
                if array is not None and type.rep is not Rep.STRUCT:
                    elements = tuple(self.coercer.coerce(b, type) for b in bound)
                    operator = self.binder.chooser.operator(self.binder.catalog.operators_named(symbol), symbol, [left, e.ElementRef(type=type)], at)
                    return self.array_operator(operator, left, e.ArrayExpr(type=array, args=elements, at=elements[0].at), negated, at)
        rows = [self._rows(node.this, item) for item in items]
        tests = [self.row_comparison(symbol, *pair, at) if pair is not None else self._equality(symbol, left, b, at)
                 for pair, b in zip(rows, bound, strict=True)]  # fmt: skip
        if len(tests) == 1:
            return tests[0]
        return e.And(type=BOOL, args=tuple(tests)) if negated else e.Or(type=BOOL, args=tuple(tests))

    def _equality(self, symbol: str, left: e.Expr, right: e.Expr, at: int) -> e.Expr:
        return self.operator(symbol, [left, right], at)

    def array_operator(self, operator: Operator, left: e.Expr, array: e.Expr, all_: bool, at: int) -> e.Expr:
        """left op ANY/ALL (array), both sides coerced."""
        assert operator.left is not None
        wanted = operator.left if operator.left.oid != 2283 else left.type
        element = operator.right if operator.right.kind != "p" else self.coercer.type(array.type.element)
        target = array_type(self.binder.catalog, element)
        coerced = array if target is None or array.type.element == element.oid else self.coercer.coerce(array, target)
        function = self.binder.catalog.function(operator.function)
        return e.ArrayOp(type=BOOL, operator=operator, function=function, args=(self.coercer.coerce(left, wanted), coerced), all=all_, at=at)

    def quantified(self, symbol: str, left: exp.Expression, right: exp.Expression, where: int | None = None) -> e.Expr:
        """left op ANY | ALL (array or subquery)."""
        every = isinstance(right, (exp.All, exp.Anonymous))
        inner = bare(right.expressions[0] if isinstance(right, exp.Anonymous) else right.this)
        at = self.leaves.operator_at(right, symbol) if where is None else where
        if isinstance(inner, (exp.Query, exp.Values)) and not isinstance(inner, exp.Paren):
            return self.sublink("all" if every else "any", symbol, left, inner, at)
        bound, array = self.bind(left), self.bind(inner)
        if array.type.oid == UNKNOWN.oid:
            type = array_type(self.binder.catalog, bound.type if bound.type.oid != UNKNOWN.oid else TEXT)
            assert type is not None
            array = self.coercer.coerce(array, type)
        if not array.type.is_array:
            raise WrongObjectType("op ANY/ALL (array) requires array on right side", at=at)
        element = e.ElementRef(type=self.coercer.type(array.type.element))
        operator = self.binder.chooser.operator(self.binder.catalog.operators_named(symbol), symbol, [bound, element], at)
        return self.array_operator(operator, bound, array, every, at)

    def sublink(self, kind: str, symbol: str, left: exp.Expression, query: exp.Expression, at: int) -> e.Expr:
        """left op ANY | ALL (subquery), IN."""
        plan = self.query_of(query, at)
        bound = self.bind(left)
        sides: Sequence[e.Expr] = (self.row_items(left) if isinstance(bound, e.RowExpr) and not bound.whole else None) or [bound]
        if len(sides) != len(plan.outputs):
            many = "subquery has too many columns" if len(plan.outputs) > len(sides) else "subquery has too few columns"
            raise SqlSyntaxError(many, at=at)
        tests = [self.operator(symbol, [side, column(output)], at) for side, output in zip(sides, plan.outputs, strict=True)]
        test = tests[0] if len(tests) == 1 else e.And(type=BOOL, args=tuple(tests))
        return e.SubLink(type=BOOL, kind=kind, query=plan, test=test, left=bound, symbol=symbol, at=at)

    def row_sublink(self, symbol: str, left: Sequence[e.Expr], query: exp.Expression, at: int) -> e.Expr:
        """(a, b) op (subquery) of one row."""
        plan = self.query_of(query, at)
        if len(left) != len(plan.outputs):
            raise SqlSyntaxError("subquery has too many columns" if len(plan.outputs) > len(left) else "subquery has too few columns", at=at)
        test = self.row_comparison(symbol, left, [column(output) for output in plan.outputs], at)
        tests = test.args if isinstance(test, (e.And, e.Or)) else (test,)
        compared = test.left if isinstance(test, e.RowCompare) else tuple(one.args[0] for one in tests if isinstance(one, e.OpCall))
        return e.SubLink(type=BOOL, kind="row", query=plan, test=test, left=e.RowExpr(type=RECORD, args=compared), symbol=symbol, at=at)

    def pattern(self, node: exp.Expression, negated: bool) -> e.Expr:
        """[NOT] LIKE, ILIKE, SIMILAR TO with ESCAPE."""
        escape = None
        if isinstance(node, exp.Escape):
            escape, node = node.expression, node.this
        word, symbol = {exp.Like: ("like", "~~"), exp.ILike: ("ilike", "~~*"), exp.SimilarTo: ("similar", "~")}[type(node)]
        if node.args.get("negate"):
            negated = not negated
        at = self.leaves.operator_at(node.expression, word)
        if is_quantifier(node.expression) and word != "similar" and escape is None:
            return self.quantified("!" + symbol if negated else symbol, node.this, node.expression, at)
        left, right = self.bind(node.this), self.bind(node.expression)
        if isinstance(node, exp.SimilarTo) or escape is not None:
            args = [self.coercer.coerce(right, TEXT)]
            if escape is not None:
                args.append(e.Const(type=TEXT, value=self.leaves.source.tokens[int(escape.this)].text))
            name = "similar_to_escape" if isinstance(node, exp.SimilarTo) else "like_escape"
            right = self.known_call(name, args, at, "call")
        return self.operator("!" + symbol if negated else symbol, [left, right], at)


def is_quantifier(node: exp.Expression) -> bool:
    """ANY (...) or ALL (...); the latter is a call to sqlglot where no query stands in it."""
    return isinstance(node, (exp.Any, exp.All)) or (isinstance(node, exp.Anonymous) and node.this == "ALL" and len(node.expressions) == 1)


def bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren) or (isinstance(node, exp.Subquery) and not any(v for k, v in node.args.items() if k != "this")):
        node = node.this
    return node


def _has_column(expr: e.Expr) -> bool:
    return any(isinstance(item, (e.ColumnRef, e.SubLink)) for item in expressions(expr))
