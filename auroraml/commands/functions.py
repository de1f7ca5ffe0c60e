"""CREATE FUNCTION ... LANGUAGE SQL and plpgsql, and DO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import (
    DatabaseError,
    Diagnostic,
    DuplicateFunction,
    FeatureNotSupported,
    InvalidFunctionDefinition,
    InvalidParameterValue,
    UndefinedObject,
)
from auroraml.ir.objects import Function, Parameter
from auroraml.pipeline.result import ResultStream
from auroraml.plpgsql.function import compiled
from auroraml.sql import statements as st
from auroraml.sql.procedural import Do
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import POLYMORPHIC, RECORD, VOID

LANGUAGES = ("sql", "plpgsql", "c", "internal")


def _parameters(statement: st.CreateFunction, host: Host) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    names: dict[str, set[str]] = {"in": set(), "out": set()}
    for item in statement.parameters:
        try:
            type, _ = host.type_named(item.type)
        except UndefinedObject:
            raise UndefinedObject(f"type {item.type.written} does not exist") from None
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
    try:
        return host.type_named(statement.returns)[0]
    except UndefinedObject as error:
        error.diag.statement_position = None
        raise


def _determined(results: Sequence[PgType], inputs: Sequence[PgType]) -> None:
    """Every polymorphic result follows from an input of its family, a range only from a range (check_valid_polymorphic_signature)."""
    for result in results:
        if result.oid not in POLYMORPHIC:
            continue
        family = "anycompatible" if result.name.startswith("anycompatible") else "any"
        spans = [f"{family}range", f"{family}multirange"]
        of_elements = [family, "array", "nonarray"] if family == "anycompatible" else ["anyelement", "array", "nonarray", "enum"]
        wanted = spans if result.name in spans else [of_elements[0], *[family + kind for kind in of_elements[1:]], *spans]
        if not any(given.name in wanted for given in inputs):
            listed = " or ".join(wanted) if len(wanted) == 2 else ", ".join(wanted[:-1]) + f", or {wanted[-1]}"
            raise InvalidFunctionDefinition(
                "cannot determine result data type", detail=f"A result of type {result.name} requires at least one input of type {listed}."
            )


def transposed(diag: Diagnostic, text: str, body_at: int) -> Diagnostic:
    """An error in a body at its place in the whole statement."""
    raw = text[body_at:]
    quoted = text[body_at - 1] == "'"
    assert diag.statement_position is not None
    ahead, place = 0, 0
    while place < diag.statement_position - 1:  # a quote in the body is two in the literal
        ahead += 2 if quoted and raw[ahead : ahead + 2] == "''" else 1
        place += 1
    return replace(diag, statement_position=body_at + ahead + 1)


def _refuse_change(old: Function, new: Function, host: Host) -> None:
    """What CREATE OR REPLACE may not change."""
    shown = f"{new.name}({','.join(host.type_text(p.type) for p in new.inputs)})"
    hint = f"Use DROP FUNCTION {shown} first."
    if old.result.oid != new.result.oid or old.returns_set != new.returns_set:
        raise InvalidFunctionDefinition("cannot change return type of existing function", hint=hint)
    before, after = [(p.name, p.type.oid) for p in old.outputs], [(p.name, p.type.oid) for p in new.outputs]
    if before != after and len(before) > 1:
        raise InvalidFunctionDefinition("cannot change return type of existing function", detail="Row type defined by OUT parameters is different.",
                                        hint=hint)  # fmt: skip
    for a, b in zip(old.inputs, new.inputs, strict=True):
        if a.name and a.name != b.name:
            raise InvalidFunctionDefinition(f'cannot change name of input parameter "{a.name}"', hint=hint)
    if sum(p.default is not None for p in new.inputs) < sum(p.default is not None for p in old.inputs):
        raise InvalidFunctionDefinition("cannot remove parameter defaults from existing function", hint=hint)


def _checked_numbers(statement: st.CreateFunction, returns_set: bool) -> None:
    if statement.cost is not None and statement.cost <= 0:
        raise InvalidParameterValue("COST must be positive")
    if statement.rows is not None and statement.rows <= 0:
        raise InvalidParameterValue("ROWS must be positive")
    if statement.rows is not None and not returns_set:
        raise InvalidParameterValue("ROWS is not applicable when function does not return a set")


def _check_procedural(function: Function, statement: st.CreateFunction, host: Host) -> None:
    """What PL/pgSQL's validator refuses, and what is not supported here; then the body is read."""
    if statement.body is None:
        raise InvalidFunctionDefinition(
            "no function body specified" if statement.expression is None else "inline SQL function body only valid for language SQL"
        )
    result = function.result
    if any(p.type.oid in POLYMORPHIC for p in function.parameters) or result.oid in POLYMORPHIC:
        raise FeatureNotSupported("polymorphic types in LANGUAGE plpgsql are not supported")
    if function.variadic:
        raise FeatureNotSupported("VARIADIC in LANGUAGE plpgsql is not supported")
    if statement.settings:
        raise FeatureNotSupported("SECURITY DEFINER in LANGUAGE plpgsql is not supported")
    if result.kind == "p" and result.name not in ("trigger", "void") and not function.outputs:
        if result.name in ("record", "event_trigger"):
            raise FeatureNotSupported(f"RETURNS {result.name} in LANGUAGE plpgsql is not supported")
        raise FeatureNotSupported(f"PL/pgSQL functions cannot return type {result.name}")
    if result.name == "trigger" and function.parameters:
        raise InvalidFunctionDefinition(
            "trigger functions cannot have declared arguments",
            hint="The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.",
            context=f'compilation of PL/pgSQL function "{function.name}" near line 1',
        )
    try:
        compiled(function, statement.body, host)
    except DatabaseError as error:
        if error.diag.statement_position is not None:
            error.diag = transposed(error.diag, statement.text, statement.body_at)
        raise


