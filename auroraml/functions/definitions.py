"""pg_get_viewdef and its kin, visibility, comments, sizes: functions that describe catalog objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.printing import (
    constraint_text,
    expression_text,
    function_arguments,
    function_definition,
    function_result,
    index_keys,
    index_text,
    statistics_definition,
    statistics_keys,
    statistics_text,
    type_text,
)
from auroraml.catalog.system_data import COMMENTS, SHARED_COMMENTS
from auroraml.catalog.toast import needs_toast
from auroraml.catalog.trigger_text import trigger_text
from auroraml.catalog.view_text import view_text
from auroraml.errors import InvalidParameterValue, UndefinedColumn, WrongObjectType
from auroraml.functions.signature import CallContext, rows, scalar
from auroraml.ir import expr as e
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Function, Relation, StatisticsObject
from auroraml.types.pg_type import PgArray


def path(ctx: CallContext) -> Sequence[str]:
    """The search path of the session."""
    return ctx.host.names.path  # type: ignore[no-any-return] # the session


# Relations


@scalar("pg_get_viewdef(oid)", face="datum", context=True)
def pg_get_viewdef(ctx: CallContext, oid: int) -> str | None:
    """A view's query."""
    return _view(ctx, oid, False)


@scalar("pg_get_viewdef(oid,bool)", face="datum", context=True)
def pg_get_viewdef_pretty(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    """A view's query, pretty-printed."""
    return _view(ctx, oid, pretty)


@scalar("pg_get_viewdef(oid,int4)", face="datum", context=True)
def pg_get_viewdef_wrapped(ctx: CallContext, oid: int, width: int) -> str | None:
    """A view's query, pretty-printed; lines are broken after each column whatever `width` is."""
    return _view(ctx, oid, True)


@scalar("pg_get_viewdef(text)", face="datum", context=True)
def pg_get_viewdef_named(ctx: CallContext, name: str) -> str | None:
    """A view's query by the view's name."""
    return _view(ctx, ctx.style.objects.oid_of("regclass", name), False)


@scalar("pg_get_viewdef(text,bool)", face="datum", context=True)
def pg_get_viewdef_named_pretty(ctx: CallContext, name: str, pretty: bool) -> str | None:
    """A view's query by the view's name, pretty-printed."""
    return _view(ctx, ctx.style.objects.oid_of("regclass", name), pretty)


def _view(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    relation = ctx.catalog.find_relation_oid(oid)
    if relation is None:
        return None
    if relation.view is None:
        return "Not a view" if relation.system is None or relation.kind != "v" else None
    return view_text(relation, ctx.catalog, path(ctx), pretty)


def _rule(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    relation = ctx.catalog.find_relation_oid(oid - 1_000_000_000)  # see system_views.relations.pg_rewrite
    if relation is None or relation.view is None:
        return None
    text = view_text(relation, ctx.catalog, path(ctx), pretty)
    return f'CREATE RULE "_RETURN" AS\n    ON SELECT TO {quote_identifier(relation.schema)}.{quote_identifier(relation.name)} DO INSTEAD {text}'


@scalar("pg_get_ruledef(oid)", face="datum", context=True)
def pg_get_ruledef(ctx: CallContext, oid: int) -> str | None:
    """The rule behind a view."""
    return _rule(ctx, oid, False)


@scalar("pg_get_ruledef(oid,bool)", face="datum", context=True)
def pg_get_ruledef_pretty(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    """The rule behind a view, pretty-printed."""
    return _rule(ctx, oid, pretty)


def _constraint(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    for relation in ctx.catalog.relations():
        for constraint in relation.constraints:
            if constraint.oid == oid:
                return constraint_text(constraint, relation, ctx.catalog, path(ctx), pretty, ctx.style.objects)
    return None


@scalar("pg_get_constraintdef(oid)", face="datum", context=True)
def pg_get_constraintdef(ctx: CallContext, oid: int) -> str | None:
    """A constraint as in ALTER TABLE ADD."""
    return _constraint(ctx, oid, False)


@scalar("pg_get_constraintdef(oid,bool)", face="datum", context=True)
def pg_get_constraintdef_pretty(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    """A constraint as in ALTER TABLE ADD, pretty-printed."""
    return _constraint(ctx, oid, pretty)


@scalar("pg_get_indexdef(oid)", face="datum", context=True)
def pg_get_indexdef(ctx: CallContext, oid: int) -> str | None:
    """CREATE INDEX."""
    found = ctx.catalog.index(oid)
    return None if found is None else index_text(found[0], found[1], ctx.catalog, objects=ctx.style.objects)


@scalar("pg_get_indexdef(oid,int4,bool)", face="datum", context=True)
def pg_get_indexdef_column(ctx: CallContext, oid: int, column: int, pretty: bool) -> str | None:
    """CREATE INDEX, or one key of the index."""
    found = ctx.catalog.index(oid)
    if found is None:
        return None
    if column == 0:
        return index_text(found[0], found[1], ctx.catalog, path(ctx) if pretty else None, pretty, ctx.style.objects)
    keys = index_keys(found[0], found[1], ctx.catalog, pretty, ctx.style.objects)
    return keys[column - 1] if 1 <= column <= len(keys) else ""


def _statistics(ctx: CallContext, oid: int) -> tuple[StatisticsObject, Relation] | None:
    found = ctx.catalog.statistics_object(oid)
    return None if found is None else (found, ctx.catalog.relation(found.relation))


@scalar("pg_get_statisticsobjdef(oid)", face="datum", context=True)
def pg_get_statisticsobjdef(ctx: CallContext, oid: int) -> str | None:
    """CREATE STATISTICS."""
    found = _statistics(ctx, oid)
    return None if found is None else statistics_definition(found[0], found[1], ctx.catalog, path(ctx), ctx.style.objects)


@scalar("pg_get_statisticsobjdef_columns(oid)", face="datum", context=True)
def pg_get_statisticsobjdef_columns(ctx: CallContext, oid: int) -> str | None:
    """The columns and expressions of a statistics object."""
    found = _statistics(ctx, oid)
    return None if found is None else ", ".join(statistics_keys(found[0], found[1], ctx.catalog, ctx.style.objects))


@scalar("pg_get_statisticsobjdef_expressions(oid)", face="datum", context=True)
def pg_get_statisticsobjdef_expressions(ctx: CallContext, oid: int) -> PgArray | None:
    """The expressions of a statistics object; NULL where it has none."""
    found = _statistics(ctx, oid)
    if found is None or not found[0].expressions:
        return None
    return PgArray.of(tuple(expression_text(x, ctx.catalog, False, ctx.style.objects) for x in found[0].expressions))


@scalar("pg_statistics_obj_is_visible(oid)", face="datum", context=True)
def pg_statistics_obj_is_visible(ctx: CallContext, oid: int) -> bool | None:
    """Whether the search path finds a statistics object."""
    found = ctx.catalog.statistics_object(oid)
    return None if found is None else statistics_text(found, ctx.catalog, path(ctx)) == quote_identifier(found.name)


def _expressions(relation: Relation) -> list[e.Expr]:
    found = [c.default for c in relation.columns if c.default is not None]
    found += [c.generated for c in relation.columns if c.generated is not None]
    found += [c.check for c in relation.constraints if c.check is not None]
    for index in relation.indexes:
        found += [*index.expressions, *([index.predicate] if index.predicate is not None else [])]
    for statistics in relation.statistics:
        found += statistics.expressions
    return found


@scalar("pg_get_expr(pg_node_tree,oid)", face="datum", context=True)
def pg_get_expr(ctx: CallContext, text: str, relation: int) -> str:
    """The expression a catalog holds, as SQL."""
    return _expression(ctx, text, relation, False)


@scalar("pg_get_expr(pg_node_tree,oid,bool)", face="datum", context=True)
def pg_get_expr_pretty(ctx: CallContext, text: str, oid: int, pretty: bool) -> str:
    """The expression a catalog holds, pretty-printed: found again among those of its relation."""
    return _expression(ctx, text, oid, pretty)


def _expression(ctx: CallContext, text: str, oid: int, pretty: bool) -> str:
    relation = ctx.catalog.find_relation_oid(oid)
    exprs = [] if relation is None else _expressions(relation)
    expr = next((x for x in exprs if expression_text(x, ctx.catalog) == text), None)
    return text if expr is None else expression_text(expr, ctx.catalog, pretty, ctx.style.objects)


@scalar("pg_get_serial_sequence(text,text)", face="datum", context=True)
def pg_get_serial_sequence(ctx: CallContext, table: str, column: str) -> str | None:
    """The sequence behind a serial or identity column."""
    catalog: Catalog = ctx.catalog
    relation = catalog.relation(ctx.style.objects.oid_of("regclass", table))
    found = next((c for c in relation.columns if c.name == column and not c.dropped), None)
    if found is None:
        raise UndefinedColumn(f'column "{column}" of relation "{relation.name}" does not exist')
    for other in catalog.relations():
        if other.sequence is not None and other.sequence.owner == (relation.oid, found.number):
            return f"{quote_identifier(other.schema)}.{quote_identifier(other.name)}"
    return None


@scalar("pg_get_partkeydef(oid)", face="datum", raises=False)
def nothing(oid: int) -> None:
    """Partitioned tables do not exist here."""
    return


@rows("pg_partition_ancestors(regclass)")
def pg_partition_ancestors(relation: int) -> list[tuple[object, ...]]:
    """No table is a partition."""
    return []


@scalar("pg_relation_is_publishable(regclass)", face="datum", context=True)
def pg_relation_is_publishable(ctx: CallContext, oid: int) -> bool | None:
    """Whether logical replication could send the relation."""
    relation = ctx.catalog.find_relation_oid(oid)
    return None if relation is None else relation.kind == "r" and relation.system is None and relation.persistence == "p"


# Functions


def _function(ctx: CallContext, oid: int) -> Function | None:
    found: Function | None = ctx.catalog.find_function(oid)
    return found


@scalar("pg_get_functiondef(oid)", face="datum", context=True)
def pg_get_functiondef(ctx: CallContext, oid: int) -> str | None:
    """CREATE OR REPLACE FUNCTION."""
    function = _function(ctx, oid)
    if function is not None and function.kind == "a":
        raise WrongObjectType(f'"{function.name}" is an aggregate function')
    return None if function is None else function_definition(function, ctx.catalog, path(ctx))


@scalar("pg_get_function_arguments(oid)", face="datum", context=True)
def pg_get_function_arguments(ctx: CallContext, oid: int) -> str | None:
    """The parameters, with defaults."""
    function = _function(ctx, oid)
    return None if function is None else function_arguments(function, ctx.catalog, path(ctx))


@scalar("pg_get_function_identity_arguments(oid)", face="datum", context=True)
def pg_get_function_identity_arguments(ctx: CallContext, oid: int) -> str | None:
    """The parameters, without defaults."""
    function = _function(ctx, oid)
    return None if function is None else function_arguments(function, ctx.catalog, path(ctx), False)


@scalar("pg_get_function_result(oid)", face="datum", context=True)
def pg_get_function_result(ctx: CallContext, oid: int) -> str | None:
    """The result type."""
    function = _function(ctx, oid)
    return None if function is None else function_result(function, ctx.catalog, path(ctx))


@scalar("pg_get_function_arg_default(oid,int4)", face="datum", context=True)
def pg_get_function_arg_default(ctx: CallContext, oid: int, number: int) -> str | None:
    """The default of a parameter."""
    function = _function(ctx, oid)
    if function is None or not 1 <= number <= len(function.parameters):
        return None
    default = function.parameters[number - 1].default
    return None if default is None else expression_text(default, ctx.catalog)


@scalar("pg_get_function_sqlbody(oid)", face="datum", raises=False)
def pg_get_function_sqlbody(oid: int) -> None:
    """Bodies are kept as source text."""
    return


@scalar("format_type(oid,int4)", face="datum", context=True)
def format_type(ctx: CallContext, oid: int | None, typmod: int | None) -> str | None:
    """A type's SQL name."""
    if oid is None:
        return None
    if oid == 0:
        return "-"
    type = ctx.catalog.find_type_oid(oid)
    return "???" if type is None else type_text(type, typmod, ctx.catalog, path(ctx))


# Visibility


def _visible(name: str, schema: str, ctx: CallContext, found: Callable[[str, str], object]) -> bool:
    first = next((place for place in path(ctx) if found(name, place)), None)
    return first == schema


@scalar("pg_table_is_visible(oid)", face="datum", context=True)
def pg_table_is_visible(ctx: CallContext, oid: int) -> bool | None:
    """Whether the search path finds the relation by its bare name."""
    catalog: Catalog = ctx.catalog
    relation = catalog.find_relation_oid(oid)
    index = catalog.index(oid) if relation is None else None
    row = relation if relation is not None else None if index is None else index[0]
    if row is None:
        return None
    return _visible(row.name, row.schema, ctx, lambda name, place: catalog.find_relation(name, place) or catalog.find_index(name, place))


@scalar("pg_type_is_visible(oid)", face="datum", context=True)
def pg_type_is_visible(ctx: CallContext, oid: int) -> bool | None:
    """Whether the search path finds the type by its bare name."""
    type = ctx.catalog.find_type_oid(oid)
    return None if type is None else _visible(type.name, type.schema, ctx, ctx.catalog.find_type)


@scalar("pg_function_is_visible(oid)", face="datum", context=True)
def pg_function_is_visible(ctx: CallContext, oid: int) -> bool | None:
    """Whether the search path finds the function by its bare name and arguments."""
    function = _function(ctx, oid)
    if function is None:
        return None
    wanted = [p.type.oid for p in function.inputs]

    def alike(name: str, place: str) -> bool:
        return any([p.type.oid for p in f.inputs] == wanted for f in ctx.catalog.functions_named(name, place))

    return _visible(function.name, function.schema, ctx, alike)


@scalar(
    "pg_operator_is_visible(oid)", "pg_opclass_is_visible(oid)", "pg_opfamily_is_visible(oid)", "pg_collation_is_visible(oid)",
    "pg_conversion_is_visible(oid)", "pg_ts_config_is_visible(oid)", "pg_ts_dict_is_visible(oid)", "pg_ts_parser_is_visible(oid)",
    "pg_ts_template_is_visible(oid)", face="datum", raises=False,
)  # fmt: skip
def built_in_is_visible(oid: int) -> bool:
    """All of these are PostgreSQL's own, in pg_catalog."""
    return True


# Comments


@scalar("obj_description(oid,name)", face="datum", context=True)
def obj_description(ctx: CallContext, oid: int, catalog_name: str) -> str | None:
    """The comment on an object."""
    relation = ctx.catalog.find_relation(catalog_name, "pg_catalog")
    return None if relation is None else _comment(ctx, relation.oid, oid, 0)


def _comment(ctx: CallContext, cls: int, oid: int, column: int) -> str | None:
    found: str | None = ctx.catalog.comments.get((cls, oid, column))
    if found is None and cls == 1255:
        function = _function(ctx, oid)
        return None if function is None else function.description or None
    return _built_in_comments().get((cls, oid)) if found is None and not column else found


def _built_in_comments() -> dict[tuple[int, int], str]:
    if not _COMMENTS:
        _COMMENTS.update({(cls, oid): text for oid, cls, text in COMMENTS})
    return _COMMENTS


_COMMENTS: dict[tuple[int, int], str] = {}


@scalar("obj_description(oid)", face="datum", context=True)
def obj_description_any(ctx: CallContext, oid: int) -> str | None:
    """The comment on whatever object has an OID."""
    return next((text for (_, found, column), text in ctx.catalog.comments.items() if found == oid and column == 0), None)


@scalar("shobj_description(oid,name)", face="datum", context=True)
def shobj_description(ctx: CallContext, oid: int, catalog_name: str) -> str | None:
    """The comment on a database or role."""
    cls = {"pg_database": 1262, "pg_authid": 1260, "pg_tablespace": 1213}.get(catalog_name)
    if cls is None:
        return None
    return ctx.catalog.comments.get((cls, oid, 0)) or (SHARED_COMMENTS.get(oid) if cls == 1262 else None)


@scalar("col_description(oid,int4)", face="datum", context=True)
def col_description(ctx: CallContext, oid: int, column: int) -> str | None:
    """The comment on a column."""
    return ctx.catalog.comments.get((1259, oid, column))  # type: ignore[no-any-return]


# Sequences


@rows("pg_sequence_parameters(oid)", context=True)
def pg_sequence_parameters(ctx: CallContext, oid: int) -> list[tuple[object, ...]]:
    """A sequence's parameters."""
    found = ctx.catalog.find_relation_oid(oid)
    s = None if found is None else found.sequence
    if s is None:
        raise WrongObjectType(f'"{oid}" is not a sequence')
    return [(s.start, s.minimum, s.maximum, s.increment, s.cycle, s.cache, s.type.oid)]


@scalar("pg_sequence_last_value(regclass)", face="datum", context=True)
def pg_sequence_last_value(ctx: CallContext, oid: int) -> int | None:
    """The last value given out."""
    last, called = ctx.host.sequence_state(ctx.catalog.relation(oid))
    return last if called else None


# Sizes


def _size(ctx: CallContext, oid: int, what: str) -> int | None:
    relation = ctx.catalog.find_relation_oid(oid)
    if relation is None:
        found = ctx.catalog.index(oid)
        return None if found is None else 8192 * ctx.host.pages.index_pages(found[1], found[0]).pages
    if relation.kind not in "rm" or relation.system is not None:
        return 8192 if relation.kind == "S" else 0
    heap = 8192 * (ctx.host.pages.heap_pages(relation) if what != "indexes" else 0)
    heap += 8192 if what in ("table", "total") and needs_toast(relation) else 0  # the TOAST table's empty index
    indexes = sum(8192 * ctx.host.pages.index_pages(relation, i).pages for i in relation.indexes) if what in ("indexes", "total") else 0
    return int(heap + indexes)


@scalar("pg_relation_size(regclass)", face="datum", context=True)
def pg_relation_size(ctx: CallContext, oid: int) -> int | None:
    """Bytes the relation takes in PostgreSQL's pages."""
    return _size(ctx, oid, "main")


@scalar("pg_table_size(regclass)", face="datum", context=True)
def pg_table_size(ctx: CallContext, oid: int) -> int | None:
    """Bytes the relation takes with what belongs to it, indexes apart."""
    return _size(ctx, oid, "table")


@scalar("pg_relation_size(regclass,text)", face="datum", context=True)
def pg_relation_size_fork(ctx: CallContext, oid: int, fork: str) -> int | None:
    """Bytes of one fork; only the main one is kept here."""
    if fork not in ("main", "fsm", "vm", "init"):
        raise InvalidParameterValue("invalid fork name", hint='Valid fork names are "main", "fsm", "vm", and "init".')
    return _size(ctx, oid, "main") if fork == "main" else 0


@scalar("pg_indexes_size(regclass)", face="datum", context=True)
def pg_indexes_size(ctx: CallContext, oid: int) -> int | None:
    """Bytes of a table's indexes."""
    return _size(ctx, oid, "indexes")


@scalar("pg_total_relation_size(regclass)", face="datum", context=True)
def pg_total_relation_size(ctx: CallContext, oid: int) -> int | None:
    """Bytes of a table with its indexes."""
    return _size(ctx, oid, "total")


@scalar("pg_database_size(oid)", "pg_database_size(name)", face="datum", context=True)
def pg_database_size(ctx: CallContext, key: object) -> int:
    """Bytes of this database's relations; others are not looked into."""
    return sum(_size(ctx, r.oid, "total") or 0 for r in ctx.catalog.relations() if r.kind in "rm")


@scalar("pg_tablespace_location(oid)", face="datum", raises=False)
def pg_tablespace_location(oid: int) -> str:
    """The two tablespaces have none."""
    return ""


# Encodings, options, keywords


@scalar("pg_encoding_to_char(int4)", face="datum", raises=False)
def pg_encoding_to_char(encoding: int) -> str:
    """The name of an encoding number."""
    return {6: "UTF8", 0: "SQL_ASCII", 8: "LATIN1"}.get(encoding, "")


@scalar("pg_char_to_encoding(name)", face="datum", raises=False)
def pg_char_to_encoding(name: str) -> int:
    """The number of an encoding."""
    return {"utf8": 6, "utf-8": 6, "sql_ascii": 0, "latin1": 8}.get(name.lower(), -1)


@scalar("pg_client_encoding()", "getdatabaseencoding()", face="datum", raises=False)
def pg_client_encoding() -> str:
    """Text is UTF-8 everywhere."""
    return "UTF8"


@rows("pg_options_to_table(text[])")
def pg_options_to_table(options: PgArray) -> list[tuple[object, ...]]:
    """name=value pairs as rows."""
    return [(name, value if found else None) for option in options.elements for name, found, value in [str(option).partition("=")]]


@rows("aclexplode(aclitem[])", context=True)
def aclexplode(ctx: CallContext, acl: PgArray) -> list[tuple[object, ...]]:
    """An acl as rows: grantor, grantee, privilege, grantable."""
    found: list[tuple[object, ...]] = []
    for item in acl.elements:
        grantee, _, rest = str(item).rpartition("=")
        letters, _, grantor = rest.partition("/")
        for place, letter in enumerate(letters):
            if letter != "*":
                found.append((_role_oid(ctx, grantor), _role_oid(ctx, grantee), _LETTERS[letter], letters[place + 1 : place + 2] == "*"))
    return found


_LETTERS = {"a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE", "x": "REFERENCES", "t": "TRIGGER", "X": "EXECUTE", "U": "USAGE",
            "C": "CREATE", "T": "TEMPORARY", "c": "CONNECT"}  # fmt: skip


def _role_oid(ctx: CallContext, name: str) -> int:
    bare = name[1:-1].replace('""', '"') if name.startswith('"') else name
    found = ctx.catalog.find_role(bare) if bare else None
    return 0 if found is None else found.oid


@scalar("pg_get_triggerdef(oid)", face="datum", context=True)
def pg_get_triggerdef(ctx: CallContext, oid: int) -> str | None:
    """CREATE TRIGGER."""
    return _trigger(ctx, oid, False)


@scalar("pg_get_triggerdef(oid,bool)", face="datum", context=True)
def pg_get_triggerdef_pretty(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    """CREATE TRIGGER, the table named as the search path finds it."""
    return _trigger(ctx, oid, pretty)


def _trigger(ctx: CallContext, oid: int, pretty: bool) -> str | None:
    for relation in ctx.catalog.relations():
        for trigger in relation.triggers:
            if trigger.oid == oid:
                return trigger_text(trigger, relation, ctx.catalog, ctx.style.objects, pretty)
    return None
