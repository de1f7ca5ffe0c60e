"""What each stage of a level computes: scan and join columns, group and window inputs, sort inputs (planner.c: make_*_target)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.planner.level.level import Level, plain
from auroraml.planner.level.questions import equal, parts, returns_set, volatile
from auroraml.planner.level.relation import Target


def variables(node: object, *, aggregates: bool = False, windows: bool = False) -> list[e.Expr]:
    """Columns (and, if asked for, whole aggregate and window calls) of an expression in order (pull_var_clause)."""
    found: list[e.Expr] = []
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, e.ColumnRef):
            found.append(plain(part))
        elif isinstance(part, e.WholeRow):
            for id, attribute in zip(part.ids, part.type.attributes, strict=False):
                found.append(e.ColumnRef(type=attribute.type, typmod=attribute.typmod, id=id, name=attribute.name))
        elif (aggregates and isinstance(part, (e.Aggregate, e.Grouping))) or (windows and isinstance(part, e.WindowCall)):
            found.append(part)
        else:
            pending += reversed(parts(part))
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


def split_sets(level: Level, target: Target, given: Target | None = None) -> list[tuple[Target, bool]]:
    """A target with set-returning functions as steps: what is below them, the functions level by level, what stands above; and which make sets.

    What `given`, the target of the step before, has is not computed again (split_pathtarget_at_srfs).
    """
    if target is given or not any(returns_set(x) for x in target.exprs):
        return [(target, False)]
    split = _Split(given)
    for expr, ref in zip(target.exprs, target.refs, strict=True):
        split.take(expr, ref)
    return split.steps(level, target)


Item = tuple[e.Expr, int]  # an expression and its reference


class _Split:
    """The set-returning calls of a target by depth, what each level reads, what the last one does."""

    def __init__(self, given: Target | None) -> None:
        self.given = given
        self.sets: list[list[Item]] = [[]]  # by level; none at level 0
        self.inputs: list[list[Item]] = [[]]  # columns that the calls of a level read
        self.results: list[list[Item]] = [[]]  # calls below that they read
        self.top_inputs: list[Item] = []
        self.top_results: list[Item] = []
        self.depth = 0
        self.above = False  # something is computed over the deepest calls

    def take(self, expr: e.Expr, ref: int) -> None:
        """One expression of the target."""
        depth = self._walk(expr, ref, self.top_inputs, self.top_results)
        if depth > self.depth:
            self.depth, self.above = depth, False
        if depth and depth == self.depth and not _is_set(expr):
            self.above = True

    def _walk(self, node: object, ref: int, inputs: list[Item], results: list[Item]) -> int:
        if isinstance(node, e.Expr) and self.given is not None and any(equal(node, x) for x in self.given.exprs):
            inputs.append((node, ref))
            return 0
        if isinstance(node, (e.ColumnRef, e.Aggregate, e.Grouping, e.WindowCall)):
            inputs.append((plain(node) if isinstance(node, e.ColumnRef) else node, ref))
            return 0
        if isinstance(node, e.WholeRow):
            inputs += [(x, 0) for x in variables(node)]
            return 0
        if not _is_set(node):
            return max((self._walk(part, 0, inputs, results) for part in parts(node)), default=0)
        assert isinstance(node, e.Call)
        own_inputs: list[Item] = []
        own_results: list[Item] = []
        depth = 1 + max((self._walk(part, 0, own_inputs, own_results) for part in parts(node)), default=0)
        if depth >= len(self.sets):
            for lists in (self.sets, self.inputs, self.results):
                lists.append([])
        self.sets[depth].append((node, ref))
        self.inputs[depth] += own_inputs
        self.results[depth] += own_results
        results.append((node, ref))
        return depth

    def steps(self, level: Level, target: Target) -> list[tuple[Target, bool]]:
        """A target for each level, the last one being the whole."""
        if not self.depth:
            return [(target, False)]
        if self.above:
            for lists in (self.sets, self.inputs, self.results):
                lists.append([])
        found: list[tuple[Target, bool]] = []
        last = len(self.sets) - 1
        before: list[e.Expr] = []
        for i, sets in enumerate(self.sets):
            made = target
            if i < last:
                made = Target([])
                for item in (*sets, *(x for later in self.inputs[i + 1 :] for x in later), *self.top_inputs):
                    _add_item(made, item)
                for item in (*(x for later in self.results[i + 1 :] for x in later), *self.top_results):
                    if any(equal(item[0], x) for x in before):
                        _add_item(made, item)
                level.estimates.finish(made)
            found.append((made, bool(sets)))
            before = made.exprs
        return found


def _add_item(target: Target, item: Item) -> None:
    """add_sp_item_to_pathtarget."""
    expr, ref = item
    for i, known in enumerate(target.exprs):
        if equal(known, expr) and (not ref or not target.refs[i] or ref == target.refs[i]):
            target.refs[i] = target.refs[i] or ref
            return
    target.exprs.append(expr)
    target.refs.append(ref)


def _is_set(node: object) -> bool:
    return isinstance(node, e.Call) and node.function.returns_set
