"""The stages of a story, one module each: a title, and the lines that a trace has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auroraml.records import dataclass
from auroraml.teach.stages import bill, costs, execution, migration, names, paths, plan, rules, statement
from auroraml.teach.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A chapter of the story."""

    title: str
    tell: Callable[[Trace], Iterator[str]]


STAGES = (
    Stage(title="The statement", tell=statement.tell),
    Stage(title="Names and types", tell=names.tell),
    Stage(title="Batch calls moved to FROM", tell=migration.tell),
    Stage(title="The query rewritten", tell=rules.tell),
    Stage(title="Paths considered", tell=paths.tell),
    Stage(title="The plan", tell=plan.tell),
    Stage(title="What it costs", tell=costs.tell),
    Stage(title="The run", tell=execution.tell),
    Stage(title="The bill", tell=bill.tell),
)
