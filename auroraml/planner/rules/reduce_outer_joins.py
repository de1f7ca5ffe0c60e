"""Outer joins whose NULL-extended rows no condition above lets through become inner ones (reduce_outer_joins); RIGHT becomes LEFT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import walk
from auroraml.planner.level.questions import conjuncts, nonnullable_ids
from auroraml.planner.rules.join_tree import AppendItem, Group, NoTable, leaves, made_ids
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.planner.rules.pull_up_sublinks import all_of
from auroraml.records import replace

Ids = frozenset[int]
NONE: Final[Ids] = frozenset()


def has_outer_joins(item: l.FromItem) -> bool:
    """Whether a left, right or full join occurs."""
    if isinstance(item, Group):
        return any(has_outer_joins(i) for i in item.items)
    if isinstance(item, l.JoinItem):
        return item.kind in ("left", "right", "full") or has_outer_joins(item.left) or has_outer_joins(item.right)
    return False


def reduce_outer_joins(tree: Group) -> Group:
    """The tree with outer joins made stricter where that changes nothing."""
    if not has_outer_joins(tree):
        return tree
    owners: dict[int, int] = {}
    for leaf in leaves(tree):
        ids = made_ids(leaf)
        owners.update(dict.fromkeys(ids, min(ids, default=0)))
    owners.update((part.id, owners.get(part.home, part.home)) for part in walk(tree) if isinstance(part, PlaceHolder) and not part.homes)
    return _reduce(tree, NONE, NONE, owners)  # type: ignore[return-value] # a Group stays one


def _reduce(item: l.FromItem, nonnull: Ids, forced: Ids, owners: Mapping[int, int]) -> l.FromItem:
    """`nonnull`: a column of each relation whose rows conditions above require; `forced`: columns that conditions above require NULL.

    `owners`: every column's relation, named by its first column.
    """
    if isinstance(item, Group):
        passed = nonnull | nonnullable_ids(item.where, owners=owners)
        null = forced | _forced_null(item.where)
        return replace(item, items=tuple(_reduce(i, passed, null, owners) if has_outer_joins(i) else i for i in item.items))
    if not isinstance(item, l.JoinItem):
        return item
    kind, left, right, on = item.kind, item.left, item.right, item.on
    left_ids, right_ids = made_ids(left), made_ids(right)
    kind = _stricter(kind, left_ids, right_ids, nonnull)
    if kind == "right":
        kind, left, right, left_ids, right_ids = "left", right, left, right_ids, left_ids
    conditions = conjuncts(on)
    if kind == "left":
        local = nonnullable_ids(conditions)
        if local & forced & right_ids:
            kind = "anti"
    if has_outer_joins(left) or has_outer_joins(right):
        if kind == "full":
            passed_left = passed_right = NONE
            null_left = null_right = NONE
        else:
            local = nonnullable_ids(conditions, owners=owners)
            local_null = _forced_null(conditions)
            if kind in ("inner", "cross", "semi"):
                passed_left = passed_right = nonnull | local
                null_left = null_right = forced | local_null
            else:
                passed_left, null_left = nonnull, forced
                passed_right, null_right = local, local_null
        if has_outer_joins(left):
            left = _reduce(left, passed_left, null_left, owners)
        if has_outer_joins(right):
            right = _reduce(right, passed_right, null_right, owners)
    return replace(item, kind=kind, left=left, right=right, outputs=item.outputs)


def _stricter(kind: str, left: Ids, right: Ids, nonnull: Ids) -> str:
    if kind == "left" and nonnull & right:
        return "inner"
    if kind == "right" and nonnull & left:
        return "inner"
    if kind == "full":
        if nonnull & left:
            return "inner" if nonnull & right else "left"
        if nonnull & right:
            return "right"
    return kind


def _forced_null(conditions: object) -> Ids:
    """Columns that must be NULL (find_forced_null_vars)."""
    return frozenset(
        c.arg.id
        for c in conditions  # type: ignore[attr-defined] # a sequence of conjuncts
        if isinstance(c, e.NullTest) and not c.negated and not c.per_field and isinstance(c.arg, e.ColumnRef)
    )


def remove_no_tables(item: l.FromItem, homes: set[int], moved: dict[int, frozenset[int]]) -> l.FromItem:
    """The tree without rows that have no columns, where other relations stand beside them (remove_useless_result_rtes).

    `homes`: columns whose relations place holders are computed at; `moved` takes new ones of those whose relation goes.
    """
    if isinstance(item, Group):
        parts = [remove_no_tables(i, homes, moved) for i in item.items]
        real = [i for i in parts if not _useless(i, homes)]
        if len(real) == len(item.items) and all(a is b for a, b in zip(real, item.items, strict=True)):
            return item
        return replace(item, items=tuple(real) if real else (parts[0],))
    if isinstance(item, l.JoinItem):
        left, right = remove_no_tables(item.left, homes, moved), remove_no_tables(item.right, homes, moved)
        conditions = tuple(conjuncts(item.on))
        if item.kind in ("inner", "cross"):
            for gone, kept in ((left, right), (right, left)):
                if _is_no_table(gone) and _move(gone, kept, homes, moved):
                    return Group(items=(kept,), where=conditions) if conditions else kept
        if item.kind == "left" and _is_no_table(right) and (not conditions or not made_ids(right) & homes):
            if not made_ids(right) & homes or _move(right, left, homes, moved):
                return left
            if _is_no_table(left):
                return right
        if item.kind == "semi" and _is_no_table(right) and _move(right, left, homes, moved):
            return Group(items=(left,), where=conditions) if conditions else left
        return replace(item, left=left, right=right, on=all_of(conditions))
    return item


def _move(gone: l.FromItem, kept: l.FromItem, homes: set[int], moved: dict[int, frozenset[int]]) -> bool:
    """Let place holders of one side of an inner join be computed at the other; whether they can be (substitute_phv_relids)."""
    homeless = made_ids(gone) & homes
    places = _places(kept) if homeless else NONE
    if homeless and not places:
        return False
    moved.update(dict.fromkeys(homeless, places))
    homes |= places if homeless else NONE
    return True


def _places(item: l.FromItem) -> frozenset[int]:
    """The first columns of a tree's relations; none where one of them computes no place holders."""
    relations = leaves(item)
    if any(isinstance(leaf, AppendItem) or not leaf.outputs for leaf in relations):
        return NONE
    return frozenset(leaf.outputs[0].id for leaf in relations)


def _useless(item: l.FromItem, homes: set[int]) -> bool:
    return _is_no_table(item) and not made_ids(item) & homes


def _is_no_table(item: l.FromItem) -> bool:
    return isinstance(item, NoTable)
