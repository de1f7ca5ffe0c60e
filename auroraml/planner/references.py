"""Column ids to positions: what a logical expression reads at a place in the physical plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auroraml.ir import expr as e
from auroraml.ir.tree import rewrite, walk

Layout = Mapping[int, e.Expr]  # column id to the expression that reads it (InputRef, usually)


@dataclass(kw_only=True)
class Outer:
    """The level outside a subquery or LATERAL item: gives columns through exec parameters."""

    new_parameter: Callable[[], int]
    params: dict[int, e.ParamRef] = field(default_factory=dict)  # column id to parameter
    refs: dict[int, e.ColumnRef] = field(default_factory=dict)

    def reference(self, ref: e.ColumnRef) -> e.ParamRef:
        """The parameter that carries an outer column."""
        found = self.params.get(ref.id)
        if found is None:
            found = e.ParamRef(type=ref.type, typmod=ref.typmod, number=self.new_parameter(), kind="exec", name=ref.name)
            self.params[ref.id] = found
            self.refs[ref.id] = ref
        return found


def ids_in(node: object) -> frozenset[int]:
    """The column ids read anywhere in `node`."""
    return frozenset(x.id for x in walk(node) if isinstance(x, e.ColumnRef))


def shift(expr: e.Expr, side: int) -> e.Expr:
    """A reference to the same position of the other side."""
    return replace(expr, side=side) if isinstance(expr, e.InputRef) else expr


def substitute(expr: e.Expr, targets: Sequence[e.Expr]) -> e.Expr:
    """`expr` over a node's outputs as an expression over the node's inputs."""

    def change(node: object) -> object | None:
        if not isinstance(node, e.InputRef) or node.side != 0:
            return None
        found = targets[node.index]
        if node.original is not None and isinstance(found, e.InputRef):
            return replace(found, original=rewrite(node.original, change))
        return found

    return rewrite(expr, change)
