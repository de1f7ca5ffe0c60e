"""Plans of base relations (create_scan_plan)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.level.classes import EquivalenceClass
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.implication import implied
from auroraml.planner.level.questions import equal, mutable, rewrite, strip, walk
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.index_costs import covered
from auroraml.planner.paths.path import (
    BitmapPath,
    BitmapTree,
    DummyPath,
    IndexPath,
    ItemPath,
    Path,
    ResultPath,
    SamplePath,
    SeqPath,
    SubqueryPath,
    TidPath,
    TidRangePath,
)
from auroraml.planner.plans.emitter import EXACT, IGNORE, LABEL, SMALL, Emitter, builds, physical_columns
from auroraml.planner.plans.inputs import Emitted, Resolver
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.records import replace
from auroraml.types.table import BOOL, INT8


def scan_list(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> list[e.Expr]:
    """The select list of a scan: the whole row where nothing forbids it (use_physical_tlist)."""
    if exprs is not None:
        return list(exprs)
    if flags & IGNORE:
        return []
    if whole_row(emitter, path, flags):
        return [*path.index.columns, *path.index.included] if isinstance(path, IndexPath) and path.index_only else physical_columns(path.relation)
    return list(path.target.exprs)


def whole_row(emitter: Emitter, path: Path, flags: int) -> bool:
    """Whether a scan may hand on its relation's row as it is."""
    relation = path.relation
    if flags & (EXACT | SMALL) or relation.kind != "base" or relation.item is None:
        return False
    if isinstance(path, (ResultPath, DummyPath)):
        return False
    if isinstance(path, BitmapPath) and not path.target.exprs:
        return False
    level = emitter.level
    if any(isinstance(x, PlaceHolder) for x in relation.target.exprs):
        return False
    row_id = level.row_id_of(relation.item)
    if row_id is not None and relation.needed.get(row_id):
        return False
    if isinstance(relation.item, l.TableItem) and any(relation.needed.get(o.id) for o in _system(relation.item)):
        return False
    if flags & LABEL and any(path.target.refs):
        seen: set[int] = set()
        for expr, ref in zip(path.target.exprs, path.target.refs, strict=True):
            if ref:
                if not isinstance(expr, e.ColumnRef) or expr.id in seen or level.owner.get(expr.id) != relation.index:
                    return False
                seen.add(expr.id)
    return True


def _system(item: l.TableItem) -> list[l.Output]:
    """The system columns that are read of a table."""
    return [o for o, n in zip(item.outputs, item.numbers, strict=True) if n < 0]


def scan_clauses(path: Path) -> list[Clause]:
    """The conditions a scan tests."""
    clauses = list(path.relation.clauses)
    if path.param is not None:
        clauses += path.param.clauses
    return clauses


def _index_clauses(path: Path) -> list[Clause]:
    """The same of an index scan: its predicate implies some."""
    assert isinstance(path, IndexPath)
    return [*path.index.restrictions, *(() if path.param is None else path.param.clauses)]


def _columns(emitter: Emitter, relation: Relation) -> tuple[tuple[p.ScanColumn, ...], list[e.Expr | l.Output]]:
    """The scanned relation's columns, the row's number last where it is asked for."""
    item = relation.item
    assert item is not None
    level = emitter.level
    columns = None if relation.facts is None else relation.facts.described.scanned(item.outputs)
    if columns is None:
        numbers = item.numbers if isinstance(item, l.TableItem) else tuple(range(1, len(item.outputs) + 1))
        columns = tuple([p.ScanColumn(number=n, name=o.name, type=o.type, typmod=o.typmod) for n, o in zip(numbers, item.outputs, strict=True)])
    inputs: list[e.Expr | l.Output] = list(item.outputs)  # those of the system last
    row_id = level.row_id_of(item)
    if row_id is not None and relation.needed.get(row_id):
        columns = (*columns, p.ScanColumn(number=-1, name="ctid", type=INT8))
        inputs.append(e.ColumnRef(type=INT8, id=row_id, name="ctid"))
    return columns, inputs


def _filter(emitter: Emitter, resolve: Resolver, clauses: Sequence[Clause]) -> tuple[e.Expr, ...]:
    return resolve.tests([c.expr for c in emitter.ordered([c for c in clauses if not c.pseudoconstant])])


