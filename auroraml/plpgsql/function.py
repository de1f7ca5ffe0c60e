"""Compiled: a function's body read into a tree, with its variables and all that was made ready for its SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auroraml.catalog.printing import function_text
from auroraml.errors import DatabaseError
from auroraml.ir.objects import Function, Relation
from auroraml.plpgsql import blocks, control, embedded, loops, raising
from auroraml.plpgsql.activation import add_context
from auroraml.plpgsql.parser import Parser, Types
from auroraml.plpgsql.tree import Block
from auroraml.plpgsql.values import Shape
from auroraml.plpgsql.variables import Names, Record, Scalar, Variable
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import BOOL, BY_NAME, INT4, NAME, OID, TEXT, VOID

if TYPE_CHECKING:
    from auroraml.evaluate import Evaluator
    from auroraml.plpgsql.activation import Host
    from auroraml.plpgsql.expressions import Prepared
    from auroraml.plpgsql.tree import Sql

STATEMENTS = (blocks, control, embedded, loops, raising)  # each registers what it reads
TRIGGER = BY_NAME["trigger"].oid
TEXTS = BY_NAME["_text"]
TRIGGER_VARIABLES: tuple[tuple[str, PgType], ...] = (
    ("tg_name", NAME), ("tg_when", TEXT), ("tg_level", TEXT), ("tg_op", TEXT), ("tg_relid", OID), ("tg_relname", NAME), ("tg_table_name", NAME),
    ("tg_table_schema", NAME), ("tg_nargs", INT4), ("tg_argv", TEXTS),
)  # fmt: skip


@dataclass(kw_only=True, eq=False)
class Compiled:
    """A body that can be run."""

    source: Function | None  # None: DO
    block: Block
    variables: list[Variable]
    arguments: list[Variable]
    outputs: list[Variable]
    found: Scalar
    new: Record | None = None
    old: Record | None = None
    trigger: dict[str, Scalar] = field(default_factory=dict)
    prepared: dict[Sql, Prepared] = field(default_factory=dict)
    casts: dict[tuple[PgType, tuple[PgType, int]], Evaluator] = field(default_factory=dict)
    table: Shape | None = None  # whose trigger this is
    _scalar: Shape | None = None
    _shapes: dict[PgType, Shape] = field(default_factory=dict)

    def shape(self, type: PgType) -> Shape:
        """The shape of a composite type's values."""
        found = self._shapes.get(type)
        if found is None:
            attributes = type.attributes
            found = self._shapes[type] = Shape([a.name for a in attributes], [a.type for a in attributes], [a.typmod for a in attributes], type)
        return found

    @property
    def returns_rows(self) -> bool:
        """Whether a row of its result is a composite value, or that of several OUT parameters."""
        assert self.source is not None
        return self.source.result.rep is Rep.STRUCT

    def result_shape(self) -> Shape:
        """The shape of the rows of a set-returning function's result."""
        assert self.source is not None
        result = self.source.result
        if self.returns_rows:
            return self.shape(result)
        if self._scalar is None:
            self._scalar = Shape([self.source.name], [result], [-1])
        return self._scalar

    def table_shape(self, relation: Relation, type: PgType) -> Shape:
        """The shape of a table's rows, the same one as long as the table is as it was."""
        live = [c for c in relation.columns if not c.dropped]
        made = Shape([c.name for c in live], [c.type for c in live], [c.typmod for c in live], type)
        if self.table is None or not self.table.same(made) or self.table.type is not type:
            self.table = made
        return self.table

    def signature(self, host: Host) -> str:
        """The function as CONTEXT lines name it."""
        return "inline_code_block" if self.source is None else function_text(self.source, host.catalog, host.names.path)


def returns(function: Function) -> str:
    """What RETURN may say."""
    if function.result.oid == TRIGGER:
        return "trigger"
    if function.outputs:
        return "out"
    return "void" if function.result.oid == VOID.oid else ""


def compiled(function: Function | None, text: str, host: Types) -> Compiled:
    """The body of a function (None: of DO) read; syntax errors stand at their places in it."""
    names = Names(label=None if function is None else function.name)
    parser: Parser | None = None
    try:
        variables: list[Variable] = []
        parser = Parser(
            text, host, names, variables, "void" if function is None else returns(function), function is not None and function.returns_set
        )
        arguments, outputs = ([], []) if function is None else _parameters(parser, function)
        names.arguments = arguments
        found = parser.declare("found", BOOL)
        assert isinstance(found, Scalar)
        made = Compiled(source=function, block=None, variables=variables, arguments=arguments, outputs=outputs, found=found)  # type: ignore[arg-type] # read below
        if function is not None and function.result.oid == TRIGGER:
            _trigger_variables(parser, made)
        made.block = blocks.whole(parser)
    except DatabaseError as error:
        if error.diag.statement_position is None:
            line = 1 if parser is None else parser.line(parser.tokens[max(parser.i - 1, 0)])
            name = "inline_code_block" if function is None else function.name
            add_context(error.diag, f'compilation of PL/pgSQL function "{name}" near line {line}')
        raise
    return made


def _parameters(parser: Parser, function: Function) -> tuple[list[Variable], list[Variable]]:
    arguments: list[Variable] = []
    outputs: list[Variable] = []
    for number, parameter in enumerate(function.parameters, 1):
        made = parser.declare(f"${number}", parameter.type)
        if parameter.name:
            parser.scope.variables[parameter.name] = made
            made.name = parameter.name
        if parameter.mode in "ibv":
            arguments.append(made)
        if parameter.mode in "bot":
            outputs.append(made)
    return arguments, outputs


def _trigger_variables(parser: Parser, made: Compiled) -> None:
    new, old = parser.declare("new", None), parser.declare("old", None)
    assert isinstance(new, Record) and isinstance(old, Record)
    made.new, made.old = new, old
    for name, type in TRIGGER_VARIABLES:
        variable = parser.declare(name, type)
        assert isinstance(variable, Scalar)
        made.trigger[name] = variable
