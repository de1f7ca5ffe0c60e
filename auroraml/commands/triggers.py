"""CREATE, ALTER, DROP TRIGGER, and ALTER TABLE ... ENABLE and DISABLE TRIGGER."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.acl import has_privilege
from auroraml.commands.altering import Alteration, action
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.dropping import WORDS
from auroraml.errors import (
    DuplicateColumn,
    DuplicateObject,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidObjectDefinition,
    UndefinedColumn,
    UndefinedFunction,
    UndefinedObject,
    UndefinedTable,
    WrongObjectType,
)
from auroraml.ir import expr as e
from auroraml.ir.expr import Expr
from auroraml.ir.objects import BEFORE, EVENTS, OLD, ON_TRUNCATE, ROW, Function, Relation, Trigger
from auroraml.ir.tree import walk
from auroraml.pipeline.authorize import denied
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.sql.procedural import CreateTrigger, DropTrigger, RenameTrigger


def _table(statement: CreateTrigger, host: Host) -> Relation:
    """The table that may have the trigger."""
    relation = host.relation(statement.table)
    if relation.kind == "v":
        if statement.row or "truncate" in statement.events:
            kind = "row-level BEFORE or AFTER" if statement.row else "TRUNCATE"
            raise WrongObjectType(f'"{relation.name}" is a view', detail=f"Views cannot have {kind} triggers.")
        raise FeatureNotSupported("a trigger of a view is not supported", at=statement.table.at)
    if relation.kind != "r":
        plural = {"m": "materialized views", "S": "sequences", "c": "composite types"}[relation.kind]
        raise WrongObjectType(f'relation "{relation.name}" cannot have triggers', detail=f"This operation is not supported for {plural}.")
    if relation.system is not None:
        raise InsufficientPrivilege(f'permission denied: "{relation.name}" is a system catalog')
    host.require(relation, "t")
    return relation


def _function(name: st.Name, host: Host) -> Function:
    """The function to call: one without arguments that returns trigger."""
    places = (name.schema,) if name.schema else host.names.path
    found = next((f for place in places for f in host.catalog.functions_named(name.name, place) if not f.inputs), None)
    if found is None:
        raise UndefinedFunction(f"function {name}() does not exist")
    if not has_privilege(host.catalog, host.role, found, "X"):
        raise denied(found)
    if found.result.name != "trigger":
        raise InvalidObjectDefinition(f"function {name.name} must return type trigger")
    if found.language != "plpgsql":
        raise FeatureNotSupported(f"function {found.name} as a trigger is not supported", at=name.at)
    return found


def _columns(statement: CreateTrigger, relation: Relation) -> tuple[int, ...]:
    numbers: list[int] = []
    for name in statement.columns:
        column = next((c for c in relation.columns if c.name == name.name and not c.dropped), None)
        if column is None:
            raise UndefinedColumn(f'column "{name.name}" of relation "{relation.name}" does not exist')
        if column.number in numbers:
            raise DuplicateColumn(f'column "{name.name}" specified more than once')
        numbers.append(column.number)
    return tuple(numbers)


def _condition(statement: CreateTrigger, relation: Relation, host: Host) -> Expr | None:
    if statement.condition is None:
        return None
    expr = host.bind_condition(statement.condition, relation)
    computed = {c.number: c.name for c in relation.columns if c.generated is not None} if statement.before else {}
    for part in walk(expr):
        if isinstance(part, e.ColumnRef) and part.id in computed and statement.row:
            raise InvalidObjectDefinition("BEFORE trigger's WHEN condition cannot reference NEW generated columns",
                                          detail=f'Column "{computed[part.id]}" is a generated column.', at=part.at)  # fmt: skip
        if isinstance(part, e.ColumnRef):
            old = part.id > OLD
            if not statement.row:
                raise InvalidObjectDefinition("statement trigger's WHEN condition cannot reference column values", at=part.at)
            for word, event, mine in (("INSERT", "insert", old), ("DELETE", "delete", not old)):
                if mine and event in statement.events:
                    raise InvalidObjectDefinition(f"{word} trigger's WHEN condition cannot reference {'OLD' if old else 'NEW'} values", at=part.at)
    return expr


@command(CreateTrigger)
def create_trigger(statement: CreateTrigger, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE [OR REPLACE] TRIGGER."""
    relation = _table(statement, host)
    kind = ROW * statement.row | BEFORE * statement.before
    for event in statement.events:
        kind |= EVENTS[event]
    if statement.row and kind & ON_TRUNCATE:
        raise FeatureNotSupported("TRUNCATE FOR EACH ROW triggers are not supported")
    condition = _condition(statement, relation, host)
    function = _function(statement.function, host)
    known = next((t for t in relation.triggers if t.name == statement.name), None)
    if known is not None and not statement.replace:
        raise DuplicateObject(f'trigger "{statement.name}" for relation "{relation.name}" already exists')
    made = Trigger(
        oid=host.new_oid() if known is None else known.oid, name=statement.name, relation=relation.oid, function=function.oid, kind=kind,
        columns=_columns(statement, relation), condition=condition, arguments=statement.arguments,
    )  # fmt: skip
    _put(relation, host, [t for t in relation.triggers if t is not known], made)
    return done("CREATE TRIGGER")


