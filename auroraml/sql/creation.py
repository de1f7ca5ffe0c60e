"""CREATE: tables, views, types, schemas, databases, extensions, indexes, sequences, functions, roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from auroraml.errors import FeatureNotSupported, InvalidFunctionDefinition, UndefinedObject
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.sql import statements as st
from auroraml.sql.constraints import attribute_stands, column_attribute, constraint, table_constraint
from auroraml.sql.extended_statistics import create_statistics
from auroraml.sql.grammar import Grammar, QueryParser
from auroraml.sql.triggers import create_trigger
from auroraml.sql.types import TypeName

_LIKE_PARTS = ("comments", "compression", "constraints", "defaults", "generated", "identity", "indexes", "statistics", "storage")
_CONSTRAINT_WORDS = ("constraint", "primary", "unique", "check", "foreign", "references", "not", "null", "default", "generated", "collate")


def create(p: QueryParser) -> st.Statement:
    """CREATE ..."""
    p.expect("create")
    replace = p.take("or", "replace")
    if not replace and p.one_of("global", "local") and not p.token.is_word("temp", "temporary"):
        raise p.fail()
    temporary = bool(p.one_of("temp", "temporary"))
    unlogged = not temporary and p.take("unlogged")
    if p.token.is_word("recursive"):
        raise p.unsupported("CREATE RECURSIVE VIEW")
    if p.token.is_word(*_KINDS) and not p.token.is_word(*_fitting(replace, temporary, unlogged)):
        raise p.fail()
    if not replace and not temporary and p.take("materialized", "view"):
        return _materialized(p, unlogged)
    word = p.one_of(*_KINDS)
    if word is None:
        if not temporary and not unlogged and p.take("trigger"):
            return create_trigger(p, replace)
        if p.take("constraint", "trigger"):
            p.i -= 1
            raise p.unsupported("a constraint trigger")
        for feature in ("rule", "policy", "domain", "cast", "operator", "aggregate", "server", "publication", "subscription", "collation",
                        "conversion", "tablespace", "event", "foreign", "language", "text", "access", "user", "constraint"):  # fmt: skip
            if p.token.is_word(feature):
                return p.refuse(f"CREATE {feature.upper()}")
        raise p.fail()
    if word == "table":
        return _table(p, temporary, unlogged)
    if word == "sequence":
        return _sequence(p, temporary, unlogged)
    if word == "view":
        if unlogged:
            raise SqlSyntaxError("views cannot be unlogged because they do not have storage")
        return _view(p, replace, temporary)
    if word in ("function", "procedure"):
        return _function(p, replace, word == "procedure")
    return _KINDS[word](p)


def _fitting(replace: bool, temporary: bool, unlogged: bool) -> tuple[str, ...]:
    """What CREATE may go on with after OR REPLACE, TEMPORARY or UNLOGGED."""
    if replace:
        return ("view",) if temporary else ("view", "function", "procedure")
    return ("table", "sequence", "view") if temporary or unlogged else tuple(_KINDS)


def _exists(p: QueryParser) -> bool:
    return p.take("if", "not", "exists")


def storage_options(p: QueryParser) -> tuple[st.Option, ...]:
    """WITH (name = value, ...)."""
    return p.parenthesised(p.option) if p.take("with") else ()


def _table(p: QueryParser, temporary: bool, unlogged: bool) -> st.Statement:
    exists = _exists(p)
    name = p.qualified()
    if p.token.is_word("as", "with", "without", "using", "on", "tablespace") or (p.token.is_op("(") and _is_name_list(p)):
        return _table_as(p, name, exists, temporary=temporary, unlogged=unlogged)
    if p.token.is_word("partition", "of"):
        raise p.unsupported("CREATE TABLE ... OF or PARTITION OF")
    elements: list[st.ColumnDefinition | st.LikeClause] = []
    constraints: list[st.ConstraintDefinition] = []
    p.need("(")
    while not p.mark(")"):
        if elements or constraints:
            p.need(",")
        if p.take("like"):
            elements.append(_like(p))
        elif p.token.is_word("constraint", "primary", "unique", "check", "foreign", "exclude"):
            constraints.append(table_constraint(p))
        else:
            elements.append(column(p))
    if p.token.is_word("inherits", "partition"):
        raise p.unsupported(f"CREATE TABLE ... {p.token.raw.upper()}")
    options, on_commit = _table_tail(p)
    return st.CreateTable(name=name, elements=tuple(elements), constraints=tuple(constraints), if_not_exists=exists,
                          temporary=temporary, unlogged=unlogged, options=options, on_commit=on_commit)  # fmt: skip


def _table_tail(p: QueryParser) -> tuple[tuple[st.Option, ...], str]:
    """USING method, WITH (...), ON COMMIT and TABLESPACE: the storage parameters, and what becomes of a temporary table at a commit."""
    if p.take("using"):
        method = p.token
        if p.name() != "heap":
            raise UndefinedObject(f'access method "{method.text}" does not exist')
    options = () if p.take("without", "oids") else storage_options(p)
    on_commit = ""
    if p.take("on"):
        p.expect("commit")
        on_commit = p.one_of("drop", "delete", "preserve") or ""
        if on_commit != "drop":
            p.expect("rows")
    _tablespace(p)
    return options, on_commit


def _tablespace(p: QueryParser) -> None:
    """TABLESPACE: there is the default one only."""
    if p.token.is_word("tablespace") and not p.take("tablespace", "pg_default"):
        raise p.unsupported("TABLESPACE")


def _like(p: QueryParser) -> st.LikeClause:
    """LIKE source [INCLUDING part | EXCLUDING part] ...: later words win."""
    name = p.qualified()
    parts: set[str] = set()
    while word := p.one_of("including", "excluding"):
        part = p.one_of(*_LIKE_PARTS, "all")
        if part is None:
            raise p.fail()
        named = _LIKE_PARTS if part == "all" else (part,)
        parts = parts.union(named) if word == "including" else parts.difference(named)
    return st.LikeClause(name=name, parts=frozenset(parts))


def _is_name_list(p: QueryParser) -> bool:
    """Whether `(a, b) AS` stands here rather than column definitions."""
    i = p.i + 1
    while p.tokens[i].is_name and p.tokens[i + 1].is_op(","):
        i += 2
    return p.tokens[i].is_name and p.tokens[i + 1].is_op(")") and p.tokens[i + 2].is_word("as", "with")


def _table_as(
    p: QueryParser, name: st.Name, exists: bool, *, temporary: bool = False, unlogged: bool = False, materialized: bool = False
) -> st.CreateTableAs:
    columns = p.names() if p.token.is_op("(") else ()
    options, on_commit = _table_tail(p)
    p.expect("as")
    stop, with_data = p.stop, True
    if p.stop - 2 > p.i and p.tokens[p.stop - 1].is_word("data"):
        no = p.tokens[p.stop - 2].is_word("no")
        with_at = p.stop - (3 if no else 2)
        if p.tokens[with_at].is_word("with"):
            stop, with_data = with_at, not no
    query: st.Query | st.Execute
    if p.token.is_word("execute") and not materialized:
        query = p.execution()
        if p.i < stop:
            raise p.fail()
    else:
        query = p.query(stop)
    p.i = p.stop
    return st.CreateTableAs(name=name, query=query, columns=columns, if_not_exists=exists, temporary=temporary, unlogged=unlogged,
                            with_data=with_data, materialized=materialized, options=options, on_commit=on_commit)  # fmt: skip


def _materialized(p: QueryParser, unlogged: bool) -> st.Statement:
    if unlogged:
        raise FeatureNotSupported("materialized views cannot be unlogged")
    exists = _exists(p)
    return _table_as(p, p.qualified(), exists, materialized=True)


def column(p: QueryParser) -> st.ColumnDefinition:
    """name type constraint..."""
    at = p.token.start
    name = p.name()
    type = p.type()
    if p.token.is_word("compression"):
        raise p.unsupported("COMPRESSION")
    default, generated, not_null, identity = None, None, False, ""
    options: tuple[st.Option, ...] = ()
    given: list[tuple[str, int]] = []
    collation: st.Name | None = None
    constraints: list[st.ConstraintDefinition] = []
    last: st.ConstraintDefinition | None = None  # what stands right before, with what was said of when it is checked
    seen: set[str] = set()
    while not p.at_end and not p.token.is_op(",", ")"):
        place = p.token.start
        if attribute_stands(p):
            last = column_attribute(p, last, seen)
            constraints[-1] = last
            continue
        last, seen = None, set()
        label = p.name() if p.take("constraint") else None
        if p.take("not", "null"):
            not_null = True
            given.append(("not null", place))
        elif p.take("null"):
            given.append(("null", place))
        elif p.take("default"):
            given.append(("default", place))
            default = _default(p)
        elif p.take("generated"):
            always, how = p.take("always"), p.token.start
            if not always:
                p.expect("by", "default")
            p.expect("as")
            if p.take("identity"):
                identity, not_null = "always" if always else "default", True
                given.append(("identity", place))
                if p.mark("("):
                    options = sequence_options(p)
                    p.need(")")
            else:
                p.need("(")
                generated = p.expression()
                p.need(")")
                p.expect("stored")
                given.append(("generated", place))
                if not always:
                    raise SqlSyntaxError("for a generated column, GENERATED ALWAYS must be specified", at=how)
        elif p.take("collate"):
            if collation is not None:
                raise SqlSyntaxError("multiple COLLATE clauses not allowed", at=place)
            collation = replace(p.qualified(), at=place)
        else:
            last = constraint(p, label, place, (st.Name(name=name, at=at),))
            constraints.append(last)
    return st.ColumnDefinition(name=name, type=type, default=default, not_null=not_null, identity=identity, identity_options=options, given=tuple(given), generated=generated,
                               constraints=tuple(constraints), collation=collation, at=at)  # fmt: skip


def _default(p: QueryParser) -> st.Tree:
    """What stands behind DEFAULT, up to the next constraint; a NULL at its beginning is the value."""
    start = p.i
    p.take("null")
    stop = p.until(*_CONSTRAINT_WORDS)
    p.i = start
    return p.piece(stop)


def _view(p: QueryParser, replace: bool, temporary: bool) -> st.Statement:
    name = p.qualified()
    columns = p.names() if p.token.is_op("(") else ()
    options = storage_options(p)
    p.expect("as")
    return st.CreateView(name=name, query=p.query(_before_check_option(p)), columns=columns, replace=replace, temporary=temporary, options=options)


def _before_check_option(p: QueryParser) -> int:
    """The end of a view's query; WITH CHECK OPTION behind it is refused."""
    if p.stop - 2 > p.i and p.tokens[p.stop - 1].is_word("option") and p.tokens[p.stop - 2].is_word("check"):
        at = p.stop - (4 if p.tokens[p.stop - 3].is_word("local", "cascaded") else 3)
        if p.tokens[at].is_word("with"):
            raise FeatureNotSupported("WITH CHECK OPTION is not supported", at=p.tokens[at].start)
    return p.stop


