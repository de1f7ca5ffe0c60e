"""The statements of a PL/pgSQL body, as they are read: names are resolved, SQL is text with its tree."""

from __future__ import annotations

from typing import ClassVar

from auroraml.plpgsql.variables import Names, Record, Scalar, Variable
from auroraml.records import dataclass
from auroraml.sql.statements import Statement as SqlStatement


@dataclass(frozen=True, kw_only=True, eq=False)
class Sql:
    """SQL inside a body: `text` begins at offset `at` of the body; `lead` characters of what was parsed (SELECT) stand before it."""

    text: str
    at: int
    names: Names
    parsed: SqlStatement
    lead: int = 0
    target: str = ""  # of an assignment: what stands before the expression
    select: str = ""  # of PERFORM: what messages print instead of it

    @property
    def assigned(self) -> bool:
        """Whether it is the source of an assignment."""
        return bool(self.target)

    @property
    def shown(self) -> str:
        """The text as messages print it."""
        return self.target + self.select + self.text

    @property
    def ahead(self) -> int:
        """How many characters messages print before the text."""
        return len(self.target) + len(self.select)


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """A statement; `line` counts from 1 in the body, `label` is what CONTEXT lines call it."""

    line: int
    label: ClassVar[str] = "SQL statement"


Body = tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Handler:
    """WHEN condition OR ... THEN statements: `states` are SQLSTATEs, "" is OTHERS."""

    states: tuple[str, ...]
    body: Body


@dataclass(frozen=True, kw_only=True, eq=False)
class Block(Node):
    """[DECLARE ...] BEGIN ... [EXCEPTION ...] END; `state` and `message` are SQLSTATE and SQLERRM of its handlers."""

    name: str | None
    variables: tuple[Variable, ...]
    body: Body
    handlers: tuple[Handler, ...] = ()
    state: Scalar | None = None
    message: Scalar | None = None
    label: ClassVar[str] = "statement block"


@dataclass(frozen=True, kw_only=True, eq=False)
class Assign(Node):
    """target := expression."""

    target: Target
    value: Sql
    label: ClassVar[str] = "assignment"


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """record.field as the target of an assignment; `at` is where it stands."""

    record: Record
    name: str


Target = Scalar | Record | Field


@dataclass(frozen=True, kw_only=True, eq=False)
class If(Node):
    """IF, its ELSIFs as further branches, and ELSE."""

    branches: tuple[tuple[Sql, Body], ...]
    otherwise: Body
    label: ClassVar[str] = "IF"


@dataclass(frozen=True, kw_only=True, eq=False)
class Choose(Node):
    """CASE: `operand` goes to `variable`, with which each WHEN compares; without an operand they are conditions."""

    operand: Sql | None
    variable: Scalar | None
    branches: tuple[tuple[Sql, Body], ...]
    otherwise: Body | None
    label: ClassVar[str] = "CASE"


@dataclass(frozen=True, kw_only=True, eq=False)
class Loop(Node):
    """LOOP, which only EXIT and RETURN leave."""

    name: str | None
    body: Body
    label: ClassVar[str] = "LOOP"


@dataclass(frozen=True, kw_only=True, eq=False)
class While(Node):
    """WHILE condition LOOP."""

    name: str | None
    condition: Sql
    body: Body
    label: ClassVar[str] = "WHILE"


@dataclass(frozen=True, kw_only=True, eq=False)
class Count(Node):
    """FOR i IN [REVERSE] first .. last [BY step] LOOP."""

    name: str | None
    variable: Scalar
    first: Sql
    last: Sql
    step: Sql | None
    reverse: bool
    body: Body
    label: ClassVar[str] = "FOR with integer loop variable"


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows(Node):
    """FOR target IN query LOOP."""

    name: str | None
    targets: Targets
    query: Sql
    body: Body
    label: ClassVar[str] = "FOR over SELECT rows"


