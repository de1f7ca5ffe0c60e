"""Block: the transaction-block state machine, apart from what a transaction is."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from auroraml.errors import (
    ActiveSqlTransaction,
    Diagnostic,
    InFailedSqlTransaction,
    InvalidSavepointSpecification,
    NoActiveSqlTransaction,
)
from auroraml.records import dataclass


class State(Enum):
    """Where a session stands between statements."""

    IDLE = "idle"  # each statement is its own transaction
    IMPLICIT = "implicit"  # a simple query string of several statements: one transaction, ended with the string
    OPEN = "open"  # BEGIN was run
    FAILED = "failed"  # a statement of the block failed: only its end, or going back to a savepoint, is accepted


def warning(message: str, sqlstate: str) -> Diagnostic:
    """A WARNING."""
    return Diagnostic(severity="WARNING", sqlstate=sqlstate, message_primary=message)


@dataclass(kw_only=True)
class Block:
    """The state and the names of the savepoints, oldest first (one name may occur again)."""

    state: State = State.IDLE
    savepoints: list[str] = field(default_factory=list)
    inside: bool = False  # in a function's statement, which is never a transaction of its own

    @property
    def status(self) -> str:
        """The protocol's letter: I idle, T in a transaction block, E in a failed one."""
        return {State.IDLE: "I", State.IMPLICIT: "I", State.OPEN: "T", State.FAILED: "E"}[self.state]

    @property
    def in_block(self) -> bool:
        """Whether BEGIN was run and its block has not ended."""
        return self.state in (State.OPEN, State.FAILED)

    def refuse_when_failed(self) -> None:
        """25P02 in a failed block."""
        if self.state is State.FAILED:
            raise InFailedSqlTransaction("current transaction is aborted, commands ignored until end of transaction block")

    def begin(self) -> Diagnostic | None:
        """BEGIN; a warning where a block is open already."""
        if self.in_block:
            return warning("there is already a transaction in progress", "25001")
        self.state = State.OPEN
        return None

    def end(self) -> bool:
        """COMMIT or ROLLBACK has been done; whether there was a block."""
        inside = self.in_block
        self.state = State.IDLE
        self.savepoints.clear()
        return inside

    @staticmethod
    def no_transaction() -> Diagnostic:
        """The warning of COMMIT and ROLLBACK outside a block."""
        return warning("there is no transaction in progress", "25P01")

    def fail(self) -> bool:
        """A statement failed; whether its transaction ends with it (there is no block)."""
        if self.in_block:
            self.state = State.FAILED
            return False
        self.state = State.IDLE
        return True

    def recover(self) -> None:
        """A failed block went back to a savepoint."""
        if self.state is State.FAILED:
            self.state = State.OPEN

    def savepoint(self, name: str) -> int:
        """SAVEPOINT: its depth, counted from 1."""
        self.require_block("SAVEPOINT")
        self.savepoints.append(name)
        return len(self.savepoints)

    def find(self, name: str, command: str) -> int:
        """The depth of the innermost savepoint called `name`; 3B001 when there is none."""
        self.require_block(command)
        for depth in range(len(self.savepoints), 0, -1):
            if self.savepoints[depth - 1] == name:
                return depth
        raise InvalidSavepointSpecification(f'savepoint "{name}" does not exist')

    def require_block(self, command: str) -> None:
        """25P01 outside a block."""
        if not self.in_block and not self.inside:
            raise NoActiveSqlTransaction(f"{command} can only be used in transaction blocks")

    def refuse_in_block(self, command: str) -> None:
        """25001 inside a block, for commands that cannot be undone."""
        if self.state is not State.IDLE:
            raise ActiveSqlTransaction(f"{command} cannot run inside a transaction block")