@builds(SeqPath, tested=scan_clauses)
def seq_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Seq Scan."""
    relation = path.relation
    item = relation.item
    assert isinstance(item, l.TableItem)
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve = emitter.resolver(inputs)
    clauses = scan_clauses(path)
    node = p.SeqScan(
        relation=item.relation, alias=relation.alias, columns=columns, targets=resolve.all(outputs), filter=_filter(emitter, resolve, clauses),
        cost=emitter.cost(path), range_index=relation.serial, parallel_aware=path.aware,
    )  # fmt: skip
    return Emitted(node, outputs)


@builds(SamplePath, tested=scan_clauses)
def sample_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Sample Scan."""
    relation = path.relation
    item = relation.item
    assert isinstance(item, l.SampledItem)
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve, outside = emitter.resolver(inputs), emitter.resolver()
    repeatable = None if item.repeatable is None else outside.all([item.repeatable])[0]
    node = p.SampleScan(
        relation=item.relation, alias=relation.alias, columns=columns, targets=resolve.all(outputs),
        filter=_filter(emitter, resolve, scan_clauses(path)), method=item.method, arguments=outside.all(item.arguments), repeatable=repeatable,
        cost=emitter.cost(path), range_index=relation.serial,
    )  # fmt: skip
    return Emitted(node, outputs)


@builds(TidPath, tested=scan_clauses)
@builds(TidRangePath, tested=scan_clauses)
def tid_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Tid Scan and Tid Range Scan."""
    assert isinstance(path, TidPath)
    relation = path.relation
    item = relation.item
    assert isinstance(item, l.TableItem)
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve = emitter.resolver(inputs)
    conditions = [c.expr for c in path.clauses]
    named = isinstance(path, TidRangePath) or len(conditions) == 1
    classes = [c.from_class for c in path.clauses if c.from_class is not None]
    rest = [
        c for c in scan_clauses(path)
        if not (named and (any(c is own for own in path.clauses) or any(c.from_class is cls for cls in classes)))
        and not (not named and equal(c.expr, _either([[x] for x in conditions])[0]))
    ]  # fmt: skip
    kind = p.TidRangeScan if isinstance(path, TidRangePath) else p.TidScan
    node = kind(
        relation=item.relation, alias=relation.alias, columns=columns, targets=resolve.all(outputs), filter=_filter(emitter, resolve, rest),
        conditions=resolve.all(conditions), cost=emitter.cost(path), range_index=relation.serial,
    )  # fmt: skip
    return Emitted(node, outputs)


@builds(IndexPath, tested=_index_clauses)
def index_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Index Scan and Index Only Scan."""
    assert isinstance(path, IndexPath)
    relation = path.relation
    item = relation.item
    assert isinstance(item, l.TableItem)
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve = emitter.resolver(inputs)
    clauses = _index_clauses(path)
    conditions = [expr for clause in path.clauses for expr in clause.exprs]
    rest = [c for c in clauses if not covered(c, path) and (mutable(c.expr) or not implied([c.expr], conditions, emitter.level.fold))]
    if path.index_only:
        conditions = [_bare_keys(expr) for expr in conditions]
    kind = p.IndexOnlyScan if path.index_only else p.IndexScan
    node = kind(
        relation=item.relation, alias=relation.alias, columns=columns, targets=resolve.all(outputs), filter=_filter(emitter, resolve, rest),
        index=path.index.index, keys=resolve.all(path.index.columns), conditions=resolve.all(conditions), backward=path.backward,
        cost=emitter.cost(path), range_index=relation.serial, parallel_aware=path.aware, found=path.selectivity * relation.tuples,
    )  # fmt: skip
    return Emitted(node, outputs)


