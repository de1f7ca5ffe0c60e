"""What column references and parameters are called inside a physical plan: references resolved down to scans, parameters up to their owners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from auroraml.dispatch import singledispatch
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.deparse import Deparser, quote_identifier
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType
from auroraml.types.table import ANY


class PlanDeparser(Deparser):
    """Writes expressions of plans."""

    planned = True


@dataclass(frozen=True, kw_only=True)
class Place:
    """A node with its ancestors: `carried` maps exec parameters to the expression that sets them and the place it is written in.

    `looped` has those of nested loops, which are not known by name inside init plans and subplans.
    """

    node: p.PhysicalPlan
    carried: dict[int, tuple[e.Expr, Place]]
    looped: dict[int, tuple[e.Expr, Place]]
    aliases: dict[int, str]  # node id to the unique alias
    prefix: bool = False
    resolve: Callable[[int], PgType] | None = None
    visible: Callable[[str, str], bool] | None = None  # whether the search path finds function (name, schema)
    verbose: bool = False
    costs: bool = True
    timing: bool = True
    sort_memory: int = 4 << 20  # work_mem in bytes
    hash_memory: int = 8 << 20  # bytes a hash table may take
    conflict: bool = False  # expressions of ON CONFLICT DO UPDATE, where a column may be the proposed row's
    originals: bool = False  # calls that were moved to FROM are written as calls, as in Output; elsewhere as the columns they are now

    def at(self, node: p.PhysicalPlan) -> Place:
        """The same plan seen from `node`."""
        return replace(self, node=node)

    def within(self, plan: e.SubPlan, setter: Place) -> Place:
        """The place of a subplan's own plan; `setter` is where its arguments are written."""
        assert plan.plan is not None
        return replace(self, node=plan.plan, carried={**self.carried, **{number: (expr, setter) for number, expr in plan.params}}, looped={})

    def output(self) -> Place:
        """The same place, for its Output."""
        return replace(self, originals=True)

    def prefixed(self, prefix: bool) -> Place:
        """The same place, columns written with or without their alias."""
        return replace(self, prefix=prefix)

    def text(self, expr: e.Expr, show_implicit: bool = False) -> str:
        """`expr` of this node as SQL."""
        if isinstance(expr, e.RowExpr) and expr.whole:
            return PlanDeparser(PlanNames(self.prefixed(True)), self.resolve).text(expr)
        names = ConflictNames(self) if self.conflict else PlanNames(self)
        return PlanDeparser(names, self.resolve).text(expr, show_implicit)

    def outer(self) -> Place:
        """The place of the first child."""
        return self.at(self.node.children()[0])


def subplan_name(plan: e.SubPlan) -> str:
    """ "SubPlan 1", with the parameters it sets where its row is assigned to several columns."""
    if plan.kind != "multi":
        return f"SubPlan {plan.index}"
    return f"SubPlan {plan.index} (returns {','.join(f'${number}' for number in plan.outputs)})"


def _simple(expr: e.Expr) -> bool:
    return isinstance(expr, e.ColumnRef | e.InputRef | e.Aggregate | e.Grouping | e.ParamRef)


@dataclass(frozen=True, kw_only=True)
class _Output:
    """Output `index` of a node."""

    place: Place
    index: int
    passed: bool = False  # by a node that computes nothing, where a constant stays one

    def text(self) -> str:
        """The output's expression, in parentheses unless it is a plain column."""
        node = self.place.node
        if not node.targets:
            return reference(node, self.place, e.InputRef(type=ANY, index=self.index))
        target = node.targets[self.index]
        text = self.place.text(target, True)
        if isinstance(target, e.Const) and self.passed:
            return text
        if isinstance(target, e.AbsentColumn) or (isinstance(target, e.RowExpr) and target.whole):
            return text
        if isinstance(target, e.InputRef) and (target.original is None or not self.place.originals):
            return text
        return f"({text})"


_PASSING = (p.Sort, p.Limit, p.Materialize, p.Unique, p.Hash, p.LockRows)