@dataclass(frozen=True, kw_only=True, eq=False)
class DynamicRows(Node):
    """FOR target IN EXECUTE text [USING ...] LOOP."""

    name: str | None
    targets: Targets
    text: Sql
    using: tuple[Sql, ...]
    body: Body
    label: ClassVar[str] = "FOR over EXECUTE statement"


@dataclass(frozen=True, kw_only=True, eq=False)
class Elements(Node):
    """FOREACH target IN ARRAY expression LOOP."""

    name: str | None
    target: Target
    array: Sql
    body: Body
    label: ClassVar[str] = "FOREACH over array"


@dataclass(frozen=True, kw_only=True, eq=False)
class Leave(Node):
    """EXIT and CONTINUE (`again`), perhaps to a named loop, perhaps under a condition."""

    name: str | None
    condition: Sql | None
    again: bool

    @property
    def label(self) -> str:  # type: ignore[override] # one class for both words
        """The word that was written."""
        return "CONTINUE" if self.again else "EXIT"


@dataclass(frozen=True, kw_only=True, eq=False)
class Return(Node):
    """RETURN [expression]; a variable by itself keeps what it is."""

    value: Sql | None
    variable: Record | None = None
    label: ClassVar[str] = "RETURN"


@dataclass(frozen=True, kw_only=True, eq=False)
class ReturnNext(Node):
    """RETURN NEXT [expression]: another row of the result."""

    value: Sql | None
    variable: Record | None = None
    label: ClassVar[str] = "RETURN NEXT"


@dataclass(frozen=True, kw_only=True, eq=False)
class ReturnQuery(Node):
    """RETURN QUERY query, or EXECUTE text [USING ...] (`dynamic`): further rows of the result."""

    query: Sql
    dynamic: bool = False
    using: tuple[Sql, ...] = ()
    label: ClassVar[str] = "RETURN QUERY"


@dataclass(frozen=True, kw_only=True, eq=False)
class Raise(Node):
    """RAISE: `level` is lower case, `format` None where a condition is named or nothing is said; `options` are USING's."""

    level: str
    format: str | None
    arguments: tuple[Sql, ...]
    condition: str | None
    options: tuple[tuple[str, Sql], ...]
    again: bool = False
    label: ClassVar[str] = "RAISE"


@dataclass(frozen=True, kw_only=True, eq=False)
class Assert(Node):
    """ASSERT condition [, message]."""

    condition: Sql
    message: Sql | None
    label: ClassVar[str] = "ASSERT"


@dataclass(frozen=True, kw_only=True, eq=False)
class Execute(Node):
    """A SQL statement as it stands; INTO takes its first row."""

    sql: Sql
    into: Targets | None = None
    strict: bool = False
    label: ClassVar[str] = "SQL statement"


@dataclass(frozen=True, kw_only=True, eq=False)
class Perform(Node):
    """PERFORM query: its rows are thrown away."""

    sql: Sql
    label: ClassVar[str] = "PERFORM"


@dataclass(frozen=True, kw_only=True, eq=False)
class Dynamic(Node):
    """EXECUTE text [INTO ...] [USING ...]."""

    text: Sql
    into: Targets | None
    strict: bool
    using: tuple[Sql, ...]
    label: ClassVar[str] = "EXECUTE"


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnostics(Node):
    """GET [STACKED] DIAGNOSTICS target = item, ..."""

    stacked: bool
    items: tuple[tuple[Target, str], ...]

    @property
    def label(self) -> str:  # type: ignore[override] # one class for both
        """The words that were written."""
        return "GET STACKED DIAGNOSTICS" if self.stacked else "GET DIAGNOSTICS"


@dataclass(frozen=True, kw_only=True, eq=False)
class Nothing(Node):
    """NULL; it does nothing."""

    label: ClassVar[str] = "NULL"


@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """What a row goes to: one record, or scalars and fields one by one."""

    record: Record | None = None
    items: tuple[Target, ...] = ()
