"""Logical plans to physical ones: joins in written order where possible, hash joins on equality; costs and path search are to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatchmethod
from itertools import count

from auroraml.catalog.catalog import Catalog
from auroraml.errors import FeatureNotSupported
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.ir.bound import BoundStatement
from auroraml.ir.tree import map_children, rewrite, same, walk
from auroraml.planner.pieces import Piece, beside, both, live, ordered, project, refs_of
from auroraml.planner.references import Layout, Outer, ids_in, shift, substitute
from auroraml.types.table import BOOL, INT8

RowCount = Callable[[int], int]


def choose(bound: BoundStatement, catalog: Catalog, row_count: RowCount) -> p.PhysicalPlan:
    """The physical plan of a bound statement, nodes numbered in pre-order."""
    planner = Planner(catalog, row_count)
    piece = planner.plan(bound.plan, None)
    names = tuple(o.name for o in bound.columns)
    return numbered(replace(piece.node, names=names))


def numbered(root: p.PhysicalPlan) -> p.PhysicalPlan:
    """The plan with node ids in pre-order (init plans, children, then subplans in expressions)."""
    ids = count(1)

    def change(node: object) -> object | None:
        if isinstance(node, p.PhysicalPlan):
            return map_below(replace(node, id=next(ids)))
        return None

    def map_below(node: p.PhysicalPlan) -> p.PhysicalPlan:
        return map_children(node, lambda child: rewrite(child, change))

    return rewrite(root, change)


class Planner:
    """Plans one statement."""

    def __init__(self, catalog: Catalog, row_count: RowCount) -> None:
        self.catalog = catalog
        self.row_count = row_count
        self._parameters = count(0)
        self._subplans = count(1)
        self.ctes: dict[int, tuple[int, str, tuple[l.Output, ...]]] = {}
        self.work_tables: dict[int, int] = {}

    def new_parameter(self) -> int:
        """An exec parameter's number."""
        return next(self._parameters)

    # Expressions

    def expr(self, expr: e.Expr, layout: Layout, outer: Outer | None) -> e.Expr:
        """A logical expression over `layout`; what is not there comes from outside."""

        def change(node: object) -> object | None:
            if isinstance(node, e.MigratedRef) and node.id in layout:
                place = layout[node.id]
                return replace(place, original=self.expr(node.original, layout, outer)) if isinstance(place, e.InputRef) else place
            if isinstance(node, e.ColumnRef):
                found = layout.get(node.id)
                if found is not None:
                    return found
                if outer is None:
                    raise AssertionError(f"column {node.name} ({node.id}) is nowhere")
                return outer.reference(node)
            if isinstance(node, e.SubLink):
                return self.sublink(node, layout, outer)
            return None

        return rewrite(expr, change)

    def exprs(self, exprs: Sequence[e.Expr], layout: Layout, outer: Outer | None) -> tuple[e.Expr, ...]:
        """Several."""
        return tuple(self.expr(x, layout, outer) for x in exprs)

    def sublink(self, link: e.SubLink, layout: Layout, outer: Outer | None) -> e.Expr:
        """A subquery in an expression: a SubPlan whose parameters the row at hand sets."""
        inside = Outer(new_parameter=self.new_parameter)
        piece = self.plan(link.query, inside)
        index = next(self._subplans)
        params = tuple((param.number, self.expr(inside.refs[id], layout, outer)) for id, param in inside.params.items())
        outputs: tuple[int, ...] = ()
        test = None
        if link.test is not None:
            numbers = {o.id: e.ParamRef(type=o.type, number=self.new_parameter(), kind="exec") for o in link.query.outputs}
            outputs = tuple(n.number for n in numbers.values())
            test = self.expr(link.test, {**layout, **numbers}, outer)
        return e.SubPlan(type=link.type, typmod=link.typmod, kind=link.kind, plan=piece.node, index=index, params=params, test=test, outputs=outputs,
                         hashed=link.kind == "any" and not params)  # fmt: skip

    # Plans

    @singledispatchmethod
    def plan(self, plan: l.LogicalPlan, outer: Outer | None) -> Piece:
        """Any logical plan; the piece's outputs are the plan's, in order."""
        raise FeatureNotSupported(f"{type(plan).__name__} is not supported")

    @plan.register
    def _(self, plan: l.Query, outer: Outer | None) -> Piece:
        ctes = self._with(plan.ctes, outer)
        piece = Level(self, plan, outer).build()
        return replace(piece, node=replace(piece.node, init_plans=(*ctes, *piece.node.init_plans))) if ctes else piece

    @plan.register
    def _(self, plan: l.Values, outer: Outer | None) -> Piece:
        ctes = self._with(plan.ctes, outer)
        rows = tuple(self.exprs(row, {}, outer) for row in plan.rows)
        columns = tuple(p.ScanColumn(number=i, name=o.name, type=o.type, typmod=o.typmod) for i, o in enumerate(plan.outputs, 1))
        targets = tuple(e.InputRef(type=o.type, typmod=o.typmod, index=i, name=o.name) for i, o in enumerate(plan.outputs))
        node: p.PhysicalPlan = p.ValuesScan(rows=rows, columns=columns, alias="*VALUES*", targets=targets)
        if len(rows) == 1:
            node = p.Result(targets=rows[0])
        return self.finish(replace(node, init_plans=ctes), plan.outputs, plan.order_by, plan.limit, plan.offset, outer, float(len(rows)))

    @plan.register
    def _(self, plan: l.SetOperation, outer: Outer | None) -> Piece:
        ctes = self._with(plan.ctes, outer)
        parts = [self.plan(side, outer) for side in self._sides(plan)]
        rows = sum(part.rows for part in parts)
        width = len(plan.outputs)
        refs = tuple(e.InputRef(type=o.type, typmod=o.typmod, index=i, name=o.name) for i, o in enumerate(plan.outputs))
        if plan.op == "union":
            node: p.PhysicalPlan = p.Append(sources=tuple(part.node for part in parts), targets=refs)
            if not plan.all:
                node = p.Aggregate(source=node, strategy="hashed", keys=tuple(range(width)), targets=refs)
        else:
            flagged = []
            for number, part in enumerate(parts):
                flag = e.Const(type=INT8, value=number)
                flagged.append(p.SubqueryScan(source=part.node, alias=f"*SELECT* {number + 1}", columns=(), targets=(*refs, flag)))
            append = p.Append(sources=tuple(flagged), targets=(*refs, e.InputRef(type=INT8, index=width)))
            command = plan.op.capitalize() + (" All" if plan.all else "")
            node = p.SetOp(source=append, command=command, strategy="hashed", keys=tuple(range(width)), flag=width, targets=refs)
        return self.finish(replace(node, init_plans=ctes), plan.outputs, plan.order_by, plan.limit, plan.offset, outer, rows)

    def _sides(self, plan: l.SetOperation) -> list[l.LogicalPlan]:
        """UNIONs of one kind below each other are one Append."""
        sides: list[l.LogicalPlan] = []
        for side in (plan.left, plan.right):
            plain = isinstance(side, l.SetOperation) and not (side.order_by or side.limit or side.offset or side.ctes)
            if plain and plan.op == "union" and side.op == "union" and (side.all == plan.all or (not plan.all and side.all)):  # type: ignore[attr-defined]
                sides += self._sides(side)  # type: ignore[arg-type]
            else:
                sides.append(side)
        return sides

    def finish(
        self, node: p.PhysicalPlan, outputs: Sequence[l.Output], order_by: Sequence[e.SortKey], limit: e.Expr | None, offset: e.Expr | None,
        outer: Outer | None, rows: float,
    ) -> Piece:  # fmt: skip
        """ORDER BY and LIMIT over finished outputs."""
        place = {o.id: i for i, o in enumerate(outputs)}
        if order_by:
            keys = tuple(p.SortColumn(index=place[k.expr.id], descending=k.descending, nulls_first=k.nulls_first) for k in order_by)  # type: ignore[attr-defined] # ColumnRefs
            node = p.Sort(source=node, keys=keys, targets=refs_of(outputs))
        if limit is not None or offset is not None:
            node = self.limit(node, limit, offset, outer, refs_of(outputs))
        layout: dict[int, e.Expr] = {o.id: ref for o, ref in zip(outputs, refs_of(outputs), strict=True)}
        return Piece(node=node, layout=layout, rows=rows)

    def limit(
        self,
        node: p.PhysicalPlan,
        limit: e.Expr | None,
        offset: e.Expr | None,
        outer: Outer | None,
        targets: tuple[e.Expr, ...],
        ties: tuple[p.SortColumn, ...] = (),
    ) -> p.Limit:
        """A Limit node."""
        counted = None if limit is None else self.expr(limit, {}, outer)
        skipped = None if offset is None else self.expr(offset, {}, outer)
        return p.Limit(source=node, count=counted, offset=skipped, ties=ties, targets=targets)

    def _with(self, ctes: Sequence[l.Cte], outer: Outer | None) -> tuple[e.SubPlan, ...]:
        plans = []
        for cte in ctes:
            index = next(self._subplans)
            self.ctes[cte.id] = (index, cte.name, cte.query.outputs)
            node = self._recursive(cte, outer) if cte.recursive else self.plan(cte.query, outer).node
            plans.append(e.SubPlan(type=BOOL, kind="cte", plan=node, index=index, name=cte.name))
        return tuple(plans)

    def _recursive(self, cte: l.Cte, outer: Outer | None) -> p.PhysicalPlan:
        query = cte.query
        assert isinstance(query, l.SetOperation)
        number = len(self.work_tables) + 1
        first = self.plan(query.left, outer)
        refers = {x.cte for x in walk(query.right) if isinstance(x, l.CteItem)} - set(self.ctes)
        for id in refers | {cte.id}:
            self.work_tables[id] = number
        again = self.plan(query.right, outer)
        for id in refers | {cte.id}:
            self.work_tables.pop(id, None)
        return p.RecursiveUnion(outer=first.node, inner=again.node, work_table=number, distinct=not query.all, targets=refs_of(query.outputs))

    @plan.register
    def _(self, plan: l.Insert, outer: Outer | None) -> Piece:
        ctes = self._with(plan.ctes, outer)
        source = self.plan(plan.source, outer)
        layout = {
            id: e.InputRef(type=c.type, typmod=c.typmod, index=i, side=1, name=c.name)
            for i, (id, c) in enumerate(zip(plan.row_ids, live(plan.relation), strict=True))
        }
        node = p.ModifyTable(operation="Insert", relation=plan.relation, alias=plan.alias, source=source.node, conflict=self._conflict(plan, layout, outer),
                             targets=self.exprs([t.expr for t in plan.returning], layout, outer), init_plans=ctes)  # fmt: skip
        return Piece(node=node, layout={o.id: ref for o, ref in zip(plan.outputs, refs_of(plan.outputs), strict=True)})

    def _conflict(self, plan: l.Insert, new: Layout, outer: Outer | None) -> p.ConflictAction | None:
        conflict = plan.conflict
        if conflict is None:
            return None
        arbiters = tuple(i for i in plan.relation.indexes if i.unique and (not conflict.columns or set(i.columns) == set(conflict.columns)))
        columns = live(plan.relation)
        layout: dict[int, e.Expr] = {id: shift(ref, 0) for id, ref in new.items()}
        for i, (id, c) in enumerate(zip(conflict.excluded_ids, columns, strict=False)):
            layout[id] = e.InputRef(type=c.type, typmod=c.typmod, index=i, side=1, name=c.name)
        assignments = tuple((number, self.expr(value, layout, outer)) for number, value in conflict.assignments)
        return p.ConflictAction(
            arbiters=arbiters,
            inferred=bool(conflict.columns),
            update=conflict.update,
            assignments=assignments,
            where=self.exprs(conflict.where, layout, outer),
        )

    @plan.register
    def _(self, plan: l.Update, outer: Outer | None) -> Piece:
        ctes = self._with(plan.ctes, outer)
        return self._modify(plan, "Update", plan.row_ids, outer, ctes)

    @plan.register
    def _(self, plan: l.Delete, outer: Outer | None) -> Piece:
        ctes = self._with(plan.ctes, outer)
        ids = tuple(o.id for o in plan.target.outputs)
        return self._modify(plan, "Delete", ids, outer, ctes)

    def _modify(self, plan: l.Update | l.Delete, operation: str, row_ids: Sequence[int], outer: Outer | None, ctes: tuple[e.SubPlan, ...]) -> Piece:
        """The source makes the new values, the row number, then the other FROM columns that RETURNING reads."""
        level = Level(self, plan.query, outer)
        level.row_of = plan.target
        piece = level.source()
        values = list(self.exprs([t.expr for t in plan.query.targets], piece.layout, outer))
        row_id = len(values)
        values.append(piece.layout[ROW_ID])
        layout: dict[int, e.Expr] = {}
        others = [id for t in plan.returning for id in ids_in(t.expr) if id not in row_ids and id in piece.layout]
        for id in dict.fromkeys(others):
            layout[id] = e.InputRef(type=piece.layout[id].type, typmod=piece.layout[id].typmod, index=len(values))
            values.append(piece.layout[id])
        for i, (id, c) in enumerate(zip(row_ids, live(plan.relation), strict=True)):
            layout[id] = e.InputRef(type=c.type, typmod=c.typmod, index=i, side=1, name=c.name)
        source = project(piece.node, values)
        assigned = plan.assigned if isinstance(plan, l.Update) else ()
        node = p.ModifyTable(operation=operation, relation=plan.relation, alias=plan.alias, source=source, assigned=assigned, row_id=row_id,
                             targets=self.exprs([t.expr for t in plan.returning], layout, outer), init_plans=ctes)  # fmt: skip
        return Piece(node=node, layout={o.id: ref for o, ref in zip(plan.outputs, refs_of(plan.outputs), strict=True)})


