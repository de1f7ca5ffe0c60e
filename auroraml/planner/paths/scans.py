"""Paths of base relations: sequential, function, VALUES, WITH and subquery scans; index paths come from paths/indexes.py."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost import scans as cost
from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import add_partial_path, add_path, set_cheapest
from auroraml.planner.paths.indexes import index_paths
from auroraml.planner.paths.parallel import useful_gathers, workers_for
from auroraml.planner.paths.path import DummyPath, ItemPath, Path, ProjectionPath, ProjectSetPath, ResultPath, SamplePath, SeqPath
from auroraml.planner.paths.sampling import BY_PAGE
from auroraml.planner.paths.sizes import parameterization
from auroraml.planner.paths.subqueries import subquery_paths
from auroraml.planner.paths.target_costs import quals_cost
from auroraml.planner.paths.tids import tid_paths
from auroraml.planner.rules.join_tree import NoTable


def make_dummy(relation: Relation) -> None:
    """The relation has no rows (mark_dummy_rel)."""
    relation.rows = 0.0
    relation.paths = []
    relation.partial_paths = []
    path = DummyPath(relation, relation.target)
    path.safe = relation.consider_parallel
    add_path(relation, path)
    set_cheapest(relation)


def is_dummy(relation: Relation) -> bool:
    """Whether the relation is known to be empty."""
    path = relation.paths[0] if relation.paths else None
    while path is not None:
        if isinstance(path, DummyPath):
            return True
        path = path.source if isinstance(path, (ProjectionPath, ProjectSetPath)) else None
    return False


def base_paths(level: Level, relation: Relation) -> None:
    """All paths of a base relation."""
    item = relation.item
    sub = relation.sub
    if relation.excluded or (sub is not None and sub.final is not None and is_dummy(sub.final)):
        relation.target.width = 0
        relation.widths = {id: width if relation.attribute_numbers.get(id, 0) < 0 else 0 for id, width in relation.widths.items()}
        make_dummy(relation)
        return
    if isinstance(item, l.SampledItem):
        add_path(relation, sampling(level, relation, item))
    elif isinstance(item, l.TableItem):
        add_path(relation, sequential(level, relation, relation.lateral, 0))
        if relation.consider_parallel and not relation.lateral and item.relation.system is None:  # system relations are read whole
            workers = workers_for(level, relation, relation.pages, -1.0)
            if workers > 0:
                add_partial_path(relation, sequential(level, relation, 0, workers))
        index_paths(level, relation)
        tid_paths(level, relation, item)
    elif isinstance(item, l.SubqueryItem):
        subquery_paths(level, relation, item)
    elif isinstance(item, NoTable):
        add_path(relation, _no_table(level, relation))
    else:
        add_path(relation, _item(level, relation, item))
    if relation.partial_paths and relation.parent is None and relation.bits != level.all_bits:
        useful_gathers(level, relation)
    set_cheapest(relation)


def sequential(level: Level, relation: Relation, outer: int, workers: int) -> Path:
    """A sequential scan (create_seqscan_path)."""
    param = parameterization(level, relation, outer)
    path = SeqPath(relation, relation.target, (), param)
    startup, per_tuple = quals_cost(level, relation, param)
    rows = relation.rows if param is None else param.rows
    target = relation.target
    path.startup, path.total, path.rows = cost.seq_scan(
        level.costs, relation.pages, relation.tuples, startup, per_tuple, target.startup, target.per_tuple, rows, workers
    )
    path.safe = relation.consider_parallel
    path.workers = workers
    path.aware = workers > 0
    return path


def sampling(level: Level, relation: Relation, item: l.SampledItem) -> Path:
    """TABLESAMPLE, the only path of its relation (create_samplescan_path)."""
    param = parameterization(level, relation, relation.lateral)
    path = SamplePath(relation, relation.target, (), param)
    startup, per_tuple = quals_cost(level, relation, param)
    rows = relation.rows if param is None else param.rows
    target = relation.target
    path.startup, path.total, path.rows = cost.sample_scan(
        level.costs, item.method in BY_PAGE, relation.pages, relation.tuples, startup, per_tuple, target.startup, target.per_tuple, rows
    )
    path.safe = relation.consider_parallel
    return path


def _no_table(level: Level, relation: Relation) -> Path:
    param = parameterization(level, relation, relation.lateral)
    path = ResultPath(relation, relation.target, (), param)
    path.quals = []
    path.safe = relation.consider_parallel
    startup, per_tuple = quals_cost(level, relation, param)
    path.rows = relation.rows if param is None else param.rows
    path.startup = startup
    path.total = startup + (level.costs.tuple + per_tuple) * relation.tuples
    path.quals = [c.expr for c in (*relation.clauses, *(() if param is None else param.clauses))]
    return path


def _item(level: Level, relation: Relation, item: l.FromItem | None) -> Path:
    """A function, VALUES, WITH query or work table (cost_functionscan, cost_valuesscan, cost_ctescan)."""
    param = parameterization(level, relation, relation.lateral)
    path = ItemPath(relation, relation.target, (), param)
    path.rows = relation.rows if param is None else param.rows
    path.safe = relation.consider_parallel
    startup, per_tuple = quals_cost(level, relation, param)
    own_startup = 0.0
    own = 0.0
    if isinstance(item, l.FunctionItem):
        a, b = level.estimates.costs.total(item.calls)
        own_startup = a + b
        if level.statement.charge_rows and _batch(item):
            own_startup, own = a, b
    elif isinstance(item, l.ValuesItem):
        own = level.costs.operator
    elif isinstance(item, l.CteItem):
        own = level.costs.tuple
    target = relation.target
    path.startup, path.total = cost.simple_scan(
        own_startup, own + (level.costs.tuple + per_tuple), relation.tuples, startup, target.startup, target.per_tuple, path.rows
    )
    return path


def _batch(item: l.FunctionItem) -> bool:
    return any(isinstance(call, e.Call) and call.function.batch for call in item.calls)
