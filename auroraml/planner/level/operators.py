"""B-tree families: which operators mean equality and order for pairs of types (pg_amop)."""

from __future__ import annotations

from functools import cache

from auroraml.catalog.builtins import builtin_operator, comparison_type
from auroraml.catalog.data import OPCLASS_MEMBERS
from auroraml.ir.objects import Operator
from auroraml.types.pg_type import PgType


@cache
def _families() -> tuple[dict[int, int], dict[tuple[int, int], dict[int, int]], dict[int, tuple[int, int]], frozenset[int]]:
    """Type to family; (left, right) to operators by strategy; operator to (family, strategy); hashable equality operators."""
    parent: dict[int, int] = {}

    def root(type: int) -> int:
        parent.setdefault(type, type)
        while parent[type] != type:
            type = parent[type]
        return type

    pairs: dict[tuple[int, int], dict[int, int]] = {}
    hashed: set[int] = set()
    for method, type, strategy, operator, right, _ in OPCLASS_MEMBERS:
        if method == "hash":
            hashed.add(operator)
        if method != "btree":
            continue
        row = builtin_operator(operator)
        left = type if row is None or row.left is None else row.left.oid
        right = right if row is None else row.right.oid
        a, b = root(left), root(right)
        if a != b:
            parent[max(a, b)] = min(a, b)
        pairs.setdefault((left, right), {}).setdefault(strategy, operator)
    members: dict[int, tuple[int, int]] = {}
    for (left, _), operators in pairs.items():
        for strategy, operator in operators.items():
            members.setdefault(operator, (root(left), strategy))
    return {type: root(type) for type in parent}, pairs, members, frozenset(hashed)


def family_of(operator: Operator) -> tuple[int, int] | None:
    """The B-tree family and strategy number of an operator."""
    return _families()[2].get(operator.oid)


def type_family(type: PgType) -> int:
    """The B-tree family that orders `type` by default; 0 for none."""
    return _families()[0].get(comparison_type(type), 0)


def family_operator(left: PgType, right: PgType, strategy: int) -> Operator | None:
    """The family's operator for two types."""
    found = _families()[1].get((comparison_type(left), comparison_type(right)), {}).get(strategy)
    return None if found is None else builtin_operator(found)


def hashable(operator: Operator) -> bool:
    """Whether a hash join can use the operator."""
    return operator.can_hash
