"""CREATE SEQUENCE, and the sequences behind serial and identity columns."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateTable, InvalidParameterValue
from auroraml.ir.expr import Call, Const, Expr
from auroraml.ir.objects import Relation, SequenceDefinition
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME, INT8, REGCLASS

NEXTVAL = 1574
LIMITS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


def sequence_row(
    host: Host, name: str, schema: str, type: PgType, options: Sequence[st.Option] = (), owner: tuple[int, int] | None = None, internal: bool = False
) -> Relation:
    """The catalog row of a new sequence."""
    given = {option.name.lower(): option.value for option in options}
    increment = int(str(given.get("increment", "1")))
    if increment == 0:
        raise InvalidParameterValue("INCREMENT must not be zero")
    most, least = LIMITS[type.name], -LIMITS[type.name] - 1
    maximum = int(str(given.get("maxvalue") or (most if increment > 0 else -1)))
    minimum = int(str(given.get("minvalue") or (1 if increment > 0 else least)))
    start = int(str(given.get("start") or (minimum if increment > 0 else maximum)))
    if minimum >= maximum:
        raise InvalidParameterValue(f"MINVALUE ({minimum}) must be less than MAXVALUE ({maximum})")
    if start < minimum:
        raise InvalidParameterValue(f"START value ({start}) cannot be less than MINVALUE ({minimum})")
    if start > maximum:
        raise InvalidParameterValue(f"START value ({start}) cannot be greater than MAXVALUE ({maximum})")
    cycle = "cycle" in given and given["cycle"] != "no"
    definition = SequenceDefinition(type=type, start=start, increment=increment, minimum=minimum, maximum=maximum, cache=int(str(given.get("cache") or 1)),
                                    cycle=cycle, owner=owner, internal=internal)  # fmt: skip
    return Relation(oid=host.new_oid(), name=name, schema=schema, kind="S", owner=host.role.oid, sequence=definition)


def sequence_default(host: Host, sequence: Relation, type: PgType) -> Expr:
    """nextval('sequence'), coerced to the column's type."""
    argument = Const(type=REGCLASS, value=sequence.oid)
    call = Call(type=INT8, function=host.catalog.function(NEXTVAL), args=(argument,))
    return call if type.oid == INT8.oid else host.coerced(call, type, -1, "")


@command(st.CreateSequence)
def create_sequence(statement: st.CreateSequence, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE SEQUENCE."""
    schema = host.creation_schema(statement.name)
    if host.catalog.find_relation(statement.name.name, schema.name) is not None:
        if not statement.if_not_exists:
            raise DuplicateTable(f'relation "{statement.name.name}" already exists')
        host.notice(f'relation "{statement.name.name}" already exists, skipping', sqlstate=DuplicateTable.sqlstate)
        return done("CREATE SEQUENCE")
    named = next((str(option.value) for option in statement.options if option.name.lower() == "as"), "int8")
    aliases = {"integer": "int4", "int": "int4", "bigint": "int8", "smallint": "int2"}
    type = BY_NAME[aliases.get(named, named)]
    host.put(sequence_row(host, statement.name.name, schema.name, type, statement.options))
    return done("CREATE SEQUENCE")
