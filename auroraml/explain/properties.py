"""The lines under a node: output, conditions, keys, rows removed, batch processing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auroraml.catalog.collations import collation_name
from auroraml.dispatch import singledispatch
from auroraml.explain.hash_table import hash_table
from auroraml.explain.model import Options, Property
from auroraml.explain.names import Place, conflict_text
from auroraml.explain.participants import batch_processing, reported
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.deparse import direction, quote_identifier
from auroraml.ir.metrics import NodeMetrics
from auroraml.ir.objects import Column
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, INT4


def node_properties(node: p.PhysicalPlan, place: Place, options: Options, metrics: NodeMetrics | None) -> Iterator[Property]:
    """What is printed below the head of `node`, in PostgreSQL's order."""
    if options.verbose:
        yield from _output(node, place.output())
        if isinstance(node, p.Join) and node.inner_unique and options.format == "text":
            yield Property(label="Inner Unique", value=True, text="Inner Unique: true")
    if isinstance(node, p.Join) and options.format != "text":
        yield Property(label="Inner Unique", value=node.inner_unique)
    yield from details(node, place, metrics)


def _output(node: p.PhysicalPlan, place: Place) -> Iterator[Property]:
    if isinstance(node, p.Append | p.BitmapIndexScan | p.BitmapAnd | p.RecursiveUnion) or (isinstance(node, p.ModifyTable) and not node.targets):
        return
    texts = [place.text(target) for target in node.targets]
    texts += _side(node, place)
    if texts:
        yield Property(label="Output", value=texts, text=f"Output: {', '.join(texts)}")


def _side(node: p.PhysicalPlan, place: Place) -> list[str]:
    """The number of the side that a row of a set operation came from, which PostgreSQL carries to the top."""
    if isinstance(node, p.Sort | p.Limit):
        return _side(node.source, place.at(node.source))
    return [place.text(e.InputRef(type=INT4, index=node.flag))] if isinstance(node, p.SetOp) else []


def _type(node: p.PhysicalPlan, index: int) -> PgType:
    return node.targets[index].type if node.targets else _type(node.children()[0], index)


def _qual(label: str, conditions: Sequence[e.Expr], place: Place) -> Iterator[Property]:
    if conditions:
        whole = conditions[0] if len(conditions) == 1 else e.And(type=conditions[0].type, args=tuple(conditions))
        text = place.text(whole)
        yield Property(label=label, value=text, text=f"{label}: {text}")


def _removed(label: str, count: int, metrics: NodeMetrics | None) -> Iterator[Property]:
    if metrics is not None:
        value = round(count / max(metrics.loops, 1))
        yield Property(label=label, value=value, text=f"{label}: {value}" if count else None)


