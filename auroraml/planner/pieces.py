"""Pieces: plans under construction, with the place of each logical column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.ir.objects import Column, Relation
from auroraml.ir.tree import walk
from auroraml.planner.references import Layout, shift, substitute


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A plan under construction: the node, and where its outputs are."""

    node: p.PhysicalPlan
    layout: dict[int, e.Expr]
    rows: float = 1.0


def both(left: Piece, right: Piece) -> Layout:
    """Both sides' columns as a join's conditions read them."""
    return {**left.layout, **{id: shift(ref, 1) for id, ref in right.layout.items()}}


def beside(left: Piece, right: Piece) -> tuple[dict[int, e.Expr], tuple[e.Expr, ...]]:
    """The layout and targets of a join that hands on both sides' columns."""
    entries = [*left.layout.items(), *((id, shift(ref, 1)) for id, ref in right.layout.items())]
    layout: dict[int, e.Expr] = {
        id: e.InputRef(type=ref.type, typmod=ref.typmod, index=i, name=getattr(ref, "name", "")) for i, (id, ref) in enumerate(entries)
    }
    return layout, tuple(ref for _, ref in entries)


def ordered(conjuncts: Sequence[e.Expr]) -> list[e.Expr]:
    """Conjuncts by cost per row, cheap ones first, otherwise as written."""

    def cost(expr: e.Expr) -> float:
        total = 0.0
        for x in walk(expr):
            if isinstance(x, e.Call | e.OpCall):
                total += x.function.cost
            elif isinstance(x, e.SubLink):
                total += 10_000
        return total

    return sorted(conjuncts, key=cost)


def live(relation: Relation) -> list[Column]:
    """The columns that were not dropped."""
    return [c for c in relation.columns if not c.dropped]


def refs_of(outputs: Sequence[l.Output]) -> tuple[e.Expr, ...]:
    """References to a child's outputs, one for one."""
    return tuple(e.InputRef(type=o.type, typmod=o.typmod, index=i, name=o.name) for i, o in enumerate(outputs))


_COMPUTES = (p.SeqScan, p.FunctionScan, p.ValuesScan, p.CteScan, p.WorkTableScan, p.SubqueryScan, p.Join, p.Aggregate, p.Result, p.WindowAgg)


def project(node: p.PhysicalPlan, exprs: Sequence[e.Expr]) -> p.PhysicalPlan:
    """`exprs` over a node's outputs, computed by the node itself where its kind can."""
    if isinstance(node, _COMPUTES) and node.targets:
        return replace(node, targets=tuple(substitute(x, node.targets) for x in exprs))
    return p.Result(source=node, targets=tuple(exprs))
