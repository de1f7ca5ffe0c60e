"""CREATE SEQUENCE, and the sequences behind serial and identity columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.naming import refuse_catalog
from auroraml.errors import (
    DuplicateTable,
    FeatureNotSupported,
    InvalidParameterValue,
    ObjectNotInPrerequisiteState,
    SyntaxError,
    UndefinedColumn,
    WrongObjectType,
)
from auroraml.ir.expr import Call, Const, Expr
from auroraml.ir.objects import Relation, SequenceDefinition
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.sql.types import TypeName
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME, INT8, REGCLASS

NEXTVAL = 1574
LIMITS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


SHOWN = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
KNOWN = ("as", "increment", "start", "restart", "minvalue", "maxvalue", "cache", "cycle", "owned by", "no minvalue", "no maxvalue", "no cycle")


def _given(options: Sequence[st.Option]) -> dict[str, st.Option]:
    """The options by name; 42601 where one is said twice."""
    found: dict[str, st.Option] = {}
    for option in options:
        name = option.name.lower()
        if name not in KNOWN:
            raise SyntaxError(f'syntax error at or near "{option.name}"', at=option.at)
        plain = name.removeprefix("no ")
        if plain in found:
            raise SyntaxError("conflicting or redundant options", at=option.at)
        found[plain] = option
    return found


def _type(option: st.Option, host: Host) -> PgType:
    names = {"integer": "int4", "int": "int4", "bigint": "int8", "smallint": "int2"}
    written = str(option.value)
    name = names.get(written, written)
    if name not in LIMITS:
        host.type_named(TypeName(name=written, at=option.at))
        raise InvalidParameterValue("sequence type must be smallint, integer, or bigint")
    return BY_NAME[name]


def _bound(option: st.Option | None, word: str, type: PgType, default: int) -> int:
    if option is None or option.name.lower().startswith("no ") or option.value is None:
        return default
    value = int(str(option.value))
    most = LIMITS[type.name]
    if not -most - 1 <= value <= most:
        raise InvalidParameterValue(f"{word} ({value}) is out of range for sequence data type {SHOWN[type.name]}")
    return value


def definition(options: Sequence[st.Option], host: Host, type: PgType, before: SequenceDefinition | None = None) -> SequenceDefinition:
    """The parameters after `options`, checked in PostgreSQL's order and words."""
    given = _given(options)
    if "as" in given:
        type = _type(given["as"], host)
    increment = int(str(given["increment"].value)) if "increment" in given else 1 if before is None else before.increment
    if increment == 0:
        raise InvalidParameterValue("INCREMENT must not be zero")
    up, most = increment > 0, LIMITS[type.name]
    kept = before is not None and "as" not in given
    maximum = (
        before.maximum
        if kept and before is not None and "maxvalue" not in given
        else _bound(given.get("maxvalue"), "MAXVALUE", type, most if up else -1)
    )
    minimum = (
        before.minimum
        if kept and before is not None and "minvalue" not in given
        else _bound(given.get("minvalue"), "MINVALUE", type, 1 if up else -most - 1)
    )
    if minimum >= maximum:
        raise InvalidParameterValue(f"MINVALUE ({minimum}) must be less than MAXVALUE ({maximum})")
    default = (minimum if up else maximum) if before is None else before.start
    start = int(str(given["start"].value)) if "start" in given else default
    _within("START", start, minimum, maximum)
    cache = int(str(given["cache"].value)) if "cache" in given else 1 if before is None else before.cache
    if cache <= 0:
        raise InvalidParameterValue(f"CACHE ({cache}) must be greater than zero")
    cycle = given["cycle"].name.lower() == "cycle" if "cycle" in given else before is not None and before.cycle
    return SequenceDefinition(type=type, start=start, increment=increment, minimum=minimum, maximum=maximum, cache=cache, cycle=cycle,
                              owner=None if before is None else before.owner, internal=before is not None and before.internal)  # fmt: skip


def _within(word: str, value: int, minimum: int, maximum: int) -> None:
    if value < minimum:
        raise InvalidParameterValue(f"{word} value ({value}) cannot be less than MINVALUE ({minimum})")
    if value > maximum:
        raise InvalidParameterValue(f"{word} value ({value}) cannot be greater than MAXVALUE ({maximum})")


