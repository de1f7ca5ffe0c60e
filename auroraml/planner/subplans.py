"""Subqueries in expressions become SubPlans and InitPlans, planned at once (make_subplan, build_subplan, cost_subplan)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.planner.cost.alternatives import Alternatives
from auroraml.planner.cost.numbers import clamp_rows, max_align
from auroraml.planner.cost.sorts import material
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import conjuncts, contains, rewrite, volatile, walk
from auroraml.planner.level.statement import Outer
from auroraml.planner.paths.index_match import commuted
from auroraml.planner.rules.join_tree import outer_ids, read_ids
from auroraml.planner.rules.pull_up_sublinks import simplify_exists
from auroraml.records import replace

FRACTIONS: Final = {"exists": 1.0, "any": 0.5, "all": 0.5}
MATERIALIZES: Final = (p.Materialize, p.FunctionScan, p.CteScan, p.Sort, p.WorkTableScan)


def plan_sublink(level: Level, link: e.SubLink, top: bool, filled: Callable[[e.Expr], e.Expr]) -> e.Expr:
    """What stands for a subquery in an expression: a SubPlan, or the parameter that an InitPlan sets; `filled` makes ready what it gets."""
    query = link.query
    simple = simplify_exists(query) if link.kind == "exists" and isinstance(query, l.Query) else None
    query = simple or query
    outer = Outer(level)
    sub = level.statement.plan_query(query, outer, FRACTIONS.get(link.kind, 0.0))
    node = level.statement.emit(sub)
    params = tuple((number, filled(ref)) for number, ref in outer.refs)
    if not params and link.kind in ("exists", "scalar", "array"):
        output = level.statement.new_parameter()
        index = level.statement.new_subplan(sub)
        startup, per_call = _cost(level, link.kind, node, None, False, False)
        plan = e.SubPlan(type=link.type, typmod=link.typmod, kind=link.kind, plan=node, index=index, outputs=(output,),
                         startup_cost=startup, per_call_cost=per_call)  # fmt: skip
        level.init_plans.append(plan)
        level.init_cost += startup + per_call
        return e.ParamRef(type=link.type, typmod=link.typmod, number=output, kind="exec")
    test: e.Expr | None = None
    outputs: tuple[int, ...] = ()
    if link.test is not None:  # the outputs' parameters
        numbers = {o.id: e.ParamRef(type=o.type, typmod=o.typmod, number=level.statement.new_parameter(), kind="exec") for o in link.query.outputs}
        outputs = tuple(n.number for n in numbers.values())

        def change(part: object) -> object | None:
            return numbers.get(part.id) if isinstance(part, e.ColumnRef) else None

        test = rewrite(link.test, change)
        if link.kind == "row" and not params:
            startup, per_call = _cost(level, link.kind, node, None, False, False)
            plan = e.SubPlan(type=link.type, kind="scalar", plan=node, index=level.statement.new_subplan(sub), outputs=outputs,
                             startup_cost=startup, per_call_cost=per_call)  # fmt: skip
            level.init_plans.append(plan)
            level.init_cost += startup + per_call
            return test
    hashed = link.kind == "any" and not params and test is not None and _hashable(level, test, node, set(outputs))
    if not hashed and not params and link.kind in ("any", "all") and level.costs.material and not isinstance(node, MATERIALIZES):
        node = materialized(level, node)
    index = level.statement.new_subplan(sub)
    startup, per_call = _cost(level, link.kind, node, test, hashed, bool(params))
    made = e.SubPlan(type=link.type, typmod=link.typmod, kind=link.kind, plan=node, index=index, params=params, test=test,
                     outputs=outputs, hashed=hashed, startup_cost=startup, per_call_cost=per_call, parallel_safe=sub.plan_safe)  # fmt: skip
    if link.kind == "exists" and simple is not None:
        second = _hashed_exists(level, link, simple)
        if second is not None:
            return Alternatives(type=link.type, first=made, second=second)
    return made


def plan_multi(level: Level, link: e.SubLink, filled: Callable[[e.Expr], e.Expr]) -> e.SubPlan:
    """One row whose fields are assigned to several columns (MULTIEXPR): planned once, an InitPlan where nothing outside is read."""
    found = level.multis.get(link.number)
    if found is None:
        outer = Outer(level)
        sub = level.statement.plan_query(link.query, outer, 0.0)
        node = level.statement.emit(sub)
        params = tuple((number, filled(ref)) for number, ref in outer.refs)
        outputs = tuple(level.statement.new_parameter() for _ in link.query.outputs)
        startup, per_call = _cost(level, link.kind, node, None, False, bool(params))
        found = level.multis[link.number] = e.SubPlan(
            type=link.type, kind=link.kind if params else "scalar", plan=node, index=level.statement.new_subplan(sub), params=params, outputs=outputs,
            startup_cost=startup, per_call_cost=per_call,
        )  # fmt: skip
        if not params:
            level.init_plans.append(found)
            level.init_cost += startup + per_call
    return found


def multi_field(level: Level, field: e.FieldSelect, link: e.SubLink, filled: Callable[[e.Expr], e.Expr]) -> e.Expr:
    """A field of such a row."""
    plan = plan_multi(level, link, filled)
    if plan.params:
        return replace(field, arg=plan)
    return e.ParamRef(type=field.type, typmod=field.typmod, number=plan.outputs[field.index], kind="exec")


def _hashed_exists(level: Level, link: e.SubLink, query: l.Query) -> e.SubPlan | None:
    """EXISTS as a look-up in all the inner side's values, where its conditions are equalities (convert_EXISTS_to_ANY)."""
    rest = replace(query, where=())
    if query.ctes or not query.from_items or outer_ids(rest) or any(volatile(w) for w in query.where):
        return None
    inside = frozenset(o.id for item in query.from_items for o in item.outputs)

    def outside(part: object) -> object | None:
        if isinstance(part, e.ColumnRef) and part.id not in inside and part.id not in level.ids and level.outer is not None:
            return level.outer.reference(part)
        return None

    outer_side: list[e.Expr] = []
    inner_side: list[e.Expr] = []
    conditions: list[e.OpCall] = []
    kept: list[e.Expr] = []
    for condition in [c for w in query.where for c in conjuncts(w)]:
        pair = _sides(condition, inside)
        if pair is None:
            kept.append(condition)
            continue
        pair = rewrite(pair, outside)
        conditions.append(pair)
        outer_side.append(pair.args[0])
        inner_side.append(pair.args[1])
    if not conditions or any(read_ids(k) - inside for k in kept):
        return None
    if any(read_ids(x) - inside for x in inner_side) or any(read_ids(x) & inside or contains(x, e.SubLink, e.SubPlan) for x in outer_side):
        return None
    statement = level.statement
    targets = tuple(l.Target(id=statement.new_id(), name="", expr=x) for x in inner_side)
    outputs = tuple(l.Output(id=t.id, name="", type=t.expr.type, typmod=t.expr.typmod) for t in targets)
    params = [e.ParamRef(type=o.type, typmod=o.typmod, number=statement.new_parameter(), kind="exec") for o in outputs]
    tests = [replace(c, args=(c.args[0], param)) for c, param in zip(conditions, params, strict=True)]
    test: e.Expr = tests[0] if len(tests) == 1 else e.And(type=tests[0].type, args=tuple(tests))
    outer = Outer(level)
    sub = statement.plan_query(replace(query, where=tuple(kept), targets=targets, outputs=outputs), outer, 0.0)
    node = statement.emit(sub)
    numbers = tuple(param.number for param in params)
    if outer.refs or not _hashable(level, test, node, set(numbers)):
        return None
    index = statement.new_subplan(sub)
    startup, per_call = _cost(level, "any", node, test, True, False)
    return e.SubPlan(type=link.type, kind="any", plan=node, index=index, test=test, outputs=numbers, hashed=True,
                     startup_cost=startup, per_call_cost=per_call, parallel_safe=sub.plan_safe)  # fmt: skip


