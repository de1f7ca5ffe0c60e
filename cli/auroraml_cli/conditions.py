"""\\if, \\elif, \\else, \\endif: the stack of branches, and which of them run."""

from __future__ import annotations

from enum import Enum

from auroraml.records import dataclass


class Branch(Enum):
    """The state of one \\if block."""

    TRUE = "this branch runs"
    FALSE = "no branch has run yet"
    IGNORED = "a branch has run, or the block around does not"
    ELSE_TRUE = "the \\else branch runs"
    ELSE_FALSE = "the \\else branch does not run"


@dataclass(kw_only=True)
class Entry:
    """A block: its state, and what the query buffer held when the branch began."""

    branch: Branch
    buffer: str
    depth: int


class Conditions:
    """The blocks that are open."""

    def __init__(self) -> None:
        self.stack: list[Entry] = []

    @property
    def active(self) -> bool:
        """Whether commands run."""
        return not self.stack or self.stack[-1].branch in (Branch.TRUE, Branch.ELSE_TRUE)

    def push(self, branch: Branch, buffer: str, depth: int) -> None:
        """Open a block."""
        self.stack.append(Entry(branch=branch, buffer=buffer, depth=depth))

    def pop(self) -> None:
        """Close the innermost block."""
        self.stack.pop()
