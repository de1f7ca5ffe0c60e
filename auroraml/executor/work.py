"""Work: what a plan node's work is called in the table of engine times: its kind, with the values that it sorts or looks up, and what its functions compute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auroraml.executor.engine_times import OPERATIONS
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import every
from auroraml.types.pg_type import PgType

VALUES = ("number", "numeric", "text", "other")  # kinds of values, the quickest first
CATEGORIES = {"N": "number", "B": "number", "D": "number", "S": "text"}


def output_type(node: p.PhysicalPlan, index: int) -> PgType:
    """The type of a node's output column."""
    while not node.targets and node.children():
        node = node.children()[0]
    return node.targets[index].type


def value_of(type: PgType) -> str:
    """The kind of a type's values; OIDs and the like are other ones."""
    return "numeric" if type.name == "numeric" else CATEGORIES.get(type.category, "other")


def slowest(types: Iterable[PgType]) -> str:
    """The kind of several values together."""
    return max((value_of(type) for type in types), key=VALUES.index, default=VALUES[0])


def kind_of(node: p.PhysicalPlan) -> str:
    """A node's kind, whatever values it has."""
    if isinstance(node, p.Aggregate):
        return f"{node.strategy.capitalize()}Aggregate"
    return "BatchFunctionScan" if isinstance(node, p.FunctionScan) and node.batch else type(node).__name__


def work_of(node: p.PhysicalPlan, bounded: bool = False) -> str:
    """What a node's rates are known by; `bounded`: it was told that no more than its first rows are wanted."""
    kind, types = kind_of(node), keys_of(node)
    if isinstance(node, p.Sort) and bounded:
        kind = f"Top{kind}"
    return f"{kind} by {slowest(types)}{' and more' if len(types) > 1 else ''}" if types else kind


def keys_of(node: p.PhysicalPlan) -> list[PgType]:
    """The types of the values by which a node sorts rows or looks them up."""
    if isinstance(node, p.Sort):
        return [output_type(node.source, key.index) for key in node.keys]
    if isinstance(node, p.Aggregate) and node.strategy == "hashed":
        return [output_type(node.source, key) for key in node.keys]
    if isinstance(node, p.HashJoin):
        return [found.args[0].type for found in node.hash_conditions if isinstance(found, e.OpCall)]
    return []


def computed(exprs: Sequence[e.Expr]) -> list[str]:
    """The functions and operators in expressions, each by what it is: an aggregate, a comparison or a calculation, and the slowest values it has."""
    found = []
    for expr in exprs:
        for part in every(expr):
            if isinstance(part, e.Aggregate | e.WindowCall):
                found.append(f"aggregate of {slowest(arg.type for arg in part.args)}")
            elif isinstance(part, e.Call | e.OpCall):
                found.append(f"operation on {slowest((part.type, *(arg.type for arg in part.args)))}")
    return found


def operations(exprs: Sequence[e.Expr]) -> float:
    """The nanoseconds that expressions take a row."""
    return sum(OPERATIONS[name] for name in computed(exprs))