ROW_ID = -1


class Level:
    """One query level."""

    def __init__(self, planner: Planner, query: l.Query, outer: Outer | None) -> None:
        self.planner = planner
        self.query = query
        self.outer = outer
        self.row_of: l.TableItem | None = None
        self.left: list[e.Expr] = []  # conjuncts not yet applied

    def build(self) -> Piece:
        """The whole level: source, grouping, windows, targets, distinct, order, limit."""
        query = self.query
        piece = self.source()
        if query.grouped:
            piece = self._group(piece)
        if query.windows:
            piece = self._windows(piece)
        visible = [t for t in query.targets if not t.hidden]
        piece = self._targets(piece)
        node, rows = piece.node, piece.rows
        place = {t.id: i for i, t in enumerate(query.targets)}
        keys = tuple(p.SortColumn(index=place[k.expr.id], descending=k.descending, nulls_first=k.nulls_first) for k in query.order_by)  # type: ignore[attr-defined] # ColumnRefs
        refs = tuple(e.InputRef(type=t.expr.type, typmod=t.expr.typmod, index=i, name=t.name) for i, t in enumerate(query.targets))
        shown = tuple(refs[place[t.id]] for t in visible)
        if query.distinct:
            node = p.Aggregate(source=node, strategy="hashed", keys=tuple(range(len(refs))), targets=refs)
        if query.distinct_on is not None:
            ons = tuple(place[i] for i in query.distinct_on)
            first = tuple(k for k in keys if k.index in ons) + tuple(p.SortColumn(index=i) for i in ons if i not in {k.index for k in keys})
            node = p.Sort(source=node, keys=(*first, *(k for k in keys if k not in first)), targets=refs)
            node = p.Unique(source=node, keys=ons, targets=refs)
        elif keys:
            node = p.Sort(source=node, keys=keys, targets=refs)
        if query.limit is not None or query.offset is not None:
            ties = keys if query.with_ties else ()
            node = self.planner.limit(node, query.limit, query.offset, self.outer, shown, ties)
        elif len(visible) != len(refs):
            node = replace(node, targets=shown) if isinstance(node, p.Sort | p.Unique) else project(node, shown)
        layout: dict[int, e.Expr] = {t.id: e.InputRef(type=t.expr.type, typmod=t.expr.typmod, index=i, name=t.name) for i, t in enumerate(visible)}
        return Piece(node=node, layout=layout, rows=rows)

    def _targets(self, piece: Piece) -> Piece:
        query = self.query
        values = self.planner.exprs([t.expr for t in query.targets], piece.layout, self.outer)
        sets = any(isinstance(x, e.Call) and x.function.returns_set for value in values for x in walk(value) if not isinstance(x, p.PhysicalPlan))
        if sets:
            node: p.PhysicalPlan = p.ProjectSet(source=piece.node, targets=values)
        else:
            node = project(piece.node, values)
        return replace(piece, node=node)

    # FROM and WHERE

    def source(self) -> Piece:
        """FROM joined, WHERE applied as low as it may be."""
        items, conjuncts = self._flatten()
        self.left = conjuncts
        if not items:
            node: p.PhysicalPlan = p.Result()
            if conjuncts:
                node = p.Result(one_time=self.planner.exprs(conjuncts, {}, self.outer))
            return Piece(node=node, layout={})
        piece = self._item(items[0])
        rest = items[1:]
        while rest:
            chosen = next((i for i in rest if not i.lateral and self._connected(piece, i)), None) or rest[0]
            if any(not i.lateral for i in rest) and chosen.lateral and not self._ready(piece, chosen):
                chosen = next(i for i in rest if not i.lateral)
            rest = [i for i in rest if i is not chosen]
            piece = self._inner(piece, chosen)
        return self._filter(piece, self.left)

    def _flatten(self) -> tuple[list[l.FromItem], list[e.Expr]]:
        """Inner joins as a list of items, their conditions with WHERE's."""
        conjuncts: list[e.Expr] = []
        items: list[l.FromItem] = []

        def add(item: l.FromItem) -> None:
            if isinstance(item, l.JoinItem) and item.kind == "inner":
                add(item.left)
                add(item.right)
                if item.on is not None:
                    conjuncts.extend(item.on.args if isinstance(item.on, e.And) else (item.on,))
            else:
                items.append(item)

        for item in self.query.from_items:
            add(item)
        return items, [*conjuncts, *self.query.where]

    def _connected(self, piece: Piece, item: l.FromItem) -> bool:
        ids = {o.id for o in item.outputs}
        return any(isinstance(c, e.OpCall) and c.operator.name == "=" and ids_in(c) & ids and ids_in(c) & piece.layout.keys() for c in self.left)

    def _ready(self, piece: Piece, item: l.FromItem) -> bool:
        mine = {o.id for i in self._flatten()[0] for o in i.outputs}
        return not (ids_in(item) & mine) - piece.layout.keys() - {o.id for o in item.outputs}

    def _take(self, ids: frozenset[int] | set[int]) -> list[e.Expr]:
        """The conjuncts that read this level's columns only from `ids`; they are applied once."""
        mine = {o.id for i in self._flatten()[0] for o in i.outputs}
        found = [c for c in self.left if (ids_in(c) & mine) <= ids and (ids_in(c) & mine)]
        self.left = [c for c in self.left if not any(c is other for other in found)]
        return found

    def _filter(self, piece: Piece, conjuncts: Sequence[e.Expr]) -> Piece:
        if not conjuncts:
            return piece
        tests = self.planner.exprs(ordered(conjuncts), piece.layout, self.outer)
        node = piece.node
        if isinstance(node, p.SeqScan | p.FunctionScan | p.ValuesScan | p.CteScan | p.WorkTableScan | p.Join | p.SubqueryScan) and node.targets:
            return replace(
                piece, node=replace(node, filter=(*node.filter, *(substitute(t, node.targets) for t in tests))), rows=max(piece.rows / 3, 1)
            )
        refs = tuple(piece.layout.values())
        return replace(
            piece, node=p.Result(source=node, filter=tests, targets=tuple(node.targets and _same_refs(node)) or refs), rows=max(piece.rows / 3, 1)
        )

    def _item(self, item: l.FromItem, outer: Outer | None = None, push: bool = True) -> Piece:
        """One FROM item with its own conjuncts."""
        piece = self._scan(item, outer if outer is not None else self.outer)
        if not push:
            return piece
        conjuncts = self._take({o.id for o in item.outputs})
        saved, self.outer = self.outer, outer if outer is not None else self.outer
        try:
            return self._filter(piece, conjuncts)
        finally:
            self.outer = saved

    def _scan(self, item: l.FromItem, outer: Outer | None) -> Piece:
        if isinstance(item, l.JoinItem):
            return self._outer_join(item)
        columns = tuple(p.ScanColumn(number=i, name=o.name, type=o.type, typmod=o.typmod) for i, o in enumerate(item.outputs, 1))
        refs = refs_of(item.outputs)
        layout: dict[int, e.Expr] = {o.id: ref for o, ref in zip(item.outputs, refs, strict=True)}
        if isinstance(item, l.TableItem):
            return self._table(item, refs, layout)
        if isinstance(item, l.FunctionItem):
            calls = self.planner.exprs(item.calls, {}, outer)
            batch = any(isinstance(x, e.Call) and x.function.batch for c in calls for x in walk(c))
            node: p.PhysicalPlan = p.FunctionScan(calls=calls, column_counts=item.column_counts, columns=columns, alias=item.alias,
                                                  ordinality=item.ordinality, batch=batch, migrated=item.migrated, targets=refs)  # fmt: skip
            return Piece(node=node, layout=layout, rows=100.0)
        if isinstance(item, l.ValuesItem):
            rows = tuple(self.planner.exprs(row, {}, outer) for row in item.rows)
            return Piece(node=p.ValuesScan(rows=rows, columns=columns, alias=item.alias, targets=refs), layout=layout, rows=float(len(rows)))
        if isinstance(item, l.CteItem):
            if item.cte in self.planner.work_tables:
                return Piece(
                    node=p.WorkTableScan(work_table=self.planner.work_tables[item.cte], alias=item.alias, columns=columns, targets=refs),
                    layout=layout,
                )
            index, name, _ = self.planner.ctes[item.cte]
            return Piece(node=p.CteScan(cte=index, cte_name=name, alias=item.alias, columns=columns, targets=refs), layout=layout, rows=100.0)
        assert isinstance(item, l.SubqueryItem)
        inner = self.planner.plan(item.query, outer)
        return Piece(node=p.SubqueryScan(source=inner.node, alias=item.alias, columns=columns, targets=refs), layout=layout, rows=inner.rows)

    def _table(self, item: l.TableItem, refs: tuple[e.Expr, ...], layout: dict[int, e.Expr]) -> Piece:
        columns = [p.ScanColumn(number=n, name=o.name, type=o.type, typmod=o.typmod) for n, o in zip(item.numbers, item.outputs, strict=True)]
        if item is self.row_of:
            columns.append(p.ScanColumn(number=-1, name="ctid", type=INT8))
            ref = e.InputRef(type=INT8, index=len(refs), name="ctid")
            refs, layout = (*refs, ref), {**layout, ROW_ID: ref}
        node = p.SeqScan(relation=item.relation, alias=item.alias, columns=tuple(columns), targets=refs)
        return Piece(node=node, layout=layout, rows=float(max(self.planner.row_count(item.relation.oid), 1)))

    # Joins

    def _inner(self, left: Piece, item: l.FromItem) -> Piece:
        mine = {o.id for i in self._flatten()[0] for o in i.outputs}
        if item.lateral and ids_in(item) & mine - {o.id for o in item.outputs}:
            return self._lateral(left, item, "inner", ())
        right = self._item(item)
        conditions = self._take({*left.layout, *right.layout})
        return self._join(left, right, "inner", conditions, ())

    def _lateral(self, left: Piece, item: l.FromItem, kind: str, on: Sequence[e.Expr]) -> Piece:
        """A nested loop whose inner side reads the outer row through parameters."""
        inside = Outer(new_parameter=self.planner.new_parameter)
        if kind == "inner":
            right = self._item(item, inside)
        else:
            right = self._scan(item, inside)
        params = tuple((param.number, self.planner.expr(inside.refs[id], left.layout, self.outer)) for id, param in inside.params.items())
        conditions = self._take({*left.layout, *right.layout}) if kind == "inner" else list(on)
        layout, targets = beside(left, right)
        tests = self.planner.exprs(conditions, both(left, right), self.outer)
        node = p.NestedLoop(kind=kind, outer=left.node, inner=right.node, params=params, condition=tests, targets=targets)
        return Piece(node=node, layout=layout, rows=left.rows * max(right.rows, 1))

    def _outer_join(self, item: l.JoinItem) -> Piece:
        on = [] if item.on is None else list(item.on.args if isinstance(item.on, e.And) else (item.on,))
        saved, self.left = self.left, []
        left = self._item(item.left, push=False) if not isinstance(item.left, l.JoinItem) or item.left.kind != "inner" else self._side(item.left)
        ids = {o.id for o in item.left.outputs}
        if item.right.lateral and ids_in(item.right) & ids:
            found = self._lateral(left, item.right, item.kind, on)
            self.left = saved
            return found
        right = self._item(item.right, push=False) if not isinstance(item.right, l.JoinItem) or item.right.kind != "inner" else self._side(item.right)
        self.left = saved
        return self._join(left, right, item.kind, on, ())

    def _side(self, item: l.JoinItem) -> Piece:
        """An inner join below an outer one, as a little level of its own."""
        level = Level(self.planner, l.Query(from_items=(item,)), self.outer)
        level.row_of = self.row_of
        return level.source()

    def _join(self, left: Piece, right: Piece, kind: str, conditions: Sequence[e.Expr], above: Sequence[e.Expr]) -> Piece:
        equal: list[e.Expr] = []
        others: list[e.Expr] = []
        for condition in conditions:
            (equal if self._hashable(condition, left, right) else others).append(condition)
        if equal and kind == "inner" and right.rows > left.rows:
            left, right = right, left
        layout, targets = beside(left, right)
        whole = both(left, right)
        tests = self.planner.exprs(others, whole, self.outer)
        rows = max(left.rows, right.rows) if equal else left.rows * right.rows
        if not equal:
            inner: p.PhysicalPlan = p.Materialize(source=right.node, targets=tuple(_same_refs(right.node)))
            node: p.PhysicalPlan = p.NestedLoop(kind=kind, outer=left.node, inner=inner, condition=tests, targets=targets)
            return Piece(node=node, layout=layout, rows=rows)
        hashed = tuple(self._sided(c, left, whole) for c in equal)
        inner = p.Hash(source=right.node, targets=tuple(_same_refs(right.node)))
        node = p.HashJoin(kind=kind, outer=left.node, inner=inner, hash_conditions=hashed, condition=tests, targets=targets)
        return Piece(node=node, layout=layout, rows=rows)

    def _hashable(self, condition: e.Expr, left: Piece, right: Piece) -> bool:
        if not isinstance(condition, e.OpCall) or condition.operator.name != "=" or not condition.operator.can_hash:
            return False
        sides = [ids_in(arg) for arg in condition.args]
        a, b = left.layout.keys(), right.layout.keys()
        crossing = (sides[0] and sides[1]) and ((sides[0] <= a and sides[1] <= b) or (sides[0] <= b and sides[1] <= a))
        return bool(crossing) and not any(isinstance(x, e.SubLink) for x in walk(condition))

    def _sided(self, condition: e.Expr, left: Piece, layout: Layout) -> e.Expr:
        assert isinstance(condition, e.OpCall)
        first, second = condition.args
        if not ids_in(first) <= left.layout.keys():
            first, second = second, first
        return replace(condition, args=self.planner.exprs((first, second), layout, self.outer))

    # Grouping and windows

    def _group(self, piece: Piece) -> Piece:
        query, planner = self.query, self.planner
        keys = planner.exprs(query.group_by, piece.layout, self.outer)
        inputs: list[e.Expr] = list(keys)

        def place(value: e.Expr) -> e.InputRef:
            bound = planner.expr(value, piece.layout, self.outer)
            for i, other in enumerate(inputs):
                if same(other, bound):
                    return e.InputRef(type=bound.type, typmod=bound.typmod, index=i)
            inputs.append(bound)
            return e.InputRef(type=bound.type, typmod=bound.typmod, index=len(inputs) - 1)

        calls: list[e.Aggregate] = []

        def call(found: e.Aggregate) -> e.Aggregate:
            made = replace(found, args=tuple(place(a) for a in found.args), filter=None if found.filter is None else place(found.filter),
                           direct=tuple(place(a) for a in found.direct), order_by=tuple(replace(k, expr=place(k.expr)) for k in found.order_by))  # fmt: skip
            for other in calls:
                if same(other, made):
                    return other
            calls.append(made)
            return made

        def change(node: object) -> object | None:
            if isinstance(node, e.Expr):
                for i, key in enumerate(query.group_by):
                    if same(node, key):
                        return e.InputRef(type=node.type, typmod=node.typmod, index=i)
            if isinstance(node, e.Aggregate):
                return call(node)
            if isinstance(node, e.ColumnRef) and node.id in piece.layout:
                return place(node)
            if isinstance(node, e.SubLink):
                layout = {x.id: place(x) for x in walk(node) if isinstance(x, e.ColumnRef) and x.id in piece.layout}
                return planner.sublink(node, layout, self.outer)
            if isinstance(node, e.ColumnRef) and self.outer is not None:
                return self.outer.reference(node)
            return None

        targets = tuple(rewrite(t.expr, change) for t in query.targets)
        having = tuple(rewrite(h, change) for h in query.having)
        windows = tuple(rewrite(w, change) for w in query.windows)
        source = project(piece.node, inputs) if piece.node.targets or inputs else piece.node
        strategy = "mixed" if query.grouping_sets is not None else "hashed" if keys else "plain"
        node = p.Aggregate(source=source, strategy=strategy, keys=tuple(range(len(keys))), calls=tuple(calls), filter=having, targets=targets,
                           grouping_sets=query.grouping_sets or ())  # fmt: skip
        self._computed(targets, windows)
        layout: dict[int, e.Expr] = {
            t.id: e.InputRef(type=t.expr.type, typmod=t.expr.typmod, index=i, name=t.name) for i, t in enumerate(query.targets)
        }
        if query.windows:
            return self._grouped_windows(node, calls, targets, windows, piece)
        return Piece(node=node, layout=layout, rows=max(piece.rows / 10, 1))

    def _computed(self, targets: tuple[e.Expr, ...], windows: tuple[l.Window, ...]) -> None:
        """From here on the targets are the Aggregate's outputs."""
        made = tuple(replace(t, expr=e.ColumnRef(type=t.expr.type, typmod=t.expr.typmod, id=t.id, name=t.name)) for t in self.query.targets)
        self.query = replace(self.query, targets=made)
        _ = (targets, windows)

    def _grouped_windows(
        self, node: p.Aggregate, calls: Sequence[e.Aggregate], targets: tuple[e.Expr, ...], windows: tuple[l.Window, ...], piece: Piece
    ) -> Piece:
        """Windows over groups: the Aggregate hands out keys and aggregate values, window calls stand above."""
        outputs: list[e.Expr] = []

        def place(value: e.Expr) -> e.InputRef:
            for i, other in enumerate(outputs):
                if same(other, value):
                    return e.InputRef(type=value.type, typmod=value.typmod, index=i)
            outputs.append(value)
            return e.InputRef(type=value.type, typmod=value.typmod, index=len(outputs) - 1)

        def lift(item: object) -> object | None:
            if isinstance(item, e.Aggregate | e.InputRef):
                return place(item)
            return None

        above = tuple(rewrite(t, lift) for t in targets)
        raised = tuple(rewrite(w, lift) for w in windows)
        inner = replace(node, targets=tuple(outputs))
        return self._window_nodes(inner, above, raised, piece.rows)

    def _windows(self, piece: Piece) -> Piece:
        if not any(isinstance(x, e.WindowCall) for t in self.query.targets for x in walk(t)):
            return piece
        layout = piece.layout
        source = project(piece.node, list(layout.values())) if piece.node.targets else piece.node
        places: dict[int, e.Expr] = {id: e.InputRef(type=ref.type, typmod=ref.typmod, index=i) for i, (id, ref) in enumerate(layout.items())}
        targets = self.planner.exprs([t.expr for t in self.query.targets], places, self.outer)
        windows = tuple(replace(w, partition_by=self.planner.exprs(w.partition_by, places, self.outer),
                                order_by=tuple(replace(k, expr=self.planner.expr(k.expr, places, self.outer)) for k in w.order_by)) for w in self.query.windows)  # fmt: skip
        self._computed(targets, windows)
        return self._window_nodes(source, targets, windows, piece.rows)

    def _window_nodes(self, source: p.PhysicalPlan, targets: tuple[e.Expr, ...], windows: tuple[l.Window, ...], rows: float) -> Piece:
        """One Sort and WindowAgg a window; each hands on its input and adds its calls' values."""
        width = len(source.targets)
        node = source
        replaced: dict[int, e.InputRef] = {}
        calls = [x for t in targets for x in walk(t) if isinstance(x, e.WindowCall)]
        for number, window in enumerate(windows):
            mine = [c for c in calls if c.window == number]
            if not mine:
                continue
            refs = tuple(e.InputRef(type=t.type, typmod=t.typmod, index=i) for i, t in enumerate(node.targets))
            extra = [*window.partition_by, *(k.expr for k in window.order_by)]
            prepared = p.Result(source=node, targets=(*refs, *extra))
            start = len(refs)
            partition = tuple(range(start, start + len(window.partition_by)))
            order = tuple(
                p.SortColumn(index=start + len(partition) + i, descending=k.descending, nulls_first=k.nulls_first)
                for i, k in enumerate(window.order_by)
            )
            every = tuple(e.InputRef(type=t.type, typmod=t.typmod, index=i) for i, t in enumerate(prepared.targets))
            keys = (*(p.SortColumn(index=i) for i in partition), *order)
            sorted_ = p.Sort(source=prepared, keys=keys, targets=every) if keys else prepared
            for i, c in enumerate(mine):
                replaced[id(c)] = e.InputRef(type=c.type, typmod=c.typmod, index=start + i)
            node = p.WindowAgg(source=sorted_, partition=partition, order=order, calls=tuple(mine), window=window, targets=(*refs, *mine))
        final = tuple(rewrite(t, lambda item: replaced.get(id(item)) if isinstance(item, e.WindowCall) else None) for t in targets)
        result = p.Result(source=node, targets=final)
        _ = width
        layout: dict[int, e.Expr] = {
            t.id: e.InputRef(type=t.expr.type, typmod=t.expr.typmod, index=i, name=t.name) for i, t in enumerate(self.query.targets)
        }
        return Piece(node=result, layout=layout, rows=rows)


def _same_refs(node: p.PhysicalPlan) -> list[e.Expr]:
    return [e.InputRef(type=t.type, typmod=t.typmod, index=i) for i, t in enumerate(node.targets)]
