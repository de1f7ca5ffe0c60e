"""What plans read: the parameters set outside them, and whether running them twice, or for many loops at once, gives the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import children, walk


def free_parameters(plan: object, initial: Mapping[int, e.SubPlan], ctes: Mapping[int, e.SubPlan]) -> frozenset[int]:
    """The exec parameters that a plan or expression reads and does not set; those of the init plans and WITH queries it reads included."""
    read: set[int] = set()
    made: set[int] = set()
    through: set[int] = set()
    for item in walk(plan):
        if isinstance(item, e.ParamRef) and item.kind == "exec":
            read.add(item.number)
        elif isinstance(item, p.NestedLoop):
            made.update(number for number, _ in item.params)
        elif isinstance(item, e.SubPlan):
            made.update(item.outputs)
            made.update(number for number, _ in item.params)
        elif isinstance(item, p.CteScan):
            through.add(item.cte)
        elif isinstance(item, p.WorkTableScan):
            read.add(-item.work_table)  # what a step reads changes like a parameter
        elif isinstance(item, p.RecursiveUnion):
            made.add(-item.work_table)
    found = read - made
    for number in read:
        if number in initial and number not in made:
            found |= free_parameters(initial[number].plan, initial, ctes)
    for index in through:
        if index in ctes:
            found |= free_parameters(ctes[index].plan, initial, ctes)
    return frozenset(found)


def own_expressions(node: p.PhysicalPlan) -> Iterator[object]:
    """Everything in a node's own expressions, the plans of their subqueries included."""
    below = {id(child) for child in node.children()}
    for part in children(node):
        if id(part) not in below:
            yield from walk(part)


def _volatile(items: Iterator[object]) -> bool:
    return any(getattr(getattr(item, "function", None), "volatility", "i") == "v" for item in items)


def is_volatile(node: p.PhysicalPlan) -> bool:
    """Whether a node's own expressions call a volatile function: it is never evaluated ahead or again."""
    return _volatile(own_expressions(node))


def any_volatile(plan: object) -> bool:
    """Whether anything in a plan calls a volatile function."""
    return _volatile(walk(plan))


_ROW_BY_ROW = (p.RecursiveUnion, p.WorkTableScan, p.LockRows, p.ModifyTable)


def runs_set_wise(plan: p.PhysicalPlan, ctes: Mapping[int, e.SubPlan], initial: Mapping[int, e.SubPlan]) -> bool:
    """Whether a plan with parameters can run for many loops at once."""
    for item in walk(plan):
        if isinstance(item, _ROW_BY_ROW):
            return False
        if isinstance(item, p.Join) and item.kind in ("right", "full"):
            return False
        if isinstance(item, p.Limit) and any(isinstance(x, e.ParamRef | e.SubPlan) for part in (item.count, item.offset) if part for x in walk(part)):
            return False
        if isinstance(item, p.CteScan) and item.cte in ctes and free_parameters(ctes[item.cte].plan, initial, ctes):
            return False
    return not any_volatile(plan)