def _put(relation: Relation, host: Host, others: list[Trigger], made: Trigger | None = None) -> None:
    """Store the table with these triggers, in order of their names."""
    triggers = others if made is None else [*others, made]
    host.put(replace(relation, triggers=tuple(sorted(triggers, key=lambda t: t.name.encode()))))


def trigger_of(relation: Relation, name: str) -> Trigger:
    """The trigger of that name; 42704."""
    found = next((t for t in relation.triggers if t.name == name), None)
    if found is None:
        raise UndefinedObject(f'trigger "{name}" for table "{relation.name}" does not exist')
    return found


@command(DropTrigger)
def drop_trigger(statement: DropTrigger, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DROP TRIGGER [IF EXISTS] name ON table."""
    try:
        relation = host.relation(statement.table)
    except UndefinedTable:
        if not statement.if_exists:
            raise
        host.notice(f'relation "{statement.table}" does not exist, skipping')
        return done("DROP TRIGGER")
    known = any(t.name == statement.name for t in relation.triggers)
    if not known and statement.if_exists:
        host.notice(f'trigger "{statement.name}" for relation "{statement.table}" does not exist, skipping')
        return done("DROP TRIGGER")
    found = trigger_of(relation, statement.name)
    host.require_owner(relation, "relation")
    _put(relation, host, [t for t in relation.triggers if t is not found])
    return done("DROP TRIGGER")


@command(RenameTrigger)
def rename_trigger(statement: RenameTrigger, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ALTER TRIGGER name ON table RENAME TO new_name."""
    relation = host.relation(statement.table)
    if relation.kind != "r":
        raise WrongObjectType(f'relation "{relation.name}" cannot have triggers',
                              detail=f"This operation is not supported for {WORDS.get(relation.kind, 'type')}s.")  # fmt: skip
    host.require_owner(relation, "table")
    found = trigger_of(relation, statement.name)
    if any(t.name == statement.new_name for t in relation.triggers):
        raise DuplicateObject(f'trigger "{statement.new_name}" for relation "{relation.name}" already exists')
    _put(relation, host, [t for t in relation.triggers if t is not found], replace(found, name=statement.new_name))
    return done("ALTER TRIGGER")


@action("switch trigger")
def switch_trigger(work: Alteration, item: st.AlterAction) -> None:
    """ENABLE [REPLICA | ALWAYS] TRIGGER name and DISABLE TRIGGER name."""
    found = trigger_of(work.relation, item.name or "")
    work.put(triggers=tuple(replace(t, enabled=item.new_name) if t is found else t for t in work.relation.triggers))


@action("switch triggers")
def switch_triggers(work: Alteration, item: st.AlterAction) -> None:
    """ENABLE and DISABLE TRIGGER ALL and USER; foreign keys are always checked here."""
    if item.name == "all" and item.new_name == "D" and any(c.kind == "f" for c in work.relation.constraints):
        raise FeatureNotSupported("DISABLE TRIGGER ALL of a table with foreign keys is not supported", at=item.at)
    work.put(triggers=tuple(replace(t, enabled=item.new_name) for t in work.relation.triggers))