def _type(p: QueryParser) -> st.Statement:
    name = p.qualified()
    if not p.take("as"):
        return p.refuse("CREATE TYPE without AS")
    if p.take("enum"):
        return st.CreateType(name=name, labels=p.parenthesised(p.string))
    if p.take("range"):
        return p.refuse("CREATE TYPE ... AS RANGE")
    p.need("(")
    if p.mark(")"):
        return st.CreateType(name=name)

    def attribute() -> st.ColumnDefinition:
        at = p.token.start
        made = st.ColumnDefinition(name=p.name(), type=p.type(), at=at)
        if p.token.is_word("collate"):
            raise p.unsupported("CREATE TYPE ... COLLATE")
        return made

    attributes = p.comma_list(attribute)
    p.need(")")
    return st.CreateType(name=name, attributes=attributes)


def _schema(p: QueryParser) -> st.Statement:
    exists = _exists(p)
    name = "" if p.token.is_word("authorization") else p.name()
    owner = p.name() if p.take("authorization") else None
    if not p.at_end:
        return p.refuse("CREATE SCHEMA with elements")
    return st.CreateSchema(name=name or owner or "", if_not_exists=exists, owner=owner)


def _database(p: QueryParser) -> st.Statement:
    name = p.name()
    p.take("with")
    options = []
    while not p.at_end:
        if p.token.is_word("connection"):
            raise p.unsupported("CONNECTION LIMIT of a database")
        options.append(p.option())
    return st.CreateDatabase(name=name, options=tuple(options))


