"""Paths in words: what EXPLAIN would call their nodes, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auroraml.dispatch import singledispatch
from auroraml.ir import logical as l
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths import path as q

Alias = Callable[[Relation], str]
DEPTH = 2  # how far down a path's parts are named; below that stands the relation
JOINS = {"inner": "", "left": " Left", "right": " Right", "full": " Full", "semi": " Semi", "anti": " Anti"}
STRATEGIES = {"plain": "Aggregate", "sorted": "GroupAggregate", "hashed": "HashAggregate", "mixed": "MixedAggregate"}
PHASES = {"whole": "", "partial": "Partial ", "final": "Finalize "}


def words(path: q.Path, alias: Alias, depth: int = DEPTH) -> str:
    """The path with its parts in parentheses."""
    head = ("Parallel " if path.aware else "") + name(path, alias)
    below = list(parts(path, alias, depth - 1))
    return f"{head} ({', '.join(below)})" if below else head


@singledispatch
def name(path: q.Path, alias: Alias) -> str:
    """The node's name, with the relation where it scans one."""
    return type(path).__name__.removesuffix("Path")


@singledispatch
def parts(path: q.Path, alias: Alias, depth: int) -> Iterable[str]:
    """What it is made of."""
    return ()


def _part(path: q.Path, alias: Alias, depth: int) -> str:
    if depth > 0 or isinstance(path, (q.SeqPath, q.ItemPath, q.IndexPath)):
        return words(path, alias, depth)
    return f"{name(path, alias)} of {alias(path.relation)}" if isinstance(path, q.JoinPath) else name(path, alias)


@parts.register
def _(path: q.UnaryPath, alias: Alias, depth: int) -> Iterable[str]:
    yield _part(path.source, alias, depth)


@parts.register
def _(path: q.JoinPath, alias: Alias, depth: int) -> Iterable[str]:
    yield _part(path.outer_path, alias, depth)
    yield _part(path.inner, alias, depth)


@parts.register
def _(path: q.MergePath, alias: Alias, depth: int) -> Iterable[str]:
    outer, inner = _part(path.outer_path, alias, depth), _part(path.inner, alias, depth)
    yield outer if path.outer_sort is None else f"Sort ({outer})"
    inner = inner if path.inner_sort is None else f"Sort ({inner})"
    yield f"Materialize ({inner})" if path.materialize else inner


@parts.register
def _(path: q.HashPath, alias: Alias, depth: int) -> Iterable[str]:
    yield _part(path.outer_path, alias, depth)
    yield f"Hash ({_part(path.inner, alias, depth)})"


@parts.register
def _(path: q.AppendPath, alias: Alias, depth: int) -> Iterable[str]:
    return [_part(source, alias, depth) for source in path.sources]


@parts.register
def _(path: q.BitmapPath, alias: Alias, depth: int) -> Iterable[str]:
    yield _bitmap(path.tree)


def _bitmap(tree: q.BitmapTree) -> str:
    if tree.index_path is not None:
        return f"Bitmap Index Scan on {tree.index_path.index.index.name}"
    return f"Bitmap{tree.kind.capitalize()} ({', '.join(_bitmap(part) for part in tree.parts)})"


@name.register
def _(path: q.SeqPath, alias: Alias) -> str:
    return f"Seq Scan on {alias(path.relation)}"


@singledispatch
def _item(item: object) -> str:
    return "Scan"


@_item.register
def _(item: l.FunctionItem) -> str:
    return "Function Scan"


@_item.register
def _(item: l.ValuesItem) -> str:
    return "Values Scan"


@_item.register
def _(item: l.CteItem) -> str:
    return "CTE Scan"


@name.register
def _(path: q.ItemPath, alias: Alias) -> str:
    return f"{_item(path.relation.item)} on {alias(path.relation)}"


@name.register
def _(path: q.IndexPath, alias: Alias) -> str:
    only, back = " Only" if path.index_only else "", " Backward" if path.backward else ""
    return f"Index{only} Scan{back} using {path.index.index.name} on {alias(path.relation)}"


@name.register
def _(path: q.BitmapPath, alias: Alias) -> str:
    return f"Bitmap Heap Scan on {alias(path.relation)}"


@name.register
def _(path: q.SubqueryPath, alias: Alias) -> str:
    return f"Subquery Scan on {alias(path.relation)}"


@name.register(q.ResultPath)
@name.register(q.DummyPath)
@name.register(q.ProjectionPath)
@name.register(q.MinMaxPath)
def _(path: q.Path, alias: Alias) -> str:
    return "Result"


@name.register
def _(path: q.NestPath, alias: Alias) -> str:
    return "Nested Loop" + (f"{JOINS[path.kind]} Join" if path.kind != "inner" else "")


@name.register
def _(path: q.MergePath, alias: Alias) -> str:
    return f"Merge{JOINS[path.kind]} Join"


@name.register
def _(path: q.HashPath, alias: Alias) -> str:
    return f"Hash{JOINS[path.kind]} Join"


@name.register
def _(path: q.AggregatePath, alias: Alias) -> str:
    return PHASES[path.phase] + STRATEGIES[path.strategy]


@name.register
def _(path: q.UniquePath, alias: Alias) -> str:
    return {"hash": "HashAggregate", "sort": "Unique"}.get(path.method, "Unique")


@name.register
def _(path: q.SetOpPath, alias: Alias) -> str:
    return f"{'HashSetOp' if path.strategy == 'hashed' else 'SetOp'} {path.command}"


PLAIN = {
    q.SortPath: "Sort", q.IncrementalSortPath: "Incremental Sort", q.MaterialPath: "Materialize", q.MemoizePath: "Memoize", q.GatherPath: "Gather",
    q.GatherMergePath: "Gather Merge", q.GroupPath: "Group", q.UpperUniquePath: "Unique", q.WindowPath: "WindowAgg", q.LimitPath: "Limit",
    q.AppendPath: "Append", q.MergeAppendPath: "Merge Append", q.ProjectSetPath: "ProjectSet", q.RecursivePath: "Recursive Union",
}  # fmt: skip
for _class, _words in PLAIN.items():
    name.register(_class, lambda path, alias, found=_words: found)