@command(Do)
def do_block(statement: Do, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DO."""
    if statement.language not in LANGUAGES:
        raise UndefinedObject(f'language "{statement.language}" does not exist')
    if statement.language != "plpgsql":
        raise FeatureNotSupported(f'language "{statement.language}" does not support inline code execution')
    try:
        host.run_block(statement.body)
    except DatabaseError as error:
        if error.diag.statement_position is not None:
            error.diag = transposed(error.diag, statement.text, statement.body_at)
        raise
    return done("DO")


@command(st.CreateFunction)
def create_function(statement: st.CreateFunction, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE [OR REPLACE] FUNCTION."""
    language = (statement.language or "sql").lower()
    if statement.procedure:
        raise FeatureNotSupported("CREATE PROCEDURE is not supported")
    if language not in LANGUAGES:
        raise UndefinedObject(f'language "{language}" does not exist')
    if language not in ("sql", "plpgsql"):
        raise FeatureNotSupported(f"LANGUAGE {language} is not supported")
    others = [option.name for option in statement.settings if option.name != "security definer"]
    if others:
        raise FeatureNotSupported(f"SET {others[0]} in CREATE FUNCTION is not supported")
    schema = host.creation_schema(statement.name)
    parameters = _parameters(statement, host)
    result = _result(statement, parameters, host)
    _determined([result, *[p.type for p in parameters if p.mode in "obt"]], [p.type for p in parameters if p.mode in "ibv"])
    returns_set = statement.returns_table or bool(statement.returns is not None and statement.returns.set_of)
    _checked_numbers(statement, returns_set)
    variadic = next((p.type.element for p in parameters if p.mode == "v"), 0)
    function = Function(
        oid=host.new_oid(), name=statement.name.name, schema=schema.name, parameters=parameters, result=result, returns_set=returns_set,
        volatility=statement.volatility or "v", strict=bool(statement.strict), parallel=(statement.parallel or "unsafe")[0],
        cost=100.0 if statement.cost is None else statement.cost, rows=(1000.0 if statement.rows is None else statement.rows) if returns_set else 0.0,
        language=language, source=statement.body or "", variadic=variadic, owner=host.role.oid, security_definer=bool(statement.settings),
    )  # fmt: skip
    if language == "sql" and statement.body is None:  # an expression is read with the statement
        function = host.bind_function_body(function, statement)
    types = [p.type.oid for p in function.inputs]
    old = next((f for f in host.catalog.functions_named(function.name, schema.name) if [p.type.oid for p in f.inputs] == types), None)
    if old is not None:
        if not statement.replace:
            raise DuplicateFunction(f'function "{function.name}" already exists with same argument types')
        host.require_owner(old, "function")
        _refuse_change(old, function, host)
        function = replace(function, oid=old.oid, owner=old.owner, acl=old.acl)
    if language == "plpgsql":
        _check_procedural(function, statement, host)
    elif statement.body is not None:
        function = host.bind_function_body(function, statement)
    if result.oid == VOID.oid:
        function = replace(function, strict=False)
    host.put(function)
    return done("CREATE FUNCTION")