class PlanNames:
    """Names (see ir.deparse) at a place in a plan."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def column(self, ref: e.ColumnRef) -> str:
        """A logical column that was left in place: by its name."""
        name = quote_identifier(ref.name)
        return f"{quote_identifier(ref.alias)}.{name}" if isinstance(ref, e.AbsentColumn) and ref.alias and self.place.prefix else name

    def input(self, ref: e.InputRef) -> str:
        """The scan's column, or what the child below computes."""
        if ref.original is not None and self.place.originals:
            return self.place.text(ref.original)
        return reference(self.place.node, self.place, ref)

    def parameter(self, ref: e.ParamRef) -> str:
        """The expression an exec parameter carries, else $n."""
        place = self.place
        found = (place.looped.get(ref.number) or place.carried.get(ref.number)) if ref.kind == "exec" else None
        if found is None:
            return f"${ref.number}"
        expr, place = found
        text = place.prefixed(True).text(expr)
        return text if _simple(expr) else f"({text})"

    def subplan(self, plan: e.SubPlan) -> str:
        """(SubPlan n), (hashed SubPlan n), or the alternatives' form."""
        return f"({'hashed ' if plan.hashed else ''}{subplan_name(plan)})"

    def function(self, name: str, schema: str) -> str:
        """The name, qualified where the search path does not find it."""
        bare = quote_identifier(name)
        if schema == "pg_catalog" or (self.place.visible(name, schema) if self.place.visible else schema == "public"):
            return bare
        return f"{quote_identifier(schema)}.{bare}"


class ConflictNames(PlanNames):
    """Names in ON CONFLICT DO UPDATE: the existing row's columns under the table's alias, the proposed row's under "excluded"."""

    def input(self, ref: e.InputRef) -> str:
        """A column of the existing row (side 0) or of the proposed one."""
        node = self.place.node
        assert isinstance(node, p.ModifyTable)
        live = [column for column in node.relation.columns if not column.dropped]
        owner = "excluded" if ref.side else node.alias
        return f"{quote_identifier(owner)}.{quote_identifier(live[ref.index].name)}"


def conflict_text(node: p.ModifyTable, conditions: Sequence[e.Expr], place: Place) -> str:
    """ON CONFLICT's WHERE as SQL."""
    whole = conditions[0] if len(conditions) == 1 else e.And(type=conditions[0].type, args=tuple(conditions))
    return PlanDeparser(ConflictNames(place.at(node)), place.resolve).text(whole)


@singledispatch
def reference(node: p.PhysicalPlan, place: Place, ref: e.InputRef) -> str:
    """The text of `ref` in `node`: by default, the child's output."""
    return _Output(place=place.at(node.children()[ref.side]), index=ref.index, passed=isinstance(node, _PASSING) and not ref.name).text()


def _column(node: p.PhysicalPlan, columns: tuple[p.ScanColumn, ...], place: Place, ref: e.InputRef) -> str:
    column = columns[ref.index]
    name = "ctid" if column.number == -1 and column.name in ("", "ctid") else quote_identifier(column.name)
    return f"{quote_identifier(place.aliases.get(node.id, ''))}.{name}" if place.prefix else name


@reference.register(p.SeqScan)
@reference.register(p.BitmapIndexScan)
@reference.register(p.FunctionScan)
@reference.register(p.ValuesScan)
@reference.register(p.SubqueryScan)
@reference.register(p.CteScan)
@reference.register(p.WorkTableScan)
def _scan(
    node: p.SeqScan | p.BitmapIndexScan | p.FunctionScan | p.ValuesScan | p.SubqueryScan | p.CteScan | p.WorkTableScan, place: Place, ref: e.InputRef
) -> str:
    return _column(node, node.columns, place, ref)


@reference.register
def _(node: p.NestedLoop, place: Place, ref: e.InputRef) -> str:
    return _Output(place=inner_place(place) if ref.side else place.at(node.outer), index=ref.index).text()


@reference.register
def _(node: p.ModifyTable, place: Place, ref: e.InputRef) -> str:
    if ref.side == 0:
        return _Output(place=place.at(node.source), index=ref.index).text()
    live = [column for column in node.relation.columns if not column.dropped]
    name = quote_identifier(live[ref.index].name)
    return f"{quote_identifier(node.alias)}.{name}" if place.prefix else name


def inner_place(place: Place) -> Place:
    """The place of a nested loop's inner child, its parameters carried."""
    node = place.node
    if not isinstance(node, p.NestedLoop):
        return place.at(node.children()[1])
    return replace(place, node=node.inner, looped={**place.looped, **{number: (expr, place) for number, expr in node.params}})
