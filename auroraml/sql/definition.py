"""ALTER, DROP, TRUNCATE, COMMENT, REFRESH."""

from __future__ import annotations

from auroraml.errors import FeatureNotSupported
from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.constraints import table_attributes, table_constraint
from auroraml.sql.creation import column, parameter, role_options, sequence_options
from auroraml.sql.extended_statistics import alter_statistics
from auroraml.sql.grammar import Grammar, QueryParser
from auroraml.sql.lexer import NUMBER
from auroraml.sql.triggers import alter_trigger, drop_trigger, switch_trigger
from auroraml.sql.types import TypeName

_OBJECTS = ("table", "view", "index", "sequence", "schema", "function", "procedure", "routine", "aggregate", "type", "role", "user", "group",
            "extension", "database", "domain", "statistics")  # fmt: skip


_ALONE = frozenset(("rename", "rename column", "rename constraint", "set schema"))
_COLUMN_PARTS = (
    "identity",
    "expression",
    "generated",
    "storage",
    "compression",
    "increment",
    "minvalue",
    "maxvalue",
    "start",
    "cache",
    "cycle",
    "no",
)
_UNCOMMENTED = ("access", "aggregate", "cast", "collation", "conversion", "domain", "event", "foreign", "language", "large", "operator", "policy",
                "procedure", "procedural", "publication", "routine", "rule", "server", "subscription", "tablespace", "text", "transform")  # fmt: skip


def arguments(p: QueryParser) -> tuple[TypeName, ...] | None:
    """(type, ...) of a function; None where it is left out. OUT parameters do not count."""
    if not p.mark("("):
        return None
    if p.mark(")"):
        return ()
    found = p.comma_list(lambda: parameter(p))
    p.need(")")
    return tuple(item.type for item in found if item.mode != "o")


def _object(p: QueryParser) -> str:
    if p.take("materialized", "view"):
        return "materialized view"
    word = p.one_of(*_OBJECTS)
    if word is None:
        raise p.fail()
    return {"user": "role", "group": "role", "routine": "function"}.get(word, word)


def _cascade(p: QueryParser) -> bool:
    return p.one_of("cascade", "restrict") == "cascade"


def drop(p: QueryParser) -> st.Statement:
    """DROP ..."""
    p.expect("drop")
    if p.take("owned", "by"):
        return st.DropOwned(roles=p.comma_list(p.name), cascade=_cascade(p))
    if p.take("trigger"):
        return drop_trigger(p)
    for feature in (
        "rule",
        "policy",
        "cast",
        "operator",
        "server",
        "publication",
        "subscription",
        "collation",
        "event",
        "text",
    ):
        if p.token.is_word(feature):
            return p.refuse(f"DROP {feature.upper()}")
    kind = _object(p)
    concurrently = kind == "index" and p.take("concurrently")
    exists = p.take("if", "exists")
    names, signatures = [], []
    while True:
        names.append(p.qualified())
        signatures.append(arguments(p) if kind in ("function", "procedure", "aggregate") else None)
        if not p.mark(","):
            break
    if (kind == "database" and p.token.is_word("with", "(")) or (kind == "database" and p.token.is_op("(")):
        raise p.unsupported("DROP DATABASE ... WITH (FORCE)")
    return st.Drop(object=kind, names=tuple(names), if_exists=exists, cascade=_cascade(p), concurrently=concurrently, arguments=tuple(signatures))


def truncate(p: QueryParser) -> st.Statement:
    """TRUNCATE [TABLE] ..."""
    p.expect("truncate")
    p.take("table")
    p.take("only")
    names = p.comma_list(p.qualified)
    restart = p.take("restart", "identity")
    if not restart:
        p.take("continue", "identity")
    return st.Truncate(names=names, restart=restart, cascade=_cascade(p))


def alter(p: QueryParser) -> st.Statement:
    """ALTER ..."""
    p.expect("alter")
    if p.take("trigger"):
        return alter_trigger(p)
    for feature in ("system", "default", "domain", "policy", "operator", "server", "publication", "large", "text", "rule"):
        if p.token.is_word(feature):
            return p.refuse(f"ALTER {feature.upper()}")
    kind = _object(p)
    if kind == "role":
        return _role(p)
    if kind == "extension":
        return _extension(p)
    if kind == "statistics":
        return alter_statistics(p)
    exists = p.take("if", "exists")
    p.take("only")
    name = p.qualified()
    signature = arguments(p) if kind in ("function", "procedure", "aggregate") else None
    if kind == "sequence" and not p.token.is_word("rename", "owner", "set"):
        actions: tuple[st.AlterAction, ...] = (st.AlterAction(kind="sequence options", options=sequence_options(p)),)
    else:
        actions = _actions(p, kind)
    return st.AlterTable(object=kind, name=name, actions=actions, if_exists=exists, arguments=signature)


