"""A plan with its metrics as labelled properties: the one model that all formats print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from auroraml.records import dataclass

Value = str | int | float | bool | list[str] | list[dict[str, object]] | dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Property:
    """`label` and `value` as the structured formats print them. `text` is the line of the text format: None leaves it out there."""

    label: str
    value: Value
    text: str | None = None
    structured: bool = True


@dataclass(frozen=True, kw_only=True)
class NodeModel:
    """A node: `head` is the text format's first line without costs, `costs` what follows; then properties and children.

    `relationship` is Outer, Inner, Member, InitPlan, SubPlan or Subquery; `plan_name` titles init plans and subplans.
    """

    head: str
    costs: str = ""
    properties: Sequence[Property] = ()
    children: Sequence[NodeModel] = ()
    relationship: str = ""
    plan_name: str = ""
    id: int = 0  # the plan node's


@dataclass(frozen=True, kw_only=True)
class Options:
    """EXPLAIN's options (EXPLAIN's reference page; HASHES is Aurora's, CHARGES, MIGRATION, ALTERNATIVES and TUTOR ours). `summary` and `timing` are resolved to booleans."""

    analyze: bool = False
    verbose: bool = False
    costs: bool = True
    buffers: bool = False
    settings: bool = False
    wal: bool = False
    timing: bool = True
    summary: bool = False
    hashes: bool = False
    charges: bool = False
    migration: bool = False
    alternatives: bool = False
    tutor: bool = False
    format: str = "text"


@dataclass(frozen=True, kw_only=True)
class Document:
    """One EXPLAIN: the plan, then the footer's lines as properties; `hashes` are Aurora's SQL and plan hash."""

    root: NodeModel
    footer: Sequence[Property] = field(default_factory=tuple)
