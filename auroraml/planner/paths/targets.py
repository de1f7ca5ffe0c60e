"""What each stage of a level computes: scan and join columns, group and window inputs, sort inputs (planner.c: make_*_target)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.planner.level.level import Level, plain
from auroraml.planner.level.questions import equal, parts, returns_set, volatile, walk
from auroraml.planner.level.relation import Target


def variables(node: object, *, aggregates: bool = False, windows: bool = False) -> list[e.Expr]:
    """Columns (and, if asked for, whole aggregate and window calls) of an expression in order (pull_var_clause)."""
    found: list[e.Expr] = []

    def visit(part: object) -> None:
        if isinstance(part, e.ColumnRef):
            found.append(plain(part))
            return
        if isinstance(part, e.WholeRow):
            for id, attribute in zip(part.ids, part.type.attributes, strict=False):
                found.append(e.ColumnRef(type=attribute.type, typmod=attribute.typmod, id=id, name=attribute.name))
            return
        if (aggregates and isinstance(part, e.Aggregate | e.Grouping)) or (windows and isinstance(part, e.WindowCall)):
            found.append(part)
            return
        for child in parts(part):
            visit(child)

    visit(node)
    return found


def add_new(target: Target, exprs: Sequence[e.Expr]) -> None:
    """Add what is not there yet (add_new_columns_to_pathtarget)."""
    for expr in exprs:
        if not any(equal(expr, known) for known in target.exprs):
            target.exprs.append(expr)
            target.refs.append(0)


def apart(target: Target, refs: set[int]) -> tuple[Target, list[e.Expr]]:
    """The columns of a target that have one of `refs`, and the others."""
    made = Target([])
    others: list[e.Expr] = []
    for expr, ref in zip(target.exprs, target.refs, strict=True):
        if ref and ref in refs:
            made.exprs.append(expr)
            made.refs.append(ref)
        else:
            others.append(expr)
    return made, others


class Targets:
    """The targets of one level, each made when it is asked for."""

    def __init__(self, level: Level) -> None:
        self.level = level
        used = {c.ref for c in (*level.group_clauses, *level.sort_clauses, *level.distinct_clauses)}
        self.window_refs: set[int] = set()
        for clauses in level.window_clauses:
            self.window_refs |= {c.ref for c in clauses[0]} | {c.ref for c in clauses[1]}
        used |= self.window_refs
        self.final = Target([t.expr for t in level.targets], [i + 1 if i + 1 in used else 0 for i in range(len(level.targets))])
        level.estimates.finish(self.final)

    def sort_input(self) -> Target:
        """What is computed before the final sort; volatile and costly columns come after (make_sort_input_target)."""
        level, final = self.level, self.final
        if not level.sort_clauses:
            return final
        sets = sorted_sets = volatiles = expensive = False
        postponed: set[int] = set()
        set_columns: set[int] = set()
        for i, expr in enumerate(final.exprs):
            is_set = returns_set(expr)
            if final.refs[i]:
                sorted_sets = sorted_sets or is_set
                continue
            if is_set:
                sets = True
                set_columns.add(i)
            elif volatile(expr):
                postponed.add(i)
                volatiles = True
            elif level.estimates.costs.of(expr)[1] > 10 * level.costs.operator:
                postponed.add(i)
                expensive = True
        postpone_sets = sets and not sorted_sets
        if not (postpone_sets or volatiles or (expensive and (level.query.limit is not None or level.tuple_fraction > 0))):
            return final
        made = Target([])
        later: list[e.Expr] = []
        for i, expr in enumerate(final.exprs):
            if i in postponed or (postpone_sets and i in set_columns):
                later.append(expr)
            else:
                made.exprs.append(expr)
                made.refs.append(final.refs[i])
        for expr in later:
            add_new(made, variables(expr, aggregates=True, windows=True))
        return level.estimates.finish(made)

    def window_input(self) -> Target:
        """What window functions read (make_window_input_target)."""
        level, final = self.level, self.final
        made, others = apart(final, self.window_refs | {c.ref for c in level.group_clauses})
        for expr in others:
            add_new(made, variables(expr, aggregates=True))
        return level.estimates.finish(made)

    def group_input(self) -> Target:
        """What grouping reads: its keys, then the columns of everything else (make_group_input_target)."""
        level, final = self.level, self.final
        made, others = apart(final, {c.ref for c in level.group_clauses})
        for expr in (*others, *level.query.having):
            add_new(made, variables(expr))
        return level.estimates.finish(made)


def split_sets(level: Level, target: Target) -> list[tuple[Target, bool]]:
    """A target with set-returning functions as steps: below them, the functions, what stands above (split_pathtarget_at_srfs)."""
    if not any(returns_set(x) for x in target.exprs):
        return [(target, False)]
    steps: list[tuple[Target, bool]] = [(target, False)]
    while any(returns_set(x) for x in steps[0][0].exprs):
        whole = steps[0][0]
        sets = Target([])
        below = Target([])
        plain_top = not any(returns_set(x) and not _plain_set(x) for x in whole.exprs)
        beside = Target([])  # what the step hands up beside the sets' values: behind them, unless the step is the last
        for expr, ref in zip(whole.exprs, whole.refs, strict=True):
            if _plain_set(expr):
                assert isinstance(expr, e.Call)
                sets.exprs.append(expr)
                sets.refs.append(ref)
                for arg in expr.args:
                    add_new(below, variables(arg, aggregates=True, windows=True))
            elif returns_set(expr):
                _lowest(expr, sets, below, beside)
            else:
                part = sets if plain_top else beside
                part.exprs.append(expr)
                part.refs.append(ref)
                if not any(equal(expr, x) for x in below.exprs):
                    below.exprs.append(expr)
                    below.refs.append(ref)
        for expr, ref in zip(beside.exprs, beside.refs, strict=True):
            if ref or not any(equal(expr, x) for x in sets.exprs):
                sets.exprs.append(expr)
                sets.refs.append(ref)
        level.estimates.finish(sets)
        level.estimates.finish(below)
        if plain_top and len(steps) == 1:
            steps = [(below, False), (sets, True)]
        else:
            steps = [(below, False), (sets, True), *steps]
    return steps


def _plain_set(expr: e.Expr) -> bool:
    """Whether an expression is a set-returning call over single values."""
    return isinstance(expr, e.Call) and expr.function.returns_set and not any(returns_set(a) for a in expr.args)


def _lowest(expr: e.Expr, sets: Target, below: Target, beside: Target) -> None:
    """The innermost set-returning calls of an expression, and the columns it needs beside them."""
    if isinstance(expr, e.Call) and expr.function.returns_set and not any(returns_set(a) for a in expr.args):
        add_new(sets, [expr])
        for arg in expr.args:
            add_new(below, variables(arg, aggregates=True, windows=True))
        return
    if isinstance(expr, e.ColumnRef | e.Aggregate | e.Grouping | e.WindowCall):
        add_new(beside, [expr])
        add_new(below, [expr])
        return
    for part in parts(expr):
        if isinstance(part, e.Expr):
            _lowest(part, sets, below, beside)
        else:
            for inner in walk(part):
                if isinstance(inner, e.Expr):
                    _lowest(inner, sets, below, beside)
                    break