def _extension(p: QueryParser) -> st.Statement:
    exists = _exists(p)
    at = p.token.start
    name = p.name()
    p.take("with")
    schema = version = None
    cascade = False
    while not p.at_end:
        if p.take("schema"):
            schema = p.name()
        elif p.take("version"):
            version = p.option_value()
        elif p.take("cascade"):
            cascade = True
        else:
            raise p.fail()
    return st.CreateExtension(name=name, if_not_exists=exists, cascade=cascade, schema=schema, version=version, at=at)


def _index(p: QueryParser, unique: bool = False) -> st.Statement:
    concurrently = p.take("concurrently")
    exists = _exists(p)
    if exists and p.token.is_word("on"):
        raise p.fail()
    name = None if p.token.is_word("on") else p.name()
    p.expect("on")
    p.take("only")
    table = p.qualified()
    method = p.name() if p.take("using") else "btree"

    keys = p.parenthesised(lambda: _index_key(p))
    include = p.parenthesised(p.name) if p.take("include") else ()
    if p.token.is_word("nulls") and p.peek().is_word("not"):
        raise p.unsupported("NULLS NOT DISTINCT")
    p.take("nulls", "distinct")
    options = p.parenthesised(p.option) if p.take("with") else ()
    _tablespace(p)
    where = p.expression() if p.take("where") else None
    return st.CreateIndex(name=name, table=table, keys=keys, unique=unique, if_not_exists=exists, method=method, where=where, include=include,
                          options=options, concurrently=concurrently)  # fmt: skip