@builds(BitmapPath, tested=scan_clauses)
def bitmap_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Bitmap Heap Scan over its bitmaps."""
    assert isinstance(path, BitmapPath)
    relation = path.relation
    item = relation.item
    assert isinstance(item, l.TableItem)
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve = emitter.resolver(inputs)
    clauses = scan_clauses(path)
    tested = _tested(emitter, path.tree)
    rest = [
        c for c in clauses
        if not c.pseudoconstant and not any(equal(c.expr, x) for x in tested.conditions)
        and not (c.from_class is not None and any(c.from_class is cls for cls in tested.classes))
        and (mutable(c.expr) or not implied([c.expr], tested.conditions, emitter.level.fold))
    ]  # fmt: skip
    used = [x for x in tested.originals if not any(x is c.expr for c in rest)]
    node = p.BitmapHeapScan(
        relation=item.relation, alias=relation.alias, columns=columns, targets=resolve.all(outputs), filter=_filter(emitter, resolve, rest),
        source=_bitmap(emitter, relation, path.tree, columns, resolve), recheck=resolve.all(used), cost=emitter.cost(path),
        range_index=relation.serial, parallel_aware=path.aware,
    )  # fmt: skip
    return Emitted(node, outputs)


class _Tested:
    """What a bitmap ensures: the clauses as written, the conditions its indexes test, the classes these come from (create_bitmap_subplan)."""

    __slots__ = ("classes", "conditions", "originals")

    def __init__(self) -> None:
        self.originals: list[e.Expr] = []
        self.conditions: list[e.Expr] = []
        self.classes: list[EquivalenceClass] = []


def _tested(emitter: Emitter, tree: BitmapTree) -> _Tested:
    found = _Tested()
    if tree.index_path is not None:
        for clause in tree.index_path.clauses:
            found.originals.append(clause.clause.expr)
            found.conditions += clause.exprs
            if clause.clause.from_class is not None:
                found.classes.append(clause.clause.from_class)
        for predicate in tree.index_path.index.predicate:
            if not implied([predicate], found.originals, emitter.level.fold):
                found.originals.append(predicate)
                found.conditions.append(predicate)
        return found
    parts = [_tested(emitter, part) for part in tree.parts]
    if tree.kind == "and":
        for part in parts:
            _add_new(found.originals, part.originals)
            _add_new(found.conditions, part.conditions)
            found.classes += part.classes
        return found
    found.originals = _either([part.originals for part in parts])
    found.conditions = _either([part.conditions for part in parts])
    return found


def _add_new(known: list[e.Expr], more: list[e.Expr]) -> None:
    known += [expr for expr in more if not any(equal(expr, other) for other in known)]


def _either(arms: list[list[e.Expr]]) -> list[e.Expr]:
    """The OR of ANDs; an arm without conditions makes it true."""
    if not all(arms):
        return []
    return [e.Or(type=BOOL, args=tuple(_conjunction(arm) for arm in arms))]


def _conjunction(exprs: list[e.Expr]) -> e.Expr:
    return exprs[0] if len(exprs) == 1 else e.And(type=BOOL, args=tuple(exprs))


def _bare_keys(expr: e.Expr) -> e.Expr:
    """An index-only scan's condition on the key as the index has it, without relabelling (fix_indexqual_operand)."""
    if isinstance(expr, (e.OpCall, e.ArrayOp)):
        return replace(expr, args=(strip(expr.args[0]), *expr.args[1:]))
    if isinstance(expr, e.RowCompare):
        return replace(expr, left=tuple(strip(x) for x in expr.left))
    if isinstance(expr, e.NullTest):
        return replace(expr, arg=strip(expr.arg))
    return expr


def _bitmap(emitter: Emitter, relation: Relation, tree: BitmapTree, columns: tuple[p.ScanColumn, ...], resolve: Resolver) -> p.PhysicalPlan:
    rows = clamp_rows(tree.selectivity * relation.tuples)
    if tree.index_path is not None:
        path = tree.index_path
        assert isinstance(relation.item, l.TableItem)
        cost = p.Cost(startup=0.0, total=path.index_total, rows=rows, width=0)
        return p.BitmapIndexScan(
            relation=relation.item.relation, index=path.index.index, columns=columns, keys=resolve.all(path.index.columns),
            conditions=resolve.all([condition for clause in path.clauses for condition in clause.exprs]), cost=cost,
        )  # fmt: skip
    kind = p.BitmapAnd if tree.kind == "and" else p.BitmapOr
    sources = tuple(_bitmap(emitter, relation, part, columns, resolve) for part in tree.parts)
    return kind(sources=sources, cost=p.Cost(startup=tree.cost, total=tree.cost, rows=rows, width=0))


@builds(ItemPath, tested=scan_clauses)
def item_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """Function, Values, CTE and WorkTable Scan."""
    relation = path.relation
    item = relation.item
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve = emitter.resolver(inputs)
    clauses = scan_clauses(path)
    targets, tests, cost = resolve.all(outputs), _filter(emitter, resolve, clauses), emitter.cost(path)
    outside = emitter.resolver()
    serial = relation.serial
    node: p.PhysicalPlan
    if isinstance(item, l.FunctionItem):
        batch = any(isinstance(x, e.Call) and x.function.batch for c in item.calls for x in walk(c))
        node = p.FunctionScan(
            calls=outside.all(item.calls), column_counts=item.column_counts, columns=columns, alias=relation.alias, ordinality=item.ordinality,
            batch=batch, migrated=item.migrated, targets=targets, filter=tests, cost=cost, range_index=serial,
        )  # fmt: skip
    elif isinstance(item, l.ValuesItem):
        rows = tuple(outside.all(row) for row in item.rows)
        columns = tuple(replace(column, name=f"column{column.number}") for column in columns)  # whatever a subquery around it calls them
        node = p.ValuesScan(rows=rows, columns=columns, alias="*VALUES*", targets=targets, filter=tests, cost=cost, range_index=serial)
    else:
        assert isinstance(item, l.CteItem)
        work = emitter.level.statement.work_tables.get(item.cte)
        if work is not None:
            node = p.WorkTableScan(work_table=work[0], cte_name=item.name, alias=relation.alias, columns=columns, targets=targets, filter=tests, cost=cost,
                                   range_index=serial)  # fmt: skip
        else:
            known = emitter.level.statement.ctes[item.cte]
            node = p.CteScan(cte=known.index, cte_name=known.name, alias=relation.alias, columns=columns, targets=targets, filter=tests, cost=cost,
                             range_index=serial)  # fmt: skip
    return Emitted(node, outputs)


