"""Subcommands: words that, in the first place of the command line, are programs of their own; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from auroraml.lazy import load

Program = Callable[[Sequence[str]], int]  # the arguments behind the word; the exit code
SUBCOMMANDS: dict[str, tuple[str, str]] = {  # word -> ("module:function", what it does); a database of that name is reached with -d
    "explain": ("auroraml_cli.explain:run", "plans of a file's or a string's queries, as text, JSON, YAML, XML or a story"),
    "learn": ("auroraml_cli.learning:run", "lessons on Aurora ML, step by step, with questions that check themselves"),
    "bench": ("auroraml_cli.bench:run", "scenarios measured over grids of batch sizes, workers, instances; reports; comparisons"),
}


def subcommand(arguments: Sequence[str]) -> Callable[[], int] | None:
    """What the first word asks for, ready to run; None where it is no subcommand."""
    if not arguments or arguments[0] not in SUBCOMMANDS:
        return None
    module, _, function = SUBCOMMANDS[arguments[0]][0].partition(":")
    return partial(cast(Program, getattr(load(module), function)), arguments[1:])


def listing() -> str:
    """The subcommands, a line each, for the help text."""
    return "".join(f"  auroraml-sql {name:<12} {help}\n" for name, (_, help) in sorted(SUBCOMMANDS.items()))
