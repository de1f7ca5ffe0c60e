"""The story of a statement: its trace told stage by stage, in lines of text."""

from __future__ import annotations

from auroraml.teach.stages import STAGES
from auroraml.teach.trace import Trace


def story(trace: Trace) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Title and lines of each stage; a stage in which nothing happened and nothing is to be said of that is left out."""
    told = [(stage.title, tuple(stage.tell(trace))) for stage in STAGES]
    shown = [(title, lines) for title, lines in told if lines]
    return tuple((f"{number}. {title}", lines) for number, (title, lines) in enumerate(shown, 1))
