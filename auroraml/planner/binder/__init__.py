"""The binder: sqlglot trees to typed logical plans, names resolved against the catalog, every coercion explicit."""

from __future__ import annotations

from auroraml.planner.binder.binder import Names, Variables
from auroraml.planner.binder.statement import assigned, bind, bind_body, bind_expression

__all__ = ["Names", "Variables", "assigned", "bind", "bind_body", "bind_expression"]