def _sides(condition: e.Expr, inside: frozenset[int]) -> e.OpCall | None:
    """A hashable equality with its outer side on the left."""
    if not isinstance(condition, e.OpCall) or len(condition.args) != 2 or not condition.operator.can_hash or not condition.function.strict:
        return None
    if read_ids(condition.args[0]) - inside:
        return condition
    return commuted(condition) if read_ids(condition.args[1]) - inside else None


def materialized(level: Level, node: p.PhysicalPlan) -> p.PhysicalPlan:
    """A finished plan under a Materialize (materialize_finished_plan)."""
    c = node.cost
    startup, total = material(level.costs, c.startup, c.total, c.rows, c.width)
    targets = tuple(e.InputRef(type=t.type, typmod=t.typmod, index=i) for i, t in enumerate(node.targets))
    cost = p.Cost(startup=startup, total=total, rows=c.rows, width=c.width)
    return p.Materialize(source=node, targets=targets, cost=cost)


def _hashable(level: Level, test: e.Expr, node: p.PhysicalPlan, outputs: set[int]) -> bool:
    """Whether the subquery fits a hash table and the test can probe it (subplan_is_hashable, testexpr_is_hashable)."""
    if node.cost.rows * (max_align(node.cost.width) + 24) > level.costs.hash_memory:
        return False
    for condition in conjuncts(test):
        if not isinstance(condition, e.OpCall) or len(condition.args) != 2 or not condition.operator.can_hash or not condition.function.strict:
            return False
        if any(isinstance(x, e.ParamRef) and x.number in outputs and x.kind == "exec" for x in walk(condition.args[0])):
            return False
        if any(isinstance(x, e.ColumnRef) for x in walk(condition.args[1])):
            return False
    return True


def _cost(level: Level, kind: str, node: p.PhysicalPlan, test: e.Expr | None, hashed: bool, correlated: bool) -> tuple[float, float]:
    """Startup and per-call cost (cost_subplan)."""
    startup, per_tuple = level.estimates.costs.total(conjuncts(test))
    operator = level.costs.operator
    plan = node.cost
    if hashed:
        return startup + plan.total + operator * plan.rows, per_tuple
    run = plan.total - plan.startup
    if kind == "exists":
        per_tuple += run / clamp_rows(plan.rows)
    elif kind in ("any", "all"):
        per_tuple += 0.50 * run
        per_tuple += 0.50 * plan.rows * operator
    else:
        per_tuple += run
    if not correlated and isinstance(node, MATERIALIZES):
        startup += plan.startup
    else:
        per_tuple += plan.startup
    return startup, per_tuple
