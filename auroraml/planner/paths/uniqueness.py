"""Whether an inner side has at most one match a row (innerrel_is_unique), and making a semi join's inner side unique (create_unique_path)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost.grouping import AggregateCosts, aggregate
from auroraml.planner.cost.sorts import sort
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import family_of
from auroraml.planner.level.questions import equal, strip
from auroraml.planner.level.relation import IndexChoice, Relation
from auroraml.planner.paths.index_match import is_key
from auroraml.planner.paths.path import Path, UniquePath


def sides_match(clause: Clause, outer: int, inner: int) -> bool:
    """Whether one side reads only `outer` and the other only `inner`; notes which (clause_sides_match_join)."""
    if not clause.left_bits & ~outer and not clause.right_bits & ~inner:
        clause.outer_is_left = True
        return True
    if not clause.left_bits & ~inner and not clause.right_bits & ~outer:
        clause.outer_is_left = False
        return True
    return False


def pushed_down(clause: Clause, join_bits: int) -> bool:
    """Whether a clause is a filter above an outer join rather than part of it (RINFO_IS_PUSHED_DOWN)."""
    return clause.pushed_down or bool(clause.required & ~join_bits)


def inner_unique(level: Level, join_bits: int, outer_bits: int, inner: Relation, kind: str, clauses: Sequence[Clause]) -> bool:
    """innerrel_is_unique."""
    if not clauses or not supports_distinctness(inner):
        return False
    for known in inner.unique_for:
        if not known & ~outer_bits:
            return True
    for known in inner.not_unique_for:
        if not outer_bits & ~known:
            return False
    outer_join = kind in ("left", "right", "full", "anti")
    usable = [
        c for c in clauses if not (outer_join and pushed_down(c, join_bits)) and c.can_join and c.family and sides_match(c, outer_bits, inner.bits)
    ]
    if distinct_for(inner, usable):
        inner.unique_for.append(outer_bits)
        return True
    if level.genetic:  # else it is not asked again
        inner.not_unique_for.append(outer_bits)
    return False


def supports_distinctness(relation: Relation) -> bool:
    """Whether anything could prove the relation unique (rel_supports_distinctness)."""
    if relation.kind != "base":
        return False
    if isinstance(relation.item, l.TableItem):
        return any(index.unique and index.usable for index in relation.indexes)
    if isinstance(relation.item, l.SubqueryItem):
        query = relation.item.query
        if isinstance(query, l.Query):
            return bool(query.distinct or query.distinct_on is not None or query.grouped or query.group_by or query.having)
        return isinstance(query, l.SetOperation) and not query.all
    return False


def distinct_for(relation: Relation, clauses: Sequence[Clause]) -> bool:
    """Whether at most one row has given values in the clauses' inner sides (rel_is_distinct_for)."""
    if isinstance(relation.item, l.TableItem):
        return unique_index_for(relation, clauses, (), ())
    item = relation.item
    if not isinstance(item, l.SubqueryItem):
        return False
    ids = set()
    for clause in clauses:
        left, right = clause.args
        side = strip(right if clause.outer_is_left else left)
        if isinstance(side, e.ColumnRef):
            ids.add(side.id)
    return _query_distinct(item, ids)


def _query_distinct(item: l.SubqueryItem, ids: set[int]) -> bool:
    """query_is_distinct_for."""
    query = item.query
    if isinstance(query, l.SetOperation):
        return not query.all and ids >= {o.id for o in item.outputs}
    assert isinstance(query, l.Query)
    visible = [t for t in query.targets if not t.hidden]
    given = {t.id for t, o in zip(visible, item.outputs, strict=False) if o.id in ids}
    if any(isinstance(x, e.Call) and x.function.returns_set for t in query.targets for x in (t.expr,)):
        return False
    if query.distinct:
        return given >= {t.id for t in visible}
    if query.distinct_on is not None:
        return given >= set(query.distinct_on)
    if query.group_by and query.grouping_sets is None:
        exprs = [t.expr for t in visible if t.id in given]
        return all(any(equal(x, g) for x in exprs) for g in query.group_by)
    return query.grouping_sets is None and not query.group_by and (query.grouped or bool(query.having))


def unique_index_for(relation: Relation, clauses: Sequence[Clause], exprs: Sequence[e.Expr], operators: Sequence[e.OpCall]) -> bool:
    """Whether a unique index's columns are all fixed by the clauses (relation_has_unique_index_for)."""
    usable: list[tuple[e.Expr, int]] = []
    for clause in clauses:
        left, right = clause.args
        usable.append((right if clause.outer_is_left else left, clause.family))
    for clause in relation.clauses:
        if not clause.family:
            continue
        left, right = clause.args
        if not clause.left_bits:
            usable.append((right, clause.family))
        elif not clause.right_bits:
            usable.append((left, clause.family))
    for expr, operator in zip(exprs, operators, strict=True):
        found = family_of(operator.operator)
        if found is not None:
            usable.append((expr, found[0]))
    return any(_fixed(index, usable) for index in relation.indexes if index.unique and index.usable)


def _fixed(index: IndexChoice, usable: Sequence[tuple[e.Expr, int]]) -> bool:
    for place in range(len(index.columns)):
        family = index.families[place]
        if not any((other == family or family < 0) and is_key(index, place, expr) for expr, other in usable):
            return False
    return True


def unique_path(level: Level, relation: Relation, source: Path | None, special: SpecialJoin) -> Path | None:
    """The relation's cheapest path with duplicates of the semi join's inner columns removed (create_unique_path)."""
    if relation.cheapest_unique is not None:
        return relation.cheapest_unique
    if source is None or not (special.semi_can_btree or special.semi_can_hash) or source.param is not None:
        return None
    made = UniquePath(relation, relation.target, source)
    made.exprs = special.semi_exprs
    made.operators = special.semi_operators
    item = relation.item
    unique = relation.kind == "base" and isinstance(item, l.TableItem) and special.semi_can_btree
    if (unique and unique_index_for(relation, (), special.semi_exprs, special.semi_operators)) or _subquery_unique(relation, special):
        made.method = "none"
        made.rows = relation.rows
        made.startup, made.total, made.keys = source.startup, source.total, source.keys
        relation.cheapest_unique = made
        return made
    rows = level.estimates.groups(special.semi_exprs, relation.rows)
    columns = len(special.semi_exprs)
    width = source.target.width
    sorted_cost = hashed_cost = None
    if special.semi_can_btree:
        startup, total = sort(level.costs, source.total, relation.rows, width, -1.0)
        sorted_cost = (startup, total + level.costs.operator * relation.rows * columns)
    if special.semi_can_hash and (width + 64) * rows <= level.costs.hash_memory:
        startup, total, _ = aggregate(level.costs, "hashed", AggregateCosts(), columns, rows, source.startup, source.total, relation.rows, width)
        hashed_cost = (startup, total)
    if hashed_cost is not None and (sorted_cost is None or hashed_cost[1] < sorted_cost[1]):
        made.method = "hash"
        made.startup, made.total = hashed_cost
    elif sorted_cost is not None:
        made.method = "sort"
        made.startup, made.total = sorted_cost
    else:
        return None
    made.rows = rows
    relation.cheapest_unique = made
    return made


def _subquery_unique(relation: Relation, special: SpecialJoin) -> bool:
    item = relation.item
    if relation.kind != "base" or not isinstance(item, l.SubqueryItem) or not supports_distinctness(relation):
        return False
    ids = {x.id for x in (strip(y) for y in special.semi_exprs) if isinstance(x, e.ColumnRef)}
    return len(ids) == len(special.semi_exprs) and _query_distinct(item, ids)