def _filter(node: p.PhysicalPlan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    if node.filter:
        yield from _qual("Filter", node.filter, place)
        yield from _removed("Rows Removed by Filter", metrics.removed_by_filter if metrics else 0, metrics)


def _scan_place(node: p.PhysicalPlan, place: Place) -> Place:
    return place.prefixed(isinstance(node, p.SubqueryScan) or place.verbose)


def _upper(place: Place) -> Place:
    return place.prefixed(place.prefix or place.verbose)


@singledispatch
def details(node: p.PhysicalPlan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    """The properties of one kind of node."""
    yield from _filter(node, _upper(place), metrics)


@details.register(p.SeqScan)
@details.register(p.ValuesScan)
@details.register(p.CteScan)
@details.register(p.WorkTableScan)
@details.register(p.SubqueryScan)
def _(node: p.PhysicalPlan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield from _filter(node, _scan_place(node, place), metrics)


@details.register
def _(node: p.TidScan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    scan = _scan_place(node, place)
    conditions = node.conditions
    if len(conditions) > 1 and not isinstance(node, p.TidRangeScan):
        conditions = (e.Or(type=BOOL, args=conditions),)
    yield from _qual("TID Cond", conditions, scan)
    yield from _filter(node, scan, metrics)


@details.register
def _(node: p.SampleScan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    outside = place.prefixed(place.prefix or place.verbose)
    arguments = [outside.text(argument) for argument in node.arguments]
    text = f"Sampling: {node.method} ({', '.join(arguments)})"
    seed = None if node.repeatable is None else outside.text(node.repeatable)
    yield Property(label="Sampling Method", value=node.method, text=text if seed is None else f"{text} REPEATABLE ({seed})")
    yield Property(label="Sampling Parameters", value=arguments)
    if seed is not None:
        yield Property(label="Repeatable Seed", value=seed)
    yield from _filter(node, _scan_place(node, place), metrics)


@details.register
def _(node: p.IndexScan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    scan = _scan_place(node, place)
    yield from _qual("Index Cond", node.conditions, scan)
    if node.conditions:
        yield from _removed("Rows Removed by Index Recheck", metrics.removed_by_recheck if metrics else 0, metrics)
    yield from _filter(node, scan, metrics)
    if isinstance(node, p.IndexOnlyScan) and metrics is not None:
        yield Property(label="Heap Fetches", value=metrics.heap_fetches, text=f"Heap Fetches: {metrics.heap_fetches}")


@details.register
def _(node: p.BitmapIndexScan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield from _qual("Index Cond", node.conditions, _scan_place(node, place))


@details.register
def _(node: p.BitmapHeapScan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    scan = _scan_place(node, place)
    yield from _qual("Recheck Cond", node.recheck, scan)
    if node.recheck:
        yield from _removed("Rows Removed by Index Recheck", metrics.removed_by_recheck if metrics else 0, metrics)
    yield from _filter(node, scan, metrics)
    if metrics is not None:
        counts = {kind: int(str(metrics.extra.get(f"{kind} Heap Blocks", 0))) for kind in ("Exact", "Lossy")}
        said = "".join(f" {kind.lower()}={count}" for kind, count in counts.items() if count)
        yield Property(label="Exact Heap Blocks", value=counts["Exact"], text=f"Heap Blocks:{said}" if said else None)
        yield Property(label="Lossy Heap Blocks", value=counts["Lossy"])


@details.register
def _(node: p.FunctionScan, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    scan = _scan_place(node, place)
    if place.verbose:
        calls = [place.prefixed(place.prefix or place.verbose).text(call) for call in node.calls]
        yield Property(label="Function Call", value=", ".join(calls), text=f"Function Call: {', '.join(calls)}")
    yield from _filter(node, scan, metrics)
    if metrics is not None:
        yield from batch_processing(metrics.batches, place.timing)


@details.register
def _(node: p.Join, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    upper = _upper(place)
    yield from _conditions(node, upper)
    if node.condition:
        yield from _qual("Join Filter", node.condition, upper)
        yield from _removed("Rows Removed by Join Filter", metrics.removed_by_join_filter if metrics else 0, metrics)
    yield from _filter(node, upper, metrics)


@singledispatch
def _conditions(node: p.Join, place: Place) -> Iterator[Property]:
    return iter(())


@_conditions.register
def _(node: p.HashJoin, place: Place) -> Iterator[Property]:
    return _qual("Hash Cond", node.hash_conditions, place)


@_conditions.register
def _(node: p.MergeJoin, place: Place) -> Iterator[Property]:
    return _qual("Merge Cond", node.merge_conditions, place)


def _keys(label: str, source: p.PhysicalPlan, place: Place, keys: Sequence[p.SortColumn]) -> Property:
    place = _upper(place)
    texts = [_key(source, place, key.index) + _collation(source, key.index) + direction(key.descending, key.nulls_first) for key in keys]
    return Property(label=label, value=texts, text=f"{label}: {', '.join(texts)}")


def _collation(node: p.PhysicalPlan, index: int) -> str:
    """The collation of an output, where one was written."""
    while node.targets or node.children():
        target: e.Expr = node.targets[index] if node.targets else e.InputRef(type=INT4, index=index)
        if isinstance(target, e.Relabel) and target.collation not in ("", "default"):
            return f" COLLATE {quote_identifier(target.collation)}"
        if isinstance(target, e.InputRef) and isinstance(node, p.SeqScan):
            number = node.columns[target.index].number
            return next((_other(c) for c in node.relation.columns if c.number == number), "")
        if not isinstance(target, e.InputRef) or not node.children():
            return ""
        node, index = node.children()[target.side], target.index
    return ""


def _other(column: Column) -> str:
    """The collation of a table's column, where it is not its type's."""
    return f" COLLATE {quote_identifier(collation_name(column.collation))}" if column.collation else ""


def _key(source: p.PhysicalPlan, place: Place, index: int) -> str:
    return place.text(e.InputRef(type=_type(source, index), index=index), True)


def _grouped(label: str, source: p.PhysicalPlan, place: Place, keys: Sequence[int]) -> Property:
    """Grouping keys: what the child computes there, as the child writes it."""
    below = _upper(place).at(source)
    texts = [below.text(source.targets[i] if source.targets else e.InputRef(type=_type(source, i), index=i), True) for i in keys]
    return Property(label=label, value=texts, text=f"{label}: {', '.join(texts) or '()'}")


@details.register
def _(node: p.Sort, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield _keys("Sort Key", node.source, place, node.keys)
    if isinstance(node, p.IncrementalSort):
        yield _keys("Presorted Key", node.source, place, [p.SortColumn(index=key.index) for key in node.keys[: node.presorted]])
    if metrics is not None:
        yield from reported(node, place, metrics.own())


@details.register
def _(node: p.Append, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield Property(label="Subplans Removed", value=0)


@details.register
def _(node: p.MergeAppend, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield _keys("Sort Key", node.sources[0], place, node.keys)
    yield Property(label="Subplans Removed", value=0)


@details.register
def _(node: p.Aggregate, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    if node.rollups:
        yield from _sets(node, place)
    elif node.keys:
        yield _grouped("Group Key", node.source, place, node.keys)
    yield from _qual("Filter", node.filter, _upper(place))
    metrics_shown = False
    if node.strategy in ("hashed", "mixed") and place.costs:
        planned = node.hashing.partitions if node.hashing is not None else 0
        before = f"Planned Partitions: {planned}" if planned else None
        if before is not None and metrics is not None and metrics.own().loops:  # then what was used stands in the same line
            yield Property(label="Planned Partitions", value=planned)
            used, *others = reported(node, place, metrics.own())
            yield replace(used, text=f"{before}  {used.text}")
            yield from others
            metrics_shown = True
        else:
            yield Property(label="Planned Partitions", value=planned, text=before)
    if metrics is not None and not metrics_shown:
        yield from reported(node, place, metrics.own())
    if node.filter:
        yield from _removed("Rows Removed by Filter", metrics.removed_by_filter if metrics else 0, metrics)


def _sets(node: p.Aggregate, place: Place) -> Iterator[Property]:
    """Grouping sets, one rollup after another, with the sorts between them (show_grouping_sets)."""
    shown: list[dict[str, object]] = []
    for rollup in node.rollups:
        name = "Hash Key" if rollup.hashed else "Group Key"
        sets = [_grouped(name, node.source, place, rollup.keys[:size]) for size in rollup.sizes]
        group: dict[str, object] = {f"{name}s": [line.value for line in sets]}
        if rollup.sort:
            key = _keys("Sort Key", node.source, place, rollup.sort)
            group = {"Sort Key": key.value, **group}
            yield replace(key, structured=False)
        for line in sets:
            yield replace(line, structured=False, text=f"  {line.text}" if rollup.sort else line.text)
        shown.append(group)
    yield Property(label="Grouping Sets", value=shown)


@details.register
def _(node: p.WindowAgg, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield from _filter(node, _upper(place), metrics)
    yield from _qual("Run Condition", node.run_condition, _upper(place))


@details.register
def _(node: p.Group, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield _grouped("Group Key", node.source, place, node.keys)
    yield from _filter(node, _upper(place), metrics)


@details.register
def _(node: p.Result, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    upper = _upper(place)
    yield from _qual("One-Time Filter", node.one_time, upper)
    yield from _filter(node, upper, metrics)


@details.register
def _(node: p.Hash, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    if metrics is None or not metrics.loops:
        return
    shared = metrics.loops if node.parallel_aware else 1  # participants that built one table together
    together = sum if node.parallel_aware else max  # of one table, of the largest of their own
    parts = (metrics, *metrics.workers.values())
    size, rows = (together([int(str(part.extra.get(label, 0))) for part in parts]) for label in ("Tuple Bytes", "Tuple Rows"))
    table = hash_table(node.cost.rows * shared, node.cost.width, rows, place.hash_memory, size)
    kilobytes = (table.memory + 1023) // 1024
    changed = (table.buckets, table.batches) != (table.planned_buckets, table.planned_batches)
    began = [f" (originally {count})" if changed else "" for count in (table.planned_buckets, table.planned_batches)]
    text = f"Buckets: {table.buckets}{began[0]}  Batches: {table.batches}{began[1]}  Memory Usage: {kilobytes}kB"
    yield Property(label="Hash Buckets", value=table.buckets, text=text)
    yield Property(label="Original Hash Buckets", value=table.planned_buckets)
    yield Property(label="Hash Batches", value=table.batches)
    yield Property(label="Original Hash Batches", value=table.planned_batches)
    yield Property(label="Peak Memory Usage", value=kilobytes)


@details.register
def _(node: p.Memoize, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    keys = ", ".join(_upper(place).text(key) for key in node.keys)
    mode = "binary" if node.binary else "logical"
    yield Property(label="Cache Key", value=keys, text=f"Cache Key: {keys}")
    yield Property(label="Cache Mode", value=mode, text=f"Cache Mode: {mode}")
    if metrics is not None:
        yield from reported(node, place, metrics.own())


@details.register
def _(node: p.Gather, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    yield from _filter(node, _upper(place), metrics)
    yield Property(label="Workers Planned", value=node.workers, text=f"Workers Planned: {node.workers}")
    if node.params:
        params = [f"${number}" for number in node.params]
        yield Property(label="Params Evaluated", value=params, text=f"Params Evaluated: {', '.join(params)}")
    if metrics is not None:
        launched = int(str(metrics.extra.get("Workers Launched", 0)))
        yield Property(label="Workers Launched", value=launched, text=f"Workers Launched: {launched}")
    if not isinstance(node, p.GatherMerge):
        yield Property(label="Single Copy", value=node.single_copy, text="Single Copy: true" if node.single_copy else None)


@details.register
def _(node: p.ModifyTable, place: Place, metrics: NodeMetrics | None) -> Iterator[Property]:
    conflict = node.conflict
    if conflict is not None:
        resolution = "UPDATE" if conflict.update else "NOTHING"
        yield Property(label="Conflict Resolution", value=resolution, text=f"Conflict Resolution: {resolution}")
        if conflict.arbiters and conflict.inferred:
            names = [index.name for index in conflict.arbiters]
            yield Property(label="Conflict Arbiter Indexes", value=names, text=f"Conflict Arbiter Indexes: {', '.join(names)}")
        if conflict.where:
            text = conflict_text(node, conflict.where, _upper(place))
            yield Property(label="Conflict Filter", value=text, text=f"Conflict Filter: {text}")
            yield from _removed("Rows Removed by Conflict Filter", metrics.removed_by_filter if metrics else 0, metrics)
        for label in ("Tuples Inserted", "Conflicting Tuples"):
            if metrics is not None and label in metrics.extra:
                value = int(str(metrics.extra[label]))
                yield Property(label=label, value=value, text=f"{label}: {value}")
