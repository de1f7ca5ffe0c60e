"""The stages of a story, one module each: a title, and the lines that a trace has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auroraml.teach.stages import plan
from auroraml.teach.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A chapter of the story."""

    title: str
    tell: Callable[[Trace], Iterator[str]]


STAGES = (Stage(title="The plan", tell=plan.tell),)