def _extension(p: QueryParser) -> st.Statement:
    name = p.name()
    if p.take("update"):
        return st.AlterExtension(name=name, version=p.option_value() if p.take("to") else None)
    if p.token.is_word("set", "add", "drop"):
        return p.refuse(f"ALTER EXTENSION ... {p.token.raw.upper()}")
    raise p.fail()


def _role(p: QueryParser) -> st.Statement:
    name = p.name()
    if p.take("set") or p.take("reset") or p.token.is_word("in", "rename"):
        return p.refuse("ALTER ROLE ... SET")
    p.take("with")
    return st.AlterRole(name=name, options=role_options(p))


def _actions(p: QueryParser, kind: str) -> tuple[st.AlterAction, ...]:
    """A comma list; RENAME and SET SCHEMA stand alone."""
    found = [_action(p, kind)]
    while found[-1].kind not in _ALONE and p.mark(","):
        if p.token.is_word("set") and p.peek().is_word("schema"):
            p.expect("set")
            raise p.fail()
        if p.token.is_word("rename"):
            raise p.fail()
        found.append(_action(p, kind))
    return tuple(found)


def _action(p: QueryParser, kind: str) -> st.AlterAction:
    at = p.token.start
    if kind == "type" and p.token.is_word("add", "drop", "alter", "rename") and p.peek().is_word("attribute", "value"):
        raise p.unsupported(f"ALTER TYPE ... {p.token.raw.upper()} {p.peek().raw.upper()}")
    if p.take("add"):
        if p.token.is_word("exclude"):
            raise p.unsupported("EXCLUDE")
        if p.token.is_word("constraint", "primary", "unique", "check", "foreign"):
            return st.AlterAction(kind="add constraint", constraint=table_constraint(p), at=at)
        p.take("column")
        exists = p.take("if", "not", "exists")
        return st.AlterAction(kind="add column", column=column(p), if_exists=exists, at=at)
    if p.take("drop"):
        if p.take("constraint"):
            exists = p.take("if", "exists")
            return st.AlterAction(kind="drop constraint", name=p.name(), if_exists=exists, cascade=_cascade(p), at=at)
        p.take("column")
        exists = p.take("if", "exists")
        return st.AlterAction(kind="drop column", name=p.name(), if_exists=exists, cascade=_cascade(p), at=at)
    if p.take("alter"):
        if p.token.is_word("constraint"):
            p.expect("constraint")
            changed = table_attributes(p, replace(st.ConstraintDefinition(kind="f", name=p.name()), at=at))
            if not changed.valid:
                raise FeatureNotSupported("FOREIGN KEY constraints cannot be marked NOT VALID")
            return st.AlterAction(kind="alter constraint", name=changed.name or "", constraint=changed, at=at)
        p.take("column")
        return _alter_column(p, p.number() if p.token.kind == NUMBER else p.name(), at)
    if kind == "table" and p.take("validate"):
        p.expect("constraint")
        return st.AlterAction(kind="validate constraint", name=p.name(), at=at)
    if p.take("rename"):
        return _rename(p, at)
    if p.take("owner", "to"):
        return st.AlterAction(kind="owner", new_name=p.name(), at=at)
    if p.take("set", "schema"):
        return st.AlterAction(kind="set schema", new_name=p.name(), at=at)
    if p.take("set"):
        if p.token.is_op("("):
            return st.AlterAction(kind="set options", options=p.parenthesised(p.option), at=at)
        return st.AlterAction(kind="refused", name=f"ALTER {kind.upper()} ... SET {_rest(p)}", at=at)
    if p.take("reset"):
        if not p.token.is_op("("):
            raise p.unsupported(f"ALTER {kind.upper()} ... RESET")
        return st.AlterAction(kind="reset options", options=p.parenthesised(p.option), at=at)
    if word := p.one_of("cost", "parallel", "immutable", "stable", "volatile", "strict"):
        value = p.option_value() if word in ("cost", "parallel") else None
        if not p.at_end and not p.take("restrict"):
            raise p.unsupported(f"ALTER {kind.upper()} with several options")
        return st.AlterAction(kind="function option", name=word, new_name=value or "", at=at)
    if p.at_end:
        raise p.fail()
    switched = switch_trigger(p) if kind == "table" else None
    if switched is not None:
        return switched
    return st.AlterAction(kind="refused", name=f"ALTER {kind.upper()} ... {_rest(p)}", at=at)


