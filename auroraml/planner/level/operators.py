"""B-tree families: which operators mean equality and order for pairs of types (pg_amop)."""

from __future__ import annotations

from functools import cache
from typing import Final

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


FIRST_OWN_OID: Final = 16384  # types below it are the same in every database
_COMPARED: Final[dict[int, int]] = {}  # of those: the types whose operators order them
PATTERN_FAMILIES: Final = {  # of the pattern classes, which OPCLASS_MEMBERS has not: operators by strategy
    2095: {2314: 1, 2315: 2, 98: 3, 2317: 4, 2318: 5},
    2097: {2326: 1, 2327: 2, 1054: 3, 2329: 4, 2330: 5},
}
_PATTERN_CLASSES: Final = {"text_pattern_ops": 2095, "varchar_pattern_ops": 2095, "bpchar_pattern_ops": 2097}


def key_family(type: PgType, opclass: str) -> int:
    """The family of an index key: its type's, or below 0 that of a pattern class, which gives no order that a query could ask for."""
    pattern = _PATTERN_CLASSES.get(opclass)
    return type_family(type) if pattern is None else -pattern


def strategy_in(operator: int, family: int) -> int:
    """An operator's strategy number in the family of an index key, 0 where it is not in it (get_op_opfamily_strategy)."""
    if family < 0:
        return PATTERN_FAMILIES[-family].get(operator, 0)
    found = _families()[2].get(operator)
    return found[1] if found is not None and found[0] == family else 0


def family_member(family: int, left: PgType, right: PgType, strategy: int) -> Operator | None:
    """The operator of a key's family for two types (get_opfamily_member)."""
    if family < 0:
        found = next((oid for oid, number in PATTERN_FAMILIES[-family].items() if number == strategy), None)
        return None if found is None else builtin_operator(found)
    return family_operator(left, right, strategy)


def family_of(operator: Operator) -> tuple[int, int] | None:
    """The B-tree family and strategy number of an operator."""
    return _families()[2].get(operator.oid)


def type_family(type: PgType) -> int:
    """The B-tree family that orders `type` by default; 0 for none."""
    return _families()[0].get(_compared(type), 0)


def family_operator(left: PgType, right: PgType, strategy: int) -> Operator | None:
    """The family's operator for two types."""
    found = _families()[1].get((_compared(left), _compared(right)), {}).get(strategy)
    return None if found is None else builtin_operator(found)


def _compared(type: PgType) -> int:
    found = _COMPARED.get(type.oid)
    if found is None:
        found = comparison_type(type)
        if type.oid < FIRST_OWN_OID:
            _COMPARED[type.oid] = found
    return found


def hashable(operator: Operator) -> bool:
    """Whether a hash join can use the operator."""
    return operator.can_hash
