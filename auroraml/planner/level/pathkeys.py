"""Pathkeys: orders of rows as (class, direction, nulls), their comparison and usefulness (pathkeys.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.planner.level.classes import EquivalenceClass, sort_class
from auroraml.planner.level.clause import Clause

if TYPE_CHECKING:
    from auroraml.planner.level.level import Level
    from auroraml.planner.level.relation import Relation


class PathKey:
    """One key of an order; canonical, so that equal keys are the same object."""

    __slots__ = ("cls", "descending", "nulls_first")

    def __init__(self, cls: EquivalenceClass, descending: bool, nulls_first: bool) -> None:
        self.cls = cls
        self.descending = descending
        self.nulls_first = nulls_first


Keys = tuple[PathKey, ...]


class SortClause:
    """An entry of ORDER BY, GROUP BY, DISTINCT or a window: a target's reference, its expression and direction."""

    __slots__ = ("descending", "expr", "nulls_first", "ref")

    def __init__(self, ref: int, expr: e.Expr, descending: bool = False, nulls_first: bool = False) -> None:
        self.ref = ref
        self.expr = expr
        self.descending = descending
        self.nulls_first = nulls_first


def pathkey(level: Level, cls: EquivalenceClass, descending: bool, nulls_first: bool) -> PathKey:
    """The canonical key (make_canonical_pathkey)."""
    cls = cls.canonical()
    known = level.pathkeys.setdefault(id(cls), [])
    for key in known:
        if key.descending == descending and key.nulls_first == nulls_first:
            return key
    made = PathKey(cls, descending, nulls_first)
    known.append(made)
    return made


def redundant(key: PathKey, before: Sequence[PathKey]) -> bool:
    """Whether a key adds nothing after `before` (pathkey_is_redundant)."""
    if key.cls.has_const and not key.cls.below_outer_join:
        return True
    return any(other.cls is key.cls for other in before)


def sort_keys(level: Level, clauses: Sequence[SortClause]) -> Keys:
    """The order that sort clauses ask for (make_pathkeys_for_sortclauses)."""
    keys: list[PathKey] = []
    for clause in clauses:
        cls = sort_class(level, clause.expr, clause.ref, True)
        assert cls is not None
        key = pathkey(level, cls, clause.descending, clause.nulls_first)
        if not redundant(key, keys):
            keys.append(key)
    return tuple(keys)


def contained(wanted: Keys, keys: Keys) -> bool:
    """Whether rows in order `keys` are in order `wanted` (pathkeys_contained_in)."""
    return keys[: len(wanted)] == wanted


def common_prefix(wanted: Keys, keys: Keys) -> int:
    """How many leading keys agree (pathkeys_count_contained_in)."""
    n, most = 0, min(len(wanted), len(keys))
    while n < most and wanted[n] is keys[n]:
        n += 1
    return n


def update_classes(clause: Clause) -> None:
    """Follow merged classes (update_mergeclause_eclasses)."""
    if clause.left_class is not None and clause.left_class.merged is not None:
        clause.left_class = clause.left_class.canonical()
    if clause.right_class is not None and clause.right_class.merged is not None:
        clause.right_class = clause.right_class.canonical()


def merge_classes(level: Level, clause: Clause) -> None:
    """Give a merge clause its sides' classes, made where there are none (initialize_mergeclause_eclasses)."""
    left, right = clause.args
    clause.left_class = sort_class(level, left, 0, True)
    clause.right_class = sort_class(level, right, 0, True)


def outer_class(clause: Clause) -> EquivalenceClass:
    """The class of a merge clause's outer side."""
    found = clause.left_class if clause.outer_is_left else clause.right_class
    assert found is not None
    return found


def inner_class(clause: Clause) -> EquivalenceClass:
    """The class of a merge clause's inner side."""
    found = clause.right_class if clause.outer_is_left else clause.left_class
    assert found is not None
    return found


def merge_clauses_for_outer(keys: Keys, clauses: Sequence[Clause]) -> list[Clause]:
    """The merge clauses that fit an outer order, in its order (find_mergeclauses_for_outer_pathkeys); their classes are up to date."""
    found: list[Clause] = []
    for key in keys:
        matched = [c for c in clauses if outer_class(c) is key.cls]
        if not matched:
            break
        found += matched
    return found


