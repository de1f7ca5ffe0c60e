"""Variables of a PL/pgSQL function and the names by which its statements and SQL know them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auroraml.types.pg_type import PgType

if TYPE_CHECKING:
    from auroraml.plpgsql.tree import Sql


@dataclass(eq=False, kw_only=True)
class Scalar:
    """A variable of one value; `number` is its place among the function's variables, `default` what it begins with in its block."""

    name: str
    number: int
    type: PgType
    typmod: int = -1
    constant: bool = False
    not_null: bool = False
    default: Sql | None = None
    line: int = 0


@dataclass(eq=False, kw_only=True)
class Record:
    """A variable of a row: of a declared composite type, or (`type` None) of whatever it is assigned."""

    name: str
    number: int
    type: PgType | None = None
    constant: bool = False
    not_null: bool = False
    default: Sql | None = None
    line: int = 0


Variable = Scalar | Record


@dataclass(eq=False, kw_only=True)
class Names:
    """The names that one block (or loop) adds to those around it; `label` is the block's own."""

    outer: Names | None = None
    label: str | None = None
    loop: bool = False
    variables: dict[str, Variable] = field(default_factory=dict)
    arguments: list[Variable] = field(default_factory=list)  # $1 ...

    def levels(self) -> Iterator[Names]:
        """This level, then those around it."""
        level: Names | None = self
        while level is not None:
            yield level
            level = level.outer

    def find(self, name: str) -> Variable | None:
        """The innermost variable of that name."""
        return next((level.variables[name] for level in self.levels() if name in level.variables), None)

    def within(self, label: str, name: str) -> Variable | None:
        """The variable `name` of the block `label`."""
        return next((level.variables[name] for level in self.levels() if level.label == label and name in level.variables), None)

    def resolve(self, parts: tuple[str, ...]) -> tuple[Variable, tuple[str, ...]] | None:
        """The variable that a dotted name begins with, and what is left of the name: variable, variable.field, label.variable.field."""
        found = self.find(parts[0])
        if found is not None and (len(parts) == 1 or isinstance(found, Record)):
            return found, parts[1:]
        if len(parts) > 1 and (found := self.within(parts[0], parts[1])) is not None:
            return found, parts[2:]
        return None

    def argument(self, number: int) -> Variable | None:
        """$number."""
        found = next((level.arguments for level in self.levels() if level.arguments), [])
        return found[number - 1] if 0 < number <= len(found) else None

    def labelled(self, label: str) -> Names | None:
        """The block or loop of that name."""
        return next((level for level in self.levels() if level.label == label), None)