def _owned(option: st.Option, relation: Relation, host: Host) -> tuple[int, int] | None:
    """The column OWNED BY names."""
    schema, table, column = option.value if isinstance(option.value, tuple) else ("", "", "")
    if not table and column == "none":
        return None
    if not table:
        raise SyntaxError("invalid OWNED BY option", hint="Specify OWNED BY table.column or OWNED BY NONE.")
    found = host.relation(st.Name(name=table, schema=schema or None, at=option.at))
    if found.kind not in "rv":
        raise WrongObjectType(f'sequence cannot be owned by relation "{found.name}"')
    if found.owner != relation.owner:
        raise ObjectNotInPrerequisiteState("sequence must have same owner as table it is linked to")
    if found.schema != relation.schema:
        raise ObjectNotInPrerequisiteState("sequence must be in same schema as table it is linked to")
    owner = next((c for c in found.columns if c.name == column and not c.dropped), None)
    if owner is None:
        raise UndefinedColumn(f'column "{column}" of relation "{found.name}" does not exist')
    return found.oid, owner.number


def sequence_row(
    host: Host, name: str, schema: str, type: PgType, options: Sequence[st.Option] = (), owner: tuple[int, int] | None = None, internal: bool = False
) -> Relation:
    """The catalog row of a new sequence."""
    made = replace(definition(options, host, type), owner=owner, internal=internal)
    row = Relation(
        oid=host.new_oid(),
        name=name,
        schema=schema,
        kind="S",
        owner=host.role.oid,
        sequence=made,
        persistence="t" if schema.startswith("pg_temp_") else "p",
    )
    return _with_owner(row, options, host)


def _with_owner(relation: Relation, options: Sequence[st.Option], host: Host) -> Relation:
    option = next((o for o in options if o.name.lower() == "owned by"), None)
    if option is None or relation.sequence is None:
        return relation
    if relation.sequence.internal:
        table = host.catalog.relation(relation.sequence.owner[0])  # type: ignore[index] # an identity column's
        raise FeatureNotSupported(
            "cannot change ownership of identity sequence", detail=f'Sequence "{relation.name}" is linked to table "{table.name}".'
        )
    return replace(relation, sequence=replace(relation.sequence, owner=_owned(option, relation, host)))


def altered(relation: Relation, options: Sequence[st.Option], host: Host) -> Relation:
    """ALTER SEQUENCE: the row after `options`; RESTART sets the counter."""
    assert relation.sequence is not None
    made = definition(options, host, relation.sequence.type, relation.sequence)
    last, called = host.sequence_state(relation)
    restart = next((o for o in options if o.name.lower() == "restart"), None)
    if restart is not None:
        value = made.start if restart.value is None else int(str(restart.value))
        _within("RESTART", value, made.minimum, made.maximum)
        host.set_sequence(relation, value, False)
    else:
        _within("RESTART", last, made.minimum, made.maximum)
        if not called and last == relation.sequence.start and last != made.start:
            host.set_sequence(relation, last, False)
    return _with_owner(replace(relation, sequence=made), options, host)


def sequence_default(host: Host, sequence: Relation, type: PgType) -> Expr:
    """nextval('sequence'), coerced to the column's type."""
    argument = Const(type=REGCLASS, value=sequence.oid)
    call = Call(type=INT8, function=host.catalog.function(NEXTVAL), args=(argument,))
    return call if type.oid == INT8.oid else host.coerced(call, type, -1, "")


@command(st.CreateSequence)
def create_sequence(statement: st.CreateSequence, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE SEQUENCE."""
    schema = host.relation_schema(statement.name, statement.temporary)
    found = host.catalog.find_relation(statement.name.name, schema.name) is not None
    if found and not statement.if_not_exists:
        definition(statement.options, host, BY_NAME["int8"])  # the parameters are looked at before the name
        raise DuplicateTable(f'relation "{statement.name.name}" already exists')
    if found:
        host.notice(f'relation "{statement.name.name}" already exists, skipping', sqlstate=DuplicateTable.sqlstate)
        return done("CREATE SEQUENCE")
    refuse_catalog(statement.name, schema.name)
    made = sequence_row(host, statement.name.name, schema.name, BY_NAME["int8"], statement.options)
    host.put(replace(made, persistence="u") if statement.unlogged else made)
    return done("CREATE SEQUENCE")