def outer_keys_for_merge(level: Level, clauses: Sequence[Clause], join: Relation) -> Keys:
    """The order to sort the outer side in (select_outer_pathkeys_for_merge)."""
    if not clauses:
        return ()
    classes: list[EquivalenceClass] = []
    scores: list[int] = []
    for clause in clauses:
        cls = outer_class(clause)
        if cls in classes:
            continue
        score = sum(1 for m in cls.members if m.bits and not m.bits & join.bits)
        classes.append(cls)
        scores.append(score)
    keys: list[PathKey] = []
    if level.query_keys:
        matched = [key.cls for key in level.query_keys if key.cls in classes]
        if len(matched) == len(level.query_keys):
            keys = list(level.query_keys)
            for cls in matched:
                scores[classes.index(cls)] = -1
    while True:
        best, best_score = -1, -1
        for i, score in enumerate(scores):
            if score > best_score:
                best, best_score = i, score
        if best < 0:
            break
        scores[best] = -1
        key = pathkey(level, classes[best], False, False)
        if not redundant(key, keys):
            keys.append(key)
    return tuple(keys)


def inner_keys_for_merge(level: Level, clauses: Sequence[Clause], outer_keys: Keys) -> Keys:
    """The order the inner side needs (make_inner_pathkeys_for_merge)."""
    keys: list[PathKey] = []
    last: EquivalenceClass | None = None
    last_key: PathKey | None = None
    rest = iter(outer_keys)
    for clause in clauses:
        outside, inside = outer_class(clause), inner_class(clause)
        if outside is not last:
            last_key = next(rest, None)
            assert last_key is not None
            last = last_key.cls
        assert last_key is not None
        key = last_key if outside is inside else pathkey(level, inside, last_key.descending, last_key.nulls_first)
        if not redundant(key, keys):
            keys.append(key)
    return tuple(keys)


def trim_merge_clauses(clauses: Sequence[Clause], keys: Keys) -> list[Clause]:
    """The leading merge clauses that an inner order supports (trim_mergeclauses_for_inner_pathkeys)."""
    if not keys:
        return []
    found: list[Clause] = []
    position = 0
    matched = False
    for clause in clauses:
        cls = inner_class(clause)
        if cls is not keys[position].cls:
            if not matched:
                break
            position += 1
            if position >= len(keys) or cls is not keys[position].cls:
                break
            matched = False
        found.append(clause)
        matched = True
    return found


def useful_for_merging(level: Level, relation: Relation, keys: Keys) -> int:
    """How many leading keys a later merge join could use (pathkeys_useful_for_merging)."""
    useful = 0
    for key in keys:
        found = False
        if relation.has_class_joins:
            for cls in (key.cls,):
                if not cls.has_const and cls.bits & ~relation.bits and any(m.bits and not m.bits & relation.bits for m in cls.members):
                    found = True
        if not found:
            for clause in relation.join_clauses:
                if not clause.family:
                    continue
                update_classes(clause)
                if key.cls is clause.left_class or key.cls is clause.right_class:
                    found = True
                    break
        if not found:
            break
        useful += 1
    if useful > 0 and _right_merge_direction(level, keys[0]) is False:
        return 0
    n = 0
    for key in keys[:useful]:
        if not _right_merge_direction(level, key):
            break
        n += 1
    return n


def _right_merge_direction(level: Level, key: PathKey) -> bool:
    for wanted in level.query_keys:
        if wanted.cls is key.cls:
            return wanted.descending == key.descending
    return not key.descending


def useful_for_ordering(level: Level, keys: Keys) -> int:
    """How many leading keys serve the query's order (pathkeys_useful_for_ordering)."""
    if not level.query_keys or not keys:
        return 0
    return common_prefix(level.query_keys, keys)


def truncate_useless(level: Level, relation: Relation, keys: Keys) -> Keys:
    """The leading keys worth keeping (truncate_useless_pathkeys)."""
    if not keys:
        return keys
    n = max(useful_for_merging(level, relation, keys), useful_for_ordering(level, keys))
    return keys if n == len(keys) else keys[:n]


def has_useful(level: Level, relation: Relation) -> bool:
    """Whether any order could be useful for the relation (has_useful_pathkeys)."""
    return bool(relation.join_clauses or relation.has_class_joins or level.query_keys)
