"""Conditions of triggers: expressions over OLD and NEW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.catalog.catalog import Catalog
from auroraml.ir.expr import Expr
from auroraml.ir.logical import Output
from auroraml.ir.objects import OLD, Column, Relation
from auroraml.planner.binder.binder import Binder, Names
from auroraml.planner.binder.expressions import Clause, Expressions
from auroraml.planner.binder.scope import Entry, Scope
from auroraml.planner.binder.statement import StatementBinder
from auroraml.sql import statements as st
from auroraml.types.form import TextStyle

WHEN: Final = Clause(name="trigger WHEN conditions")


def bind_condition(tree: st.Tree, relation: Relation, catalog: Catalog, names: Names, style: TextStyle) -> Expr:
    """WHEN's condition: NEW's columns have their numbers as ids, OLD's have OLD added."""
    binder = Binder(catalog, names, tree.source, style)
    binder.lone = True
    live = [c for c in relation.columns if not c.dropped]
    scope = Scope(entries=[_entry("old", live, relation, OLD), _entry("new", live, relation, 0)])
    bound = Expressions(binder, scope, StatementBinder(binder).plan).within(WHEN, tree.root)
    return binder.boolean(bound, "WHEN", tree.at)


def _entry(alias: str, columns: Sequence[Column], relation: Relation, base: int) -> Entry:
    outputs = tuple(Output(id=base + c.number, name=c.name, type=c.type, typmod=c.typmod) for c in columns)
    return Entry(alias=alias, outputs=outputs, relation=relation)
