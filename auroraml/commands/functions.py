"""CREATE FUNCTION ... LANGUAGE SQL."""

from __future__ import annotations

from dataclasses import replace

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateFunction, FeatureNotSupported, InvalidFunctionDefinition, UndefinedObject
from auroraml.ir.objects import Function, Parameter
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import RECORD, VOID

LANGUAGES = ("sql", "plpgsql", "c", "internal")


def _parameters(statement: st.CreateFunction, host: Host) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    names: dict[str, set[str]] = {"in": set(), "out": set()}
    for item in statement.parameters:
        type, _ = host.type_named(item.type)
        sides = {"i": ("in",), "v": ("in",), "o": ("out",), "t": ("out",), "b": ("in", "out")}[item.mode]
        if item.name and any(item.name in names[side] for side in sides):
            raise InvalidFunctionDefinition(f'parameter name "{item.name}" used more than once')
        for side in sides:
            names[side].add(item.name)
        default = None
        if item.default is not None:
            default = host.coerced(host.bind_expression(item.default), type, -1, item.name)
        elif item.mode in "ib" and any(p.default is not None for p in found):
            raise InvalidFunctionDefinition("input parameters after one with a default value must also have defaults")
        found.append(Parameter(name=item.name, type=type, mode=item.mode, default=default))
    return tuple(found)


def _result(statement: st.CreateFunction, parameters: tuple[Parameter, ...], host: Host) -> PgType:
    outputs = [p for p in parameters if p.mode in "obt"]
    if len(outputs) > 1:
        attributes = tuple(Attribute(name=p.name or f"column{i}", type=p.type) for i, p in enumerate(outputs, 1))
        return PgType(oid=RECORD.oid, name="record", rep=Rep.STRUCT, length=-1, kind="p", category="P", attributes=attributes)
    if outputs:
        return outputs[0].type
    if statement.returns is None:
        raise InvalidFunctionDefinition("function result type must be specified")
    return host.type_named(statement.returns)[0]


@command(st.CreateFunction)
def create_function(statement: st.CreateFunction, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE [OR REPLACE] FUNCTION."""
    language = (statement.language or "sql").lower()
    if statement.procedure:
        raise FeatureNotSupported("CREATE PROCEDURE is not supported")
    if language not in LANGUAGES:
        raise UndefinedObject(f'language "{language}" does not exist')
    if language != "sql":
        raise FeatureNotSupported(f"LANGUAGE {language} is not supported")
    others = [option.name for option in statement.settings if option.name != "security definer"]
    if others:
        raise FeatureNotSupported(f"SET {others[0]} in CREATE FUNCTION is not supported")
    schema = host.creation_schema(statement.name)
    parameters = _parameters(statement, host)
    result = _result(statement, parameters, host)
    returns_set = statement.returns_table or bool(statement.returns is not None and statement.returns.set_of)
    variadic = next((p.type.element for p in parameters if p.mode == "v"), 0)
    function = Function(
        oid=host.new_oid(), name=statement.name.name, schema=schema.name, parameters=parameters, result=result, returns_set=returns_set,
        volatility=statement.volatility or "v", strict=bool(statement.strict), parallel=(statement.parallel or "unsafe")[0],
        cost=100.0 if statement.cost is None else statement.cost, rows=(1000.0 if statement.rows is None else statement.rows) if returns_set else 0.0,
        language="sql", source=statement.body or "", variadic=variadic, owner=host.role.oid, security_definer=bool(statement.settings),
    )  # fmt: skip
    function = host.bind_function_body(function, statement)
    if result.oid == VOID.oid:
        function = replace(function, strict=False)
    types = [p.type.oid for p in function.inputs]
    old = next((f for f in host.catalog.functions_named(function.name, schema.name) if [p.type.oid for p in f.inputs] == types), None)
    if old is not None:
        if not statement.replace:
            raise DuplicateFunction(f'function "{function.name}" already exists with same argument types')
        function = replace(function, oid=old.oid, owner=old.owner, acl=old.acl)
    host.put(function)
    return done("CREATE FUNCTION")