def _index_key(p: QueryParser) -> st.IndexKey:
    at = p.token.start
    plain = p.token.is_name and (p.peek().is_op(",", ")") or p.peek().is_word("asc", "desc", "nulls", "collate") or p.peek().is_name)
    expression: st.Name | st.Tree = st.Name(name=p.name(), at=at) if plain else p.piece(p.closing())
    collated = p.qualified() if p.take("collate") else None
    opclass = p.qualified() if p.token.is_name and not p.token.is_word("asc", "desc", "nulls") else None
    if p.token.is_op("("):
        raise p.unsupported("an operator class with options")
    descending = p.one_of("asc", "desc") == "desc"
    first = p.one_of("first", "last") == "first" if p.take("nulls") else descending
    return st.IndexKey(key=expression, descending=descending, nulls_first=first, opclass=opclass, collation=collated, at=at)


def _unique(p: QueryParser) -> st.Statement:
    p.expect("index")
    return _index(p, True)


def sequence_options(p: QueryParser) -> tuple[st.Option, ...]:
    """START WITH n, INCREMENT BY n, MINVALUE, MAXVALUE, CYCLE, OWNED BY, RESTART."""
    options = []
    while not p.at_end and not p.token.is_op(")"):
        at = p.token.start
        if p.take("no"):
            options.append(st.Option(name="no " + p.name(), at=at))
        elif p.take("owned", "by"):
            owner = p.qualified()
            options.append(st.Option(name="owned by", value=(owner.database or "", owner.schema or "", owner.name), at=at))
        else:
            word = p.name()
            p.one_of("with", "by")
            value = p.name() if word == "as" else p.number() if not p.at_end and not p.token.is_name else None
            options.append(st.Option(name=word, value=value, at=at))
    return tuple(options)


def _sequence(p: QueryParser, temporary: bool = False, unlogged: bool = False) -> st.Statement:
    exists = _exists(p)
    return st.CreateSequence(name=p.qualified(), if_not_exists=exists, temporary=temporary, unlogged=unlogged, options=sequence_options(p))


def _role(login: bool) -> Callable[[QueryParser], st.Statement]:
    def read(p: QueryParser) -> st.Statement:
        name = p.name()
        p.take("with")
        return st.CreateRole(name=name, options=role_options(p), login=login)

    return read


def role_options(p: QueryParser) -> tuple[st.Option, ...]:
    """LOGIN, PASSWORD 'x', IN ROLE a, b, ..."""
    options = []
    while not p.at_end:
        at = p.token.start
        encrypted = p.take("encrypted")
        word = p.name()
        if word == "password":
            options.append(st.Option(name="password", value=None if p.take("null") else p.string(), at=at))
        elif word in ("in", "role", "admin", "user", "sysid") and not encrypted:
            if word == "in":
                p.one_of("role", "group")
            options.append(st.Option(name=word, value=p.comma_list(p.name), at=at))
        elif word == "connection":
            p.expect("limit")
            options.append(st.Option(name="connection limit", value=p.number(), at=at))
        elif word == "valid":
            p.expect("until")
            options.append(st.Option(name="valid until", value=p.string(), at=at))
        else:
            options.append(st.Option(name=word, at=at))
    return tuple(options)


def parameter(p: QueryParser) -> st.ParameterDefinition:
    """[mode] [name] type [DEFAULT expression]; the name may come before the mode."""
    at = p.token.start
    mode = "i"
    modes = {"in": "i", "out": "o", "inout": "b", "variadic": "v"}
    word = p.one_of(*modes)
    name = ""
    if word is not None:
        mode = "b" if word == "in" and p.take("out") else modes[word]
    following = p.peek()
    if p.token.is_name and (following.is_name or following.kind == "quoted") and not _type_continues(p):
        name = p.name()
        late = p.one_of(*modes) if word is None else None
        mode = modes[late] if late else mode
    type = p.type()
    default = p.expression() if p.take("default") or p.mark("=") or p.mark(":=") else None
    return st.ParameterDefinition(name=name, type=type, mode=mode, default=default, at=at)


