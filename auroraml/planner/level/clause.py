"""Clause: a condition with what the search keeps about it (RestrictInfo); SpecialJoin: an outer, semi or anti join's constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.ir import expr as e

if TYPE_CHECKING:
    from auroraml.planner.level.classes import EquivalenceClass, Member


class Clause:
    """One conjunct: where it may be applied, whether it joins, and its kept estimates."""

    __slots__ = (
        "bits", "can_join", "delayed", "expr", "family", "from_class", "has_volatile", "hashable", "inner_selectivity", "left_bits",
        "left_bucket", "left_class", "left_mcv", "left_member", "nullable", "or_arms", "outer_bits", "outer_is_left", "outer_selectivity",
        "per_tuple", "pseudoconstant", "pushed_down", "required", "right_bits", "right_bucket", "right_class", "right_mcv", "right_member",
        "scan_fractions", "startup",
    )  # fmt: skip

    def __init__(self, expr: e.Expr, bits: int) -> None:
        self.expr = expr
        self.bits = bits  # relations it reads
        self.required = bits  # relations that must be joined first
        self.outer_bits = 0  # nonnullable side of the outer join it belongs to
        self.nullable = 0
        self.left_bits = 0
        self.right_bits = 0
        self.pushed_down = True
        self.delayed = False
        self.can_join = False
        self.pseudoconstant = False
        self.has_volatile = False
        self.family = 0  # B-tree family of a mergejoinable equality
        self.hashable = False
        self.from_class: EquivalenceClass | None = None
        self.left_class: EquivalenceClass | None = None
        self.right_class: EquivalenceClass | None = None
        self.left_member: Member | None = None
        self.right_member: Member | None = None
        self.outer_is_left = False
        self.inner_selectivity = -1.0
        self.outer_selectivity = -1.0
        self.startup = -1.0
        self.per_tuple = 0.0
        self.left_bucket = -1.0
        self.right_bucket = -1.0
        self.left_mcv = -1.0
        self.right_mcv = -1.0
        self.scan_fractions: dict[tuple[bool, bool], tuple[float, float, float, float]] = {}
        self.or_arms: list[list[Clause]] | None = None

    @property
    def args(self) -> tuple[e.Expr, e.Expr]:
        """The two sides of a binary operator clause."""
        assert isinstance(self.expr, e.OpCall)
        return self.expr.args[0], self.expr.args[1]


class SpecialJoin:
    """A join that is not a plain inner one: the relations it must have on each side (SpecialJoinInfo)."""

    __slots__ = (
        "delay_upper_joins", "kind", "lhs_strict", "min_left", "min_right", "semi_can_btree", "semi_can_hash", "semi_exprs", "semi_operators",
        "syn_left", "syn_right",
    )  # fmt: skip

    def __init__(self, kind: str, min_left: int, min_right: int, syn_left: int, syn_right: int) -> None:
        self.kind = kind
        self.min_left = min_left
        self.min_right = min_right
        self.syn_left = syn_left
        self.syn_right = syn_right
        self.lhs_strict = False
        self.delay_upper_joins = False
        self.semi_can_btree = False
        self.semi_can_hash = False
        self.semi_operators: list[e.OpCall] = []
        self.semi_exprs: list[e.Expr] = []