def _rest(p: QueryParser) -> str:
    word = p.token.raw.upper()
    p.i = p.stop
    return word


def _rename(p: QueryParser, at: int) -> st.AlterAction:
    if p.take("to"):
        return st.AlterAction(kind="rename", new_name=p.name(), at=at)
    if p.take("constraint"):
        old = p.name()
        p.expect("to")
        return st.AlterAction(kind="rename constraint", name=old, new_name=p.name(), at=at)
    p.take("column")
    old = p.name()
    p.expect("to")
    return st.AlterAction(kind="rename column", name=old, new_name=p.name(), at=at)


def _alter_column(p: QueryParser, name: str, at: int) -> st.AlterAction:
    if p.take("set", "default"):
        return st.AlterAction(kind="set default", name=name, expression=p.expression(), at=at)
    if p.take("drop", "default"):
        return st.AlterAction(kind="drop default", name=name, at=at)
    if p.take("set", "not", "null"):
        return st.AlterAction(kind="set not null", name=name, at=at)
    if p.take("drop", "not", "null"):
        return st.AlterAction(kind="drop not null", name=name, at=at)
    if p.take("set", "data", "type") or p.take("type"):
        type = p.type()
        collation = p.qualified() if p.take("collate") else None
        return st.AlterAction(kind="type", name=name, type=type, collation=collation, expression=p.expression() if p.take("using") else None, at=at)
    if p.take("set", "statistics"):
        return st.AlterAction(kind="set statistics", name=name, new_name=p.number(), at=at)
    if p.take("drop", "expression"):
        return st.AlterAction(kind="drop expression", name=name, if_exists=p.take("if", "exists"), at=at)
    if p.take("drop", "identity"):
        return st.AlterAction(kind="drop identity", name=name, if_exists=p.take("if", "exists"), at=at)
    if p.take("set", "generated"):
        kind = "always" if p.take("always") else "default"
        if kind == "default":
            p.expect("by", "default")
        if p.token.is_word("set", "restart"):
            raise p.unsupported(f"ALTER COLUMN ... SET GENERATED ... {p.token.raw.upper()}")
        return st.AlterAction(kind="set generated", name=name, new_name=kind, at=at)
    if p.token.is_word("add") or (p.token.is_word("drop", "set") and p.peek().is_word(*_COLUMN_PARTS)):
        raise p.unsupported(f"ALTER COLUMN ... {p.token.raw.upper()} {p.peek().raw.upper()}")
    if p.take("set") and p.token.is_op("("):
        return st.AlterAction(kind="set column options", name=name, options=p.parenthesised(p.option), at=at)
    if p.take("reset"):
        return st.AlterAction(kind="reset column options", name=name, options=p.parenthesised(p.option), at=at)
    raise p.fail()


def comment(p: QueryParser) -> st.Statement:
    """COMMENT ON object name IS 'text' or NULL."""
    p.expect("comment", "on")
    if p.token.is_word(*_UNCOMMENTED):
        raise p.unsupported(f"COMMENT ON {p.token.raw.upper()}")
    kind = p.one_of("column", "constraint", "trigger") or _object(p)
    if kind in ("constraint", "trigger"):
        constraint = p.name()
        p.expect("on")
        if kind == "constraint" and p.token.is_word("domain"):
            raise p.unsupported("COMMENT ON CONSTRAINT ... ON DOMAIN")
        table = p.qualified()
        p.expect("is")
        return st.Comment(object=kind, name=table, column=constraint, comment=None if p.take("null") else p.string())
    name = p.qualified()
    signature = arguments(p) if kind in ("function", "procedure") else None
    p.expect("is")
    text = None if p.take("null") else p.string()
    if kind == "column":
        table = st.Name(name=name.schema or "", schema=name.database, at=name.at)
        return st.Comment(object=kind, name=table, column=name.name, comment=text)
    return st.Comment(object=kind, name=name, comment=text, arguments=signature)


def refresh(p: QueryParser) -> st.Statement:
    """REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA]."""
    p.expect("refresh", "materialized", "view")
    concurrently = p.take("concurrently")
    name = p.qualified()
    with_data = not p.take("with", "no", "data")
    p.take("with", "data")
    return st.RefreshMaterializedView(name=name, concurrently=concurrently, with_data=with_data)


GRAMMAR: dict[str, Grammar] = {"drop": drop, "truncate": truncate, "alter": alter, "comment": comment, "refresh": refresh}