def _type_continues(p: QueryParser) -> bool:
    """Whether two words here are one type (double precision, character varying, ...)."""
    pair = (p.token.text, p.peek().text)
    starts = {"double": ("precision",), "character": ("varying",), "char": ("varying",), "bit": ("varying",), "national": ("character", "char"), "timestamp": ("with", "without"),
              "time": ("with", "without"), "interval": ("year", "month", "day", "hour", "minute", "second")}  # fmt: skip
    return (p.token.kind == "word" and pair[1] in starts.get(pair[0], ())) or p.peek().is_word("default", "array")


def _function(p: QueryParser, replace: bool, procedure: bool) -> st.Statement:
    name = p.qualified()
    p.need("(")
    parameters = [] if p.token.is_op(")") else list(p.comma_list(lambda: parameter(p)))
    p.need(")")
    returns: TypeName | None = None
    table = False
    if p.take("returns"):
        if p.take("table"):
            table = True

            def output() -> st.ParameterDefinition:
                at = p.token.start
                return st.ParameterDefinition(name=p.name(), type=p.type(), mode="t", at=at)

            parameters += p.parenthesised(output)
        else:
            returns = p.type()
    found: dict[str, object] = {}
    while not p.at_end:
        _function_option(p, found)
    return st.CreateFunction(name=name, parameters=tuple(parameters), returns=returns, returns_table=table, replace=replace, procedure=procedure,
                             **found)  # type: ignore[arg-type] # the keys are the class's fields  # fmt: skip


def _function_option(p: QueryParser, found: dict[str, object]) -> None:
    """One option after the parameters; 42601 where it was said already."""
    at, before = p.token.start, set(found)
    added = _read_function_option(p, found)
    if added in before and added != "settings":
        raise SqlSyntaxError("conflicting or redundant options", at=at)


def _read_function_option(p: QueryParser, found: dict[str, object]) -> str:
    if p.take("begin", "atomic"):
        raise FeatureNotSupported("BEGIN ATOMIC is not supported", at=p.tokens[p.i - 2].start)
    value: object
    if p.take("language"):
        key, value = "language", p.option_value()
    elif p.take("as"):
        key = "body"
        found["body_at"] = p.token.start + (p.token.raw.find("$", 1) + 1 if p.token.raw.startswith("$") else 1)
        value = p.string()
        if p.mark(","):
            p.string()
            raise InvalidFunctionDefinition('only one AS item needed for language "sql"')
    elif p.take("return"):
        key, value = "expression", p.expression(commas=False)
    elif word := p.one_of("immutable", "stable", "volatile"):
        key, value = "volatility", word[0]
    elif p.take("strict") or p.take("returns", "null", "on", "null", "input"):
        key, value = "strict", True
    elif p.take("called", "on", "null", "input"):
        key, value = "strict", False
    elif p.take("parallel"):
        key, value = "parallel", p.name()
        if value not in ("safe", "restricted", "unsafe"):
            raise SqlSyntaxError('parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE')
    elif p.take("cost"):
        key, value = "cost", float(p.number())
    elif p.take("rows"):
        key, value = "rows", float(p.number())
    elif p.token.is_word("window"):
        raise FeatureNotSupported("WINDOW functions are not supported", at=p.token.start)
    elif p.token.is_word("leakproof"):
        raise FeatureNotSupported("LEAKPROOF is not supported", at=p.token.start)
    elif p.token.is_word("support", "transform"):
        raise p.unsupported(p.token.raw.upper())
    elif p.take("not", "leakproof"):
        return "leakproof"
    elif p.take("external", "security") or p.take("security"):
        key = "settings"
        if not p.take("definer"):
            p.expect("invoker")
            return key
        value = (*_settings(found), st.Option(name="security definer"))
    elif p.take("set"):
        at, name = p.token.start, p.name()
        if p.token.is_word("from"):
            raise p.unsupported("SET ... FROM CURRENT")
        if not p.take("to"):
            p.need("=")
        key, value = "settings", (*_settings(found), st.Option(name=name, value=p.option_value(), at=at))
    else:
        raise p.fail()
    found[key] = value
    return key


def _settings(found: dict[str, object]) -> tuple[st.Option, ...]:
    """Those said so far."""
    said = found.get("settings", ())
    assert isinstance(said, tuple)
    return said


_KINDS: dict[str, Callable[[QueryParser], st.Statement]] = {
    "table": lambda p: _table(p, False, False), "view": lambda p: _view(p, False, False), "type": _type, "schema": _schema, "database": _database,
    "extension": _extension, "index": _index, "unique": _unique, "sequence": _sequence, "role": _role(False), "user": _role(True), "group": _role(False),
    "statistics": create_statistics, "function": lambda p: _function(p, False, False), "procedure": lambda p: _function(p, False, True),
}  # fmt: skip
GRAMMAR: dict[str, Grammar] = {"create": create}