@builds(ResultPath)
def result(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """One row without a table."""
    assert isinstance(path, ResultPath)
    outputs = list(path.target.exprs) if exprs is None else list(exprs)
    resolve = emitter.resolver()
    outputs_made = [x.expr if isinstance(x, PlaceHolder) else x for x in outputs]
    quals = [rewrite(x, _held_there) for x in sorted(path.quals, key=lambda x: emitter.level.estimates.costs.of(x)[1])]
    node = p.Result(targets=resolve.all(outputs_made), one_time=resolve.all(quals), cost=emitter.cost(path))
    return Emitted(node, outputs)


def _held_there(part: object) -> object | None:
    return part.expr if isinstance(part, PlaceHolder) else None


@builds(DummyPath)
def dummy(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """No rows: a Result whose condition is false."""
    outputs = list(path.target.exprs) if exprs is None else list(exprs)
    targets = tuple(_absent(emitter, x) for x in outputs)
    node = p.Result(targets=targets, one_time=(e.Const(type=BOOL, value=False),), cost=emitter.cost(path))
    return Emitted(node, outputs)


def _absent(emitter: Emitter, expr: e.Expr) -> e.Expr:
    """An expression over columns that nothing makes."""

    def change(part: object) -> object | None:
        if isinstance(part, PlaceHolder):
            return rewrite(part.expr, change)
        if not isinstance(part, e.ColumnRef):
            return None
        number = emitter.level.owner.get(part.id)
        relation = emitter.level.relation(number) if number else None
        outputs = () if relation is None or relation.item is None else relation.item.outputs
        name = next((o.name for o in outputs if o.id == part.id), part.name)  # VALUES calls its columns otherwise than what reads them
        return e.AbsentColumn(type=part.type, typmod=part.typmod, id=part.id, name=name, alias="" if relation is None else relation.alias)

    return rewrite(expr, change)


@builds(SubqueryPath, tested=scan_clauses)
def subquery_scan(emitter: Emitter, path: Path, flags: int, exprs: Sequence[e.Expr] | None) -> Emitted:
    """A subquery under an alias; left out where it changes nothing."""
    assert isinstance(path, SubqueryPath)
    relation = path.relation
    item, sub = relation.item, relation.sub
    assert item is not None and sub is not None
    level = emitter.level
    inner = level.statement.emit(sub, path.source)
    columns, inputs = _columns(emitter, relation)
    outputs = scan_list(emitter, path, flags, exprs)
    resolve = emitter.resolver(inputs)
    clauses = scan_clauses(path)
    tests = _filter(emitter, resolve, clauses)
    targets = resolve.all(outputs)
    for number, column in relation.sub_params:  # after the scan's own, which do not share these: a Memoize above then knows one of the two
        if emitter.carries(column) and all(known != number for known, _ in emitter.nest_params):
            emitter.nest_params.append((number, column))
    if sub not in level.children:
        level.children.append(sub)
    trivial = (
        not tests and not _numbers_sides(inner)
        and (len(outputs) == len(inner.targets) or (exprs is None and whole_row(emitter, path, flags) and not sub.row_columns))
        and all(_passes(t, i, inner) for i, t in enumerate(targets))
    )  # fmt: skip
    if trivial:
        return Emitted(inner, outputs, emitter.cost(path))
    node = p.SubqueryScan(source=inner, alias=relation.alias, columns=columns, targets=targets, filter=tests, cost=emitter.cost(path),
                          range_index=relation.serial)  # fmt: skip
    return Emitted(node, outputs)


def _passes(target: e.Expr, place: int, inner: p.PhysicalPlan) -> bool:
    """Whether a column is the one at the same place below, or the same constant (trivial_subqueryscan)."""
    if isinstance(target, e.Const):
        return place < len(inner.targets) and isinstance(inner.targets[place], e.Const) and equal(target, inner.targets[place])
    return isinstance(target, e.InputRef) and target.index == place


def _numbers_sides(node: p.PhysicalPlan) -> bool:
    """Whether a plan's rows have the number of their side in a set operation behind them."""
    while isinstance(node, (p.Sort, p.Limit)):
        node = node.source
    return isinstance(node, p.SetOp)
