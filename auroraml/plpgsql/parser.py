"""Parser: what reading a body keeps in mind, and its statements by their first words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from auroraml.errors import ErrorInAssignment, FeatureNotSupported
from auroraml.ir.objects import Relation
from auroraml.plpgsql import tree
from auroraml.plpgsql.reader import BodyCursor
from auroraml.plpgsql.variables import Names, Record, Scalar, Variable
from auroraml.sql import statements as st
from auroraml.sql.lexer import PARAMETER, Token
from auroraml.sql.types import TypeName, near
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import RECORD


class Types(Protocol):
    """Where declarations find types and tables: a session."""

    def type_named(self, name: TypeName) -> tuple[PgType, int]:
        """The type and typmod a type name means; 42704 when there is none."""

    def relation(self, name: st.Name) -> Relation:
        """The relation called `name`; 42P01 when there is none."""

    def row_type(self, relation: Relation) -> PgType:
        """The composite type of a relation's rows."""


Reader = Callable[["Parser"], tree.Node]
READERS: dict[str, Reader] = {}  # by first word


def reads(*words: str) -> Callable[[Reader], Reader]:
    """Register what reads the statements that begin with `words`; the first word has been read."""

    def register(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(words, reader))
        return reader

    return register


class Parser(BodyCursor):
    """One body's reading; `returns` is the function's result ("" for a plain value, or void, out, set, trigger)."""

    def __init__(self, text: str, host: Types, names: Names, variables: list[Variable], returns: str, returns_set: bool = False) -> None:
        super().__init__(text, host.type_named, names)
        self.host = host
        self.variables = variables
        self.returns = returns
        self.returns_set = returns_set
        self.label: str | None = None  # that was read before the block or loop which begins

    def taken_label(self) -> str | None:
        """The label of the block or loop that begins, which is its own from now on."""
        label, self.label = self.label, None
        return label

    # Variables

    def declare(self, name: str, type: PgType | None, typmod: int = -1, *, line: int = 0) -> Variable:
        """A new variable in the innermost block; of a row where the type is composite, or None."""
        number = len(self.variables)
        if type is None or type.oid == RECORD.oid or type.rep is Rep.STRUCT:
            made: Variable = Record(name=name, number=number, type=None if type is None or type.oid == RECORD.oid else type, line=line)
        else:
            made = Scalar(name=name, number=number, type=type, typmod=typmod, line=line)
        self.variables.append(made)
        self.scope.variables[name] = made
        return made

    def dotted(self) -> tuple[tuple[str, ...], int]:
        """The dotted name at hand, not read, and the number of tokens it takes."""
        parts, i = [self.token.text], self.i + 1
        while self.tokens[i].is_op(".") and self.tokens[i + 1].is_name and i + 1 < self.stop:
            parts.append(self.tokens[i + 1].text)
            i += 2
        return tuple(parts), i - self.i

    def target(self) -> tree.Target:
        """A variable, or a field of one, that is assigned to; 42601 where there is none of that name."""
        first = self.token
        if first.kind == PARAMETER:
            found = self.scope.argument(int(first.text))
            if found is None:
                raise self.error(f'"{first.raw}" is not a known variable', first)
            self.i += 1
            return self._assignable(found, first)
        if not first.is_name or self.at_end:
            raise near(first)
        parts, length = self.dotted()
        resolved = self.scope.resolve(parts)
        if resolved is None or (resolved[1] and not isinstance(resolved[0], Record)):
            raise self.error(f'"{".".join(parts)}" is not a known variable', first)
        variable, rest = resolved
        self.i += length
        if self.token.is_op("["):
            raise FeatureNotSupported("assigning to an element of an array is not supported", at=first.start)
        if len(rest) > 1:
            raise FeatureNotSupported("assigning to a field of a field is not supported", at=first.start)
        if rest and isinstance(variable, Record):
            return tree.Field(record=variable, name=rest[0])
        return self._assignable(variable, first)

    def _assignable(self, variable: Variable, token: Token) -> Variable:
        if variable.constant:
            raise self.error(f'variable "{variable.name}" is declared CONSTANT', token, cls=ErrorInAssignment)
        return variable

    def targets(self) -> tree.Targets:
        """What INTO or FOR names: a record, or scalars between commas."""
        found = self.target()
        if isinstance(found, Record):
            if self.token.is_op(","):
                raise self.error("record variable cannot be part of multiple-item INTO list", self.token)
            return tree.Targets(record=found)
        items = [found]
        while self.mark(","):
            token = self.token
            item = self.target()
            if isinstance(item, Record):
                raise self.error(f'"{item.name}" is not a scalar variable', token)
            items.append(item)
        return tree.Targets(items=tuple(items))

    # Statements

    def body(self, *ends: str) -> tree.Body:
        """Statements up to one of the words `ends`, which is left."""
        found = []
        while not self.token.is_word(*ends):
            if self.at_end:
                raise near(self.token)
            found.append(self.node())
        return tuple(found)

    def node(self) -> tree.Node:
        """One statement."""
        first = self.token
        if first.kind == PARAMETER or (first.is_name and self._assigns()):
            return self._assignment()
        reader = READERS.get(first.word)
        if reader is not None:
            if not first.is_op("<<"):
                self.i += 1
            return reader(self)
        if first.is_op("<<"):
            return READERS["<<"](self)
        if not first.is_name:
            raise near(first)
        return READERS["sql"](self)

    def _assigns(self) -> bool:
        """Whether the name at hand is a target: a variable, or any name that an assignment's sign follows."""
        parts, length = self.dotted()
        following = self.peek(length)
        if following.is_op(":=", "="):
            return True
        return following.is_op("[") and self.scope.resolve(parts) is not None

    def _assignment(self) -> tree.Node:
        first = self.token
        line = self.line(first)
        target = self.target()
        if not self.mark(":="):
            self.need("=")
        value = self.cut(target=self.text[first.start : self.token.start])
        self.semicolon()
        return tree.Assign(line=line, target=target, value=value)
